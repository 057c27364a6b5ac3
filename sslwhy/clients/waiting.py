"""Waiting for a diagnosis without holding up an event loop: asyncio's or trio's."""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
from typing import TYPE_CHECKING, TypeVar


if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    T = TypeVar("T")


async def elsewhere(work: Callable[[], T], seconds: float) -> T | None:
    """Do blocking work in a thread and wait for it; a cancellation of the waiting task takes effect at once.

    Args:
        work: what to do; it does not raise.
        seconds: how long to wait. Work that is late goes on in its daemon thread, which never holds up the program's
            end.

    Returns:
        What the work returned, or ``None`` where it was late.
    """
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_task():
        result: T | None = None
        # A limiter of its own: work that is late would hold one of the program's few tokens until it ends.
        limiter = trio.CapacityLimiter(1)
        with trio.move_on_after(seconds):
            result = await trio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=limiter)
        return result  # noqa: RET504 - the scope may have ended before the assignment
    return await _on_asyncio(work, seconds)


async def _on_asyncio(work: Callable[[], T], seconds: float) -> T | None:
    import asyncio

    loop = asyncio.get_running_loop()
    arrived: asyncio.Future[T] = loop.create_future()

    def deliver(result: T) -> None:
        if not arrived.done():
            arrived.set_result(result)

    def run() -> None:
        result = work()
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
            loop.call_soon_threadsafe(functools.partial(deliver, result))

    threading.Thread(target=run, name="sslwhy-diagnosis", daemon=True).start()
    done, _ = await asyncio.wait({arrived}, timeout=seconds)
    return arrived.result() if done else None
