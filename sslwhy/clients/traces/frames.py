"""The frames of a failed call: those of the whole exception chain, and those that led to it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sslwhy.evidence.errors import links


if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType

_OUTWARD_LIMIT = 400


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame, by name.

    Attributes:
        module: the module that the function's code belongs to.
        function: the function's name.
        values: its local variables at the moment of failure.
        code: the function's code.
        reached: the offset in it of the instruction that was being executed.
    """

    module: str
    function: str
    values: dict[str, Any]
    code: CodeType
    reached: int

    def has(self, *names: str) -> bool:
        """Return whether all of these local variables are there."""
        return all(name in self.values for name in names)


def frames_of(error: BaseException) -> tuple[Frame, ...]:
    """Return all frames around an error, the outermost first, each once.

    A traceback begins where the exception was caught, so the frames that called the catching function are added.
    """
    own = list(_outward())
    seen = {id(frame) for frame in own}
    for link in links(error):
        trace = link.__traceback__
        while trace is not None:
            if id(trace.tb_frame) not in seen and _foreign(trace.tb_frame):
                seen.add(id(trace.tb_frame))
                own.append(trace.tb_frame)
            trace = trace.tb_next
    return tuple(_named(frame) for frame in own)


def _named(frame: FrameType) -> Frame:
    code = frame.f_code
    return Frame(str(frame.f_globals.get("__name__", "")), code.co_name, frame.f_locals, code, frame.f_lasti)


def _outward() -> Iterator[FrameType]:
    found: list[FrameType] = []
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the documented way to walk the calling frames
    while frame is not None and len(found) < _OUTWARD_LIMIT:
        if _foreign(frame):  # a list that holds the frame it stands in would never be freed
            found.append(frame)
        frame = frame.f_back
    return reversed(found)


def _foreign(frame: FrameType) -> bool:
    return not str(frame.f_globals.get("__name__", "")).startswith("sslwhy.")
