"""Peers that do not speak TLS, or stop in the middle of it.

with RawServer(alert(40)) as server: ...
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
import time
from typing import TYPE_CHECKING, TypeAlias

from sslwhy.demo.loopback import Listener


if TYPE_CHECKING:
    from collections.abc import Callable


Behaviour: TypeAlias = "Callable[[socket.socket], None]"

SSH = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"
SMTP = b"220 mail.example ESMTP Postfix\r\n"
FTP = b"220 (vsFTPd 3.0.3)\r\n"
IMAP = b"* OK [CAPABILITY IMAP4rev1 STARTTLS] Dovecot ready.\r\n"
POP3 = b"+OK Dovecot ready.\r\n"
MYSQL = b"J\0\0\0\n8.0.36\0"


class RawServer(Listener):
    """Shows each connection one of the behaviours, in turn."""

    def __init__(self, *behaviours: Behaviour, host: str = "127.0.0.1") -> None:
        super().__init__(host)
        self.behaviours = itertools.cycle(behaviours)  # one for each connection, in turn

    @property
    def url(self) -> str:
        """The URL under which a client would expect TLS."""
        return f"https://localhost:{self.port}"

    def serve(self, connection: socket.socket) -> None:
        """Behave."""
        next(self.behaviours)(connection)


def read_record(connection: socket.socket) -> bytes:
    """The first TLS record, that is the ClientHello; shorter when the client leaves."""
    data = b""
    wanted = 5
    while len(data) < wanted:
        piece = connection.recv(wanted - len(data))
        if not piece:
            return data
        data += piece
        if len(data) == 5:
            wanted += int.from_bytes(data[3:5], "big")
    return data


def reset(connection: socket.socket) -> None:
    """Make the coming close send RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drain(connection: socket.socket) -> None:
    """Say that nothing more comes and read until the client leaves, so that no RST overtakes the data."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


def close_at_once(connection: socket.socket) -> None:
    """Close without reading."""
    connection.shutdown(socket.SHUT_WR)
    drain(connection)


def close_after_hello(connection: socket.socket) -> None:
    """Read the ClientHello, then close in order."""
    read_record(connection)
    drain(connection)


def reset_at_once(connection: socket.socket) -> None:
    """Send RST without reading."""
    reset(connection)


def reset_after_hello(connection: socket.socket) -> None:
    """Read the ClientHello, then send RST."""
    read_record(connection)
    reset(connection)


def silent(connection: socket.socket) -> None:
    """Read for ever and say nothing."""
    while connection.recv(65536):
        pass


def say(data: bytes, *, first: bool = False) -> Behaviour:
    """Send `data`, at once when `first` (a banner) or else after the ClientHello, and close."""

    def behave(connection: socket.socket) -> None:
        if not first:
            read_record(connection)
        connection.sendall(data)
        drain(connection)

    return behave


def banner(data: bytes) -> Behaviour:
    """Greet like SSH, SMTP or FTP, and answer whatever follows with silence until the client leaves."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(data)
        silent(connection)

    return behave


def alert(number: int, *, level: int = 2, version: int = 0x0303) -> Behaviour:
    """Answer the ClientHello with this TLS alert (RFC 8446 section 6)."""
    return say(bytes([21, *version.to_bytes(2, "big"), 0, 2, level, number]))


def drip(data: bytes, pause: float = 0.05) -> Behaviour:
    """Send `data` byte by byte with `pause` seconds between, then stay silent."""

    def behave(connection: socket.socket) -> None:
        read_record(connection)
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(pause)
        silent(connection)

    return behave


def endless(block: bytes, limit: int = 1 << 28) -> Behaviour:
    """Send `block` again and again until the client leaves, or until `limit` bytes."""

    def behave(connection: socket.socket) -> None:
        read_record(connection)
        for _ in range(limit // len(block)):
            connection.sendall(block)

    return behave


# A handshake record that announces a Certificate message of 16 MiB and never ends it.
HUGE_CERTIFICATE = b"\x16\x03\x03\x40\x00" + b"\x0b\xff\xff\xff" + bytes(0x3FFC)
