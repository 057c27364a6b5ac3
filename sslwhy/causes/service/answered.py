"""Causes behind the service: the call arrived, and the answer says that the service itself failed at TLS."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sslwhy.causes.answers.letter import letter, meaning
from sslwhy.causes.answers.remedies import upstream_remedies
from sslwhy.causes.base import Cause
from sslwhy.report.values import YOU
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.case import Case
    from sslwhy.facts.answer import Answer, AnswerVerdict
    from sslwhy.facts.observed import Observed
    from sslwhy.report.values import Finding, Remedy


class _Upstream(Cause):
    """What both upstream causes share: they are read from an answer and are nobody's fault on this side."""

    topic = "answer"
    specificity = 90

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the failure is an answer of the service."""
        return observed.stage == "answer"

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the answer was judged to say so."""
        verdict, answer = case.answer, case.evidence.answer
        if verdict is None or not answer or verdict.code != cls.code:
            return
        yield cls.finding(
            f"the service at {case.evidence.target.authority} {meaning(verdict)}",
            expected="an answer of the service",
            actual=f"{_kind(answer)} in the words of {clean(verdict.platform)}: {clean(verdict.phrase)}",
            confidence=verdict.confidence,
            alternatives=() if verdict.confidence == "confirmed" else ("the text only quotes such an error",),
            remedies=_remedies(case, answer, verdict),
        )


class UpstreamTrustFailure(_Upstream):
    """The service could not trust a service behind it.

    Seen as:
        A SOAP Fault or an error page over a working connection, for instance ``Could not establish trust
        relationship for the SSL/TLS secure channel`` (.NET), ``PKIX path building failed`` (Java), HTTP 526.

    What it is:
        The program called the service and was answered. The service itself calls another server and could not verify
        that server's certificate. The trust store that matters is the service's, not this machine's.

    How it is found:
        The Fault or page holds a phrase that only TLS software prints, at a place where only error handlers write. Text
        that merely mentions TLS in business data is left alone.

    What to do:
        Nothing on this side. Send the service's owner the message that the report holds: their operator adds the
        missing CA to the service's trust store, or has the server behind present its full chain.
    """

    code = "upstream-trust-failure"


class UpstreamTlsFailure(_Upstream):
    """The service could not complete a TLS handshake with a service behind it.

    Seen as:
        A SOAP Fault or an error page over a working connection, for instance ``Could not create SSL/TLS secure
        channel`` (.NET), ``Received fatal alert: handshake_failure`` (Java), HTTP 525 (Cloudflare).

    What it is:
        The program called the service and was answered. The service itself calls another server, and the two have no
        protocol version, cipher or client certificate in common.

    How it is found:
        The Fault or page holds a phrase that only TLS software prints, at a place where only error handlers write.

    What to do:
        Nothing on this side. Send the service's owner the message that the report holds.
    """

    code = "upstream-tls-failure"


def _kind(answer: Answer) -> str:
    status = f" (HTTP {answer.status})" if answer.status else ""
    return ("a SOAP Fault" if answer.kind == "fault" else "an error page") + status


def _remedies(case: Case, answer: Answer, verdict: AnswerVerdict) -> Iterable[Remedy]:
    """Return the remedies; the caller's own carries the message to send."""
    evidence = case.evidence
    known = replace(answer, url=answer.url or evidence.target.url)
    message = letter(known, verdict, when=evidence.machine.now, operation=evidence.operation.name)
    for remedy in upstream_remedies(verdict):
        yield replace(remedy, snippet=message) if remedy.actor == YOU else remedy
