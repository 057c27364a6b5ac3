"""Writing a ClientHello of any version (RFC 6101, RFC 5246 section 7.4.1.2, RFC 8446 section 4.1.2)."""

from __future__ import annotations

from dataclasses import dataclass

from sslwhy.evidence.wire.reader import numbers, vector
from sslwhy.facts.tls.names import SSL_3_0, TLS_1_0, TLS_1_2, TLS_1_3
from sslwhy.facts.tls.suites import RENEGOTIATION_SCSV


ENTROPY = 64
"""How many random bytes a ClientHello takes: 32 for Random, 32 for the session id."""

_HANDSHAKE, _CLIENT_HELLO = 22, 1
_MAX_FRAGMENT = 1 << 14

_SERVER_NAME, _GROUPS, _POINT_FORMATS, _SIGNATURES, _ALPN = 0, 10, 11, 13, 16
_PADDING, _EXTENDED_MASTER_SECRET, _VERSIONS, _PSK_MODES, _KEY_SHARE = 21, 23, 43, 45, 51
_RENEGOTIATION = 0xFF01
_EC_GROUPS = range(0x0001, 0x002A)

MODERN_GROUPS = (0x001D, 0x0017, 0x0018, 0x0019, 0x001E)
"""What today's clients offer: x25519, P-256, P-384, P-521, x448."""
# RFC 7919 section 4: offering its groups would make a server hide the Diffie-Hellman prime of its own.
CLASSIC_GROUPS = (*MODERN_GROUPS, *(0x001A, 0x001B, 0x001C), *range(0x0001, 0x0017))
"""The curves of TLS 1.2 and older, the widely deployed first."""
TLS13_GROUPS = (
    *MODERN_GROUPS,
    *(0x0100, 0x0101, 0x0102, 0x0103, 0x0104),
    *(0x11EC, 0x11EB, 0x11ED, 0x0200, 0x0201, 0x0202),
    *(0x001F, 0x0020, 0x0021, 0x0029),
    *range(0x0022, 0x0029),
)
"""The groups that TLS 1.3 allows, the widely deployed first; a strict server refuses a hello with others."""

_SIGNATURES_13 = (0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0809, 0x080A, 0x080B, 0x0804, 0x0805, 0x0806)
_RSA_PKCS1 = (0x0401, 0x0501, 0x0601)
MODERN_SIGNATURES = (*_SIGNATURES_13, *_RSA_PKCS1, 0x0303, 0x0301, 0x0302, 0x0402, 0x0502, 0x0602)
"""What today's clients offer."""
CLASSIC_SIGNATURES = (*MODERN_SIGNATURES, 0x0203, 0x0201, 0x0202, 0x0101, 0x0708)
"""The signature schemes of TLS 1.2, the widely deployed first."""
TLS13_SIGNATURES = (
    *_SIGNATURES_13,
    *(*_RSA_PKCS1, 0x0203, 0x0201),
    *(0x081A, 0x081B, 0x081C, 0x0708, 0x0904, 0x0905, 0x0906),
)
"""The signature schemes that TLS 1.3 allows in a handshake or in its certificates."""

