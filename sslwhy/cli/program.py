"""``sslwhy run``: somebody else's program, untouched; its uncaught TLS failure leaves enriched."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import pkgutil
import sys
import threading
import types
from typing import TYPE_CHECKING, Any

from sslwhy.cli.status import PROBLEM, USAGE
from sslwhy.clients.guard import diagnosing
from sslwhy.evidence.errors import links


if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from types import CodeType, TracebackType

    _Program = tuple[CodeType, dict[str, Any]]

_OURS = "sslwhy"
_INTERRUPTED = 130
"""128 + SIGINT, as shells report it."""


def command(options: argparse.Namespace) -> int:
    """Run a script or a module as ``__main__``, with its own arguments, under :func:`sslwhy.diagnosing`.

    The program ends as it would without sslwhy: its ``SystemExit`` passes, and what it does not catch goes to
    ``sys.excepthook``, which the program may have replaced. What another thread does not catch goes to the
    ``threading.excepthook`` that was there, unless the program puts one of its own in place.
    """
    sys.argv = [options.program, *options.arguments]
    threading.excepthook = _explaining(threading.excepthook)
    try:
        with diagnosing():
            _run(options.program, module=options.module)
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - what python itself does with a program's last exception
        _forget_ourselves(error)
        sys.excepthook(type(error), error, error.__traceback__)
        return _INTERRUPTED if isinstance(error, KeyboardInterrupt) else PROBLEM
    return 0


def _explaining(theirs: Callable[[threading.ExceptHookArgs], Any]) -> Callable[[threading.ExceptHookArgs], Any]:
    """Return a hook that hands what ended a thread on to theirs, a TLS failure enriched.

    It stays in place when the program's code has ended, for threads may live on.
    """

    def hook(args: threading.ExceptHookArgs) -> None:
        error = args.exc_value
        if error is not None:
            try:
                with diagnosing():
                    raise error  # noqa: TRY301 - a guard looks at what leaves it
            except BaseException as raised:  # noqa: BLE001 - the very same, or its twin
                error = raised
            _forget_ourselves(error)
            args = threading.ExceptHookArgs((type(error), error, error.__traceback__, args.thread))
        theirs(args)

    return hook


def _run(program: str, *, module: bool) -> None:
    """Run a program as python itself does, in a module ``__main__`` that stays.

    ``runpy`` takes its own away again, and threads and exit handlers look things up in it after the program's code has
    ended.
    """
    code, names = _module(program) if module else _script(program)
    main = types.ModuleType("__main__")
    vars(main).update(names)
    sys.modules["__main__"] = main
    exec(code, vars(main))  # noqa: S102 - this is what the command is for


def _script(program: str) -> _Program:
    if pkgutil.get_importer(program) is not None:  # a directory or an archive
        _lead_path_with(program)
        return _of(importlib.machinery.PathFinder.find_spec("__main__", [program]), f"'__main__' in {program!r}")
    _lead_path_with(os.path.dirname(os.path.realpath(program)))  # noqa: PTH120 - what python puts there
    path = os.path.join(os.getcwd(), program)  # noqa: PTH109, PTH118 - python does not simplify it either
    loader = importlib.machinery.SourceFileLoader("__main__", path)
    try:
        source = loader.get_data(path)
    except OSError as error:
        print(f"sslwhy run: can't open file {path!r}: {error}", file=sys.stderr)
        raise SystemExit(USAGE) from None
    code = compile(source, path, "exec", dont_inherit=True)
    return code, {"__file__": path, "__loader__": loader, "__package__": None, "__spec__": None, "__cached__": None}


def _module(name: str) -> _Program:
    _lead_path_with(os.getcwd())  # noqa: PTH109 - what python -m puts there
    spec = importlib.util.find_spec(name)
    if spec is not None and spec.submodule_search_locations is not None:
        name = f"{name}.__main__"
        spec = importlib.util.find_spec(name)
    program = _of(spec, name)
    sys.argv[0] = str(program[1]["__file__"])
    return program


def _of(spec: importlib.machinery.ModuleSpec | None, name: str) -> _Program:
    load = getattr(spec.loader, "get_code", None) if spec else None
    code = load(spec.name) if spec and load else None
    if spec is None or code is None:
        raise SystemExit(f"sslwhy run: No module named {name}")
    names = {"file": spec.origin, "loader": spec.loader, "package": spec.parent, "spec": spec, "cached": spec.cached}
    return code, {f"__{key}__": value for key, value in names.items()}


def _lead_path_with(folder: str) -> None:
    """Put the program's folder where this command's own stands, unless python was told to put none there."""
    if not getattr(sys.flags, "safe_path", sys.flags.isolated):
        sys.path[0] = folder


def _forget_ourselves(error: BaseException) -> None:
    for link in links(error):
        link.__traceback__ = _from_program_on(link.__traceback__)


def _from_program_on(trace: TracebackType | None) -> TracebackType | None:
    """Return the traceback without the frames that lead to the program."""
    while trace is not None and trace.tb_frame.f_globals.get("__name__", "").partition(".")[0] == _OURS:
        trace = trace.tb_next
    return trace
