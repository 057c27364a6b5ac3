"""Where a phrase stands: an exception's own words start a text or follow its wrappers; anything else is a mention.

A business text may quote any phrase whatever ('Ticket "PKIX path building failed" exists'). So a phrase counts only
where all that stands before it, back to the start of the line, is what error handlers write there.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Literal


Anchor = Literal["strict", "led", "network"]
"""``strict``: only wrappers stand before it; ``led``: prose about a failure; ``network``: prose about one call to a URL."""

_WEAKER_LAST = ("strict", "led", "network")
_WINDOW = 600
_WRAPPERS = 12
_CLOSERS = {"“": "”", "„": "“”", "‘": "'", '"': '"', "'": "'", "`": "`'", "«": "»", "»": "«", "「": "」", "『": "』", "‹": "›", "›": "‹"}
_QUOTE = re.compile("[\"'`“„”‘«»「」『』‹›]")
_REPR = re.compile(r"(?:Error|Exception|Fault)\((?:-?\d+, ?)?$")
_QUOTING_LEADS = ("trying to reach service: ",)
_MARKERS = (
    "--->",
    "Caused by:",
    "nested exception is:",
    "nested exception is",
    "Root exception is",
    "InnerException:",
    "Inner Exception:",
    "Inner exception:",
)
_UNSEPARATED = (
    "due to",
    "because of",
    "threw",
    "with exception",
    "exception is",
    "exception was",
    "failed with",
    "SSL Handshake failed",
    "<urlopen error",
)
_BOUNDARIES = ("\n", ": ", "---> ", "; ", ". ", "[", " (", " - ", "。")
_NAME = re.compile(r"[A-Za-z_$][\w$]*(?:(?:[.\\/]|::)[\w$]+)*(?:\(\))?")
_DOTTED = re.compile(r"[\w$]+(?:\.[\w$]+)+")
_SENTENCE_END = re.compile(r": |\. |; |--->|[.:;]$")
_NUMBERED = re.compile(r"(?:[A-Z][A-Z0-9]*[-_:]?)?\d[\w.-]*|\(\d+\)")
_NAME_ENDS = ("exception", "error", "fault", "failure", "alert", "()")
# Exceptions that carry a caller's words as their message.
_DATA_NAMES = re.compile(
    "Validation|Duplicate|Constraint|NotFound|NoClassDef|IllegalArgument|Parse|Integrity|Conflict|Exists|WSSecurity|"
    "Signature|Format|Unique|Lookup"
)
_WRAPPER_LEADS = frozenset(
    """
    server was unable to process request|the underlying connection was closed|the request was aborted|error|exception
    fault|message|reason|cause|detail|details|http transport error|i/o error|i/o exception|internal server error
    server error|fatal|fatal error|ssl error|soap fault|general runtime error|transport error|connection error
    connection failed|could not send message|http request failed|error message|unhandled exception|exception details
    failure|warning|error description|the ssl connection could not be established, see inner exception|ssl handshake failed
    a conexão subjacente estava fechada|a conexão subjacente foi fechada|a solicitação foi anulada
    a ligação subjacente foi encerrada|die zugrunde liegende verbindung wurde geschlossen
    die anfrage wurde abgebrochen|die anforderung wurde abgebrochen|la connexion sous-jacente a été fermée
    la demande a été abandonnée|se ha terminado la conexión|se ha cerrado la conexión subyacente
    se cerró la conexión subyacente|anulada la solicitud|connessione sottostante chiusa|richiesta annullata
    de onderliggende verbinding is gesloten|de aanvraag is afgebroken|połączenie podstawowe zostało zakończone
    połączenie podstawowe zostało zamknięte|żądanie zostało przerwane|基礎になる接続が閉じられました
    要求は中止されました|基础连接已经关闭|请求被中止|基礎連接已關閉|要求已經中止|базовое соединение закрыто|запрос был прерван
    """.replace("\n", "|")
    .replace("    ", "")
    .strip("|")
    .split("|")
)
_FAILURE_WORDS = (
    "erro", "fail", "unable", "could not", "couldn't", "cannot", "can't", "exception", "fault", "abort",
    "fehler", "fallo", "échec", "impossible", "błąd", "fout", "ошибка", "错误", "错誤", "エラー",
)  # fmt: skip
_ECHO_WORDS = frozenset(
    "subject subjects title titles value values field fields keyword comment note notes text named called name result results "
    "input parameter argument label tag topic caption headline body content contents phrase word term "
    "duplicate unique find found locate element attribute property column summary wrote says said quote about "
    "regarding validation invalid ticket tickets betreff titel assunto título asunto objet oggetto".split()
)
_NETWORK_LEADS = (
    "request to http", 'get "http', 'post "http', "get http", "post http", "i/o error on ", "http post on resource",
    "http get on resource", "curl error ", "could not connect to http", "unable to connect to http",
    "error trying to reach service", "error calling http", "could not connect to ssl",
)  # fmt: skip


class Quotes:
    """The quoted stretches of a text, found in one pass.

    Args:
        text: the text, typographic quotation marks already made plain.
    """

    def __init__(self, text: str) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        opened, closers = -1, ""
        for match in _QUOTE.finditer(text):
            at, mark = match.start(), match[0]
            if closers:
                if mark in closers and not text[at + 1 : at + 2].isalnum():
                    self._starts.append(opened)
                    self._ends.append(at)
                    closers = ""
            elif mark not in "\"'`" or _may_open(text, at):
                opened, closers = at, _CLOSERS[mark]

    def around(self, at: int) -> int | None:
        """Return where the quotation that holds a position starts, or ``None`` outside of any."""
        index = bisect_right(self._starts, at) - 1
        return self._starts[index] if index >= 0 and at < self._ends[index] else None


def _may_open(text: str, at: int) -> bool:
    before = text[at - 1 : at]
    return (not before or before in " \n([{=:,;>/-") and text[at + 1 : at + 2] not in ("", " ", "\n")


def anchor(text: str, at: int, quotes: Quotes) -> Anchor | None:
    """Say what kind of place a position is, or ``None`` where a phrase is only mentioned."""
    opened = quotes.around(at)
    if opened is not None:
        return _within_quotes(text[max(0, opened - 60) : opened], adjacent=opened == at - 1)
    if _mentions(text[:_WINDOW].partition("\n")[0]):
        return None
    found: Anchor = "strict"
    for _ in range(_WRAPPERS):
        low = max(0, at - _WINDOW)
        left = text[low:at].rstrip()
        if not left:
            return found if low == 0 else None
        if "\n" in text[low + len(left) : at] and not left.endswith(":"):
            return found
        if left.endswith(_MARKERS):
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
    if before.endswith(_QUOTING_LEADS):
        return "network"
    return "led" if _REPR.search(before) else None


def _mentions(line: str) -> bool:
    """Return whether a line starts by naming data rather than a failure."""
    head = _SENTENCE_END.split(line, maxsplit=1)[0].strip()
    return not _NAME.fullmatch(head) and head.lower() not in _WRAPPER_LEADS and _echoes(head)


def _wrapper(left: str) -> tuple[Anchor, int] | None:
    """Judge the wrapper that ends a text; return its kind and where it starts."""
    if left.endswith(("[", "(")):
        return "led", len(left) - 1
    start = _piece_start(left)
    if left[start:].strip() == "Message":
        # Tomcat's page prints this label without a colon.
        return "strict", start
    for lead in (".", ";", "。", *_UNSEPARATED):
        if left.endswith(lead):
            start = _piece_start(left[: -len(lead)])
            return None if _echoes(left[start:]) else ("led", start)
    if not left.endswith((":", " -")):
        return None
    body = left[:-1].rstrip()
    start = _piece_start(body)
    kind = _lead(body[start:].strip())
    return None if kind is None else (kind, start)


def _piece_start(body: str) -> int:
    ends = (body.rfind(mark) + len(mark) for mark in _BOUNDARIES if mark in body)
    return max(ends, default=0)


def _lead(piece: str) -> Anchor | None:
    lower = piece.lower()
    if lower in _WRAPPER_LEADS or _NUMBERED.fullmatch(piece):
        return "strict"
    if lower.startswith(_NETWORK_LEADS):
        return "network"
    if _NAME.fullmatch(piece) and (lower.endswith(_NAME_ENDS) or piece.count(".") > 1):
        return None if _DATA_NAMES.search(piece.rpartition(".")[2]) else "strict"
    prose = _DOTTED.sub("", lower)
    return "led" if any(word in prose for word in _FAILURE_WORDS) and not _echoes(prose) else None


def _echoes(piece: str) -> bool:
    return not _ECHO_WORDS.isdisjoint(re.findall(r"\w+", piece.lower()))
