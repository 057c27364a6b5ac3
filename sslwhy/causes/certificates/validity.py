"""Validity: certificates that are expired or not valid yet."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from sslwhy.causes.base import doubt
from sslwhy.causes.certificates import view as path_view
from sslwhy.causes.certificates.clock import clock_proof, set_clock
from sslwhy.causes.certificates.view import PathCause
from sslwhy.report.values import SERVER_OPERATOR, YOU, Remedy
from sslwhy.text import span, utc


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sslwhy.causes.case import Case
    from sslwhy.causes.path.faults import Fault
    from sslwhy.facts.x509.certificate import Certificate
    from sslwhy.report.values import Finding


class _Validity(PathCause):
    topic = "validity"
    specificity = 50
    place: ClassVar[str]

    @classmethod
    def _at(cls, fault: Fault) -> bool:
        if fault.depth == 0:
            return cls.place == "end-entity"
        certificate = fault.certificate
        rooted = certificate is not None and certificate.is_self_issued
        return cls.place == ("root" if rooted else "intermediate")


class _Expired(_Validity):
    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield a finding for each expired certificate at this place of the path."""
        for fault in path_view.faults(case, "expired"):
            certificate = fault.certificate
            if certificate is None or certificate.not_after is None or not cls._at(fault):
                continue
            now = case.evidence.machine.now
            yield _doubted(
                cls.finding(
                    f"{path_view.role_of(fault, case)} expired {utc(certificate.not_after)} "
                    f"({_ago(now - certificate.not_after)})",
                    expected="now between notBefore and notAfter",
                    actual=f"notAfter {utc(certificate.not_after)}; now {utc(now)} (local clock)",
                    depth=fault.depth,
                    confidence=path_view.confidence(case),
                    certificate=certificate.sha256,
                    remedies=cls._remedies(fault, case),
                ),
                certificate,
                case,
            )

    @classmethod
    def _remedies(cls, fault: Fault, case: Case) -> Iterator[Remedy]:
        if cls.place == "end-entity":
            yield Remedy(SERVER_OPERATOR, "renew the certificate and reload the TLS listener")
        elif fault.anchor:
            trust = case.evidence.trust
            public = trust and trust.store.source == "certifi"
            yield Remedy(
                YOU,
                "update the trust store: the authority's renewed root replaces this one",
                command="python -m pip install --upgrade certifi" if public else None,
            )
            yield Remedy(SERVER_OPERATOR, "serve a chain that leads to a root that is still valid")
        else:
            text = "replace the expired certificate in the served chain by the issuer's current one and reload"
            yield Remedy(SERVER_OPERATOR, text)
        yield Remedy(YOU, "if the local clock above is wrong, correct it", command=set_clock(case))


class CertificateExpired(_Expired):
    """The server's own certificate has expired.

    Seen as:
        ``certificate verify failed: certificate has expired`` (verify code 10).

    What it is:
        The certificate's notAfter has passed. Often the renewal ran but the listener was never reloaded, or one node
        behind a load balancer was left out.

    How it is found:
        The end-entity that the failed handshake presented carries a notAfter at or before the local clock. OpenSSL
        counts the very second of notAfter as expired.

    What to do:
        The server's operator renews the certificate and reloads the listener. Where the local clock is wrong, correct
        it.
    """

    code = "certificate-expired"
    place = "end-entity"


class IntermediateExpired(_Expired):
    """A certificate between the server's and the root has expired.

    Seen as:
        ``certificate verify failed: certificate has expired`` (verify code 10), the same words as for the server's
        own.

    What it is:
        The server still sends an intermediate, or an old cross-signed root, whose time is over, although its own
        certificate is fine.

    How it is found:
        The path that OpenSSL takes runs through a certificate above the end-entity with a notAfter in the past. An
        expired certificate that is sent but lies on no path is no fault.

    What to do:
        The server's operator replaces it in the served chain by the issuer's current intermediate.
    """

    code = "intermediate-expired"
    place = "intermediate"


