"""Drop-ins for requests: the same classes, their failures diagnosed."""

from __future__ import annotations

from typing import Any

import requests
import requests.adapters

from sslwhy.clients.guard import Guard
from sslwhy.policy import Policy


class Session(requests.Session):
    """``requests.Session`` whose TLS failures leave enriched.

    Args:
        diagnosis: how far a diagnosis may go; ``None`` for what the environment says.
    """

    def __init__(self, *, diagnosis: Policy | None = None) -> None:
        super().__init__()
        self.diagnosis = diagnosis

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a prepared request; see :meth:`requests.Session.send`.

        Raises:
            requests.exceptions.RequestException: what requests raises; TLS failures are :class:`sslwhy.DiagnosedError` too.
            OSError: likewise, for files that cannot be read.
        """
        with Guard(self.diagnosis):
            return super().send(request, **kwargs)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[misc]  # requests defines it, its stubs do not
        self.diagnosis = None


class HTTPAdapter(requests.adapters.HTTPAdapter):
    """``requests.adapters.HTTPAdapter`` whose TLS failures leave enriched, in whatever session it is mounted.

    Args:
        pool_connections: see requests.
        pool_maxsize: see requests.
        max_retries: see requests.
        pool_block: see requests.
        diagnosis: how far a diagnosis may go; ``None`` for what the environment says.
    """

    diagnosis: Policy | None = None

    def __init__(self, *args: Any, diagnosis: Policy | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.diagnosis = diagnosis

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a prepared request; see :meth:`requests.adapters.HTTPAdapter.send`.

        Raises:
            requests.exceptions.RequestException: what requests raises; TLS failures are :class:`sslwhy.DiagnosedError` too.
            OSError: likewise, for files that cannot be read.
        """
        with Guard(self.diagnosis):
            return super().send(request, *args, **kwargs)
