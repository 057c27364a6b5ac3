"""The block: the whole report for a person, plain text, deterministic."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from sslwhy.text import clean, one_line


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.report.values import ChainLink, Diagnosis, Finding, Remedy

_LABEL = 12
_WIDTH = 116
_CHAIN_SHOWN = 12
_UNSETTLED = {"skipped", "inconclusive"}


def render_block(report: Diagnosis) -> str:
    """Return the block: every finding with its remedies, the chain, what was observed and what was checked."""
    return "\n".join(_lines(report))


def _lines(report: Diagnosis) -> Iterator[str]:
    if not report.findings:
        yield f"ok: no fault found at {report.target.authority}"
    for number, finding in enumerate(report.findings):
        if number:
            yield ""
        yield from _finding(finding, first=number == 0)
    yield ""
    yield from _where(report)
    yield from _chain(report)
    yield from _evidence(report)


def _finding(finding: Finding, *, first: bool) -> Iterator[str]:
    hedge = "" if finding.confidence == "confirmed" else f" ({finding.confidence})"
    yield f"{'error' if first else 'also'}[{finding.code}]: {one_line(finding.headline)}{hedge}"
    yield from _row("expected", finding.expected)
    yield from _row("actual", finding.actual)
    for alternative in finding.alternatives:
        yield from _row("or else", alternative)
    for remedy in finding.remedies:
        yield from _remedy(remedy)


def _remedy(remedy: Remedy) -> Iterator[str]:
    tried = " (tried: the handshake then succeeds)" if remedy.proof == "verified" else ""
    yield from _row("fix", f"{remedy.actor}: {remedy.text}{tried}")
    for code in (remedy.command, remedy.snippet):
        if code:
            # Pasted lines stay whole: a wrapped command is a broken command.
            yield from ((" " * (_LABEL + 4) + line).rstrip() for line in code.strip("\n").splitlines())


def _where(report: Diagnosis) -> Iterator[str]:
    operation, target = report.operation, report.target
    doing = {"wsdl": "loading the WSDL", "schema": "loading a schema", "check": "checking"}.get(operation.kind)
    doing = doing or " ".join(filter(None, (operation.kind, operation.name)))
    yield from _row("while", f"{doing} {target.url or target.authority}")
    if operation.url_source:
        yield from _row("address", f"from {operation.url_source}")
    if target.address and target.address != target.host:
        yield from _row("peer", target.address)


def _chain(report: Diagnosis) -> Iterator[str]:
    for number, link in enumerate(report.chain[:_CHAIN_SHOWN]):
        yield from _row("chain" if number == 0 else "", _link(link))
        if link.issuer and link.issuer != link.subject:
            yield from _row("", f"issued by {clean(link.issuer)}", indent=4)
        if link.not_after:
            yield from _row("", f"valid {link.not_before} to {link.not_after}", indent=4)
        if link.sha256:
            yield from _row("", f"SHA-256 {link.sha256}", indent=4)
    if len(report.chain) > _CHAIN_SHOWN:
        yield from _row("", f"and {len(report.chain) - _CHAIN_SHOWN} more")


def _link(link: ChainLink) -> str:
    mark = f"[{link.position}]" if link.presented else ("[?]" if link.role == "missing" else "[-]")
    state = ", ".join(link.problems) or ("not sent" if link.role == "missing" else "ok")
    return f"{mark} {link.role}: {clean(link.subject) or '(empty subject)'} ({state})"


def _evidence(report: Diagnosis) -> Iterator[str]:
    if report.trust:
        location = f" ({clean(report.trust.location)})" if report.trust.location else ""
        count = f"{report.trust.anchors} trust anchor{'' if report.trust.anchors == 1 else 's'}"
        yield from _row("trust", f"{count} from {report.trust.source}{location}")
    seen = report.observed
    if seen.failed:
        number = f"OpenSSL verify code {seen.verify_code}, {seen.verify_message}" if seen.verify_code else ""
        yield from _row("observed", number or one_line(seen.message or seen.type or "", 300))
    # What was not asked matters to a reader only while the cause is in doubt.
    proven = report.primary is None or report.primary.confidence == "confirmed"
    for check in (each for each in report.checks if each.result in _UNSETTLED and each.reason and not proven):
        yield from _row("unchecked", f"{check.name}: {check.reason}")
    if report.connections:
        yield from _row("probes", f"{report.connections} connections opened by this diagnosis")
    if report.code:
        yield from _row("more", f"python -m sslwhy explain {report.code}")


def _row(label: str, text: str, *, indent: int = 0) -> Iterator[str]:
    wrapped = textwrap.wrap(one_line(text), _WIDTH - _LABEL, break_long_words=False, break_on_hyphens=False)
    for number, line in enumerate(wrapped):
        yield f"  {label if number == 0 else '':<{_LABEL - 2}}{' ' * indent}{line}"
