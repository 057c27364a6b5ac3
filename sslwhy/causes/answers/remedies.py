"""What the operator of a service has to do, per platform, where the service's own TLS call failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sslwhy.causes.answers.platforms import family
from sslwhy.causes.answers.tables import table
from sslwhy.report.values import SERVICE_OWNER, YOU, Remedy


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.facts.answer import AnswerVerdict

_TO_YOU = "send the service's owner the message in the report; there is nothing to change on this side"


def upstream_remedies(verdict: AnswerVerdict) -> tuple[Remedy, ...]:
    """Return what to do about an ``upstream-*`` verdict, what the caller does first, then the service owner's steps."""
    owner = (_remedy(step, verdict.host or "HOST") for step in _steps(verdict))
    return (Remedy(YOU, _TO_YOU), *owner)


def _steps(verdict: AnswerVerdict) -> Iterator[dict[str, str]]:
    steps = table("steps")
    if verdict.reason in steps["reasons"]:
        yield from steps["reasons"][verdict.reason]
        return
    topic = "trust anchor" if verdict.code == "upstream-trust-failure" else "versions"
    yield from steps["first look"][topic]
    yield from _for_platform(steps[topic], verdict.platform)


def _for_platform(by_platform: dict[str, Any], platform: str) -> Iterator[dict[str, str]]:
    """Yield a platform's steps; a bare name among them stands for the steps of that platform."""
    for step in by_platform.get(platform) or by_platform.get(family(platform)) or by_platform["other"]:
        if isinstance(step, str):
            yield from _for_platform(by_platform, step)
        else:
            yield step


def _remedy(step: dict[str, str], authority: str) -> Remedy:
    host, _, port = authority.partition(":")
    command = step.get("command", "").replace("HOST", host).replace("PORT", port or "443")
    return Remedy(SERVICE_OWNER, step["text"], command=command or None)