class RootExpired(_Expired):
    """The root at the end of the path has expired.

    Seen as:
        ``certificate verify failed: certificate has expired`` (verify code 10), suddenly and from many servers at
        once.

    What it is:
        OpenSSL checks the dates of a trust anchor as well. A root that expired is still in the trust store (an old
        copy of certifi, a private CA whose ten years are over) or is the only end that the served chain leads to.

    How it is found:
        The last certificate of the path is self-issued and its notAfter is in the past.

    What to do:
        Update the trust store, so that it holds the renewed root; the server's operator serves a chain to a current
        root.
    """

    code = "root-expired"
    place = "root"


class _NotYetValid(_Validity):
    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield a finding for each certificate at this place of the path whose time has not come."""
        for fault in path_view.faults(case, "not-yet-valid"):
            certificate = fault.certificate
            if certificate is None or certificate.not_before is None or not cls._at(fault):
                continue
            now = case.evidence.machine.now
            yield _doubted(
                cls.finding(
                    f"{path_view.role_of(fault, case)} becomes valid only {utc(certificate.not_before)} "
                    f"(in {span(certificate.not_before - now)})",
                    expected="now between notBefore and notAfter",
                    actual=f"notBefore {utc(certificate.not_before)}; now {utc(now)} (local clock)",
                    depth=fault.depth,
                    confidence=path_view.confidence(case),
                    certificate=certificate.sha256,
                    remedies=_not_yet_remedies(fault, case),
                ),
                certificate,
                case,
            )


def _not_yet_remedies(fault: Fault, case: Case) -> Iterator[Remedy]:
    yield Remedy(YOU, "compare the local clock with another one and correct it", command=set_clock(case))
    if fault.anchor and fault.depth:
        yield Remedy(YOU, "until its time comes, keep the authority's previous certificate in the trust store as well")
        return
    yield Remedy(SERVER_OPERATOR, "serve the previous certificate until this one is valid, or have it issued anew")


class CertificateNotYetValid(_NotYetValid):
    """The server's own certificate is not valid yet.

    Seen as:
        ``certificate verify failed: certificate is not yet valid`` (verify code 9).

    What it is:
        The certificate's notBefore lies ahead of the local clock. Either the clock is late (a device that has not
        reached its time server yet, a restored virtual machine) or the certificate was put into service too early,
        for example minted a moment ago on a machine whose clock is ahead.

    How it is found:
        The end-entity that the failed handshake presented carries a notBefore after the local clock.

    What to do:
        Check the clock first; it is the usual cause. Else the server's operator goes back to the previous
        certificate.
    """

    code = "certificate-not-yet-valid"
    place = "end-entity"


class IntermediateNotYetValid(_NotYetValid):
    """A certificate above the server's own, an intermediate or the root, is not valid yet.

    Seen as:
        ``certificate verify failed: certificate is not yet valid`` (verify code 9).

    What it is:
        The issuer's certificate on the path carries a notBefore ahead of the local clock: a new issuing CA or root
        was deployed before its time, or the clock is late. The headline says which certificate it is, and whether it
        was sent or lies in the trust store.

    How it is found:
        A certificate above the end-entity, on the path that OpenSSL takes, carries a notBefore after the local clock.

    What to do:
        Check the clock first; else the server's operator serves the issuer's previous certificate.
    """

    code = "intermediate-not-yet-valid"
    place = "intermediate"

    @classmethod
    def _at(cls, fault: Fault) -> bool:
        # A root whose time has not come has no code of its own.
        return fault.depth > 0


def _doubted(finding: Finding, certificate: Certificate, case: Case) -> Finding:
    proof = clock_proof(case)
    if proof is None:
        return finding
    # With the clock put right the certificate may well be in order.
    sure = proof.exact or proof.moment >= (certificate.not_before or proof.moment)
    words = "the local clock is wrong and the certificate is in order"
    return doubt(finding, "possible" if sure else "likely", words)


def _ago(length: timedelta) -> str:
    return "just now" if length < timedelta(seconds=1) else f"{span(length)} ago"
