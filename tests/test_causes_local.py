"""Faults of this machine and this process: real calls that fail before the server has any say."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support import raw
from support.asking import WAYS, failed, failed_with, primary
from support.tls import TlsServer
from support.trip import python
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


@pytest.mark.scenario("tls-library-misconfigured")
@pytest.mark.parametrize("way", WAYS)
def test_a_policy_file_that_leaves_nothing(way: str, server: TlsServer, ca_file: str, tmp_path: Path) -> None:
    """What openssl.cnf limits is quoted from the file that is in force: urllib3 wants TLS 1.2, the file forbids it."""
    policy = tmp_path / "openssl.cnf"
    policy.write_text(
        "openssl_conf = top\n[top]\nssl_conf = modules\n[modules]\nsystem_default = defaults\n"
        "[defaults]\nMaxProtocol = TLSv1.1\n"
    )
    elsewhere(
        f"report = failed({server.url!r}, {way!r}, verify={ca_file!r})",
        "assert primary(report) == 'tls-library-misconfigured confirmed local', report",
        f"assert '{policy}: MaxProtocol = TLSv1.1' in report.primary.actual, report",
        OPENSSL_CONF=str(policy),
    )


def elsewhere(*program: str, **environment: str) -> None:
    """Run a program in an interpreter of its own, with `failed` and `primary` at hand; it must succeed."""
    paths = os.pathsep.join(path for path in sys.path if path)
    python("\n".join(["from support.asking import failed, primary", *program]), PYTHONPATH=paths, **environment)


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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_the_turn_of_the_process_that_opened_the_session(server: TlsServer, ca_file: str) -> None:
    """The opener meets the damage, too, and cannot know of the fork: no more than possible, with what else it is."""
    program = _FORKED.format(ca_file=ca_file, url=server.url)
    opener = program[: program.rindex("if os.fork() == 0:")] + _OPENER.format(url=server.url)
    done = subprocess.run([sys.executable, "-c", opener], capture_output=True, text=True, timeout=60, check=False)
    assert "session-shared-across-processes possible 2" in done.stdout, done.stdout + done.stderr


_OPENER = """
try:
    session.get({url!r}, timeout=5)
except sslwhy.DiagnosedError as error:
    print(error.code, error.report.primary.confidence, len(error.report.primary.alternatives), flush=True)
except BaseException as error:
    print(repr(error), flush=True)
"""


# ssl-patched-twice


PATCHED = ("import warnings", "warnings.simplefilter('ignore')", "from gevent import monkey", "monkey.patch_all()")


@pytest.mark.scenario("ssl-patched-twice")
@pytest.mark.parametrize("way", WAYS)
def test_an_ssl_module_that_gevent_patched_late(way: str, server: TlsServer, ca_file: str) -> None:
    """gevent comes after urllib3, and every https call ends in a RecursionError: that is explained."""
    elsewhere(
        *PATCHED,
        f"report = failed({server.url!r}, {way!r}, verify={ca_file!r})",
        "assert primary(report) == 'ssl-patched-twice confirmed client', report",
        "assert report.primary.remedies[0].snippet.startswith('from gevent import monkey'), report",
    )


def test_an_ssl_module_that_gevent_patched_first(leaf: Identity, server: TlsServer, ca_file: str) -> None:
    """In time, gevent does no harm: greenlets are answered or diagnosed side by side, while others go on."""
    with TlsServer(leaf, versions=("1.0", "1.0")) as old, raw.RawServer(raw.silent) as silent:
        urls = [server.url, old.url, silent.url] * 2
        python(
            "\n".join([*PATCHED, _GREENLETS.format(urls=urls, ca_file=ca_file)]),
            SSLWHY_DEADLINE="5",
        )


_GREENLETS = """
import gevent, sslwhy, sslwhy.diagnosis, cryptography.x509
def call(url):
    with sslwhy.Session() as session:
        try:
            return session.get(url, verify={ca_file!r}, timeout=1).status_code
        except sslwhy.DiagnosedError as error:
            return error.code
calls = [gevent.spawn(call, url) for url in {urls!r}]
turns = 0
while not all(each.dead for each in calls):
    gevent.sleep(0.02)
    turns += 1
expected = [200, "protocol-version-mismatch", "handshake-timeout"] * 2
assert [each.value for each in calls] == expected, calls
assert turns > 25, turns
"""


def test_a_program_that_patches_is_run(leaf: Identity, ca_file: str, tmp_path: Path) -> None:
    """`sslwhy run` imports nothing that gevent would have had to patch: the program's failure is that of its server."""
    call = "import sys, requests\nrequests.get(sys.argv[1], verify=sys.argv[2], timeout=5)\n"
    (tmp_path / "program.py").write_text("\n".join([*PATCHED, call]))
    with TlsServer(leaf, versions=("1.0", "1.0")) as old:
        done = subprocess.run(
            [sys.executable, "-m", "sslwhy", "run", str(tmp_path / "program.py"), old.url, ca_file],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert "RecursionError" not in done.stderr
    assert "[protocol-version-mismatch]" in done.stderr, done.stderr


def test_a_recursion_of_the_programs_own_is_left_alone() -> None:
    """A RecursionError that does not come from ssl is no matter of TLS."""

    def endless(depth: int) -> int:
        return endless(depth + 1)

    with pytest.raises(RecursionError) as caught, sslwhy.diagnosing():
        endless(0)
    assert not isinstance(caught.value, sslwhy.DiagnosedError)
