"""The log of sslwhy's own troubles: a caller keeps the original exception, and whoever asks can see why."""

from __future__ import annotations

import logging
import sys
import traceback
from typing import TYPE_CHECKING, TypeVar


if TYPE_CHECKING:
    from collections.abc import Callable

    T = TypeVar("T")

_LOG = logging.getLogger("sslwhy")


def own_trouble(what: str) -> None:
    """Record at debug level what went wrong in sslwhy itself; to be called where its exception is handled.

    Only the exception's class and the places in the code are recorded: its message, and those of the exceptions before
    it, may hold what the failing call held, such as a password in a URL.

    Args:
        what: what could not be done, our own words.
    """
    if _LOG.isEnabledFor(logging.DEBUG):
        kind, _, trace = sys.exc_info()
        _LOG.debug("%s: %s\n%s", what, getattr(kind, "__qualname__", kind), "".join(traceback.format_tb(trace)))


def attempt(work: Callable[[], T], what: str = "the diagnosis failed") -> T | None:
    """Return what some work of sslwhy's own returns, or ``None`` where it fails, which is recorded; never raises.

    Args:
        work: what to do.
        what: what could not be done then.
    """
    try:
        return work()
    except Exception:  # noqa: BLE001 - the caller's own exception matters more than any of ours
        own_trouble(what)
        return None
