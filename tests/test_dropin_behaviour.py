"""A call that succeeds is the library's own: same bytes, result and connections, nothing loaded, nothing left."""

from __future__ import annotations

import asyncio
import contextvars
import json
import ssl
import subprocess
import sys
import threading
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import requests
import requests.adapters
import zeep
import zeep.transports
from support import pki, raw
from support.handshake import trusting
from support.tls import TlsServer

import sslwhy
from sslwhy.demo.soap_service import SoapService
from sslwhy.evidence import capture
from sslwhy.evidence.errors import links


if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from sslwhy.demo.loopback import Request, Response


QUIET = sslwhy.Policy(connect=False)
LIBRARIES: dict[str, Any] = {
    "Session": requests.Session,
    "HTTPAdapter": requests.adapters.HTTPAdapter,
    "Client": zeep.Client,
    "AsyncClient": zeep.AsyncClient,
    "Transport": zeep.transports.Transport,
    "AsyncTransport": zeep.transports.AsyncTransport,
    "HTTPTransport": httpx.HTTPTransport,
    "AsyncHTTPTransport": httpx.AsyncHTTPTransport,
}
OURS: dict[str, Any] = {name: getattr(sslwhy, name) for name in LIBRARIES}


class Listening(SoapService):
    """The SOAP service, which also keeps each request."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[str, str, dict[str, str], bytes]] = []

    def __call__(self, request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name != "Host"}
        self.heard.append((request.method, request.path, headers, request.body))
        return super().__call__(request)


@pytest.fixture(autouse=True)
def _classes_put_back() -> Iterator[None]:
    """After every test here, `ssl` builds its own classes again."""
    yield
    assert ssl.SSLContext.sslsocket_class is ssl.SSLSocket
    assert ssl.SSLContext.sslobject_class is ssl.SSLObject


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A bundle whose only anchor signed nothing here."""
    return pki.bundle(tmp_path_factory.mktemp("stranger") / "stranger.pem", pki.Authority.root("Stranger"))


def with_plain_session(classes: dict[str, Any], url: str, ca_file: str) -> list[Any]:
    """What one session gets."""
    with classes["Session"]() as session:
        session.mount("https://", classes["HTTPAdapter"](pool_maxsize=1))
        answers = [session.get(f"{url}/service?wsdl", verify=ca_file), session.get(f"{url}/none", verify=ca_file)]
    return [(each.status_code, each.text.replace(url, ""), each.reason) for each in answers]


def with_soap(classes: dict[str, Any], url: str, ca_file: str) -> list[Any]:
    """What one SOAP client gets."""
    with requests.Session() as session:
        session.verify = ca_file
        client = classes["Client"](f"{url}/service?wsdl", transport=classes["Transport"](session=session))
        client.set_default_soapheaders([])
        quotes = client.create_service("{urn:sslwhy:quotes}QuotesBinding", f"{url}/service")
        with client.settings(raw_response=True):
            answer = client.service.Ping()
        return [client.service.Ping(), quotes.GetQuote(symbol="ÆGIR"), answer.content, client.service.GetQuote("ACME")]


def with_asynchronous_soap(classes: dict[str, Any], url: str, ca_file: str) -> list[Any]:
    """What one asynchronous SOAP client gets."""

    async def talk() -> list[Any]:
        context = ssl.create_default_context(cafile=ca_file)
        transport = classes["AsyncTransport"](
            client=httpx.AsyncClient(transport=classes["AsyncHTTPTransport"](verify=context)),
            wsdl_client=httpx.Client(transport=classes["HTTPTransport"](verify=context)),
        )
        with transport.wsdl_client:
            async with classes["AsyncClient"](f"{url}/service?wsdl", transport=transport) as client:
                return [await client.service.Ping(), await client.service.GetQuote("ACME")]

    return asyncio.run(talk())


@pytest.mark.parametrize("talk", [with_plain_session, with_soap, with_asynchronous_soap])
def test_a_good_call_is_the_same_on_the_wire_and_in_its_result(talk: Any, leaf: pki.Identity, ca_file: str) -> None:
    """Ours and theirs send the same requests in the same order over as many connections, and return the same values."""
    results, heard, connections = [], [], []
    for classes in (LIBRARIES, OURS):
        service = Listening()
        with TlsServer(leaf, service) as server:
            results.append(talk(classes, server.url, ca_file))
        heard.append(service.heard)
        connections.append(server.connections)
    assert results[0] == results[1]
    assert heard[0] == heard[1]
    assert connections[0] == connections[1]
    assert len(heard[0]) >= 2


def test_results_are_real(leaf: pki.Identity, ca_file: str) -> None:
    """The values compared above are the service's answers, not two equal failures."""
    with TlsServer(leaf, SoapService()) as server:
        pong, quote, _, other = with_soap(OURS, server.url, ca_file)
    assert (pong, quote, other) == ("pong", Decimal("7.25"), Decimal("12.50"))


