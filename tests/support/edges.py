"""What holds for every failure that leaves a guard: the same class outside, the report inside."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import sslwhy


if TYPE_CHECKING:
    from collections.abc import Callable


def raised_by(call: Callable[..., Any], *args: Any, **kwargs: Any) -> BaseException:
    """The exception that a call raises, whatever it is."""
    try:
        call(*args, **kwargs)
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def assert_enriched(error: BaseException, code: str, kind: type[BaseException] | None = None) -> Any:
    """`error` is its original with a report: class, arguments, attributes, text, chaining, pickle and copy.

    `kind` is the class that the library raises by itself.
    """
    assert isinstance(error, sslwhy.DiagnosedError), repr(error)
    original: Any = error.__cause__
    assert not isinstance(original, sslwhy.DiagnosedError)
    assert type(original) is kind or kind is None, type(original)
    assert isinstance(error, type(original))
    assert type(error).__qualname__ == type(original).__qualname__
    assert error.report.code == code, str(error.report)
    assert error.args == original.args
    for name, value in vars(original).items():
        # httpx puts the request on whatever leaves its transport.
        assert value is None or getattr(error, name) is value, name
    for name in ("errno", "strerror", "filename", "filename2"):
        assert getattr(error, name, None) == getattr(original, name, None), name
    line = str(error)
    assert "\n" not in line
    assert line.endswith(f"[{code}]")
    assert caught_as(error, type(original))
    assert copy.copy(error).report == error.report  # type: ignore[attr-defined]  # it is one, too
    _assert_pickles_like(error, original)
    return error


def caught_as(error: BaseException, kind: type[BaseException]) -> bool:
    """Whether an `except` clause for the class catches the error."""

    def fail() -> None:
        raise error

    try:
        fail()
    except kind:
        return True
    except BaseException:
        return False


def _assert_pickles_like(error: Any, original: BaseException) -> None:
    """A class that cannot be pickled without sslwhy need not be picklable with it."""
    try:
        pickle.loads(pickle.dumps(original))
    except Exception:
        return
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, type(original))
    assert again.report == error.report
