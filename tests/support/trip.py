"""A failing call, its report, and its remedies carried out in a fresh interpreter or shell."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import sslwhy


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sslwhy.report.report import Report
    from sslwhy.report.values import Finding, Remedy

OFFLINE = sslwhy.Policy(connect=False)


def diagnosed(call: Callable[[], object]) -> Report:
    """The report of a call that fails, made without a connection."""
    with pytest.raises(sslwhy.DiagnosedError) as caught, sslwhy.diagnosing(OFFLINE):
        call()
    assert caught.value.report.connections == 0
    return caught.value.report


def codes(report: Report) -> list[str]:
    """The codes of all findings, the primary first."""
    return [finding.code for finding in report.findings]


def remedy(finding: Finding | None, **has: bool) -> Remedy:
    """The first remedy with, say, a command (`command=True`) or a snippet."""
    assert finding
    return next(
        each for each in finding.remedies if all(bool(getattr(each, name)) is value for name, value in has.items())
    )


def python(program: str, **environment: str) -> None:
    """Run a program in a fresh interpreter; it must succeed."""
    _run([sys.executable, "-W", "error", "-c", program], None, environment)


def shell(command: str, folder: Path) -> None:
    """Run a command in a fresh shell; it must succeed."""
    _run(["sh", "-ec", command], folder, {})


def _run(command: list[str], folder: Path | None, environment: dict[str, str]) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def get(url: str) -> str:
    """Python that calls a URL with the session that a snippet made."""
    return f"\nassert session.get({url!r}, timeout=10).status_code == 200\n"


def program(url: str, library: str = "requests") -> str:
    """A shell command that calls a URL with nothing but a library's defaults."""
    return f"\n{sys.executable} -c 'import {library}; assert {library}.get(\"{url}\").status_code == 200'"
