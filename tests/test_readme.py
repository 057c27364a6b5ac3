"""Every block of the README is run; its logs and its table are what the program says today."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import pki, readme, tls

from sslwhy.demo.soap_service import SoapService


if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent


@pytest.fixture
def world(leaf: Any, issuing: Any, ca_file: str) -> Iterator[dict[str, str]]:
    """What the README's placeholders stand for: a healthy service, an expired one, the partner's root."""
    expired = issuing.issue("localhost", dns=["localhost"], not_after=-pki.DAY)
    with tls.TlsServer(leaf, application=SoapService()) as good, tls.TlsServer(expired) as bad:
        yield {
            "localhost:8443": f"localhost:{good.port}",
            "localhost:9443": f"localhost:{bad.port}",
            "partner-root.pem": ca_file,
        }


def real(code: str, world: dict[str, str]) -> str:
    for placeholder, value in world.items():
        code = code.replace(placeholder, value)
    return code


@pytest.mark.parametrize("code", readme.blocks("python"))
def test_python_blocks_run(code: str, world: dict[str, str], ca_file: str) -> None:
    """Each Python block runs as it stands in a fresh interpreter and prints something."""
    trusting = {**os.environ, "REQUESTS_CA_BUNDLE": ca_file, "SSL_CERT_FILE": ca_file}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", real(code, world)],
        capture_output=True, text=True, check=False, timeout=60, env=trusting,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in {"pong", "200"} or done.stdout.startswith("certificate-expired\nserver operator |")


def command_lines() -> list[str]:
    return [line for block in readme.blocks("sh") for line in block.splitlines() if line.startswith("sslwhy ")]


@pytest.mark.parametrize("line", command_lines())
def test_command_blocks_run(line: str, world: dict[str, str], ca_file: str) -> None:
    """Each line of the command block runs and succeeds."""
    words = real(line, world).split()[1:]
    done = subprocess.run(
        [sys.executable, "-m", "sslwhy", *words],
        capture_output=True, text=True, check=False, timeout=60, env={**os.environ, "REQUESTS_CA_BUNDLE": ca_file},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_demo_command_runs() -> None:
    """The first of the two commands runs the demo; here in the environment that the tests run in."""
    assert readme.blocks("sh")[0] == "python3 start.py demo\n"
    done = subprocess.run(
        [sys.executable, "start.py", "demo"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Ping() -> 'pong'" in done.stdout


def test_the_test_command_is_the_one_that_runs_everything() -> None:
    """The second command is what a submission has to pass, and nothing weaker."""
    assert readme.blocks("sh")[1] == "python3 start.py test\n"
    assert "exec python3 start.py test\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the log shows what Python 3.11 and later give")
@pytest.mark.parametrize("name", ["before", "after", "block"])
def test_logs_are_real(name: str) -> None:
    """The logs are what the demo's servers give today, but for ports, dates and fingerprints."""
    assert readme.steady(readme.logs_in_readme()[name]) == readme.steady(readme.real_logs()[name])


def test_the_table_is_generated() -> None:
    """The table of causes is the classes' own."""
    assert readme.causes_table() in readme.README.read_text(encoding="utf-8")


def test_only_known_kinds_of_blocks() -> None:
    """No block escapes the tests above."""
    text = readme.README.read_text(encoding="utf-8")
    known = sum(len(readme.blocks(kind)) for kind in ("python", "sh", "text"))
    assert text.count("```") == 2 * known
