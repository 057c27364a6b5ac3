"""asyncio and trio: the same capture, the diagnosis off the event loop, a cancellation at once."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import anyio
import httpx
import pytest
import trio
import zeep.exceptions
import zeep.transports
from support import pki, raw, sites, tls
from support.edges import assert_enriched, raised_by

import sslwhy
from sslwhy import DiagnosedError, Policy, diagnosing
from sslwhy.demo.soap_service import SoapService


if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from sslwhy.demo.pki import Identity

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
PATIENCE = 0.6
LIBRARIES = ["asyncio", "trio"]


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> str:
    """The event loop."""
    return str(request.param)


@pytest.fixture
def context(ca_file: str) -> ssl.SSLContext:
    """A client context that trusts the test root."""
    return ssl.create_default_context(cafile=ca_file)


@pytest.fixture
def expired(issuing: Any) -> Iterator[tls.TlsServer]:
    """A SOAP service whose certificate has expired."""
    identity = issuing.issue("x", dns=["localhost"], not_after=-3 * pki.DAY)
    with tls.TlsServer(identity, application=SoapService()) as server:
        yield server


@pytest.fixture
def healthy(leaf: Identity) -> Iterator[tls.TlsServer]:
    """A healthy SOAP service."""
    with tls.TlsServer(leaf, application=SoapService()) as server:
        yield server


def failure_in(library: str, work: Callable[..., Awaitable[Any]], *args: Any) -> BaseException:
    """Run work on an event loop and return what it raises."""
    return raised_by(anyio.run, work, *args, backend=library)


class TestAddress:
    """The node that failed is named, though a TLS object in memory has no peer."""

    def test_httpx(self, hosts: dict[str, list[str]], expired: tls.TlsServer) -> None:
        """httpx on asyncio; of several addresses it is the one that was connected to."""
        hosts["soap.partner.example"] = ["127.0.0.1", "127.0.0.2"]

        async def call() -> None:
            async with httpx.AsyncClient(transport=sslwhy.AsyncHTTPTransport()) as client:
                await client.get(f"https://soap.partner.example:{expired.port}/")

        assert_named(failure_in("asyncio", call))

    def test_streams(self, hosts: dict[str, list[str]], expired: tls.TlsServer) -> None:
        """asyncio's own streams."""
        hosts["soap.partner.example"] = ["127.0.0.1"]

        async def call() -> None:
            async with diagnosing():
                await asyncio.open_connection("soap.partner.example", expired.port, ssl=ssl.create_default_context())

        assert_named(failure_in("asyncio", call))


def assert_named(error: BaseException) -> None:
    """Assert that the address stands in the report and in the one-line form."""
    assert isinstance(error, DiagnosedError)
    assert error.report.target.address == "127.0.0.1"
    assert "(127.0.0.1) failed" in str(error)


