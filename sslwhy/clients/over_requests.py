"""Drop-ins for requests: the same classes, their failures diagnosed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests
import requests.adapters
from requests.adapters import DEFAULT_POOLBLOCK, DEFAULT_POOLSIZE, DEFAULT_RETRIES

from sslwhy.clients.guard import Guard


if TYPE_CHECKING:
    from sslwhy.policy import Policy


class Session(requests.Session):
    """``requests.Session`` whose TLS failures leave enriched.

    Args:
        diagnosis: how far a diagnosis may go; ``None`` for what the environment says.
    """

    __attrs__ = [*requests.Session.__attrs__, "diagnosis"]  # noqa: RUF012 - a list in requests, too
    diagnosis: Policy | None = None

    def __init__(self, *, diagnosis: Policy | None = None) -> None:
        super().__init__()
        self.diagnosis = diagnosis

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a prepared request; see :meth:`requests.Session.send`.

        Raises:
            requests.exceptions.RequestException: what requests raises; a TLS failure is a
                :class:`sslwhy.DiagnosedError` too.
            OSError: likewise, for files that cannot be read.
        """
        with Guard(self.diagnosis):
            return super().send(request, **kwargs)


class HTTPAdapter(requests.adapters.HTTPAdapter):
    """``requests.adapters.HTTPAdapter`` whose TLS failures leave enriched, in whatever session it is mounted.

    Args:
        pool_connections: see requests.
        pool_maxsize: see requests.
        max_retries: see requests.
        pool_block: see requests.
        diagnosis: how far a diagnosis may go; ``None`` for what the environment says.
    """

    __attrs__ = [*requests.adapters.HTTPAdapter.__attrs__, "diagnosis"]  # noqa: RUF012 - likewise
    diagnosis: Policy | None = None

    def __init__(
        self,
        pool_connections: int = DEFAULT_POOLSIZE,
        pool_maxsize: int = DEFAULT_POOLSIZE,
        max_retries: Any = DEFAULT_RETRIES,
        pool_block: bool = DEFAULT_POOLBLOCK,
        *,
        diagnosis: Policy | None = None,
    ) -> None:
        super().__init__(
            pool_connections=pool_connections,
            pool_maxsize=pool_maxsize,
            max_retries=max_retries,
            pool_block=pool_block,
        )
        self.diagnosis = diagnosis

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Send a prepared request; see :meth:`requests.adapters.HTTPAdapter.send`.

        Raises:
            requests.exceptions.RequestException: what requests raises; a TLS failure is a
                :class:`sslwhy.DiagnosedError` too.
            OSError: likewise, for files that cannot be read.
        """
        with Guard(self.diagnosis):
            return super().send(
                request,
                stream=stream,
                timeout=timeout,
                verify=verify,
                cert=cert,
                proxies=proxies,
            )
