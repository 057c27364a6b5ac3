"""A server's first flight, put together from whatever pieces the network delivers."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from sslwhy.evidence.wire import messages
from sslwhy.evidence.wire.reader import ParseError
from sslwhy.facts.peer import AlertReceived, HelloAnswer, NotTls, PeerClosed, ServerFlight
from sslwhy.facts.tls.names import SSL_3_0, TLS_1_3
from sslwhy.facts.tls.suites import suites


_ALERT, _HANDSHAKE = 21, 22
_CONTENT_TYPES = range(20, 25)
# RFC 5246 section 6.2.3 lets a ciphertext grow by 2048 bytes; nothing may be longer.
_MAX_RECORD = (1 << 14) + 2048
_MAX_MESSAGE = 1 << 20
_MAX_MESSAGES = 64
_KEPT = 512
_WARNING, _CLOSE_NOTIFY = 1, 0

MAX_BYTES = 1 << 21
"""The most that is ever read of one flight: 2 MiB."""

Protocol = Literal["http", "ssh", "smtp", "ftp", "imap", "pop3", "sslv2"]
_GREETINGS: tuple[tuple[bytes, Protocol], ...] = (
    (b"HTTP/", "http"),
    (b"<!DOCTYPE", "http"),
    (b"<HTML", "http"),
    (b"SSH-", "ssh"),
    (b"* OK", "imap"),
    (b"+OK", "pop3"),
)
# The reply codes (RFC 5321, RFC 959) that a server greets with, or answers nonsense with.
_REPLIES = (b"220", b"421 ", b"500 ", b"502 ", b"554 ")


def protocol_of(data: bytes) -> Protocol | None:
    """Guess what a peer speaks from the first bytes it sent, or return ``None``."""
    line = data[:_KEPT].upper()
    for start, protocol in _GREETINGS:
        if line.startswith(start):
            return protocol
    if line.startswith(_REPLIES):
        return "ftp" if b"FTP" in line else "smtp"
    if len(data) > 4 and data[0] & 0x80 and data[2] == 4:
        return "sslv2"
    return None


class Flight:
    """Reads records, then messages, and knows when enough was seen.

    Attributes:
        answer: the final answer, once there is one.
        received: how many bytes were fed.
    """

    def __init__(self, *, hello_only: bool = False) -> None:
        """Start empty; with ``hello_only`` the ServerHello is enough."""
        self.answer: HelloAnswer | None = None
        self.received = 0
        self._hello_only = hello_only
        self._raw = bytearray()
        self._handshake = bytearray()
        self._first = b""
        self._messages = 0
        self._warnings: tuple[int, ...] = ()
        self._flight: ServerFlight | None = None

    def feed(self, data: bytes) -> HelloAnswer | None:
        """Take what arrived; return the answer as soon as there is one.  Never raises."""
        self.received += len(data)
        self._raw += data
        if len(self._first) < _KEPT:
            self._first += data[: _KEPT - len(self._first)]
        try:
            while self.answer is None and self._record():
                pass
        except ParseError as error:
            self._broken(str(error))
        if self.answer is None and self.received > MAX_BYTES:
            self._broken(f"more than {MAX_BYTES} bytes")
        return self.answer

    def end(self, how: Literal["eof", "reset", "timeout"]) -> HelloAnswer:
        """Say what was learned by a peer that stopped."""
        if self.answer is None and self._flight is not None:
            self.answer = replace(self._flight, warnings=self._warnings, problem=how)
        elif self.answer is None and self._raw and not self._looks_like_tls():
            self.answer = NotTls(self._first, protocol_of(self._first))
        elif self.answer is None and self._warnings:
            self.answer = AlertReceived(self._warnings[-1], _WARNING)
        return self.answer or PeerClosed(how, self.received)

    def _broken(self, problem: str) -> None:
        if self._flight is not None:
            self.answer = replace(self._flight, warnings=self._warnings, problem=problem)
        else:
            self.answer = NotTls(self._first, None, problem)

    def _looks_like_tls(self) -> bool:
        return self._raw[0] in _CONTENT_TYPES and (len(self._raw) < 2 or self._raw[1] == SSL_3_0 >> 8)

    def _record(self) -> bool:
        """Take one whole record off the buffer, if it is there."""
        raw = self._raw
        if raw and not self._looks_like_tls():
            self._foreign()
            return False
        if len(raw) < 5:
            return False
        length = int.from_bytes(raw[3:5], "big")
        if length > _MAX_RECORD:
            raise ParseError(f"a record of {length} bytes")
        if len(raw) < 5 + length:
            return False
        kind, version, body = raw[0], int.from_bytes(raw[1:3], "big"), bytes(raw[5 : 5 + length])
        del raw[: 5 + length]
        self._content(kind, version, body)
        return True

    def _foreign(self) -> None:
        if self._flight is not None or self._handshake:
            raise ParseError("the stream leaves TLS in the middle of the handshake")
        # Enough of the line has to be there for a greeting to be recognised; a closing peer settles it, too.
        if len(self._raw) >= _KEPT or b"\n" in self._raw:
            self.answer = NotTls(self._first, protocol_of(self._first))

    def _content(self, kind: int, version: int, body: bytes) -> None:
        if kind == _ALERT:
            self._alert(version, body)
        elif kind == _HANDSHAKE and body:
            self._handshake += body
            if len(self._handshake) > _MAX_MESSAGE + 4:
                raise ParseError(f"a handshake message of more than {_MAX_MESSAGE} bytes")
            while self.answer is None and self._message():
                pass
        else:
            raise ParseError(f"a record of type {kind} where the handshake belongs")

    def _alert(self, version: int, body: bytes) -> None:
        if len(body) != 2:
            raise ParseError(f"an alert of {len(body)} bytes")
        level, number = body
        if level == _WARNING and number != _CLOSE_NOTIFY:
            self._count()
            self._warnings += (number,)
        elif self._flight is not None:
            self.answer = replace(self._flight, warnings=(*self._warnings, number), problem=f"alert {number}")
        else:
            self.answer = AlertReceived(number, level, version)

    def _count(self) -> None:
        self._messages += 1
        if self._messages > _MAX_MESSAGES:
            raise ParseError(f"more than {_MAX_MESSAGES} messages")

    def _message(self) -> bool:
        buffer = self._handshake
        if len(buffer) < 4:
            return False
        length = int.from_bytes(buffer[1:4], "big")
        if length > _MAX_MESSAGE:
            raise ParseError(f"a handshake message of {length} bytes")
        if len(buffer) < 4 + length:
            return False
        kind, body = buffer[0], bytes(buffer[4 : 4 + length])
        del buffer[: 4 + length]
        self._count()
        self._take(kind, body)
        return True

    def _take(self, kind: int, body: bytes) -> None:
        if self._flight is None:
            self._server_hello(kind, body)
            return
        flight = self._flight
        if kind == messages.CERTIFICATE:
            self._flight = replace(flight, chain=messages.certificate(body))
        elif kind == messages.SERVER_KEY_EXCHANGE and flight.suite in suites():
            found = messages.server_key_exchange(body, suites()[flight.suite], flight.version)
            self._flight = replace(
                flight, dh_bits=found.dh_bits, group=found.group, signature_scheme=found.signature_scheme
            )
        elif kind == messages.CERTIFICATE_REQUEST:
            request = messages.certificate_request(body, flight.version)
            self._flight = replace(flight, certificate_request=request)
        elif kind == messages.SERVER_HELLO_DONE:
            self.answer = replace(flight, warnings=self._warnings, complete=True)

    def _server_hello(self, kind: int, body: bytes) -> None:
        if kind != messages.SERVER_HELLO:
            raise ParseError(f"handshake message {kind} where a ServerHello belongs")
        hello = messages.server_hello(body)
        self._flight = ServerFlight(
            version=hello.version,
            suite=hello.suite,
            retry=hello.retry,
            group=hello.group,
            alpn=hello.alpn,
            secure_renegotiation=hello.secure_renegotiation,
            extended_master_secret=hello.extended_master_secret,
        )
        if self._hello_only or hello.version >= TLS_1_3:
            self.answer = replace(self._flight, warnings=self._warnings, complete=True)
