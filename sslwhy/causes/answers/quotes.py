"""Quotations: the stretches of a text that repeat somebody else's words."""

from __future__ import annotations

import re
from bisect import bisect_right


# Opening mark to closing marks, as code points: several look alike.
_CLOSERS = {
    '"': '"',
    "'": "'",
    "`": "`'",
    "\u2018": "'",
    "\u201c": "\u201d",
    "\u201e": "\u201c\u201d",
    "\u00ab": "\u00bb",
    "\u00bb": "\u00ab",
    "\u2039": "\u203a",
    "\u203a": "\u2039",
    "\u300c": "\u300d",
    "\u300e": "\u300f",
}
_MARK = re.compile("[" + "".join({*_CLOSERS, *"".join(_CLOSERS.values())}) + "]")
_STRAIGHT = "\"'`"
_BEFORE_OPENING = " \n([{=:,;>/-"


class Quotes:
    """The quotations of a text, found in one pass; one that never ends is none.

    Args:
        text: the text, with straight apostrophes.
    """

    def __init__(self, text: str) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        opened, closers = -1, ""
        for match in _MARK.finditer(text):
            at, mark = match.start(), match[0]
            if closers:
                if mark in closers and _may_close(text, at):
                    self._starts.append(opened)
                    self._ends.append(at)
                    closers = ""
            elif mark in _CLOSERS and _may_open(text, at):
                opened, closers = at, _CLOSERS[mark]

    def around(self, at: int) -> int | None:
        """Return where the quotation that holds a position starts, or ``None`` outside of any."""
        index = bisect_right(self._starts, at) - 1
        return self._starts[index] if index >= 0 and at < self._ends[index] else None


def _may_open(text: str, at: int) -> bool:
    if text[at] not in _STRAIGHT:
        return True
    return (at == 0 or text[at - 1] in _BEFORE_OPENING) and not text[at + 1 : at + 2].isspace()


def _may_close(text: str, at: int) -> bool:
    return text[at] not in _STRAIGHT or not text[at + 1 : at + 2].isalnum()
