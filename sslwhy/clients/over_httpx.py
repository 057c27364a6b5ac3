"""Drop-ins for httpx: the same transports, their failures diagnosed."""

from __future__ import annotations

from typing import Any

import httpx

from sslwhy.clients.guard import Guard
from sslwhy.policy import Policy


class HTTPTransport(httpx.HTTPTransport):
    """``httpx.HTTPTransport`` whose TLS failures leave enriched.

    Args:
        diagnosis: how far a diagnosis may go; ``None`` for what the environment says.
        kwargs: see httpx.
    """

    def __init__(self, *args: Any, diagnosis: Policy | None = None, **kwargs: Any) -> None:
        with Guard(diagnosis):
            super().__init__(*args, **kwargs)
        self.diagnosis = diagnosis

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; see httpx."""
        with Guard(self.diagnosis):
            return super().handle_request(request)


class AsyncHTTPTransport(httpx.AsyncHTTPTransport):
    """``httpx.AsyncHTTPTransport`` whose TLS failures leave enriched; the diagnosis never holds up the event loop.

    Args:
        diagnosis: how far a diagnosis may go; ``None`` for what the environment says.
        kwargs: see httpx.
    """

    def __init__(self, *args: Any, diagnosis: Policy | None = None, **kwargs: Any) -> None:
        with Guard(diagnosis):
            super().__init__(*args, **kwargs)
        self.diagnosis = diagnosis

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; see httpx."""
        async with Guard(self.diagnosis):
            return await super().handle_async_request(request)
