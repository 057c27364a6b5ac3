"""Every class that TLS trouble comes as, on real failures: in as the library raises it, out as the same class."""

from __future__ import annotations

import socket
import ssl
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import requests
import urllib3
from support import pki, raw, tls
from support.edges import assert_enriched, raised_by
from support.relays import Proxy

from sslwhy import DiagnosedError, diagnosing
from sslwhy.demo.loopback import HttpServer, Response


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sslwhy.demo.pki import Identity

PATIENCE = 0.6
REFUSED = "https://localhost:1/"  # port 1 is never listened on


@pytest.fixture
def context(ca_file: str) -> ssl.SSLContext:
    """A client context that trusts the test root."""
    return ssl.create_default_context(cafile=ca_file)


@pytest.fixture
def expired(issuing: Any) -> Iterator[tls.TlsServer]:
    """A server whose certificate has expired."""
    with tls.TlsServer(issuing.issue("x", dns=["localhost"], not_after=-3 * pki.DAY)) as server:
        yield server


@pytest.fixture
def demanding(leaf: Identity, client_identity: Any, root: Any) -> Iterator[tls.TlsServer]:
    """A TLS 1.3 server that wants a client certificate, and says so only after the handshake."""
    with tls.TlsServer(leaf, clients=[root], versions=("1.3", "1.3")) as server:
        yield server


@pytest.fixture
def slow(leaf: Identity) -> Iterator[tls.TlsServer]:
    """A server that completes the handshake, reads the request and then takes its time."""

    def dawdle(connection: ssl.SSLSocket) -> None:
        connection.recv(65536)
        time.sleep(2 * PATIENCE)

    with tls.TlsServer(leaf, talk=dawdle) as server:
        yield server


class Requests:
    """How requests is called, and what it raises."""

    verify, reset, silent, closed = (
        requests.exceptions.SSLError,
        requests.exceptions.ConnectionError,
        requests.exceptions.ReadTimeout,
        requests.exceptions.SSLError,
    )
    refused, late = requests.exceptions.ConnectionError, requests.exceptions.ReadTimeout

    def __init__(self, context: ssl.SSLContext, ca_file: str) -> None:
        self.ca_file = ca_file

    def __call__(self, url: str) -> None:
        requests.get(url, verify=self.ca_file, timeout=PATIENCE)


class Urllib3:
    """Likewise for urllib3, without its retries."""

    verify, reset, silent, closed = (
        urllib3.exceptions.SSLError,
        urllib3.exceptions.ProtocolError,
        urllib3.exceptions.ReadTimeoutError,
        urllib3.exceptions.SSLError,
    )
    refused, late = urllib3.exceptions.NewConnectionError, urllib3.exceptions.ReadTimeoutError

    def __init__(self, context: ssl.SSLContext, ca_file: str) -> None:
        self.ca_file = ca_file

    def __call__(self, url: str) -> None:
        with urllib3.PoolManager(ca_certs=self.ca_file, retries=False, timeout=PATIENCE) as pool:
            pool.request("GET", url)


class Httpx:
    """Likewise for httpx."""

    verify = reset = closed = refused = httpx.ConnectError
    silent, late = httpx.ConnectTimeout, httpx.ReadTimeout

    def __init__(self, context: ssl.SSLContext, ca_file: str) -> None:
        self.context = context

    def __call__(self, url: str) -> None:
        with httpx.Client(verify=self.context, timeout=PATIENCE) as client:
            client.get(url)


