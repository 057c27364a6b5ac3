"""One answer for each topic: ok, problem, skipped or inconclusive, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes.chosen_proxy import chosen_by
from sslwhy.causes.registry import cause_named
from sslwhy.facts.missing import Missing
from sslwhy.report.values import Check


if TYPE_CHECKING:
    from collections.abc import Sequence

    from sslwhy.causes.case import Case
    from sslwhy.report.values import CheckResult, Finding


def check_topic(topic: str, case: Case, findings: Sequence[Finding]) -> Check:
    """Return the answer to one topic."""
    mine = [finding for finding in findings if _belongs(finding, topic)]
    if mine:
        codes = ", ".join(dict.fromkeys(finding.code for finding in mine))
        sure = any(finding.confidence == "confirmed" for finding in mine)
        return Check(topic, "problem" if sure else "inconclusive", codes)
    result, reason = _without_finding(topic, case)
    return Check(topic, result, reason)


def _protocol(case: Case) -> object:
    """Return what the protocol was judged from: the client's own offer, and after a refusal the probes, too."""
    observed = case.evidence.observed
    refused = observed.failed and observed.verify_code is None and observed.stage == "handshake"
    return case.evidence.peer if refused and case.evidence.offer else case.evidence.offer


def _belongs(finding: Finding, topic: str) -> bool:
    cause = cause_named(finding.code)
    # "unclassified" claims nothing, so it answers no question either.
    return cause is not None and cause.topic == topic and cause.specificity > 0


def _without_finding(topic: str, case: Case) -> tuple[CheckResult, str]:
    evidence = case.evidence
    needed: dict[str, object] = {
        "answer": evidence.answer,
        "protocol": _protocol(case),
        "client certificate": evidence.client_certificate,
        "validity": case.path,
        "identity": case.path if case.reference else Missing("no host name is verified on this connection"),
        "path": case.path,
        "trust store": evidence.trust,
        "content": case.path,
    }
    found = needed.get(topic)
    if isinstance(found, Missing):
        return "skipped", found.reason
    return "ok", f"through {chosen_by(case)}" if topic == "proxy" and evidence.route.proxy else ""
