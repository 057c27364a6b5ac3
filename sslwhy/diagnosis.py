"""The one trip: exception, evidence, verdict, report."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from sslwhy.causes.judge import Verdict, judge
from sslwhy.causes.path.chain import chain_links
from sslwhy.evidence.collect import Budget, collect
from sslwhy.evidence.deepen import deepen
from sslwhy.facts.missing import Missing
from sslwhy.journal import attempt
from sslwhy.report.report import Report
from sslwhy.report.values import TrustSummary


if TYPE_CHECKING:
    from collections.abc import Callable

    from sslwhy.evidence.incident import Incident
    from sslwhy.facts.evidence import Evidence
    from sslwhy.policy import Policy

    T = TypeVar("T")

_LONGEST = 86_400.0
"""A day, in seconds: threads and sockets cannot be told to wait without end."""


def diagnose(incident: Incident, policy: Policy) -> Report:
    """Diagnose an incident within the policy's limits.

    Args:
        incident: the failure and the live objects around it.
        policy: how far the diagnosis may go.

    Raises:
        Exception: whatever goes wrong; the caller then keeps its original exception.
    """
    budget = Budget.starting_now(replace(policy, deadline=min(policy.deadline, _LONGEST)))
    return report_on(deepen(collect(incident), incident, budget))


def report_on(evidence: Evidence) -> Report:
    """Judge evidence and put the verdict into a report. Pure: nothing is opened or read."""
    return assemble(judge(evidence))


def assemble(verdict: Verdict) -> Report:
    """Put a verdict into a report."""
    evidence, path = verdict.case.evidence, verdict.case.path
    return Report(
        target=evidence.target,
        operation=evidence.operation,
        observed=evidence.observed,
        findings=verdict.findings,
        chain=() if isinstance(path, Missing) else chain_links(path, verdict.findings),
        trust=_trust(evidence),
        checks=verdict.checks,
        connections=evidence.connections,
    )


def _trust(evidence: Evidence) -> TrustSummary | None:
    if isinstance(evidence.trust, Missing):
        return None
    store = evidence.trust.store
    return TrustSummary(store.source, store.location, len(store.anchors))


def within_deadline(work: Callable[[], T], seconds: float) -> T | None:
    """Do a diagnosis in a thread of its own and wait for it no longer than the deadline.

    Args:
        work: the diagnosis.
        seconds: how long to wait.

    Returns:
        What it returned, or ``None`` when the deadline passed or the diagnosis failed: the caller then keeps its
        original exception. A diagnosis that is late ends by itself, for each of its connections has a time limit of
        its own.
    """
    done: list[T | None] = []
    thread = threading.Thread(target=lambda: done.append(attempt(work)), name="sslwhy-diagnosis", daemon=True)
    thread.start()
    thread.join(min(seconds, _LONGEST))
    return done[0] if done else None


def without_connections(policy: Policy) -> Policy:
    """Return the policy with connections and fetching ruled out."""
    return replace(policy, connect=False, fetch_issuers=False)
