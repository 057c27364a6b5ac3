"""``diagnosing()`` and the guards: wrappers, nesting, generators, threads, and what must pass through untouched."""

from __future__ import annotations

import asyncio
import functools
import logging
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
import zeep
import zeep.exceptions
from support import pki, raw, sites, tls
from support.edges import assert_enriched, raised_by

import sslwhy
from sslwhy import Policy, diagnosing
from sslwhy.clients.guard import Guard
from sslwhy.demo.loopback import HttpServer, Response
from sslwhy.demo.soap_service import SoapService


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sslwhy.demo.pki import Identity


@pytest.fixture
def expired(issuing: Any) -> Iterator[tls.TlsServer]:
    """A server whose certificate has expired."""
    with tls.TlsServer(issuing.issue("x", dns=["localhost"], not_after=-3 * pki.DAY)) as server:
        yield server


@pytest.fixture
def call(expired: tls.TlsServer, ca_file: str) -> Callable[[], Any]:
    """A call that fails at the expired certificate."""
    return lambda: requests.get(expired.url, verify=ca_file, timeout=5)


class GatewayError(Exception):
    """A wrapper as programs write them: its constructor takes something else than its ``args``."""

    def __init__(self, partner: str, *, retry: bool) -> None:
        super().__init__(f"{partner} cannot be reached")
        self.partner = partner
        self.retry = retry


class TestWrappers:
    """Libraries that raise exceptions of their own."""

    @pytest.mark.parametrize("how", ["from", "context", "args"])
    def test_own_class_comes_out_enriched(self, how: str, call: Callable[[], Any]) -> None:
        """The wrapper's class, attributes and text stay, however the inner exception is kept."""

        @diagnosing()
        def ask() -> None:
            try:
                call()
            except requests.RequestException as error:
                if how == "from":
                    raise GatewayError("bank", retry=True) from error
                if how == "context":
                    raise GatewayError("bank", retry=True)  # noqa: B904 - as many programs do
                wrapper = GatewayError("bank", retry=True)
                wrapper.args = (error,)
                raise wrapper from None

        error = assert_enriched(raised_by(ask), "certificate-expired", GatewayError)
        assert error.partner == "bank"

    def test_a_report_inside_is_used_again(self, expired: tls.TlsServer, ca_file: str) -> None:
        """Around a drop-in of ours the wrapper takes over its report: nothing is diagnosed twice."""

        @diagnosing()
        def ask() -> None:
            with sslwhy.Session() as session:
                try:
                    session.get(expired.url, verify=ca_file)
                except requests.exceptions.SSLError as error:
                    raise GatewayError("bank", retry=False) from error

        error: Any = raised_by(ask)
        assert isinstance(error, GatewayError)
        assert error.report is error.__cause__.__cause__.report
        assert error.report.code == "certificate-expired"

    def test_hidden_causes_stay_hidden(self, call: Callable[[], Any]) -> None:
        """``raise ... from None`` says that the caller shall not see what was inside."""

        @diagnosing()
        def ask() -> None:
            try:
                call()
            except requests.RequestException:
                raise GatewayError("bank", retry=True) from None

        assert type(raised_by(ask)) is GatewayError

    def test_mistakes_in_a_handler(self, call: Callable[[], Any]) -> None:
        """A programming error in an ``except`` block is not the TLS failure that was being handled."""

        @diagnosing()
        def ask() -> None:
            try:
                call()
            except requests.RequestException:
                {}["missing"]

        assert type(raised_by(ask)) is KeyError

    def test_second_try_elsewhere(self, call: Callable[[], Any]) -> None:
        """The failure of a plain HTTP fallback is not the TLS failure before it."""

        @diagnosing()
        def ask() -> None:
            try:
                call()
            except requests.RequestException:
                requests.get("http://localhost:1/", timeout=5)

        error = raised_by(ask)
        assert type(error) is requests.exceptions.ConnectionError

    def test_second_try_that_fails_at_tls(self, call: Callable[[], Any], ca_file: str) -> None:
        """Of two TLS failures the second is the one that is told."""
        other = pki.self_signed("localhost", dns=["localhost"])

        @diagnosing()
        def ask() -> None:
            try:
                call()
            except requests.RequestException:
                requests.get(server.url, verify=ca_file, timeout=5)

        with tls.TlsServer(other) as server:
            error = assert_enriched(raised_by(ask), "self-signed-certificate", requests.exceptions.SSLError)
        assert error.report.target.port == server.port


