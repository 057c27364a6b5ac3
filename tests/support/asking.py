"""A failing call whose diagnosis may ask the server: by a session, and by the command `sslwhy check`."""

from __future__ import annotations

import contextlib
import io
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

import sslwhy
from sslwhy.cli.main import run
from sslwhy.facts.observed import Observed, Operation, Target
from sslwhy.report.report import Report
from sslwhy.report.values import Check, Finding, Remedy


if TYPE_CHECKING:
    import ssl

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
    """The report of a call that fails, made by `sslwhy.Session` or by the command `sslwhy check`."""
    settings.setdefault("timeout", 5)
    if way == "check":
        return _checked(url, **settings)
    with sslwhy.Session() as session, pytest.raises(sslwhy.DiagnosedError) as caught:
        session.request(method, url, **settings)
    return caught.value.report


def _checked(
    url: str,
    *,
    timeout: float,
    verify: str | None = None,
    cert: str | tuple[str, str] | None = None,
    proxies: dict[str, str] | None = None,
) -> Report:
    """What `sslwhy check --json` prints, read back; its exit status says that a problem was found."""
    certificate, key = cert if isinstance(cert, tuple) else (cert, None)
    options = {
        "--verify": verify,
        "--cert": certificate,
        "--key": key,
        "--proxy": (proxies or {}).get("https"),
        "--timeout": str(timeout),
        "--deadline": os.environ.get("SSLWHY_DEADLINE"),
    }
    given = [word for option, value in options.items() if value for word in (option, value)]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        status = run(["check", "--json", "--no-fetch-issuers", *given, url])
    record = json.loads(printed.getvalue())
    assert status == (1 if record["primary"] else 0)
    return _report(record)


def _report(record: dict[str, Any]) -> Report:
    seen = record["observed"] or {}
    return Report(
        target=Target(**record["target"]),
        operation=Operation(record["operation"]["kind"]),
        observed=Observed(**{name: seen.get(name) for name in ("type", "message", "verify_code", "reason")}),
        findings=tuple(map(_finding, record["findings"])),
        checks=tuple(Check(**each) for each in record["checks"]),
        connections=record["connections"],
    )


def _finding(record: dict[str, Any]) -> Finding:
    remedies = tuple(Remedy(**each) for each in record["remedies"])
    return Finding(**{**record, "alternatives": tuple(record["alternatives"]), "remedies": remedies})


def primary(report: Report) -> str:
    """Code and confidence of the primary finding, and whose fault it is."""
    assert report.primary, report
    return f"{report.primary.code} {report.primary.confidence} {report.primary.subject}"
