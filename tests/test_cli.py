"""The command line: exit statuses, JSON, pages, the demo; in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support import pki, tls

from sslwhy.checking import https_address


if TYPE_CHECKING:
    from pathlib import Path


def sslwhy(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command as ``python -m sslwhy``."""
    environment = {**os.environ, "PYTHONWARNINGS": "default", **variables}
    return subprocess.run(
        [sys.executable, "-m", "sslwhy", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment,
    )


def test_check_of_a_healthy_server(leaf: Any, ca_file: str) -> None:
    """All fine is exit status 0, and the report shows what was verified."""
    with tls.TlsServer(leaf) as server:
        done = sslwhy("check", f"localhost:{server.port}", "--verify", ca_file)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"ok: no fault found at localhost:{server.port}")
    assert "CN=Issuing CA" in done.stdout
    assert done.stderr == ""


def test_check_as_json_one_line_for_each_target(leaf: Any, issuing: Any, ca_file: str) -> None:
    """Several targets give one JSON object a line; one problem makes the exit status 1."""
    expired = issuing.issue("localhost", dns=["localhost"], not_after=-pki.DAY)
    with tls.TlsServer(leaf) as good, tls.TlsServer(expired) as bad:
        done = sslwhy("check", "--json", "--verify", ca_file, good.url, bad.url)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["primary"] and record["primary"]["code"] for record in records] == [None, "certificate-expired"]
    assert records[1]["operation"]["kind"] == "check"
    assert records[1]["observed"]["type"] == "requests.exceptions.SSLError"
    assert done.returncode == 1


@pytest.mark.parametrize(
    "target", ["http://localhost/", "ftp://x", "https://", "https://a b/", "localhost:99999", ":443"]
)
def test_check_of_what_is_no_address(target: str) -> None:
    """A target that TLS cannot be spoken to is a usage error with a sentence, never a traceback."""
    done = sslwhy("check", target)
    assert done.returncode == 2
    assert done.stderr.startswith("sslwhy: ")
    assert "Traceback" not in done.stderr


def test_check_compares_all_addresses(
    hosts: dict[str, list[str]], issuing: Any, ca_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--all-addresses`` reports on each address of a name: one is fine, at the other nobody listens."""
    from sslwhy.cli.main import run

    hosts["two.example"] = ["127.0.0.1", "127.0.0.2"]
    with tls.TlsServer(issuing.issue("x", dns=["two.example"])) as server:
        status = run(["check", "--json", "--all-addresses", "--verify", ca_file, f"two.example:{server.port}"])
    fine, refused = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (fine["target"]["address"], fine["primary"]) == ("127.0.0.1", None)
    assert (refused["target"]["address"], refused["primary"]["code"]) == ("127.0.0.2", "connection-refused")
    assert status == 1


def test_the_addresses_stand_side_by_side(
    hosts: dict[str, list[str]], issuing: Any, ca_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """After the reports on each address a table says which one differs; a single address needs none."""
    from sslwhy.cli.main import run

    hosts.update({"two.example": ["127.0.0.1", "127.0.0.2"], "one.example": ["127.0.0.1"]})
    with tls.TlsServer(issuing.issue("x", dns=["two.example", "one.example"])) as server:
        options = ["check", "--all-addresses", "--verify", ca_file]
        run([*options, f"two.example:{server.port}"])
        two = capsys.readouterr().out
        run([*options, f"one.example:{server.port}"])
        one = capsys.readouterr().out
    table = f"the 2 addresses of two.example:{server.port}\n  127.0.0.1  ok\n  127.0.0.2  connection-refused\n"
    assert two.rstrip().endswith(table.rstrip())
    assert "addresses of" not in one


def test_explain_and_causes() -> None:
    """A code's page can be read, all codes are listed, a wrong code gets a hint and exit status 2."""
    page = sslwhy("explain", "certificate-expired")
    assert page.returncode == 0
    assert page.stdout.startswith("certificate-expired [server]")
    assert "What to do:" in page.stdout
    listed = sslwhy("causes")
    assert len(listed.stdout.splitlines()) == len(json.loads(sslwhy("causes", "--json").stdout)) > 70
    wrong = sslwhy("explain", "certificate-expire")
    assert wrong.returncode == 2
    assert "did you mean certificate-expired" in wrong.stderr


def test_usage_and_version() -> None:
    """No command is a usage error; the version can be asked for."""
    assert sslwhy().returncode == 2
    assert sslwhy("--version").stdout.startswith("sslwhy 0.")


def test_html_page(leaf: Any, issuing: Any, ca_file: str, tmp_path: Path) -> None:
    """``--html`` writes a page beside the output; a path that cannot be written is a sentence."""
    expired = issuing.issue("localhost", dns=["localhost"], not_after=-pki.DAY)
    page = tmp_path / "report.html"
    with tls.TlsServer(expired) as server:
        done = sslwhy("check", server.url, "--verify", ca_file, "--html", str(page))
        lost = sslwhy("check", server.url, "--verify", ca_file, "--html", str(tmp_path / "no" / "where"))
    assert done.returncode == 1
    assert "certificate-expired" in page.read_text(encoding="utf-8")
    assert lost.returncode == 2
    assert "Traceback" not in lost.stderr


def test_colour_is_the_readers_choice(leaf: Any, ca_file: str) -> None:
    """FORCE_COLOR colours, NO_COLOR does not, a pipe gets plain text, and ASCII streams get escapes."""
    with tls.TlsServer(leaf) as server:
        arguments = ("check", server.url, "--verify", ca_file)
        assert "\x1b[" in sslwhy(*arguments, FORCE_COLOR="1").stdout
        assert "\x1b[" not in sslwhy(*arguments, FORCE_COLOR="1", NO_COLOR="1").stdout
        assert "\x1b[" not in sslwhy(*arguments).stdout
        assert sslwhy(*arguments, PYTHONIOENCODING="ascii").returncode == 0


def test_demo(tmp_path: Path) -> None:
    """The demo plays a healthy call and the five faults, each before and after, and leaves nothing behind."""
    done = sslwhy("demo", REQUESTS_CA_BUNDLE="/nowhere", SSLKEYLOGFILE="", SSLWHY="off", TMPDIR=str(tmp_path))
    assert list(tmp_path.iterdir()) == []
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("-- before") == done.stdout.count("-- after") == 5
    assert "Ping() -> 'pong'" in done.stdout
    for code in (
        "hostname-mismatch",
        "certificate-expired",
        "untrusted-root",
        "self-signed-certificate",
        "protocol-version-mismatch",
    ):
        assert f"[{code}]" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("host", "https://host"),
        ("host:8443", "https://host:8443"),
        ("https://host/x?wsdl", "https://host/x?wsdl"),
        ("127.0.0.1:8443", "https://127.0.0.1:8443"),
        ("::1", "https://[::1]"),
        ("[::1]:8443", "https://[::1]:8443"),
        (" host/path ", "https://host/path"),
    ],
)
def test_what_a_person_types(typed: str, url: str) -> None:
    """Hosts, ports, addresses and URLs are all understood as https."""
    assert https_address(typed) == url