class Ssl:
    """Likewise for a socket and ``ssl``, without any library."""

    verify, reset, silent, closed = ssl.SSLCertVerificationError, ConnectionResetError, TimeoutError, ssl.SSLEOFError
    refused, late = None, TimeoutError  # nobody can tell what a refused TCP connection was for

    def __init__(self, context: ssl.SSLContext, ca_file: str) -> None:
        self.context = context

    def __call__(self, url: str) -> None:
        host, port = url.removeprefix("https://").rstrip("/").split(":")
        with (
            socket.create_connection((host, int(port)), timeout=PATIENCE) as plain,
            self.context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            secure.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            secure.recv(1)


@pytest.fixture(params=[Requests, Urllib3, Httpx, Ssl], ids=lambda kind: kind.__name__.lower())
def client(request: pytest.FixtureRequest, context: ssl.SSLContext, ca_file: str) -> Any:
    """One way after the other to speak TLS."""
    return request.param(context, ca_file)


@diagnosing()
def guarded(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call under :func:`sslwhy.diagnosing`."""
    return call(*args, **kwargs)


class TestEveryClient:
    """The same five failures by each client."""

    def test_refused_certificate(self, client: Any, expired: tls.TlsServer) -> None:
        """A certificate failure is diagnosed from the failed handshake, without a further connection."""
        error = assert_enriched(raised_by(guarded, client, expired.url), "certificate-expired", client.verify)
        assert expired.connections == 1
        assert error.report.connections == 0
        assert error.report.target.port == expired.port

    def test_reset_in_the_handshake(self, client: Any) -> None:
        """A reset that does not mention TLS is known to have come in the handshake."""
        with raw.RawServer(raw.reset_after_hello) as server:
            error = assert_enriched(raised_by(guarded, client, server.url), "connection-reset", client.reset)
        assert error.report.observed.stage == "handshake"

    def test_silence_in_the_handshake(self, client: Any) -> None:
        """A timeout that does not mention TLS is known to have come in the handshake."""
        with raw.RawServer(raw.silent) as server:
            error = assert_enriched(raised_by(guarded, client, server.url), "handshake-timeout", client.silent)
        assert error.report.observed.stage == "handshake"

    def test_closed_in_the_handshake(self, client: Any) -> None:
        """An EOF in the handshake is told apart from one after it."""
        with raw.RawServer(raw.close_after_hello) as server:
            error = assert_enriched(raised_by(guarded, client, server.url), "handshake-closed", client.closed)
        assert error.report.observed.stage == "handshake"

    def test_client_certificate_wanted_after_the_handshake(self, client: Any, demanding: tls.TlsServer) -> None:
        """In TLS 1.3 the demand comes at the first read, as an alert, an EOF or a reset: one cause all the same."""
        error = raised_by(guarded, client, demanding.url)
        assert_enriched(error, "client-certificate-required")
        assert error.report.observed.stage == "read"  # type: ignore[attr-defined]

    def test_slow_answer_passes(self, client: Any, slow: tls.TlsServer) -> None:
        """A slow answer over a connection that stands is no matter of TLS: the same object, and nothing is probed."""
        error = raised_by(guarded, client, slow.url)
        assert type(error) is client.late
        assert slow.connections == 1

    def test_nobody_there(self, client: Any) -> None:
        """A refused https connection is diagnosed as such where the client tells that it was for TLS."""
        error = raised_by(guarded, client, REFUSED)
        if client.refused is None:
            assert type(error) is ConnectionRefusedError
        else:
            assert_enriched(error, "connection-refused", client.refused)


class TestOddShapes:
    """Classes that do not look like TLS at all."""

    @pytest.mark.parametrize(
        ("settings", "code"),
        [({"verify": "ca.pem"}, "ca-bundle-not-found"), ({"cert": "client.pem"}, "client-certificate-not-found")],
    )
    def test_missing_file_in_requests(
        self, settings: dict[str, str], code: str, tmp_path: Path, expired: tls.TlsServer
    ) -> None:
        """requests raises a bare ``OSError``; it leaves as one, and the file is named."""
        ((name, file),) = settings.items()
        path = str(tmp_path / file)
        error = assert_enriched(raised_by(guarded, requests.get, expired.url, **{name: path}), code, OSError)
        assert path in str(error)
        assert expired.connections == 0

    def test_missing_file_in_httpx(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """httpx raises a bare ``FileNotFoundError`` without a path; the report has it."""
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "gone.pem"))
        error = assert_enriched(raised_by(guarded, httpx.Client), "ca-bundle-not-found", FileNotFoundError)
        assert "gone.pem" not in str(error.__cause__)
        assert "gone.pem" in str(error)

    def test_proxies(self, expired: tls.TlsServer, ca_file: str, context: ssl.SSLContext) -> None:
        """``ProxyError`` of requests and of httpx: a refused tunnel, and an https:// proxy that speaks HTTP."""
        with Proxy(status=403) as refusing, Proxy() as plain:
            settings: dict[str, Any] = {"verify": ca_file, "timeout": PATIENCE}
            error = raised_by(guarded, requests.get, expired.url, proxies={"https": refusing.url}, **settings)
            assert_enriched(error, "proxy-refused-tunnel", requests.exceptions.ProxyError)
            wrong = plain.url.replace("http:", "https:")
            error = raised_by(guarded, requests.get, expired.url, proxies={"https": wrong}, **settings)
            assert_enriched(error, "proxy-scheme-mismatch", requests.exceptions.ProxyError)
            with httpx.Client(verify=context, proxy=refusing.url) as client:
                error = raised_by(guarded, client.get, expired.url)
            assert_enriched(error, "proxy-refused-tunnel", httpx.ProxyError)

    @pytest.mark.parametrize("named", ["argument", "environment"])
    def test_proxy_that_is_not_there(
        self, named: str, expired: tls.TlsServer, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """httpx says ``ConnectError`` and no word of the proxy: the server is not blamed for the proxy's absence."""
        proxy = "http://carol:s3cret@127.0.0.1:1"
        if named == "environment":
            monkeypatch.setenv("HTTPS_PROXY", proxy)
        with httpx.Client(verify=context, proxy=proxy if named == "argument" else None) as client:
            error = raised_by(guarded, client.get, expired.url)
        report = assert_enriched(error, "proxy-unreachable", httpx.ConnectError).report
        assert report.primary.subject == "proxy"
        assert "s3cret" not in str(report)
        assert ("HTTPS_PROXY" in report.primary.actual) == (named == "environment")

    def test_plain_http_to_a_tls_port(self, expired: tls.TlsServer) -> None:
        """An http:// URL on a TLS port resets; both libraries' errors leave with what was wrong."""
        url = expired.url.replace("https:", "http:")
        error = raised_by(guarded, requests.get, url)
        assert_enriched(error, "plain-http-to-tls-port", requests.exceptions.ConnectionError)
        error = raised_by(guarded, httpx.get, url)
        assert isinstance(error, httpx.ReadError | httpx.RemoteProtocolError)
        assert_enriched(error, "plain-http-to-tls-port")

    def test_retries(self, expired: tls.TlsServer, ca_file: str) -> None:
        """urllib3's ``MaxRetryError`` holds its pool; the twin is pickled as urllib3 pickles it."""
        with urllib3.PoolManager(ca_certs=ca_file, retries=1) as pool:
            error = raised_by(guarded, pool.request, "GET", expired.url)
        assert_enriched(error, "certificate-expired", urllib3.exceptions.MaxRetryError)

    def test_standard_library(self, expired: tls.TlsServer, context: ssl.SSLContext) -> None:
        """``urllib.request`` keeps the error in ``reason``."""
        error = raised_by(guarded, urllib.request.urlopen, expired.url, context=context)
        twin = assert_enriched(error, "certificate-expired", urllib.error.URLError)
        assert isinstance(twin.reason, ssl.SSLCertVerificationError)
        assert twin.report.target.url.startswith(expired.url)


def broken_off(connection: ssl.SSLSocket) -> None:
    """Begin a chunked answer and reset the connection in the middle of it."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe")
    time.sleep(0.05)
    raw.reset(connection)


class TestOthersPass:
    """A failure that has nothing to do with TLS is the same object, at once, and nobody is asked anything."""

    def test_body_that_breaks_off(self, leaf: Identity, ca_file: str) -> None:
        """An answer that ends too early is no matter of TLS: its head had come through."""
        with tls.TlsServer(leaf, talk=broken_off) as server:
            error = raised_by(guarded, requests.get, server.url, verify=ca_file, timeout=PATIENCE)
            assert type(error) in {requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError}
            assert server.connections == 1

    @pytest.mark.parametrize("library", [requests, httpx], ids=["requests", "httpx"])
    def test_status_errors(self, library: Any) -> None:
        """404 and 500 pages that do not speak of TLS."""
        for status in (404, 500):
            with HttpServer(lambda _, status=status: Response(status, b"sorry")) as server:
                response = library.get(server.url)
                error = raised_by(guarded, response.raise_for_status)
                assert type(error) in {requests.exceptions.HTTPError, httpx.HTTPStatusError}
                assert server.connections == 1

    @pytest.mark.parametrize("library", [requests, httpx], ids=["requests", "httpx"])
    def test_plain_http(self, library: Any) -> None:
        """A plain HTTP server that is down or slow."""
        error = raised_by(guarded, library.get, "http://localhost:1/", timeout=PATIENCE)
        assert type(error) in {requests.exceptions.ConnectionError, httpx.ConnectError}
        with raw.RawServer(raw.silent) as server:
            error = raised_by(guarded, library.get, server.url.replace("https", "http"), timeout=PATIENCE)
            assert type(error) in {requests.exceptions.ReadTimeout, httpx.ReadTimeout}
            assert server.connections == 1

    def test_plain_http_that_breaks(self) -> None:
        """A plain HTTP server that resets is asked once whether it speaks TLS; it does not, and the error stays."""
        with raw.RawServer(raw.reset_at_once) as server:
            error = raised_by(guarded, requests.get, server.url.replace("https", "http"), timeout=PATIENCE)
            assert type(error) is requests.exceptions.ConnectionError
            assert server.connections <= 2

    @pytest.mark.parametrize(
        "own",
        [
            KeyboardInterrupt(),
            GeneratorExit(),
            SystemExit(3),
            KeyError("x"),
            ValueError("x"),
            TimeoutError("x"),
            ConnectionResetError(104, "x"),
            FileNotFoundError(2, "x", "settings.ini"),
            RecursionError("x"),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_the_programs_own(self, own: BaseException) -> None:
        """What the program itself raises."""

        def fail() -> None:
            raise own

        started = time.monotonic()
        assert raised_by(guarded, fail) is own
        assert time.monotonic() - started < 0.05
        assert not isinstance(own, DiagnosedError)
