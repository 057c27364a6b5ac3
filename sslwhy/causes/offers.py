"""The two columns: what this client offers, and what the server was seen to accept."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from sslwhy.facts import questions
from sslwhy.facts.client import ClientOffer
from sslwhy.facts.peer import AlertReceived, HelloAnswer, NotTls, PeerClosed, PeerSurvey, ServerFlight
from sslwhy.facts.tls.alerts import alert_name
from sslwhy.facts.tls.names import TLS_1_3, group_name, signature_scheme_name, version_name
from sslwhy.facts.tls.suites import suite_named, suites
from sslwhy.report.values import YOU, Remedy
from sslwhy.text import clean, listed


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.case import Case
    from sslwhy.facts.client import Route
    from sslwhy.facts.observed import Observed


def turned_away(observed: Observed) -> bool:
    """Return whether the server ended the handshake: by an alert, a close, a reset or silence."""
    if observed.stage != "handshake" or observed.proxy or observed.verify_code is not None:
        return False
    return observed.alert is not None or observed.closed or observed.reset or observed.timed_out


def survey_of(case: Case) -> PeerSurvey:
    """Return what the probes learned; an empty survey where none were sent."""
    return case.evidence.peer or PeerSurvey()


def offer_of(case: Case) -> ClientOffer:
    """Return what this client offered; the defaults where that is not known."""
    return case.evidence.offer or ClientOffer()


def accepts(answer: HelloAnswer | None) -> bool:
    """Return whether the server took a ClientHello."""
    return isinstance(answer, ServerFlight)


def refuses(answer: HelloAnswer | None) -> bool:
    """Return whether the server turned a ClientHello away, with an alert or without a word."""
    return isinstance(answer, (AlertReceived, PeerClosed))


def copies(case: Case) -> tuple[HelloAnswer, ...]:
    """Return the answers to this client's own offer, which was repeated where servers behind one address may differ."""
    asked = map(survey_of(case).answer, (questions.COPY, *questions.AGAIN))
    return tuple(answer for answer in asked if answer is not None)


def refused_again(case: Case) -> bool:
    """Return whether each copy of this client's offer was turned away, too: the failure is no accident."""
    answers = copies(case)
    # Silence is another answer than the one that the call got, and may only be slowness.
    silent = any(map(_silent, answers)) and not case.evidence.observed.timed_out
    alike = len({answer.number for answer in answers if isinstance(answer, AlertReceived)}) <= 1
    return bool(answers) and alike and all(map(refuses, answers)) and not silent and not wavers(case)


def _silent(answer: HelloAnswer | None) -> bool:
    return isinstance(answer, PeerClosed) and answer.how == "timeout"


def accepted_once(case: Case) -> bool:
    """Return whether the offer that failed in the call was accepted from a probe, in a version that it holds."""
    offered = offer_of(case).versions
    return any(isinstance(answer, ServerFlight) and answer.version in offered for answer in copies(case))


def wavers(case: Case) -> bool:
    """Return whether what was accepted, or refused, once was not so each time: several servers, or a limit of one."""
    survey = survey_of(case)
    asked: list[str | int] = [name for name, _ in survey.variants]
    asked += [entry.version for entry in survey.by_version]
    return accepted_once(case) or any(refuses(survey.answer(questions.again(name))) for name in asked)


def checks(case: Case, text: str, *options: str) -> tuple[Remedy, ...]:
    """Return the remedy to look at the same server with ``sslwhy check``; none where the report is of a check.

    Args:
        case: the evidence; host names come from WSDL documents, too.
        text: what to look for. Without options it says no more where no probe can take the way of the call.
        options: options of the command. What the caller's code named for the call is added: store, proxy, certificate.
    """
    route = case.evidence.route
    unasked = route.proxy is not None and (route.credentials or route.scheme != "http")
    if not options and (unasked or case.evidence.operation.kind == "check"):
        return ()
    command = ["sslwhy", "check", *options, *_as_called(case), case.evidence.target.authority]
    return (Remedy(YOU, text, command=shlex.join(command)),)


