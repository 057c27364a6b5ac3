"""TLS to the proxy itself: the presented chain is the proxy's, so what is wrong with it is no fault of the server."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sslwhy.causes.case import Case
from sslwhy.facts.observed import Target
from sslwhy.report.values import PROXY_OPERATOR, SERVER_OPERATOR


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.causes.base import Cause
    from sslwhy.report.values import Finding

_OF_THE_CHAIN = {"validity", "identity", "path", "trust store", "content"}
_SERVER = "server certificate"


def findings_of(cause: type[Cause], case: Case) -> Iterator[Finding]:
    """Yield what a cause finds; where the chain is the proxy's, causes of certificates judge the proxy by it."""
    seen = case.evidence.observed
    if not (seen.proxy and seen.verify_code is not None and cause.topic in _OF_THE_CHAIN):
        yield from cause.find(case)
        return
    for finding in cause.find(_at_proxy(case)):
        yield _about_proxy(finding) if finding.subject == "server" else finding


def _at_proxy(case: Case) -> Case:
    route = case.evidence.route
    return Case(
        replace(
            case.evidence,
            target=Target(f"https://{route.authority}/", route.host, route.port, server_name=route.host),
        )
    )


def _about_proxy(finding: Finding) -> Finding:
    headline = finding.headline
    if headline.startswith(_SERVER):
        headline = f"proxy certificate{headline.removeprefix(_SERVER)}"
    remedies = (
        replace(each, actor=PROXY_OPERATOR if each.actor == SERVER_OPERATOR else each.actor)
        for each in finding.remedies
    )
    return replace(finding, headline=headline, subject="proxy", remedies=tuple(remedies))
