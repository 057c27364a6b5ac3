"""A failing call whose diagnosis may ask the server: by a session, and by `check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import sslwhy


if TYPE_CHECKING:
    import ssl

    from sslwhy.report.report import Report

WAYS = ("session", "check")


class Mounted(sslwhy.HTTPAdapter):
    """An adapter with a context of the caller's own, whose protocols urllib3 leaves alone."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        context.set_alpn_protocols = lambda _: None  # type: ignore[method-assign, assignment]
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Give the pool the context."""
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)


def failed_with(context: ssl.SSLContext, url: str, **settings: Any) -> Report:
    """The report of a call that fails with a context of the caller's own."""
    with sslwhy.Session() as session:
        session.mount("https://", Mounted(context))
        with pytest.raises(sslwhy.DiagnosedError) as caught:
            session.get(url, **{"timeout": 5, **settings})
    return caught.value.report


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
