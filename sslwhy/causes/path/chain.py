"""The chain as a report shows it: what was presented, then the trust anchor or the issuer that is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.report.values import ChainLink
from sslwhy.text import clean, utc


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from sslwhy.causes.path.analysis import PathAnalysis
    from sslwhy.facts.x509.certificate import Certificate
    from sslwhy.report.values import Finding, Role

_NAME_CAP = 300


def chain_links(path: PathAnalysis, findings: Iterable[Finding]) -> tuple[ChainLink, ...]:
    """Return the links of a report's chain.

    Args:
        path: the analysis.
        findings: what was found; each code is noted at its certificate.
    """
    problems: dict[str, list[str]] = {}
    for finding in findings:
        if finding.certificate is not None:
            problems.setdefault(finding.certificate, []).append(finding.code)
    return tuple(_links(path, problems))


def _links(path: PathAnalysis, problems: dict[str, list[str]]) -> Iterator[ChainLink]:
    trusted = {link.certificate.sha256 for link in path.path if link.anchor}
    for position, certificate in enumerate(path.presented):
        # A server may send its own certificate twice.
        own = certificate == path.presented[0]
        role: Role = "end-entity" if own else "trust anchor" if certificate.sha256 in trusted else "intermediate"
        yield _link(position, role, certificate, problems, presented=True)
    position = len(path.presented)
    for link in path.path:
        if not link.presented:
            role = "trust anchor" if link.anchor else "intermediate"
            yield _link(position, role, link.certificate, problems, presented=False)
            position += 1
    if path.sought is not None:
        subject = clean(path.sought, _NAME_CAP) or "(no name)"
        yield ChainLink(position, "missing", subject, "", presented=False)


def _link(
    position: int, role: Role, certificate: Certificate, problems: dict[str, list[str]], *, presented: bool
) -> ChainLink:
    return ChainLink(
        position,
        role,
        clean(certificate.subject, _NAME_CAP) or "(no name)",
        clean(certificate.issuer, _NAME_CAP) or "(no name)",
        presented=presented,
        not_before=_moment(certificate.not_before),
        not_after=_moment(certificate.not_after),
        sha256=certificate.sha256,
        problems=tuple(dict.fromkeys(problems.get(certificate.sha256, ()))),
    )


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else utc(moment)
