"""What a service answered where no connection failed: a SOAP Fault or an error page, and what it was judged to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BODY_CAP = 64 * 1024
"""How many characters of a body, a Fault's message or its detail are kept."""

_DETAIL_TEXTS = 500
_HEADERS = ("Server", "Content-Type", "Via", "X-Powered-By", "X-AspNet-Version")
_TELLING_STATUS = frozenset({495, 496, 497, 525, 526})
# Lower-case substrings of all that causes/answers recognises: a text without any of them is left alone there.
_HINTS = (
    "ssl|tls|pkix|x509|certif|zertifikat|certpath|cert_|_cert|leaf_sign|sspi|common algorithm|frame size|handshake|"
    "fatal alert:|trust anchor|trustanchors|outbound has closed|no appropriate protocol|keyexchange|transport stream|"
    "no name matching|subject alternative|check failed|hostname|address mismatch|san list|version number|"
    "version_number|unsupported protocol|unsupported_protocol|alert protocol|alert_|alert unknown|key too small|"
    "key_too_small|validatorexception|远程证书|403.1|403.7|error code: 52|https server|speaks https|https port|"
    "удаленный сертификат|リモート証明書|enable crypto|security error|secure channel support|0x80072f8f|"
    "to https client|eof occurred|ora-28|alert fatal|package were not|dh keypair|protocol version|"
    "unexpected packet format|common encryption|server alert|client alert|sec_e_|server cert chain"
)

Confidence = Literal["confirmed", "likely", "possible"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that reports a failure. Everything in it was written by the peer and is untrusted.

    Attributes:
        kind: ``fault`` for a SOAP Fault, ``page`` for any other body with an error status.
        status: the HTTP status, or ``None`` where it is not known.
        url: the URL that was called.
        fault_code: SOAP 1.1 ``faultcode`` or SOAP 1.2 ``Code/Value``.
        fault_subcodes: SOAP 1.2 ``Subcode`` values, outermost first.
        fault_actor: SOAP 1.1 ``faultactor`` or SOAP 1.2 ``Role``.
        fault_message: ``faultstring`` or ``Reason/Text``.
        detail: the Fault's detail as (local element name, text) pairs in document order.
        headers: the few response headers that name the software, as (name, value) pairs.
        body: the body, at most ``BODY_CAP`` characters.
    """

    kind: Literal["fault", "page"]
    status: int | None = None
    url: str | None = None
    fault_code: str | None = None
    fault_subcodes: tuple[str, ...] = ()
    fault_actor: str | None = None
    fault_message: str = ""
    detail: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""

    def header(self, name: str) -> str:
        """Return the value of a kept header, any case, or the empty string."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerVerdict:
    """What an answer says about TLS.

    Attributes:
        code: the cause code, e.g. ``upstream-trust-failure``.
        reason: what went wrong in one word: ``trust``, ``untrusted``, ``name``, ``expired``, ``store``, ``protocol``,
            ``handshake``, ``refused``, ``closed``, ``plaintext``, ``client-certificate``, or for the caller's own
            certificate ``required``, ``rejected``, ``revoked``; ``scheme`` for plain HTTP to a TLS port.
        platform: the software whose words these are, e.g. ``.NET``, ``IBM Java``, ``nginx``.
        phrase: the phrase that was recognised, in the spelling of the software that prints it.
        confidence: how sure the place and the completeness of the phrase make it.
        host: the host or authority behind the service that the text names, or ``None``.
    """

    code: str
    reason: str
    platform: str
    phrase: str
    confidence: Confidence
    host: str | None = None


def might_be_tls(text: str, status: int | None = None) -> bool:
    """Return whether an answer is worth classifying: cheap, and never ``False`` for one that would be recognised."""
    if status in _TELLING_STATUS:
        return True
    lower = text[: 4 * BODY_CAP].lower()
    return any(hint in lower for hint in _HINTS.split("|"))


def fault_answer(
    fault: Any,
    *,
    status: int | None = None,
    url: str | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes | str = b"",
) -> Answer:
    """Read an exception with the attributes of ``zeep.exceptions.Fault``."""
    return Answer(
        kind="fault",
        status=status,
        url=url,
        fault_code=_text_or_none(getattr(fault, "code", None)),
        fault_subcodes=tuple(str(code) for code in getattr(fault, "subcodes", None) or ()),
        fault_actor=_text_or_none(getattr(fault, "actor", None)),
        fault_message=str(getattr(fault, "message", None) or "")[:BODY_CAP],
        detail=detail_texts(getattr(fault, "detail", None)),
        headers=_telling(headers),
        body=_decoded(body),
    )


def page_answer(
    *,
    status: int | None,
    url: str | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes | str = b"",
) -> Answer:
    """Read a response that is not a SOAP Fault."""
    return Answer(kind="page", status=status, url=url, headers=_telling(headers), body=_decoded(body))


def detail_texts(element: Any) -> tuple[tuple[str, str], ...]:
    """Flatten an ``lxml`` element, or plain text, into (local element name, text) pairs; capped."""
    if element is None:
        return ()
    if isinstance(element, str):
        return (("detail", element[:BODY_CAP]),) if element.strip() else ()
    try:
        nodes: Iterable[Any] = element.iter()
    except AttributeError:
        return ()
    return _capped(nodes)


def _capped(nodes: Iterable[Any]) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    room = BODY_CAP
    for node in nodes:
        text = (node.text or "").strip()[:room] if isinstance(node.tag, str) else ""
        if text:
            pairs.append((node.tag.rpartition("}")[2], text))
            room -= len(text)
        if room <= 0 or len(pairs) >= _DETAIL_TEXTS:
            break
    return tuple(pairs)


def _telling(headers: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    found = {str(name).lower(): str(value)[:200] for name, value in (headers or {}).items()}
    return tuple((name, found[name.lower()]) for name in _HEADERS if name.lower() in found)


def _decoded(body: bytes | str) -> str:
    if isinstance(body, str):
        return body[:BODY_CAP]
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return body[: 2 * BODY_CAP].decode("utf-16", "replace")[:BODY_CAP]
    try:
        return body[:BODY_CAP].decode("utf-8")
    except UnicodeDecodeError as error:
        # A cap may cut the last character in two; anything earlier means an older encoding.
        cut = error.start >= BODY_CAP - 4
        return body[:BODY_CAP].decode("utf-8" if cut else "latin-1", "replace")


def _text_or_none(value: Any) -> str | None:
    return None if value is None else str(value)
