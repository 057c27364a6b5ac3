"""Which questions a failure makes worth asking: as few as decide it, and none where the failure says enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sslwhy.facts import questions
from sslwhy.facts.client import ClientOffer
from sslwhy.facts.missing import Missing
from sslwhy.facts.tls.names import TLS_1_3
from sslwhy.facts.tls.reasons import FOREIGN, WEAK_DH


if TYPE_CHECKING:
    from sslwhy.facts.evidence import Evidence

TELLING = WEAK_DH | {"UNSAFE_LEGACY_RENEGOTIATION_DISABLED", "EXCESSIVE_MESSAGE_SIZE"}
"""Reasons that name their cause themselves; one look at the plain text of TLS 1.2 adds the numbers."""

_INTERVIEW = (
    questions.COPY,
    questions.WITHOUT_SNI,
    questions.SMALL,
    questions.PADDED,
    questions.ALL_GROUPS,
    questions.ALL_NEW_GROUPS,
    questions.ALL_SIGNATURES,
    questions.TLS12,
)
_CERTIFICATE_REQUIRED = 116
_VERIFY_FAILED = "CERTIFICATE_VERIFY_FAILED"
_CLOSED = "the failure came before TLS or is complete in itself: a ClientHello would tell nothing more"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask.

    Attributes:
        to: whom: the server by the route of the failed call, or the proxy itself, by TLS or by CONNECT.
        names: the single questions, keys of :mod:`sslwhy.facts.questions`.
        versions: whether to ask for each version on its own, and for the suites where the versions leave it open.
        listen: whether to complete a verified TLS 1.3 handshake without a client certificate and listen.
    """

    to: Literal["server", "proxy"] = "server"
    names: tuple[str, ...] = ()
    versions: bool = False
    listen: bool = False


def plan_for(evidence: Evidence) -> Plan | Missing:
    """Return what to ask about a failure, or why nothing is to be asked."""
    seen = evidence.observed
    if seen.verify_code is not None or (seen.reason == _VERIFY_FAILED and evidence.chain):
        return Missing("this client refused the certificate; the failed handshake itself holds the evidence")
    if evidence.machine.forked or evidence.target.host is None or evidence.target.port is None:
        return Missing("there is no server to ask about this failure")
    if evidence.offer and evidence.offer.hello_problem is not None:
        return Missing("this client could not make a ClientHello; the server has not been asked anything")
    if seen.proxy:
        return _at_proxy(evidence)
    if evidence.route.proxy and (problem := _not_replicable(evidence)):
        return Missing(problem)
    if seen.stage == "handshake":
        return _handshake(evidence)
    if seen.stage == "read":
        return _read(evidence)
    return Missing(_CLOSED)


def _at_proxy(evidence: Evidence) -> Plan | Missing:
    seen, route = evidence.observed, evidence.route
    if seen.status is not None or seen.stage not in {"tunnel", "handshake"} or route.host is None or route.port is None:
        return Missing(_CLOSED)
    if route.scheme == "https":
        return Plan("proxy", (questions.PROXY_CONNECT,))
    return (
        Plan("proxy", (questions.PROXY_TLS,))
        if route.scheme == "http"
        else Missing(f"a {route.scheme} proxy is not probed")
    )


def _not_replicable(evidence: Evidence) -> str | None:
    route = evidence.route
    if route.credentials:
        return "the proxy of the failed call takes credentials, and a probe carries none"
    if route.scheme != "http":
        return f"the failed call went through a proxy of the kind {route.scheme}, which a probe cannot use"
    return None


def _handshake(evidence: Evidence) -> Plan:
    seen = evidence.observed
    if seen.reason == _VERIFY_FAILED:
        return Plan(names=(questions.TLS12,))
    if seen.reason in TELLING or seen.library not in {None, "SSL"} or evidence.chain:
        return Plan(names=(questions.TLS12, questions.COPY))
    if seen.reason in FOREIGN:
        return Plan(names=(questions.COPY,))
    return Plan(names=_INTERVIEW, versions=True)


def _read(evidence: Evidence) -> Plan | Missing:
    seen = evidence.observed
    if (evidence.target.url or "").startswith("http:"):
        return Plan(names=(questions.COPY,))
    if seen.timed_out:
        return Missing("the handshake had completed: a slow answer is not a matter of TLS")
    offer = evidence.offer or ClientOffer()
    said = seen.alert == _CERTIFICATE_REQUIRED
    return Plan(names=(questions.TLS12,), listen=offer.maximum_version >= TLS_1_3 and not said)
