"""From an exception to an incident: every client library's reader looks at the frames it knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.clients.traces import from_httpx, from_requests, from_ssl, from_zeep, set_up, tunnel
from sslwhy.clients.traces.answers import answer_in
from sslwhy.clients.traces.frames import frames_of
from sslwhy.evidence.capture import testimony_of
from sslwhy.evidence.errors import links
from sslwhy.evidence.incident import Incident
from sslwhy.journal import attempt


if TYPE_CHECKING:
    from collections.abc import Callable

    from sslwhy.facts.observed import OperationKind


def read_incident(error: BaseException, *, kind: OperationKind = "request") -> Incident:
    """Read everything that the exception and its frames tell; nothing is opened, fetched or changed."""
    incident = Incident(error=error)
    incident.testimony = next((found for link in links(error) if (found := testimony_of(link))), None)
    frames = frames_of(error)
    incident.answer = answer_in(error, frames)
    readers: tuple[Callable[[], None], ...] = (
        lambda: from_ssl.read(frames, incident),
        lambda: from_httpx.read(frames, incident),
        lambda: from_requests.read(frames, incident),
        lambda: from_requests.read_request(error, incident),
        lambda: from_zeep.read(frames, incident, kind),
        lambda: set_up.notice(frames, incident),
        lambda: tunnel.read(frames, incident),
    )
    for read in readers:
        # What stands in the frames is the libraries' own; where one of them is odd, the rest can still be read.
        attempt(read, "part of the traceback could not be read")
    return incident
