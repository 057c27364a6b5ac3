"""What a failure makes worth asking, and how: plans, ClientHellos, limits, and what a probe must never do."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import raw
from support.handshake import trusting
from support.relays import Proxy
from support.tls import TlsServer
from urllib3.util.ssl_ import create_urllib3_context

from sslwhy.evidence.collect import Budget
from sslwhy.evidence.context import offer_of
from sslwhy.evidence.incident import Incident
from sslwhy.evidence.own_hello import own_hello, read_client_hello
from sslwhy.evidence.peer.hellos import hello_named, server_name_of
from sslwhy.evidence.peer.learn import learn_peer
from sslwhy.evidence.peer.listening import listen
from sslwhy.evidence.peer.plan import Plan, plan_for
from sslwhy.evidence.prober.route import Route as Way
from sslwhy.evidence.wire.client_hello import ENTROPY, encode_client_hello
from sslwhy.evidence.wire.reader import ParseError
from sslwhy.facts import questions
from sslwhy.facts.client import ClientOffer, Route
from sslwhy.facts.evidence import Evidence
from sslwhy.facts.machine import Machine
from sslwhy.facts.missing import Missing
from sslwhy.facts.observed import Observed, Target
from sslwhy.facts.peer import Abandoned, AlertReceived, PeerClosed, TunnelRefused
from sslwhy.policy import Policy


if TYPE_CHECKING:
    from support import pki

    from sslwhy.demo.pki import Identity

REFUSED = Observed(
    type="ssl.SSLError",
    root_type="ssl.SSLError",
    library="SSL",
    stage="handshake",
    reason="SSLV3_ALERT_HANDSHAKE_FAILURE",
    alert=40,
)
TARGET = Target("https://localhost/", "localhost", 443, "localhost")
EVIDENCE = Evidence(target=TARGET, observed=REFUSED, offer=ClientOffer())


def plan(**changes: object) -> Plan | Missing:
    """The plan for evidence that differs from a refused handshake."""
    return plan_for(replace(EVIDENCE, **changes))  # type: ignore[arg-type]


def seen(**changes: object) -> Observed:
    """An observation that differs from a refused handshake."""
    return replace(REFUSED, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"observed": seen(verify_code=10, reason="CERTIFICATE_VERIFY_FAILED", alert=None)},
        {"observed": seen(reason="CERTIFICATE_VERIFY_FAILED", alert=None), "chain": (b"seen",)},
        *({"observed": seen(stage=stage)} for stage in ("setup", "resolve", "connect", "answer", "none")),
        {"observed": seen(stage="tunnel", status=403, proxy=True), "route": Route(proxy="http://p", host="p", port=1)},
        {"observed": seen(stage="read", root_type="TimeoutError", alert=None, reason=None), "verified": True},
        {"machine": Machine(forked=True)},
        {"target": Target(None, None, None)},
        {"offer": ClientOffer(hello_problem="NO_CIPHERS_AVAILABLE")},
        {"route": Route(proxy="http://p:1", host="p", port=1, scheme="http", credentials=True)},
        {"route": Route(proxy="socks5://p:1", host="p", port=1, scheme="socks5")},
        {"route": Route(proxy="https://p:1", host="p", port=1, scheme="https")},
    ],
)
def test_where_nothing_is_asked(changes: dict[str, object]) -> None:
    """Certificate failures, failures before TLS, and ways that a probe cannot take: no connection, and a reason."""
    found = plan(**changes)
    assert isinstance(found, Missing)
    assert found.reason


def test_as_few_questions_as_decide_it() -> None:
    """Reasons that name their cause cost one or two connections, an unclear refusal the whole interview."""
    assert plan(observed=seen(reason="DH_KEY_TOO_SMALL", alert=None)) == Plan(names=(questions.TLS12, questions.COPY))
    assert plan(observed=seen(reason="WRONG_VERSION_NUMBER", alert=None)) == Plan(names=(questions.COPY,))
    assert plan(chain=(b"certificate",)) == Plan(names=(questions.TLS12, questions.COPY))
    unclear = plan()
    assert isinstance(unclear, Plan)
    assert unclear.versions
    assert questions.WITHOUT_SNI in unclear.names


def test_a_refusal_that_was_said_needs_no_listening() -> None:
    """After the handshake certificate_required speaks for itself; an EOF does not."""
    said = plan(observed=seen(stage="read", alert=116), verified=True)
    silent = plan(observed=seen(stage="read", alert=None, reason="UNEXPECTED_EOF_WHILE_READING"), verified=True)
    assert isinstance(said, Plan)
    assert isinstance(silent, Plan)
    assert not said.listen
    assert silent.listen


# ClientHellos


def _sent(context: ssl.SSLContext, name: str) -> bytes:
    """The ClientHello that a context really sends over a socket."""
    left, right = socket.socketpair()
    with left, right:
        left.settimeout(0.2)
        with pytest.raises((TimeoutError, OSError)):
            context.wrap_socket(left, server_hostname=name)
        return raw.read_record(right)


@pytest.mark.parametrize("name", ["localhost", "a-rather-long-name.of.some.service.example"])
def test_the_clients_own_hello_is_read_exactly(name: str) -> None:
    """What is made in memory offers what goes over a socket, in the same size."""
    context = create_urllib3_context()
    context.set_alpn_protocols(["http/1.1"])
    real, made = read_client_hello(_sent(context, name)), own_hello(context, name)
    assert made == real
    assert made.alpn == ("http/1.1",)
    assert 0x0304 in made.versions
    assert 0x1301 in made.suites
    assert 0x001D in made.groups
    assert made.key_shares


def test_the_copy_offers_the_same() -> None:
    """The ClientHello that a probe sends has everything of the client's own, and its size."""
    context = create_urllib3_context()
    context.set_alpn_protocols(["http/1.1"])
    offer = offer_of(context, "localhost")
    spec = hello_named(questions.COPY, replace(EVIDENCE, offer=offer))
    assert spec
    copy = read_client_hello(encode_client_hello(spec, bytes(ENTROPY)))
    own = own_hello(context, "localhost")
    assert copy == replace(own, size=copy.size)
    assert copy.size == own.size


