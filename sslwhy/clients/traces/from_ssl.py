"""What the frames of ``ssl``, asyncio and urllib3 tell: the context, and whom it was speaking to."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.clients.traces.frames import Frame
    from sslwhy.evidence.incident import Incident


def read(frames: Iterable[Frame], incident: Incident) -> None:
    """Fill in host, port, context and, from urllib3's pools, the trust settings."""
    for frame in frames:
        for value in (frame.values.get("self"), frame.values.get("context"), frame.values.get("ssl_context")):
            if isinstance(value, (ssl.SSLSocket, ssl.SSLObject)):
                incident.context = value.context
                incident.library = "ssl" if incident.library == "unknown" else incident.library
            elif isinstance(value, ssl.SSLContext):
                incident.context = value
        if frame.module in {"urllib3.connectionpool", "urllib3.connection"}:
            _read_urllib3(frame.values.get("self"), incident)
        elif frame.module == "socket" and frame.function == "create_connection" and frame.has("address"):
            _read_address(frame.values["address"], incident)


def _read_urllib3(pool: Any, incident: Incident) -> None:
    host, port = getattr(pool, "host", None), getattr(pool, "port", None)
    if not isinstance(host, str) or not isinstance(port, int):
        return
    incident.library = "urllib3"
    incident.host, incident.port = host.strip("[]"), port
    if tunnel := getattr(pool, "_tunnel_host", None):
        incident.host, incident.port = tunnel.strip("[]"), getattr(pool, "_tunnel_port", None) or port
    location = getattr(pool, "ca_certs", None) or getattr(pool, "ca_cert_dir", None)
    if location:
        incident.verify = location
    if certificate := getattr(pool, "cert_file", None):
        key = getattr(pool, "key_file", None)
        incident.cert = (certificate, key) if key else certificate


def _read_address(address: Any, incident: Incident) -> None:
    if incident.host is None and isinstance(address, tuple) and isinstance(address[0], str):
        incident.host, incident.port = address[0], address[1]
