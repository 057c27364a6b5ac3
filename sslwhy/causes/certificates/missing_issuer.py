"""Path: the issuer of a certificate was neither sent nor is it a trust anchor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes import offers
from sslwhy.causes.certificates import remedies
from sslwhy.causes.certificates import view as path_view
from sslwhy.causes.certificates.issuer_clues import clue_in, passed_over, vouched_elsewhere
from sslwhy.causes.certificates.trust_path import OWN_CA
from sslwhy.causes.certificates.view import PathCause
from sslwhy.causes.trust.view import distrust_in
from sslwhy.report.values import SERVER_OPERATOR, YOU, Remedy
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sslwhy.causes.case import Case
    from sslwhy.causes.certificates.issuer_clues import Clue
    from sslwhy.causes.path.faults import Fault
    from sslwhy.facts.x509.certificate import Certificate
    from sslwhy.report.values import Finding


class UnknownIssuer(PathCause):
    """The issuer of a certificate was neither sent nor is it a trust anchor.

    Seen as:
        ``certificate verify failed: unable to get local issuer certificate`` (verify code 20).

    What it is:
        Either the server left out an intermediate, or the certificate comes from a private authority whose root is
        not trusted. With nothing but the server's own certificate the two look the same.

    How it is found:
        The path ends at a certificate whose issuer's name is on no presented certificate and on no trust anchor that
        OpenSSL accepts; one that it passed over is named together with the reason.

    What to do:
        Ask the server's operator which it is: to serve the full chain, or for the private root.
    """

    code = "unknown-issuer"
    topic = "path"
    specificity = 59

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where nothing tells a missing intermediate from a private authority."""
        for fault in path_view.faults(case, "issuer-missing"):
            if fault.certificate is None or _explained_by_store(case, fault) or clue_in(case, fault.certificate):
                continue
            yield cls.finding(
                f"issuer of {path_view.role_of(fault, case)} is neither sent nor trusted",
                depth=fault.depth,
                expected=fault.expected,
                actual=f"{clean(fault.actual, 240)}{passed_over(case, fault)}",
                confidence=path_view.confidence(case),
                alternatives=(
                    "the server does not send an intermediate certificate",
                    "a private authority issued it, whose root this trust store does not hold",
                ),
                certificate=fault.certificate.sha256,
                remedies=_unknown_remedies(case, fault.certificate),
            )


class MissingIntermediate(PathCause):
    """The server does not send the intermediate that issued its certificate.

    Seen as:
        ``certificate verify failed: unable to get local issuer certificate`` (verify code 20), while browsers are
        content.

    What it is:
        A server has to send its certificate and every intermediate up to the root (RFC 8446 section 4.4.2). Browsers
        hide the omission: they remember intermediates or fetch them. Python does neither.

    How it is found:
        Proven by fetching the issuer from the address in the certificate (AIA caIssuers), where policy allows that,
        and by building the path with it. Likely where the certificate was logged publicly (it carries SCTs), where
        its authority key identifier names a trust anchor as the issuer's issuer, or where a trust anchor belongs to
        the same organization.

    What to do:
        The server's operator serves the full chain. Until then the intermediate can be put into a bundle of your own.
    """

    code = "missing-intermediate"
    topic = "path"
    specificity = 60

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the issuer was fetched, or evidence says that it must be an intermediate."""
        for fault in path_view.faults(case, "issuer-missing"):
            clue = clue_in(case, fault.certificate) if fault.certificate else None
            if fault.certificate is None or clue is None or _explained_by_store(case, fault):
                continue
            sent = len(case.chain or ())
            whose = "its certificate" if fault.depth == 0 else path_view.name_of(fault.certificate)
            yield cls.finding(
                f"{case.evidence.target.authority} did not send the intermediate that issued {whose}",
                depth=fault.depth,
                expected="end-entity followed by every intermediate up to a trust anchor (RFC 8446 section 4.4.2)",
                actual=f"{sent} certificate{'s' * (sent > 1)} sent; the issuer {clean(fault.certificate.issuer, 160)} "
                f"is missing; {clue.words}",
                confidence=clue.confidence,
                alternatives=() if clue.confidence == "confirmed" else ("a private authority issued it",),
                certificate=fault.certificate.sha256,
                remedies=_missing_remedies(case, clue),
            )


def _missing_remedies(case: Case, clue: Clue) -> Iterator[Remedy]:
    yield from remedies.avoid_detour(case)
    yield remedies.serve_full_chain()
    if clue.issuer is not None:
        yield from remedies.trust(case, clue.issuer)
    else:
        yield from offers.checks(case, "prove it by fetching the intermediate")


def _unknown_remedies(case: Case, top: Certificate) -> Iterator[Remedy]:
    yield from remedies.avoid_detour(case)
    yield remedies.serve_full_chain()
    yield Remedy(SERVER_OPERATOR, f"if {clean(top.issuer, 120) or 'the issuer'} is your own authority: {OWN_CA}")
    if top.is_ca:
        yield from remedies.trust(case, top)
    yield Remedy(
        YOU, "ask whoever runs the server for the issuer's certificate, and for its fingerprint over another channel"
    )


def _explained_by_store(case: Case, fault: Fault) -> bool:
    distrust = distrust_in(case, offline=True)
    if distrust is None or fault.certificate is None:
        return False
    pinned = distrust.path.presented[0].der in distrust.store.anchors
    empty = not distrust.store.anchors and distrust_in(case) is not None
    return pinned or empty or vouched_elsewhere(case)
