"""What ``sslwhy demo`` runs on: a throw-away PKI, loopback TLS servers and a small SOAP service."""
