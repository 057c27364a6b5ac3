"""The block: the whole report for a person, plain text, deterministic."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from sslwhy.report.line import doubt
from sslwhy.text import clean, one_line


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.facts.observed import Operation
    from sslwhy.report.values import ChainLink, Diagnosis, Finding, Remedy

_LABEL = 12
_WIDTH = 116
_DOING = {"wsdl": "loading the WSDL", "schema": "loading a schema", "check": "checking"}
_CHAIN_SHOWN = 12
_FINDINGS_SHOWN = 12
_UNSETTLED = {"skipped", "inconclusive"}
_OF_CERTIFICATES = {"validity", "identity", "path", "trust store", "content"}


def render_block(report: Diagnosis) -> str:
    """Return the block: every finding with its remedies, the chain, what was observed and what was checked."""
    return "\n".join(_lines(report))


def _lines(report: Diagnosis) -> Iterator[str]:
    if not report.findings:
        yield f"ok: no fault found at {report.target.authority}"
    for number, finding in enumerate(report.findings[:_FINDINGS_SHOWN]):
        if number:
            yield ""
        yield from _finding(finding, first=number == 0)
    if len(report.findings) > _FINDINGS_SHOWN:
        yield f"\nand {len(report.findings) - _FINDINGS_SHOWN} more findings"
    yield ""
    yield from _where(report)
    yield from _chain(report)
    yield from _evidence(report)


def _finding(finding: Finding, *, first: bool) -> Iterator[str]:
    hedge = f" ({doubt(finding)})" if doubt(finding) else ""
    yield f"{'error' if first else 'also'}[{finding.code}]: {one_line(finding.headline)}{hedge}"
    yield from _row("expected", finding.expected)
    yield from _row("actual", finding.actual)
    for alternative in finding.alternatives:
        # Under a proven finding they are ways in which it came about, not other findings.
        yield from _row("or else" if doubt(finding) else "perhaps", alternative)
    for remedy in finding.remedies:
        yield from _remedy(remedy)


def _remedy(remedy: Remedy) -> Iterator[str]:
    tried = " (tried: the handshake then succeeds)" if remedy.proof == "verified" else ""
    yield from _row("fix", f"{remedy.actor}: {remedy.text}{tried}")
    for where, code in (("in a shell:", remedy.command), ("in Python:", remedy.snippet)):
        if code:
            if remedy.command and remedy.snippet:
                yield from _row("", where)
            # Pasted lines stay whole: a wrapped command is a broken command.
            yield from ((" " * (_LABEL + 4) + line).rstrip() for line in code.strip("\n").splitlines())


def _where(report: Diagnosis) -> Iterator[str]:
    operation, target = report.operation, report.target
    doing = _DOING[operation.kind] if operation.kind in _DOING else _called(operation)
    yield from _row("while", f"{doing} {target.url or target.authority}")
    if operation.url_source:
        yield from _row("address", f"from {operation.url_source}")
    if target.address and target.address != target.host:
        yield from _row("peer", target.address)


def _called(operation: Operation) -> str:
    """Return what a call was, in words: the operation of a service, or the method of a request, if it is known."""
    if operation.kind == "operation":
        return f"calling {operation.name or 'an operation'} at"
    return f"sending {operation.name} to" if operation.name else "connecting to"


def _chain(report: Diagnosis) -> Iterator[str]:
    shown: set[str] = set()
    for number, link in enumerate(report.chain[:_CHAIN_SHOWN]):
        yield from _row("chain" if number == 0 else "", _link(link))
        if link.sha256 not in shown:
            yield from _details(link)
        if link.sha256:
            shown.add(link.sha256)
    if len(report.chain) > _CHAIN_SHOWN:
        yield from _row("", f"and {len(report.chain) - _CHAIN_SHOWN} more")


def _details(link: ChainLink) -> Iterator[str]:
    if link.issuer and link.issuer != link.subject:
        yield from _row("", f"issued by {clean(link.issuer)}", indent=4)
    if link.not_after:
        yield from _row("", f"valid {link.not_before} to {link.not_after}", indent=4)
    if link.sha256:
        yield from _row("", f"SHA-256 {link.sha256}", indent=4)


def _link(link: ChainLink) -> str:
    mark = f"[{link.position}]" if link.presented else ("[?]" if link.role == "missing" else "[-]")
    state = ", ".join(link.problems) or ("not found" if link.role == "missing" else "ok")
    return f"{mark} {link.role}: {clean(link.subject) or '(empty subject)'} ({state})"


def _evidence(report: Diagnosis) -> Iterator[str]:
    if report.trust:
        location = f" ({clean(report.trust.location)})" if report.trust.location else ""
        count = _counted(report.trust.anchors, "trust anchor")
        yield from _row("trust", f"{count} from {report.trust.source}{location}")
    seen = report.observed
    if seen.failed:
        number = f"OpenSSL verify code {seen.verify_code}, {seen.verify_message}" if seen.verify_code else ""
        yield from _row("observed", number or one_line(seen.message or seen.type or "", 300))
    yield from _unchecked(report)
    if report.connections:
        yield from _row("probes", f"{_counted(report.connections, 'connection')} opened by this diagnosis")
    if report.code:
        yield from _row("more", f"python -m sslwhy explain {report.code}")


def _unchecked(report: Diagnosis) -> Iterator[str]:
    """Yield what was not asked, in one row for each reason: it matters while the cause is in doubt.

    Where nothing is wrong, it matters of the certificates: a server that was not verified is not proven to be in order.
    """
    if report.primary is not None and report.primary.confidence == "confirmed":
        return
    codes = {finding.code for finding in report.findings}
    reasons: dict[str, list[str]] = {}
    for check in report.checks:
        told = set(check.reason.split(", ")) <= {"", *codes}
        if check.result in _UNSETTLED and not told and (codes or check.name in _OF_CERTIFICATES):
            reasons.setdefault(check.reason, []).append(check.name)
    for reason, names in reasons.items():
        yield from _row("unchecked", f"{', '.join(names)}: {reason}")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _row(label: str, text: str, *, indent: int = 0) -> Iterator[str]:
    wrapped = textwrap.wrap(one_line(text), _WIDTH - _LABEL, break_long_words=False, break_on_hyphens=False)
    for number, line in enumerate(wrapped):
        yield f"  {label if number == 0 else '':<{_LABEL - 2}}{' ' * indent}{line}"
