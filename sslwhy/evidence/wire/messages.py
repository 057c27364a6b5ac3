"""Reading a server's handshake messages (RFC 5246 section 7.4, RFC 8446 section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sslwhy.evidence.wire.names import rfc4514
from sslwhy.evidence.wire.reader import ParseError, Reader
from sslwhy.facts.peer import CertificateRequest
from sslwhy.facts.tls.names import SSL_3_0, TLS_1_2


if TYPE_CHECKING:
    from sslwhy.facts.tls.suites import CipherSuite


SERVER_HELLO, CERTIFICATE, SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST, SERVER_HELLO_DONE = 2, 11, 12, 13, 14

_ALPN, _EXTENDED_MASTER_SECRET, _VERSIONS, _KEY_SHARE, _RENEGOTIATION = 16, 23, 43, 51, 0xFF01
_NAMED_CURVE = 3
_MAX_CERTIFICATES = 100
_MAX_AUTHORITIES = 5000

# RFC 8446 section 4.1.3: SHA-256 of "HelloRetryRequest" stands where Random would.
_RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")


@dataclass(frozen=True, slots=True)
class ServerHello:
    """A ServerHello or a HelloRetryRequest.

    Attributes:
        version: the version negotiated, as a code point.
        suite: the cipher suite chosen.
        retry: whether it is a HelloRetryRequest.
        group: the group of the key share, TLS 1.3 only.
        alpn: the application protocol chosen.
        secure_renegotiation: whether ``renegotiation_info`` was answered.
        extended_master_secret: whether ``extended_master_secret`` was answered.
    """

    version: int
    suite: int
    retry: bool
    group: int | None
    alpn: str | None
    secure_renegotiation: bool
    extended_master_secret: bool


@dataclass(frozen=True, slots=True)
class KeyExchange:
    """What a ServerKeyExchange says of itself.

    Attributes:
        dh_bits: the size of the Diffie-Hellman prime, or ``None``.
        group: the named curve, or ``None``.
        signature_scheme: the algorithm of its signature (TLS 1.2 only).
    """

    dh_bits: int | None = None
    group: int | None = None
    signature_scheme: int | None = None


def _extensions(reader: Reader) -> dict[int, Reader]:
    found: dict[int, Reader] = {}
    if not reader.left:
        return found
    block = reader.vector(2)
    while block.left:
        kind = block.number(2)
        if kind in found:
            raise ParseError(f"extension {kind} twice")
        found[kind] = block.vector(2)
    return found


def _alpn(body: Reader | None) -> str | None:
    return None if body is None else body.vector(2).vector(1).rest().decode("utf-8", "backslashreplace")


def server_hello(body: bytes) -> ServerHello:
    """Read a ServerHello or a HelloRetryRequest.

    Raises:
        ParseError: it is neither.
    """
    reader = Reader(body)
    version, random = reader.number(2), reader.take(32)
    if version >> 8 != SSL_3_0 >> 8:
        raise ParseError(f"ServerHello of version 0x{version:04x}")
    reader.vector(1)
    suite, _compression = reader.number(2), reader.number(1)
    extensions = _extensions(reader)
    selected, share = extensions.get(_VERSIONS), extensions.get(_KEY_SHARE)
    return ServerHello(
        version=selected.number(2) if selected else version,
        suite=suite,
        retry=random == _RETRY_RANDOM,
        group=share.number(2) if share else None,
        alpn=_alpn(extensions.get(_ALPN)),
        secure_renegotiation=_RENEGOTIATION in extensions,
        extended_master_secret=_EXTENDED_MASTER_SECRET in extensions,
    )


def certificate(body: bytes) -> tuple[bytes, ...]:
    """Read a Certificate message of TLS 1.2 or older: DER, in the order presented.

    Raises:
        ParseError: it is cut short, or carries more than 100 certificates.
    """
    chain: list[bytes] = []
    entries = Reader(body).vector(3)
    while entries.left:
        if len(chain) == _MAX_CERTIFICATES:
            raise ParseError(f"more than {_MAX_CERTIFICATES} certificates")
        chain.append(entries.vector(3).rest())
    return tuple(chain)


def certificate_request(body: bytes, version: int) -> CertificateRequest:
    """Read a CertificateRequest of TLS 1.2 or older.

    Raises:
        ParseError: it is cut short, or names more than 5000 CAs.
    """
    reader = Reader(body)
    types = reader.vector(1).numbers(1)
    schemes = reader.vector(2).numbers(2) if version >= TLS_1_2 else ()
    authorities: list[bytes] = []
    names = reader.vector(2)
    while names.left:
        if len(authorities) == _MAX_AUTHORITIES:
            raise ParseError(f"more than {_MAX_AUTHORITIES} certificate authorities")
        authorities.append(names.vector(2).rest())
    return CertificateRequest(types, schemes, tuple(authorities), tuple(map(_readable, authorities)))


def _readable(name: bytes) -> str:
    try:
        return rfc4514(name)
    except ParseError:
        # It was sent all the same, so it is shown the way RFC 4514 section 2.4 shows what it cannot read.
        return f"#{name[:64].hex()}"


def server_key_exchange(body: bytes, suite: CipherSuite, version: int) -> KeyExchange:
    """Read a ServerKeyExchange as far as its suite is one with Diffie-Hellman, over a field or a curve.

    Raises:
        ParseError: it is cut short.
    """
    reader = Reader(body)
    if "PSK" in suite.key_exchange:
        reader.vector(2)
    if suite.ephemeral_dh:
        prime = reader.vector(2).rest()
        reader.vector(2)
        reader.vector(2)
        found = KeyExchange(dh_bits=int.from_bytes(prime, "big").bit_length())
    elif suite.ephemeral_ec:
        named = reader.number(1) == _NAMED_CURVE
        if not named:
            # Explicit curves (RFC 4492 section 5.4) went out of use before TLS 1.2.
            return KeyExchange()
        found = KeyExchange(group=reader.number(2))
        reader.vector(1)
    else:
        return KeyExchange()
    signed = version >= TLS_1_2 and reader.left >= 4
    return KeyExchange(found.dh_bits, found.group, reader.number(2) if signed else None)
