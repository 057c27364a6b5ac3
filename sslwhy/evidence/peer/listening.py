"""A verified TLS 1.3 handshake without a client certificate, then listening: does the server want one?

In TLS 1.3 the demand is encrypted, and the refusal comes only after the handshake (RFC 8446 section 4.4.2.4), where
the data of a POST may be lost to a reset. Nobody who sends nothing can lose the alert.
"""

from __future__ import annotations

import socket
import ssl
import time
from typing import TYPE_CHECKING

from sslwhy.evidence.prober.route import Route, tunnel_status
from sslwhy.facts.peer import Abandoned, AlertReceived, ConnectFailed, HelloAnswer, PeerClosed, TunnelRefused
from sslwhy.facts.tls.alerts import alert_of_reason


if TYPE_CHECKING:
    from collections.abc import Iterable

_CHUNK = 4096
_OK = range(200, 300)


def listen(route: Route, name: str, anchors: Iterable[bytes], timeout: float) -> HelloAnswer:
    """Complete a handshake with a server that the anchors vouch for, send nothing, and return what it then says.

    Silence is ``PeerClosed("timeout")``: the server waits for a request, so it wants no certificate.

    Args:
        route: the way to the server.
        name: the reference identity.
        anchors: the trust anchors of the failed call, DER.
        timeout: seconds for all of it.
    """
    ends = time.monotonic() + timeout
    try:
        context = _context(anchors)
        with socket.create_connection((route.host, route.port), timeout) as plain:
            if route.tunnel_to and (status := _tunnel(plain, route)) not in _OK:
                return TunnelRefused(status)
            with context.wrap_socket(plain, server_hostname=name) as tls:
                tls.settimeout(max(0.05, ends - time.monotonic()))
                return _heard(tls)
    except ssl.SSLError as error:
        return Abandoned(f"the verified handshake did not complete: {error.reason or error}")
    except OSError as error:
        return ConnectFailed(error.errno, "error", error.strerror or str(error))


def _context(anchors: Iterable[bytes]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=b"".join(anchors))
    return context


def _tunnel(plain: socket.socket, route: Route) -> int | None:
    plain.sendall(route.preamble)
    head, status = b"", None
    while status is None and (data := plain.recv(_CHUNK)):
        head += data
        status = tunnel_status(head)
    return status


def _heard(tls: ssl.SSLSocket) -> HelloAnswer:
    try:
        return PeerClosed("eof" if not tls.recv(1) else "timeout")
    except TimeoutError:
        return PeerClosed("timeout")
    except ssl.SSLEOFError:
        return PeerClosed("eof")
    except ssl.SSLError as error:
        alert = alert_of_reason(error.reason or "")
        return AlertReceived(alert) if alert is not None else PeerClosed("eof")
    except ConnectionError:
        return PeerClosed("reset")