# Public values with a known private key: the base points (RFC 7748 sections 4.1 and 4.2, SEC 2 sections 2.4
# to 2.6). Nothing is ever encrypted with them, because no handshake goes on after the server's answer.
_P256 = (
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
_P384 = (
    "04aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7"
    "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"
)
_X25519 = b"\x09".ljust(32, b"\0")
_SHARES = {
    0x001D: _X25519,
    0x001E: b"\x05".ljust(56, b"\0"),
    0x0017: bytes.fromhex(_P256),
    0x0018: bytes.fromhex(_P384),
    # An ML-KEM-768 key of zeros passes the modulus check of FIPS 203 section 7.2.
    0x11EC: bytes(1184) + _X25519,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HelloSpec:
    """One ClientHello, in words.

    Attributes:
        suites: the cipher suites offered, code points in order of preference.
        version: the highest version offered, as a code point.
        minimum_version: the lowest one; it matters only where TLS 1.3 is offered too.
        server_name: the name for SNI (RFC 6066 section 3), or ``None`` for none.
        alpn: the application protocols offered (RFC 7301).
        groups: the named groups offered; empty leaves the extension out.
        signature_schemes: the signature schemes offered; empty leaves the extension out.
        key_shares: the groups to send a key share for; empty makes a TLS 1.3 server ask for one, which names
            its choice without costing it a signature.  Groups without a fixed share are left out.
        renegotiation_info: whether to signal RFC 5746.
        extended_master_secret: whether to signal RFC 7627.
        pad_to: the smallest size of the handshake message in bytes, reached by padding (RFC 7685).
    """

    suites: tuple[int, ...]
    version: int = TLS_1_3
    minimum_version: int = TLS_1_2
    server_name: str | None = None
    alpn: tuple[str, ...] = ()
    groups: tuple[int, ...] = MODERN_GROUPS
    signature_schemes: tuple[int, ...] = MODERN_SIGNATURES
    key_shares: tuple[int, ...] = ()
    renegotiation_info: bool = True
    extended_master_secret: bool = True
    pad_to: int = 0


def _extension(kind: int, body: bytes) -> bytes:
    return kind.to_bytes(2, "big") + vector(2, body)


def _server_name(name: str) -> bytes:
    encoded = name.rstrip(".").encode("idna" if not name.isascii() else "ascii")
    return _extension(_SERVER_NAME, vector(2, b"\0" + vector(2, encoded)))


def _tls13_extensions(spec: HelloSpec) -> list[bytes]:
    offered = [version for version in (0x0304, 0x0303, 0x0302, 0x0301) if version >= spec.minimum_version]
    shares = [(group, _SHARES[group]) for group in spec.key_shares if group in _SHARES]
    encoded = b"".join(group.to_bytes(2, "big") + vector(2, share) for group, share in shares)
    return [
        _extension(_VERSIONS, vector(1, numbers(2, tuple(offered)))),
        _extension(_PSK_MODES, vector(1, b"\x01")),
        _extension(_KEY_SHARE, vector(2, encoded)),
    ]


def _extensions(spec: HelloSpec) -> bytes:
    parts = []
    if spec.server_name:
        parts.append(_server_name(spec.server_name))
    if spec.extended_master_secret and spec.minimum_version < TLS_1_3:
        parts.append(_extension(_EXTENDED_MASTER_SECRET, b""))
    if spec.renegotiation_info and spec.minimum_version < TLS_1_3:
        parts.append(_extension(_RENEGOTIATION, vector(1, b"")))
    if spec.groups:
        parts.append(_extension(_GROUPS, vector(2, numbers(2, spec.groups))))
        if any(group in _EC_GROUPS for group in spec.groups):
            parts.append(_extension(_POINT_FORMATS, vector(1, b"\0")))
    if spec.signature_schemes and spec.version >= TLS_1_2:
        parts.append(_extension(_SIGNATURES, vector(2, numbers(2, spec.signature_schemes))))
    if spec.alpn:
        parts.append(_extension(_ALPN, vector(2, b"".join(vector(1, name.encode()) for name in spec.alpn))))
    if spec.version >= TLS_1_3:
        parts.extend(_tls13_extensions(spec))
    return b"".join(parts)


def _handshake(spec: HelloSpec, entropy: bytes) -> bytes:
    session = entropy[32:ENTROPY] if spec.version >= TLS_1_3 else b""
    # SSLv3 knows no extensions, and RFC 5746 section 3.4 has a suite number for that case.
    signals = (RENEGOTIATION_SCSV,) if spec.version == SSL_3_0 and spec.renegotiation_info else ()
    head = b"".join(
        (
            min(spec.version, TLS_1_2).to_bytes(2, "big"),
            entropy[:32],
            vector(1, session),
            vector(2, numbers(2, spec.suites + signals)),
            b"\x01\0",
        )
    )
    if spec.version == SSL_3_0:
        return head
    extensions = _extensions(spec)
    missing = spec.pad_to - 4 - len(head) - 2 - len(extensions)
    if missing > 0:
        extensions += _extension(_PADDING, bytes(max(0, missing - 4)))
    return head + vector(2, extensions)


def encode_client_hello(spec: HelloSpec, entropy: bytes) -> bytes:
    """Write a ClientHello with the records around it.

    Args:
        spec: what to offer.
        entropy: :data:`ENTROPY` random bytes.

    Raises:
        ValueError: the server name or the lists do not fit their fields.
    """
    try:
        message = bytes([_CLIENT_HELLO]) + vector(3, _handshake(spec, entropy))
    except OverflowError as error:
        raise ValueError("a list is too long for its field") from error
    # RFC 8446 section 5.1: a first ClientHello goes out in TLS 1.0 records, for the sake of old servers.
    head = bytes([_HANDSHAKE]) + (SSL_3_0 if spec.version == SSL_3_0 else TLS_1_0).to_bytes(2, "big")
    pieces = range(0, len(message), _MAX_FRAGMENT)
    return b"".join(head + vector(2, message[at : at + _MAX_FRAGMENT]) for at in pieces)
