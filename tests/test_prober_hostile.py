"""The prober against peers that do not speak TLS, stop in the middle, or never stop: always an answer."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest
from support import raw
from support.tls import TlsServer

from sslwhy.evidence.prober.questions import probe_hello, read_banner, usual_hello
from sslwhy.evidence.prober.route import Route
from sslwhy.evidence.prober.survey import survey
from sslwhy.facts.peer import Abandoned, AlertReceived, ConnectFailed, NotTls, PeerClosed, ServerFlight


if TYPE_CHECKING:
    from sslwhy.demo.pki import Identity
    from sslwhy.facts.peer import HelloAnswer


def here(port: int) -> Route:
    return Route("127.0.0.1", port)


def asked(behaviour: raw.Behaviour, timeout: float = 1.0) -> HelloAnswer:
    with raw.RawServer(behaviour) as server:
        return probe_hello(here(server.port), usual_hello("localhost"), timeout=timeout)


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (raw.close_at_once, PeerClosed("eof")),
        (raw.close_after_hello, PeerClosed("eof")),
        (raw.reset_at_once, PeerClosed("reset")),
        (raw.reset_after_hello, PeerClosed("reset")),
        (raw.alert(40), AlertReceived(40, 2, 0x0303)),
        (raw.alert(112, level=1), AlertReceived(112, 1)),
        (raw.banner(raw.SSH), NotTls(raw.SSH, "ssh")),
        (raw.banner(raw.SMTP), NotTls(raw.SMTP, "smtp")),
        (raw.banner(raw.FTP), NotTls(raw.FTP, "ftp")),
        (raw.say(b"HTTP/1.1 400 Bad Request\r\n\r\n"), NotTls(b"HTTP/1.1 400 Bad Request\r\n\r\n", "http")),
        (raw.say(b"HTTP/1.1"), NotTls(b"HTTP/1.1", "http")),
    ],
)
def test_every_way_to_refuse_has_its_answer(behaviour: raw.Behaviour, expected: HelloAnswer) -> None:
    """End, reset, alert and other protocols are told apart."""
    assert asked(behaviour) == expected


SLOW_RECORD = b"\x16\x03\x03\x00\x50" + bytes(80)
ENDLESS = {
    "message": raw.HUGE_CERTIFICATE,
    "empty records": b"\x16\x03\x03\x00\x00" * 3000,
    "text": b"x" * 65536,
    "warnings": b"\x15\x03\x03\x00\x02\x01\x5a" * 99,
}


@pytest.mark.parametrize("behaviour", [raw.silent, raw.drip(SLOW_RECORD), raw.banner(raw.MYSQL)])
def test_silence_and_slowness_end_in_time(behaviour: raw.Behaviour) -> None:
    """Neither silence nor a byte now and then holds a probe beyond its timeout."""
    started = time.monotonic()
    answer = asked(behaviour, timeout=0.4)
    assert time.monotonic() - started < 1.5
    assert isinstance(answer, PeerClosed | NotTls)
    if isinstance(answer, PeerClosed):
        assert answer.how == "timeout"


@pytest.mark.parametrize("block", ENDLESS.values(), ids=ENDLESS)
def test_endless_answers_are_cut(block: bytes) -> None:
    """A peer that never stops sending is left early."""
    started = time.monotonic()
    answer = asked(raw.endless(block), timeout=5)
    assert isinstance(answer, NotTls)
    assert len(answer.data) <= 512
    assert time.monotonic() - started < 4


def test_connection_refused() -> None:
    """Nobody listens: the operating system's words are kept, and no version is said to be refused."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    answer = probe_hello(here(port), usual_hello())
    assert isinstance(answer, ConnectFailed)
    assert answer.how == "refused"
    found = survey(here(port), None)
    assert {entry.accepted for entry in found.by_version} == {None}
    assert len(found.inconclusive) == 5


def test_name_that_does_not_resolve() -> None:
    """A name without an address costs no connection."""
    found = survey(Route("nobody.invalid", 443), None)
    answer = found.by_version[0].answer
    assert isinstance(answer, ConnectFailed)
    assert answer.how == "resolution"
    assert found.connections == 0


