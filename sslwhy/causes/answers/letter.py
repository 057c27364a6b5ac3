"""The message to the owner of a service whose own TLS call failed: plain text, ready to send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes.answers.remedies import upstream_remedies
from sslwhy.report.values import SERVICE_OWNER
from sslwhy.text import clean, one_line, plain_url, redact, utc


if TYPE_CHECKING:
    from datetime import datetime

    from sslwhy.facts.answer import Answer, AnswerVerdict

_QUOTED = 600
_MEANINGS = {
    "trust": "could not verify the certificate of a server behind it{host}",
    "untrusted": "found no path to a trusted CA for the certificate of a server behind it{host}",
    "name": "calls a server behind it{host} by a name that is not in that server's certificate",
    "expired": "calls a server behind it{host} whose certificate is expired or not yet valid",
    "store": "has no trust anchors to verify servers behind it{host}",
    "protocol": "has no TLS version, cipher or parameter in common with a server behind it{host}",
    "handshake": "could not complete the TLS handshake with a server behind it{host}",
    "refused": "was refused in the TLS handshake by a server behind it{host}",
    "closed": "had its TLS handshake cut off by a server behind it{host}",
    "plaintext": "spoke TLS to a port behind it that does not{host}",
    "client-certificate": "had its client certificate refused or missed by a server behind it{host}",
}


def meaning(verdict: AnswerVerdict) -> str:
    """Return what an ``upstream-*`` verdict means, to be read after the words "the service"."""
    host = f" ({clean(verdict.host, 120)})" if verdict.host else ""
    return _MEANINGS.get(verdict.reason, _MEANINGS["handshake"]).format(host=host)


def letter(answer: Answer, verdict: AnswerVerdict, *, when: datetime, operation: str | None = None) -> str:
    """Write the message.

    Args:
        answer: what the service answered.
        verdict: an ``upstream-*`` verdict on it.
        when: the moment of the call, UTC.
        operation: the SOAP operation or HTTP method, where it is known.
    """
    what = f"operation {clean(operation, 80)}" if operation else "a request"
    url = clean(plain_url(answer.url), 300) if answer.url else "your service"
    lines = [
        "Hello,",
        "",
        f"on {utc(when)} we called {url} ({what}).",
        f"We reached your service over a working connection, and it answered {_answered(answer)}:",
        "",
        f"    {one_line(redact(_quoted(answer, verdict)), _QUOTED)}",
        "",
        f"This means that your service {meaning(verdict)}.",
        "Nothing on our side can change that. What helps on yours:",
        "",
    ]
    lines += _steps(verdict)
    return "\n".join([*lines, "", "Please tell us when it is done, and we will call again.", ""])


def _answered(answer: Answer) -> str:
    kind = "a SOAP Fault" if answer.kind == "fault" else "an error page"
    return kind if answer.status is None else f"{kind} with HTTP status {answer.status}"


def _quoted(answer: Answer, verdict: AnswerVerdict) -> str:
    """Return the text around the phrase, from the place where it was found."""
    places = (answer.fault_message, *(text for _, text in answer.detail), answer.body)
    holder = next((text for text in places if verdict.phrase in text), answer.fault_message)
    if not holder:
        return verdict.phrase
    at = max(0, holder.find(verdict.phrase))
    return holder[max(0, at - _QUOTED // 2) :] if at > _QUOTED // 2 else holder


def _steps(verdict: AnswerVerdict) -> list[str]:
    lines: list[str] = []
    for remedy in upstream_remedies(verdict):
        if remedy.actor == SERVICE_OWNER:
            lines.append(f"- {remedy.text}")
            lines += [f"    {line}" for line in (remedy.command or "").splitlines()]
    return lines
