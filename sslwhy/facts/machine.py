"""The machine that the program runs on: clock and environment, as far as TLS depends on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone


_FIRST, _LAST = (end.replace(tzinfo=timezone.utc) for end in (datetime.min, datetime.max))  # noqa: DTZ901 - made aware


def in_utc(moment: datetime) -> datetime:
    """Return a moment in UTC: a naive one is taken as such, one beyond the calendar's end as that end."""
    if moment.utcoffset() is None:
        return moment.replace(tzinfo=timezone.utc)
    try:
        return moment.astimezone(timezone.utc)
    except OverflowError:
        return _FIRST if moment.year == _FIRST.year else _LAST


def moment_at(seconds: float) -> datetime | None:
    """Return the moment, UTC, that is so many seconds after 1970 began; ``None`` beyond the calendar."""
    try:
        return datetime.fromtimestamp(seconds, tz=timezone.utc)
    except (OverflowError, OSError, ValueError):
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Facts of this process and its machine.

    Attributes:
        now: the local clock, UTC.
        clock_floor: a moment that has certainly passed (the release of certifi or of the TLS library), UTC.
        clock_floor_source: what says so.
        server_clock: the time that the peer's own answer carried, where one was seen, UTC.
        environment: the TLS and proxy variables that are set (values without user info).
        python: the interpreter's version.
        platform: ``linux``, ``darwin`` or ``win32``.
        forked: whether the TLS session is used in another process than the one that opened it.
        gevent_patched_late: whether gevent replaced ``ssl`` after it had been imported.
    """

    now: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    clock_floor: datetime | None = None
    clock_floor_source: str | None = None
    server_clock: datetime | None = None
    environment: tuple[tuple[str, str], ...] = ()
    python: str = ""
    platform: str = "linux"
    forked: bool = False
    gevent_patched_late: bool = False

    def variable(self, name: str) -> str | None:
        """Return the value of an environment variable that was recorded, or ``None``."""
        return dict(self.environment).get(name)
