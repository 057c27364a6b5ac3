"""What extra probes learned of a server: the answers to single ClientHellos and the survey made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """A server's demand for a client certificate (RFC 5246 section 7.4.4), read from plain text.

    Attributes:
        types: the ClientCertificateType numbers (1 is RSA, 64 is ECDSA).
        signature_schemes: the signature schemes allowed; empty before TLS 1.2.
        authorities: the names of the acceptable CAs, DER; empty means that any CA may do.
        authority_names: the same names as RFC 4514 text, not yet cleaned for printing.
    """

    types: tuple[int, ...] = ()
    signature_schemes: tuple[int, ...] = ()
    authorities: tuple[bytes, ...] = ()
    authority_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFlight:
    """The server took the ClientHello: its ServerHello and, up to TLS 1.2, what followed in plain text.

    Attributes:
        version: the version negotiated, as a code point.
        suite: the cipher suite chosen, as a code point.
        retry: whether this was a HelloRetryRequest (RFC 8446 section 4.1.4): suite and group are as good as
            accepted.
        group: the named group chosen, where the server said one.
        alpn: the application protocol chosen.
        secure_renegotiation: whether the server knows RFC 5746.
        extended_master_secret: whether the server knows RFC 7627.
        chain: the certificates presented, DER, in the order presented; empty in TLS 1.3, where they are
            encrypted.
        dh_bits: the size of the Diffie-Hellman prime in bits.
        signature_scheme: what the server signed its key exchange with (TLS 1.2).
        certificate_request: the demand for a client certificate (TLS 1.2 and older).
        warnings: warning alerts seen on the way.
        complete: whether everything up to ServerHelloDone (TLS 1.2) or ServerHello (TLS 1.3) was read.
        problem: why the rest could not be read, or ``None``.
    """

    version: int
    suite: int
    retry: bool = False
    group: int | None = None
    alpn: str | None = None
    secure_renegotiation: bool = False
    extended_master_secret: bool = False
    chain: tuple[bytes, ...] = ()
    dh_bits: int | None = None
    signature_scheme: int | None = None
    certificate_request: CertificateRequest | None = None
    warnings: tuple[int, ...] = ()
    complete: bool = False
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class AlertReceived:
    """The server refused with an alert (RFC 8446 section 6).

    Attributes:
        number: the alert description, e.g. 40 for handshake_failure.
        level: 1 for warning, 2 for fatal.
        version: the version of the alert's record.
    """

    number: int
    level: int = 2
    version: int = 0x0301


@dataclass(frozen=True, slots=True)
class PeerClosed:
    """The peer took the connection and then said nothing that TLS has words for.

    Attributes:
        how: ``eof`` (it closed in order), ``reset``, or ``timeout`` (it stayed silent, or was too slow).
        received: how many bytes came before.
    """

    how: Literal["eof", "reset", "timeout"]
    received: int = 0


@dataclass(frozen=True, slots=True)
class NotTls:
    """The peer answered, but not in TLS.

    Attributes:
        data: the first bytes of what it said, at most 512.
        protocol: what that looks like, or ``None`` where nothing known fits.
        problem: what is wrong with the bytes where they began like TLS, or ``None``.
    """

    data: bytes
    protocol: Literal["http", "ssh", "smtp", "ftp", "imap", "pop3", "sslv2"] | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectFailed:
    """No connection to the peer (or to the proxy) came about.

    Attributes:
        errno: the operating system's error number; ``None`` for a timeout and for a failed name resolution.
        how: ``refused``, ``timeout``, ``resolution`` or ``error``.
        message: the operating system's words.
    """

    errno: int | None
    how: Literal["refused", "timeout", "resolution", "error"]
    message: str = ""


@dataclass(frozen=True, slots=True)
class TunnelRefused:
    """The proxy did not open the tunnel.

    Attributes:
        status: the HTTP status of the proxy's answer; ``None`` where it was no HTTP answer or none came.
        data: the first bytes of the proxy's answer, at most 512.
    """

    status: int | None
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Abandoned:
    """The question was not put, or its answer not awaited, because a limit was reached.

    Attributes:
        reason: which limit, lower case, without a final period.
    """

    reason: str


HelloAnswer = ServerFlight | AlertReceived | PeerClosed | NotTls | ConnectFailed | TunnelRefused | Abandoned
"""Everything that one ClientHello can lead to."""


@dataclass(frozen=True, slots=True)
class VersionSurvey:
    """What a server does with one version.

    Attributes:
        version: the version, as a code point.
        accepted: whether the server negotiates it; ``None`` where that could not be learned.
        suites: the cipher suites accepted, the preferred ones first as far as that was seen.
        order: whose preference decides: the ``server``'s, the ``client``'s, or ``unknown``.
        answer: the answer to the first ClientHello of this version.
        complete: whether ``suites`` is everything; ``False`` after a limit or an unclear answer.
    """

    version: int
    accepted: bool | None
    suites: tuple[int, ...] = ()
    order: Literal["server", "client", "unknown"] = "unknown"
    answer: HelloAnswer | None = None
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSurvey:
    """What the probes learned of a server.

    Attributes:
        by_version: one entry for each version asked for, oldest first.
        groups: named groups that the server was seen to choose, the preferred ones first.
        signature_schemes: signature schemes that the server was seen to sign with, likewise.
        dh_bits: the smallest Diffie-Hellman prime seen, in bits.
        secure_renegotiation: whether the server knows RFC 5746; ``None`` where only TLS 1.3 answered.
        certificate_request: the demand for a client certificate, where one was read.
        chain: the certificates presented, DER; empty where only TLS 1.3 answered.
        variants: answers to single questions, by the name of the question.
        connections: how many connections were opened.
        rounds: how many of them had to wait for each other: the depth of the whole enumeration.
        seconds: how long it took.
        inconclusive: what could not be learned, and why.
    """

    by_version: tuple[VersionSurvey, ...] = ()
    groups: tuple[int, ...] = ()
    signature_schemes: tuple[int, ...] = ()
    dh_bits: int | None = None
    secure_renegotiation: bool | None = None
    certificate_request: CertificateRequest | None = None
    chain: tuple[bytes, ...] = ()
    variants: tuple[tuple[str, HelloAnswer], ...] = ()
    connections: int = 0
    rounds: int = 0
    seconds: float = 0.0
    inconclusive: tuple[str, ...] = ()

    @property
    def versions(self) -> tuple[int, ...]:
        """Return the versions that the server negotiates, oldest first."""
        return tuple(entry.version for entry in self.by_version if entry.accepted)

    def suites(self, version: int) -> tuple[int, ...]:
        """Return the cipher suites accepted in one version; empty where it was refused or not asked for."""
        return next((entry.suites for entry in self.by_version if entry.version == version), ())

    def answer(self, name: str) -> HelloAnswer | None:
        """Return the answer to one of the ``variants``, or ``None`` where it was not asked."""
        return dict(self.variants).get(name)
