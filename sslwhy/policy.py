"""How far a diagnosis may go."""

from __future__ import annotations

import os
from dataclasses import dataclass


_DEADLINE = 3.0
_FALSE = {"0", "false", "no", "off"}


@dataclass(frozen=True)
class Policy:
    """Limits of one diagnosis.

    Attributes:
        deadline: seconds for all of it; when it is over, the caller gets the original exception.
        connect: whether it may open connections of its own. They never carry application data.
        fetch_issuers: whether it may fetch a missing issuer (AIA caIssuers, RFC 5280 section 4.2.2.1).
        private_issuers: whether it may do so from loopback, link-local and private addresses.
    """

    deadline: float = _DEADLINE
    connect: bool = True
    fetch_issuers: bool = False
    private_issuers: bool = False

    @classmethod
    def from_environment(cls) -> Policy:
        """Return the policy that ``SSLWHY_DEADLINE``, ``SSLWHY_CONNECT`` and ``SSLWHY_FETCH_ISSUERS`` set.

        A value that cannot be read leaves its default: a typing error in an environment never breaks a call.
        """
        return cls(
            deadline=_seconds(os.environ.get("SSLWHY_DEADLINE")),
            connect=_flag(os.environ.get("SSLWHY_CONNECT"), default=True),
            fetch_issuers=_flag(os.environ.get("SSLWHY_FETCH_ISSUERS"), default=False),
        )


def switched_off() -> bool:
    """Return whether ``SSLWHY=off`` switches sslwhy off for this process."""
    return os.environ.get("SSLWHY", "").strip().lower() in _FALSE


def _seconds(text: str | None) -> float:
    try:
        seconds = float(text) if text else _DEADLINE
    except ValueError:
        return _DEADLINE
    return seconds if 0 < seconds < float("inf") else _DEADLINE


def _flag(text: str | None, *, default: bool) -> bool:
    return default if not text else text.strip().lower() not in _FALSE
