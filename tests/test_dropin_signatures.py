"""The drop-ins look like the classes they stand for: signatures, relations, attributes, copies and pickles."""

from __future__ import annotations

import asyncio
import copy
import inspect
import pickle
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import requests
import requests.adapters
import zeep
import zeep.client
import zeep.proxy
import zeep.transports
from support.tls import TlsServer

import sslwhy
from sslwhy.clients import over_zeep
from sslwhy.demo.soap_service import SoapService


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support import pki


PAIRS: dict[str, tuple[Any, Any]] = {
    "Session": (sslwhy.Session, requests.Session),
    "HTTPAdapter": (sslwhy.HTTPAdapter, requests.adapters.HTTPAdapter),
    "Client": (sslwhy.Client, zeep.Client),
    "AsyncClient": (sslwhy.AsyncClient, zeep.AsyncClient),
    "CachingClient": (sslwhy.CachingClient, zeep.CachingClient),
    "Transport": (sslwhy.Transport, zeep.Transport),
    "AsyncTransport": (sslwhy.AsyncTransport, zeep.transports.AsyncTransport),
    "HTTPTransport": (sslwhy.HTTPTransport, httpx.HTTPTransport),
    "AsyncHTTPTransport": (sslwhy.AsyncHTTPTransport, httpx.AsyncHTTPTransport),
    "ServiceProxy": (over_zeep.ServiceProxy, zeep.proxy.ServiceProxy),
    "AsyncServiceProxy": (over_zeep.AsyncServiceProxy, zeep.proxy.AsyncServiceProxy),
    "OperationProxy": (over_zeep.OperationProxy, zeep.proxy.OperationProxy),
    "AsyncOperationProxy": (over_zeep.AsyncOperationProxy, zeep.proxy.AsyncOperationProxy),
}
PROXIES = [name for name in PAIRS if name.endswith("Proxy")]
DIAGNOSED = [name for name in PAIRS if name not in PROXIES]


def parameters(function: Any) -> list[tuple[str, Any, Any]]:
    """Name, kind and default of each parameter; annotations change nothing at run time."""
    return [(each.name, each.kind, each.default) for each in inspect.signature(function).parameters.values()]


def public_methods() -> Iterator[tuple[str, str]]:
    """Each method of each library class that callers use, special methods among them."""
    for name, (_, theirs) in PAIRS.items():
        for method, value in inspect.getmembers(theirs, inspect.isfunction):
            if (not method.startswith("_") or method.startswith("__")) and method != "__init__":
                assert callable(value)
                yield name, method


METHODS = list(public_methods())


def test_there_is_something_to_compare() -> None:
    """The list of methods holds those that every caller uses, so the comparison below is not empty."""
    assert {("Session", "send"), ("HTTPAdapter", "send"), ("Client", "bind"), ("Transport", "post")} <= {*METHODS}
    assert len(METHODS) > 100


@pytest.mark.parametrize(("name", "method"), METHODS)
def test_a_public_method_has_the_librarys_signature(name: str, method: str) -> None:
    """Names, kinds, defaults and order of the parameters are the library's, and so is being a coroutine function."""
    ours, theirs = (getattr(cls, method) for cls in PAIRS[name])
    assert parameters(ours) == parameters(theirs)
    assert inspect.iscoroutinefunction(ours) == inspect.iscoroutinefunction(theirs)
    assert inspect.isgeneratorfunction(inspect.unwrap(ours)) == inspect.isgeneratorfunction(inspect.unwrap(theirs))


@pytest.mark.parametrize("name", DIAGNOSED)
def test_a_constructor_takes_one_keyword_more_and_nothing_else(name: str) -> None:
    """`diagnosis` is keyword-only with None as its default; all the rest is the library's."""
    ours, theirs = (parameters(cls) for cls in PAIRS[name])
    extra = ("diagnosis", inspect.Parameter.KEYWORD_ONLY, None)
    assert extra in ours
    assert [each for each in ours if each != extra] == theirs


@pytest.mark.parametrize("name", PROXIES)
def test_a_proxys_constructor_is_zeeps(name: str) -> None:
    """Proxies take their policy from the client, so their constructors take nothing more."""
    ours, theirs = (parameters(inspect.getattr_static(cls, "__init__")) for cls in PAIRS[name])
    assert ours == theirs


@pytest.mark.parametrize("name", PAIRS)
def test_every_attribute_of_the_library_class_is_there(name: str) -> None:
    """Nothing that the library's class has is missing; a property stays a property, a method stays a method."""
    ours, theirs = PAIRS[name]
    for attribute in dir(theirs):
        kept, mine = (inspect.getattr_static(cls, attribute) for cls in (theirs, ours))
        if isinstance(kept, (property, classmethod, staticmethod)) or inspect.isfunction(kept):
            assert type(mine) is type(kept), attribute


@pytest.mark.parametrize("name", DIAGNOSED)
def test_nothing_public_is_added_but_the_policy(name: str) -> None:
    """No new public name but `diagnosis` can hide an attribute that a caller's subclass or the library adds."""
    ours, theirs = PAIRS[name]
    assert {each for each in dir(ours) if not each.startswith("_")} - set(dir(theirs)) == {"diagnosis"}


@pytest.mark.parametrize("left", PAIRS)
@pytest.mark.parametrize("right", PAIRS)
def test_relations_between_classes_are_the_librarys(left: str, right: str) -> None:
    """Our classes are subclasses of each other exactly where the library's are, and of the library's."""
    (our_left, their_left), (our_right, their_right) = PAIRS[left], PAIRS[right]
    expected = issubclass(their_left, their_right)
    assert issubclass(our_left, their_right) == expected
    if not (left in PROXIES and right in PROXIES):
        assert issubclass(our_left, our_right) == expected


