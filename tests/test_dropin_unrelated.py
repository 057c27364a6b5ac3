"""A failure that has nothing to do with TLS passes through every drop-in as the very same object."""

from __future__ import annotations

import asyncio
import errno
import gzip
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import requests
import requests.adapters
import urllib3.exceptions
import zeep.exceptions
from support import sites
from support.tls import TlsServer

import sslwhy
from sslwhy.demo.loopback import HttpServer, Listener, Response
from sslwhy.demo.soap_service import SoapService


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support import pki


NOWHERE: Any = None  # a pool that urllib3's exceptions ask for and never look at


class Witness(requests.adapters.HTTPAdapter):
    """requests' adapter, which also keeps what it raises."""

    def __init__(self) -> None:
        super().__init__()
        self.raised: list[BaseException] = []

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        try:
            return super().send(*args, **kwargs)
        except BaseException as error:
            self.raised.append(error)
            raise


class Slow(Listener):
    """Accepts and says nothing until the other side is gone."""

    def serve(self, connection: socket.socket) -> None:
        connection.recv(65536)
        connection.recv(65536)


def silence(connection: ssl.SSLSocket) -> None:
    """Hear a request after the handshake, and say nothing until the other side is gone."""
    connection.recv(65536)
    connection.recv(65536)


class Truncated(Listener):
    """Promises more of an HTTP response than it sends."""

    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf"

    def serve(self, connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(self.head)


class Refusing(Truncated):
    """Answers a CONNECT, or anything else, with an HTTP error."""

    head = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is taken and does not listen, so every connection to it is refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def caught_by(call: Callable[[], Any]) -> BaseException:
    """What a call raises."""
    with pytest.raises(BaseException) as caught:
        call()
    return caught.value


def untouched(error: BaseException) -> bool:
    """Whether nothing of ours is on the exception."""
    return not isinstance(error, sslwhy.DiagnosedError) and not hasattr(error, "report") and error.__cause__ is None


def test_refused_plain_connection(closed_port: int) -> None:
    """A refused connection to an http address is requests' own exception, at once."""
    session, witness = sslwhy.Session(), Witness()
    session.mount("http://", witness)
    began = time.monotonic()
    error = caught_by(lambda: session.get(f"http://127.0.0.1:{closed_port}/"))
    assert time.monotonic() - began < 1
    assert type(error) is requests.ConnectionError
    assert error is witness.raised[0]
    assert untouched(error)


@pytest.mark.parametrize("server", [Slow, Truncated])
def test_trouble_on_a_plain_connection(server: type[Listener]) -> None:
    """A late or broken answer over plain http is the very exception that requests raised."""
    session, witness = sslwhy.Session(), Witness()
    session.mount("http://", witness)
    with server() as running, session:
        error = caught_by(lambda: session.get(running.url, timeout=0.3))
    expected = {Slow: requests.ReadTimeout, Truncated: requests.exceptions.ChunkedEncodingError}[server]
    assert type(error) is expected
    assert untouched(error)
    assert witness.raised in ([], [error])


def test_slow_answer_over_tls(leaf: pki.Identity, ca_file: str) -> None:
    """A server that shook hands and then says nothing is slow, not a TLS failure."""
    session, witness = sslwhy.Session(), Witness()
    session.mount("https://", witness)
    with TlsServer(leaf, talk=silence) as server, session:
        error = caught_by(lambda: session.get(server.url, verify=ca_file, timeout=(5, 0.3)))
    assert type(error) is requests.ReadTimeout
    assert error is witness.raised[0]
    assert untouched(error)


@pytest.mark.parametrize(
    ("status", "title", "text"), [(404, "Not Found", ""), (500, "Error", "out of memory"), (503, "Busy", "try later")]
)
def test_http_error_while_the_wsdl_loads(leaf: pki.Identity, ca_file: str, status: int, title: str, text: str) -> None:
    """An HTTP error for the WSDL is requests' HTTPError with its response."""
    site = sites.always(sites.page(status, title, text))
    with TlsServer(leaf, site) as server, requests.Session() as session:
        session.verify = ca_file
        transport = sslwhy.Transport(session=session)
        error = caught_by(lambda: sslwhy.Client(f"{server.url}/service?wsdl", transport=transport))
    assert type(error) is requests.HTTPError
    assert error.response.status_code == status
    assert untouched(error)


def test_http_error_of_an_asynchronous_client(leaf: pki.Identity, ca_file: str) -> None:
    """An HTTP error for the WSDL over httpx is zeep's TransportError."""
    context = ssl.create_default_context(cafile=ca_file)
    site = sites.always(sites.page(404, "Not Found"))
    with TlsServer(leaf, site) as server, httpx.Client(verify=context) as loader:
        transport = sslwhy.AsyncTransport(wsdl_client=loader)
        error = caught_by(lambda: sslwhy.AsyncClient(f"{server.url}/service?wsdl", transport=transport))
        asyncio.run(transport.client.aclose())
    assert type(error) is zeep.exceptions.TransportError
    assert untouched(error)


def test_what_zeep_itself_says(leaf: pki.Identity, ca_file: str) -> None:
    """A missing argument and a business Fault are zeep's own exceptions, and an unknown operation an AttributeError."""
    with TlsServer(leaf, SoapService()) as server, requests.Session() as session:
        session.verify = ca_file
        client = sslwhy.Client(f"{server.url}/service?wsdl", transport=sslwhy.Transport(session=session))
        errors = [caught_by(client.service.GetQuote), caught_by(lambda: client.service.GetQuote("NONE"))]
        errors += [caught_by(lambda: client.service["Nothing"]), caught_by(lambda: client.service.Ping("too", "many"))]
    assert [type(error) for error in errors] == [
        zeep.exceptions.ValidationError,
        zeep.exceptions.Fault,
        AttributeError,
        TypeError,
    ]
    assert not [error for error in errors if isinstance(error, sslwhy.DiagnosedError) or hasattr(error, "report")]


@pytest.mark.parametrize(
    "text",
    [
        "order 4711: the customer's certificate of origin has expired",
        "SSL-2040 bearings are out of stock",
        "no handshake agreed with the union",
    ],
)
def test_business_text_that_sounds_like_tls(leaf: pki.Identity, ca_file: str, text: str) -> None:
    """A Fault whose business text has a word of TLS in it is left alone."""
    with TlsServer(leaf, sites.faulty(text)) as server, requests.Session() as session:
        session.verify = ca_file
        client = sslwhy.Client(f"{server.url}/service?wsdl", transport=sslwhy.Transport(session=session))
        error = caught_by(client.service.Ping)
    assert type(error) is zeep.exceptions.Fault
    assert error.message == text
    assert untouched(error)


@pytest.mark.parametrize(
    "own", [KeyboardInterrupt(), SystemExit(3), ValueError("mine"), TypeError("mine"), OSError("mine"), TimeoutError()]
)
def test_what_a_callers_own_code_raises(own: BaseException, leaf: pki.Identity, ca_file: str) -> None:
    """An exception of a caller's hook, auth or adapter reaches the caller as the same object, whatever its class."""

    def burst(*_: Any, **__: Any) -> Any:
        raise own

    with TlsServer(leaf, SoapService()) as server, sslwhy.Session() as session:
        session.verify = ca_file
        assert caught_by(lambda: session.get(server.url, hooks={"response": burst})) is own
        assert caught_by(lambda: session.get(server.url, auth=burst)) is own
        client = sslwhy.Client(f"{server.url}/service?wsdl", transport=sslwhy.Transport(session=session))
        session.hooks["response"].append(burst)
        assert caught_by(client.service.Ping) is own
    assert own.__cause__ is None


@pytest.mark.parametrize(
    "own",
    [
        requests.ConnectionError("no"),
        requests.ConnectionError(
            urllib3.exceptions.MaxRetryError(NOWHERE, "/", urllib3.exceptions.HTTPError("refused"))
        ),
        requests.ConnectionError(ConnectionResetError(errno.ECONNRESET, "reset")),
        requests.ConnectTimeout("late"),
        requests.ReadTimeout("late"),
        TimeoutError("late"),
    ],
    ids=repr,
)
def test_what_a_stand_in_adapter_raises(own: Exception) -> None:
    """An adapter that never reaches for a socket, as test doubles are, does not set off a diagnosis over https."""

    class StandIn(requests.adapters.BaseAdapter):
        def send(
            self,
            request: Any,
            stream: bool = False,
            timeout: Any = None,
            verify: Any = True,
            cert: Any = None,
            proxies: Any = None,
        ) -> requests.Response:
            raise own

        def close(self) -> None:
            pass

    with HttpServer(sites.always(Response(200))) as server, sslwhy.Session() as session:
        session.mount("https://", StandIn())
        assert caught_by(lambda: session.get(f"https://localhost:{server.port}/")) is own
        assert server.connections == 0
    assert own.__cause__ is None


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://", requests.exceptions.InvalidURL),
        ("no-scheme", requests.exceptions.MissingSchema),
        ("gopher://localhost/", requests.exceptions.InvalidSchema),
        ("http://*.example/", requests.exceptions.InvalidURL),
        ("http://[::1/", requests.exceptions.InvalidURL),
        ("http://localhost:99999/", requests.exceptions.InvalidURL),
    ],
)
def test_addresses_that_cannot_be(url: str, kind: type[Exception]) -> None:
    """An address that is none gives requests' own exception."""
    with sslwhy.Session() as session:
        error = caught_by(lambda: session.get(url))
    assert type(error) is kind
    assert untouched(error)


