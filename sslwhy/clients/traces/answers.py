"""Answers that are failures: a SOAP Fault, an error page, an HTTP status that speaks of TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sslwhy.evidence.errors import links, qualified
from sslwhy.facts.answer import fault_answer, page_answer
from sslwhy.facts.missing import Missing
from sslwhy.text import plain_url


if TYPE_CHECKING:
    from collections.abc import Sequence

    from sslwhy.clients.traces.frames import Frame
    from sslwhy.facts.answer import Answer

FAULT = "zeep.exceptions.Fault"
TRANSPORT_ERROR = "zeep.exceptions.TransportError"
STATUS_ERRORS = frozenset({"requests.exceptions.HTTPError", "httpx.HTTPStatusError"})


def answer_in(error: BaseException, frames: Sequence[Frame] = ()) -> Answer | Missing:
    """Return the answer that an exception carries, or why there is none.

    Args:
        error: the exception.
        frames: its frames; the response that zeep was reading stands in them, with status and headers.
    """
    for link in links(error):
        names = {qualified(kind) for kind in type(link).__mro__}
        response = getattr(link, "response", None)
        if FAULT in names:
            return _fault(link, _response_in(frames))
        if TRANSPORT_ERROR in names and (content := getattr(link, "content", None) or _text(link)):
            status = getattr(link, "status_code", None) or None
            read = _response_in(frames)
            return page_answer(status=status, headers=getattr(read, "headers", None), body=content)
        if names & STATUS_ERRORS and response is not None:
            return answer_of(response)
    return Missing("the failure is not an answer of the service")


def _text(link: BaseException) -> str:
    """Return the words of an error without content; zeep raises some without any."""
    return str(getattr(link, "message", "") or "")


def _fault(fault: BaseException, response: Any) -> Answer:
    """Return the answer behind a Fault; zeep makes one of every page that is well-formed XML, too."""
    status, headers = getattr(response, "status_code", None), getattr(response, "headers", None)
    page = getattr(fault, "detail", None)
    if isinstance(page, bytes):
        return page_answer(status=status, headers=headers, body=page)
    return fault_answer(fault, status=status, headers=headers)


def _response_in(frames: Sequence[Frame]) -> Any:
    return next((frame.values.get("response") for frame in frames if frame.function == "process_reply"), None)


def answer_of(response: Any) -> Answer:
    """Return the answer in a ``requests`` or ``httpx`` response."""
    try:
        body = response.content
    except Exception:  # noqa: BLE001 - a streamed or closed body is simply not there
        body = b""
    url = plain_url(str(response.url or "")) or None
    return page_answer(status=response.status_code, url=url, headers=response.headers, body=body or b"")