@pytest.mark.parametrize("behaviour", [raw.close_after_hello, raw.reset_after_hello, raw.silent, raw.banner(raw.SSH)])
def test_no_version_is_refused_by_a_peer_that_never_spoke_tls(behaviour: raw.Behaviour) -> None:
    """Closing and silence are no verdict on a version while no other version was answered."""
    with raw.RawServer(behaviour) as server:
        found = survey(here(server.port), "localhost", timeout=0.4)
    assert {entry.accepted for entry in found.by_version} == {None}
    assert not any(entry.complete for entry in found.by_version)
    assert len(found.inconclusive) == 5


def test_a_refusal_by_closing_counts_beside_an_accepted_version(rsa_leaf: Identity) -> None:
    """Some servers close instead of sending an alert: with TLS 1.2 accepted, that refuses the other versions."""
    with TlsServer(rsa_leaf, versions=("1.2", "1.2")) as server:

        def choosy(connection: socket.socket) -> None:
            hello = raw.read_record(connection)
            if b"\x00\x2b" in hello or hello[9:11] != b"\x03\x03":
                return
            with socket.create_connection(("127.0.0.1", server.port)) as upstream:
                upstream.sendall(hello)
                data = upstream.recv(65536)
                # Alerts of the real server are swallowed, too.
                if data[:1] == b"\x16":
                    connection.sendall(data)
                    raw.drain(connection)

        with raw.RawServer(choosy) as front:
            found = survey(here(front.port), "localhost")
        straight = survey(here(server.port), "localhost")
    assert found.versions == straight.versions == (0x0303,)
    assert set(found.suites(0x0303)) == set(straight.suites(0x0303))
    assert found.by_version[0].accepted is False


def test_limit_of_connections(rsa_leaf: Identity) -> None:
    """The limit holds exactly, and what it kept from being learned is said."""
    with TlsServer(rsa_leaf) as server:
        found = survey(here(server.port), "localhost", connections_limit=12)
        assert server.connections == 12
    assert found.connections == 12
    assert not found.by_version[3].complete
    assert any("limit of 12 connections" in reason for reason in found.inconclusive)


def test_deadline() -> None:
    """The deadline holds for everything together, and is no verdict on the server."""
    with raw.RawServer(raw.silent) as server:
        started = time.monotonic()
        found = survey(here(server.port), "localhost", deadline=0.3, timeout=5)
        assert time.monotonic() - started < 1.5
    assert isinstance(found.by_version[0].answer, Abandoned)
    assert {entry.accepted for entry in found.by_version} == {None}


def test_banner(rsa_leaf: Identity) -> None:
    """A silent client is greeted by SSH and not by TLS; nothing is sent either way."""
    with raw.RawServer(raw.banner(raw.SSH)) as server:
        assert read_banner(here(server.port)) == NotTls(raw.SSH, "ssh")
    with TlsServer(rsa_leaf) as server:
        assert read_banner(here(server.port), timeout=0.3) == PeerClosed("timeout")


def test_only_a_hello_and_a_goodbye_leave() -> None:
    """A recording server sees one ClientHello record and at most one alert: no key exchange, no data."""
    seen: list[bytes] = []
    flight = bytes.fromhex("16030300" + "2a" + "02000026" + "0303" + "00" * 32 + "00" + "002f" + "00")
    done = bytes.fromhex("16030300040e000000")

    def record(connection: socket.socket) -> None:
        hello = raw.read_record(connection)
        connection.sendall(flight + done)
        rest = b""
        while data := connection.recv(65536):
            rest += data
        seen.extend((hello, rest))

    with raw.RawServer(record) as server:
        answer = probe_hello(here(server.port), usual_hello("localhost"))
        time.sleep(0.1)
    assert isinstance(answer, ServerFlight)
    hello, rest = seen
    assert hello[0] == 22
    assert hello[5] == 1
    assert rest == b"\x15\x03\x01\x00\x02\x01\x00"
