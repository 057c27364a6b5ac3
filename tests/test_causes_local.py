"""Faults of this machine and this process: real calls that fail before the server has any say."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.asking import WAYS, failed, failed_with, primary
from support.tls import TlsServer
from urllib3.util.ssl_ import create_urllib3_context

import sslwhy


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sslwhy.demo.pki import Identity


@pytest.fixture
def server(leaf: Identity) -> Iterator[TlsServer]:
    """A healthy server."""
    with TlsServer(leaf) as running:
        yield running


# tls-library-misconfigured


@pytest.mark.scenario("tls-library-misconfigured")
def test_versions_that_leave_none(server: TlsServer, ca_file: str) -> None:
    """A context whose versions exclude each other fails before a byte is sent."""
    context = create_urllib3_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    report = failed_with(context, server.url, verify=ca_file)
    assert primary(report) == "tls-library-misconfigured confirmed local"
    assert report.connections == 0


def test_ciphers_that_the_version_does_not_have(server: TlsServer, ca_file: str) -> None:
    """A context of TLS 1.2 whose suites are all too weak for its security level has nothing to offer."""
    context = create_urllib3_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA:@SECLEVEL=5")
    report = failed_with(context, server.url, verify=ca_file)
    assert primary(report) == "tls-library-misconfigured confirmed local"


def test_a_policy_file_that_leaves_nothing(server: TlsServer, ca_file: str, tmp_path: Path) -> None:
    """What openssl.cnf limits is quoted from the file that is in force."""
    policy = tmp_path / "openssl.cnf"
    policy.write_text(
        "openssl_conf = top\n[top]\nssl_conf = modules\n[modules]\nsystem_default = defaults\n"
        "[defaults]\nMaxProtocol = TLSv1.2\nCipherString = AES128-SHA:@SECLEVEL=5\n"
    )
    program = (
        "import sslwhy\n"
        f"session = sslwhy.Session(); session.verify = {ca_file!r}\n"
        "from urllib3.util.ssl_ import create_urllib3_context\n"
        "import ssl\n"
        "context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)\n"
        "class Bare(sslwhy.HTTPAdapter):\n"
        "    def init_poolmanager(self, *args, **kwargs):\n"
        "        context.set_ciphers('AES128-SHA:@SECLEVEL=5')\n"
        "        super().init_poolmanager(*args, ssl_context=context, **kwargs)\n"
        "session.mount('https://', Bare())\n"
        f"try:\n    session.get({server.url!r}, timeout=5)\n"
        "except sslwhy.DiagnosedError as error:\n    print(error.code, error.report.primary.actual)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "OPENSSL_CONF": str(policy)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.startswith("tls-library-misconfigured"), done.stdout + done.stderr
    assert "MaxProtocol = TLSv1.2" in done.stdout
    assert str(policy) in done.stdout


# key-log-file-unusable


@pytest.mark.scenario("key-log-file-unusable")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("place", "said"), [("gone/keys.log", "does not exist"), (".", "is a directory")])
def test_a_key_log_that_cannot_be_written(
    way: str,
    place: str,
    said: str,
    server: TlsServer,
    ca_file: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The variable and the path are named; requests itself shows neither."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / place))
    report = failed(server.url, way, verify=ca_file)
    assert primary(report) == "key-log-file-unusable confirmed local"
    assert report.primary
    assert said in report.primary.actual
    assert str(tmp_path) in report.primary.headline
    assert report.primary.remedies[0].command == "unset SSLKEYLOGFILE"


def test_a_good_key_log_is_not_accused(ca_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing certificate file beside a key log that works is the certificate's fault."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    report = failed("https://localhost:1/", verify=ca_file, cert=str(tmp_path / "gone.pem"))
    assert [each.code for each in report.findings] == ["client-certificate-not-found"]
    assert not (tmp_path / "keys.log").exists()


# session-shared-across-processes

_FORKED = """
import os, sys, warnings
warnings.simplefilter("ignore")
import sslwhy
session = sslwhy.Session()
session.verify = {ca_file!r}
url = {url!r}
session.get(url, timeout=5)
if os.fork() == 0:
    session.get(url, timeout=5)
    os._exit(0)
os.wait()
# The server has advanced its record numbers with the child's request: the parent's records no longer fit.
if os.fork() == 0:
    try:
        session.get(url, timeout=5)
    except sslwhy.DiagnosedError as error:
        print(error.code, error.report.connections, flush=True)
    except BaseException as error:
        print(repr(error), flush=True)
    os._exit(0)
os.wait()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.scenario("session-shared-across-processes")
def test_a_session_that_a_child_has_used(server: TlsServer, ca_file: str) -> None:
    """Parent and child write into one connection; the one that meets the damage says who shared it."""
    program = _FORKED.format(ca_file=ca_file, url=server.url)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert "session-shared-across-processes 0" in done.stdout, done.stdout + done.stderr


# ssl-patched-twice


@pytest.mark.scenario("ssl-patched-twice")
@pytest.mark.parametrize("way", WAYS)
def test_an_ssl_module_that_was_patched_late(
    way: str, server: TlsServer, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What gevent does when it comes too late: the RecursionError is explained."""
    monkeypatch.setattr(ssl, "SSLContext", type("SSLContext", (ssl.SSLContext,), {}))
    report = failed(server.url, way, verify=ca_file)
    assert primary(report) == "ssl-patched-twice confirmed client"
    assert report.primary
    assert "patch_all" in str(report.primary.remedies[0].snippet)


def test_a_recursion_of_the_programs_own_is_left_alone() -> None:
    """A RecursionError that does not come from ssl is no matter of TLS."""

    def endless(depth: int) -> int:
        return endless(depth + 1)

    with pytest.raises(RecursionError) as caught, sslwhy.diagnosing():
        endless(0)
    assert not isinstance(caught.value, sslwhy.DiagnosedError)
