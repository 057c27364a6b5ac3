"""Path analysis: which path OpenSSL takes from the end-entity to a trust anchor, and everything wrong along it."""
