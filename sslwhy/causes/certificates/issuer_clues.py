"""What tells a missing intermediate from an unknown private authority, where the issuer was not sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sslwhy.causes.path.analysis import analyze
from sslwhy.causes.trust.view import distrust_in, named_in_vain
from sslwhy.facts.missing import Missing
from sslwhy.facts.x509.certificate import Certificate
from sslwhy.text import clean


if TYPE_CHECKING:
    from sslwhy.causes.case import Case
    from sslwhy.causes.path.faults import Fault
    from sslwhy.report.values import Confidence

_ORGANIZATION = "2.5.4.10"


class Clue(NamedTuple):
    """What says that the missing issuer is an intermediate.

    Attributes:
        confidence: how surely.
        words: in words.
        issuer: the intermediate itself, where it is at hand.
    """

    confidence: Confidence
    words: str
    issuer: Certificate | None = None


def clue_in(case: Case, certificate: Certificate) -> Clue | None:
    """Return what the evidence says of the missing issuer of a certificate, or ``None``."""
    fetched = _fetched(case)
    if fetched is not None:
        return Clue("confirmed", f"fetched from {clean(_source(certificate), 120)}, it completes the path", fetched)
    if _passed_over_any(case):
        return None
    if certificate.extensions.sct_times:
        return Clue("likely", "public logs have seen the certificate, so its issuer leads to a public root")
    anchors = _anchors(case)
    authority = certificate.extensions.authority_key_id
    if authority is not None and authority.issuer is not None and authority.issuer.canonical in anchors.names:
        return Clue("likely", f"its key identifier says that {clean(str(authority.issuer), 120)} issued that issuer")
    organizations = {value.text.casefold() for value in certificate.issuer_name.values(_ORGANIZATION)}
    if organizations & anchors.organizations:
        return Clue("likely", "trust anchors of the same organization are in the store")
    return None


class _Anchors(NamedTuple):
    names: set[bytes]
    organizations: set[str]


def _anchors(case: Case) -> _Anchors:
    trust = case.evidence.trust
    held = [Certificate.from_der(encoding) for encoding in trust.store.anchors] if trust else []
    organizations = {value.text.casefold() for one in held for value in one.subject_name.values(_ORGANIZATION)}
    return _Anchors({one.subject_name.canonical for one in held if one.subject_name}, organizations)


def _fetched(case: Case) -> Certificate | None:
    evidence = case.evidence
    if not evidence.issuers or not evidence.chain or not evidence.trust:
        return None
    path = analyze((*evidence.chain, *evidence.issuers), evidence.trust.store.anchors, case.rules, case.reference)
    sound = path.complete and not path.of_kind("signature")  # else a namesake with another key
    return Certificate.from_der(evidence.issuers[0]) if sound else None


def _source(certificate: Certificate) -> str:
    return certificate.aia_issuer_urls[0] if certificate.aia_issuer_urls else "the address that it names"


def _passed_over_any(case: Case) -> bool:
    return not isinstance(case.path, Missing) and bool(case.path.skipped)


def vouched_elsewhere(case: Case) -> bool:
    """Return whether the store in force is at fault: it is not there, or another would have verified the chain."""
    distrust = distrust_in(case)
    return distrust is not None and (
        named_in_vain(distrust.store) or (distrust.instead() or distrust.elsewhere()) is not None
    )


def passed_over(case: Case, fault: Fault) -> str:
    """Return which issuers of the right name OpenSSL passed over, in words, to be appended."""
    if isinstance(case.path, Missing):
        return ""
    skipped = [one for one in case.path.skipped if one.depth == fault.depth]
    if not skipped:
        return ""
    first = skipped[0]
    origin = "trust anchor" if first.position is None else f"certificate {first.position} as presented"
    more = f" and {len(skipped) - 1} more" if len(skipped) > 1 else ""
    return f"; OpenSSL passed over {origin} of that name: {clean(first.reason, 160)}{more}"