class TestShapes:
    """Ways to put a guard around code."""

    def test_nested(self, call: Callable[[], Any], expired: tls.TlsServer) -> None:
        """The innermost guard diagnoses; those around it pass the twin on as it is."""
        inner: list[BaseException] = []

        def ask() -> None:
            try:
                with diagnosing():
                    call()
            except requests.exceptions.SSLError as error:
                inner.append(error)
                raise

        assert raised_by(diagnosing()(diagnosing()(ask))) is inner[0]
        assert_enriched(inner[0], "certificate-expired", requests.exceptions.SSLError)

    def test_one_instance_many_times(self, call: Callable[[], Any]) -> None:
        """An instance can be entered again, also while it is entered."""
        guard = diagnosing(Policy(connect=False))

        def ask() -> None:
            with guard, guard:
                call()

        for _ in range(2):
            assert_enriched(raised_by(ask), "certificate-expired")

    def test_threads(self, call: Callable[[], Any]) -> None:
        """One decorated function in many threads."""
        ask = diagnosing()(call)
        codes: list[str] = []

        def work() -> None:
            codes.append(raised_by(ask).report.code)  # type: ignore[attr-defined]

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert codes == ["certificate-expired"] * 6

    def test_generators(self, call: Callable[[], Any]) -> None:
        """A generator may hold a guard open: while it rests, and when it is closed, nothing of that shows."""

        @diagnosing()
        def items() -> Iterator[int]:
            got = yield 1
            assert got == "sent"
            yield 2
            call()

        first, second = items(), items()
        assert (next(first), next(second), first.send("sent")) == (1, 1, 2)  # type: ignore[attr-defined]  # a generator
        second.close()  # type: ignore[attr-defined]  # likewise
        assert_enriched(raised_by(next, first), "certificate-expired", requests.exceptions.SSLError)
        assert ssl.SSLContext.sslsocket_class is ssl.SSLSocket

    def test_nothing_stays_behind(self, call: Callable[[], Any]) -> None:
        """After the last guard ``ssl`` builds its own classes again."""
        raised_by(diagnosing()(call))
        assert ssl.SSLContext.sslsocket_class is ssl.SSLSocket
        assert ssl.SSLContext.sslobject_class is ssl.SSLObject

    def test_decorating_keeps_the_function(self) -> None:
        """Name, signature and result are the function's own."""

        @diagnosing()
        def double(number: int) -> int:
            """Double it."""
            return 2 * number

        assert (double(4), double.__name__, double.__doc__) == (8, "double", "Double it.")

    def test_policies_go_inwards(self, expired: tls.TlsServer, ca_file: str) -> None:
        """A guard without a policy takes that of the guard around it."""
        with raw.RawServer(raw.close_after_hello) as server, diagnosing(Policy(connect=False)):
            with sslwhy.Session() as session:
                error: Any = raised_by(session.get, server.url, verify=ca_file)
            assert server.connections == 1
        assert error.report.connections == 0


