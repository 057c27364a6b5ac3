"""What lies around the handshake: this machine, the network, the proxy."""
