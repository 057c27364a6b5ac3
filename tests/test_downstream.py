"""The comparison of the libraries' own suites: it sees a regression, and takes no file but the one it knows."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from downstream.compare import Comparison, Outcome, notes, table, worse
from downstream.prepare import PROJECT, fetched
from downstream.suites import SUITES


if TYPE_CHECKING:
    from pathlib import Path


PASSED, FAILED, SKIPPED = Outcome("passed"), Outcome("failed", "E\nboom"), Outcome("skipped", "not here")
OUTSIDE = Outcome("failed", "no network", outside=True)
SUITE = """
import socket
import pytest, requests, zeep, httpx, zeep.transports
def test_session(): assert requests.Session().__class__.__module__.startswith({root!r})
def test_api(): assert type(requests.session()) is requests.sessions.Session is requests.Session
def test_client(): assert zeep.Client is zeep.client.Client and zeep.Client.__module__.startswith({root!r})
def test_transport(): assert type(httpx.Client()._transport) is httpx.HTTPTransport
def test_refused():
    with pytest.raises(requests.ConnectionError):
        requests.get("http://127.0.0.1:1/")
def test_outside(): socket.create_connection(("192.0.2.1", 80))
def test_name(): socket.getaddrinfo("sslwhy.example", 80)
@pytest.mark.skip(reason="never")
def test_skipped(): pass
@pytest.mark.xfail
def test_xfailed(): raise AssertionError
"""


@pytest.mark.parametrize(
    ("theirs", "ours", "regression"),
    [
        (PASSED, PASSED, False),
        (PASSED, FAILED, True),
        (PASSED, SKIPPED, True),
        (PASSED, None, True),
        (SKIPPED, SKIPPED, False),
        (SKIPPED, FAILED, True),
        (SKIPPED, PASSED, False),
        (FAILED, FAILED, False),
        (FAILED, PASSED, False),
        (OUTSIDE, None, False),
    ],
)
def test_what_counts_as_worse(theirs: Outcome, ours: Outcome | None, regression: bool) -> None:
    """A test may only get better: failing, being skipped or being gone after passing is a regression."""
    assert bool(worse({"t": theirs}, {"t": ours} if ours else {})) == regression


def test_the_table_and_the_notes_name_everything() -> None:
    """Every regression, outside failure and reason for skipping is named, and the numbers add up."""
    theirs = {"good": PASSED, "bad": PASSED, "text": PASSED, "net": OUTSIDE, "off": SKIPPED}
    ours = {**theirs, "bad": FAILED, "text": FAILED}
    one = Comparison("suite 1", theirs, ours, guarded=7, enriched=2, worded=frozenset({"text"}))
    assert one.regressions == ["bad"]
    assert one.proves_something
    assert table([one]).splitlines()[1].split() == ["suite", "1", "5", "3", "1", "1", "1", "1", "1", "7", "2"]
    text = "\n".join(notes(one))
    assert all(
        words in text for words in ("regression: bad\nboom", "message: text", "outside: net", "skipped 1: not here")
    )


def test_a_run_without_our_classes_proves_nothing() -> None:
    """Two equal runs are no proof where no call was guarded, no failure enriched, or no test passed."""
    good, bad = {"t": PASSED}, {"t": FAILED}
    assert Comparison("s", good, good, guarded=5, enriched=1).proves_something
    assert Comparison("s", good, good, guarded=5, enriched=0, fails_over_tls=False).proves_something
    assert not Comparison("s", good, good, guarded=0, enriched=1).proves_something
    assert not Comparison("s", good, good, guarded=5, enriched=0).proves_something
    assert not Comparison("s", bad, bad, guarded=5, enriched=1).proves_something
    assert "proves nothing" in notes(Comparison("s", good, good, guarded=5, enriched=0))[0]


def test_an_archive_with_another_hash_is_refused(tmp_path: Path) -> None:
    """A file that is there already is verified like one that was just fetched."""
    (tmp_path / SUITES[0].archive).write_bytes(b"something else")
    with pytest.raises(ValueError, match="SHA-256 is "):
        fetched(SUITES[0], tmp_path)


def test_whole_messages_are_named_tests() -> None:
    """The tests that may differ in an exception's text alone are written down one by one."""
    for suite in SUITES:
        assert all("::" in name for name in suite.whole_messages)
        assert len(suite.whole_messages) <= 2
    assert {field.name for field in dataclasses.fields(SUITES[0])} >= {"sha256", "whole_messages"}


@pytest.mark.parametrize(("classes", "root"), [("theirs", ("requests", "zeep")), ("ours", "sslwhy")])
def test_the_plugin_puts_the_classes_in_place(tmp_path: Path, classes: str, root: str) -> None:
    """In a small suite each class is the one that was asked for, wherever it is looked up; nothing leaves loopback."""
    (tmp_path / "test_small.py").write_text(SUITE.format(root=root), encoding="utf-8")
    plugin = PROJECT / "tests" / "downstream" / "plugin"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "in_place", "-p", "no:randomly", f"--classes={classes}"]
    subprocess.run(
        [*command, f"--record={tmp_path / 'record.json'}", "test_small.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(plugin)},
        stdout=subprocess.DEVNULL,
        timeout=100,
        check=False,
    )
    found = json.loads((tmp_path / "record.json").read_text(encoding="utf-8"))
    outcomes = {name.partition("::")[2]: each for name, each in found["tests"].items()}
    assert {name: each["outcome"] for name, each in outcomes.items()} == {
        **dict.fromkeys(("test_session", "test_api", "test_client", "test_transport", "test_refused"), "passed"),
        **dict.fromkeys(("test_outside", "test_name"), "failed"),
        "test_skipped": "skipped",
        "test_xfailed": "xfailed",
    }
    assert [name for name, each in outcomes.items() if each["outside"]] == ["test_outside", "test_name"]
    assert bool(found["guarded"]) == (classes == "ours")
