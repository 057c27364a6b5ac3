"""The single questions that a diagnosis may put to a peer, by name: keys of ``PeerSurvey.variants``."""

from __future__ import annotations


COPY = "this client's offer"
"""The versions, suites, groups and signature schemes of the failed ClientHello, in its size."""
AGAIN = tuple(f"{COPY}, again ({number})" for number in range(2, 6))
"""The same once more: do all servers behind the address answer alike?"""
WITHOUT_SNI = "this client's offer without SNI"
SMALL = "a small ClientHello"
"""Few suites, two groups, no ALPN: it fits into one packet anywhere."""
PADDED = "a small ClientHello, padded to this client's size"
ALL_GROUPS = "this client's offer up to TLS 1.2 with every group"
ALL_NEW_GROUPS = "this client's offer with every group of TLS 1.3"
ALL_SIGNATURES = "this client's offer with every signature scheme"
TLS12 = "this client's offer up to TLS 1.2"
"""What a server says in plain text: its chain, the demand for a client certificate, the size of its DH prime."""
GREETING = "no ClientHello, waiting for a greeting"
PROXY_TLS = "a ClientHello to the proxy itself"
PROXY_CONNECT = "a plain CONNECT to the proxy"
AFTER_HANDSHAKE = "a verified handshake without a client certificate, then listening"
"""A TLS 1.3 server says only after the handshake that it wants a client certificate (RFC 8446 section 4.4.2.4)."""


def again(question: str | int) -> str:
    """Return the name under which a question that was answered once is asked a second time."""
    return f"{question}, again"