class TestTransports:
    """httpx's transports, ours in their place."""

    def test_sync(self, expired: tls.TlsServer, context: ssl.SSLContext) -> None:
        """``HTTPTransport`` in a client that is not ours."""
        with httpx.Client(transport=sslwhy.HTTPTransport(verify=context)) as client:
            error = assert_enriched(raised_by(client.get, expired.url), "certificate-expired", httpx.ConnectError)
        assert error.report.connections == 0
        assert expired.connections == 1

    @pytest.mark.parametrize(
        ("behaviour", "kind", "code"),
        [
            (raw.reset_after_hello, httpx.ConnectError, "connection-reset"),
            (raw.close_after_hello, httpx.ConnectError, "handshake-closed"),
            (raw.silent, httpx.ConnectTimeout, "handshake-timeout"),
        ],
        ids=["reset", "closed", "silent"],
    )
    def test_ends_without_a_word(
        self, library: str, behaviour: Any, kind: Any, code: str, context: ssl.SSLContext
    ) -> None:
        """A handshake that breaks off is named, although asyncio's and trio's errors name nothing."""

        async def call(url: str) -> None:
            transport = sslwhy.AsyncHTTPTransport(verify=context)
            async with httpx.AsyncClient(transport=transport, timeout=PATIENCE) as client:
                await client.get(url)

        with raw.RawServer(behaviour) as server:
            assert_enriched(failure_in(library, call, server.url), code, kind)

    def test_certificate(self, library: str, expired: tls.TlsServer, context: ssl.SSLContext) -> None:
        """``sslobject_class`` testifies: the chain comes from the failed handshake itself."""

        async def call() -> None:
            async with httpx.AsyncClient(transport=sslwhy.AsyncHTTPTransport(verify=context)) as client:
                await client.get(expired.url)

        error = assert_enriched(failure_in(library, call), "certificate-expired", httpx.ConnectError)
        assert error.report.chain
        assert error.report.connections == 0
        assert expired.connections == 1

    def test_client_certificate_wanted(self, library: str, leaf: Identity, root: Any, context: ssl.SSLContext) -> None:
        """A TLS 1.3 demand shows at the first read."""

        async def call(url: str) -> None:
            async with httpx.AsyncClient(transport=sslwhy.AsyncHTTPTransport(verify=context)) as client:
                await client.get(url)

        with tls.TlsServer(leaf, clients=[root], versions=("1.3", "1.3")) as server:
            error = failure_in(library, call, server.url)
        assert isinstance(error, httpx.ReadError | ssl.SSLError)
        assert_enriched(error, "client-certificate-required")

    def test_slow_answer_passes(self, library: str, leaf: Identity, context: ssl.SSLContext) -> None:
        """A slow answer is the same object, and nothing is probed."""

        async def call(url: str) -> None:
            transport = sslwhy.AsyncHTTPTransport(verify=context)
            async with httpx.AsyncClient(transport=transport, timeout=PATIENCE) as client:
                await client.get(url)

        with tls.TlsServer(leaf, talk=lambda _: time.sleep(2 * PATIENCE)) as server:
            assert type(failure_in(library, call, server.url)) is httpx.ReadTimeout
            assert server.connections == 1


