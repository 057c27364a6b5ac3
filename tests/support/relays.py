"""What stands between a client and a server: load balancers, filters and every kind of HTTP proxy."""

from __future__ import annotations

import base64
import select
import socket
import ssl
import time
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from sslwhy.demo.loopback import Application, HttpServer, Listener
from sslwhy.evidence.own_hello import OwnHello, read_client_hello
from support.raw import drain, read_record, reset, silent
from support.tls import hello, server_context


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sslwhy.demo.pki import Identity
    from support.pki import Authority
    from support.raw import Behaviour


_IDLE = 30.0


def pump(left: socket.socket, right: socket.socket, delay: float = 0) -> None:
    """Carry bytes both ways until both sides have ended; a reset on the right is passed to the left."""
    other = {left: right, right: left}
    reading = [left, right]
    while reading:
        buffered: list[socket.socket] = [one for one in reading if isinstance(one, ssl.SSLSocket) and one.pending()]
        ready = buffered or select.select(reading, [], [], _IDLE)[0]
        if not ready:
            return
        for one in ready:
            try:
                data = one.recv(65536)
            except ConnectionResetError:
                reset(other[one])
                return
            time.sleep(delay)
            if data:
                other[one].sendall(data)
                continue
            reading.remove(one)
            socket.socket.shutdown(other[one], socket.SHUT_WR)


class Endpoint(Protocol):
    """Anything that listens."""

    host: str
    port: int


class Balancer(Listener):
    """Gives its connections to several backends in turn; `delay` seconds before anything is passed on."""

    def __init__(self, *backends: Endpoint, delay: float = 0, host: str = "127.0.0.1") -> None:
        super().__init__(host)
        self.backends = backends
        self._delay = delay
        self._turn = 0

    @property
    def url(self) -> str:
        """The URL of the service behind."""
        return f"https://localhost:{self.port}"

    def choose(self, connection: socket.socket) -> Endpoint:
        """Return whose turn it is."""
        del connection
        with self._lock:
            self._turn += 1
            return self.backends[(self._turn - 1) % len(self.backends)]

    def serve(self, connection: socket.socket) -> None:
        """Carry the connection to a backend."""
        backend = self.choose(connection)
        with self.adopt(_connect(backend.port, backend.host)) as upstream:
            pump(connection, upstream, self._delay)


class ByName(Balancer):
    """Carries who names localhost to the first of two backends, and who names no site to the second."""

    def choose(self, connection: socket.socket) -> Endpoint:
        """Look for the name in the ClientHello without taking it off the connection."""
        return self.backends[b"localhost" not in connection.recv(65536, socket.MSG_PEEK)]


class DropsLargeHello(Balancer):
    """A middlebox that swallows a ClientHello of more than `limit` bytes without a word."""

    def __init__(self, backend: Endpoint, limit: int = 1400) -> None:
        super().__init__(backend)
        self.limit = limit

    def serve(self, connection: socket.socket) -> None:
        """Pass small ClientHellos on; for others stay silent."""
        record = read_record(connection)
        if len(record) > self.limit:
            silent(connection)
            return
        (backend,) = self.backends
        with self.adopt(_connect(backend.port, backend.host)) as upstream:
            upstream.sendall(record)
            pump(connection, upstream)


class Filter(Balancer):
    """A middlebox that shows a behaviour to ClientHellos of one kind, and passes the others on."""

    def __init__(self, backend: Endpoint, kind: Callable[[OwnHello], object], end: Behaviour) -> None:
        super().__init__(backend)
        self._kind = kind
        self._end = end

    def serve(self, connection: socket.socket) -> None:
        """Look into the ClientHello without taking it off the connection."""
        if self._kind(read_client_hello(connection.recv(65536, socket.MSG_PEEK))):
            self._end(connection)
        else:
            super().serve(connection)


