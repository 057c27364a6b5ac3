"""A few bounded questions to the server of a failed handshake, by the same way and under the same name.

Nothing but ClientHellos is sent, save for one handshake that is verified and then silent. No application data, no
credentials and no client key ever leave.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sslwhy.evidence.peer.hellos import hello_named, server_name_of, version_hello
from sslwhy.evidence.peer.listening import listen
from sslwhy.evidence.peer.plan import Plan, plan_for
from sslwhy.evidence.prober.connection import Question
from sslwhy.evidence.prober.engine import Engine
from sslwhy.evidence.prober.route import Route
from sslwhy.evidence.prober.survey import survey
from sslwhy.facts import questions
from sslwhy.facts.missing import Missing
from sslwhy.facts.peer import (
    AlertReceived,
    HelloAnswer,
    NotTls,
    PeerClosed,
    PeerSurvey,
    ServerFlight,
    TunnelRefused,
    VersionSurvey,
)
from sslwhy.facts.tls.names import TLS_1_3, VERSIONS
from sslwhy.facts.tls.reasons import FOREIGN


if TYPE_CHECKING:
    from collections.abc import Mapping

    from sslwhy.evidence.collect import Budget
    from sslwhy.evidence.incident import Incident
    from sslwhy.evidence.wire.client_hello import HelloSpec
    from sslwhy.facts.evidence import Evidence

_PATIENCE = 3.0
"""Seconds for one question at most."""
_SHARE, _LONG_SHARE = 0.4, 0.8
"""How much of the time left one question may take; the long one is for a call that timed out, where one answer, however
late, says more than many questions."""
_LISTENING = 1.0
"""Seconds to wait for a demand after a handshake: it comes at once or never."""
_LEAST = 0.1
_SUITE_CONNECTIONS = 60
_PROXY_AUTHENTICATION = 407
_DECISIVE = (
    questions.SMALL,
    questions.ALL_GROUPS,
    questions.ALL_NEW_GROUPS,
    questions.ALL_SIGNATURES,
    questions.TLS12,
)
"""Variants of this client's offer: where one of them is accepted, the difference is the cause."""


def learn_peer(evidence: Evidence, incident: Incident, budget: Budget) -> PeerSurvey | Missing:
    """Ask the server what the failure leaves open.

    Args:
        evidence: what the failure itself told; its observed error decides what is asked.
        incident: the failure.
        budget: how long it may take.

    Returns:
        The answers by the name of the question, with the number of connections that they took; or why none were asked.
    """
    plan = plan_for(evidence)
    if isinstance(plan, Missing):
        return plan
    if incident.error is None or budget.seconds < _LEAST:
        return Missing("no time was left to ask the server")
    try:
        return _learn(plan, evidence, budget)
    except ValueError as problem:
        return Missing(f"no ClientHello can carry this server name: {problem}")


def _learn(plan: Plan, evidence: Evidence, budget: Budget) -> PeerSurvey:
    started = time.monotonic()
    hellos = _hellos(plan, evidence)
    answers, connections = _ask(hellos, plan, evidence, budget)
    if refused := _refused_by_proxy(answers):
        return PeerSurvey(connections=connections, rounds=1, inconclusive=(refused,))
    found = _survey_of(answers, connections)
    if plan.listen and evidence.trust and evidence.trust.store.anchors and budget.seconds > _LEAST:
        patience = min(_LISTENING, _patience(evidence, budget))
        heard = listen(_route(plan, evidence), _name(evidence), evidence.trust.store.anchors, patience)
        found = replace(
            found, variants=(*found.variants, (questions.AFTER_HANDSHAKE, heard)), connections=connections + 1
        )
    copy = found.answer(questions.COPY)
    if plan.names == (questions.COPY,) and not isinstance(copy, NotTls) and evidence.observed.reason in FOREIGN:
        found = _more(found, {questions.GREETING: None}, plan, evidence, budget)
    if plan.versions and (taken := [key for key, answer in answers.items() if isinstance(answer, ServerFlight)]):
        # Servers behind one address may differ: what was refused, or taken, once must be so each time to count.
        repeated: dict[str | int, HelloSpec | None] = dict.fromkeys(questions.AGAIN, hellos[questions.COPY])
        repeated |= {questions.again(key): hellos[key] for key in taken if key != questions.COPY}
        found = _more(found, repeated, plan, evidence, budget)
    if plan.versions and _suites_open(found):
        found = _with_suites(found, plan, evidence, budget)
    return replace(found, seconds=time.monotonic() - started)


def _patience(evidence: Evidence, budget: Budget) -> float:
    share = _LONG_SHARE if evidence.observed.timed_out else _SHARE
    return min(_PATIENCE, share * budget.seconds)


def _name(evidence: Evidence) -> str:
    return evidence.target.server_name or evidence.target.host or ""


def _route(plan: Plan, evidence: Evidence) -> Route:
    """Return the way of the failed call, pinned to the address that it reached."""
    target, route = evidence.target, evidence.route
    host, port = target.host or "", target.port or 0
    if route.host is None or route.port is None:
        return Route(target.address or host, port)
    if plan.names == (questions.PROXY_TLS,):
        return Route(route.host, route.port)
    return Route.through_http_proxy(route.host, route.port, host, port)


