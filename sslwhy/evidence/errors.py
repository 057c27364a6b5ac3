"""An exception taken apart: which error lies at its root, how far the connection came, and OpenSSL's numbers."""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sslwhy.evidence.route import route_of
from sslwhy.facts.observed import Observed, Stage
from sslwhy.facts.tls.alerts import alert_of_reason
from sslwhy.text import redact


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.evidence.incident import Incident

_LIMIT = 32
_MEMBERS = 4
_PYOPENSSL = re.compile(r"\('[\w ]*', '\w*', '([\w /]+)'\)")
# OpenSSL knows a few reasons that CPython has no symbol for; then its words stand where the symbol would.
_UNNAMED = re.compile(r"^(?:\(\d+, ')?\[SSL\] ([\w/ ]+?)(?: \(_ssl|$)")
_PYOPENSSL_SYSTEM = re.compile(r"SysCallError\((\d+), ")
_PYOPENSSL_END = re.compile(r"SysCallError\(-1, |\('system library', '', ''\)")
_TUNNEL_STATUS = re.compile(r"Tunnel connection failed: (\d{3})|^(\d{3}) [A-Z]")


def links(error: BaseException) -> Iterator[BaseException]:
    """Yield the exception and every exception inside it, outermost first, each once.

    Client libraries hide the root in different places: ``__cause__``, ``__context__``, ``args`` and, for
    urllib3's ``MaxRetryError``, ``reason``. The first of an exception group are inside it, too.
    """
    seen: set[int] = set()
    waiting = [error]
    while waiting and len(seen) < _LIMIT:
        link = waiting.pop(0)
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        hidden = [getattr(link, "reason", None), link.__cause__, *link.args, *members_of(link)[:_MEMBERS]]
        # anyio says "from None" and hides OpenSSL's own error.
        shown = not link.__suppress_context__ or type(link).__module__.startswith("anyio")
        if shown and _wraps_its_context(link):
            hidden.append(link.__context__)
        waiting += [each for each in hidden if isinstance(each, BaseException)]


def members_of(error: BaseException) -> tuple[BaseException, ...]:
    """Return the exceptions of an exception group (:pep:`654`, or the backport of it), nothing for any other."""
    is_group = any(kind.__name__ == "BaseExceptionGroup" for kind in type(error).__mro__)
    return tuple(error.exceptions) if is_group else ()  # type: ignore[attr-defined]  # Python 3.10 has no such class


_NATIVE = {"builtins", "socket", "ssl"}
_MISTAKES = (ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, NameError, TypeError)


def _wraps_its_context(link: BaseException) -> bool:
    """Return whether an exception was raised on account of the one that was being handled.

    What the operating system, the TLS library or the interpreter itself raises in an ``except`` block is a failure of
    its own, e.g. that of a second server which is tried after the first.
    """
    if type(link).__module__ not in _NATIVE:
        return True
    own = isinstance(link, OSError) and (link.errno is not None or isinstance(link, (ssl.SSLError, TimeoutError)))
    return not (own or isinstance(link, _MISTAKES))


def root_of(error: BaseException) -> BaseException:
    """Return the exception that says most: an ``ssl`` error, else an operating system error, else the innermost."""
    found: list[BaseException] = [link for link in links(error) if isinstance(link, Exception)] or [error]
    for wanted in (ssl.SSLError, socket.gaierror, ConnectionError, TimeoutError):
        alike = [link for link in found if isinstance(link, wanted)]
        if alike:
            # aiohttp's errors are ssl errors, too, but the numbers stand in the one inside.
            return next((link for link in alike if type(link).__module__ in _NATIVE), alike[0])
    return next((link for link in reversed(found) if type(link).__module__ == "builtins"), found[-1])


def qualified(kind: type[BaseException]) -> str:
    """Return a class name as a person would import it: ``requests.exceptions.SSLError``, ``OSError``."""
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def names_of(error: BaseException) -> frozenset[str]:
    """Return the qualified names of all classes of all exceptions inside, for libraries that are not imported."""
    return frozenset(qualified(kind) for link in links(error) for kind in type(link).__mro__ if kind is not object)


