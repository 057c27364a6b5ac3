"""Each example runs as its docstring says, against a healthy and a faulty service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import pki, tls

from sslwhy.demo.soap_service import SoapService


EXAMPLES = Path(__file__).parent.parent / "examples"


def run(name: str, ca_file: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments],
        capture_output=True, text=True, check=False, timeout=60, env={**os.environ, "REQUESTS_CA_BUNDLE": ca_file},
    )  # fmt: skip


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_examples(name: str, leaf: Any, issuing: Any, ca_file: str) -> None:
    """An example succeeds against a healthy service, and names the cause where there is a fault."""
    expired = issuing.issue("localhost", dns=["localhost"], not_after=-pki.DAY)
    with tls.TlsServer(leaf, application=SoapService()) as good, tls.TlsServer(expired) as bad:
        fine = run(name, ca_file, f"{good.url}/service?wsdl")
        wrong = run(name, ca_file, f"{bad.url}/service?wsdl")
    assert fine.returncode == 0, fine.stderr
    assert wrong.returncode == 1, wrong.stderr
    assert "certificate-expired" in wrong.stdout
    assert "Traceback" not in wrong.stderr


def test_structured_log_is_json(issuing: Any, ca_file: str) -> None:
    """The structured log's line is JSON with the flat keys."""
    expired = issuing.issue("localhost", dns=["localhost"], not_after=-pki.DAY)
    with tls.TlsServer(expired) as bad:
        record = json.loads(run("structured_log.py", ca_file, bad.url).stdout)
    assert record["tls.code"] == "certificate-expired"
    assert record["tls.actor"] == "server operator"
