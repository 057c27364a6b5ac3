"""Words that are safe to print: what a peer or a certificate wrote is escaped and capped; secrets are cut out."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

_CAP = 200
_LISTED = 5
_USER_INFO = re.compile(r"(?<=://)[^/@\s'\"<>]*@")
_QUERY = re.compile(r"(?<=[\w/.:])\?[^\s'\")>,]+")
_HARMLESS_QUERY = re.compile(r"\?(?:(?:single)?wsdl|xsd|disco)(?:=[\w.-]*)?", re.IGNORECASE)


def clean(text: str, cap: int = _CAP) -> str:
    """Make foreign text fit for a log: no control or direction characters, one line, at most ``cap`` characters."""
    safe = "".join(_escape(character) for character in text[: cap + 1])
    return safe if len(text) <= cap and len(safe) <= cap else safe[: cap - 3] + "..."


def _escape(character: str) -> str:
    if unicodedata.category(character)[0] not in "CZ" or character == " ":
        return character
    return f"\\u{ord(character):04x}" if ord(character) > 0xFF else f"\\x{ord(character):02x}"


def one_line(text: str, cap: int = 2000) -> str:
    """Fold white space of a message of our own side into single spaces, then :func:`clean` it."""
    return clean(" ".join(text.split()), cap)


def redact(text: str) -> str:
    """Cut URL user info and URL queries out of a message: both carry secrets.

    The queries by which services hand out their own description (``?wsdl``, ``?xsd=1``) stay.
    """
    return _QUERY.sub(_redacted_query, _USER_INFO.sub("", text))


def _redacted_query(query: re.Match[str]) -> str:
    return query[0] if _HARMLESS_QUERY.fullmatch(query[0]) else "?..."


def plain_url(url: str) -> str:
    """Return a URL without user info, fragment and any query that may carry a secret."""
    return redact(url.partition("#")[0])


def listed(items: Iterable[str], cap: int = _LISTED) -> str:
    """Join names with commas; at most ``cap`` of them, then "and N more"."""
    names = [clean(item) for item in items]
    shown = ", ".join(names[:cap])
    return shown if len(names) <= cap else f"{shown} and {len(names) - cap} more"


def utc(moment: datetime) -> str:
    """Return a moment as UTC in ISO 8601, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def span(length: timedelta) -> str:
    """Return a length of time as a person would say it: ``54 days``, ``3 hours``, ``1 minute``."""
    seconds = abs(int(length.total_seconds()))
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}" + ("s" if count != 1 else "")
    return "less than a second"
