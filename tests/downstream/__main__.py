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


def run(prepared: Prepared, *options: str) -> Run:
    """Run a suite, or some of its tests, in a process of its own.

    Args:
        prepared: The suite.
        options: The plugin's, and the ids of tests.

    Returns:
        What came of each test, and how many calls were guarded and enriched.

    Raises:
        RuntimeError: The run ended without a record.
    """
    with tempfile.TemporaryDirectory(prefix="downstream-") as home:
        record = Path(home) / "record.json"
        command = [str(prepared.python), "-m", "pytest", *_OPTIONS]
        done = subprocess.run(
            [*command, f"--record={record}", *options],
            cwd=prepared.tests,
            env={"PATH": os.defpath, "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8", "PYTHONPATH": str(_PLUGIN)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LIMIT,
            check=False,
        )
        if not record.exists():
            raise RuntimeError(f"{prepared.suite.name} with {options[0]} left no record:\n{done.stdout[-4000:]}")
        found = json.loads(record.read_text(encoding="utf-8"))
    tests = {name: Outcome(**each) for name, each in found["tests"].items()}
    return Run(tests, found["guarded"], found["enriched"])


def compare(prepared: Prepared) -> Comparison:
    """Run a suite both ways; what fares worse with ours is run again, to tell a regression from chance."""
    suite = prepared.suite
    theirs, ours = run(prepared, "--classes=theirs", "tests").tests, run(prepared, "--classes=ours", "tests")
    suspects = worse(theirs, ours.tests)

    def cleared(*options: str) -> frozenset[str]:
        again = run(prepared, "--classes=ours", *options, *suspects).tests if suspects else {}
        return frozenset(suspects).difference(worse(theirs, {**ours.tests, **again}))

    return Comparison(
        suite=f"{suite.name} {suite.version}",
        theirs=theirs,
        ours=ours.tests,
        guarded=ours.guarded,
        enriched=ours.enriched,
        fails_over_tls=suite.fails_over_tls,
        worded=cleared("--their-messages") & suite.whole_messages,
        unsteady=cleared(),
    )


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