_MATCHER = "urllib3.util.ssl_match_hostname.CertificateError"
"""What urllib3 raises where it compares the names itself: for pyOpenSSL, and for ``assert_hostname``."""
_REFUSALS = 400
"""The first HTTP status that is a failure."""


def observe(incident: Incident) -> Observed:
    """Take the incident's error apart."""
    error = incident.error
    answered = incident.answer.status if incident.answer else None
    if error is None:
        return Observed(stage="answer", status=answered) if (answered or 0) >= _REFUSALS else Observed()
    root = root_of(error)
    reason = _reason(root)
    verified = isinstance(root, ssl.SSLCertVerificationError)
    stage = _stage(incident, error, root)
    return Observed(
        type=qualified(type(error)),
        message=redact(str(error)),
        stage=stage,
        root_type=qualified(type(root)),
        verify_code=getattr(root, "verify_code", None) if verified else None,
        verify_message=getattr(root, "verify_message", None) if verified else None,
        library=getattr(root, "library", None) if isinstance(root, ssl.SSLError) else None,
        reason=reason,
        alert=alert_of_reason(reason) if reason else None,
        errno=_errno(root),
        proxy=stage == "tunnel" or incident.tunnelling or _at_proxy(error) or _to_proxy(incident, stage, root),
        status=answered or _tunnel_status(error),
        key_log_problem=key_log_problem(),
    )


def key_log_problem() -> str | None:
    """Return why the file that ``SSLKEYLOGFILE`` names cannot be appended to, or ``None``; nothing is created."""
    named = os.environ.get("SSLKEYLOGFILE")
    if not named:
        return None
    path = Path(named)
    try:
        if path.is_dir():
            return "it is a directory"
        if path.exists():
            return None if os.access(path, os.W_OK) else "it cannot be written"
        if not path.parent.is_dir():
            return "its directory does not exist"
        return None if os.access(path.parent, os.W_OK) else "its directory cannot be written"
    except (OSError, ValueError) as problem:
        return str(problem)


def _errno(root: BaseException) -> int | None:
    if not isinstance(root, ssl.SSLError):
        return root.errno if isinstance(root, OSError) else None
    number = _PYOPENSSL_SYSTEM.search(str(root))
    return int(number[1]) if number else None


def _reason(root: BaseException) -> str | None:
    if isinstance(root, ssl.SSLError) and (root.args[:1] == (ssl.SSL_ERROR_EOF,) or _PYOPENSSL_END.search(str(root))):
        return "UNEXPECTED_EOF_WHILE_READING"
    if qualified(type(root)) == _MATCHER:
        return "CERTIFICATE_VERIFY_FAILED"
    reason = getattr(root, "reason", None)
    if isinstance(reason, str):
        return reason
    words = _PYOPENSSL.search(str(root)) or _UNNAMED.search(str(root))
    return words.group(1).upper().replace("/", "").replace(" ", "_") if words else None


_LOADING = frozenset(
    {
        "LIBRARY_HAS_NO_CIPHERS",
        "NO_CIPHER_MATCH",
        "EE_KEY_TOO_SMALL",
        "CA_KEY_TOO_SMALL",
        "CA_MD_TOO_WEAK",
        "UNKNOWN_CERTIFICATE_TYPE",
        "NO_CERTIFICATE_ASSIGNED",
        "NO_PRIVATE_KEY_ASSIGNED",
        "PEM_LIB",
    }
)
"""Reasons of OpenSSL's library ``SSL`` that come from building a context, before there is a connection."""