def _hellos(plan: Plan, evidence: Evidence) -> dict[str | int, HelloSpec | None]:
    """Return what the plan asks, keyed by the name of the question, or by the version that it is about."""
    hellos: dict[str | int, HelloSpec | None] = {name: hello_named(name, evidence) for name in plan.names}
    hellos.update((version, version_hello(version, evidence)) for version in (VERSIONS if plan.versions else ()))
    return hellos


def _ask(
    hellos: Mapping[str | int, HelloSpec | None], plan: Plan, evidence: Evidence, budget: Budget
) -> tuple[dict[str | int, HelloAnswer], int]:
    """Put questions at the same time; return the answers under the same keys and the number of connections."""
    engine = Engine(_route(plan, evidence), timeout=_patience(evidence, budget), deadline=budget.seconds)
    answers: dict[str | int, HelloAnswer] = {}
    for key, hello in hellos.items():
        engine.ask(Question(hello, partial(answers.__setitem__, key)))
    engine.run()
    return {key: answers[key] for key in hellos if key in answers}, engine.connections


def _more(
    found: PeerSurvey,
    hellos: Mapping[str | int, HelloSpec | None],
    plan: Plan,
    evidence: Evidence,
    budget: Budget,
) -> PeerSurvey:
    """Ask what the first answers call for: a greeting, or the same once more where servers may differ."""
    more, connections = _ask(hellos, plan, evidence, budget)
    return replace(
        found,
        variants=(*found.variants, *((str(name), answer) for name, answer in more.items())),
        connections=found.connections + connections,
        rounds=found.rounds + 1,
    )


def _refused_by_proxy(answers: Mapping[str | int, HelloAnswer]) -> str | None:
    refusals = {answer.status for answer in answers.values() if isinstance(answer, TunnelRefused)}
    if not refusals or questions.PROXY_CONNECT in answers:
        return None
    if _PROXY_AUTHENTICATION in refusals:
        return "the proxy wants credentials, and a probe carries none"
    return "the proxy opened no tunnel for a probe"


def _survey_of(answers: Mapping[str | int, HelloAnswer], connections: int) -> PeerSurvey:
    plain = [each for each in answers.values() if isinstance(each, ServerFlight) and each.version < TLS_1_3]
    requests = [each.certificate_request for each in plain if each.certificate_request]
    primes = [each.dh_bits for each in plain if each.dh_bits]
    # Without SNI another site may answer; and the newer the version, the likelier is its chain the call's own.
    named = [answer for key, answer in answers.items() if key != questions.WITHOUT_SNI]
    chains = {each.version: each.chain for each in reversed(named) if isinstance(each, ServerFlight) and each.chain}
    return PeerSurvey(
        by_version=tuple(_version(key, answer) for key, answer in answers.items() if isinstance(key, int)),
        groups=tuple(dict.fromkeys(e.group for e in answers.values() if isinstance(e, ServerFlight) and e.group)),
        signature_schemes=tuple(dict.fromkeys(each.signature_scheme for each in plain if each.signature_scheme)),
        dh_bits=min(primes, default=None),
        secure_renegotiation=plain[0].secure_renegotiation if plain else None,
        certificate_request=requests[0] if requests else None,
        chain=chains[max(chains)] if chains else (),
        variants=tuple((key, answer) for key, answer in answers.items() if isinstance(key, str)),
        connections=connections,
        rounds=1,
    )


def _version(version: int, answer: HelloAnswer) -> VersionSurvey:
    if isinstance(answer, ServerFlight):
        accepted = answer.version == version
        suites = (answer.suite,) if accepted else ()
        return VersionSurvey(version, accepted, suites, answer=answer, complete=False)
    refused = isinstance(answer, AlertReceived) or (isinstance(answer, PeerClosed) and answer.how != "timeout")
    return VersionSurvey(version, False if refused else None, answer=answer, complete=False)


def _suites_open(found: PeerSurvey) -> bool:
    """Return whether the suites decide it: our offer is refused in any size, yet a version of ours is spoken."""
    if not found.versions or any(isinstance(found.answer(name), ServerFlight) for name in _DECISIVE):
        return False
    return isinstance(found.answer(questions.COPY), (AlertReceived, PeerClosed))


def _with_suites(found: PeerSurvey, plan: Plan, evidence: Evidence, budget: Budget) -> PeerSurvey:
    offered = set(evidence.offer.versions) if evidence.offer else set(VERSIONS)
    shared = [version for version in found.versions if version in offered]
    if not shared or budget.seconds < _LEAST:
        return found
    more = survey(
        _route(plan, evidence),
        server_name_of(evidence),
        versions=shared,
        deadline=budget.seconds,
        timeout=_patience(evidence, budget),
        connections_limit=_SUITE_CONNECTIONS,
    )
    learned = {entry.version: entry for entry in more.by_version}
    return replace(
        found,
        by_version=tuple(learned.get(entry.version, entry) for entry in found.by_version),
        connections=found.connections + more.connections,
        rounds=found.rounds + more.rounds,
        inconclusive=more.inconclusive,
    )
