"""A report on a terminal: the block, coloured where the terminal and the ``cli`` extra allow it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from sslwhy.report.report import Report


def show(report: Report) -> None:
    """Print a report's block and an empty line; characters that the stream cannot encode are escaped."""
    text = str(report)
    if _colours():
        from rich.console import Console

        from sslwhy.report.page import coloured

        Console(highlight=False, soft_wrap=True).print(coloured(text))
    else:
        encoding = sys.stdout.encoding or "ascii"
        print(text.encode(encoding, "backslashreplace").decode(encoding))
    print(flush=True)


def _colours() -> bool:
    """Return whether to colour: NO_COLOR and FORCE_COLOR decide first, then whether a person is watching."""
    if os.environ.get("NO_COLOR"):
        return False
    if not (os.environ.get("FORCE_COLOR") or sys.stdout.isatty()):
        return False
    try:
        import rich  # noqa: F401 - only whether it is there
    except ImportError:
        return False
    return True
