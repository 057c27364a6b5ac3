"""The guard: around a call, a failure leaves enriched; a success leaves no trace."""

from __future__ import annotations

import contextlib
import functools
import inspect
import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from sslwhy.clients.relevance import worth_a_look
from sslwhy.evidence.capture import watch
from sslwhy.policy import Policy, switched_off


if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from sslwhy.facts.observed import OperationKind

    F = TypeVar("F", bound=Callable[..., Any])

LOG = logging.getLogger("sslwhy")
_POLICIES: ContextVar[tuple[Policy | None, ...]] = ContextVar("sslwhy_policies", default=())
"""The policy of each guard around the running code, the innermost last; a guard without one takes its neighbour's."""


class Guard(contextlib.AbstractContextManager[None], contextlib.AbstractAsyncContextManager[None]):
    """Context manager around one call of a client library, plain or ``async``.

    The innermost guard around a failure diagnoses it, at once: whoever catches the exception next sees it enriched.

    Args:
        policy: how far a diagnosis may go; ``None`` for the policy of the guard around this one, or else for what the
            environment says.
        kind: which kind of call it is, where the frames do not tell.
    """

    def __init__(self, policy: Policy | None = None, kind: OperationKind = "request") -> None:
        self._policy = policy
        self._kind = kind

    def _begin(self) -> None:
        around = _POLICIES.get()
        _POLICIES.set((*around, self._policy or (around[-1] if around else None)))
        watch.begin()

    def _end(self) -> Policy | None:
        watch.end()
        # A generator that holds a guard may end in another context than it began in, so there may be nothing to take.
        around = _POLICIES.get()
        _POLICIES.set(around[:-1])
        return self._policy or (around[-1] if around else None)

    def __enter__(self) -> None:
        self._begin()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        policy = self._end()
        if error is None or switched_off() or not worth_a_look(error):
            return
        twin = _diagnosed(error, policy or Policy.from_environment(), self._kind)
        if twin is not None:
            raise twin from error

    async def __aenter__(self) -> None:
        self._begin()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        policy = self._end()
        if error is None or switched_off() or not worth_a_look(error):
            return
        twin = await _diagnosed_elsewhere(error, policy or Policy.from_environment(), self._kind)
        if twin is not None:
            raise twin from error


def _diagnosed(error: BaseException, policy: Policy, kind: OperationKind) -> BaseException | None:
    """Return the enriched exception, or ``None`` where the original must stay as it is."""
    try:
        from sslwhy.clients.traces.reading import read_incident
        from sslwhy.diagnosis import diagnose, within_deadline
        from sslwhy.exceptions import enriched

        incident = read_incident(error, kind=kind)
        report = within_deadline(lambda: diagnose(incident, policy), policy.deadline)
        return enriched(error, report) if report is not None and report.findings else None
    except Exception:
        LOG.debug("the diagnosis failed", exc_info=True)
        return None


async def _diagnosed_elsewhere(error: BaseException, policy: Policy, kind: OperationKind) -> BaseException | None:
    """Do the same without holding up the event loop; a cancellation passes through."""
    try:
        import anyio.to_thread

        from sslwhy.clients.traces.reading import read_incident
        from sslwhy.diagnosis import diagnose, within_deadline
        from sslwhy.exceptions import enriched

        incident = read_incident(error, kind=kind)
        work = functools.partial(within_deadline, lambda: diagnose(incident, policy), policy.deadline)
        report = await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
        return enriched(error, report) if report is not None and report.findings else None
    except Exception:
        LOG.debug("the diagnosis failed", exc_info=True)
        return None


class diagnosing(Guard):  # noqa: N801 - used like a function: a context manager and a decorator
    """Enrich any TLS failure raised inside: requests, urllib3, httpx, aiohttp, ``ssl``, zeep, whatever wraps them.

    It is a context manager, plain or ``async``, and a decorator of plain and of ``async`` functions.

    Args:
        diagnosis: how far a diagnosis may go; ``None`` for what the environment says.

    Raises:
        Exception: what the code inside raised, enriched with :class:`sslwhy.DiagnosedError` where TLS was the trouble,
            otherwise the very same object.
    """

    def __init__(self, diagnosis: Policy | None = None) -> None:
        super().__init__(diagnosis)

    def __call__(self, function: F) -> F:
        """Return the function with a guard around every call."""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def guarded_async(*args: Any, **kwargs: Any) -> Any:
                async with Guard(self._policy):
                    return await function(*args, **kwargs)

            return guarded_async  # type: ignore[return-value]

        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            with Guard(self._policy):
                return function(*args, **kwargs)

        return guarded  # type: ignore[return-value]
