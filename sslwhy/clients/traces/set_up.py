"""What the caller's own objects and code show of the set-up: settings that stand ready and are not in use."""

from __future__ import annotations

import dis
import ssl
from typing import TYPE_CHECKING, Any

from sslwhy.evidence.incident import Noticed


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sslwhy.clients.traces.frames import Frame
    from sslwhy.evidence.incident import Incident

_LIBRARIES = {"requests", "urllib3", "httpx", "httpcore", "zeep", "http", "ssl", "asyncio", "anyio", "trio", "aiohttp"}
_SETTINGS = {"verify", "cert"}


def notice(frames: Sequence[Frame], incident: Incident) -> None:
    """Fill in what was noticed."""
    own = [frame for frame in frames if frame.module.partition(".")[0] not in _LIBRARIES]
    found = [*_other_client(frames), *_message_signature(frames), *_loaded_before(frames, incident)]
    if incident.library == "requests":
        found += _unused_sessions(own, frames)
    if incident.operation.kind in {"wsdl", "schema"}:
        found += _set_later(own)
    incident.noticed = tuple(found)


def _unused_sessions(own: Sequence[Frame], frames: Sequence[Frame]) -> Iterator[Noticed]:
    """Yield the caller's sessions that hold trust settings or a client certificate and did not make this call."""
    used = {id(frame.values.get("self")) for frame in frames if frame.module == "requests.sessions"}
    seen = set(used)
    for frame in own:
        for name, value in list(frame.values.items()):
            if not _is_session(value) or id(value) in seen:
                continue
            seen.add(id(value))
            verify = value.verify if isinstance(value.verify, str) else None
            if verify or value.cert:
                yield Noticed(word="unused-session", name=name, verify=verify, certificate=bool(value.cert))


def _is_session(value: object) -> bool:
    return any(f"{kind.__module__}.{kind.__qualname__}" == "requests.sessions.Session" for kind in type(value).__mro__)


def _set_later(own: Sequence[Frame]) -> Iterator[Noticed]:
    """Yield the settings that the caller's code makes only after the call that failed.

    The code of the calling functions is asked for assignments to an attribute ``verify`` or ``cert``.
    """
    names = {name for frame in own for name in _stored_later(frame) if name in _SETTINGS}
    yield from (Noticed(word="set-later", name=name) for name in sorted(names))


def _stored_later(frame: Frame) -> Iterator[str]:
    code, reached = frame.code, frame.reached
    if not _SETTINGS & set(code.co_names):
        return
    for step in dis.get_instructions(code):
        if step.offset > reached and step.opname == "STORE_ATTR":
            yield str(step.argval)


def _message_signature(frames: Sequence[Frame]) -> Iterator[Noticed]:
    """Yield the WS-Security signature of the call: it signs the message and does not authenticate the connection."""
    for frame in frames:
        client = frame.values.get("client") if frame.function in {"send", "send_async"} else None
        plain = frame.values.get("wsse") if frame.module == "zeep.client" else None
        for wsse in _each(getattr(client, "wsse", plain)):
            if any(kind.__module__ == "zeep.wsse.signature" for kind in type(wsse).__mro__):
                yield Noticed(word="message-signature", name=type(wsse).__name__)
                return


def _each(wsse: Any) -> list[Any]:
    return list(wsse) if isinstance(wsse, (list, tuple)) else [wsse, *(getattr(wsse, "wsse_objects", None) or ())]


def _loaded_before(frames: Sequence[Frame], incident: Incident) -> Iterator[Noticed]:
    """Yield that the WSDL of the failing operation had come over https from the very same place, and from no cache."""
    for frame in frames:
        if frame.function not in {"send", "send_async"} or not frame.has("client", "options", "operation"):
            continue
        client = frame.values["client"]
        location = getattr(client.wsdl, "location", None)
        cached = getattr(client.transport, "cache", None) is not None
        if not cached and isinstance(location, str) and location.startswith("https:"):
            same = _origin(location) == _origin(incident.url or "")
            yield from [Noticed(word="loaded-before", name=location)] * same


def _origin(url: str) -> str:
    return "/".join(url.split("/")[:3]).lower()


def _other_client(frames: Sequence[Frame]) -> Iterator[Noticed]:
    """Yield the other one of zeep's two httpx clients: one loads the WSDL, the other calls the operations."""
    for frame in frames:
        if not frame.module.startswith("zeep.transports"):
            continue  # an attribute of a caller's own object may do anything when it is read
        transport = frame.values.get("self")
        pair = (getattr(transport, "wsdl_client", None), getattr(transport, "client", None))
        if None in pair:
            continue
        loading = frame.function in {"load", "_load_remote_data"}
        name, other = ("client", pair[1]) if loading else ("wsdl_client", pair[0])
        pool = getattr(getattr(other, "_transport", None), "_pool", None)
        if isinstance(context := getattr(pool, "_ssl_context", None), ssl.SSLContext):
            yield Noticed(word="other-client", name=name, context=context)
        return
