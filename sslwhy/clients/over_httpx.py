"""Drop-ins for httpx: the same transports, their failures diagnosed."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from sslwhy.clients.guard import Guard


if TYPE_CHECKING:
    from collections.abc import Callable

    from sslwhy.policy import Policy

    F = TypeVar("F", bound=Callable[..., None])


def _signed_like(theirs: Callable[..., None]) -> Callable[[F], F]:
    """Give a constructor the signature of httpx's own and ``diagnosis``.

    httpx has moved these parameters about between its releases: written out here, one passed by position would mean
    something else with another release.
    """
    signature = inspect.signature(theirs)

    def sign(ours: F) -> F:
        extra = inspect.signature(ours).parameters["diagnosis"]
        ours.__signature__ = signature.replace(  # type: ignore[attr-defined]  # any function may have one, see PEP 362
            parameters=[*signature.parameters.values(), extra]
        )
        return ours

    return sign


class HTTPTransport(httpx.HTTPTransport):
    """``httpx.HTTPTransport`` whose TLS failures leave enriched.

    Args:
        diagnosis: how far a diagnosis may go; ``None`` for what the environment says.
        kwargs: see httpx.

    Raises:
        OSError: what building the TLS context raises, ``ssl.SSLError`` and ``FileNotFoundError`` among it; it is a
            :class:`sslwhy.DiagnosedError` too.
    """

    diagnosis: Policy | None = None

    @_signed_like(httpx.HTTPTransport.__init__)
    def __init__(self, *args: Any, diagnosis: Policy | None = None, **kwargs: Any) -> None:
        with Guard(diagnosis):
            super().__init__(*args, **kwargs)
        self.diagnosis = diagnosis

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; see httpx.

        Raises:
            httpx.TransportError: what httpx raises; a TLS failure is a :class:`sslwhy.DiagnosedError` too.
        """
        with Guard(self.diagnosis):
            return super().handle_request(request)


class AsyncHTTPTransport(httpx.AsyncHTTPTransport):
    """``httpx.AsyncHTTPTransport`` whose TLS failures leave enriched; the diagnosis never holds up the event loop.

    Args:
        diagnosis: how far a diagnosis may go; ``None`` for what the environment says.
        kwargs: see httpx.

    Raises:
        OSError: what building the TLS context raises, ``ssl.SSLError`` and ``FileNotFoundError`` among it; it is a
            :class:`sslwhy.DiagnosedError` too.
    """

    diagnosis: Policy | None = None

    @_signed_like(httpx.AsyncHTTPTransport.__init__)
    def __init__(self, *args: Any, diagnosis: Policy | None = None, **kwargs: Any) -> None:
        with Guard(diagnosis):
            super().__init__(*args, **kwargs)
        self.diagnosis = diagnosis

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; see httpx.

        Raises:
            httpx.TransportError: what httpx raises; a TLS failure is a :class:`sslwhy.DiagnosedError` too.
        """
        async with Guard(self.diagnosis):
            return await super().handle_async_request(request)
