"""A failing call whose diagnosis may ask the server: by a session, and by `check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import sslwhy


if TYPE_CHECKING:
    from sslwhy.report.values import Report

WAYS = ("session", "check")


def failed(url: str, way: str = "session", method: str = "GET", **settings: Any) -> Report:
    """The report of a call that fails, made by `sslwhy.Session` or by `sslwhy.check`."""
    settings.setdefault("timeout", 5)
    if way == "check":
        return sslwhy.check(url, **settings)
    with sslwhy.Session() as session, pytest.raises(sslwhy.DiagnosedError) as caught:
        session.request(method, url, **settings)
    return caught.value.report


def primary(report: Report) -> str:
    """Code and confidence of the primary finding, and whose fault it is."""
    assert report.primary, report
    return f"{report.primary.code} {report.primary.confidence} {report.primary.subject}"
