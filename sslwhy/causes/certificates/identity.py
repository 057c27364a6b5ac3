"""Identity: the certificate does not carry the name that the client asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes.certificates import view as path_view
from sslwhy.causes.certificates.view import PathCause
from sslwhy.causes.path.identity import ReferenceIdentity, matches
from sslwhy.report.values import SERVER_OPERATOR, YOU, Remedy
from sslwhy.text import clean, listed


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sslwhy.causes.case import Case
    from sslwhy.causes.path.faults import Fault
    from sslwhy.causes.path.identity import Refusal
    from sslwhy.facts.x509.certificate import Certificate
    from sslwhy.report.values import Finding

_EXPLAINED = 5
_NAMED = 3
_SHORT = 60


class _Mismatch(PathCause):
    topic = "identity"
    specificity = 52

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the reference identity is not among the presented identifiers."""
        reference = case.reference
        for fault in path_view.faults(case, "name-mismatch"):
            if reference is None or fault.certificate is None or _code_for(fault.certificate, reference) != cls.code:
                continue
            yield cls.finding(
                _headline(cls.code, fault.certificate, reference, case),
                depth=0,
                expected=f"a SAN entry that matches {clean(reference.name, 100)}",
                actual=_actual(fault, fault.certificate),
                confidence=path_view.confidence(case),
                certificate=fault.certificate.sha256,
                remedies=_remedies(cls.code, fault, reference, case),
            )


class HostnameMismatch(_Mismatch):
    """The certificate is for other names than the one in the URL.

    Seen as:
        ``certificate verify failed: Hostname mismatch, certificate is not valid for 'x'`` (verify code 62).

    What it is:
        Another virtual host's or a default certificate was served, the URL uses an alias that the certificate does
        not list, or a rule of matching says no: a wildcard covers one label only and never one with an underscore,
        and a common name does not count.

    How it is found:
        Every identifier in the certificate is compared with the name that was asked for, exactly as OpenSSL does (RFC
        9525), and each says why it does not match.

    What to do:
        Call the server by a name that it presents, or have a certificate issued with the missing name in the SAN.
        OpenSSL checks the name before dates and signatures: other faults may hide behind it, and are listed too.
    """

    code = "hostname-mismatch"


class IpAddressMismatch(_Mismatch):
    """The server was called by an IP address that its certificate does not carry.

    Seen as:
        ``certificate verify failed: IP address mismatch, certificate is not valid for '192.0.2.1'`` (verify code 64).

    What it is:
        An IP address only matches an iPAddress entry of the SAN. A DNS name, a common name, or the address written as
        a DNS name never does.

    How it is found:
        The iPAddress entries of the presented certificate are compared with the address in the URL, octet by octet.

    What to do:
        Use one of the DNS names that the certificate carries; where there must be an address, re-issue the
        certificate with an iPAddress entry.
    """

    code = "ip-address-mismatch"


class MissingSubjectAlternativeName(_Mismatch):
    """The certificate names the server in its common name only.

    Seen as:
        ``Hostname mismatch, certificate is not valid for 'x'`` (verify code 62) or ``IP address mismatch`` (64),
        although the certificate's subject shows the right name.

    What it is:
        The certificate has no SAN with names. Common names have not counted for urllib3 since its version 2, as RFC
        9525 wants it. Old internal CAs and ``openssl req -x509`` without ``-addext`` make such certificates.

    How it is found:
        The SAN of the presented certificate holds no DNS name and no IP address; the common name is the name asked
        for, or there is none either.

    What to do:
        Re-issue the certificate with the name in the SAN.
    """

    code = "missing-subject-alternative-name"


def _code_for(certificate: Certificate, reference: ReferenceIdentity) -> str:
    named = certificate.dns_names or certificate.ip_addresses
    if not named and (not certificate.common_names or _meant(certificate, reference)):
        return MissingSubjectAlternativeName.code
    return HostnameMismatch.code if reference.address is None else IpAddressMismatch.code


def _meant(certificate: Certificate, reference: ReferenceIdentity) -> bool:
    if reference.address is not None:
        return reference.name in certificate.common_names
    return matches(certificate, ReferenceIdentity(reference.name, common_name_fallback=True))


def _headline(code: str, certificate: Certificate, reference: ReferenceIdentity, case: Case) -> str:
    role, name = f"server certificate for {case.evidence.target.authority}", clean(reference.name, 100)
    if code == MissingSubjectAlternativeName.code:
        return f"{role} has no subject alternative name (SAN), so it is valid for no name at all"
    if code == IpAddressMismatch.code:
        return f"{role} is not valid for the IP address {name}{_only_for(certificate.ip_addresses)}"
    return f"{role} is not valid for the name {name}{_only_for(certificate.dns_names)}"


def _only_for(names: tuple[str, ...]) -> str:
    return f", only for {listed((clean(name, _SHORT) for name in names), _NAMED)}" if names else ""


def _actual(fault: Fault, certificate: Certificate) -> str:
    reasons = [_reason(refusal) for refusal in fault.refusals[:_EXPLAINED]]
    count = len(certificate.extensions.subject_alt_name or ()) + len(certificate.common_names)
    more = f" and {count - len(reasons)} more" if count > len(reasons) and reasons else ""
    return "; ".join(reasons) + more if reasons else "no DNS name, no IP address and no common name"


def _reason(refusal: Refusal) -> str:
    return f"{refusal.kind} {clean(refusal.presented, 80)}: {refusal.reason}"


def _remedies(code: str, fault: Fault, reference: ReferenceIdentity, case: Case) -> Iterator[Remedy]:
    certificate, name = fault.certificate, clean(reference.name, 100)
    kind = "iPAddress" if reference.address is not None else "DNS name"
    names = certificate.dns_names if certificate else ()
    if code == HostnameMismatch.code:
        text = f"bind the certificate for this name to the listener, or re-issue it with {name} in the SAN"
        yield Remedy(SERVER_OPERATOR, text)
    else:
        yield Remedy(SERVER_OPERATOR, f"re-issue the certificate with {name} as {kind} in the SAN")
    # An IP address that is written as a DNS name matches nothing.
    usable = [one for one in names if "*" not in one and ReferenceIdentity(one).address is None]
    if usable:
        text = f"call the server by a name that it presents, if that is the server you mean: {listed(usable)}"
        yield Remedy(YOU, text)
    if case.evidence.operation.origin == "wsdl-address":
        text = "the failing address was written in the WSDL: name the endpoint yourself with create_service"
        yield Remedy(YOU, text)
