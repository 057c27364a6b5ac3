"""``sslwhy run``: somebody else's program, untouched; its uncaught TLS failure leaves enriched."""

from __future__ import annotations

import os
import runpy
import sys
from typing import TYPE_CHECKING

from sslwhy.cli.status import PROBLEM
from sslwhy.clients.guard import diagnosing
from sslwhy.evidence.errors import links


if TYPE_CHECKING:
    import argparse
    from types import TracebackType

_OURS = ("sslwhy", "runpy")
_INTERRUPTED = 130
"""128 + SIGINT, as shells report it."""


def command(options: argparse.Namespace) -> int:
    """Run a script or a module as ``__main__``, with its own arguments, under :func:`sslwhy.diagnosing`.

    The program ends as it would without sslwhy: its ``SystemExit`` passes, and what it does not catch goes to
    ``sys.excepthook``, which the program may have replaced.
    """
    sys.argv = [options.program, *options.arguments]
    try:
        with diagnosing():
            _run(options.program, module=options.module)
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - what python itself does with a program's last exception
        for link in links(error):
            link.__traceback__ = _from_program_on(link.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
        return _INTERRUPTED if isinstance(error, KeyboardInterrupt) else PROBLEM
    return 0


def _run(program: str, *, module: bool) -> None:
    if module:
        _lead_path_with(os.getcwd())  # noqa: PTH109 - what python -m puts there
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    else:
        _lead_path_with(os.path.dirname(os.path.realpath(program)))  # noqa: PTH120 - what python puts there
        runpy.run_path(program, run_name="__main__")


def _lead_path_with(folder: str) -> None:
    """Put the program's folder where this command's own stands, unless python was told to put none there."""
    if not getattr(sys.flags, "safe_path", sys.flags.isolated):
        sys.path[0] = folder


def _from_program_on(trace: TracebackType | None) -> TracebackType | None:
    """Return the traceback without the frames that lead to the program."""
    while trace is not None and trace.tb_frame.f_globals.get("__name__", "").partition(".")[0] in _OURS:
        trace = trace.tb_next
    return trace
