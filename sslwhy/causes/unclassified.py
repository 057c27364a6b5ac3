"""The honest end: everything seen is printed, nothing is claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes import offers
from sslwhy.causes.base import Cause
from sslwhy.facts.tls.alerts import alert_name
from sslwhy.report.values import YOU, Remedy
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.case import Case
    from sslwhy.facts.observed import Observed
    from sslwhy.report.values import Finding


class Unclassified(Cause):
    """A failure that the evidence does not explain.

    Seen as:
        Any error of the TLS library or of the connection that no other cause accounts for.

    What it is:
        Not known. The report prints what was seen and claims nothing.

    How it is found:
        No cause that could produce the observed error was proven or made likely by the evidence.

    What to do:
        Run ``sslwhy check`` from the same machine: it may open connections of its own and sees more. If the answer
        stays the same, send the whole report to whoever runs the server.
    """

    code = "unclassified"
    topic = "answer"
    specificity = 0

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return ``True``: it stands in where nothing else does."""
        return True

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Find nothing: the judge puts this cause in where no other explains the failure."""
        return ()


def unclassified(case: Case) -> Finding:
    """Return the finding that claims nothing."""
    evidence = case.evidence
    seen = evidence.observed
    words = [f"{name} {value}" for name, value in _numbers(seen) if value not in {None, ""}]
    words += offers.answers_in_words(case)
    send = Remedy(YOU, "send this report to whoever runs the server")
    return Unclassified.finding(
        f"{_what(seen)} at {evidence.target.authority}, cause not known",
        expected="a completed call",
        actual="; ".join(filter(None, [clean(seen.message or "", 300), *words])),
        confidence="possible",
        remedies=[*offers.checks(case, _CHECK)] or [send] if evidence.target.host else [send],
    )


_CHECK = "check the server from this machine and send the report to whoever runs it"


def _what(seen: Observed) -> str:
    """Return the most telling word that was seen: the alert that the peer sent, OpenSSL's reason, the error's class."""
    if seen.alert is not None:
        return f"alert {alert_name(seen.alert)} from the server"
    return clean(seen.reason or seen.root_type or seen.type or "an error")


def _numbers(seen: Observed) -> Iterable[tuple[str, object]]:
    yield "stage", seen.stage
    yield "verify code", f"{seen.verify_code} ({seen.verify_message})" if seen.verify_code else None
    yield "reason", seen.reason
    yield "alert", alert_name(seen.alert) if seen.alert is not None else None
    yield "errno", seen.errno
    yield "status", seen.status
