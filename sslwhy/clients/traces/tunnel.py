"""What the frames tell of a proxy's tunnel: TLS inside TLS, and which of the two connections broke."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.evidence.route import route_of


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.clients.traces.frames import Frame
    from sslwhy.evidence.incident import Incident


def read(frames: Iterable[Frame], incident: Incident) -> None:
    """Fill in whether the tunnel was open; to be called when all other readers are through.

    With an ``https://`` proxy the connection to the proxy stands and testifies, while the one that broke, the CONNECT
    or the handshake with the server inside it, has no socket of its own. What did not break is no witness.
    """
    if route_of(incident).proxy is None:
        return
    frames = tuple(frames)
    shaking, incident.tunnelling = any(map(_shakes_hands, frames)), any(map(_asks_for_tunnel, frames))
    stands = incident.testimony is None or incident.testimony.established
    if stands and (shaking or incident.tunnelling):
        incident.testimony = None
        incident.progress = "handshake" if shaking else "begun"


def _asks_for_tunnel(frame: Frame) -> bool:
    """Return whether http.client, or httpcore, was still waiting for the proxy's answer to CONNECT."""
    if frame.module.startswith("httpcore."):
        return frame.has("connect_request") and not frame.has("connect_response")
    return frame.module.startswith(("http.", "urllib3.")) and frame.function == "_tunnel"


def _shakes_hands(frame: Frame) -> bool:
    return frame.module.startswith(("httpcore.", "urllib3.")) and frame.function in {"start_tls", "ssl_wrap_socket"}
