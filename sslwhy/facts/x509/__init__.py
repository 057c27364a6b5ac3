"""Certificates, read as OpenSSL reads them (RFC 5280)."""
