"""The one-line form: what a log keeps when it keeps only one line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sslwhy.text import clean, one_line, redact


if TYPE_CHECKING:
    from sslwhy.report.values import Diagnosis, Finding

_WORDS = {
    "setup": "TLS set-up for",
    "resolve": "connection to",
    "connect": "connection to",
    "tunnel": "tunnel to",
    "answer": "call to",
}
_CLAIMS_NOTHING = "unclassified"


def render_line(report: Diagnosis) -> str:
    """Return what failed, why, who has to do what, and the code in brackets; never a newline."""
    primary = report.primary
    if primary is None:
        return one_line(f"TLS to {report.target.authority} succeeded: no fault found")
    remedy = f"; {primary.remedies[0].actor}: {_first_clause(primary.remedies[0].text)}" if primary.remedies else ""
    others = [each.code for each in report.findings[1:] if each.confidence == "confirmed" and each.code != primary.code]
    also = f"; also: {', '.join(dict.fromkeys(others))}" if others else ""
    told = one_line(f"{_failed(report)} failed: {_briefly(report)}{_hedge(primary)}{remedy}{also}")
    return f"{told} [{primary.code}]"


def one_line_of(report: Diagnosis, message: str) -> str:
    """Return the one-line form with the original message of the exception inside it.

    Args:
        report: the diagnosis.
        message: what ``str()`` of the original exception gives.
    """
    line = render_line(report)
    head, bracket, code = line.rpartition(" [")
    original = one_line(redact(message))
    return f"{head} ({original}){bracket}{code}" if bracket else f"{line} ({original})"


def doubt(finding: Finding) -> str:
    """Return how sure a finding is, where that has to be said: neither of what is proven nor of what claims nothing."""
    return "" if finding.confidence == "confirmed" or finding.code == _CLAIMS_NOTHING else finding.confidence


def _briefly(report: Diagnosis) -> str:
    """Return the headline without the server's address, with which the line begins."""
    headline, target = (report.primary.headline if report.primary else ""), report.target
    if target.host is None:
        return headline
    place = rf"{re.escape(target.authority)}(?: \({re.escape(clean(target.address or ''))}\))?(?![\w.:-])"
    brief, count = re.subn(f"^{place}", "server", headline)
    return brief if count else re.sub(f"(?<!in place) (?:at|for|of|to) {place}", "", headline, count=1)


def _first_clause(text: str) -> str:
    """Return what is to be done, without the reference, and without what stands behind a semicolon: what to know."""
    return re.sub(r" \(RFC [^)]*\)", "", text.partition("; ")[0])


def _failed(report: Diagnosis) -> str:
    stage, target = report.observed.stage, report.target
    if target.host is None and stage == "setup":
        return "the call"
    words = "tunnel to" if report.observed.proxy else _WORDS.get(stage, "TLS to")
    if words == "TLS to" and (target.url or "").startswith("http:"):
        words = "call to"
    # A name may have several addresses, and what fails at one of them may be fine at the next.
    address = "" if target.address in {None, target.host} else f" ({clean(target.address or '')})"
    return f"{words} {target.authority}{address}"


def _hedge(primary: Finding) -> str:
    if not doubt(primary):
        return ""
    also = f"; or: {primary.alternatives[0]}" if primary.alternatives else ""
    return f" ({primary.confidence}{also})"
