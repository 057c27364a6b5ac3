"""Where a redirected request came from: the same for requests' responses and httpx's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sslwhy.text import plain_url


if TYPE_CHECKING:
    from sslwhy.facts.observed import Operation


def redirected_from(response: Any, operation: Operation) -> Operation:
    """Return the operation with the answer that sent it elsewhere as the place where its address was written."""
    source = plain_url(str(response.url))
    return replace(
        operation,
        origin="redirect",
        document=source,
        url_source=f"a redirect ({response.status_code}) from {source}",
        requested_url=plain_url(str(response.history[0].url if response.history else response.url)),
    )
