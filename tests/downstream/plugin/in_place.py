"""pytest plugin: runs a suite with the library's classes or with ours in their place, and writes what came of each test.

`--classes=ours` puts sslwhy's drop-ins wherever a library's module holds the class they stand for, before the first
conftest is imported. Both ways, nothing outside the loopback is reached: names do not resolve, addresses time out at
once, and a test that asked for one is marked.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest


_LIBRARIES = {
    "requests": ("Session", "adapters.HTTPAdapter"),
    "zeep": ("Client", "AsyncClient", "CachingClient", "Transport", "AsyncTransport"),
    "httpx": ("HTTPTransport", "AsyncHTTPTransport"),
}
_INSIDE = {None, "", "localhost", socket.gethostname()}
_GRAVITY = ("passed", "skipped", "xfailed", "xpassed", "failed")


class Recorder:
    """What came of each test, and which of them asked for something outside the loopback."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.tests: dict[str, dict[str, Any]] = {}
        self.running = ""
        self.guarded = 0

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that cannot be collected is a failed test."""
        if report.failed:
            self._note(report.nodeid, "failed", str(report.longrepr))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Remember which test is running."""
        self.running = nodeid

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the gravest outcome of set-up, call and tear-down."""
        outcome: str = report.outcome
        if hasattr(report, "wasxfail"):
            outcome = "xfailed" if report.skipped else "xpassed"
        self._note(report.nodeid, outcome, "" if report.passed else str(report.longrepr))

    def pytest_sessionfinish(self) -> None:
        """Write the record."""
        self.target.write_text(json.dumps({"tests": self.tests, "guarded": self.guarded}), encoding="utf-8")

    def stay_inside(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Audit hook (PEP 578): refuse every name and address outside the loopback."""
        if event in {"socket.getaddrinfo", "socket.gethostbyname"} and not _is_inside(arguments[0]):
            self._entry()["outside"] = True
            raise socket.gaierror(socket.EAI_NONAME, "only the loopback is there")
        if event == "socket.connect" and isinstance(arguments[1], tuple) and not _is_inside(arguments[1][0]):
            self._entry()["outside"] = True
            raise TimeoutError("timed out")

    def _entry(self, nodeid: str | None = None) -> dict[str, Any]:
        return self.tests.setdefault(nodeid or self.running, {"outcome": "passed", "reason": "", "outside": False})

    def _note(self, nodeid: str, outcome: str, reason: str) -> None:
        entry = self._entry(nodeid)
        if _GRAVITY.index(outcome) > _GRAVITY.index(entry["outcome"]):
            entry.update(outcome=outcome, reason=reason)


def _is_inside(host: Any) -> bool:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name in _INSIDE:
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def put_in_place(recorder: Recorder) -> None:
    """Put our classes where the libraries' own are, in every module of theirs that is loaded, and count their calls."""
    import httpx  # noqa: F401 - loaded, so that its modules can be found
    import requests.adapters
    import zeep.__main__

    import sslwhy
    from sslwhy.clients import guard
    from sslwhy.evidence.capture import Watch

    places: dict[Any, Any] = {}
    for library, paths in _LIBRARIES.items():
        for path in paths:
            name = path.rpartition(".")[2]
            home = sys.modules[f"{library}.{path.rpartition('.')[0]}".rstrip(".")]
            places[getattr(home, name)] = getattr(sslwhy, name)
    for module_name, module in list(sys.modules.items()):
        if module_name.partition(".")[0] in _LIBRARIES:
            for name, value in list(vars(module).items()):
                if isinstance(value, type) and value in places:
                    setattr(module, name, places[value])

    class Counting(Watch):
        def begin(self) -> None:
            recorder.guarded += 1
            super().begin()

    guard.watch = Counting()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the two options."""
    parser.addoption("--classes", choices=("theirs", "ours"), required=True, help="whose classes the suite sees")
    parser.addoption("--record", type=Path, required=True, help="the file that is told what came of each test")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Begin before the first conftest is imported."""
    options = early_config.known_args_namespace
    recorder = Recorder(options.record)
    if options.classes == "ours":
        put_in_place(recorder)
    early_config.pluginmanager.register(recorder, "recorder")
    sys.addaudithook(recorder.stay_inside)
