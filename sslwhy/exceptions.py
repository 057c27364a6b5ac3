"""Raise: an exception of the class that callers already catch, with the report on board."""

from __future__ import annotations

import copy
import functools
import pickle
import sys
from typing import TYPE_CHECKING, Any

from sslwhy.report.line import one_line_of


if TYPE_CHECKING:
    from collections.abc import Callable

    from sslwhy.report.report import Report
    from sslwhy.report.values import Remedy

_BUILT_IN_RECIPES: tuple[Any, ...] = (BaseException.__reduce__, OSError.__reduce__)


class DiagnosedError(Exception):
    """Mixin of every enriched exception; it always comes together with the class that was raised without sslwhy.

    ``str(exc)`` is one line. The full block is a note (:pep:`678`) on Python 3.11 and later, and ``str(exc.report)``
    everywhere.

    Attributes:
        report: the diagnosis.
    """

    report: Report

    @functools.cached_property  # unlike a property it gives way to an attribute of the original, such as a Fault's code
    def code(self) -> str:
        """Return the cause code of the primary finding; a SOAP Fault's ``code`` stays the Fault's own."""
        return self.report.code or "unclassified"

    @functools.cached_property
    def remedies(self) -> tuple[Remedy, ...]:
        """Return what to do about the primary finding, safest first."""
        return self.report.primary.remedies if self.report.primary else ()

    def __str__(self) -> str:
        try:
            message = super().__str__()
        except Exception:  # noqa: BLE001 - a copy may lack what could not be pickled, and the original's method need it
            message = self.report.observed.message or ""
        return one_line_of(self.report, message)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        kind = type(self).__mro__[2]
        if kind.__reduce__ not in _BUILT_IN_RECIPES:
            # urllib3's exceptions drop the live pool that they hold: their own recipe makes the original.
            recipe: Any = super().__reduce__()
            make, *args = (kind if part is type(self) else part for part in (recipe[0], *recipe[1]))
            return _revive, (make, tuple(args), _portable(dict(*filter(None, recipe[2:3]))), self.report)
        return _rebuild, (kind, _carried(_arguments(self)), _portable(_state(self)), self.report)

    def __copy__(self) -> BaseException:
        return _rebuild(type(self).__mro__[2], _arguments(self), _state(self), self.report)

    def __deepcopy__(self, memo: dict[int, Any]) -> BaseException:
        args = tuple(_deep(arg, memo) for arg in _arguments(self))
        state = {name: _deep(value, memo) for name, value in _state(self).items()}
        return _rebuild(type(self).__mro__[2], args, state, self.report)


def enriched(error: BaseException, report: Report) -> BaseException:
    """Return an exception of the error's own class that carries the report.

    ``args``, attributes and notes are kept; the caller raises it ``from`` the original.

    Args:
        error: the exception that was raised without sslwhy.
        report: its diagnosis.

    Raises:
        TypeError: the error's class cannot be subclassed or rebuilt; the caller then keeps the original.
    """
    twin = _rebuild(type(error), _arguments(error), _state(error), report)
    if sys.version_info >= (3, 11):
        twin.__notes__ = list(getattr(error, "__notes__", ()))
        twin.add_note(str(report))
    return twin


def _rebuild(kind: type[BaseException], args: tuple[Any, ...], state: dict[str, Any], report: Report) -> BaseException:
    if kind is OSError:
        # Old pickle protocols turn FileNotFoundError and its like into OSError; the errno leads back.
        kind = type(OSError(*args))
    twin_class: type[BaseException] = _class_for(kind)  # type: ignore[arg-type]  # classes are hashable
    twin = twin_class.__new__(twin_class, *args)
    if isinstance(twin, OSError):
        # OSError reads errno and filename from its arguments here when a subclass has an __init__ of its own.
        OSError.__init__(twin, *args)
    for name, value in {**state, "report": report}.items():
        setattr(twin, name, value)
    return twin


def _revive(
    make: Callable[..., BaseException], args: tuple[Any, ...], state: dict[str, Any], report: Report
) -> BaseException:
    original = make(*args)
    return _rebuild(type(original), _arguments(original), {**_state(original), **state}, report)


def _arguments(error: BaseException) -> tuple[Any, ...]:
    """Return what the built-in base was made from; for ``OSError`` that includes the file names."""
    base = OSError if isinstance(error, OSError) else BaseException
    reduced: Any = base.__reduce__(error)
    return tuple(reduced[1])


_OS_FIELDS = ("args", "errno", "strerror", "filename", "filename2")


def _state(error: BaseException) -> dict[str, Any]:
    """Return the attributes of an error, those in slots too, but for its report.

    ``OSError`` keeps some in fields of its own, and a subclass may have set them otherwise than its arguments would
    (aiohttp's do).
    """
    slots = (vars(kind).get("__slots__", ()) for kind in type(error).__mro__)
    fields = [name for each in slots for name in ((each,) if isinstance(each, str) else each)]
    fields += _OS_FIELDS if isinstance(error, OSError) else ()
    state = {**error.__dict__, **{name: value for name in fields if (value := getattr(error, name, None)) is not None}}
    return {name: value for name, value in state.items() if name not in {"report", "__weakref__", "__dict__"}}


def _portable(state: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes with ``None`` for those that cannot be pickled, such as the XML of a Fault's detail."""
    carried = {name: value if _can_be_pickled(value) else None for name, value in state.items() if name != "args"}
    return {**carried, "args": _carried(state["args"])} if "args" in state else carried


def _carried(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the arguments, as they look those that cannot be pickled: aiohttp's hold a TLS context."""
    return tuple(arg if _can_be_pickled(arg) else repr(arg) for arg in args)


def _can_be_pickled(value: object) -> bool:
    try:
        pickle.dumps(value)
    except Exception:  # noqa: BLE001 - each class fails in its own way
        return False
    return True


def _deep(value: Any, memo: dict[int, Any]) -> Any:
    """Return a deep copy, or the very object where there is none, such as a connection pool with its locks."""
    try:
        return copy.deepcopy(value, memo)
    except Exception:  # noqa: BLE001 - likewise
        return value


@functools.cache
def _class_for(kind: type[BaseException]) -> type[BaseException]:
    names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
    return type(kind.__name__, (DiagnosedError, kind), names)
