"""Bad input: a clear error of the class that callers know, however it is called; never a traceback of ours."""

from __future__ import annotations

import gc
import socket
import warnings
from typing import TYPE_CHECKING, Any

import pytest
import requests
import zeep
from support import pki, raw, tls

import sslwhy
from sslwhy.cli.main import run


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sslwhy.demo.pki import Identity


def by_session(url: str, verify: Any, *, plain: bool) -> None:
    """A GET with requests' session or with ours."""
    with requests.Session() if plain else sslwhy.Session() as session:
        session.get(url, verify=verify, timeout=1)


def by_client(url: str, verify: Any, *, plain: bool) -> None:
    """A WSDL loaded by zeep's client or by ours."""
    library: Any = zeep if plain else sslwhy
    with requests.Session() as session:
        session.verify = verify
        library.Client(url, transport=library.Transport(session=session, timeout=1))


BOTH = pytest.mark.parametrize("call", [by_session, by_client])


def explained(call: Callable[..., None], url: str, verify: Any = True) -> Any:
    """The report of our error, which is the error that is raised without sslwhy, on one line, with the report."""
    with pytest.raises(Exception) as plain:
        call(url, verify, plain=True)
    with pytest.raises(sslwhy.DiagnosedError) as ours:
        call(url, verify, plain=False)
    assert isinstance(ours.value, requests.RequestException) == isinstance(plain.value, requests.RequestException)
    assert isinstance(ours.value, OSError)
    original = ours.value.__cause__
    assert type(ours.value).__mro__[2] is type(original)
    line = str(ours.value)
    assert line.isprintable()
    assert line.endswith(f"[{ours.value.report.code}]")
    assert " ".join(str(original).split())[:40] in line
    return ours.value.report


def checked(capsys: pytest.CaptureFixture[str], code: str, *arguments: str) -> None:
    """``sslwhy check`` names the cause on standard output and says nothing else."""
    assert run(["check", "--timeout", "1", *arguments]) == 1
    said = capsys.readouterr()
    assert said.out.startswith(f"error[{code}]: ")
    assert said.err == ""


