"""The README's generated parts and its blocks: ``python -m support.readme`` (in ``tests/``) writes the parts anew."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

from sslwhy.causes.registry import all_causes
from sslwhy.cli.pages import summary
from sslwhy.evidence import machine


README = Path(__file__).parent.parent.parent / "README.md"
_BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_LOG = re.compile(r"(<!-- log:(?P<name>\w+) -->\n```text\n)(?P<log>.*?)(^```$)", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"(<!-- causes -->\n).*?(?=\n## )", re.DOTALL)
_FOLDER = re.compile(r"/\S*sslwhy-demo-\w+/")
_SUBJECTS = {
    "server": "server",
    "client": "this program",
    "proxy": "proxy",
    "network": "network",
    "local": "this machine",
}


def blocks(kind: str) -> list[str]:
    """The code blocks of one kind, in order."""
    found = _BLOCK.finditer(README.read_text(encoding="utf-8"))
    return [block["code"] for block in found if block["kind"] == kind]


def logs_in_readme() -> dict[str, str]:
    """The README's logs by name, as they stand."""
    return {log["name"]: log["log"].rstrip("\n") for log in _LOG.finditer(README.read_text(encoding="utf-8"))}


def steady(text: str) -> str:
    """A log without what changes from run to run: ports, dates, fingerprints, addresses, source lines."""
    text = re.sub(r"(?<=localhost:)\d+|(?<=port=)\d+", "48443", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "2026-11-20T09:00:00Z", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "5f" * 32, text)
    return re.sub(r"_ssl\.c:\d+", "_ssl.c:1006", text)


def real_logs() -> dict[str, str]:
    """What the demo's expired server gives: the log line before, the log line after, the block."""
    import requests
    import zeep

    import sslwhy
    from sslwhy.demo.faults import scenes

    with scenes() as cast, requests.Session() as session:
        scene = next(each for each in cast if "valid any more" in each.title)
        session.verify = scene.verify
        caught: list[requests.exceptions.SSLError] = []
        for client, transport in ((zeep.Client, zeep.Transport), (sslwhy.Client, sslwhy.Transport)):
            try:
                client(scene.wsdl, transport=transport(session=session))
            except requests.exceptions.SSLError as error:
                caught.append(error)
    lines = [logging.Formatter("ERROR shop.orders: %(message)s").format(_record(error)) for error in caught]
    report = caught[1].report  # type: ignore[attr-defined]  # the second one is a DiagnosedError
    logs = {"before": lines[0], "after": lines[1], "block": str(report)}
    return {name: _FOLDER.sub("", log) for name, log in logs.items()}


def _record(error: Exception) -> logging.LogRecord:
    return logging.LogRecord("shop.orders", logging.ERROR, "", 0, "%s", (error,), None)


def causes_table() -> str:
    """The table of causes, from the classes."""
    rows = [f"| `{each.code}` | {_SUBJECTS[each.subject]} | {summary(each)} |" for each in all_causes()]
    return "\n".join(["| code | where | what |", "|---|---|---|", *rows, ""])


def rewritten() -> str:
    """The README with its generated parts made anew."""
    logs = real_logs()
    text = _LOG.sub(lambda log: f"{log[1]}{logs[log['name']]}\n{log[4]}", README.read_text(encoding="utf-8"))
    return _TABLE.sub(lambda mark: f"{mark[1]}{causes_table()}", text)


if __name__ == "__main__":
    for name in machine.VARIABLES:
        os.environ.pop(name, None)
    README.write_text(rewritten(), encoding="utf-8")
