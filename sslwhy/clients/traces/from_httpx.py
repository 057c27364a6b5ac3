"""What the frames of httpx and aiohttp tell: the request, the redirects before it, and how its context was made."""

from __future__ import annotations

import ssl
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sslwhy.clients.traces.redirects import redirected_from
from sslwhy.evidence.capture import Testimony


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.clients.traces.frames import Frame
    from sslwhy.evidence.incident import Incident


def read(frames: Iterable[Frame], incident: Incident) -> None:
    """Fill in the innermost request and what ``verify`` and ``cert`` were, where a context was being made."""
    for frame in frames:
        if frame.module.startswith("httpcore."):
            _read_stream(frame, incident)
        elif frame.module == "anyio.streams.tls":
            _read_peer(frame.values.get("transport_stream"), incident)
        elif frame.module.startswith("aiohttp."):
            _read_aiohttp(frame, incident)
        elif frame.module.startswith("httpx."):
            _read_httpx(frame, incident)


def _read_httpx(frame: Frame, incident: Incident) -> None:
    incident.library = "httpx"
    if (request := frame.values.get("request")) is not None and hasattr(request, "url"):
        incident.url = str(request.url)
        incident.operation = replace(incident.operation, name=getattr(request, "method", None))
    if frame.function == "_send_handling_redirects" and (history := frame.values.get("history")):
        incident.operation = redirected_from(history[-1], incident.operation)
    if frame.function == "create_ssl_context" and frame.has("verify", "cert"):
        incident.verify, incident.cert = frame.values["verify"], frame.values["cert"]
        incident.trust_env = bool(frame.values.get("trust_env", True))
    if proxy := _proxy_of(frame.values.get("self")):
        incident.proxies = {"all": proxy}


def _read_stream(frame: Frame, incident: Incident) -> None:
    """Fill in how far the call had come; the TLS object of an established connection testifies where it has not yet."""
    if frame.function == "start_tls":
        incident.progress = "handshake"
    stream = getattr(frame.values.get("self"), "_network_stream", None)
    tls = stream.get_extra_info("ssl_object") if stream is not None else None
    if not isinstance(tls, (ssl.SSLSocket, ssl.SSLObject)):
        return
    incident.progress = "answered" if frame.function == "_receive_response_body" else "established"
    if incident.testimony is None:
        incident.testimony = Testimony(tls, established=True)


def _read_peer(stream: Any, incident: Incident) -> None:
    """Fill in the address; the socket is closed by now and does not know it any more, asyncio's transport does."""
    transport = getattr(stream, "_transport", None)
    peer = transport.get_extra_info("peername") if transport is not None else None
    if isinstance(peer, tuple):
        incident.address = str(peer[0])


def _read_aiohttp(frame: Frame, incident: Incident) -> None:
    incident.library = "ssl"  # its rules are those of the standard library
    if frame.function == "_request" and frame.has("url"):
        incident.url = str(frame.values["url"])
        incident.proxies = {"all": str(proxy)} if (proxy := frame.values.get("proxy")) else {}
    elif frame.module == "aiohttp.client_reqrep" and frame.function == "start":
        incident.progress = "established"


def _proxy_of(transport: Any) -> str | None:
    pool = getattr(transport, "_pool", None)
    url = getattr(pool, "_proxy_url", None)
    if url is None:
        return None
    # The credentials are kept in a header; all that is wanted is that there are some.
    known = any(name.lower() == b"proxy-authorization" for name, _ in getattr(pool, "_proxy_headers", ()))
    return f"{url.scheme.decode()}://{'-@' if known else ''}{url.host.decode()}:{url.port}"
