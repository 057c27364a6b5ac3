"""One probing connection: connect, perhaps a tunnel, one ClientHello, one answer."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sslwhy.evidence.prober.route import Route, tunnel_status
from sslwhy.evidence.wire.client_hello import ENTROPY, HelloSpec, encode_client_hello
from sslwhy.evidence.wire.flight import Flight
from sslwhy.facts.peer import ConnectFailed, HelloAnswer, TunnelRefused


if TYPE_CHECKING:
    from collections.abc import Callable


_CHUNK = 65536
_KEPT = 512
_OK = range(200, 300)
# Warning close_notify (RFC 8446 section 6.1): the politest way to leave.
_GOODBYE = b"\x15\x03\x01\x00\x02\x01\x00"
_PENDING = {errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY, errno.EINTR}


@dataclass(frozen=True, slots=True)
class Question:
    """One ClientHello to be asked.

    Attributes:
        hello: what to offer; ``None`` sends nothing and waits for a greeting.
        told: is called with the answer, exactly once; may ask further questions.
        hello_only: whether the ServerHello is enough.
    """

    hello: HelloSpec | None
    told: Callable[[HelloAnswer], None]
    hello_only: bool = False


def encoded(question: Question) -> bytes:
    """Return the bytes that put the question.

    Raises:
        ValueError: the ClientHello cannot be written, e.g. because the server name is none.
    """
    return b"" if question.hello is None else encode_client_hello(question.hello, os.urandom(ENTROPY))


def failed(error: OSError) -> ConnectFailed:
    """Return what a failed connect (or name resolution) amounts to."""
    if isinstance(error, socket.gaierror):
        return ConnectFailed(None, "resolution", error.strerror or "")
    if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        return ConnectFailed(error.errno, "timeout", error.strerror or "timed out")
    if error.errno == errno.ECONNREFUSED:
        return ConnectFailed(error.errno, "refused", error.strerror or "")
    return ConnectFailed(error.errno, "error", error.strerror or str(error))


class Connection:
    """A non-blocking connection that is moved on by :meth:`advance`.

    Attributes:
        question: what is asked over it.
        socket: its socket.
        depth: how many connections had to come before this one.
        deadline: the monotonic time at which it is given up.
        writing: whether it waits for the socket to become writable (else readable).
    """

    __slots__ = (
        "_connected",
        "_flight",
        "_out",
        "_tunnel",
        "deadline",
        "depth",
        "question",
        "socket",
        "writing",
    )

    def __init__(
        self, question: Question, hello: bytes, sock: socket.socket, route: Route, depth: int, deadline: float
    ) -> None:
        self.question = question
        self.socket = sock
        self.depth = depth
        self.deadline = deadline
        self.writing = True
        self._connected = route.opener is not None
        self._flight = Flight(hello_only=question.hello_only)
        tunnelled = route.opener is None and route.tunnel_to is not None
        self._tunnel: bytearray | None = bytearray() if tunnelled else None
        self._out = [route.preamble, hello] if tunnelled else [hello]

    def advance(self) -> HelloAnswer | None:
        """Do what the socket is ready for; return the answer once there is one."""
        if not self._connected:
            error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error == errno.ECONNRESET:
                # Refused connections say ECONNREFUSED: this one was accepted first.
                return self._stopped("reset")
            if error:
                return failed(OSError(error, os.strerror(error)))
            self._connected = True
        try:
            if not self.writing:
                return self._read()
            self._write()
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except OSError:
            return self._stopped("reset")
        return None

    def expire(self) -> HelloAnswer:
        """Return the answer of a connection whose time is up."""
        if not self._connected:
            return ConnectFailed(None, "timeout", "timed out")
        return self._stopped("timeout")

    def close(self) -> None:
        """Say goodbye and close; never waits."""
        if self._flight.received and self._tunnel is None:
            with contextlib.suppress(OSError):
                self.socket.send(_GOODBYE)
        self.socket.close()

    def _write(self) -> None:
        sent = self.socket.send(self._out[0]) if self._out[0] else 0
        self._out[0] = self._out[0][sent:]
        if not self._out[0]:
            del self._out[0]
            self.writing = False

    def _read(self) -> HelloAnswer | None:
        while data := self.socket.recv(_CHUNK):
            answer = self._tunnelled(data) if self._tunnel is not None else self._flight.feed(data)
            if answer is not None or self.writing:
                return answer
        return self._stopped("eof")

    def _tunnelled(self, data: bytes) -> TunnelRefused | None:
        head = self._tunnel or bytearray()
        head += data
        self._tunnel = head
        status = tunnel_status(bytes(head))
        if status is None:
            return None
        if status not in _OK:
            return TunnelRefused(None if status < 0 else status, bytes(head[:_KEPT]))
        self._tunnel = None
        self.writing = True
        return None

    def _stopped(self, how: Literal["eof", "reset", "timeout"]) -> HelloAnswer:
        if self._tunnel is not None:
            return TunnelRefused(None, bytes(self._tunnel[:_KEPT]))
        return self._flight.end(how)


def connect(route: Route, address: object, family: socket.AddressFamily, timeout: float) -> socket.socket:
    """Begin a connection; it is finished when the socket becomes writable.

    Raises:
        OSError: it could not even begin.
    """
    if route.opener is not None:
        sock = route.opener(timeout)
        sock.setblocking(False)
        return sock
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setblocking(False)
    code = sock.connect_ex(address)  # type: ignore[arg-type]
    if code and code not in _PENDING:
        sock.close()
        raise OSError(code, os.strerror(code))
    return sock