def test_a_proxy_address_that_cannot_be() -> None:
    """A proxy without a host gives requests' own exception."""
    with sslwhy.Session() as session:
        error = caught_by(lambda: session.get("http://localhost/", proxies={"http": "http:///nowhere"}))
    assert type(error) is requests.exceptions.InvalidProxyURL
    assert untouched(error)


def test_redirects_without_end_and_bodies_without_sense(leaf: pki.Identity, ca_file: str) -> None:
    """Too many redirects, a body that is not what its header says, and JSON that is none are requests' own."""
    site = sites.Site()
    site.pages["/round"] = sites.redirect("/round")
    site.pages["/odd"] = Response(200, b"not gzip", headers={"Content-Encoding": "gzip"})
    site.pages["/zip"] = Response(200, gzip.compress(b"{no json"), headers={"Content-Encoding": "gzip"})
    with TlsServer(leaf, site) as server, sslwhy.Session() as session:
        session.verify = ca_file
        errors = [caught_by(lambda: session.get(f"{server.url}/{path}")) for path in ("round", "odd")]  # noqa: B023
        errors.append(caught_by(session.get(f"{server.url}/zip").json))
    assert [type(error) for error in errors] == [
        requests.TooManyRedirects,
        requests.exceptions.ContentDecodingError,
        requests.exceptions.JSONDecodeError,
    ]
    assert all(not isinstance(error, sslwhy.DiagnosedError) for error in errors)


