"""``sslwhy run``: somebody else's program, untouched; its uncaught TLS failure leaves enriched."""

from __future__ import annotations

import os
import runpy
import sys
from typing import TYPE_CHECKING

from sslwhy.clients.guard import diagnosing


if TYPE_CHECKING:
    import argparse


def command(options: argparse.Namespace) -> int:
    """Run a script or a module as ``__main__``, with its own arguments, under :func:`sslwhy.diagnosing`.

    Its ``SystemExit`` and its exceptions pass through, so that the program ends as it would without sslwhy.
    """
    sys.argv = [options.program, *options.arguments]
    with diagnosing():
        if options.module:
            sys.path.insert(0, os.getcwd())  # noqa: PTH109 - what python -m puts there
            runpy.run_module(options.program, run_name="__main__", alter_sys=True)
        else:
            sys.path.insert(0, os.path.dirname(os.path.abspath(options.program)))  # noqa: PTH100, PTH120 - what python puts there
            runpy.run_path(options.program, run_name="__main__")
    return 0
