"""What OpenSSL checks along a path that it has built, in its order; every fault is found, not only the first."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sslwhy.causes.path import purpose, strict
from sslwhy.causes.path.constraints import Effort, Limits, Names
from sslwhy.causes.path.faults import Fault, FaultKind
from sslwhy.causes.path.identity import matches, refusals
from sslwhy.causes.path.signatures import is_readable, signed_by
from sslwhy.causes.verify_codes import VerifyCode
from sslwhy.facts.x509.extension_values import SUBJECT_ALT_NAME, WORDS
from sslwhy.text import listed


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sslwhy.causes.path.faults import Path, PathRules
    from sslwhy.causes.path.identity import ReferenceIdentity
    from sslwhy.facts.x509.certificate import Certificate
    from sslwhy.facts.x509.extension_values import Subtree

_LEVELS = (0, 80, 112, 128, 192, 256)
_OIDS_SHOWN = 3
_SUBTREES_TOLD = 4


def _fault(kind: FaultKind, code: VerifyCode, path: Path, depth: int, expected: str, actual: str) -> Fault:
    link = path.links[depth]
    return Fault(
        kind=kind,
        code=code,
        depth=depth,
        certificate=link.certificate,
        expected=expected,
        actual=actual,
        anchor=link.anchor,
    )


def _minimum(rules: PathRules) -> int:
    return _LEVELS[min(rules.security_level, 5)] if rules.security_level > 0 else 0


def check_key(path: Path, depth: int, rules: PathRules) -> Iterator[Fault]:
    """Check a public key against the security level (``check_key_level``)."""
    wanted, key = _minimum(rules), path.links[depth].certificate.key
    code = VerifyCode.CA_KEY_TOO_SMALL if depth else VerifyCode.EE_KEY_TOO_SMALL
    if not is_readable(key):
        code = code if wanted else VerifyCode.UNSPECIFIED
        yield _fault(
            "malformed",
            code,
            path,
            depth,
            "a public key that can be read",
            "an unknown kind of public key, or a damaged one" if key.kind == "unknown" else f"a damaged {key.kind} key",
        )
    elif key.strength is not None and key.strength < wanted:
        expected = f"a key of at least {wanted} security bits (security level {rules.security_level})"
        yield _fault("weak-key", code, path, depth, expected, f"{key} ({key.strength} security bits)")


def check_extensions(path: Path, rules: PathRules) -> Iterator[Fault]:
    """Check CA status, the strict profile, purposes and path lengths (``check_extensions``)."""
    count = len(path.links) + path.awaits_issuer
    issuers = 0
    for depth, link in enumerate(path.links):
        certificate = link.certificate
        yield from _critical(path, depth)
        yield from _ca(path, depth, rules, is_last=depth + 1 == count)
        if depth == 0 and count > 1 and rules.security_level <= 0:
            yield from check_key(path, 0, rules)
        if count > 1 and certificate.key.explicit_curve:
            expected, actual = "a named curve (RFC 5480 section 2.1.1)", "a curve written out in the key"
            yield _fault("malformed", VerifyCode.EC_KEY_EXPLICIT_PARAMS, path, depth, expected, actual)
        if rules.strict and count > 1:
            for breach in strict.breaches(certificate, is_last=depth + 1 == count):
                yield _fault("strict-profile", breach.code, path, depth, breach.expected, breach.actual)
        yield from _purpose(path, depth, rules)
        yield from _path_length(path, depth, issuers)
        issuers += depth > 0 and not certificate.is_self_issued


def _critical(path: Path, depth: int) -> Iterator[Fault]:
    extensions = path.links[depth].certificate.extensions
    unhandled = extensions.unhandled_critical
    if unhandled:
        actual = "critical " + ", ".join(WORDS.get(name, name) for name in unhandled[:_OIDS_SHOWN])
        expected = "no critical extension that OpenSSL does not handle (RFC 5280 section 4.2)"
        yield _fault("critical-extension", VerifyCode.UNHANDLED_CRITICAL_EXTENSION, path, depth, expected, actual)
    if extensions.proxy_path_length is not None:
        expected, actual = "no proxy certificate (RFC 3820)", "a proxy certificate"
        yield _fault("purpose", VerifyCode.PROXY_CERTIFICATES_NOT_ALLOWED, path, depth, expected, actual)


def _ca(path: Path, depth: int, rules: PathRules, *, is_last: bool) -> Iterator[Fault]:
    certificate = path.links[depth].certificate
    status = purpose.ca_status(certificate)
    exact = rules.strict or (depth > 0 and not is_last)
    allowed = (
        {purpose.IS_A_CA} if exact else {purpose.IS_A_CA, purpose.V1_ROOT, purpose.BY_KEY_USAGE, purpose.BY_NETSCAPE}
    )
    if depth == 0:
        allowed = allowed | {purpose.NOT_A_CA}
    if status in allowed:
        return
    expected = "basic constraints with cA, and keyCertSign where there is a key usage"
    yield _fault("not-a-ca", VerifyCode.INVALID_CA, path, depth, expected, _why_no_ca(path, depth))


def _why_no_ca(path: Path, depth: int) -> str:
    extensions = path.links[depth].certificate.extensions
    if extensions.basic_constraints is None:
        return "no basic constraints" if not extensions.problems else extensions.problems[0]
    if not extensions.basic_constraints.ca:
        return "basic constraints without cA"
    return f"key usage {purpose.usage_words(extensions.key_usage or 0)}, without keyCertSign"


def _purpose(path: Path, depth: int, rules: PathRules) -> Iterator[Fault]:
    certificate = path.links[depth].certificate
    problem = purpose.purpose_problem(certificate, rules.purpose, as_ca=depth > 0)
    if problem is None and certificate.problems and rules.strict and path.failure is VerifyCode.OK:
        problem = "a certificate that can be read", certificate.problems[0]
    if problem is not None:
        yield _fault("purpose", VerifyCode.INVALID_PURPOSE, path, depth, *problem)


def _path_length(path: Path, depth: int, issuers: int) -> Iterator[Fault]:
    basic = path.links[depth].certificate.extensions.basic_constraints
    if depth > 1 and basic is not None and basic.path_length is not None and issuers > basic.path_length:
        expected = f"at most {basic.path_length} intermediates below it"
        yield _fault(
            "path-length",
            VerifyCode.PATH_LENGTH_EXCEEDED,
            path,
            depth,
            expected,
            f"{issuers} below it, {basic.path_length} allowed",
        )


def check_levels(path: Path, rules: PathRules) -> Iterator[Fault]:
    """Check issuers' keys and all signatures but the anchor's against the security level (``check_auth_level``)."""
    wanted = _minimum(rules)
    if not wanted:
        return
    signed = len(path.links) - (not path.awaits_issuer)
    for depth, link in enumerate(path.links):
        if depth:
            yield from check_key(path, depth, rules)
        algorithm = link.certificate.signature_algorithm
        # Of an unknown algorithm there is nothing to say but that no issuer is found for it.
        judged = depth < signed and not (path.awaits_issuer and link is path.top and algorithm.key_kind is None)
        if judged and algorithm.strength < wanted:
            expected = f"a signature of at least {wanted} security bits (security level {rules.security_level})"
            bits = f"{algorithm.strength} security bits" if algorithm.strength >= 0 else "OpenSSL gives it no strength"
            actual = f"{algorithm.name} ({bits})"
            yield _fault("weak-signature", VerifyCode.CA_MD_TOO_WEAK, path, depth, expected, actual)


def check_identity(path: Path, reference: ReferenceIdentity | None) -> Iterator[Fault]:
    """Match the reference identity against the end-entity (``check_id``)."""
    certificate = path.links[0].certificate
    if reference is None or matches(certificate, reference):
        return
    code = VerifyCode.HOSTNAME_MISMATCH if reference.address is None else VerifyCode.IP_ADDRESS_MISMATCH
    extensions = certificate.extensions
    if SUBJECT_ALT_NAME in extensions.present and extensions.subject_alt_name is None:
        # What it says cannot be known, so that no name can be called missing.
        expected = "a certificate that follows RFC 5280 sections 4.1 and 4.2"
        yield _fault("malformed", code, path, 0, expected, extensions.problems[0])
        return
    listed = refusals(certificate, reference)
    presented = [refusal.presented for refusal in listed if refusal.kind != "common name"]
    yield Fault(
        kind="name-mismatch",
        code=code,
        depth=0,
        certificate=certificate,
        expected=reference.name,
        actual=", ".join(presented) or "no name at all",
        anchor=path.links[0].anchor,
        refusals=listed,
    )


def check_revocation(path: Path, rules: PathRules) -> Iterator[Fault]:
    """Say that revocation could not be checked: no CRL is at hand (``check_revocation``)."""
    if rules.crl_check and path.links[0].certificate.extensions.proxy_path_length is None:
        expected, actual = "a CRL of the issuer", "none"
        yield _fault("revocation-unknown", VerifyCode.UNABLE_TO_GET_CRL, path, 0, expected, actual)


def check_signatures_and_times(path: Path, rules: PathRules) -> Iterator[Fault]:
    """Check signatures and validity from the top down (``internal_verify``)."""
    top = len(path.links) - 1
    for depth in range(top, -1, -1):
        link = path.links[depth]
        if depth < top:
            yield from _signature(path, depth)
        elif top and not link.certificate.is_self_signed and not rules.partial_chain and not path.awaits_issuer:
            continue
        yield from _times(path, depth, rules)


def _signature(path: Path, depth: int) -> Iterator[Fault]:
    subject, issuer = path.links[depth].certificate, path.links[depth + 1].certificate
    if signed_by(subject, issuer) is False:
        expected = "a signature that its issuer's key verifies"
        actual = f"a signature that the key of {issuer.label} does not verify"
        if not subject.signature_consistent:
            actual = "two different signature algorithms inside and outside the signed part"
        yield _fault("signature", VerifyCode.CERT_SIGNATURE_FAILURE, path, depth, expected, actual)


def _times(path: Path, depth: int, rules: PathRules) -> Iterator[Fault]:
    certificate = path.links[depth].certificate
    expected = "a time that can be read (RFC 5280 section 4.1.2.5)"
    now = rules.now.replace(microsecond=0)
    if certificate.not_before is None:
        code = VerifyCode.ERROR_IN_CERT_NOT_BEFORE_FIELD
        yield _fault("malformed", code, path, depth, expected, "an unreadable notBefore")
    elif certificate.not_before > now:
        yield _fault("not-yet-valid", VerifyCode.CERT_NOT_YET_VALID, path, depth, "", "")
    if certificate.not_after is None:
        code = VerifyCode.ERROR_IN_CERT_NOT_AFTER_FIELD
        yield _fault("malformed", code, path, depth, expected, "an unreadable notAfter")
    elif certificate.not_after <= now:
        yield _fault("expired", VerifyCode.CERT_HAS_EXPIRED, path, depth, "", "")


def check_name_constraints(path: Path, reference: ReferenceIdentity | None) -> Iterator[Fault]:
    """Check every certificate against the name constraints above it (``check_name_constraints``)."""
    # Python hands the flag that ignores common names to OpenSSL together with a host name only.
    by_host = reference is not None and reference.address is None and not reference.common_name_fallback
    certificates = tuple(link.certificate for link in path.links)
    for depth, above, code, name in _violations(certificates, with_common_names=not by_host):
        yield _fault("name-constraint", code, path, depth, _allowed(certificates[above], code), name)


def _allowed(authority: Certificate, code: VerifyCode) -> str:
    limits = authority.extensions.name_constraints
    if limits is not None and code == VerifyCode.PERMITTED_VIOLATION:
        return f'only names that "{authority.label}" permits: {_told(limits.permitted)}'
    if limits is not None and code == VerifyCode.EXCLUDED_VIOLATION:
        return f'no names that "{authority.label}" excludes: {_told(limits.excluded)}'
    return f'only names that the constraints of "{authority.label}" allow'


def _told(subtrees: Sequence[Subtree]) -> str:
    # A hostile authority limits many thousands of names, and each certificate below it breaks them.
    first = listed(each.text for each in subtrees[:_SUBTREES_TOLD])
    return f"{first} and {len(subtrees) - _SUBTREES_TOLD} more" if len(subtrees) > _SUBTREES_TOLD else first


# What would be with another trust store or another rule is asked for the same path again and again.
@lru_cache(maxsize=32)
def _violations(
    certificates: tuple[Certificate, ...], *, with_common_names: bool
) -> tuple[tuple[int, int, VerifyCode, str], ...]:
    """Return where a name is, where the constraint is, how it is broken, and the name."""
    found = []
    limits, effort = _limits(certificates), Effort()
    for depth in range(len(certificates) - 1, -1, -1):
        certificate = certificates[depth]
        if depth and certificate.is_self_issued:
            continue
        names = Names(certificate, effort, with_common_names=depth == 0 and with_common_names)
        for above, limit in limits:
            if above <= depth:
                break
            broken = limit.violation(names)
            if broken:
                found.append((depth, above, *broken))
    return tuple(found)


def _limits(certificates: tuple[Certificate, ...]) -> list[tuple[int, Limits]]:
    # A circle of trust anchors brings the same certificate many times.
    made = {
        one: Limits(one.extensions.name_constraints)
        for one in dict.fromkeys(certificates)
        if one.extensions.name_constraints is not None
    }
    return [(depth, made[one]) for depth, one in reversed(list(enumerate(certificates))) if one in made]
