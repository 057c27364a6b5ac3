"""The judge of answers: from a Fault or an error page to a verdict, or to nothing.

A verdict needs a phrase that only TLS software prints, standing where only error handlers write (see ``position``), in
an element that frameworks use for errors (see ``passages``), in an answer that does not blame the caller's data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sslwhy.causes.answers.pages import page_verdict
from sslwhy.causes.answers.passages import Passage, echoes_input, passages
from sslwhy.causes.answers.phrases import TRUST_REASONS, Phrase, phrases
from sslwhy.causes.answers.platforms import platform_of
from sslwhy.causes.answers.position import Anchor, anchor
from sslwhy.causes.answers.quotes import Quotes
from sslwhy.facts.answer import AnswerVerdict
from sslwhy.text import redact


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.facts.answer import Answer, Confidence

_OCCURRENCES = 8
_OPEN_ENDS = " '`\"“<(:_/"
_STOPS = ("\n", ".", ":", ";", ")", "]", "。", " --->", " (", " [", " - ", " at ")
_SPECIFICITY = {"handshake": 0, "trust": 1, "closed": 2, "refused": 3}
_MOST_SPECIFIC = 4
_MESSAGE_SECURITY = re.compile(
    "WSSecurityException|wss4j|certificate path validation|XMLSignature|SignatureTrust|SignatureVerif|SAML|wsse:"
)
_CHANNEL = re.compile(r"javax\.net\.ssl|SSL/TLS|SSLHandshake|jsse2")
_DATA_CODES = re.compile("valid|duplicate|conflict|notfound|exists|business|constraint|badrequest", re.IGNORECASE)
_PREDICATE = re.compile(
    r" (?:is|was|are|were|has|had|does|did|must|may|cannot|can|could|should|will|not|already|exists|returned|"
    r"ist|sind|wurde|existiert|est|existe|já|ya|è|esiste|bestaat|jest|istnieje)\b"
)
_CALLER_CODES = frozenset({"client", "sender"})
_HOST = r"([A-Za-z0-9][A-Za-z0-9_.-]{0,252}(?::\d{1,5})?)"
_HOSTS = tuple(
    re.compile(pattern.replace("HOST", _HOST))
    for pattern in (
        r"SSL/TLS[^\n]{0,60}?['\"“„]HOST['\"”“]",
        r"機関 'HOST'",
        r"HTTPSConnectionPool\(host='HOST'",
        r"(?:request to|request for|response from|executing [A-Z]+|html\) for|resource|[Gg]et|[Pp]ost|invoking|calling) ['\"]?https://HOST[/'\"\s?:]",
        r"- URL:https://HOST[/\s?]",
        r"Cannot connect to host HOST ssl:",
        r"Hostname HOST not verified",
        r"Host name 'HOST' does not match the certificate",
        r"Certificate for <HOST>",
        r"No name matching HOST found",
        r"No subject alternative DNS name matching HOST found",
        r"(?:should be|didn't match:) <HOST>",
        r"Certificate chain received from HOST - ",
    )
)


@dataclass(frozen=True, slots=True)
class _Hit:
    """A phrase in its place."""

    phrase: Phrase
    at: int
    anchor: Anchor
    place: str
    text: str


def classify(answer: Answer) -> AnswerVerdict | None:
    """Say what an answer tells about TLS, or ``None`` where it is to be left alone; never raises on any text."""
    if answer.kind == "page" and (answer.status is None or answer.status < 400):
        return None
    found = passages(answer)
    if answer.kind == "page":
        verdict = page_verdict(answer, found)
        if verdict or (answer.status or 0) < 500:
            return verdict
    elif _blames_data(answer):
        return None
    found = [passage for passage in found if not _on_signed_messages(answer, passage.text)]
    hits = [hit for passage in found for hit in _hits(passage) if _counts(answer, hit)]
    return _verdict(answer, hits) if hits else None


def _blames_data(answer: Answer) -> bool:
    return any(_DATA_CODES.search(code) for code in (answer.fault_code or "", *answer.fault_subcodes))


def _counts(answer: Answer, hit: _Hit) -> bool:
    return not _blames_caller(answer) or (hit.anchor == "strict" and hit.place != "detail")


def _on_signed_messages(answer: Answer, text: str) -> bool:
    codes = " ".join((answer.fault_code or "", *answer.fault_subcodes))
    return bool(_MESSAGE_SECURITY.search(f"{codes} {text}")) and not _CHANNEL.search(text)


def _blames_caller(answer: Answer) -> bool:
    local = re.split(r"[:}]", answer.fault_code or "")[-1].partition(".")[0].lower()
    return local in _CALLER_CODES or echoes_input(answer)


def _hits(passage: Passage) -> Iterator[_Hit]:
    """Yield the anchored phrases of a passage, then what later phrases add to the first of them."""
    text, quotes = passage.text, Quotes(passage.text)
    found = [hit for phrase in phrases() if (hit := _anchored(phrase, passage, quotes))]
    if not found:
        return
    first = min(found, key=lambda hit: hit.at)
    start = text.rfind("\n", 0, first.at) + 1
    if _is_subject(text[start:].partition("\n")[0]):
        return
    yield from found
    for phrase in phrases():
        at = text.find(phrase.text, first.at)
        if at >= 0 and (phrase.kind == "weak" or _whole(phrase, text, at, at)):
            yield replace(first, phrase=phrase, at=at)


def _is_subject(line: str) -> bool:
    """Return whether a line goes on after a phrase as a sentence about it: "... is not a valid title"."""
    ends = (line.rfind(phrase.text) + len(phrase.text) for phrase in phrases() if phrase.text in line)
    return any(_PREDICATE.match(line, end) for end in ends)


def _anchored(phrase: Phrase, passage: Passage, quotes: Quotes) -> _Hit | None:
    text, at = passage.text, -1
    for _ in range(_OCCURRENCES):
        at = text.find(phrase.text, at + 1)
        if at < 0:
            return None
        start = text.rfind(phrase.begins, max(0, at - 24), at) if phrase.begins else at
        if start < 0 or not _whole(phrase, text, at, start):
            continue
        place = anchor(text, start, quotes)
        if place and (phrase.kind != "weak" or place == "network"):
            return _Hit(phrase, start, place, passage.place, text)
    return None


def _whole(phrase: Phrase, text: str, at: int, start: int) -> bool:
    before = text[start - 1 : start]
    if before and (before.isalnum() or before in "._$/@-" or (before == "[" and phrase.kind == "sentence")):
        return False
    if phrase.also and text.find(phrase.also, at) < 0:
        return False
    rest = text[at + len(phrase.text) :][:40]
    if not rest or phrase.text[-1] in _OPEN_ENDS or rest.startswith(phrase.then or _STOPS):
        return True
    if rest[0] == before and before in "'\"":
        return True
    return rest.startswith(_STOPS) and not (phrase.kind == "class" and rest[0] == "." and rest[1:2].isalnum())


def _verdict(answer: Answer, hits: list[_Hit]) -> AnswerVerdict:
    best = max(hits, key=lambda hit: (_SPECIFICITY.get(hit.phrase.reason, _MOST_SPECIFIC), -hit.at))
    # The library is named by the hit that stood on its own feet.
    rooted = next((hit for hit in hits if hit.text is best.text and hit.phrase.kind != "weak"), best)
    reason = best.phrase.reason
    return AnswerVerdict(
        code="upstream-trust-failure" if reason in TRUST_REASONS else "upstream-tls-failure",
        reason=reason,
        platform=platform_of(answer, _all_text(hits), rooted.phrase.platform),
        phrase=best.phrase.text.strip(_OPEN_ENDS),
        confidence=_confidence(answer, hits),
        host=_host(hits),
    )


def _confidence(answer: Answer, hits: list[_Hit]) -> Confidence:
    if _blames_caller(answer) or any("peer not authenticated" in hit.text for hit in hits):
        return "likely"
    sure = (hit.anchor != "led" and hit.phrase.kind != "weak" and not hit.phrase.shared for hit in hits)
    return "confirmed" if any(sure) or any(_by_url(hit) for hit in hits) else "likely"


def _by_url(hit: _Hit) -> bool:
    return hit.phrase.kind == "weak" and hit.anchor == "network"


def _all_text(hits: list[_Hit]) -> str:
    return "\n".join(dict.fromkeys(hit.text for hit in hits))


def _host(hits: list[_Hit]) -> str | None:
    text = redact(_all_text(hits))
    matches = (pattern.search(text) for pattern in _HOSTS)
    return next((match[1] for match in matches if match), None)
