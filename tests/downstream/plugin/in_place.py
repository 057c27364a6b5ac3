"""pytest plugin: a suite runs with the library's classes or with ours in their place; what comes of it is written down.

`--classes=ours` puts sslwhy's drop-ins wherever a library's module holds the class they stand for, before the first
conftest is imported. Both ways, nothing outside the loopback is reached: names do not resolve, addresses time out at
once, and a test that asked for one is marked.
"""

from __future__ import annotations

import importlib
import ipaddress
import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest


_PLACES = {
    "requests.sessions": ("Session",),
    "requests.adapters": ("HTTPAdapter",),
    "zeep.client": ("Client", "AsyncClient", "CachingClient"),
    "zeep.transports": ("Transport", "AsyncTransport"),
    "httpx": ("HTTPTransport", "AsyncHTTPTransport"),
}
_LIBRARIES = {home.partition(".")[0] for home in _PLACES}
_INSIDE = {None, "", b"", "localhost", b"localhost", socket.gethostname()}
_GRAVITY = ("passed", "skipped", "xfailed", "xpassed", "failed")


class Recorder:
    """What came of each test, and which of them asked for something outside the loopback."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.tests: dict[str, dict[str, Any]] = {}
        self.running = ""
        self.guarded = 0
        self.enriched = 0

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
        self._note(report.nodeid, outcome, "" if report.passed else _reason(report))

    def pytest_sessionfinish(self) -> None:
        """Write the record."""
        self.target.write_text(
            json.dumps({"tests": self.tests, "guarded": self.guarded, "enriched": self.enriched}), encoding="utf-8"
        )

    def stay_inside(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Audit hook (PEP 578): no name but the loopback's resolves, and no address outside it answers."""
        if event in {"socket.getaddrinfo", "socket.gethostbyname"}:
            if not (_is_inside(arguments[0]) or _address(arguments[0])):
                self._entry()["outside"] = True
                raise socket.gaierror(socket.EAI_NONAME, "only the loopback is there")
        elif event == "socket.connect" and isinstance(arguments[1], tuple) and not _is_inside(arguments[1][0]):
            self._entry()["outside"] = True
            raise TimeoutError("timed out")

    def _entry(self, nodeid: str | None = None) -> dict[str, Any]:
        return self.tests.setdefault(nodeid or self.running, {"outcome": "passed", "reason": "", "outside": False})

    def _note(self, nodeid: str, outcome: str, reason: str) -> None:
        entry = self._entry(nodeid)
        if _GRAVITY.index(outcome) > _GRAVITY.index(entry["outcome"]):
            entry.update(outcome=outcome, reason=reason)


def _reason(report: pytest.TestReport) -> str:
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)


def _is_inside(host: Any) -> bool:
    address = _address(host)
    return host in _INSIDE or bool(address and (address.is_loopback or address.is_unspecified))


def _address(host: Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.decode("ascii", "replace") if isinstance(host, bytes) else host)
    except ValueError:
        return None


def put_in_place(recorder: Recorder) -> None:
    """Put our classes where the libraries' own are, in every module of theirs that is loaded, and count their calls."""
    import sslwhy
    from sslwhy import exceptions
    from sslwhy.clients import guard
    from sslwhy.evidence.capture import Watch

    places = {
        getattr(importlib.import_module(home), name): getattr(sslwhy, name)
        for home, names in _PLACES.items()
        for name in names
    }
    for module_name, module in list(sys.modules.items()):
        if module_name.partition(".")[0] in _LIBRARIES:
            for name, value in list(vars(module).items()):
                if isinstance(value, type) and value in places:
                    setattr(module, name, places[value])

    class Counting(Watch):
        def begin(self) -> None:
            recorder.guarded += 1
            super().begin()

    def enriched(*arguments: Any) -> BaseException:
        recorder.enriched += 1
        return made(*arguments)

    made = exceptions.enriched
    vars(exceptions)["enriched"] = enriched
    vars(guard)["watch"] = Counting()


def keep_their_messages() -> None:
    """Take away the one thing in an enriched exception that is not the library's: its text."""
    from sslwhy import DiagnosedError

    del DiagnosedError.__str__


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the two options."""
    parser.addoption("--classes", choices=("theirs", "ours"), required=True, help="whose classes the suite sees")
    parser.addoption("--their-messages", action="store_true", help="str() of an enriched exception stays the library's")
    parser.addoption("--record", type=Path, required=True, help="the file that is told what came of each test")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Begin before the first conftest is imported."""
    options = early_config.known_args_namespace
    recorder = Recorder(options.record)
    if options.classes == "ours":
        put_in_place(recorder)
        if options.their_messages:
            keep_their_messages()
    early_config.pluginmanager.register(recorder, "recorder")
    sys.addaudithook(recorder.stay_inside)
