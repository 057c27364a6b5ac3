"""Every cause of a handshake, and of what surrounds it, is primary in a real failure: by a session, and by a check."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from sslwhy.causes.registry import all_causes


TOPICS = {"protocol", "client certificate", "proxy", "network", "local"}
ONE_WAY = {
    "plain-http-to-tls-port": "the command takes https addresses only",
    "session-shared-across-processes": "the command ends with its only connection: there is nothing to share",
}
"""Codes that the command cannot meet, and why."""


def shown(way: str) -> set[str]:
    """The codes of all scenarios that take this way to the failure, and expect the code as the primary's."""
    return {
        code
        for path in Path(__file__).parent.glob("test_causes_*.py")
        for test in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(test, ast.FunctionDef)
        for code in _scenarios(test)
        if code in ast.unparse(test.body[1:]) and way in _ways(test)  # type: ignore[arg-type]
    }


def _marks(test: ast.FunctionDef) -> list[str]:
    return [ast.unparse(each) for each in test.decorator_list]


def _scenarios(test: ast.FunctionDef) -> list[str]:
    marks = [mark for mark in _marks(test) if mark.startswith("pytest.mark.scenario(")]
    return [ast.literal_eval(mark.removeprefix("pytest.mark.scenario(")[:-1]) for mark in marks]


def _ways(test: ast.FunctionDef) -> set[str]:
    """`session` alone, unless the test is run for all `support.asking.WAYS` and hands the way on."""
    both = "pytest.mark.parametrize('way', WAYS)" in _marks(test)
    handed = {node.id for each in test.body for node in ast.walk(each) if isinstance(node, ast.Name)}
    return {"session", "check"} if both and "way" in handed else {"session"}


@pytest.mark.parametrize("code", [cause.code for cause in all_causes() if cause.topic in TOPICS])
def test_each_cause_is_shown_by_each_way(code: str) -> None:
    """A scenario reaches the cause by a session, and by the command unless it is told why the command cannot."""
    assert code in shown("session")
    assert (code in shown("check")) != (code in ONE_WAY)