@pytest.mark.parametrize("name", PAIRS)
def test_the_librarys_class_comes_right_after_ours(name: str) -> None:
    """In the method resolution order the library's classes keep their order: a mix-in meets the same neighbours."""
    ours, theirs = PAIRS[name]
    mine = {cls for cls, _ in PAIRS.values()}
    assert [cls for cls in ours.__mro__ if cls not in mine] == list(theirs.__mro__)


def test_session_copies_and_pickles_as_in_requests() -> None:
    """A pickled and a copied session keep what requests keeps, and the policy with it."""
    policy = sslwhy.Policy(deadline=1.5, connect=False)
    session: Any = sslwhy.Session(diagnosis=policy)
    session.verify, session.cert, session.headers["X-Test"] = "ca.pem", ("cert.pem", "key.pem"), "kept"
    session.mount("https://partner.example/", sslwhy.HTTPAdapter(max_retries=2, diagnosis=policy))
    for twin in (pickle.loads(pickle.dumps(session)), copy.copy(session), copy.deepcopy(session)):
        adapter = vars(twin)["adapters"]["https://partner.example/"]
        assert type(twin) is sslwhy.Session
        assert (twin.verify, twin.cert, twin.headers["X-Test"]) == ("ca.pem", ("cert.pem", "key.pem"), "kept")
        assert list(twin.adapters) == list(session.adapters)
        assert adapter.max_retries.total == 2
        assert twin.diagnosis == adapter.diagnosis == policy


def test_a_state_without_a_policy_is_welcome() -> None:
    """The state of a requests session or adapter can be given to ours, as code that clones sessions does."""
    session: Any = sslwhy.Session()
    adapter: Any = sslwhy.HTTPAdapter()
    session.__setstate__(requests.Session().__getstate__())
    adapter.__setstate__(requests.adapters.HTTPAdapter(pool_maxsize=3).__getstate__())
    assert session.diagnosis is adapter.diagnosis is None
    assert adapter._pool_maxsize == 3


def test_a_subclass_need_not_call_our_constructor() -> None:
    """Code that fills a session's or an adapter's attributes itself finds a policy of None, not an AttributeError."""
    for name in DIAGNOSED:
        ours = PAIRS[name][0]
        assert ours.diagnosis is None


def test_context_managers() -> None:
    """`with` gives the object itself, as the library does."""
    with sslwhy.Session() as session:
        assert type(session) is sslwhy.Session
    with sslwhy.HTTPTransport() as transport:
        assert type(transport) is sslwhy.HTTPTransport


def test_transport_settings_change_the_timeout_for_a_while() -> None:
    """`Transport.settings()` is zeep's: it sets the operation timeout inside the block only."""
    transport = sslwhy.Transport(operation_timeout=30)
    with transport.settings(timeout=2):
        assert transport.operation_timeout == 2
    assert transport.operation_timeout == 30


def test_transport_takes_its_arguments_by_position() -> None:
    """zeep's four arguments mean the same by position, and a caller's own session is kept."""
    session = requests.Session()
    transport = sslwhy.Transport(None, 12, 34, session)
    assert (transport.load_timeout, transport.operation_timeout, transport.session) == (12, 34, session)
    assert str(session.headers["User-Agent"]).startswith("Zeep/")


def test_adapter_takes_its_arguments_by_position() -> None:
    """requests' four arguments mean the same by position."""
    adapter: Any = sslwhy.HTTPAdapter(1, 2, 3, True)
    assert adapter.max_retries.total == 3
    assert (adapter._pool_connections, adapter._pool_maxsize, adapter._pool_block) == (1, 2, True)


@pytest.mark.filterwarnings("ignore:The default:DeprecationWarning")  # zeep's cache, Python 3.12
def test_default_transports(tmp_path: Path, leaf: pki.Identity, ca_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients build transports of the kinds that zeep's do, and a caching client has zeep's cache."""
    for name, value in {
        "REQUESTS_CA_BUNDLE": ca_file,
        "SSL_CERT_FILE": ca_file,
        "XDG_CACHE_HOME": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    with TlsServer(leaf, SoapService()) as server:
        wsdl = f"{server.url}/service?wsdl"
        plain, caching, asynchronous = sslwhy.Client(wsdl), sslwhy.CachingClient(wsdl), sslwhy.AsyncClient(wsdl)
        theirs = PAIRS["CachingClient"][1](wsdl)
        for client in (plain, caching, theirs):
            client.transport.session.close()
        asynchronous.transport.wsdl_client.close()
        asyncio.run(asynchronous.transport.aclose())
    assert type(plain.transport) is sslwhy.Transport
    assert type(asynchronous.transport) is sslwhy.AsyncTransport
    assert type(caching.transport.cache) is type(theirs.transport.cache)


def test_operations_and_services_show_the_same_to_a_reader(leaf: pki.Identity, ca_file: str) -> None:
    """`dir()`, iteration, item access and each operation's docstring (its signature) are zeep's."""
    session = requests.Session()
    session.verify = ca_file
    with session, TlsServer(leaf, SoapService()) as server:
        document = f"{server.url}/service?wsdl"
        ours = sslwhy.Client(document, transport=sslwhy.Transport(session=session)).service
        theirs = PAIRS["Client"][1](document, transport=PAIRS["Transport"][1](session=session)).service
    assert dir(ours) == dir(theirs)
    assert [name for name, _ in ours] == [name for name, _ in theirs]
    assert ours.GetQuote.__doc__ == theirs.GetQuote.__doc__ == "GetQuote(symbol: xsd:string) -> price: xsd:decimal"
    assert ours["Ping"]._op_name == "Ping"
    with pytest.raises(AttributeError, match="no operation 'Nothing'"):
        _ = ours.Nothing
