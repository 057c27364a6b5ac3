"""The server wants a client certificate, and none was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sslwhy.causes import offers, snippets
from sslwhy.causes.base import Cause
from sslwhy.causes.client.view import (
    ABSENT,
    CERTIFICATE_REQUIRED,
    HANDSHAKE_FAILURE,
    ClientView,
    may_concern_client_certificate,
)
from sslwhy.facts import questions
from sslwhy.facts.peer import AlertReceived
from sslwhy.facts.tls.alerts import alert_name
from sslwhy.report.values import SERVER_OPERATOR, YOU, Remedy
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.case import Case
    from sslwhy.facts.answer import AnswerVerdict
    from sslwhy.facts.observed import Observed
    from sslwhy.report.values import Confidence, Finding


class Refusal(Cause):
    """What the causes share that the server decides: it wants a certificate, or refuses ours."""

    topic = "client certificate"
    subject = "client"
    told_in_answers: ClassVar[bool] = False

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the error can come from the client certificate, or is an answer that speaks of it."""
        return may_concern_client_certificate(observed) or (cls.told_in_answers and observed.stage == "answer")


class ClientCertificateRequired(Refusal):
    """The server wants a client certificate, and none was sent.

    Seen as:
        ``TLSV13_ALERT_CERTIFICATE_REQUIRED``; up to TLS 1.2 ``SSLV3_ALERT_HANDSHAKE_FAILURE`` or
        ``SSLV3_ALERT_BAD_CERTIFICATE``; with TLS 1.3 and a POST often only ``EOF occurred in violation of protocol`` or
        a reset; as an answer, HTTP 400, 403 or 496.

    What it is:
        The service authenticates its callers by certificate (mutual TLS). The program presented none, or its library
        found none that the server's demand allows. In TLS 1.3 the refusal comes only after the handshake, and the data
        of a request may overtake it, so the same cause shows in different ways from one call to the next.

    How it is found:
        The server's CertificateRequest is read from a ClientHello of TLS 1.2, in plain text, with the names of the CAs
        that it accepts. Where only TLS 1.3 is spoken, one verified handshake without a certificate is completed and the
        server's alert awaited; nothing is sent.

    What to do:
        Give the session the certificate that the service's operator issued for this program. A certificate in
        ``verify`` or in a WS-Security signature is something else and does not count.
    """

    code = "client-certificate-required"
    specificity = 65
    told_in_answers = True

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the call carried none and the server asked for one."""
        view, seen = ClientView(case), case.evidence.observed
        if (verdict := case.answer) and verdict.code == cls.code:
            yield required_finding(case, in_words(verdict), confidence=verdict.confidence)
        if not may_concern_client_certificate(seen):
            return
        if case.evidence.client_certificate and seen.alert != CERTIFICATE_REQUIRED:
            return
        if not (view.demanded or (view.after_server_certificate and seen.alert == HANDSHAKE_FAILURE)):
            return
        if not view.after_server_certificate and (case.evidence.offer or offers.refused_again(case)):
            # A demand comes with the server's certificate: what was refused before that was refused for something else.
            yield required_finding(case, _NEXT, confidence="possible")
            return
        proven = view.proven_demand or (view.request is not None and seen.alert in ABSENT)
        sure: Confidence = "confirmed" if proven else "possible" if view.undemanded else "likely"
        yield required_finding(case, _met(case), confidence=sure)


_NEXT = "this handshake failed before that, but the server asks for one as soon as its own certificate is sent"


def _met(case: Case) -> str:
    """Return how the refusal was seen: in the call, or by the probe that shook hands and listened."""
    seen, heard = case.evidence.observed, offers.survey_of(case).answer(questions.AFTER_HANDSHAKE)
    if seen.alert is not None:
        return f"alert {alert_name(seen.alert)}"
    ended = "the connection ended without an alert"
    if isinstance(heard, AlertReceived):
        return f"{ended}; to a handshake without a request the server said {alert_name(heard.number)}"
    return ended


def required_finding(case: Case, met: str, *, confidence: Confidence = "confirmed") -> Finding:
    """Return the finding that a client certificate is demanded; ``met`` says how the refusal was seen."""
    names = ClientView(case).accepted_names
    accepted = f", issued by one of: {names}" if names else ""
    unsent = (
        "and the one that cert names was not sent" if case.evidence.client_certificate else "and the call carried none"
    )
    return ClientCertificateRequired.finding(
        f"{case.evidence.target.authority} wants a client certificate, {unsent}",
        expected=f"a client certificate{accepted}",
        actual=f"none was sent; {met}",
        confidence=confidence,
        alternatives=_OTHERWISE[confidence],
        remedies=[
            _own_certificate(case),
            Remedy(SERVER_OPERATOR, "tell callers which CA issues their certificates, and issue one"),
        ],
    )


_OTHERWISE: dict[Confidence, tuple[str, ...]] = {
    "confirmed": (),
    "likely": ("the server refused the call for another reason of its own",),
    "possible": ("the server also goes on without one: the failure has another reason",),
}


def in_words(verdict: AnswerVerdict) -> str:
    """Return whose words an answer is in, and which."""
    return f"{clean(verdict.platform)} answered: {clean(verdict.phrase)}"


def _own_certificate(case: Case) -> Remedy:
    text = "give the client a certificate and its private key; both in PEM, and the certificate with its intermediates"
    return Remedy(YOU, text, snippet=snippets.with_certificate(case, "client.pem", "client-key.pem"))
