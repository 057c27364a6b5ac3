"""`python -m downstream [--folder FOLDER] [SUITE...]`: exits with 1 when a test fares worse with our classes."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from downstream.compare import Comparison, Outcome, notes, table, worse
from downstream.prepare import PROJECT, prepare
from downstream.suites import SUITES


if TYPE_CHECKING:
    from collections.abc import Sequence

    from downstream.prepare import Prepared


_PLUGIN = Path(__file__).resolve().parent / "plugin"
_LIMIT = 1800.0  # seconds for one run of one suite
_OPTIONS = (
    *("-p", "in_place"),
    *("-p", "no:cacheprovider"),
    *("-p", "no:unraisableexception"),  # which test a garbage collection falls into is chance
    *("--timeout", "120"),
    "--quiet",
    "--no-header",
)


class Run(NamedTuple):
    """One run of one suite: what came of each test, and how many calls were guarded and enriched."""

    tests: dict[str, Outcome]
    guarded: int
    enriched: int


def run(prepared: Prepared, classes: str, only: Sequence[str] = ()) -> Run:
    """Run a suite, or some of its tests, in a process of its own.

    Args:
        prepared: The suite.
        classes: `theirs` or `ours`.
        only: The ids of some tests; all when empty.

    Returns:
        What came of each test, and how many calls were guarded and enriched.

    Raises:
        RuntimeError: The run ended without a record.
    """
    with tempfile.TemporaryDirectory(prefix="downstream-") as home:
        record = Path(home) / "record.json"
        command = [str(prepared.python), "-m", "pytest", *_OPTIONS]
        done = subprocess.run(
            [*command, "--classes", classes, "--record", str(record), *(only or ["tests"])],
            cwd=prepared.tests,
            env={"PATH": os.defpath, "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8", "PYTHONPATH": str(_PLUGIN)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LIMIT,
            check=False,
        )
        if not record.exists():
            raise RuntimeError(f"{prepared.suite.name} with {classes} left no record:\n{done.stdout[-4000:]}")
        found = json.loads(record.read_text(encoding="utf-8"))
    tests = {name: Outcome(**each) for name, each in found["tests"].items()}
    return Run(tests, found["guarded"], found["enriched"])


def compare(prepared: Prepared) -> Comparison:
    """Run a suite both ways; what fares worse with ours is run once more, to tell a regression from chance."""
    theirs, ours = run(prepared, "theirs").tests, run(prepared, "ours")
    suspects = worse(theirs, ours.tests)
    again = run(prepared, "ours", suspects).tests if suspects else {}
    unsteady = frozenset(name for name in suspects if name not in worse(theirs, {**ours.tests, **again}))
    name = f"{prepared.suite.name} {prepared.suite.version}"
    return Comparison(name, theirs, ours.tests, ours.guarded, ours.enriched, unsteady)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the suites named, or all; print the table."""
    parser = argparse.ArgumentParser(prog="downstream", description=__doc__)
    parser.add_argument("suites", nargs="*", help="requests, zeep, httpx; all when none is named")
    parser.add_argument("--folder", type=Path, default=PROJECT / ".cache" / "downstream", help="where files are kept")
    chosen = parser.parse_args(arguments)
    wanted = [suite for suite in SUITES if not chosen.suites or suite.name in chosen.suites]
    comparisons = [compare(prepare(suite, chosen.folder)) for suite in wanted]
    print(table(comparisons))
    for each in comparisons:
        print(*notes(each), sep="\n")
    sound = all(each.proves_something and not each.regressions for each in comparisons)
    return 0 if sound and comparisons else 1


if __name__ == "__main__":
    sys.exit(main())
