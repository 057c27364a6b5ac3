"""From the package index to a folder with tests and an environment that can run them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from downstream.suites import Suite


PROJECT = Path(__file__).resolve().parents[2]
_SCRIPTS, _SUFFIX = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")


@dataclass(frozen=True)
class Prepared:
    """A suite that can be run.

    Attributes:
        suite: Which.
        tests: The unpacked source distribution.
        python: The interpreter of an environment with the library, what its tests need, and sslwhy.
    """

    suite: Suite
    tests: Path
    python: Path


def prepare(suite: Suite, folder: Path) -> Prepared:
    """Fetch, verify, unpack and install one suite below `folder`; what is there already is used again."""
    archive = fetched(suite, folder / "archives")
    tests = unpacked(suite, archive, folder / "sources")
    return Prepared(suite, tests, environment(suite, archive, folder / "environments" / suite.name))


def fetched(suite: Suite, folder: Path) -> Path:
    """The verified source distribution.

    Raises:
        ValueError: Its SHA-256 is not the one in `suites`.
    """
    archive = folder / suite.archive
    if not archive.exists():
        folder.mkdir(parents=True, exist_ok=True)
        wanted = folder / f"{suite.name}.txt"
        wanted.write_text(suite.requirement + "\n", encoding="utf-8")
        options = ("--no-deps", "--no-binary", suite.name, "--require-hashes")
        _pip(sys.executable, "download", *options, "--dest", str(folder), "--requirement", str(wanted))
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != suite.sha256:
        raise ValueError(f"{archive.name}: SHA-256 is {found}, expected {suite.sha256}")
    return archive


def unpacked(suite: Suite, archive: Path, folder: Path) -> Path:
    """A fresh copy of what is in the archive: a run before this one may have left files in it."""
    target = folder / suite.folder
    shutil.rmtree(target, ignore_errors=True)
    with tarfile.open(archive) as source:
        source.extractall(folder, filter="data")
    if not (target / "tests").is_dir():
        raise ValueError(f"{archive.name} has no tests")
    return target


def environment(suite: Suite, archive: Path, folder: Path) -> Path:
    """The interpreter of the suite's environment, with sslwhy as it is now."""
    python = folder / _SCRIPTS / f"python{_SUFFIX}"
    if not python.exists():
        venv.create(folder, with_pip=True)
    library = f"{suite.name}[{','.join(suite.extras)}] @ {archive.as_uri()}"
    # The extra: all three libraries' drop-ins are put in place in every suite.
    _pip(str(python), "install", library, *suite.needs, "pytest-timeout", f"sslwhy[async] @ {PROJECT.as_uri()}")
    return python


def _pip(python: str, *arguments: str) -> None:
    subprocess.run([python, "-m", "pip", "-qq", "--disable-pip-version-check", *arguments], check=True)
