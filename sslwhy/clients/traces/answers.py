"""Answers that are failures: a SOAP Fault, an error page, an HTTP status that speaks of TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sslwhy.evidence.errors import links, names_of
from sslwhy.facts.answer import fault_answer, page_answer
from sslwhy.facts.missing import Missing
from sslwhy.report.text import plain_url


if TYPE_CHECKING:
    from sslwhy.facts.answer import Answer

FAULT = "zeep.exceptions.Fault"
TRANSPORT_ERROR = "zeep.exceptions.TransportError"
STATUS_ERRORS = frozenset({"requests.exceptions.HTTPError", "httpx.HTTPStatusError"})


def answer_in(error: BaseException) -> Answer | Missing:
    """Return the answer that an exception carries, or why there is none."""
    for link in links(error):
        names = names_of(link)
        if FAULT in names:
            return fault_answer(link)
        if TRANSPORT_ERROR in names:
            status, body = getattr(link, "status_code", None), getattr(link, "content", None)
            return page_answer(status=status or None, body=body or str(link))
        response = getattr(link, "response", None)
        if names & STATUS_ERRORS and response is not None:
            return answer_of(response)
    return Missing("the failure is not an answer of the service")


def answer_of(response: Any) -> Answer:
    """Return the answer in a ``requests`` or ``httpx`` response."""
    try:
        body = response.content
    except Exception:  # noqa: BLE001 - a streamed or closed body is simply not there
        body = b""
    url = plain_url(str(response.url or "")) or None
    return page_answer(status=response.status_code, url=url, headers=response.headers, body=body or b"")
