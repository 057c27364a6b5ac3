"""Where a phrase stands: an exception's own words start a text or follow its wrappers; anything else is a mention.

A business text may quote any phrase whatever ('Ticket "PKIX path building failed" exists'). So a phrase counts only
where all that stands before it, back to the start of the line, is what error handlers write there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from sslwhy.causes.answers.tables import word_set, words


if TYPE_CHECKING:
    from sslwhy.causes.answers.quotes import Quotes

Anchor = Literal["strict", "led", "network"]
"""``strict``: only wrappers stand before it; ``led``: prose on a failure; ``network``: prose on a call to a URL."""

_WEAKER_LAST = ("strict", "led", "network")
_WINDOW = 600
_MOST_WRAPPERS = 12
_REPR = re.compile(r"(?:Error|Exception|Fault)\((?:-?\d+, ?)?$")
_BOUNDARIES = ("\n", ": ", "---> ", "; ", ". ", "[", " (", " - ", "\u3002")
_NAME = re.compile(r"[A-Za-z_$][\w$]*(?:(?:[.\\/+]|::)[\w$]+)*(?:\(\))?")
_NOT_PROSE = re.compile(r"https?://\S+|[\w$]+(?:\.[\w$]+)+")
_ASIDE = re.compile(r" \((?:https?://[^\s()]*|(?:0x)?[0-9A-F]+(?:, \d+)?|Connect)\)$")
_SENTENCE_END = re.compile(r": |\. |; |--->|[.:;]$")
_NUMBERED = re.compile(r"(?:[A-Z][A-Z0-9]*(?:[-_][A-Z][A-Z0-9]*)*[-_:]?)?\d[\w.-]*|\(\d+\)")
# Exceptions that carry a caller's words as their message.
_DATA_NAMES = re.compile(
    "Validation|Duplicate|Constraint|NotFound|NoClassDef|IllegalArgument|Parse|Integrity|Conflict|Exists|WSSecurity|"
    "Signature|Format|Unique|Lookup"
)


def anchor(text: str, at: int, quotes: Quotes) -> Anchor | None:
    """Say what kind of place a position is, or ``None`` where a phrase is only mentioned."""
    opened = quotes.around(at)
    if opened is not None:
        return _within_quotes(text[max(0, opened - 60) : opened], adjacent=opened == at - 1)
    if _mentions(text[: min(at, _WINDOW)].partition("\n")[0]):
        return None
    found: Anchor = "strict"
    for _ in range(_MOST_WRAPPERS):
        low = max(0, at - _WINDOW)
        left = text[low:at].rstrip()
        if not left:
            return found if low == 0 else None
        if "\n" in text[low + len(left) : at] and not left.endswith(":"):
            return found
        if left.endswith(words("wrappers", "markers")):
            return None if _mentions(left.rpartition("\n")[2]) else found
        step = _wrapper(left)
        if step is None:
            return None
        kind, start = step
        found = max(found, kind, key=_WEAKER_LAST.index)
        at = low + start
    return None


def _within_quotes(before: str, *, adjacent: bool) -> Anchor | None:
    if not adjacent:
        return None
    if before.endswith(words("wrappers", "quoting leads")):
        return "network"
    return "led" if _REPR.search(before) else None


def _mentions(line: str) -> bool:
    """Return whether a line starts by naming data rather than a failure."""
    head = _SENTENCE_END.split(line, maxsplit=1)[0].strip()
    lower = head.lower()
    if lower in word_set("wrappers", "leads") or lower.startswith(words("wrappers", "network leads")):
        return False
    return not _names_exception(head) and _echoes(head)


def _names_exception(piece: str) -> bool:
    return bool(_NAME.fullmatch(piece)) and (
        piece.lower().endswith(words("wrappers", "exception name ends")) or piece.count(".") > 1
    )


def _wrapper(left: str) -> tuple[Anchor, int] | None:
    """Judge the wrapper that ends a text; return its kind and where it starts."""
    if left.endswith(("[", "(")):
        start = _piece_start(left[:-1].rstrip())
        piece = left[start:-1].strip()
        if not _names_exception(piece):
            return "led", len(left) - 1
        return None if _DATA_NAMES.search(piece) else ("strict", start)
    start = _piece_start(left)
    if left[start:].strip() == "Message" or _NUMBERED.fullmatch(left[start:].strip()):
        # Tomcat's page prints this label without a colon, some proxies a number.
        return "strict", start
    for lead in (".", ";", "\u3002", *words("wrappers", "unseparated")):
        if left.endswith(lead):
            start = _piece_start(left[: -len(lead)])
            return None if _echoes(left[start:]) else ("led", start)
    if not left.endswith((":", " -")):
        return None
    body = _ASIDE.sub("", left[:-1].rstrip())
    start = _piece_start(body)
    kind = _lead(body[start:].strip())
    return None if kind is None else (kind, start)


def _piece_start(body: str) -> int:
    ends = (body.rfind(mark) + len(mark) for mark in _BOUNDARIES if mark in body)
    return max(ends, default=0)


def _lead(piece: str) -> Anchor | None:
    lower = piece.lower()
    if lower in word_set("wrappers", "leads") or _NUMBERED.fullmatch(piece):
        return "strict"
    if lower.startswith(words("wrappers", "network leads")):
        return "network"
    if _names_exception(piece):
        return None if _DATA_NAMES.search(piece.rpartition(".")[2]) else "strict"
    prose = _NOT_PROSE.sub("", lower)
    return "led" if any(word in prose for word in words("wrappers", "failure words")) and not _echoes(prose) else None


def _echoes(piece: str) -> bool:
    return not word_set("wrappers", "echo words").isdisjoint(re.findall(r"\w+", _NOT_PROSE.sub("", piece.lower())))