def _stage(incident: Incident, error: BaseException, root: BaseException) -> Stage:
    if incident.answer:
        return "answer"
    if incident.testimony is not None:
        return "read" if incident.testimony.established else "handshake"
    if _tunnel_status(error) is not None:
        return "tunnel"
    names = names_of(error)
    if isinstance(root, socket.gaierror) or "urllib3.exceptions.NameResolutionError" in names:
        return "resolve"
    if isinstance(root, ssl.SSLError):
        return _stage_of_ssl(root)
    if qualified(type(root)) == _MATCHER:
        return "handshake"
    if isinstance(root, OSError) and root.errno in _FILE_ERRORS:
        return "setup"
    if incident.progress != "begun":
        return "handshake" if incident.progress == "handshake" else "read"
    if names & _CONNECTING or isinstance(root, ConnectionRefusedError):
        return "connect"
    if isinstance(root, (ConnectionError, TimeoutError)) or names & _READING:
        return _without_testimony(incident, root)
    return "setup"


def _functions(root: BaseException) -> set[str]:
    """Return the names of the functions that led to an error, or to the one of pyOpenSSL that it stands for."""
    functions = set()
    for error in filter(None, (root, root.__cause__)):
        trace = error.__traceback__
        while trace is not None:
            functions.add(trace.tb_frame.f_code.co_name)
            trace = trace.tb_next
    return functions


_SHAKING = {"do_handshake", "_do_handshake_step"}
_TALKING = {"read", "write", "recv", "recv_into", "send", "sendall", "_read_status"}
_AWAITING_ANSWER = {"getresponse", "_receive_response_headers"}


def _stage_of_ssl(root: ssl.SSLError) -> Stage:
    """Return how far a connection came whose error left no testimony: its frames tell, else its library and reason."""
    functions = _functions(root)
    if functions & _SHAKING:
        return "handshake"
    if functions & _TALKING:
        return "read"
    loading = functions or (getattr(root, "library", None) or "SSL") != "SSL" or _reason(root) in _LOADING
    return "setup" if loading else "handshake"


def _without_testimony(incident: Incident, root: BaseException) -> Stage:
    """Return how far a connection came that broke before any TLS socket could testify."""
    if incident.tunnelling:
        return "tunnel"
    scheme = urlsplit(incident.url or "").scheme
    functions = _functions(root)
    if (incident.url and scheme != "https") or functions & _AWAITING_ANSWER:
        return "read"
    return "tunnel" if route_of(incident).proxy and not functions & _SHAKING else "handshake"


_FILE_ERRORS = {errno.ENOENT, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.EROFS, errno.ENOSPC}
_CONNECTING = {
    "urllib3.exceptions.NewConnectionError",
    "urllib3.exceptions.ConnectTimeoutError",
    "httpcore.ConnectTimeout",
}
_READING = {
    "requests.exceptions.ReadTimeout",
    "urllib3.exceptions.ReadTimeoutError",
    "urllib3.exceptions.ProtocolError",
    "http.client.BadStatusLine",
    "httpcore.ReadError",
    "httpcore.ReadTimeout",
    "httpcore.RemoteProtocolError",
    "httpcore.ConnectError",
}
_PROXY = {"requests.exceptions.ProxyError", "urllib3.exceptions.ProxyError", "httpx.ProxyError", "httpcore.ProxyError"}


def _at_proxy(error: BaseException) -> bool:
    return bool(names_of(error) & _PROXY)


def _to_proxy(incident: Incident, stage: Stage, root: BaseException) -> bool:
    """Return whether the connection that did not come about was the one to the proxy; httpx does not say so.

    A SOCKS proxy is another matter: its name or the server's may be resolved, and it tells of the server's refusal.
    """
    route = route_of(incident)
    if route.scheme in {"http", "https"}:
        return stage in {"resolve", "connect"} or _tls_to_proxy(incident)
    return route.proxy is not None and isinstance(root, ConnectionRefusedError)


def _tls_to_proxy(incident: Incident) -> bool:
    """Return whether the TLS connection that failed was the one to an ``https://`` proxy."""
    route, testimony = route_of(incident), incident.testimony
    if testimony is None or route.scheme != "https" or testimony.server_name != route.host:
        return False
    return testimony.server_name != urlsplit(incident.url or "").hostname


def _tunnel_status(error: BaseException) -> int | None:
    for link in links(error):
        found = _TUNNEL_STATUS.search(str(link)) if isinstance(link, OSError) or _at_proxy(link) else None
        if found:
            return int(found.group(1) or found.group(2))
    return None