SCRIPT = """
import json, sys
url, ca_file, whose = sys.argv[1:]
import requests, zeep, zeep.transports
if whose == "ours":
    import sslwhy
    Session, Client, Transport = sslwhy.Session, sslwhy.Client, sslwhy.Transport
else:
    Session, Client, Transport = requests.Session, zeep.Client, zeep.Transport
watched = {"socket.connect", "socket.getaddrinfo", "_thread.start_new_thread", "_thread.start_joinable_thread",
           "subprocess.Popen", "ssl.SSLContext.__init__"}
seen = []
sys.addaudithook(lambda event, arguments: seen.append(event) if event in watched else None)
session = Session()
session.verify = ca_file
client = Client(url + "/service?wsdl", transport=Transport(session=session))
client.service.Ping()
assert session.get(url + "/none").status_code == 404
try:
    client.service.GetQuote("NONE")
except zeep.exceptions.Fault:
    pass
try:
    session.get("http://127.0.0.1:1/")
except requests.ConnectionError:
    pass
heavy = ("cryptography", "sslwhy.diagnosis", "sslwhy.causes", "sslwhy.report.block", "sslwhy.evidence.prober", "httpx")
print(json.dumps({"seen": seen, "loaded": [name for name in sys.modules if name.startswith(heavy)]}))
"""


def test_a_good_call_loads_and_starts_nothing(leaf: pki.Identity, ca_file: str) -> None:
    """In a fresh process a good call, a 404, a business Fault and a refused plain connection start no thread, open no
    connection more than without us, and load nothing of the diagnosis."""
    told = {}
    with TlsServer(leaf, SoapService()) as server:
        for whose in ("theirs", "ours"):
            command = [sys.executable, "-c", SCRIPT, server.url, ca_file, whose]
            told[whose] = json.loads(subprocess.check_output(command, timeout=60))
    assert "socket.connect" in told["ours"]["seen"]
    assert told["ours"]["seen"] == told["theirs"]["seen"]
    assert [each for each in told["ours"]["loaded"] if each not in told["theirs"]["loaded"]] == []
    assert not [each for each in told["ours"]["loaded"] if each.startswith(("cryptography.x509", "sslwhy"))]


# The classes of ssl


def test_classes_are_ours_only_while_a_call_runs(leaf: pki.Identity, ca_file: str) -> None:
    """Inside a call, and inside a call within it, sockets testify; the outer call still does after the inner ended."""
    found: list[type] = []

    def look(*_: Any, **__: Any) -> None:
        found.append(ssl.SSLContext.sslsocket_class)

    with TlsServer(leaf) as server, sslwhy.Session() as session:
        with sslwhy.diagnosing():
            session.get(server.url, verify=ca_file, hooks={"response": look})
            look()
        look()
    assert found == [capture.TestifyingSocket, capture.TestifyingSocket, ssl.SSLSocket]


def test_classes_are_put_back_after_a_failure(leaf: pki.Identity, stranger: str) -> None:
    """A call that fails leaves `ssl` as it found it, at the moment its exception is seen."""
    with TlsServer(leaf) as server, sslwhy.Session(diagnosis=QUIET) as session:
        with pytest.raises(requests.exceptions.SSLError):
            session.get(server.url, verify=stranger)
        assert ssl.SSLContext.sslsocket_class is ssl.SSLSocket


