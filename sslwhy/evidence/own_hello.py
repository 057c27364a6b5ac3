"""The ClientHello that a live context sends, made in memory and read back: what it offers, exactly.

``ssl`` has no way to ask a context for its groups or signature algorithms, and its cipher list takes no account of
security level and versions. The ClientHello does.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from sslwhy.evidence.wire.reader import ParseError, Reader


_GROUPS, _SIGNATURES, _ALPN, _VERSIONS, _KEY_SHARE = 10, 13, 16, 43, 51
_SCSV = {0x00FF, 0x5600}
_RECORD_HEADER, _MESSAGE_HEADER = 5, 4
_ANY_NAME = "sslwhy.invalid"


@dataclass(frozen=True, slots=True)
class OwnHello:
    """A ClientHello, read.

    Attributes:
        suites: cipher suites offered, without the signalling values.
        versions: versions offered in ``supported_versions``; empty below TLS 1.3.
        groups: named groups offered.
        signature_schemes: signature schemes offered.
        key_shares: groups with a key share.
        alpn: application protocols offered.
        size: bytes on the wire.
        problem: OpenSSL's reason why no ClientHello could be made, or ``None``.
    """

    suites: tuple[int, ...] = ()
    versions: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()
    signature_schemes: tuple[int, ...] = ()
    key_shares: tuple[int, ...] = ()
    alpn: tuple[str, ...] = ()
    size: int | None = None
    problem: str | None = None


def own_hello(context: ssl.SSLContext, server_name: str | None) -> OwnHello:
    """Return the ClientHello that the context sends to a server of this name; nothing leaves the process."""
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(received, sent, server_hostname=server_name or _ANY_NAME).do_handshake()
    except ssl.SSLWantReadError:
        pass
    except (ssl.SSLError, ValueError, OSError) as error:
        return OwnHello(problem=getattr(error, "reason", None) or type(error).__name__)
    try:
        return read_client_hello(sent.read())
    except ParseError as error:
        return OwnHello(problem=str(error))


def read_client_hello(data: bytes) -> OwnHello:
    """Read a ClientHello with its record header.

    Raises:
        ParseError: it is none.
    """
    reader = Reader(data[_RECORD_HEADER + _MESSAGE_HEADER :])
    reader.take(34)
    reader.vector(1)
    suites = reader.vector(2).numbers(2)
    reader.vector(1)
    found = _extensions(reader)
    return OwnHello(
        suites=tuple(suite for suite in suites if suite not in _SCSV),
        versions=found[_VERSIONS].vector(1).numbers(2) if _VERSIONS in found else (),
        groups=found[_GROUPS].vector(2).numbers(2) if _GROUPS in found else (),
        signature_schemes=found[_SIGNATURES].vector(2).numbers(2) if _SIGNATURES in found else (),
        key_shares=_shares(found.get(_KEY_SHARE)),
        alpn=_protocols(found.get(_ALPN)),
        size=len(data),
    )


def _extensions(reader: Reader) -> dict[int, Reader]:
    found: dict[int, Reader] = {}
    block = reader.vector(2) if reader.left else reader
    while block.left:
        kind = block.number(2)
        found[kind] = block.vector(2)
    return found


def _shares(body: Reader | None) -> tuple[int, ...]:
    shares = []
    entries = body.vector(2) if body else Reader(b"")
    while entries.left:
        shares.append(entries.number(2))
        entries.vector(2)
    return tuple(shares)


def _protocols(body: Reader | None) -> tuple[str, ...]:
    names = []
    entries = body.vector(2) if body else Reader(b"")
    while entries.left:
        names.append(entries.vector(1).rest().decode("ascii", "replace"))
    return tuple(names)