def test_httpx_failures(closed_port: int) -> None:
    """Over httpx, sync and async, a refused or slow plain connection is httpx's own exception."""

    async def call(url: str) -> None:
        async with httpx.AsyncClient(transport=sslwhy.AsyncHTTPTransport()) as client:
            await client.get(url, timeout=0.3)

    with Slow() as slow, httpx.Client(transport=sslwhy.HTTPTransport(), timeout=0.3) as client:
        refused = f"http://127.0.0.1:{closed_port}/"
        errors = [caught_by(lambda: client.get(refused)), caught_by(lambda: client.get(slow.url))]
        errors += [caught_by(lambda: asyncio.run(call(refused))), caught_by(lambda: asyncio.run(call(slow.url)))]
    assert [type(error) for error in errors] == [httpx.ConnectError, httpx.ReadTimeout] * 2
    assert not [error for error in errors if isinstance(error, sslwhy.DiagnosedError)]
    assert all(error.request.url.scheme == "http" for error in errors if isinstance(error, httpx.RequestError))


def test_cancellation_passes(leaf: pki.Identity, ca_file: str) -> None:
    """A task that is cancelled while it waits for an answer ends cancelled, at once."""

    async def call() -> float:
        async with httpx.AsyncClient(transport=sslwhy.AsyncHTTPTransport(verify=context)) as client:
            task = asyncio.create_task(client.get(server.url))
            await asyncio.sleep(0.3)
            began = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return time.monotonic() - began

    context = ssl.create_default_context(cafile=ca_file)
    with TlsServer(leaf, talk=silence) as server:
        assert asyncio.run(call()) < 1


def test_missing_files_of_the_callers_own() -> None:
    """A WSDL path that is not there is the FileNotFoundError of open()."""
    error = caught_by(lambda: sslwhy.Client("/nowhere/service.wsdl"))
    assert type(error) is FileNotFoundError
    assert untouched(error)


def test_a_plain_server_is_reached_as_ever() -> None:
    """Plain http works through all three, and a 503 is an answer, not a failure."""
    with HttpServer(sites.always(Response(200, b"plain"))) as server, Refusing() as busy, sslwhy.Session() as session:
        assert session.get(server.url).text == "plain"
        assert session.get(busy.url).status_code == 503
        with httpx.Client(transport=sslwhy.HTTPTransport()) as client:
            assert client.get(server.url).text == "plain"