class Proxy(Listener):
    """An HTTP proxy with CONNECT; `tunnels` holds the authorities that were asked for.

    It reaches loopback only: `routes` maps other `host:port` (or `host`) to local ports.
    """

    def __init__(
        self,
        *,
        routes: Mapping[str, int] | None = None,
        status: int = 200,  # anything else refuses every tunnel
        credentials: str | None = None,  # user:password, asked for with 407
        stall: str | None = None,  # "connect": never answers; "tunnel": answers 200, carries nothing
        identity: Identity | None = None,  # speak TLS to the client: an https:// proxy
        host: str = "127.0.0.1",
    ) -> None:
        super().__init__(host)
        self.tunnels: list[str] = []
        self.heads: list[bytes] = []  # the requests' lines and headers
        self._routes = dict(routes or {})
        self._status = status
        self._credentials = credentials
        self._stall = stall
        self._context = server_context(identity) if identity else None

    @property
    def scheme(self) -> str:
        """The scheme for `proxies={"https": proxy.url}`."""
        return "https" if self._context else "http"

    def wrap(self, connection: socket.socket) -> socket.socket:
        """Put TLS on the connection of an https:// proxy."""
        if not self._context:
            return connection
        return self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)

    def serve(self, connection: socket.socket) -> None:
        """Answer one CONNECT, or forward one plain request."""
        if isinstance(connection, ssl.SSLSocket):
            connection.do_handshake()
        head, rest = _read_head(connection)
        if not head:
            return
        self.heads.append(head)
        method, target = head.decode("latin-1").split(" ")[:2]
        refusal = self._refusal(head)
        if self._stall == "connect":
            silent(connection)
        elif refusal:
            connection.sendall(refusal)
            drain(connection)
        elif method == "CONNECT":
            self.tunnels.append(target)
            self.tunnel(connection, target)
        else:
            self._forward(connection, method, target, head, rest)

    def tunnel(self, connection: socket.socket, target: str) -> None:
        """Carry bytes to `target` (host:port)."""
        if self._stall == "tunnel":
            connection.sendall(_ESTABLISHED)
            silent(connection)
            return
        try:
            upstream = self._reach(target)
        except OSError:
            connection.sendall(_reply("502 Bad Gateway"))
            drain(connection)
            return
        with self.adopt(upstream):
            connection.sendall(_ESTABLISHED)
            pump(connection, upstream)

    def _refusal(self, head: bytes) -> bytes:
        if self._credentials:
            token = base64.b64encode(self._credentials.encode()).decode()
            if f"proxy-authorization: basic {token}".lower() not in head.decode("latin-1").lower():
                asked = 'Proxy-Authenticate: Basic realm="proxy"\r\n'
                return _reply("407 Proxy Authentication Required", asked)
        return b"" if self._status == 200 else _reply(f"{self._status} Refused")

    def _reach(self, target: str) -> socket.socket:
        host, _, port = target.rpartition(":")
        local = self._routes.get(target) or self._routes.get(host)
        if not local and host not in ("localhost", "127.0.0.1", "127.0.0.2"):
            raise ConnectionRefusedError
        return _connect(local or int(port), "127.0.0.1" if local or host == "localhost" else host)

    def _forward(self, connection: socket.socket, method: str, target: str, head: bytes, rest: bytes) -> None:
        url = urlsplit(target)
        with self.adopt(self._reach(f"{url.hostname}:{url.port or 80}")) as upstream:
            path = f"{url.path or '/'}{'?' + url.query if url.query else ''}"
            upstream.sendall(head.replace(f"{method} {target}".encode(), f"{method} {path}".encode(), 1) + rest)
            pump(connection, upstream)


class InterceptingProxy(Proxy):
    """A proxy that opens the tunnel itself, with certificates that it mints from its own authority.

    `application` answers in the origin's place.
    """

    def __init__(
        self,
        authority: Authority,
        application: Application = hello,
        *,
        send_root: bool = True,
        without: tuple[str, ...] = (),  # extensions that the minted certificates lack, say ("aki",)
    ) -> None:
        super().__init__()
        self._authority = authority
        self._send_root = send_root
        self._without = without
        self._http = HttpServer(application)  # never started: it only answers
        self._contexts: dict[str, ssl.SSLContext] = {}

    def tunnel(self, connection: socket.socket, target: str) -> None:
        """Be the origin."""
        connection.sendall(_ESTABLISHED)
        context = self._context_for(target.rpartition(":")[0])
        wrapped = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self.adopt(wrapped):
            wrapped.do_handshake()
            self._http.serve(wrapped)

    def _context_for(self, host: str) -> ssl.SSLContext:
        with self._lock:
            if host not in self._contexts:
                kind = "ip" if host.replace(".", "").isdigit() else "dns"
                minted = self._authority.issue(host, sans=[f"{kind}:{host}"], omit=self._without)
                self._contexts[host] = server_context(minted, send_root=self._send_root)
            return self._contexts[host]


_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


def _connect(port: int, host: str = "127.0.0.1") -> socket.socket:
    connection = socket.create_connection((host, port), timeout=5)
    connection.settimeout(_IDLE)
    return connection


def _read_head(connection: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b"", b""
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", rest


def _reply(status: str, headers: str = "") -> bytes:
    body = f"<html><body>{status}</body></html>"
    return (
        f"HTTP/1.1 {status}\r\n{headers}Content-Type: text/html\r\nContent-Length: {len(body)}\r\n"
        f"Connection: close\r\n\r\n{body}"
    ).encode()
