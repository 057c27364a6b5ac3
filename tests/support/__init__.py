"""What the tests stand on: a PKI with every oddity, and real servers of every kind on loopback."""
