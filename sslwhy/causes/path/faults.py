"""What path analysis finds: typed faults, the links of a path, issuers passed over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sslwhy.causes.verify_codes import VerifyCode


if TYPE_CHECKING:
    from datetime import datetime

    from sslwhy.causes.path.identity import Refusal
    from sslwhy.facts.x509.certificate import Certificate

FaultKind = Literal[
    "empty-chain",
    "unreadable",
    "malformed",
    "self-signed",
    "untrusted-root",
    "issuer-missing",
    "anchor-issuer-missing",
    "chain-too-long",
    "signature",
    "not-yet-valid",
    "expired",
    "name-mismatch",
    "weak-key",
    "weak-signature",
    "purpose",
    "not-a-ca",
    "path-length",
    "name-constraint",
    "strict-profile",
    "critical-extension",
    "revocation-unknown",
    "unspecified",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PathRules:
    """The rules that a TLS client applies to a path.

    Attributes:
        now: the moment of the check, UTC; OpenSSL compares whole seconds.
        security_level: OpenSSL's security level, 0 to 5.
        strict: whether ``X509_V_FLAG_X509_STRICT`` is set.
        partial_chain: whether ``X509_V_FLAG_PARTIAL_CHAIN`` is set.
        crl_check: whether ``X509_V_FLAG_CRL_CHECK`` is set; no CRLs are at hand here.
        purpose: what the end-entity must be good for.
        depth_limit: how many issuers a path may have (``X509_VERIFY_PARAM_set_depth``).
    """

    now: datetime
    security_level: int = 2
    strict: bool = False
    partial_chain: bool = False
    crl_check: bool = False
    purpose: Literal["sslserver", "sslclient"] = "sslserver"
    depth_limit: int = 100


@dataclass(frozen=True, slots=True)
class Link:
    """One certificate of a path.

    Attributes:
        certificate: the certificate.
        position: its place among the presented certificates, or ``None`` for one that was not presented.
        anchor: whether it was taken from the trust store.
    """

    certificate: Certificate
    position: int | None
    anchor: bool

    @property
    def presented(self) -> bool:
        """Return whether the server sent it."""
        return self.position is not None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A certificate with the right name that OpenSSL passed over.

    Attributes:
        certificate: the candidate.
        position: its place among the presented certificates, or ``None`` for a trust anchor.
        depth: the depth of the certificate whose issuer was sought.
        reason: why it was passed over, in words.
        malformed: whether the candidate itself is at fault.
        signer: whether its key nevertheless verifies the signature.
    """

    certificate: Certificate
    position: int | None
    depth: int
    reason: str
    malformed: bool = False
    signer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong on a path.

    Attributes:
        kind: what kind of thing.
        code: the verify code that OpenSSL has for it.
        depth: where, as OpenSSL counts: 0 is the end-entity.
        certificate: the certificate at fault, or ``None`` for an empty chain.
        expected: what should have been there, in words; foreign text in it is raw.
        actual: what was there, likewise.
        anchor: whether the certificate came from the trust store.
        refusals: for a name mismatch, each presented identifier and why it does not match.
    """

    kind: FaultKind
    code: VerifyCode
    depth: int
    certificate: Certificate | None = field(repr=False, default=None)
    expected: str = ""
    actual: str = ""
    anchor: bool = False
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The path that OpenSSL builds.

    Attributes:
        links: the certificates, end-entity first.
        untrusted: how many of them, from the end-entity on, count as untrusted (``num_untrusted``).
        failure: why it ends without trust, or ``OK``.
        skipped: the candidates passed over.
    """

    links: tuple[Link, ...]
    untrusted: int
    failure: VerifyCode = VerifyCode.OK
    skipped: tuple[Skipped, ...] = ()

    @property
    def top(self) -> Link:
        """Return the last link."""
        return self.links[-1]

    @property
    def awaits_issuer(self) -> bool:
        """Return whether an issuer should follow the last link but does not."""
        return self.failure in {
            VerifyCode.UNABLE_TO_GET_ISSUER_CERT,
            VerifyCode.UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
        }
