"""Content: keys, signatures, purposes and constraints that OpenSSL refuses although the path is complete."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, ClassVar

from sslwhy.causes.certificates import view as path_view
from sslwhy.causes.certificates.remedies import reissue
from sslwhy.causes.certificates.view import PathCause
from sslwhy.causes.one_host import one_host
from sslwhy.causes.verify_codes import VerifyCode
from sslwhy.facts.client import ClientOffer
from sslwhy.report.values import SERVER_OPERATOR, Remedy
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sslwhy.causes.case import Case
    from sslwhy.causes.path.faults import Fault, FaultKind
    from sslwhy.report.values import Finding

_CAP = 240
_DETAIL_CAP = 100
_LEVEL_1 = 80
"""The security bits that OpenSSL's security level 1 asks for."""


class ContentCause(PathCause):
    """A cause that one kind of fault stands for.

    Attributes:
        kind: the fault.
        problem: what follows the certificate's role in the headline; then comes what was found.
    """

    topic = "content"
    specificity = 56
    kind: ClassVar[FaultKind]
    problem: ClassVar[str]

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield a finding for each fault of this kind."""
        for fault in path_view.faults(case, cls.kind):
            yield cls.finding(
                f"{path_view.role_of(fault, case)} {cls.problem_of(fault)}: {clean(fault.actual, _DETAIL_CAP)}",
                depth=fault.depth,
                expected=clean(fault.expected, _CAP),
                actual=clean(fault.actual, _CAP),
                confidence=path_view.confidence(case),
                subject="local" if fault.anchor and fault.depth else None,
                certificate=path_view.fingerprint_of(fault),
                remedies=cls.remedies(fault, case),
            )

    @classmethod
    def problem_of(cls, fault: Fault) -> str:
        """Return what is wrong, in words."""
        del fault
        return cls.problem

    @classmethod
    @abc.abstractmethod
    def remedies(cls, fault: Fault, case: Case) -> Iterable[Remedy]:
        """Yield what to do about a fault of this kind."""


class WeakKey(ContentCause):
    """A key on the path is too short for the client's security level.

    Seen as:
        ``certificate verify failed: EE certificate key too weak`` (verify code 66) for the server's own certificate,
        ``CA certificate key too weak`` (67) for one above it.

    What it is:
        OpenSSL's security level 2, the default of Debian, Ubuntu and of OpenSSL 3, asks for 112 security bits: RSA
        from 2048 bits on, elliptic curves from 224 bits on. The level also counts for the keys of trust anchors.

    How it is found:
        The strength of every public key on the path is computed as OpenSSL does and compared with the level in force.

    What to do:
        Re-issue the certificate with a key of 2048 bits RSA or on a curve such as P-256.
    """

    code = "weak-key"
    specificity = 61
    kind = "weak-key"
    problem = "has a key that is too weak"

    @classmethod
    def remedies(cls, fault: Fault, case: Case) -> Iterator[Remedy]:
        """Yield the new key first, the lower level last."""
        yield reissue("re-issue the certificate with a new key: RSA of 2048 bits or more, or a curve such as P-256")
        strength = fault.certificate.key.strength if fault.certificate else None
        yield from lower_level(case, strength or 0)


class WeakSignature(ContentCause):
    """A certificate on the path is signed with a hash function that is too weak.

    Seen as:
        ``certificate verify failed: CA signature digest algorithm too weak`` (verify code 68); also as ``ca md too
        weak``.

    What it is:
        SHA-1 and MD5 signatures can be forged and are refused from security level 1 on. The words speak of the CA,
        but the certificate at fault may be the server's own. The signature of the trust anchor itself is never
        checked.

    How it is found:
        The signature algorithm of every certificate below the trust anchor is compared with the level in force.

    What to do:
        Re-issue the certificate with SHA-256.
    """

    code = "weak-signature"
    specificity = 55
    kind = "weak-signature"
    problem = "has a signature that is too weak"

    @classmethod
    def remedies(cls, fault: Fault, case: Case) -> Iterator[Remedy]:
        """Yield the new signature first, the lower level last."""
        del fault
        yield reissue("have the certificate re-issued with a SHA-256 signature, and the issuer's default changed to it")
        yield from lower_level(case, 0)


def lower_level(case: Case, strength: int) -> Iterator[Remedy]:
    """Yield the way out of a security level, for one host only, where it is the only thing that is wrong.

    Args:
        case: the case.
        strength: the security bits that are there; level 1 is enough for 80.
    """
    faults = list(path_view.faults(case, "weak-key", "weak-signature"))
    path, offer = case.path, case.evidence.offer or ClientOffer()
    if not path or len(faults) != len(path.faults) or offer.security_level <= 0:
        return
    level = 1 if strength >= _LEVEL_1 and offer.security_level > 1 else 0
    text = (
        f"only until then: allow security level {level} for this one host; whoever can break the weak key or forge the "
        "weak signature can pose as this server"
    )
    yield one_host(case, text, f'context.set_ciphers("DEFAULT@SECLEVEL={level}")')


class WrongKeyUsage(ContentCause):
    """A certificate on the path is not meant for TLS servers.

    Seen as:
        ``certificate verify failed: unsuitable certificate purpose`` (verify code 26; ``unsupported certificate
        purpose`` before OpenSSL 3).

    What it is:
        The extended key usage, key usage or Netscape certificate type is there and does not allow server
        authentication, typically a client certificate that was put on a server. An extended key usage in an issuer
        restricts what lies below; ``anyExtendedKeyUsage`` does not count as server authentication.

    How it is found:
        OpenSSL's rules for the purpose ``sslserver`` are applied to every certificate of the path.

    What to do:
        Re-issue the certificate with extended key usage serverAuth.
    """

    code = "wrong-key-usage"
    kind = "purpose"
    problem = "is not meant for TLS servers"

    @classmethod
    def remedies(cls, fault: Fault, case: Case) -> Iterator[Remedy]:
        """Yield the new certificate."""
        del case
        if fault.depth:
            yield reissue("use an authority whose certificate allows server authentication")
        else:
            yield reissue("re-issue the certificate with extended key usage serverAuth and key usage digitalSignature")


class NotACa(ContentCause):
    """A certificate signed another one but may not.

    Seen as:
        ``certificate verify failed: invalid CA certificate`` (verify code 79; 24 before OpenSSL 3).

    What it is:
        The issuer on the path has no basic constraints with cA, or a key usage without keyCertSign: a server
        certificate was used to sign another one, or a home-made authority lacks the extensions.

    How it is found:
        OpenSSL's CA rules are applied to every certificate above the end-entity.

    What to do:
        Re-issue the authority's certificate as a CA certificate, or the certificate from a real authority.
    """

    code = "not-a-ca"
    kind = "not-a-ca"
    problem = "may not issue certificates, but issued the one below it"

    @classmethod
    def problem_of(cls, fault: Fault) -> str:
        """Return what is wrong; of the end-entity only that it is neither one thing nor the other."""
        return cls.problem if fault.depth else "looks like a CA certificate, but is none"

    @classmethod
    def remedies(cls, fault: Fault, case: Case) -> Iterator[Remedy]:
        """Yield the new authority."""
        del fault, case
        text = (
            "re-issue the authority's certificate with basic constraints CA:TRUE, critical, and key usage keyCertSign"
        )
        yield reissue(text)


class PathLengthExceeded(ContentCause):
    """There are more intermediates below an authority than it allows.

    Seen as:
        ``certificate verify failed: path length constraint exceeded`` (verify code 25).

    What it is:
        An authority's basic constraints limit how many intermediates may follow (0: it may only sign end-entities),
        and one more was made. Self-issued certificates do not count.

    How it is found:
        The intermediates below every certificate of the path are counted and compared with its path length.

    What to do:
        Issue the certificate from an authority that is allowed to, or re-issue the authority with a larger path
        length.
    """

    code = "path-length-exceeded"
    kind = "path-length"
    problem = "allows fewer intermediates below it than there are"

    @classmethod
    def remedies(cls, fault: Fault, case: Case) -> Iterator[Remedy]:
        """Yield the way out by another issuer."""
        del case
        name = path_view.name_of(fault.certificate)
        text = f"have the certificate issued by {name} itself, or have {name} re-issued with a larger path length"
        yield Remedy(SERVER_OPERATOR, text)


class NameConstraintViolation(ContentCause):
    """An authority is limited to certain names, and a certificate below it carries another.

    Seen as:
        ``certificate verify failed: permitted subtree violation`` (verify code 47), ``excluded subtree violation``
        (48), or one of the codes 49, 51, 52, 53 for constraints and names that OpenSSL cannot compare; ``RFC 3779
        resource not subset of parent's resources`` (46).

    What it is:
        Name constraints in a CA certificate, typically of a company's or a state's authority, permit or exclude DNS
        names, IP ranges, mail addresses or directory names. Or the certificate claims IP addresses or AS numbers (RFC
        3779) that its issuer does not hold.

    How it is found:
        Every name in every certificate is compared with the constraints of all certificates above it, the trust
        anchor's included.

    What to do:
        Have the certificate issued without the name, or by an authority that may issue it.
    """

    code = "name-constraint-violation"
    specificity = 48
    kind = "name-constraint"
    problem = "carries a name that an authority above it may not certify"

    @classmethod
    def problem_of(cls, fault: Fault) -> str:
        """Return what is wrong: with a name, or with the addresses and AS numbers of RFC 3779."""
        claimed = "does not hold all IP addresses and AS numbers that the certificate below it claims"
        return claimed if fault.code is VerifyCode.UNNESTED_RESOURCE else cls.problem

    @classmethod
    def remedies(cls, fault: Fault, case: Case) -> Iterator[Remedy]:
        """Yield the way out by other names or another issuer."""
        del case
        if fault.code is VerifyCode.UNNESTED_RESOURCE:
            yield reissue("have the server's certificate issued without the RFC 3779 extensions: TLS needs none")
            return
        yield reissue("have the certificate issued without that name, or by an authority that may certify it")
