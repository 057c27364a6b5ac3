"""A missing issuer fetched by AIA caIssuers (RFC 5280 section 4.2.2.1), to prove that it is missing and nothing else.

The address is written in a certificate that nobody has verified, so it may point anywhere: at this machine, at the
network's own services, at a peer that never stops sending. Hence plain HTTP only, to a public address that was checked
and is the one connected to, without credentials, cookies or proxies, and with every size and time capped.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from sslwhy.evidence.trust.bundle_file import certificates_in
from sslwhy.facts.missing import Missing
from sslwhy.facts.x509.certificate import Certificate


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sslwhy.evidence.collect import Budget

DEPTH = 4
"""How many issuers are fetched, one above the other."""
SIZE = 64 * 1024
"""How many bytes an answer may have, its head included."""
SECONDS = 3.0
"""How long one fetch may take, from connect to the last byte."""
_LOCATIONS = 2
_CERTIFICATES = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class _RefusedError(OSError):
    """An address or an answer that is not taken; the message says why."""


def fetch_issuers(
    chain: Sequence[bytes], budget: Budget, *, allow_private: bool = False
) -> tuple[bytes, ...] | Missing:
    """Return the issuers above a presented chain, the nearest first; they are evidence, never trust.

    Args:
        chain: the presented certificates in DER, the end-entity first.
        budget: what may still be spent.
        allow_private: whether loopback, link-local and private addresses and ports other than 80 may be asked.

    Returns:
        The certificates in DER, or why there are none.
    """
    top = _end_of(chain)
    found: list[bytes] = []
    reason = "the certificate names no http address of its issuer's certificate"
    while top is not None and not top.is_self_issued and len(found) < DEPTH:
        issuer, reason = _issuer_of(top, budget, reason, allow_private=allow_private)
        if issuer is None or issuer.der in {*chain, *found}:
            break
        found.append(issuer.der)
        top = issuer
    if top is not None and top.is_self_issued and not found:
        reason = "the presented chain ends in a self-signed certificate"
    return tuple(found) or Missing(reason)


def _end_of(chain: Sequence[bytes]) -> Certificate | None:
    """Return the last certificate of the path within the presented chain: the one whose issuer is sought."""
    presented = [Certificate.from_der(encoding) for encoding in chain]
    if not presented or presented[0].unreadable:
        return None
    top, rest = presented[0], presented[1:]
    while not top.is_self_issued:
        issuer = next((each for each in rest if _may_have_issued(each, top)), None)
        if issuer is None:
            break
        rest.remove(issuer)
        top = issuer
    return top


def _may_have_issued(issuer: Certificate, subject: Certificate) -> bool:
    named = issuer.subject_name.canonical == subject.issuer_name.canonical
    return named and not issuer.unreadable and subject.names_as_issuer(issuer) and subject.signed_by_kind(issuer)


def _issuer_of(top: Certificate, budget: Budget, reason: str, *, allow_private: bool) -> tuple[Certificate | None, str]:
    for url in top.aia_issuer_urls[:_LOCATIONS]:
        until = time.monotonic() + min(SECONDS, budget.seconds)
        try:
            content = _fetch(url, until, budget, allow_private=allow_private)
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = str(error) or type(error).__name__
            continue
        for encoding in _decoded(content):
            candidate = Certificate.from_der(encoding)
            if _may_have_issued(candidate, top):
                return candidate, reason
        reason = "what lies at the address of the issuer's certificate is not that certificate"
    return None, reason


def _decoded(content: bytes) -> Iterator[bytes]:
    """Yield the certificates of an answer: DER, or a PKCS #7 certs-only message, or either of them as PEM."""
    if not Certificate.from_der(content).unreadable:
        yield content
        return
    yield from certificates_in(content)[:_CERTIFICATES]
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

    load = pkcs7.load_pem_pkcs7_certificates if content.lstrip()[:1] == b"-" else pkcs7.load_der_pkcs7_certificates
    try:
        yield from (each.public_bytes(Encoding.DER) for each in load(content)[:_CERTIFICATES])
    except (ValueError, UnsupportedAlgorithm):
        return


