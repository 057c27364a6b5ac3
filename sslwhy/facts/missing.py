"""Absence as a value: what could not be seen, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Missing:
    """Evidence that is not there.

    A check that needed it becomes ``skipped`` or ``inconclusive`` with this reason; it never passes silently.

    Attributes:
        reason: why it is not there, lower case, without a final period.
    """

    reason: str

    def __bool__(self) -> Literal[False]:
        """Return ``False``, so that ``if evidence.chain`` reads as "was it seen"."""
        return False
