"""The one-line form: what a log keeps when it keeps only one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.text import one_line, redact


if TYPE_CHECKING:
    from sslwhy.report.values import Diagnosis

_WORDS = {
    "setup": "TLS set-up for",
    "resolve": "connection to",
    "connect": "connection to",
    "tunnel": "tunnel to",
    "answer": "call to",
}


def render_line(report: Diagnosis) -> str:
    """Return what failed, why, who has to do what, and the code in brackets; never a newline."""
    primary = report.primary
    if primary is None:
        return one_line(f"TLS to {report.target.authority} succeeded: no fault found")
    remedy = f"; {primary.remedies[0].actor}: {primary.remedies[0].text}" if primary.remedies else ""
    return one_line(f"{_failed(report)} failed: {primary.headline}{_hedge(report)}{remedy}") + f" [{primary.code}]"


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


def _failed(report: Diagnosis) -> str:
    words = "tunnel to" if report.observed.proxy else _WORDS.get(report.observed.stage, "TLS to")
    return f"{words} {report.target.authority}"


def _hedge(report: Diagnosis) -> str:
    primary = report.primary
    if primary is None or primary.confidence == "confirmed":
        return ""
    also = f"; or: {primary.alternatives[0]}" if primary.alternatives else ""
    return f" ({primary.confidence}{also})"
