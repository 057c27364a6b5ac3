"""The guard: around a call, a failure leaves enriched; a success leaves no trace."""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sslwhy.evidence.capture import watch
from sslwhy.policy import Policy, switched_off


if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from sslwhy.clients.failure import Failure, GroupFailure
    from sslwhy.facts.observed import OperationKind

    F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False)
class _Around:
    """One guard that is entered, and the policy in force inside."""

    guard: Guard
    policy: Policy | None


_AROUND: ContextVar[tuple[_Around, ...]] = ContextVar("sslwhy_around", default=())
"""The guards around the running code, the innermost last."""

if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(after_in_child=lambda: watch.forked(len(_AROUND.get())))


class Guard(contextlib.AbstractContextManager[None], contextlib.AbstractAsyncContextManager[None]):
    """Context manager around one call of a client library, plain or ``async``.

    The innermost guard around a failure diagnoses it, at once: whoever catches the exception next sees it enriched. It
    may be entered again while it is entered, and by several threads and tasks.

    Args:
        policy: how far a diagnosis may go; ``None`` for the policy of the guard around this one, or else for what the
            environment says.
        kind: which kind of call it is, where the frames do not tell.
    """

    def __init__(self, policy: Policy | None = None, kind: OperationKind = "request") -> None:
        self._policy = policy
        self._kind = kind

    def _begin(self) -> None:
        around = _AROUND.get()
        _AROUND.set((*around, _Around(self, self._policy or (around[-1].policy if around else None))))
        watch.begin()

    def _end(self) -> Policy | None:
        watch.end()
        # A generator that holds a guard may end in another context than it began in, or after guards entered later.
        around = _AROUND.get()
        mine = next((each for each in reversed(around) if each.guard is self), None)
        _AROUND.set(tuple(each for each in around if each is not mine))
        return mine.policy if mine else self._policy

    def _failure(self, error: BaseException | None) -> Failure | GroupFailure | None:
        policy = self._end()
        if error is None or switched_off():
            return None
        from sslwhy.clients.failure import failure_of

        policy = policy or Policy.from_environment()
        return failure_of(error, policy, self._kind) if policy.deadline > 0 else None

    def __enter__(self) -> None:
        self._begin()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        failure = self._failure(error)
        if failure and (twin := failure.twin()):
            cause, failure = failure.cause, None
            try:
                raise twin from cause
            finally:
                del twin  # its traceback leads to this frame: the two would keep each other alive

    async def __aenter__(self) -> None:
        self._begin()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        failure = self._failure(error)
        if failure and (twin := await failure.twin_elsewhere()):
            cause, failure = failure.cause, None
            try:
                raise twin from cause
            finally:
                del twin  # likewise


class diagnosing(Guard):  # noqa: N801 - used like a function: a context manager and a decorator
    """Enrich any TLS failure raised inside: requests, urllib3, httpx, aiohttp, ``ssl``, zeep, whatever wraps them.

    It is a context manager, plain or ``async``, and a decorator of functions, plain or ``async``, and of generator
    functions, plain or ``async``; what is sent into an ``async`` generator with ``asend`` is not passed on. Under
    ``async with`` a diagnosis never holds up the event loop. A plain ``with`` in a coroutine works, too, but blocks the
    loop for as long as the diagnosis takes.

    An exception group leaves as a group of the same kind with its members enriched, the first eight that call for it.

    Args:
        diagnosis: how far a diagnosis may go; ``None`` for what the environment says.

    Raises:
        Exception: what the code inside raised, enriched with :class:`sslwhy.DiagnosedError` where TLS was the trouble,
            otherwise the very same object.
    """

    def __init__(self, diagnosis: Policy | None = None) -> None:
        super().__init__(diagnosis)

    def __call__(self, function: F) -> F:
        """Return the function with a guard around every call, or around every generator that it makes.

        Raises:
            TypeError: it is a class, which would be one no longer.
        """
        if inspect.isclass(function):
            raise TypeError(f"diagnosing() decorates functions: decorate the methods of {function.__qualname__}")
        if any(map(inspect.iscoroutinefunction, (function, function.__call__))):  # type: ignore[operator]  # any callable has it

            @functools.wraps(function)
            async def guarded(*args: Any, **kwargs: Any) -> Any:
                async with Guard(self._policy):
                    return await function(*args, **kwargs)

        elif inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def guarded(*args: Any, **kwargs: Any) -> Any:
                with Guard(self._policy):
                    return (yield from function(*args, **kwargs))

        elif inspect.isasyncgenfunction(function):

            @functools.wraps(function)
            async def guarded(*args: Any, **kwargs: Any) -> Any:
                async with Guard(self._policy), contextlib.aclosing(function(*args, **kwargs)) as generator:
                    async for each in generator:
                        yield each

        else:

            @functools.wraps(function)
            def guarded(*args: Any, **kwargs: Any) -> Any:
                with Guard(self._policy):
                    return function(*args, **kwargs)

        return guarded  # type: ignore[return-value]  # the same signature, which functools.wraps keeps
