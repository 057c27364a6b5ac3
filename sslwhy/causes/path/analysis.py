"""The analysis of a presented chain: OpenSSL's verdict, and every fault behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from sslwhy.causes.path import checks
from sslwhy.causes.path.building import Anchors, build
from sslwhy.causes.path.faults import Fault, FaultKind, Link, Path, PathRules, Skipped
from sslwhy.causes.path.resources import check_resources
from sslwhy.causes.path.signatures import is_readable
from sslwhy.causes.verify_codes import VerifyCode
from sslwhy.facts.x509.certificate import Certificate


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sslwhy.causes.path.identity import ReferenceIdentity

__all__ = ["Fault", "FaultKind", "Link", "PathAnalysis", "PathRules", "Skipped", "analyze"]

_KINDS: dict[VerifyCode, FaultKind] = {
    VerifyCode.DEPTH_ZERO_SELF_SIGNED_CERT: "self-signed",
    VerifyCode.SELF_SIGNED_CERT_IN_CHAIN: "untrusted-root",
    VerifyCode.UNABLE_TO_GET_ISSUER_CERT: "anchor-issuer-missing",
    VerifyCode.UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "issuer-missing",
    VerifyCode.CERT_CHAIN_TOO_LONG: "chain-too-long",
}
_MAX_PRESENTED = 30
"""Chains up to this length are searched for a certificate that leads astray."""
_MAX_UNREADABLE = 8
_NO_ISSUER = "an empty issuer name, so that no issuer can be found"


@dataclass(frozen=True, slots=True, kw_only=True)
class PathAnalysis:
    """What became of a presented chain.

    Attributes:
        presented: the certificates as presented.
        path: the path that OpenSSL takes, end-entity first; empty where there is no readable certificate.
        complete: whether it reaches a trust anchor.
        verify_code: what OpenSSL reports: the first fault that it meets, 0 for none.
        depth: where, as OpenSSL counts; 0 where nothing is wrong.
        faults: everything wrong, in the order in which OpenSSL would meet it; empty for a path that verifies.
        sought: the issuer (RFC 4514 text, raw) that the path ends for want of, or ``None``.
        skipped: issuers by name that OpenSSL passed over, and why.
        detour: the place of a presented certificate without which the path would verify, or ``None``: OpenSSL takes
            the first of several issuers with one name and never comes back for the others.
    """

    presented: tuple[Certificate, ...]
    path: tuple[Link, ...] = ()
    complete: bool = False
    verify_code: int = 0
    depth: int = 0
    faults: tuple[Fault, ...] = ()
    sought: str | None = None
    skipped: tuple[Skipped, ...] = ()
    detour: int | None = None

    def of_kind(self, *kinds: FaultKind) -> tuple[Fault, ...]:
        """Return the faults of some kinds."""
        return tuple(fault for fault in self.faults if fault.kind in kinds)


def analyze(
    chain: Sequence[bytes], anchors: Sequence[bytes], rules: PathRules, reference: ReferenceIdentity | None
) -> PathAnalysis:
    """Analyse a presented chain; never raises, whatever the bytes.

    Args:
        chain: the certificates as presented, DER, end-entity first.
        anchors: the trust anchors, DER, in the order of the store.
        rules: the rules in force.
        reference: the name to match, or ``None`` for none.
    """
    presented = tuple(Certificate.from_der(encoding) for encoding in chain)
    unreadable = tuple(islice(_unreadable(presented), _MAX_UNREADABLE))
    if unreadable:
        first = unreadable[0]
        return PathAnalysis(presented=presented, verify_code=first.code, depth=first.depth, faults=unreadable)
    trusted = Anchors(Certificate.from_der(encoding) for encoding in anchors)
    found = _judge(presented, trusted, rules, reference)
    return replace(found, detour=_detour(found, trusted, rules, reference)) if found.faults else found


def _judge(
    presented: tuple[Certificate, ...], anchors: Anchors, rules: PathRules, reference: ReferenceIdentity | None
) -> PathAnalysis:
    path = build(presented, anchors, rules)
    faults = tuple(_distinct(_faults(path, rules, reference)))
    return PathAnalysis(
        presented=presented,
        path=path.links,
        complete=path.failure is VerifyCode.OK,
        verify_code=int(faults[0].code) if faults else 0,
        depth=_first_depth(path, faults),
        faults=faults,
        sought=path.top.certificate.issuer if path.awaits_issuer else None,
        skipped=path.skipped,
    )


def _detour(found: PathAnalysis, anchors: Anchors, rules: PathRules, reference: ReferenceIdentity | None) -> int | None:
    if len(found.presented) > _MAX_PRESENTED:
        return None
    names = [certificate.subject_name.canonical for certificate in found.presented]
    # A path through a circle of trust anchors meets the same certificate again and again.
    for position, certificate in {link.position: link.certificate for link in found.path[1:]}.items():
        if position is None or names.count(certificate.subject_name.canonical) == 1:
            continue
        rest = tuple(one for one in found.presented if one != certificate)
        if next(_faults(build(rest, anchors, rules), rules, reference), None) is None:
            return position
    return None


def _first_depth(path: Path, faults: tuple[Fault, ...]) -> int:
    if not faults:
        return 0
    # A failure to build is reported where the path ends, though an issuer beyond that may be at fault.
    return min(faults[0].depth, len(path.links) - 1)


def _unreadable(presented: tuple[Certificate, ...]) -> Iterator[Fault]:
    # The TLS layer refuses such a message before any path is built; there is no verify code for it.
    if not presented:
        yield Fault(
            kind="empty-chain",
            code=VerifyCode.UNSPECIFIED,
            depth=0,
            expected="at least the server's own certificate",
            actual="no certificate",
        )
    for depth, certificate in enumerate(presented):
        if certificate.unreadable is not None:
            yield Fault(
                kind="unreadable",
                code=VerifyCode.UNSPECIFIED,
                depth=depth,
                certificate=certificate,
                expected="a certificate in DER (RFC 5280 section 4.1)",
                actual=certificate.unreadable,
            )


def _faults(path: Path, rules: PathRules, reference: ReferenceIdentity | None) -> Iterator[Fault]:
    # Without a security level OpenSSL looks at the end-entity's key only when it needs it.
    key_first = rules.security_level > 0 or any(link.anchor for link in path.links[1:2])
    if key_first:
        yield from checks.check_key(path, 0, rules)
    yield from _building(path)
    yield from checks.check_extensions(path, rules)
    yield from checks.check_levels(path, rules)
    yield from checks.check_identity(path, reference)
    if not key_first:
        yield from checks.check_key(path, 0, rules)
    yield from checks.check_revocation(path, rules)
    yield from checks.check_signatures_and_times(path, rules)
    yield from checks.check_name_constraints(path, reference)
    yield from check_resources(path)


def _building(path: Path) -> Iterator[Fault]:
    if path.failure is VerifyCode.OK:
        return
    depth = len(path.links) - 1
    malformed = tuple(_malformed(path, depth))
    yield from malformed
    top = path.top.certificate
    if malformed and path.awaits_issuer and (not top.issuer_name or _issuer_at_hand(path, depth)):
        return
    failure = path.failure
    if top.problems and top.is_self_signed:
        failure = VerifyCode.SELF_SIGNED_CERT_IN_CHAIN if depth else VerifyCode.DEPTH_ZERO_SELF_SIGNED_CERT
    expected, actual = _words(path, failure)
    yield Fault(
        kind=_KINDS[failure],
        code=failure,
        depth=depth,
        certificate=top,
        expected=expected,
        actual=actual,
        anchor=path.top.anchor,
    )


def _malformed(path: Path, depth: int) -> Iterator[Fault]:
    top = path.top.certificate
    if top.problems and is_readable(top.key):
        yield _malformed_at(path, depth, top, top.problems[0], anchor=path.top.anchor)
    elif not top.issuer_name and path.awaits_issuer:
        yield _malformed_at(path, depth, top, _NO_ISSUER, anchor=path.top.anchor)
    for candidate in path.skipped:
        if path.awaits_issuer and candidate.depth == depth and candidate.malformed and candidate.signer:
            issuer = candidate.certificate
            yield _malformed_at(path, depth + 1, issuer, issuer.problems[0], anchor=candidate.position is None)


def _malformed_at(path: Path, depth: int, certificate: Certificate, actual: str, *, anchor: bool) -> Fault:
    return Fault(
        kind="malformed",
        code=path.failure,
        depth=depth,
        certificate=certificate,
        expected="a certificate that follows RFC 5280 sections 4.1 and 4.2",
        actual=actual,
        anchor=anchor,
    )


def _issuer_at_hand(path: Path, depth: int) -> bool:
    return any(candidate.depth == depth and candidate.signer for candidate in path.skipped)


def _words(path: Path, failure: VerifyCode) -> tuple[str, str]:
    top = path.top.certificate
    if failure is VerifyCode.DEPTH_ZERO_SELF_SIGNED_CERT:
        return (
            "a certificate that a trust anchor issued, or that is one",
            "a certificate signed by its own key",
        )
    if failure is VerifyCode.SELF_SIGNED_CERT_IN_CHAIN:
        return (
            "a path that ends in a trust anchor",
            f"a path that ends in {top.label}, which is no trust anchor",
        )
    if failure is VerifyCode.CERT_CHAIN_TOO_LONG:
        return "a path within the depth limit", f"{len(path.links)} certificates without an end"
    lacking = "is no trust anchor" if path.top.anchor else "was neither presented nor is it a trust anchor"
    return "a path that ends in a trust anchor", f"the issuer {top.issuer or '(no name)'} {lacking}"


def _distinct(faults: Iterator[Fault]) -> Iterator[Fault]:
    seen = set()
    for fault in faults:
        key = (fault.kind, fault.actual if fault.kind == "malformed" else fault.code, fault.certificate)
        if key not in seen:
            seen.add(key)
            yield fault