def test_a_context_that_can_offer_nothing() -> None:
    """Where OpenSSL makes no ClientHello its reason is kept."""
    context = create_urllib3_context()
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2
    assert own_hello(context, "localhost").problem == "NO_PROTOCOLS_AVAILABLE"


@given(st.binary(max_size=300))
def test_any_bytes_are_a_hello_or_refused(data: bytes) -> None:
    """The reader of ClientHellos raises nothing but its own error."""
    with contextlib.suppress(ParseError):
        read_client_hello(data)


def test_no_name_is_sent_for_an_address() -> None:
    """SNI holds host names only (RFC 6066 section 3)."""
    for host in ("127.0.0.1", "::1"):
        assert server_name_of(replace(EVIDENCE, target=Target(None, host, 443))) is None
    assert server_name_of(EVIDENCE) == "localhost"


# limits


def ask(evidence: Evidence, deadline: float = 3.0) -> object:
    """Ask about evidence under a deadline."""
    return learn_peer(evidence, Incident(error=OSError()), Budget.starting_now(Policy(deadline=deadline)))


def test_a_name_that_no_hello_can_carry() -> None:
    """An impossible host name is no reason to fail: nothing is learned, and the reason is told."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        target = Target(None, "x" * 70_000, port, "x" * 70_000, "127.0.0.1")
        assert isinstance(ask(replace(EVIDENCE, target=target)), Missing)


def test_nothing_is_asked_when_the_time_is_over() -> None:
    """A spent budget opens no connection."""
    with raw.RawServer(raw.silent) as server:
        target = Target(None, "localhost", server.port, "localhost", "127.0.0.1")
        assert isinstance(ask(replace(EVIDENCE, target=target), deadline=0.01), Missing)
        assert server.connections == 0


def test_a_silent_server_costs_no_more_than_the_deadline() -> None:
    """All questions wait side by side."""
    with raw.RawServer(raw.silent) as server:
        target = Target(None, "localhost", server.port, "localhost", "127.0.0.1")
        began = time.monotonic()
        ask(replace(EVIDENCE, target=target), deadline=1.0)
        assert time.monotonic() - began < 1.5


# listening after a verified handshake


def test_listening_hears_the_demand(leaf: Identity, root: pki.Authority, issuing: pki.Authority) -> None:
    """A server that wants a certificate says so; one that does not stays silent; neither is sent anything."""
    with TlsServer(leaf, clients=[issuing]) as strict, TlsServer(leaf) as lenient:
        assert listen(Way("127.0.0.1", strict.port), "localhost", [root.der], 2) == AlertReceived(116)
        assert listen(Way("127.0.0.1", lenient.port), "localhost", [root.der], 0.3) == PeerClosed("timeout")
        assert strict.application_bytes == lenient.application_bytes == 0


def test_listening_verifies(leaf: Identity, issuing: pki.Authority) -> None:
    """A server that the anchors do not vouch for is not listened to."""
    with TlsServer(leaf) as server:
        stranger = type(issuing).root("Stranger")
        heard = listen(Way("127.0.0.1", server.port), "localhost", [stranger.der], 2)
        assert heard == Abandoned("the verified handshake did not complete: CERTIFICATE_VERIFY_FAILED")
        wrong_name = listen(Way("127.0.0.1", server.port), "other.example", [issuing.der], 2)
        assert isinstance(wrong_name, Abandoned)
        assert server.handshakes == []


def test_listening_through_a_proxy(leaf: Identity, root: pki.Authority, issuing: pki.Authority) -> None:
    """It takes the tunnel where the call did, and takes a refusal for an answer."""
    with TlsServer(leaf, clients=[issuing]) as server:
        with Proxy() as proxy:
            way = Way.through_http_proxy("127.0.0.1", proxy.port, "localhost", server.port)
            assert listen(way, "localhost", [root.der], 2) == AlertReceived(116)
        with Proxy(status=403) as proxy:
            way = Way.through_http_proxy("127.0.0.1", proxy.port, "localhost", server.port)
            assert listen(way, "localhost", [root.der], 2) == TunnelRefused(403)


def test_the_offer_is_read_from_a_live_context(root: pki.Authority) -> None:
    """Bounds, level and what limits them are those of the context."""
    context = trusting(root, version="1.2", ciphers="AES128-SHA")
    offer = offer_of(context, "localhost")
    assert offer.versions == (0x0303,)
    assert offer.security_level == 0
    assert offer.suites == (0x002F,)
    assert offer.hello_problem is None
