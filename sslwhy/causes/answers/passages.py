"""Passages: the pieces of an answer in which an error's own words may stand, cleaned of markup. Linear in the input."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sslwhy.causes.answers.tables import word_set, words
from sslwhy.facts.answer import BODY_CAP


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sslwhy.facts.answer import Answer

_MOST = 500
_DEPTH = 20
# Apostrophes, no-break spaces, full-width colon and parentheses.
_PLAIN = str.maketrans({"\u2019": "'", "\u00a0": " ", "\u202f": " ", "\uff1a": ": ", "\uff08": "(", "\uff09": ")"})
# The arity and the argument of a generic .NET class: FaultException`1[ExceptionDetail].
_GENERIC = re.compile(r"`\d\[[^\]\n]{0,200}\]")
_BLANKS = re.compile(r"[ \t\f\v]+")
_BREAKS = re.compile(r" ?(?:\r\n|\r|\n)\s*")


@dataclass(frozen=True, slots=True)
class Passage:
    """One stretch of text.

    Attributes:
        place: ``message`` for a Fault's message, ``detail``, or ``page``.
        text: white space folded, line breaks kept, typographic quotation marks made plain.
    """

    place: Literal["message", "detail", "page"]
    text: str


def passages(answer: Answer) -> list[Passage]:
    """Return the passages of an answer in which an error's own words may stand; at most 500."""
    found = list(_fault(answer) if answer.kind == "fault" else _page(answer.body[:BODY_CAP]))
    return [passage for passage in found[:_MOST] if passage.text]


def echoes_input(answer: Answer) -> bool:
    """Return whether a Fault's detail has the elements of a validation error, which quote the caller's data."""
    return any(name.lower() in word_set("elements", "echo names") for name, _ in answer.detail)


def normal(text: str) -> str:
    """Fold white space, keep line breaks, make typographic punctuation plain."""
    text = unicodedata.normalize("NFC", text[:BODY_CAP]).translate(_PLAIN)
    return _BREAKS.sub("\n", _BLANKS.sub(" ", _GENERIC.sub("", text))).strip()


def _fault(answer: Answer) -> Iterator[Passage]:
    for text in _texts(answer.fault_message):
        yield Passage("message", normal(text))
    if not echoes_input(answer):
        for name, text in answer.detail:
            if _names_error(name):
                yield Passage("detail", normal(text))


def _page(body: str) -> Iterator[Passage]:
    for text in _texts(body):
        yield Passage("page", normal(text))


def _texts(body: str) -> Iterable[str]:
    """Return the texts of a JSON, XML or HTML document, or the plain text; gateways put each into Faults as well."""
    start = body.lstrip("\ufeff \t\r\n")[:1]
    if start in ("{", "["):
        return _json_texts(body)
    return _markup_texts(body) if start == "<" and not body.lstrip().startswith("<urlopen ") else (body,)


def _names_error(name: str) -> bool:
    lower = name.lower()
    return lower in word_set("elements", "error names") or lower.endswith(words("elements", "error name ends"))


def _json_texts(body: str) -> Iterator[str]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        # ASP.NET's plain-text pages start with the exception in brackets.
        if body.lstrip().startswith("["):
            yield body
        return
    pairs = list(_json_pairs("", value, _DEPTH))
    if any(name.lower() in word_set("elements", "echo names") for name, _ in pairs):
        return
    yield from (text for name, text in pairs if text and _names_error(name))


def _json_pairs(name: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif depth and isinstance(value, dict):
        for key, item in value.items():
            yield str(key), ""
            yield from _json_pairs(str(key), item, depth - 1)
    elif depth and isinstance(value, list):
        for item in value:
            yield from _json_pairs(name, item, depth - 1)


def _markup_texts(body: str) -> Iterator[str]:
    head = body[:2000].lower()
    runs = list(_runs(body))
    if "<html" in head or "<!doctype html" in head or "<head" in head or "<h1" in head:
        yield from (text for name, text in runs if name in word_set("elements", "blocks"))
    elif not any(name in word_set("elements", "echo names") for name, _ in runs):
        yield from (text for name, text in runs if _names_error(name))


def _runs(body: str) -> Iterator[tuple[str, str]]:
    """Yield (enclosing element, text); inline elements do not end a run, a ``q`` element becomes quotation marks."""
    open_names: list[str] = []
    parts: list[str] = []
    at = 0
    while at < len(body):
        start = body.find("<", at)
        start = len(body) if start < 0 else start
        parts.append(body[at:start])
        tag, at = _tag(body, start)
        name = tag.strip("/").lower()
        if name in word_set("elements", "inline"):
            continue
        if name in ("br", "q"):
            parts.append("\n" if name == "br" else '"')
            continue
        yield (open_names[-1] if open_names else ""), html.unescape("".join(parts).replace("]]>", ""))
        parts = []
        at = _after_unread(body, tag, at)
        _nest(open_names, tag, name)


def _tag(body: str, start: int) -> tuple[str, int]:
    """Return the tag's name, with its slash where it closes, and where the text goes on."""
    if body.startswith("<!--", start):
        end = body.find("-->", start)
        return "!", len(body) if end < 0 else end + 3
    if body.startswith("<![CDATA[", start):
        return "br", start + 9
    end = body.find(">", start)
    end = len(body) if end < 0 else end
    words = body[start + 1 : min(end, start + 120)].split(None, 1)
    name = words[0].rpartition(":")[2].strip("/") if words else "!"
    closing = "/" if words and words[0].startswith("/") else ""
    empty = "/" if body[end - 1 : end] == "/" else ""
    return closing + name + empty, end + 1


def _after_unread(body: str, tag: str, at: int) -> int:
    if tag.lower() not in word_set("elements", "unread"):
        return at
    end = body.find(f"</{tag}", at)
    return len(body) if end < 0 else end


def _nest(open_names: list[str], tag: str, name: str) -> None:
    if tag.startswith("/"):
        if name in open_names[-_DEPTH:]:
            while open_names.pop() != name:
                pass
    elif (
        not tag.endswith("/") and not tag.startswith(("!", "?")) and name not in ("meta", "link", "hr", "img", "input")
    ):
        open_names.append(name)