def test_classes_are_put_back_after_many_threads(leaf: pki.Identity, ca_file: str, stranger: str) -> None:
    """Good and failing calls in eight threads at once: each ends as it should, and `ssl` is itself again."""
    endings: list[tuple[int, bool]] = []

    def call(number: int) -> None:
        with sslwhy.Session(diagnosis=QUIET) as session:
            for bundle in (ca_file, stranger) if number % 2 else (stranger, ca_file):
                try:
                    endings.append((number, session.get(server.url, verify=bundle).ok and bundle == ca_file))
                except requests.exceptions.SSLError:
                    endings.append((number, bundle == stranger))

    with TlsServer(leaf) as server:
        threads = [threading.Thread(target=call, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert sorted(endings) == [(number, True) for number in range(8) for _ in range(2)]


def test_a_guard_in_a_generator_ends_in_another_context(leaf: pki.Identity, ca_file: str) -> None:
    """A generator that holds a guard may be closed in another context than it ran in, as fixtures are."""

    def fixture() -> Generator[int, None, None]:
        with sslwhy.diagnosing(QUIET):
            yield requests.get(server.url, verify=ca_file, timeout=10).status_code

    with TlsServer(leaf) as server:
        running = fixture()
        assert contextvars.copy_context().run(next, running) == 200
        running.close()


def test_asynchronous_calls_side_by_side(leaf: pki.Identity, ca_file: str) -> None:
    """Guards of several tasks overlap, and the objects that asyncio builds meanwhile testify."""
    kinds: list[type] = []

    async def call() -> None:
        transport = sslwhy.AsyncHTTPTransport(verify=context)
        async with httpx.AsyncClient(transport=transport) as client, client.stream("GET", server.url) as answer:
            kinds.append(type(answer.extensions["network_stream"].get_extra_info("ssl_object")))

    async def calls() -> None:
        await asyncio.gather(*(call() for _ in range(5)))

    context = ssl.create_default_context(cafile=ca_file)
    with TlsServer(leaf) as server:
        asyncio.run(calls())
    assert kinds == [capture.TestifyingObject] * 5


def test_another_librarys_class_stays(leaf: pki.Identity, ca_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where someone else has put a socket class in place, it is used in our calls and still there afterwards."""

    class Theirs(ssl.SSLSocket):
        pass

    with monkeypatch.context() as patch, TlsServer(leaf) as server, sslwhy.Session() as session:
        patch.setattr(ssl.SSLContext, "sslsocket_class", Theirs)
        answer = session.get(server.url, verify=ca_file, stream=True)
        assert type(vars(answer.raw)["_connection"].sock) is Theirs
        assert ssl.SSLContext.sslsocket_class is Theirs
        answer.close()


# A caller's own session, adapters and contexts


class Pinned(requests.adapters.HTTPAdapter):
    """The usual recipe of an adapter with a context of its own."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self.context, **kwargs)


def test_an_adapter_mounted_afterwards_is_used(
    root: pki.Authority, leaf: pki.Identity, client_identity: pki.Identity, tmp_path: Path
) -> None:
    """An adapter with its own context, mounted after the session was made, serves our session and transport."""
    with TlsServer(leaf, SoapService(), clients=[root], client_auth="required") as server, sslwhy.Session() as session:
        transport = sslwhy.Transport(session=session)
        session.mount("https://", Pinned(trusting(root, client=client_identity.write(tmp_path, "client"))))
        assert session.get(server.url).status_code == 404
        assert sslwhy.Client(f"{server.url}/service?wsdl", transport=transport).service.Ping() == "pong"
    assert all(server.client_certificates)


def test_a_callers_session_keeps_its_kind_and_overrides(leaf: pki.Identity, ca_file: str) -> None:
    """A session class of the caller's own is used as it is, and its `request` is called for every document and call."""
    asked: list[str] = []

    class Mine(requests.Session):
        def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
            asked.append(method)
            return super().request(method, url, *args, **{**kwargs, "verify": ca_file})

    with TlsServer(leaf, SoapService()) as server, Mine() as session:
        client = sslwhy.Client(f"{server.url}/service?wsdl", transport=LIBRARIES["Transport"](session=session))
        assert client.service.Ping() == "pong"
        assert client.transport.session is session
    assert asked == ["GET", "POST"]


def test_trust_does_not_leak_between_calls(leaf: pki.Identity, ca_file: str, stranger: str) -> None:
    """After a success with one bundle, another bundle is judged by itself, in one session and across sessions."""
    with TlsServer(leaf) as server, sslwhy.Session(diagnosis=QUIET) as session, sslwhy.Session() as other:
        assert session.get(server.url, verify=ca_file).ok
        for each in (session, other):
            with pytest.raises(requests.exceptions.SSLError):
                each.get(server.url, verify=stranger)
        assert session.get(server.url, verify=ca_file).ok


# Switched off, and how far


def test_switched_off_gives_the_librarys_own_exception(
    leaf: pki.Identity, stranger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `SSLWHY=off` the exception is of the library's class itself, and nothing is attached to it or its cause."""
    monkeypatch.setenv("SSLWHY", "off")
    with (
        TlsServer(leaf) as server,
        sslwhy.Session() as session,
        pytest.raises(requests.exceptions.SSLError) as caught,
    ):
        session.get(server.url, verify=stranger)
    assert type(caught.value) is requests.exceptions.SSLError
    assert caught.value.__cause__ is None
    chain = list(links(caught.value))
    assert isinstance(chain[-1], ssl.SSLCertVerificationError)
    assert not [name for error in chain for name in vars(error) if "sslwhy" in name or name == "report"]


def test_switched_off_while_a_call_runs(leaf: pki.Identity, ca_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Switching off in the middle of a call leaves nothing behind: the fixture above looks."""
    with TlsServer(leaf) as server, sslwhy.Session() as session:
        session.get(
            server.url, verify=ca_file, hooks={"response": lambda *_, **__: monkeypatch.setenv("SSLWHY", "off")}
        )


@pytest.mark.parametrize("whose", ["client", "transport", "session", "around"])
def test_the_policy_holds_for_everything_inside(whose: str) -> None:
    """A policy without connections, given at any level, holds in the guards inside: the server sees one connection."""
    policy = {whose: QUIET}
    with raw.RawServer(raw.close_after_hello) as server, sslwhy.Session(diagnosis=policy.get("session")) as session:
        transport = sslwhy.Transport(session=session, diagnosis=policy.get("transport"))
        with sslwhy.diagnosing(policy.get("around")), pytest.raises(requests.ConnectionError):
            sslwhy.Client(f"https://localhost:{server.port}/", transport=transport, diagnosis=policy.get("client"))
    assert server.connections == 1