class TestOff:
    """When there is no diagnosis, the original goes on its way."""

    def test_switched_off(self, call: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
        """``SSLWHY=off`` leaves everything as it is."""
        monkeypatch.setenv("SSLWHY", "off")
        assert type(raised_by(diagnosing()(call))) is requests.exceptions.SSLError

    def test_late(self, call: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
        """A diagnosis that hangs is not waited for longer than the policy says: the very same object goes on."""
        monkeypatch.setattr("sslwhy.diagnosis.collect", lambda _: time.sleep(2))
        original = raised_by(call)

        def fail() -> None:
            raise original

        started = time.monotonic()
        assert raised_by(diagnosing(Policy(deadline=0.2))(fail)) is original
        assert 0.2 <= time.monotonic() - started < 1

    def test_broken(
        self, call: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A diagnosis that breaks is written to the debug log and seen nowhere else."""
        monkeypatch.setattr("sslwhy.diagnosis.collect", lambda _: 1 / 0)
        with caplog.at_level(logging.DEBUG, "sslwhy"):
            error = raised_by(diagnosing()(call))
        assert type(error) is requests.exceptions.SSLError
        assert "ZeroDivisionError" in caplog.text

    def test_the_log_keeps_secrets(
        self, expired: tls.TlsServer, ca_file: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The debug log has neither the message of what broke nor those of the call that failed."""

        def broken(incident: Any) -> None:
            raise ValueError(incident.url)

        monkeypatch.setattr("sslwhy.diagnosis.collect", broken)
        url = f"{expired.url}/?token=t0ps3cret"
        with caplog.at_level(logging.DEBUG, "sslwhy"):
            raised_by(diagnosing()(lambda: requests.get(url, verify=ca_file, timeout=5)))
        said = "".join(
            logging.Formatter().format(record) for record in caplog.records if record.name.startswith("sslwhy")
        )
        assert "ValueError" in said
        assert "t0ps3cret" not in said

    def test_frames_of_the_caller_are_not_touched(self, call: Callable[[], Any]) -> None:
        """No attribute of a caller's own object is read: it may do anything."""

        class Partner:
            def __getattr__(self, name: str) -> Any:
                raise AssertionError(f"{name} was read")

            def order(self) -> None:
                call()

        assert_enriched(raised_by(diagnosing()(Partner().order)), "certificate-expired")

    def test_unreadable(self, call: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
        """The same where already the reading of the frames breaks."""
        monkeypatch.setattr("sslwhy.clients.traces.reading.frames_of", lambda _: 1 / 0)
        assert type(raised_by(diagnosing()(call))) is requests.exceptions.SSLError

    def test_class_that_cannot_be_subclassed(self, call: Callable[[], Any]) -> None:
        """An exception class that refuses subclasses leaves as it is."""

        class Final(Exception):  # noqa: N818 - the name is the point
            def __init_subclass__(cls) -> None:
                raise TypeError("no subclasses")

        @diagnosing()
        def ask() -> None:
            try:
                call()
            except requests.RequestException as error:
                raise Final("x") from error

        assert type(raised_by(ask)) is Final


class TestDecorated:
    """What :func:`sslwhy.diagnosing` makes of the callables that it is put on."""

    def test_class(self) -> None:
        """A class stays a class, or is refused."""
        with pytest.raises(TypeError, match=r"decorate the methods of .*Partner"):

            @diagnosing()
            class Partner:
                pass

    def test_methods(self, call: Callable[[], Any]) -> None:
        """Methods of every kind keep their kind."""

        class Partner:
            @diagnosing()
            def order(self) -> None:
                call()

            @classmethod
            @diagnosing()
            def offer(cls) -> None:
                assert cls is Partner
                call()

            @staticmethod
            @diagnosing()
            def ask() -> None:
                call()

        for work in (Partner().order, Partner.offer, Partner.ask, Partner().ask):
            assert_enriched(raised_by(work), "certificate-expired")

    def test_object_that_is_called_asynchronously(self, call: Callable[[], Any]) -> None:
        """The guard lasts until the awaiting ends, not only until there is something to await."""

        class Order:
            async def __call__(self) -> None:
                await asyncio.sleep(0)
                call()

        for work in (Order(), functools.partial(Order().__call__)):
            assert_enriched(raised_by(asyncio.run, diagnosing()(work)()), "certificate-expired")


@pytest.mark.parametrize("seconds", [float("inf"), 1e12])
def test_deadline_without_end(seconds: float, call: Callable[[], Any]) -> None:
    """A deadline that no clock can hold is a long one, not none."""
    assert_enriched(raised_by(diagnosing(sslwhy.Policy(deadline=seconds))(call)), "certificate-expired")


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_deadline_that_is_over_at_once(seconds: float, call: Callable[[], Any]) -> None:
    """A deadline without time is none: the exception is the library's own."""
    assert type(raised_by(diagnosing(sslwhy.Policy(deadline=seconds))(call))) is requests.exceptions.SSLError


class TestZeepErrorsPass:
    """What zeep raises about XML, types and the business is none of our business."""

    @pytest.fixture
    def client(self, leaf: Identity, ca_file: str) -> Iterator[sslwhy.Client]:
        """A client of a healthy service."""
        with tls.TlsServer(leaf, application=SoapService()) as server, requests.Session() as session:
            session.verify = ca_file
            yield sslwhy.Client(f"{server.url}/service?wsdl", transport=zeep.Transport(session=session))

    def test_business_fault(self, client: sslwhy.Client) -> None:
        """A Fault about the business."""
        error = raised_by(client.service.GetQuote, "NONE")
        assert type(error) is zeep.exceptions.Fault
        assert error.code == "s:Client"

    def test_fault_that_mentions_certificates(
        self, leaf: Identity, ca_file: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Such a Fault is read, found to say nothing of TLS, and passes without a diagnosis."""
        made: list[Any] = []
        monkeypatch.setattr("sslwhy.diagnosis.diagnose", lambda *_: made.append(1))
        application = sites.faulty("The certificate of origin for consignment 8812 has expired.")
        with tls.TlsServer(leaf, application=application) as server, requests.Session() as session:
            session.verify = ca_file
            client = sslwhy.Client(f"{server.url}/service?wsdl", transport=zeep.Transport(session=session))
            assert type(raised_by(client.service.Ping)) is zeep.exceptions.Fault
        assert not made

    def test_validation(self, client: sslwhy.Client) -> None:
        """Wrong arguments."""
        assert type(raised_by(client.service.GetQuote, colour="red")) is TypeError
        assert type(raised_by(client.service.GetQuote)) is zeep.exceptions.ValidationError

    def test_not_xml(self) -> None:
        """A WSDL that is no XML."""
        with HttpServer(lambda _: Response(200, b"<html><br></html>")) as server:
            error = raised_by(sslwhy.Client, f"{server.url}/?wsdl")
        assert type(error) is zeep.exceptions.XMLSyntaxError

    def test_missing_wsdl(self) -> None:
        """A WSDL that is not there."""
        with HttpServer(lambda _: Response(404, b"not found")) as server:
            assert type(raised_by(sslwhy.Client, f"{server.url}/?wsdl")) is requests.exceptions.HTTPError


def test_passing_is_quick() -> None:
    """A guard around something that fails for reasons of its own costs next to nothing."""

    def fail() -> None:
        raise LookupError("x")

    started = time.perf_counter()
    for _ in range(1000):
        with pytest.raises(LookupError), Guard():
            fail()
    assert time.perf_counter() - started < 0.5
