"""Whether a failure has to do with TLS: first by its classes alone, then by what its frames tell of the call."""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from sslwhy.evidence.errors import links, qualified
from sslwhy.evidence.route import route_of
from sslwhy.facts.missing import Missing


if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

    from sslwhy.evidence.incident import Incident

Suspicion = Literal["tls", "connection", "answer", "set-up"]
"""What a failure looks like from its classes: TLS itself, a connection that broke, an answer, a file or setting."""

_TLS = {"requests.exceptions.SSLError", "urllib3.exceptions.SSLError"}
_ANSWER = {
    "requests.exceptions.HTTPError",
    "httpx.HTTPStatusError",
    "zeep.exceptions.Fault",
    "zeep.exceptions.TransportError",
}
_CONNECTION = {
    "requests.exceptions.ConnectionError",
    "requests.exceptions.Timeout",
    "requests.exceptions.ChunkedEncodingError",
    "urllib3.exceptions.ConnectTimeoutError",
    "urllib3.exceptions.MaxRetryError",
    "urllib3.exceptions.NewConnectionError",
    "urllib3.exceptions.ProtocolError",
    "urllib3.exceptions.ProxyError",
    "urllib3.exceptions.ReadTimeoutError",
    "aiohttp.client_exceptions.ClientOSError",
    "aiohttp.client_exceptions.ServerConnectionError",
    "httpx.NetworkError",
    "httpx.ProxyError",
    "httpx.RemoteProtocolError",
    "httpx.TimeoutException",
}
_SPEAKING = {"ssl", "socket", "http", "asyncio", "trio", "anyio"}
_TOO_PLAIN = {"http.client.BadStatusLine", "ConnectionResetError", "httpx.ReadError", "httpx.RemoteProtocolError"}
_LATE = {
    "TimeoutError",
    "asyncio.exceptions.TimeoutError",
    "socket.timeout",
    "trio.TooSlowError",
    "httpx.TimeoutException",
    "requests.exceptions.ReadTimeout",
}
_SET_UP = {"requests.adapters", "urllib3.util.ssl_", "urllib3.connection", "httpx._config", "ssl"}
_WIRE = {"aiohttp", "anyio", "asyncio", "http", "httpcore", "socket", "ssl", "trio", "urllib3"}
_LOADERS = {"load_cert_chain", "load_verify_locations"}
_LAST = 4


def suspicion_of(error: BaseException) -> Suspicion | None:
    """Return what a failure looks like, or ``None`` where it has nothing to do with TLS; cheap, reads no variables."""
    inside = list(links(error))
    names = {qualified(kind) for link in inside for kind in type(link).__mro__}
    if names & _ANSWER:
        return "answer" if _might_speak_of_tls(error) else None
    if names & _TLS or any(isinstance(link, ssl.SSLError) for link in inside):
        return "tls"
    if names & _CONNECTION or any(_from_speaking(link) for link in inside):
        return "connection"
    return "set-up" if any(_from_set_up(link) for link in inside) else None


def _might_speak_of_tls(error: BaseException) -> bool:
    from sslwhy.clients.traces.answers import answer_in
    from sslwhy.facts.answer import might_be_tls

    answer = answer_in(error)
    if not answer:
        return False
    words = (answer.fault_message, answer.body, *(text for _, text in answer.detail))
    return might_be_tls("\n".join(words), answer.status)


def _from_speaking(link: BaseException) -> bool:
    """Return whether an error without a library's name came out of the modules that speak with peers."""
    if not isinstance(
        link, (ConnectionError, TimeoutError, socket.gaierror, socket.timeout, http.client.HTTPException)
    ):
        return False
    frames = list(_frames(link))
    return bool(frames) and frames[-1][0].partition(".")[0] in _SPEAKING


def _from_set_up(link: BaseException) -> bool:
    """Return whether an error of the interpreter came out of loading certificates or building a context."""
    if type(link).__module__ != "builtins" or not isinstance(link, (OSError, ValueError, RecursionError)):
        return False
    frames = list(_frames(link))
    if {module for module, _ in frames[-_LAST:]} & _SET_UP:
        return True
    # OpenSSL's file errors carry no file name; those of open() do.
    nameless = isinstance(link, OSError) and link.filename is None
    return nameless and bool(frames) and bool(_LOADERS & set(frames[-1][1].co_names))


def _frames(link: BaseException) -> Iterator[tuple[str, CodeType]]:
    trace = link.__traceback__
    while trace is not None:
        yield trace.tb_frame.f_globals.get("__name__", ""), trace.tb_frame.f_code
        trace = trace.tb_next


def concerns_tls(suspicion: Suspicion, incident: Incident) -> bool:
    """Return whether the call that failed was one for TLS, and failed before TLS stood or for a reason of TLS.

    An answer has to say so. A slow answer, a server that is down and a broken connection are no matter of TLS where
    none was to be spoken; the exception is a port that answers plain HTTP as a TLS server does.
    """
    if suspicion == "answer":
        return _speaks_of_tls(incident)
    if suspicion != "connection" or incident.error is None:
        return True
    if incident.url is not None and not _from_the_wire(incident.error):
        return False
    names = {qualified(kind) for link in links(incident.error) for kind in type(link).__mro__}
    if not _for_tls(incident):
        return bool(names & _TOO_PLAIN) and incident.url is not None and route_of(incident).proxy is None
    stands = incident.progress == "established" or (incident.testimony is not None and incident.testimony.established)
    return incident.progress != "answered" and not (stands and names & _LATE)


def _speaks_of_tls(incident: Incident) -> bool:
    """Return whether the answer does say that TLS failed; most that hold such a word do not."""
    from sslwhy.causes.answers.classify import classify

    return not isinstance(incident.answer, Missing) and classify(incident.answer) is not None


def _from_the_wire(error: BaseException) -> bool:
    """Return whether a library that speaks to sockets had a part in it, not only a caller's hook or test double."""
    return any(module.partition(".")[0] in _WIRE for link in links(error) for module, _ in _frames(link))


def _for_tls(incident: Incident) -> bool:
    if incident.url is None:
        return incident.secure
    return urlsplit(incident.url).scheme == "https" or route_of(incident).scheme == "https"


def worth_telling(code: str | None, suspicion: Suspicion, incident: Incident) -> bool:
    """Return whether a verdict says more than the failure itself does.

    Args:
        code: the primary finding's.
        suspicion: what the failure looked like.
        incident: the failure.
    """
    if code is None:
        return False
    if suspicion == "tls":
        return True
    if suspicion == "connection" and not _for_tls(incident):
        return code == "plain-http-to-tls-port"
    return code != "unclassified"
