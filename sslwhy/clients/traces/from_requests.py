"""What the frames of requests tell: the request, and what ``verify``, ``cert`` and ``proxies`` came to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sslwhy.clients.traces.redirects import redirected_from


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.clients.traces.frames import Frame
    from sslwhy.evidence.incident import Incident


def read(frames: Iterable[Frame], incident: Incident) -> None:
    """Fill in what the innermost adapter was given, and what the session and the caller had asked for."""
    for frame in frames:
        if frame.function == "send" and frame.has("request", "verify", "cert", "proxies"):
            _read_adapter(frame.values, incident)
        elif frame.module == "requests.sessions":
            _read_session(frame, incident)
        elif frame.module == "requests.models" and getattr(response := frame.values.get("self"), "raw", None):
            # A body is read after the adapter has returned.
            incident.library, incident.progress = "requests", "answered"
            incident.url = getattr(response, "url", None) or incident.url


def read_request(error: BaseException, incident: Incident) -> None:
    """Fill in the URL from the exception itself, for exceptions that kept no frames (pickled, logged, re-raised)."""
    try:
        url = getattr(getattr(error, "request", None), "url", None)
    except RuntimeError:  # httpx raises it where no request was attached
        return
    if incident.url is None and url is not None:
        incident.url = str(url)


def _read_adapter(values: dict[str, Any], incident: Incident) -> None:
    incident.library = "requests"
    incident.url = getattr(values["request"], "url", None) or incident.url
    incident.verify = values["verify"]
    incident.cert = values["cert"]
    incident.proxies = dict(values["proxies"] or {})
    incident.operation = replace(incident.operation, name=getattr(values["request"], "method", None))


def _read_session(frame: Frame, incident: Incident) -> None:
    session = frame.values.get("self")
    incident.verify_session = getattr(session, "verify", None)
    incident.trust_env = bool(getattr(session, "trust_env", True))
    if frame.function == "request" and frame.has("verify", "proxies"):
        incident.verify_asked = frame.values["verify"]
        incident.proxies_asked = {**getattr(session, "proxies", {}), **(frame.values["proxies"] or {})}
    elif frame.function == "resolve_redirects" and (response := frame.values.get("resp")) is not None:
        incident.operation = redirected_from(response, incident.operation)