def _as_called(case: Case) -> list[str]:
    """Return the options that make ``sslwhy check`` go the way of the failed call."""
    route, store = case.evidence.route, case.evidence.trust.store if case.evidence.trust else None
    mine = case.evidence.client_certificate or None
    named = {
        "--verify": store.location if store and store.source == "verify" else None,
        "--cert": mine.certificate_path if mine else None,
        "--key": mine.key_path if mine else None,
        "--proxy": with_credentials(route) if route.proxy and route.source == "proxies" else None,
    }
    return [word for option, value in named.items() if value for word in (option, value)]


def with_credentials(route: Route, *, always: bool = False) -> str:
    """Return the proxy's URL with words where the user and the password belong, if the call gave any."""
    user = "USER:PASSWORD@" if always or route.credentials else ""
    return f"{route.scheme or 'http'}://{user}{route.authority}"


def version_names(versions: Iterable[int]) -> str:
    """Return versions as text, the oldest first."""
    return listed(version_name(version) for version in sorted(versions)) or "none"


def suite_names(codes: Iterable[int]) -> str:
    """Return cipher suites under OpenSSL's names, because those are what a server's configuration takes."""
    table = suites()
    return listed((table[c].openssl or table[c].name) if c in table else f"0x{c:04x}" for c in codes) or "none"


def group_names(codes: Iterable[int]) -> str:
    """Return named groups as text."""
    return listed(map(group_name, codes)) or "none"


def scheme_names(codes: Iterable[int]) -> str:
    """Return signature schemes as text."""
    return listed(map(signature_scheme_name, codes)) or "none"


def offered_suites(case: Case) -> tuple[int, ...]:
    """Return the cipher suites that this client offers, as code points."""
    offer = offer_of(case)
    return offer.suites or tuple(found.code for name in offer.ciphers if (found := suite_named(name)))


def accepted_versions(case: Case) -> tuple[int, ...]:
    """Return the versions that the server was seen to speak under the name asked for, oldest first."""
    survey = survey_of(case)
    named = (answer for name, answer in survey.variants if name not in _NAMELESS)
    chosen = {answer.version for answer in named if isinstance(answer, ServerFlight)}
    return tuple(sorted(chosen.union(survey.versions)))


_NAMELESS = {questions.WITHOUT_SNI, questions.again(questions.WITHOUT_SNI)}
"""Questions that another site may answer."""


def shared_versions(case: Case) -> tuple[int, ...]:
    """Return the versions that both sides speak."""
    offered = set(offer_of(case).versions)
    return tuple(version for version in accepted_versions(case) if version in offered)


def why_so_little(case: Case) -> str:
    """Return what limits this client's offer: its version bounds, its security level, the library's policy file."""
    offer = offer_of(case)
    if not case.evidence.offer:
        return "this client's context is not known"
    limits = [f"minimum_version {version_name(offer.minimum_version)}"]
    if offer.maximum_version < TLS_1_3:
        limits.append(f"maximum_version {version_name(offer.maximum_version)}")
    limits.append(f"security level {offer.security_level}")
    if offer.policy_file and offer.policy:
        limits.append(f"{clean(offer.policy_file)}: {listed(offer.policy)}")
    return "; ".join([*limits, *([offer.openssl] if offer.openssl else [])])


def fate(answer: HelloAnswer | None) -> str:
    """Return what became of a ClientHello that was not answered in TLS, as a verb."""
    if isinstance(answer, PeerClosed):
        return {"timeout": "met silence", "eof": "was closed upon", "reset": "was reset"}[answer.how]
    return "was not answered in TLS"


def answers_in_words(case: Case) -> list[str]:
    """Return what the probes met, question by question, where they do not add up to a cause."""
    survey = survey_of(case)
    met = [*survey.variants, *((version_name(each.version), each.answer) for each in survey.by_version)]
    told = (AlertReceived, NotTls, PeerClosed, ServerFlight)
    return [f"asked {name}: {_in_words(answer)}" for name, answer in met if isinstance(answer, told)]


def _in_words(answer: HelloAnswer) -> str:
    if isinstance(answer, AlertReceived):
        return f"alert {alert_name(answer.number)}"
    if isinstance(answer, ServerFlight):
        return f"accepted, {version_name(answer.version)}"
    return fate(answer)


def addressed(case: Case) -> str:
    """Return the target with the address that failed, where the name and the address differ."""
    target = case.evidence.target
    differs = target.address and target.address != target.host
    return f"{target.authority} ({clean(target.address or '')})" if differs else target.authority
