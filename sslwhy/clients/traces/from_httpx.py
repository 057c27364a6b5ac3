"""What the frames of httpx tell: the request, the redirects before it, and how its context was made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sslwhy.report.text import plain_url


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.clients.traces.frames import Frame
    from sslwhy.evidence.incident import Incident


def read(frames: Iterable[Frame], incident: Incident) -> None:
    """Fill in the innermost request and what ``verify`` and ``cert`` were, where a context was being made."""
    for frame in frames:
        if not frame.module.startswith("httpx."):
            continue
        incident.library = "httpx"
        if (request := frame.values.get("request")) is not None and hasattr(request, "url"):
            incident.url = str(request.url)
            incident.operation = replace(incident.operation, name=getattr(request, "method", None))
        if frame.function == "_send_handling_redirects" and (history := frame.values.get("history")):
            _read_redirect(history[-1], incident)
        if frame.function == "create_ssl_context" and frame.has("verify", "cert"):
            incident.verify, incident.cert = frame.values["verify"], frame.values["cert"]
            incident.trust_env = bool(frame.values.get("trust_env", True))
        if proxy := _proxy_of(frame.values.get("self")):
            incident.proxies = {"all": proxy}


def _read_redirect(response: Any, incident: Incident) -> None:
    source = plain_url(str(response.url))
    incident.operation = replace(
        incident.operation,
        origin="redirect",
        document=source,
        url_source=f"a redirect ({response.status_code}) from {source}",
        requested_url=plain_url(str(response.history[0].url if response.history else response.url)),
    )


def _proxy_of(transport: Any) -> str | None:
    url = getattr(getattr(transport, "_pool", None), "_proxy_url", None)
    if url is None:
        return None
    return f"{url.scheme.decode()}://{url.host.decode()}:{url.port}"