def _fetch(url: str, until: float, budget: Budget, *, allow_private: bool) -> bytes:
    """Return the body at an address, after one redirect at most.

    Raises:
        OSError: the address is refused or does not answer, or the answer is too long, too slow or no success.
        ValueError: the address cannot be read.
        http.client.HTTPException: the answer is no HTTP.
    """
    response = _ask(url, until, budget, allow_private=allow_private)
    if response.status in _REDIRECTS:
        onward = urljoin(url, response.getheader("Location", ""))
        response = _ask(onward, until, budget, allow_private=allow_private)
    if response.status != http.client.OK:
        raise _RefusedError(f"the address of the issuer's certificate answers with status {response.status}")
    return response.read()


def _ask(url: str, until: float, budget: Budget, *, allow_private: bool) -> http.client.HTTPResponse:
    parts = urlsplit(url)
    plain = url.isascii() and url.isprintable() and not any(character in url for character in " @\\")
    if parts.scheme != "http" or not parts.hostname or not plain:
        raise _RefusedError("the address of the issuer's certificate is not a plain http address")
    port = parts.port or http.client.HTTP_PORT
    if port != http.client.HTTP_PORT and not allow_private:
        raise _RefusedError(f"the issuer's certificate is offered on port {port}, which is not asked")
    address = _address_of(parts.hostname, port, allow_private=allow_private)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    # HTTP/1.0, so that the answer ends with the connection and is not sent in chunks.
    request = f"GET {target} HTTP/1.0\r\nHost: {parts.netloc}\r\nUser-Agent: sslwhy\r\nConnection: close\r\n\r\n"
    budget.connections += 1
    with socket.create_connection(address, _left(until)) as connection:
        connection.settimeout(_left(until))
        connection.sendall(request.encode("ascii"))
        return _parsed(_received(connection, until))


def _address_of(host: str, port: int, *, allow_private: bool) -> tuple[str, int]:
    """Return the first address that may be asked: the very one to connect to, lest the name resolve anew."""
    for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        address = str(entry[4][0])
        if allow_private or is_public(address):
            return address, port
    raise _RefusedError("the issuer's certificate is offered at a private address, which is not asked")


def is_public(address: str) -> bool:
    """Return whether an IP address is a public one, also after it is translated to IPv4."""
    parsed: Any = ipaddress.ip_address(address.partition("%")[0])
    inner = [parsed]
    if parsed.version == 6:
        inner += [parsed.ipv4_mapped, parsed.sixtofour, *(parsed.teredo or ())]
        if parsed in _NAT64:
            inner.append(ipaddress.IPv4Address(parsed.packed[-4:]))
    return all(each.is_global and not each.is_multicast and not each.is_reserved for each in inner if each is not None)


def _received(connection: socket.socket, until: float) -> bytes:
    """Return everything that comes, up to the length that the answer's head names."""
    received, whole = bytearray(), SIZE
    while len(received) < whole:
        connection.settimeout(_left(until))
        piece = connection.recv(16384)
        if not piece:
            return bytes(received)
        received += piece
        head, blank, _ = received.partition(b"\r\n\r\n")
        if blank:
            length = _parsed(bytes(received)).length
            whole = SIZE if length is None else min(SIZE + 1, len(head) + len(blank) + length)
    if whole >= SIZE:
        raise _RefusedError(f"the answer about the issuer's certificate is longer than {SIZE} bytes")
    return bytes(received)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("fetching the issuer's certificate took too long")
    return left


class _Bytes:
    """What :class:`http.client.HTTPResponse` takes for a socket."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self._content)


def _parsed(content: bytes) -> http.client.HTTPResponse:
    response = http.client.HTTPResponse(_Bytes(content), method="GET")  # type: ignore[arg-type]
    response.begin()
    return response
