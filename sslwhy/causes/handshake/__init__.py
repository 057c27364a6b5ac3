"""Handshake causes: versions, cipher suites, parameters, and peers that do not speak TLS."""