class TestEventLoop:
    """A diagnosis that takes its time."""

    def test_the_loop_goes_on(self, library: str, context: ssl.SSLContext) -> None:
        """A heartbeat never misses a beat while a silent peer is asked questions."""
        gaps: list[float] = []

        async def beat() -> None:
            while True:
                started = time.monotonic()
                await anyio.sleep(0.01)
                gaps.append(time.monotonic() - started)

        async def call(url: str) -> tuple[BaseException, float]:
            async with anyio.create_task_group() as group:
                group.start_soon(beat)
                try:
                    async with httpx.AsyncClient(verify=context, timeout=0.2) as client, diagnosing(Policy(deadline=3)):
                        await client.get(url)
                except httpx.ConnectTimeout as error:
                    taken = sum(gaps)
                    group.cancel_scope.cancel()
                    return error, taken
            raise AssertionError("nothing was raised")

        with raw.RawServer(raw.silent) as server:
            error, taken = anyio.run(call, server.url, backend=library)
            assert server.connections > 3
        assert isinstance(error, DiagnosedError)
        assert taken > 0.6
        assert max(gaps) < 0.6 * taken

    def test_cancellation_is_prompt(self, library: str, context: ssl.SSLContext) -> None:
        """Whoever cancels the call in the middle of its diagnosis does not wait for it."""

        async def call(url: str) -> float:
            async with httpx.AsyncClient(verify=context, timeout=0.2) as client:
                with anyio.move_on_after(0.5):
                    async with diagnosing(Policy(deadline=20)):
                        await client.get(url)
                    raise AssertionError("it was not cancelled")
            return time.monotonic()

        with raw.RawServer(raw.silent) as server:
            started = time.monotonic()
            ended = anyio.run(call, server.url, backend=library)
            assert ended - started < 0.9
            assert time.monotonic() - started < 1.5
        _wait_for_diagnoses()

    def test_deadline(self, library: str, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
        """When the deadline passes, the original goes on its way."""
        monkeypatch.setattr("sslwhy.diagnosis.collect", lambda _: time.sleep(0.5))

        async def call(url: str) -> None:
            async with httpx.AsyncClient(verify=context, timeout=0.2) as client, diagnosing(Policy(deadline=0.1)):
                await client.get(url)

        with raw.RawServer(raw.silent) as server:
            assert type(failure_in(library, call, server.url)) is httpx.ConnectTimeout
        _wait_for_diagnoses()

    def test_threads_of_the_program(self, context: ssl.SSLContext) -> None:
        """Late diagnoses hold none of the tokens that trio has for the program's own threads."""

        async def call(url: str) -> None:
            with contextlib.suppress(httpx.ConnectTimeout):
                async with httpx.AsyncClient(verify=context, timeout=0.2) as client, diagnosing(Policy(deadline=0.1)):
                    await client.get(url)

        async def work(url: str) -> float:
            async with trio.open_nursery() as nursery:
                for _ in range(3):
                    nursery.start_soon(call, url)
            return trio.to_thread.current_default_thread_limiter().borrowed_tokens

        with raw.RawServer(raw.silent) as server:
            assert trio.run(work, server.url) == 0
        _wait_for_diagnoses()

    def test_own_cancellation_passes(self, library: str) -> None:
        """A cancelled body is none of the guard's business."""

        async def call() -> str:
            with anyio.move_on_after(0.05):
                async with diagnosing():
                    await anyio.sleep(5)
            return "moved on"

        assert anyio.run(call, backend=library) == "moved on"


def _wait_for_diagnoses() -> None:
    """Wait for the threads of abandoned diagnoses, so that no other test counts their connections."""
    for thread in threading.enumerate():
        if thread.name.startswith(("sslwhy", "Trio")):
            thread.join(5)


class TestDiagnosing:
    """``diagnosing()`` around what is asynchronous."""

    def test_decorated_coroutine(self, library: str, expired: tls.TlsServer, context: ssl.SSLContext) -> None:
        """A decorated ``async`` function stays one."""

        @diagnosing()
        async def call() -> None:
            async with httpx.AsyncClient(verify=context) as client:
                await client.get(expired.url)

        assert asyncio.iscoroutinefunction(call)
        assert_enriched(failure_in(library, call), "certificate-expired", httpx.ConnectError)

    def test_decorated_async_generator(self, library: str, expired: tls.TlsServer, context: ssl.SSLContext) -> None:
        """A decorated ``async`` generator gives its items, then its failure with a report."""
        seen: list[int] = []

        @diagnosing()
        async def items() -> Any:
            yield 1
            async with httpx.AsyncClient(verify=context) as client:
                await client.get(expired.url)

        async def consume() -> None:
            async for item in items():
                seen.append(item)  # noqa: PERF401 - what came before the failure must be kept

        assert_enriched(failure_in(library, consume), "certificate-expired", httpx.ConnectError)
        assert seen == [1]

    def test_plain_with_in_a_coroutine(self, library: str, expired: tls.TlsServer, context: ssl.SSLContext) -> None:
        """A plain ``with`` works, too; it blocks the loop, as its page says."""

        async def call() -> None:
            async with httpx.AsyncClient(verify=context) as client:
                with diagnosing():
                    await client.get(expired.url)

        assert_enriched(failure_in(library, call), "certificate-expired", httpx.ConnectError)

    def test_many_at_once(self, library: str, expired: tls.TlsServer, healthy: tls.TlsServer, ca_file: str) -> None:
        """Tasks side by side each get the diagnosis of their own failure."""
        codes: list[str] = []

        async def call(url: str, context: ssl.SSLContext) -> None:
            try:
                async with httpx.AsyncClient(verify=context) as client, diagnosing():
                    await client.get(url)
            except httpx.ConnectError as error:
                codes.append(error.report.code)  # type: ignore[attr-defined]

        async def all_of_them() -> None:
            trusting, empty = ssl.create_default_context(cafile=ca_file), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            async with anyio.create_task_group() as group:
                for _ in range(4):
                    group.start_soon(call, expired.url, trusting)
                    group.start_soon(call, healthy.url, empty)
                    group.start_soon(call, healthy.url, trusting)

        anyio.run(all_of_them, backend=library)
        assert sorted(codes) == ["certificate-expired"] * 4 + ["trust-store-empty"] * 4

    @pytest.mark.parametrize(
        ("make", "kind", "code"),
        [
            ("expired", aiohttp.ClientConnectorCertificateError, "certificate-expired"),
            (raw.say(b"HTTP/1.1 400 Bad Request\r\n\r\n"), aiohttp.ClientConnectorSSLError, "not-tls"),
            (raw.reset_after_hello, aiohttp.ClientConnectorError, "connection-reset"),
            (raw.silent, aiohttp.ConnectionTimeoutError, "handshake-timeout"),
        ],
        ids=["certificate", "not-tls", "reset", "silent"],
    )
    def test_aiohttp(self, make: Any, kind: Any, code: str, expired: tls.TlsServer, context: ssl.SSLContext) -> None:
        """aiohttp's classes have constructors of their own; attributes and text stay."""

        async def call(url: str) -> None:
            timeout = aiohttp.ClientTimeout(sock_connect=PATIENCE)
            async with diagnosing(), aiohttp.ClientSession(timeout=timeout) as session, session.get(url, ssl=context):
                pass

        if make == "expired":
            error: Any = raised_by(asyncio.run, call(expired.url))
        else:
            with raw.RawServer(make) as server:
                error = raised_by(asyncio.run, call(server.url))
        assert_enriched(error, code, kind)
        if isinstance(error, aiohttp.ClientConnectorError):
            assert (error.host, error.port) == ("localhost", error.__cause__.port)  # type: ignore[union-attr]

    def test_streams(self, expired: tls.TlsServer, context: ssl.SSLContext) -> None:
        """asyncio's own streams, without any library."""

        async def call() -> None:
            async with diagnosing():
                await asyncio.open_connection("localhost", expired.port, ssl=context)

        error = assert_enriched(raised_by(asyncio.run, call()), "certificate-expired", ssl.SSLCertVerificationError)
        assert error.report.target.authority == f"localhost:{expired.port}"


class TestZeep:
    """zeep's ``AsyncClient``: one httpx client loads the WSDL, another calls."""

    def test_operation(self, library: str, leaf: Identity, expired: tls.TlsServer, ca_file: str) -> None:
        """The operation's client is covered; the operation is named."""

        async def call(url: str) -> None:
            context = ssl.create_default_context(cafile=ca_file)
            with httpx.Client(verify=context) as loading:
                async with httpx.AsyncClient(verify=context) as calling:
                    transport = zeep.transports.AsyncTransport(client=calling, wsdl_client=loading)
                    await sslwhy.AsyncClient(url, transport=transport).service.Ping()

        with tls.TlsServer(leaf, application=SoapService(f"{expired.url}/service")) as server:
            error: Any = failure_in(library, call, f"{server.url}/service?wsdl")
        assert_enriched(error, "certificate-expired", httpx.ConnectError)
        assert (error.report.operation.kind, error.report.operation.name) == ("operation", "Ping")
        assert error.report.target.port == expired.port

    def test_wsdl(self, library: str, expired: tls.TlsServer, ca_file: str) -> None:
        """The WSDL's client is covered, from within a coroutine as well."""

        async def call() -> None:
            context = ssl.create_default_context(cafile=ca_file)
            with httpx.Client(verify=context) as loading:
                async with httpx.AsyncClient(verify=context) as calling:
                    transport = sslwhy.AsyncTransport(client=calling, wsdl_client=loading)
                    sslwhy.AsyncClient(f"{expired.url}/service?wsdl", transport=transport)

        error = assert_enriched(failure_in(library, call), "certificate-expired", httpx.ConnectError)
        assert error.report.operation.kind == "wsdl"

    @pytest.mark.parametrize("given", ["client", "wsdl_client"])
    def test_one_client_given(self, library: str, given: str, healthy: tls.TlsServer, ca_file: str) -> None:
        """One client with a context, the other left at its defaults: the remedy says which one, and how."""

        async def call() -> None:
            context = ssl.create_default_context(cafile=ca_file)
            with httpx.Client(verify=context) as loading:
                async with httpx.AsyncClient(verify=context) as calling:
                    both = {"client": calling, "wsdl_client": loading}
                    transport = sslwhy.AsyncTransport(**{given: both[given]})
                    client = sslwhy.AsyncClient(f"{healthy.url}/service?wsdl", transport=transport)
                    await client.service.Ping()

        error: Any = failure_in(library, call)
        assert isinstance(error, httpx.ConnectError)
        remedy = error.report.primary.remedies[0]
        missing = {"client": "wsdl_client", "wsdl_client": "client"}[given]
        assert f"give {missing} the trust settings of {given}" in remedy.text, str(error.report)
        assert "wsdl_client=httpx.Client(verify=context)" in remedy.snippet
        assert error.report.operation.kind == ("wsdl" if given == "client" else "operation")

    def test_fault_behind_the_service(self, library: str, leaf: Identity, ca_file: str) -> None:
        """A Fault that speaks of TLS behind the service is found on the asynchronous way, too."""
        text = "javax.net.ssl.SSLHandshakeException: PKIX path building failed: unable to find valid certification path"

        async def call(url: str) -> None:
            context = ssl.create_default_context(cafile=ca_file)
            with httpx.Client(verify=context) as loading:
                async with httpx.AsyncClient(verify=context) as calling:
                    transport = zeep.transports.AsyncTransport(client=calling, wsdl_client=loading)
                    await sslwhy.AsyncClient(url, transport=transport).service.Ping()

        with tls.TlsServer(leaf, application=sites.faulty(text)) as server:
            error: Any = failure_in(library, call, f"{server.url}/service?wsdl")
        assert_enriched(error, "upstream-trust-failure", zeep.exceptions.Fault)
        assert error.message == text


class TestPagesAtLoad:
    """zeep's ``TransportError`` over httpx while documents are loaded: it carries a status and nothing of the page."""

    @staticmethod
    def failure(library: str, url: str, context: ssl.SSLContext) -> BaseException:
        """What an ``AsyncClient`` raises that is made in a coroutine."""

        async def call() -> None:
            with httpx.Client(verify=context) as loading:
                async with httpx.AsyncClient(verify=context) as calling:
                    transport = zeep.transports.AsyncTransport(client=calling, wsdl_client=loading)
                    sslwhy.AsyncClient(url, transport=transport)

        return failure_in(library, call)

    @pytest.mark.parametrize(
        ("page", "code"),
        [
            ("nginx-no-certificate", "client-certificate-required"),
            ("nginx-495", "client-certificate-rejected"),
            ("nginx-496", "client-certificate-required"),
            ("apache-502", "upstream-tls-failure"),
            ("go-502", "upstream-trust-failure"),
            ("cloudflare-525", "upstream-tls-failure"),
            ("cloudflare-526", "upstream-trust-failure"),
        ],
    )
    def test_wsdl(self, library: str, page: str, code: str, leaf: Identity, context: ssl.SSLContext) -> None:
        """The page is read from the response that zeep left behind; class, status and emptiness stay zeep's."""
        with tls.TlsServer(leaf, application=sites.always(sites.PAGES[page])) as server:
            found = self.failure(library, f"{server.url}/service?wsdl", context)
        error = assert_enriched(found, code, zeep.exceptions.TransportError)
        assert (error.status_code, error.content, error.message) == (sites.PAGES[page].status, None, "")
        report = error.report
        assert (report.operation.kind, report.observed.status) == ("wsdl", sites.PAGES[page].status)
        assert (report.target.port, report.connections) == (server.port, 0)

    def test_schema(self, library: str, leaf: Identity, context: ssl.SSLContext) -> None:
        """The page came for a schema on a second host: the report says which document imports it."""
        outer, inner = sites.Site(), sites.Site()
        with tls.TlsServer(leaf, application=outer) as first, tls.TlsServer(leaf, application=inner) as second:
            url = sites.spread((outer, first.url), (inner, second.url), f"{first.url}/service")
            inner.pages["/quotes.xsd"] = sites.PAGES["nginx-no-certificate"]
            found = self.failure(library, url, context)
        report = assert_enriched(found, "client-certificate-required", zeep.exceptions.TransportError).report
        assert (report.operation.kind, report.target.port) == ("schema", second.port)
        assert report.operation.url_source == f"an import in {url}"

    @pytest.mark.parametrize("page", ["nginx-502", "apache-403"])
    def test_untouched(self, library: str, page: str, leaf: Identity, context: ssl.SSLContext) -> None:
        """A page that does not speak of TLS is zeep's own error."""
        with tls.TlsServer(leaf, application=sites.always(sites.PAGES[page])) as server:
            error = self.failure(library, f"{server.url}/service?wsdl", context)
        assert type(error) is zeep.exceptions.TransportError
        assert error.__cause__ is None