SERVERS = {
    "closes at once": (raw.close_at_once, "handshake-closed"),
    "closes after the ClientHello": (raw.close_after_hello, "handshake-closed"),
    "resets after the ClientHello": (raw.reset_after_hello, "connection-reset"),
    "sends zeros": (raw.say(b"\0" * 999), "not-tls"),
    "sends garbage": (raw.say(b"\xff\xfe\x01garbage" * 50), "not-tls"),
    "sends half a ServerHello": (raw.say(b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03"), "handshake-closed"),
    "speaks HTTP": (raw.say(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "not-tls"),
    "says nothing": (raw.silent, "handshake-timeout"),
}


@pytest.mark.parametrize("server", SERVERS)
class TestServers:
    """Servers that do not answer a ClientHello as TLS servers do."""

    @BOTH
    def test_calls(self, server: str, call: Callable[..., None]) -> None:
        """The cause is named, in the exception that requests raises."""
        behaviour, code = SERVERS[server]
        with raw.RawServer(behaviour) as listener:
            assert explained(call, f"https://localhost:{listener.port}/service?wsdl").code == code

    def test_check(self, server: str, capsys: pytest.CaptureFixture[str]) -> None:
        """The command names the same cause."""
        behaviour, code = SERVERS[server]
        with raw.RawServer(behaviour) as listener:
            checked(capsys, code, f"localhost:{listener.port}")


def test_a_reset_before_the_handshake_is_not_said_to_come_after_it() -> None:
    """Where ``ssl`` meets the reset before it begins the handshake, the report says nothing of a handshake that was."""
    with raw.RawServer(raw.reset_at_once) as listener, warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # ssl itself forgets to close this socket
        report = explained(by_session, f"https://localhost:{listener.port}/")
        gc.collect()
    assert "after the handshake" not in report.primary.headline


@BOTH
def test_nobody_listens(call: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    """A refused connection is called one."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    assert explained(call, f"https://localhost:{port}/service?wsdl").code == "connection-refused"
    checked(capsys, "connection-refused", f"localhost:{port}")


@BOTH
@pytest.mark.parametrize("host", ["nowhere.example", "127.0.0.999", "xn--a"])
def test_a_name_that_does_not_resolve(call: Callable[..., None], host: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A host that cannot be found is called one, also where every address of it was to be checked."""
    assert explained(call, f"https://{host}/service?wsdl").code == "name-resolution-failed"
    checked(capsys, "name-resolution-failed", host)
    checked(capsys, "name-resolution-failed", "--all-addresses", host)


JUNK = [
    "https://",
    "https:///x",
    "https://[::1",
    "https://a b/",
    "https://localhost:99999/",
    "https://localhost:port/",
    f"https://{'x' * 300}/",
    "https://\u2603.example/",
    "https://.x/",
    "https://a..b/",
    "https://%zz/",
    "https://\0/",
    "",
    "ftp://localhost/",
]


@pytest.mark.parametrize("url", JUNK)
class TestJunk:
    """URLs that lead nowhere: nothing of TLS went wrong, so there is nothing to explain."""

    @BOTH
    def test_calls(self, url: str, call: Callable[..., None]) -> None:
        """The error is the very one that comes without sslwhy."""
        with pytest.raises(Exception) as plain:
            call(url, True, plain=True)
        with pytest.raises(Exception) as ours:
            call(url, True, plain=False)
        assert type(ours.value) is type(plain.value)
        assert str(ours.value) == str(plain.value)

    def test_check(self, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """It is a ValueError of ``check()``, and a usage error of the commands."""
        with pytest.raises(ValueError, match="address"):
            sslwhy.check(url)
        assert run(["check", url]) == run(["trust", url, "--out", str(tmp_path / "bundle.pem")]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert [line.startswith("sslwhy: ") for line in said.err.splitlines()] == [True, True]


def bundles(folder: Path, leaf: Identity, root: pki.Authority) -> dict[str, tuple[str, str]]:
    """By kind of damage: a path, and the cause that is to be named."""
    pem = root.pem.encode()
    contents = {
        "empty": b"",
        "DER": root.der,
        "garbage": bytes(range(256)) * 3,
        "corrupt": pem.replace(b"MII", b"M*I"),
        "truncated": pem[:200],
        "text": b"hello\n",
        "key": leaf.key_pem.encode(),
        "half corrupt": pem + b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
        "UTF-16": root.pem.encode("utf-16"),
    }
    found = {"missing": (str(folder / "missing.pem"), "ca-bundle-not-found")}
    for kind, content in contents.items():
        path = folder / f"{kind}.pem"
        path.write_bytes(content)
        found[kind] = (str(path), "ca-bundle-unreadable")
    (folder / "plain").mkdir()
    (folder / "plain" / "root.pem").write_bytes(pem)
    (folder / "nothing").mkdir()
    return {
        **found,
        "directory without hashes": (str(folder / "plain"), "ca-directory-not-hashed"),
        "empty directory": (str(folder / "nothing"), "trust-store-empty"),
    }


KINDS = ("missing", "empty", "DER", "garbage", "corrupt", "truncated", "text", "key", "half corrupt", "UTF-16")


@pytest.mark.parametrize("kind", [*KINDS, "directory without hashes", "empty directory"])
def test_bundles(
    kind: str, tmp_path: Path, root: pki.Authority, leaf: Identity, capsys: pytest.CaptureFixture[str]
) -> None:
    """A CA bundle that is missing or spoilt is named, whoever was told to use it."""
    path, code = bundles(tmp_path, leaf, root)[kind]
    with tls.TlsServer(leaf) as server:
        for call in (by_session, by_client):
            report = explained(call, f"{server.url}/service?wsdl", path)
            assert report.code == code
            assert path in str(report).replace("\n            ", "")
        checked(capsys, code, server.url, "--verify", path)
        assert server.application_bytes == 0


@pytest.mark.parametrize("path", ["\0x", "x" * 5000])
@BOTH
def test_paths_that_no_system_takes(path: str, call: Callable[..., None], leaf: Identity) -> None:
    """Where even the diagnosis stumbles over a path, the original error comes, and ``check()`` reports it."""
    with tls.TlsServer(leaf) as server:
        with pytest.raises(OSError) as caught:
            call(server.url, path, plain=False)
        for given in ({"verify": path}, {"cert": path}):
            report = sslwhy.check(server.url, **given)  # type: ignore[arg-type]
            assert report.primary is not None
            assert report.target.port == server.port
    assert "Could not find a suitable TLS CA certificate bundle" in str(caught.value)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), 1e300])
def test_timeouts(timeout: float) -> None:
    """A timeout that is none is the caller's mistake, not the server's fault."""
    with pytest.raises(ValueError, match="timeout"):
        sslwhy.check("localhost:1", timeout=timeout)


@pytest.mark.parametrize("proxy", ["junk://localhost", "http://["])
def test_proxies(proxy: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A proxy that is no URL is the caller's mistake as well."""
    with pytest.raises(ValueError, match="cannot be checked"):
        sslwhy.check("localhost:1", proxies={"https": proxy})
    assert run(["check", "localhost:1", "--proxy", proxy]) == 2
    assert capsys.readouterr().err.startswith("sslwhy: ")


@pytest.mark.parametrize(
    "options",
    [
        ("--timeout", "0"), ("--timeout=-1",), ("--timeout", "nan"), ("--timeout", "1e300"), ("--timeout", "soon"),
        ("--deadline", "0"),
        ("--verify", ""), ("--cert", ""), ("--key", "key.pem"), ("--html", ""),
    ],
)  # fmt: skip
def test_options(options: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """An option without a usable value is a usage error with a sentence; it is never passed over."""
    try:
        status = run(["check", "localhost:1", *options])
    except SystemExit as left:
        status = int(left.code or 0)
    assert status == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[-1].startswith("sslwhy")
