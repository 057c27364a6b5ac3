"""Whether a failure may have to do with TLS: decided from classes and frames, before anything else is loaded."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from sslwhy.evidence.capture import testimony_of
from sslwhy.evidence.errors import links, qualified


if TYPE_CHECKING:
    from collections.abc import Iterator

_TLS = {
    "requests.exceptions.SSLError",
    "requests.exceptions.ProxyError",
    "urllib3.exceptions.SSLError",
    "urllib3.exceptions.ProxyError",
    "httpx.ProxyError",
}
_CONNECTION = {
    "requests.exceptions.ConnectionError",
    "requests.exceptions.Timeout",
    "requests.exceptions.ChunkedEncodingError",
    "urllib3.exceptions.ConnectTimeoutError",
    "urllib3.exceptions.MaxRetryError",
    "urllib3.exceptions.NewConnectionError",
    "urllib3.exceptions.ProtocolError",
    "urllib3.exceptions.ReadTimeoutError",
    "httpx.NetworkError",
    "httpx.RemoteProtocolError",
    "httpx.TimeoutException",
}
_ANSWER = {
    "requests.exceptions.HTTPError",
    "httpx.HTTPStatusError",
    "zeep.exceptions.Fault",
    "zeep.exceptions.TransportError",
}
_SET_UP = {"requests.adapters", "urllib3.util.ssl_", "urllib3.connection", "httpx._config", "ssl"}
_ASKED_OF_TLS = (OSError, ValueError, RecursionError, TypeError)
_SPOKE_TOO_PLAIN = {"http.client.BadStatusLine", "builtins.ConnectionResetError", "ConnectionResetError"}


def worth_a_look(error: BaseException) -> bool:
    """Return whether a diagnosis should look at this failure at all."""
    if not isinstance(error, Exception) or hasattr(error, "report"):
        return False
    inside = list(links(error))
    names = {qualified(kind) for link in inside for kind in type(link).__mro__}
    if names & _ANSWER:
        return _answers_about_tls(error)
    if any(isinstance(link, ssl.SSLError) for link in inside) or names & _TLS:
        return True
    if names & _CONNECTION or isinstance(error, (ConnectionError, TimeoutError)):
        return _before_or_in_handshake(error, inside, names)
    return isinstance(error, _ASKED_OF_TLS) and bool(_innermost_modules(error) & _SET_UP)


def _before_or_in_handshake(error: BaseException, inside: list[BaseException], names: set[str]) -> bool:
    """Return whether a lost or late connection was lost before TLS stood."""
    testimonies = [found for link in inside if (found := testimony_of(link))]
    if testimonies:
        slow = any(isinstance(link, TimeoutError) for link in inside)
        return not (slow and all(each.established for each in testimonies))
    modules = set(_modules(error))
    if "ssl" in modules:
        return True
    return _was_for_tls(error) or bool(names & _SPOKE_TOO_PLAIN)


def _was_for_tls(error: BaseException) -> bool:
    """Return whether the call was for an https address and ended before it had a connection."""
    for link in links(error):
        trace = link.__traceback__
        while trace is not None:
            pool = trace.tb_frame.f_locals.get("self")
            if type(pool).__name__ == "HTTPSConnectionPool" or getattr(pool, "_ssl_context", None) is not None:
                return not any("getresponse" in each for each in _functions(error))
            trace = trace.tb_next
    return False


def _modules(error: BaseException) -> Iterator[str]:
    for link in links(error):
        trace = link.__traceback__
        while trace is not None:
            yield trace.tb_frame.f_globals.get("__name__", "")
            trace = trace.tb_next


def _functions(error: BaseException) -> Iterator[str]:
    for link in links(error):
        trace = link.__traceback__
        while trace is not None:
            yield trace.tb_frame.f_code.co_name
            trace = trace.tb_next


def _innermost_modules(error: BaseException) -> set[str]:
    return set(list(_modules(error))[-4:])


def _answers_about_tls(error: BaseException) -> bool:
    from sslwhy.clients.traces.answers import answer_in
    from sslwhy.facts.answer import might_be_tls

    answer = answer_in(error)
    if not answer:
        return False
    return might_be_tls(
        "\n".join((answer.fault_message, answer.body, *(text for _, text in answer.detail))), answer.status
    )
