"""Lines for the configuration of common servers, as comments to be copied from; a shell passes over them."""

from __future__ import annotations


def _lines(nginx: str, apache: str, haproxy: str) -> str:
    return f"# nginx: {nginx};\n# Apache: {apache}\n# HAProxy, in global: {haproxy}\n# then reload"


VERSIONS = _lines(
    "ssl_protocols TLSv1.2 TLSv1.3",
    "SSLProtocol -all +TLSv1.2 +TLSv1.3",
    "ssl-default-bind-options ssl-min-ver TLSv1.2",
)
"""TLS 1.2 and 1.3."""

SUITES = _lines(
    "ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20",
    "SSLCipherSuite ECDHE+AESGCM:ECDHE+CHACHA20",
    "ssl-default-bind-ciphers ECDHE+AESGCM:ECDHE+CHACHA20",
)
"""The suites of TLS 1.2 that RFC 9325 recommends, and ChaCha20; those of TLS 1.3 are on by themselves."""

GROUPS = _lines(
    "ssl_ecdh_curve X25519:prime256v1",
    "SSLOpenSSLConfCmd Groups X25519:P-256",
    "ssl-default-bind-curves X25519:P-256",
)
"""The groups that every client of today offers."""

DH_PRIME = "openssl dhparam -out dhparam.pem 2048\n" + _lines(
    "ssl_dhparam dhparam.pem",
    "SSLOpenSSLConfCmd DHParameters dhparam.pem",
    "ssl-dh-param-file dhparam.pem",
)
"""A Diffie-Hellman prime of 2048 bits."""
