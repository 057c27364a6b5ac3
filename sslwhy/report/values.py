"""The report and its parts: frozen values, the same whoever renders them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal


if TYPE_CHECKING:
    from sslwhy.facts.observed import Observed, Operation, Target

Subject = Literal["server", "client", "proxy", "network", "local"]
Confidence = Literal["confirmed", "likely", "possible"]
Proof = Literal["verified", "unverified"]
CheckResult = Literal["ok", "problem", "skipped", "inconclusive"]
Role = Literal["end-entity", "intermediate", "trust anchor", "missing"]

SERVER_OPERATOR = "server operator"
YOU = "you"
ADMINISTRATOR = "your administrator"
PROXY_OPERATOR = "proxy operator"
NETWORK_OPERATOR = "network operator"
SERVICE_OWNER = "service owner"


@dataclass(frozen=True, slots=True)
class TrustChange:
    """What a remedy changes in the caller's trust, so that it can be tried before it is printed.

    Attributes:
        add: certificates to add to the anchors, DER.
        replace_with: the source of another store to use instead, e.g. ``system``, or ``None``.
        strict: ``False`` where the remedy drops ``X509_V_FLAG_X509_STRICT``, else ``None``.
    """

    add: tuple[bytes, ...] = ()
    replace_with: str | None = None
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing to do.

    Attributes:
        actor: who can do it: ``server operator``, ``you``, ``your administrator``, ...
        text: what to do, imperative, one sentence, without a final period.
        command: a shell command, ready to paste, or ``None``.
        snippet: Python, ready to paste, or ``None``.
        proof: ``verified`` when a real handshake completed with it.
        change: what it changes in the caller's trust, or ``None`` where it cannot be tried from here.
    """

    actor: str
    text: str
    command: str | None = None
    snippet: str | None = None
    proof: Proof = "unverified"
    change: TrustChange | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, named.

    Attributes:
        code: the stable cause code.
        headline: what is wrong, lower case, one line, the certificate named by its role.
        subject: whose fault it is.
        depth: which certificate, as OpenSSL counts: 0 is the end-entity; ``None`` where no certificate is at fault.
        expected: what should have been seen.
        actual: what was seen.
        confidence: how sure the evidence makes it.
        alternatives: what else it may be, where the evidence cannot prove it.
        remedies: what to do, safest first.
        certificate: the SHA-256 fingerprint of the offending certificate, lower-case hex, or ``None``.
    """

    code: str
    headline: str
    subject: Subject = "server"
    depth: int | None = None
    expected: str = ""
    actual: str = ""
    confidence: Confidence = "confirmed"
    alternatives: tuple[str, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    certificate: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Check:
    """One question that was asked of the evidence.

    Attributes:
        name: the topic, e.g. ``validity``.
        result: the answer; ``skipped`` and ``inconclusive`` are never a silent pass.
        reason: the answer in words.
    """

    name: str
    result: CheckResult
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ChainLink:
    """One certificate of the chain as a certificate dialog shows it: issued to, issued by, valid from and to.

    Attributes:
        position: its place as presented, 0 first; anchors and missing issuers are numbered on from there.
        role: its role in path building (RFC 5280 section 6).
        subject: issued to, RFC 4514 text.
        issuer: issued by, RFC 4514 text.
        presented: whether the server sent it.
        not_before: start of validity, UTC ISO 8601, or ``None`` where the certificate is missing or unreadable.
        not_after: end of validity, likewise.
        sha256: the fingerprint, lower-case hex, or ``None``.
        problems: codes of the findings at this certificate.
    """

    position: int
    role: Role
    subject: str
    issuer: str
    presented: bool
    not_before: str | None = None
    not_after: str | None = None
    sha256: str | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrustSummary:
    """The trust store in force, in short.

    Attributes:
        source: who chose it.
        location: the file or directory, or ``None``.
        anchors: how many trust anchors it holds.
    """

    source: str
    location: str | None
    anchors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What a report tells, without its forms.

    Attributes:
        target: the server.
        operation: what the program was doing.
        observed: the error as it was seen.
        findings: every fault found, the primary first.
        chain: the presented chain, then the anchor or the missing issuer.
        trust: the trust store in force, or ``None`` where there was none.
        checks: what was looked at.
        connections: how many connections the diagnosis opened.
    """

    target: Target
    operation: Operation
    observed: Observed
    findings: tuple[Finding, ...] = ()
    chain: tuple[ChainLink, ...] = ()
    trust: TrustSummary | None = None
    checks: tuple[Check, ...] = ()
    connections: int = 0

    @property
    def primary(self) -> Finding | None:
        """Return the finding that explains the observed error, or ``None`` when nothing is wrong."""
        return self.findings[0] if self.findings else None

    @property
    def code(self) -> str | None:
        """Return the primary's code, or ``None`` when nothing is wrong."""
        return self.primary.code if self.primary else None
