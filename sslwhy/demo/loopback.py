"""Threaded servers on the loopback interface: plain TCP, HTTP, and HTTP over TLS."""

from __future__ import annotations

import abc
import contextlib
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, TypeAlias, cast


if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping
    from socketserver import BaseServer
    from types import TracebackType

    from typing_extensions import Self


_IDLE = 30.0  # seconds after which a silent connection is given up


@dataclass(frozen=True)
class Request:
    """An HTTP request as it arrived."""

    method: str
    path: str  # with the query
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    """An HTTP response to send; Content-Length is added."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


Application: TypeAlias = "Callable[[Request], Response]"


class Listener(abc.ABC):
    """Accepts connections on a free loopback port and serves each in its own thread.

    Subclasses say what ``wrap`` (no I/O) and ``serve`` do. Use it as a context manager: leaving it closes
    every connection and waits for the threads. What ``serve`` raises as OSError is kept in ``errors``.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self.port = 0  # any; to be set before entering by who wants a certain one
        self.connections = 0  # accepted so far
        self.errors: list[OSError] = []
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._stopping = False
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._socket = socket.create_server((self.host, self.port), family=family, backlog=128)
        self.port = self._socket.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def scheme(self) -> str:
        """The URL scheme that clients are to use."""
        return "http"

    @property
    def url(self) -> str:
        """The server's base URL by name, without a trailing slash."""
        return f"{self.scheme}://localhost:{self.port}"

    def close(self) -> None:
        """Stop accepting, close every connection, wait for the threads."""
        with self._lock:
            if self._stopping:
                return
            self._stopping = True
            for connection in self._open:
                # Not SSLSocket.shutdown: it would drop the TLS state under the thread that reads it.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
        with contextlib.suppress(OSError):  # wakes accept() on every platform
            socket.create_connection((self.host, self.port), timeout=1).close()
        for thread in self._threads:
            thread.join(timeout=5)
        self._socket.close()

    def wrap(self, connection: socket.socket) -> socket.socket:
        """Dress a new connection, without I/O; the default leaves it as it is."""
        return connection

    @abc.abstractmethod
    def serve(self, connection: socket.socket) -> None:
        """Talk to one client; the connection is closed afterwards."""

    @contextlib.contextmanager
    def adopt(self, connection: socket.socket) -> Iterator[socket.socket]:
        """Close ``connection`` at the end of the block, or earlier when the listener closes.

        Raises:
            ConnectionAbortedError: The listener is closing.
        """
        with connection:
            with self._lock:
                if self._stopping:
                    raise ConnectionAbortedError
                self._open.add(connection)
            try:
                yield connection
            finally:
                with self._lock:
                    self._open.discard(connection)

    def _start(self, target: Callable[..., None], *args: socket.socket) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            if self._stopping:
                connection.close()
                return
            self.connections += 1
            connection.settimeout(_IDLE)
            self._start(self._run, connection)

    def _run(self, connection: socket.socket) -> None:
        try:
            with connection, self.adopt(self.wrap(connection)) as wrapped:
                self.serve(wrapped)
        except OSError as error:
            self.errors.append(error)


class HttpServer(Listener):
    """Serves an application over HTTP/1.1."""

    def __init__(self, application: Application, host: str = "127.0.0.1") -> None:
        super().__init__(host)
        self.application = application
        self.requests: list[Request] = []

    def serve(self, connection: socket.socket) -> None:
        """Answer requests until the client leaves."""
        _Exchange(connection, self._answer)

    def _answer(self, request: Request) -> Response:
        self.requests.append(request)
        return self.application(request)


class HttpsServer(HttpServer):
    """Serves an application over TLS; ``context`` is a server-side one with its certificate loaded."""

    def __init__(self, application: Application, context: ssl.SSLContext, host: str = "127.0.0.1") -> None:
        super().__init__(application, host)
        self.context = context

    @property
    def scheme(self) -> str:
        """The URL scheme that clients are to use."""
        return "https"

    def wrap(self, connection: socket.socket) -> socket.socket:
        """Put TLS on the connection; the handshake is left to ``serve``."""
        return self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)

    def serve(self, connection: socket.socket) -> None:
        """Shake hands, then answer requests."""
        cast("ssl.SSLSocket", connection).do_handshake()
        super().serve(connection)


class _Exchange(BaseHTTPRequestHandler):
    """http.server's parser, on a connection that somebody else accepted."""

    protocol_version = "HTTP/1.1"

    def __init__(self, connection: socket.socket, answer: Application) -> None:
        self._answer = answer
        nobody = cast("BaseServer", None)  # nothing that is used here asks for the server
        super().__init__(connection, connection.getpeername(), nobody)

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self._reply
        raise AttributeError(name)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing: the caller reads ``HttpServer.requests``."""

    def _reply(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        response = self._answer(Request(self.command, self.path, dict(self.headers.items()), body))
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
