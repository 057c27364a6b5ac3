"""What a guarded call leaves behind: of a good one nothing, of a failure the exception, for as long as it is held."""

from __future__ import annotations

import gc
import socket
import ssl
import sys
import weakref
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import requests
from support import pki, tls

import sslwhy
from sslwhy.clients import guard
from sslwhy.demo.soap_service import SoapService


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from sslwhy.demo.pki import Identity


@pytest.fixture
def expired(issuing: Any) -> Iterator[tls.TlsServer]:
    """A server whose certificate has expired."""
    with tls.TlsServer(issuing.issue("x", dns=["localhost"], not_after=-3 * pki.DAY)) as server:
        yield server


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What nobody refers to is gone at once; what refers to itself stays."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def with_session(port: int, ca_file: str) -> None:
    """Our session."""
    with sslwhy.Session() as session:
        session.get(f"https://localhost:{port}/", verify=ca_file)


def with_ssl(port: int, ca_file: str) -> None:
    """The standard library under a guard."""
    context = ssl.create_default_context(cafile=ca_file)
    with sslwhy.diagnosing(), socket.create_connection(("localhost", port)) as plain:
        context.wrap_socket(plain, server_hostname="localhost")


@sslwhy.diagnosing()
def with_decorator(port: int, ca_file: str) -> None:
    """A decorated function."""
    with_ssl(port, ca_file)


def with_httpx(port: int, ca_file: str) -> None:
    """Our transport in httpx."""
    context = ssl.create_default_context(cafile=ca_file)
    with httpx.Client(transport=sslwhy.HTTPTransport(verify=context)) as client:
        client.get(f"https://localhost:{port}/")


WAYS = [
    with_session,
    with_ssl,
    with_decorator,
    with_httpx,
]  # event loops keep the exception of a task in cycles of their own


def reference_to_failure(work: Callable[[int, str], None], port: int, ca_file: str) -> weakref.ref[BaseException]:
    """A weak reference to the enriched exception, which was caught and forgotten."""
    try:
        work(port, ca_file)
    except sslwhy.DiagnosedError as error:
        return weakref.ref(error)
    raise AssertionError("nothing was raised")


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("work", WAYS)
def test_an_exception_goes_when_its_handler_ends(
    work: Callable[[int, str], None], expired: tls.TlsServer, ca_file: str
) -> None:
    """No cycle of ours keeps an exception alive, and with it frames, connections and what the caller had in hand."""
    reference_to_failure(work, expired.port, ca_file)  # the libraries set themselves up
    assert reference_to_failure(work, expired.port, ca_file)() is None


@pytest.mark.usefixtures("no_collector")
def test_a_socket_goes_with_its_exception(expired: tls.TlsServer, ca_file: str) -> None:
    """The TLS socket of a failed handshake is freed where the handler ends, as it is without a guard."""
    made: list[weakref.ref[ssl.SSLSocket]] = []

    def work(port: int, ca_file: str) -> None:
        context = ssl.create_default_context(cafile=ca_file)
        plain = socket.create_connection(("localhost", port))
        secure = context.wrap_socket(plain, server_hostname="localhost", do_handshake_on_connect=False)
        made.append(weakref.ref(secure))
        with secure:
            secure.do_handshake()

    assert reference_to_failure(sslwhy.diagnosing()(work), expired.port, ca_file)() is None
    assert [each() for each in made] == [None]


EXPECTED = {"__init__": 2, "__enter__": 1, "_begin": 1, "begin": 1, "__exit__": 1, "_failure": 1, "_end": 1, "end": 1}


def test_a_good_call_runs_these_functions_of_ours_and_no_others(leaf: Identity, ca_file: str) -> None:
    """Counted, not timed: one guard, one switch on and off, and nothing for each byte, header or frame."""
    ran: Counter[str] = Counter()

    def watch(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_globals.get("__name__", "").startswith("sslwhy.") and "demo" not in str(frame):
            ran[frame.f_code.co_name] += 1

    with tls.TlsServer(leaf, application=SoapService()) as server, sslwhy.Session() as session:
        session.verify = ca_file
        session.get(server.url)  # the handshake; from now on the connection is open
        sys.setprofile(watch)
        try:
            session.get(server.url)
        finally:
            sys.setprofile(None)
    inside = {"<genexpr>", "send", "read", "_replace", "_put_back"}
    assert {name: count for name, count in ran.items() if name not in inside} == EXPECTED
    assert ran["send"] == 2  # the session's, and the socket's one write
    assert guard._AROUND.get() == ()
    assert ssl.SSLContext.sslsocket_class is ssl.SSLSocket


def test_a_good_call_leaves_no_objects_behind(leaf: Identity, ca_file: str) -> None:
    """A hundred good calls: no object of our classes is there afterwards that was not there before."""
    with tls.TlsServer(leaf, application=SoapService()) as server, sslwhy.Session() as session:
        session.verify = ca_file
        session.get(server.url)
        before = ours_alive()
        for _ in range(100):
            session.get(server.url)
        assert ours_alive() - before == Counter()


def ours_alive() -> Counter[str]:
    """How many instances of each class of the package there are, but for those of the server in this process."""
    gc.collect()
    homes = [str(type(each).__module__) + "." + type(each).__qualname__ for each in gc.get_objects()]
    return Counter(home for home in homes if home.startswith("sslwhy.") and not home.startswith("sslwhy.demo."))


def test_the_frames_of_a_long_stack_are_read_once(expired: tls.TlsServer, ca_file: str) -> None:
    """A failure at the end of a deep recursion is diagnosed like any other."""

    def deep(left: int) -> None:
        if left:
            deep(left - 1)
        else:
            requests.get(expired.url, verify=ca_file, timeout=5)

    with pytest.raises(sslwhy.DiagnosedError) as caught, sslwhy.diagnosing():
        deep(300)
    assert caught.value.code == "certificate-expired"
