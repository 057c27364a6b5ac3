"""What the frames of ``ssl``, asyncio, http.client and urllib3 tell: the context, and whom it was speaking to."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from sslwhy.evidence.capture import Testimony


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.clients.traces.frames import Frame
    from sslwhy.evidence.incident import Incident

_TALKING = {"read", "recv", "recv_into", "send", "sendall", "write"}


def read(frames: Iterable[Frame], incident: Incident) -> None:
    """Fill in host, port, context, how far the call had come and, from urllib3's pools, the trust settings."""
    for frame in frames:
        _read_context(frame, incident)
        if frame.module == "ssl":
            _read_tls(frame, incident)
        elif frame.module in {"urllib3.connectionpool", "urllib3.connection"}:
            _read_urllib3(frame, incident)
        elif frame.module == "http.client":
            _read_http_client(frame, incident)
        elif frame.module == "urllib.request" and frame.function == "do_open":
            incident.url = getattr(frame.values.get("req"), "full_url", None)
        elif frame.module == "asyncio.base_events":
            _read_asyncio(frame, incident)
        elif frame.module == "urllib3.response":
            incident.progress = "answered"
        elif frame.function == "create_connection" and frame.has("address"):
            _read_address(frame.values["address"], frame.values.get("sa"), incident)


def _read_context(frame: Frame, incident: Incident) -> None:
    for name in ("self", "context", "ssl_context", "ssl"):
        value = frame.values.get(name)
        if isinstance(value, (ssl.SSLSocket, ssl.SSLObject)):
            value = value.context
            incident.library = "ssl" if incident.library == "unknown" else incident.library
        if isinstance(value, ssl.SSLContext):
            incident.context = value


def _read_tls(frame: Frame, incident: Incident) -> None:
    """Let a TLS socket that could not testify do so now: it still stands in the frame."""
    tls = frame.values.get("self")
    incident.secure = True
    if frame.function == "create_default_context":
        incident.verify = frame.values.get("cafile") or frame.values.get("capath") or incident.verify
        incident.library = "ssl" if incident.library == "unknown" else incident.library
    elif frame.function == "_create":
        incident.progress = "handshake"  # before it, ssl itself reads from a socket that was reset already
    elif incident.testimony is None and isinstance(tls, (ssl.SSLSocket, ssl.SSLObject)):
        if frame.function in _TALKING and incident.progress != "handshake":
            incident.testimony = Testimony(tls, established=True)
        elif frame.function == "do_handshake":
            incident.testimony = Testimony(tls, established=False)


def _read_urllib3(frame: Frame, incident: Incident) -> None:
    pool = frame.values.get("self")
    host, port = getattr(pool, "host", None), getattr(pool, "port", None)
    if not isinstance(host, str) or not isinstance(port, int):
        return
    incident.library = "urllib3"
    incident.host, incident.port = host.strip("[]"), port
    if tunnel := getattr(pool, "_tunnel_host", None):
        incident.host, incident.port = tunnel.strip("[]"), getattr(pool, "_tunnel_port", None) or port
    if frame.function == "urlopen" and (path := frame.values.get("url")):
        scheme = getattr(pool, "scheme", "https")
        incident.url = f"{scheme}://{host}:{port}{path}" if str(path).startswith("/") else str(path)
        if proxy := getattr(pool, "proxy", None):
            incident.proxies = {scheme: str(proxy)}
    if isinstance(context := getattr(pool, "ssl_context", None), ssl.SSLContext):
        incident.context = context
    _read_trust(pool, incident)


def _read_trust(pool: Any, incident: Incident) -> None:
    location = getattr(pool, "ca_certs", None) or getattr(pool, "ca_cert_dir", None)
    if location:
        incident.verify = location
    if certificate := getattr(pool, "cert_file", None):
        key = getattr(pool, "key_file", None)
        incident.cert = (certificate, key) if key else certificate


def _read_http_client(frame: Frame, incident: Incident) -> None:
    connection: Any = frame.values.get("self")
    if isinstance(context := getattr(connection, "_context", None), ssl.SSLContext):
        incident.context, incident.secure = context, True
        incident.host = connection._tunnel_host or connection.host  # noqa: SLF001 - it has no public name
        incident.port = connection._tunnel_port or connection.port  # noqa: SLF001 - likewise
    if frame.function == "getresponse":
        incident.progress = "established"


def _read_asyncio(frame: Frame, incident: Incident) -> None:
    if frame.has("host", "port", "ssl") and frame.values["ssl"]:
        incident.secure = True
        incident.host, incident.port = frame.values["host"], frame.values["port"]
        _, _, _, _, tried = frame.values.get("addrinfo") or (None,) * 5
        _read_address(None, tried, incident)
    elif frame.function == "_create_connection_transport" and frame.values.get("ssl"):
        incident.progress = "handshake"


def _read_address(address: Any, tried: Any, incident: Incident) -> None:
    if isinstance(tried, tuple) and isinstance(tried[0], str):
        incident.address = tried[0]
    if incident.host is None and isinstance(address, tuple) and isinstance(address[0], str):
        incident.host, incident.port = address[0], address[1]
