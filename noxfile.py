"""The project's checks: `nox` runs the first three, `nox -s downstream` and `nox -s benchmarks` take minutes."""

from __future__ import annotations

from pathlib import Path

import nox


PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PROJECT)

nox.needs_version = ">=2024.10"
nox.options.sessions = ["tests", "lint", "types"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = False  # nox names the ones it skips


def group(name: str) -> tuple[str, ...]:
    """The requirements of a dependency group of pyproject.toml."""
    return nox.project.dependency_groups(PROJECT, name)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The test suite against the built distribution, on each Python that is installed."""
    session.install(".[async,cli]", *group("test"))
    session.run("pytest", *(session.posargs or ["--numprocesses=auto"]))


@nox.session
def lint(session: nox.Session) -> None:
    """Style and spelling."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("codespell", "sslwhy", "tests", "examples", "README.md")


@nox.session
def types(session: nox.Session) -> None:
    """Static types."""
    session.install(".[async,cli]", *group("test"), *group("types"))
    session.run("mypy")


@nox.session
def downstream(session: nox.Session) -> None:
    """requests', zeep's and httpx's own test suites, with their classes and with ours; names of suites may be given."""
    session.run("python", "-m", "downstream", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def benchmarks(session: nox.Session) -> None:
    """What sslwhy costs."""
    session.install(".[async,cli]", *group("test"))
    for script in sorted(Path("benchmarks").glob("*.py")):
        session.run("python", str(script))
