"""The verdict: every cause is asked, the primary is chosen, every question gets an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sslwhy.causes.at_proxy import findings_of
from sslwhy.causes.base import TOPICS
from sslwhy.causes.by_verdict import by_verdict
from sslwhy.causes.case import Case
from sslwhy.causes.registry import all_causes, cause_named
from sslwhy.causes.remarks import with_remarks
from sslwhy.causes.topics import check_topic
from sslwhy.causes.unclassified import unclassified


if TYPE_CHECKING:
    from sslwhy.facts.evidence import Evidence
    from sslwhy.facts.observed import Observed
    from sslwhy.report.values import Check, Finding

_SURE = {"confirmed": 2, "likely": 1, "possible": 0}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the evidence says.

    Attributes:
        findings: the primary first, then the others by rank.
        checks: what was asked and answered, one for each topic.
        case: the evidence with its analysis, for the renderers of the chain.
    """

    findings: tuple[Finding, ...]
    checks: tuple[Check, ...]
    case: Case


def judge(evidence: Evidence) -> Verdict:
    """Ask every cause and rank what was found.

    Only a finding that explains the observed error can be the primary: the most specific first, then the surest, then
    the lowest depth. Where none explains it, the primary is what OpenSSL's verdict alone speaks for, or else
    ``unclassified``, and the findings stand behind it.
    """
    case = Case(evidence)
    findings = [finding for cause in all_causes() for finding in findings_of(cause, case)]
    findings = _without_superseded(findings)
    ranked = sorted(findings, key=lambda finding: _rank(finding, evidence.observed))
    if evidence.observed.failed and not (ranked and _explains(ranked[0], evidence.observed)):
        ranked.insert(0, by_verdict(case) or unclassified(case))
    checks = tuple(check_topic(topic, case, ranked) for topic in TOPICS)
    return Verdict(with_remarks(case, ranked), checks, case)


def _without_superseded(findings: list[Finding]) -> list[Finding]:
    sure = {finding.code for finding in findings if finding.confidence == "confirmed"}
    gone = {code for cause in all_causes() if cause.code in sure for code in cause.supersedes}
    return [finding for finding in findings if finding.code not in gone]


def _explains(finding: Finding, observed: Observed) -> bool:
    cause = cause_named(finding.code)
    return cause is not None and cause.explains(observed)


def _rank(finding: Finding, observed: Observed) -> tuple[bool, int, int, int, str]:
    cause = cause_named(finding.code)
    specificity = cause.specificity if cause else 0
    depth = finding.depth if finding.depth is not None else 0
    return not _explains(finding, observed), -specificity, -_SURE[finding.confidence], depth, finding.code
