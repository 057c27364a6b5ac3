"""A plain client for proving that a server works: one handshake, told in a value."""

from __future__ import annotations

import contextlib
import socket
import ssl
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.tls import VERSIONS


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.demo.pki import Files, Identity


@dataclass(frozen=True)
class Handshake:
    """What a handshake agreed on."""

    version: str  # as `ssl` says it: TLSv1.3
    suite: str
    certificate: bytes  # DER


def trusting(
    *anchors: Identity, client: Files | None = None, version: str | None = None, ciphers: str | None = None
) -> ssl.SSLContext:
    """A client context that trusts `anchors`; with `ciphers` its security level is 0."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.hostname_checks_common_name = False  # as urllib3 2 has it
    context.load_verify_locations(cadata=b"".join(one.der for one in anchors))
    if ciphers:
        context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    if version:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.0 and 1.1
            context.minimum_version = context.maximum_version = VERSIONS[version]
    if client:
        context.load_cert_chain(client.chain, client.key)
    return context


@contextlib.contextmanager
def connected(
    port: int, context: ssl.SSLContext, name: str = "localhost", timeout: float = 10
) -> Iterator[ssl.SSLSocket]:
    """A connection to the port on 127.0.0.1 after a handshake for `name`.

    Raises:
        OSError: The handshake failed.
    """
    with (
        socket.create_connection(("127.0.0.1", port), timeout) as raw,
        context.wrap_socket(raw, server_hostname=name) as wrapped,
    ):
        yield wrapped


def shake(
    port: int,
    context: ssl.SSLContext,
    name: str = "localhost",
    *,
    request: bool = False,
    timeout: float = 10,
) -> Handshake:
    """Shake hands; with `request` also send a GET and wait for the first byte of an answer.

    Raises:
        OSError: The handshake failed, or the first read did (TLS 1.3 client certificates).
    """
    with connected(port, context, name, timeout) as connection:
        if request:
            connection.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
            connection.recv(1)
        version, suite = connection.version(), connection.cipher()
        certificate = connection.getpeercert(binary_form=True)
    assert version
    assert suite
    assert certificate
    return Handshake(version, suite[0], certificate)
