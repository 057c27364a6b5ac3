"""How a probe reaches the server: directly, through an HTTP proxy, or over somebody else's sockets."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass


Opener = Callable[[float], socket.socket]
"""Opens one connection to the server within so many seconds; raises :class:`OSError`."""

_STATUS = re.compile(rb"HTTP/1\.[01] (?P<status>\d{3})\b")
_MAX_HEAD = 16384


@dataclass(frozen=True, slots=True)
class Route:
    """The way to a server.

    Attributes:
        host: the address to connect to: the server's, or the proxy's.  An IP address is best: a name is
            resolved once for each set of probes, and no timeout bounds that.
        port: its TCP port.
        tunnel_to: the ``host:port`` to ask an HTTP proxy for with CONNECT (RFC 9110 section 9.3.6), or
            ``None``.
        opener: opens the connections in place of all that (a SOCKS proxy, a proxy behind TLS); it is called
            for one connection after the other.
    """

    host: str
    port: int
    tunnel_to: str | None = None
    opener: Opener | None = None

    @classmethod
    def through_http_proxy(cls, proxy_host: str, proxy_port: int, host: str, port: int) -> Route:
        """Return the way through a plain-HTTP proxy; no credentials are ever sent to it."""
        return cls(proxy_host, proxy_port, f"[{host}]:{port}" if ":" in host else f"{host}:{port}")

    @property
    def preamble(self) -> bytes:
        """Return what is to be sent before the ClientHello."""
        if self.tunnel_to is None:
            return b""
        target = self.tunnel_to.encode("ascii", "strict")
        return b"CONNECT " + target + b" HTTP/1.1\r\nHost: " + target + b"\r\n\r\n"

    def resolve(
        self,
    ) -> tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]:
        """Return family and address of the first address of ``host``.

        Raises:
            OSError: the name does not resolve.
        """
        family, _, _, _, address = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0]
        return family, address


def open_tcp(address: tuple[str, int], timeout: float) -> socket.socket:
    """Open a plain TCP connection within ``timeout`` seconds.

    Raises:
        OSError: it did not come about.
    """
    return socket.create_connection(address, timeout)


def tunnel_status(head: bytes) -> int | None:
    """Return the status of a proxy's answer: ``None`` until its head is there, -1 if it has none."""
    if b"\r\n\r\n" not in head and b"\n\n" not in head and len(head) < _MAX_HEAD:
        return None
    found = _STATUS.match(head)
    return int(found["status"]) if found else -1
