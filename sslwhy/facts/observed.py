"""What failed: the target, the call that was under way, and the error as the program saw it."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import Literal


Stage = Literal["setup", "resolve", "connect", "tunnel", "handshake", "read", "answer", "none"]
"""How far the connection came before it failed; ``none`` where nothing failed."""

OperationKind = Literal["wsdl", "schema", "operation", "request", "check"]

_ENDED = {
    "anyio.BrokenResourceError",
    "anyio.EndOfStream",
    "http.client.RemoteDisconnected",
    "ssl.SSLZeroReturnError",
    "trio.BrokenResourceError",
}
# For a close_notify in the middle of a handshake OpenSSL leaves no error, and CPython then says "unknown error".
_ENDS = {"UNEXPECTED_EOF_WHILE_READING", "UNKNOWN_ERROR"}
# Python 3.10 has classes of their own for what are all TimeoutError from 3.11 on.
_TIMEOUTS = {"TimeoutError", "asyncio.exceptions.TimeoutError", "socket.timeout", "trio.TooSlowError"}
_RESETS = {"ConnectionResetError", "ConnectionAbortedError", "BrokenPipeError"}


@dataclass(frozen=True, slots=True)
class Target:
    """The server that a call was meant for.

    Attributes:
        url: the address without user info, query and fragment, or ``None``.
        host: the host name or IP address as the caller wrote it, without brackets.
        port: the TCP port.
        server_name: the name sent as SNI (RFC 6066 section 3) and checked against the certificate.
        address: the IP address that was connected to, where it is known.
    """

    url: str | None
    host: str | None
    port: int | None
    server_name: str | None = None
    address: str | None = None

    @property
    def authority(self) -> str:
        """Return ``host:port`` as a person would write it, IPv6 addresses in brackets."""
        host = self.host or "the server"
        host = f"[{host}]" if ":" in host else host
        return host if self.port is None else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Operation:
    """What the program was doing.

    Attributes:
        kind: which kind of call.
        name: the SOAP operation or the HTTP method, or ``None``.
        url_source: where the failing URL came from, in words, or ``None`` for the caller's own code.
        origin: what kind of source that was.
        document: the URL of the document or response that the failing URL was written in.
        binding: the qualified name of the SOAP binding in use, for ``create_service``.
        requested_url: the URL that the caller's own code named, where another one failed.
    """

    kind: OperationKind = "request"
    name: str | None = None
    url_source: str | None = None
    origin: Literal["caller", "wsdl-address", "import", "redirect", "forced-https"] = "caller"
    document: str | None = None
    binding: str | None = None
    requested_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The error, taken apart.

    English text is kept to be shown, never to be judged: causes key on the numbers and symbols.

    Attributes:
        type: the qualified class name of the exception that the caller catches.
        message: its text.
        stage: how far the connection came.
        root_type: the class name of the innermost exception, e.g. ``ssl.SSLCertVerificationError``.
        verify_code: OpenSSL's ``X509_V_ERR_*`` number, or ``None``.
        verify_message: OpenSSL's words for that number.
        library: OpenSSL's library name, e.g. ``SSL``, ``X509``, ``PEM``.
        reason: OpenSSL's reason symbol, e.g. ``WRONG_VERSION_NUMBER``.
        alert: the TLS alert number that the peer sent (RFC 8446 section 6), or ``None``.
        errno: the operating system's error number, or ``None``.
        proxy: whether the failure happened while speaking to a proxy.
        status: the HTTP status of an answer or of a refused CONNECT, or ``None``.
        key_log_problem: why the file that ``SSLKEYLOGFILE`` names cannot be written, or ``None``.
    """

    type: str | None = None
    message: str | None = None
    stage: Stage = "none"
    root_type: str | None = None
    verify_code: int | None = None
    verify_message: str | None = None
    library: str | None = None
    reason: str | None = None
    alert: int | None = None
    errno: int | None = None
    proxy: bool = False
    status: int | None = None
    key_log_problem: str | None = None

    @property
    def timed_out(self) -> bool:
        """Return whether the peer was waited for in vain."""
        # asyncio's timer for the handshake raises an error without a number.
        return self.root_type in _TIMEOUTS or (self.root_type == "ConnectionAbortedError" and self.errno is None)

    @property
    def closed(self) -> bool:
        """Return whether the peer closed the connection in order, but without a word of TLS."""
        # asyncio gives an orderly close the class of a reset, without a number.
        unnumbered = self.root_type == "ConnectionResetError" and self.errno is None
        return self.reason in _ENDS or self.root_type in _ENDED or unnumbered

    @property
    def reset(self) -> bool:
        """Return whether the connection was torn down (RST)."""
        return self.errno == errno.ECONNRESET or (self.root_type in _RESETS and self.errno is not None)

    @property
    def failed(self) -> bool:
        """Return whether anything failed at all (a check of a healthy server observes nothing)."""
        return self.stage != "none"
