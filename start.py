#!/usr/bin/env python3
"""Set up and run, with nothing but Python 3.10 or later: ``python3 start.py demo`` and ``python3 start.py test``.

``demo`` makes a virtual environment in this folder, installs sslwhy into it and runs ``sslwhy demo``; any other command
of sslwhy works too (``python3 start.py check HOST``). ``test`` makes one environment for each CPython 3.10 to 3.13
that is found and runs the whole suite in each, then lint and types in this Python's; further arguments go to pytest.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path


HERE = Path(__file__).resolve().parent
VERSIONS = ("3.10", "3.11", "3.12", "3.13")
SERVERS = {
    "nginx": "nginx-light",
    "gnutls-serv": "gnutls-bin",
    "nmap": "nmap",
    "java": "default-jdk-headless",
    "ip": "iproute2",
}
COVERAGE_VERSION = "3.11"


def main() -> int:
    """Do what the first argument says."""
    if sys.version_info < (3, 10):
        return fail(f"sslwhy needs Python 3.10 or later; this is {sys.version.split()[0]}")
    command, *rest = sys.argv[1:] or ["demo"]
    try:
        if command == "test":
            return test(rest)
        return run(environment(Path(sys.executable), extras="cli") / "sslwhy", command, *rest)
    except subprocess.CalledProcessError as failed:
        return fail(f"this step failed: {' '.join(map(str, failed.cmd))}")


def test(arguments: list[str]) -> int:
    """Run the suite on every Python found, then lint and types; return the worst exit status."""
    install_servers()
    pythons = found_pythons()
    for version in VERSIONS:
        if version not in pythons:
            print(f"== CPython {version} is not installed: skipped", flush=True)
    statuses = []
    for version, python in pythons.items():
        print(f"== CPython {version}", flush=True)
        bin_folder = environment(python, extras="async,cli", groups=("test",))
        statuses.append(suite(bin_folder, version, arguments))
    print("== lint and types", flush=True)
    bin_folder = environment(Path(sys.executable), extras="async,cli", groups=("lint", "types"))
    statuses += [
        run(bin_folder / "ruff", "check", "."),
        run(bin_folder / "ruff", "format", "--check", "."),
        run(bin_folder / "codespell", "sslwhy", "tests", "examples", "README.md"),
        run(bin_folder / "mypy"),
    ]
    return max(statuses)


def suite(bin_folder: Path, version: str, arguments: list[str]) -> int:
    """Run pytest; on one version, and only for the whole suite, with branch coverage and its floor."""
    pytest = ["-m", "pytest", "-q", "-n", "3", "--dist", "worksteal", *arguments]
    measured = ["--cov", "--cov-report=term"] if version == COVERAGE_VERSION and not arguments else []
    return run(bin_folder / "python", *pytest, *measured)


def environment(python: Path, *, extras: str = "", groups: tuple[str, ...] = ()) -> Path:
    """Return the folder of programs of a virtual environment that holds this checkout; make it where it is missing."""
    if belongs_here():
        return Path(sys.executable).parent
    key = hashlib.sha256(f"{python}{extras}{groups}{(HERE / 'pyproject.toml').read_text()}".encode()).hexdigest()[:8]
    folder = HERE / ".venv" / f"{python.name}-{key}"
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    if (folder / "ready").exists():
        return programs
    make_environment(python, folder)
    pip = [programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--upgrade", "pip"], check=True)
    wanted = [argument for group in groups for argument in ("--group", f"{HERE / 'pyproject.toml'}:{group}")]
    subprocess.run([*pip, *wanted, "--editable", f"{HERE}[{extras}]"], cwd=HERE, check=True)
    (folder / "ready").touch()
    return programs


def belongs_here() -> bool:
    """Return whether this Python already runs in a virtual environment with this checkout: then that one serves."""
    if sys.prefix == sys.base_prefix:
        return False
    question = "import pathlib, sslwhy; print(pathlib.Path(sslwhy.__file__).resolve().parent.parent)"
    said = subprocess.run([sys.executable, "-c", question], check=False, capture_output=True, text=True, cwd="/")
    return said.stdout.strip() == str(HERE)


def make_environment(python: Path, folder: Path) -> None:
    """Make a virtual environment with pip in it, also where Debian's Python came without ``ensurepip``."""
    shutil.rmtree(folder, ignore_errors=True)
    made = subprocess.run([python, "-m", "venv", folder], check=False, capture_output=True, text=True)
    if made.returncode == 0:
        return
    shutil.rmtree(folder, ignore_errors=True)
    has_pip = subprocess.run([python, "-m", "pip", "--version"], check=False, capture_output=True).returncode == 0
    if has_pip:
        subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True)
        subprocess.run([python, "-m", "pip", "--python", folder, "install", "--quiet", "pip"], check=True)
        return
    apt_install("python3-venv")
    subprocess.run([python, "-m", "venv", folder], check=True)


def install_servers() -> None:
    """Install the TLS servers that the suite talks to where this is possible; tests that miss one say so."""
    missing = [package for program, package in SERVERS.items() if shutil.which(program) is None]
    if missing and may_install():
        apt_install(*missing)
    elif missing:
        print(f"== not installed, so their tests are skipped: {', '.join(missing)}", flush=True)


def may_install() -> bool:
    """Return whether this process may install Debian packages."""
    return shutil.which("apt-get") is not None and hasattr(os, "geteuid") and os.geteuid() == 0


def apt_install(*packages: str) -> None:
    """Install Debian packages, or say which ones an administrator has to install."""
    if not may_install():
        raise SystemExit(fail(f"an administrator has to run: apt-get install {' '.join(packages)}"))
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        subprocess.run(["apt-get", *step], check=True, env=quiet, stdout=subprocess.DEVNULL)


def found_pythons() -> dict[str, Path]:
    """Return the interpreters of the supported versions that are installed, this one among them, by version."""
    found = {".".join(map(str, sys.version_info[:2])): Path(sys.executable)}
    folders = [Path.home() / ".pyenv" / "versions", Path(os.environ.get("PYENV_ROOT", "")) / "versions"]
    for version in VERSIONS:
        named = shutil.which(f"python{version}")
        candidates = [Path(named)] if named else []
        candidates += [each / "bin" / "python" for folder in folders for each in sorted(folder.glob(f"{version}.*"))]
        for candidate in candidates:
            if version not in found and answers(candidate, version):
                found[version] = candidate
    return {version: found[version] for version in VERSIONS if version in found}


def answers(python: Path, version: str) -> bool:
    """Return whether this is a working CPython of that version (a shim may stand for one that is not installed)."""
    question = "import sys; print(sys.implementation.name, '%d.%d' % sys.version_info[:2])"
    try:
        said = subprocess.run([python, "-c", question], check=False, capture_output=True, text=True, timeout=30)
    except OSError:
        return False
    return said.stdout.split() == ["cpython", version]


def run(program: Path, *arguments: str) -> int:
    """Run a program in this folder and return its exit status."""
    return subprocess.run([program, *arguments], cwd=HERE, check=False).returncode


def fail(message: str) -> int:
    """Print a message to standard error and return an exit status that says "not usable"."""
    print(f"start.py: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
