"""What the path analysis says to the causes: its faults and the words for a certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes.base import Cause
from sslwhy.causes.verify_codes import VerifyCode, causes_of
from sslwhy.facts.missing import Missing
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.causes.case import Case
    from sslwhy.causes.path.faults import Fault, FaultKind
    from sslwhy.facts.observed import Observed
    from sslwhy.facts.x509.certificate import Certificate
    from sslwhy.report.values import Confidence

_NAME_CAP = 80
_BUILDING = frozenset(
    {
        VerifyCode.UNABLE_TO_GET_ISSUER_CERT,
        VerifyCode.DEPTH_ZERO_SELF_SIGNED_CERT,
        VerifyCode.SELF_SIGNED_CERT_IN_CHAIN,
        VerifyCode.UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
        VerifyCode.UNABLE_TO_VERIFY_LEAF_SIGNATURE,
        VerifyCode.CERT_CHAIN_TOO_LONG,
        VerifyCode.CERT_UNTRUSTED,
    }
)
_BEFORE_BUILDING = frozenset({VerifyCode.OK, VerifyCode.UNSPECIFIED, VerifyCode.EE_KEY_TOO_SMALL})
VERIFY_FAILED = "CERTIFICATE_VERIFY_FAILED"
"""The reason symbol of every failed verification."""


class PathCause(Cause):
    """A cause that the path analysis finds: OpenSSL's verify code says whether it explains the error."""

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the verify code may stand for this cause.

        TLS libraries other than CPython's give no verify code; then the order of OpenSSL's checks, which the ranks of
        these causes follow, has to decide.
        """
        if observed.verify_code is None:
            return observed.reason == VERIFY_FAILED
        return cls.code in causes_of(observed.verify_code)


def faults(case: Case, *kinds: FaultKind) -> Iterator[Fault]:
    """Yield the path's faults of some kinds, as far as OpenSSL's own verdict allows them."""
    path, offer, observed = case.path, case.evidence.offer, case.evidence.observed
    if isinstance(path, Missing) or case.evidence.verified or (offer and not offer.verify):
        return
    # A verdict on a later check proves that a path was built, perhaps with anchors that the context does not show.
    code = observed.verify_code
    built = code is not None and code not in _BUILDING and code not in _BEFORE_BUILDING
    for fault in path.of_kind(*kinds):
        if not (built and fault.code in _BUILDING):
            yield fault


def confidence(case: Case) -> Confidence:
    """Return how sure the analysis is: less where OpenSSL reported something else first."""
    observed, path = case.evidence.observed.verify_code, case.path
    agrees = isinstance(path, Missing) or observed in {None, path.verify_code}
    return "confirmed" if agrees else "likely"


def name_of(certificate: Certificate | None) -> str:
    """Return a certificate's short name, fit to print."""
    label = clean(certificate.label, _NAME_CAP) if certificate else ""
    return f'"{label}"' if label else "without a name"


def role_of(fault: Fault, case: Case) -> str:
    """Return a certificate by its role, fit to print: ``server certificate for host:443``, ``intermediate "X"``."""
    if fault.depth == 0:
        return f"server certificate for {case.evidence.target.authority}"
    certificate = fault.certificate
    if certificate is not None and certificate.unreadable is not None:
        return f"certificate {fault.depth} as presented"
    rooted = certificate is not None and certificate.is_self_issued
    word = "trust anchor" if fault.anchor else "root" if rooted else "intermediate"
    return f"{word} {name_of(certificate)}"


def fingerprint_of(fault: Fault) -> str | None:
    """Return the fingerprint of the certificate at fault."""
    return fault.certificate.sha256 if fault.certificate else None
