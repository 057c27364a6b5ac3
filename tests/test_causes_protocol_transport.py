"""Peers that speak no TLS, hang up or say nothing, and what lies between."""

from __future__ import annotations

import gc
import threading
import time
from typing import TYPE_CHECKING

import pytest
import requests
from support import pki, raw
from support.asking import WAYS, failed, failed_with, primary
from support.relays import DropsLargeHello, Proxy
from support.tls import TlsServer
from support.trip import get, python, remedy
from urllib3.util.ssl_ import create_urllib3_context

import sslwhy
from sslwhy.demo.soap_service import SoapService
from sslwhy.facts.tls.alerts import ALERTS


if TYPE_CHECKING:
    from sslwhy.demo.pki import Identity

HTTP = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
SHORT = 0.5
SMALL = 400


# not-tls


@pytest.mark.scenario("not-tls")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("behaviour", "spoken"),
    [
        (raw.say(HTTP), "plain HTTP"),
        (raw.banner(raw.SSH), "SSH"),
        (raw.banner(raw.SMTP), "SMTP"),
        (raw.banner(raw.FTP), "FTP"),
        (raw.banner(raw.IMAP), "IMAP"),
        (raw.banner(raw.POP3), "POP3"),
        (raw.say(b"\0\1garbage\r\n" * 20), "no TLS"),
    ],
    ids=["http", "ssh", "smtp", "ftp", "imap", "pop3", "garbage"],
)
def test_what_the_peer_speaks_is_named(way: str, behaviour: raw.Behaviour, spoken: str, ca_file: str) -> None:
    """OpenSSL's WRONG_VERSION_NUMBER becomes the protocol that is really spoken."""
    with raw.RawServer(behaviour) as server:
        report = failed(server.url, way, verify=ca_file)
    assert primary(report) == "not-tls confirmed server"
    assert report.primary
    assert f"speaks {spoken}" in report.primary.headline


def test_a_hostile_greeting_is_escaped(ca_file: str) -> None:
    """What the peer sent is shown without control characters and without end."""
    with raw.RawServer(raw.banner(b"220 \x1b[31mred\x00\r\n" + b"A" * 400 + b"\r\n")) as server:
        report = failed(server.url, verify=ca_file)
    assert report.primary
    assert report.code == "not-tls"
    assert "\x1b" not in str(report)
    assert "A" * 100 not in str(report)


def test_an_answer_out_of_turn_is_not_called_proven(leaf: Identity, ca_file: str) -> None:
    """Where the second try meets TLS, something on the way may have spoken once; the report says so."""
    with TlsServer(leaf) as server, _First(raw.say(HTTP), server) as front:
        report = failed(front.url, verify=ca_file)
    assert primary(report) == "not-tls likely server"


class _First(DropsLargeHello):
    """Treats its first connection in one way and carries the others to the backend."""

    def __init__(self, behaviour: raw.Behaviour, backend: TlsServer) -> None:
        super().__init__(backend, 1 << 16)
        self._behaviour = behaviour

    def serve(self, connection: object) -> None:
        """Behave once, then relay."""
        if self.connections == 1:
            self._behaviour(connection)  # type: ignore[arg-type]
        else:
            super().serve(connection)  # type: ignore[arg-type]


# plain-http-to-tls-port


@pytest.mark.scenario("plain-http-to-tls-port")
def test_http_in_the_url_of_a_tls_port(leaf: Identity) -> None:
    """One ClientHello shows that the port speaks TLS; the remedy is the https URL."""
    with TlsServer(leaf) as server:
        report = failed(f"http://localhost:{server.port}/path")
        assert primary(report) == "plain-http-to-tls-port confirmed client"
        assert report.connections == 1
        assert report.primary
        assert f"https://localhost:{server.port}/path" in report.primary.remedies[0].text


# handshake-closed, connection-reset, handshake-timeout


@pytest.mark.scenario("handshake-closed")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("behaviour", [raw.close_at_once, raw.close_after_hello, raw.alert(0, level=1)])
def test_a_server_that_hangs_up(way: str, behaviour: raw.Behaviour, ca_file: str) -> None:
    """A close without a word is told as such, with who may have done it."""
    with raw.RawServer(behaviour) as server:
        report = failed(server.url, way, verify=ca_file)
    assert report.code == "handshake-closed"
    assert report.primary
    assert report.primary.alternatives


@pytest.mark.scenario("connection-reset")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("behaviour", [raw.reset_at_once, raw.reset_after_hello])
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # CPython leaks a socket reset this early
def test_a_server_that_resets(way: str, behaviour: raw.Behaviour, ca_file: str) -> None:
    """A reset in the handshake is the network's until proven otherwise."""
    with raw.RawServer(behaviour) as server:
        report = failed(server.url, way, verify=ca_file)
    gc.collect()
    assert primary(report) == "connection-reset likely network"


@pytest.mark.parametrize("end", [raw.close_after_hello, raw.reset_after_hello])
def test_a_silent_end_that_means_no_shared_cipher(end: raw.Behaviour, rsa_leaf: Identity, ca_file: str) -> None:
    """Where the probes show what is accepted, the end of the connection is only the symptom."""
    with TlsServer(rsa_leaf, versions=("1.2", "1.2"), ciphers="AES128-SHA") as server, _Rude(end, server) as front:
        report = failed(front.url, verify=ca_file)
    assert report.code == "no-shared-cipher"
    assert [each.code for each in report.findings] == ["no-shared-cipher"]


class _Rude(DropsLargeHello):
    """Passes a ClientHello on only if it offers TLS_RSA_WITH_AES_128_CBC_SHA; ends the others without an alert."""

    def __init__(self, end: raw.Behaviour, backend: TlsServer) -> None:
        super().__init__(backend, 1 << 16)
        self._end = end

    def serve(self, connection: object) -> None:
        """Look into the ClientHello without taking it off the connection."""
        import socket

        assert isinstance(connection, socket.socket)
        seen = connection.recv(4096, socket.MSG_PEEK)
        if b"\x00\x2f" in seen[44:]:
            super().serve(connection)
        else:
            self._end(connection)


@pytest.mark.scenario("handshake-timeout")
@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_says_nothing(way: str, ca_file: str) -> None:
    """A timeout in the handshake is told from a slow answer; every probe met silence, too."""
    with raw.RawServer(raw.silent) as server:
        report = failed(server.url, way, verify=ca_file, timeout=SHORT)
    assert primary(report) == "handshake-timeout confirmed server"
    assert report.primary
    assert "met silence" in report.primary.actual


def test_a_slow_answer_is_left_alone(leaf: Identity, ca_file: str) -> None:
    """After the handshake a timeout is the service's business: the exception stays as it was."""
    release = threading.Event()
    with TlsServer(leaf, talk=lambda _: _wait(release)) as server, sslwhy.Session() as session:
        with pytest.raises(requests.exceptions.ReadTimeout) as caught:
            session.get(server.url, verify=ca_file, timeout=SHORT)
        release.set()
    assert not isinstance(caught.value, sslwhy.DiagnosedError)


def _wait(release: threading.Event) -> None:
    release.wait(5)


def test_zeep_without_a_timeout_would_have_hung(leaf: Identity, ca_file: str) -> None:
    """Only where an operation of zeep timed out does the remedy speak of operation_timeout."""
    with TlsServer(leaf, application=SoapService()) as healthy, raw.RawServer(raw.silent) as silent:
        session = sslwhy.Session()
        session.verify = ca_file
        transport = sslwhy.Transport(session=session, operation_timeout=SHORT)
        client = sslwhy.Client(f"{healthy.url}/service?wsdl", transport=transport)
        binding = next(iter(client.wsdl.bindings))
        with pytest.raises(sslwhy.DiagnosedError) as caught:
            client.create_service(binding, silent.url).Ping()
        session.close()
    assert caught.value.code == "handshake-timeout"
    assert any("operation_timeout" in each.text for each in caught.value.remedies)


def test_silence_behind_a_proxy_accuses_nobody(leaf: Identity, ca_file: str) -> None:
    """A tunnel that carries nothing may be the proxy's fault: the finding names both and proves neither."""
    with TlsServer(leaf) as server, Proxy(stall="tunnel") as proxy:
        report = failed(server.url, verify=ca_file, proxies={"https": proxy.url}, timeout=SHORT)
    assert primary(report) == "handshake-timeout likely network"
    assert report.primary
    assert any(f"proxy localhost:{proxy.port}" in each for each in report.primary.alternatives)
    assert report.primary.remedies[0].actor == "proxy operator"
    assert server.connections == 0


# large-client-hello-dropped


@pytest.mark.scenario("large-client-hello-dropped")
@pytest.mark.parametrize("way", WAYS)
def test_a_middlebox_that_drops_a_large_hello(way: str, leaf: Identity, ca_file: str) -> None:
    """A small ClientHello passes, and padded to this client's size it does not; the smaller offer gets through."""
    with TlsServer(leaf) as server, DropsLargeHello(server, SMALL) as middlebox:
        report = failed(middlebox.url, way, verify=ca_file, timeout=1)
        assert primary(report) == "large-client-hello-dropped confirmed network"
        assert report.primary
        python(str(remedy(report.primary, snippet=True).snippet) + get(middlebox.url))


def test_what_else_is_wrong_behind_it(issuing: pki.Authority, ca_file: str) -> None:
    """Who lets the ClientHello pass would meet the next fault: the chain that a small one was shown is judged, too."""
    expired = issuing.issue("localhost", dns=["localhost"], not_after=-pki.DAY)
    with TlsServer(expired) as server, DropsLargeHello(server, SMALL) as middlebox:
        report = failed(middlebox.url, verify=ca_file, timeout=1)
    assert [each.code for each in report.findings] == ["large-client-hello-dropped", "certificate-expired"]
    assert [link.role for link in report.chain] == ["end-entity", "intermediate", "trust anchor"]


def test_a_hello_of_more_than_one_packet(leaf: Identity, ca_file: str) -> None:
    """A ClientHello that a long ALPN list swells past one packet is told from a silent server."""
    context = create_urllib3_context()
    context.set_alpn_protocols([*(f"protocol-{number:03}" for number in range(120)), "http/1.1"])
    with TlsServer(leaf) as server, DropsLargeHello(server) as middlebox:
        report = failed_with(context, middlebox.url, verify=ca_file, timeout=1)
    assert report.code == "large-client-hello-dropped"
    assert report.primary
    assert int(report.primary.headline.split()[3]) > 1400


# hostile peers


@pytest.mark.parametrize(
    "behaviour",
    [
        raw.endless(raw.HUGE_CERTIFICATE),
        raw.drip(b"\x16\x03\x03\x40\x00" + b"\x02" * 4000),
        raw.say(b"\x16\x03\x01\xff\xff"),
    ],
    ids=["endless", "drip", "absurd"],
)
def test_a_hostile_peer_cannot_hold_the_diagnosis_up(behaviour: raw.Behaviour, ca_file: str) -> None:
    """Whatever the peer sends, and however slowly, the exception leaves within the deadline."""
    policy = sslwhy.Policy(deadline=1.5)
    with raw.RawServer(behaviour) as server, sslwhy.Session(diagnosis=policy) as session:
        with pytest.raises(OSError):  # noqa: PT012 - the clock starts where the failing call does
            began = time.monotonic()
            session.get(server.url, verify=ca_file, timeout=SHORT)
        assert time.monotonic() - began < SHORT + policy.deadline + 1.5


def test_a_certificate_of_ten_thousand_names(root: pki.Authority, ca_file: str) -> None:
    """A Certificate message over OpenSSL's limit is measured, though the failing handshake never took it in."""
    names = [f"host-{number}.example" for number in range(10_000)]
    with TlsServer(root.issue("localhost", dns=["localhost", *names])) as server:
        report = failed(server.url, verify=ca_file)
    assert primary(report) == "chain-too-long confirmed server"
    assert report.primary
    assert "1 certificates of" in report.primary.actual


# every alert

NAMED = {
    70: "protocol-version-mismatch",
    86: "protocol-version-mismatch",
    112: "unrecognized-server-name",
    116: "client-certificate-required",
    120: "alpn-mismatch",
}
"""Alerts that name their cause. The others, sent in answer to any ClientHello whatever, prove nothing."""


@pytest.mark.scenario("unclassified")
@pytest.mark.parametrize("way", WAYS)
def test_a_refusal_of_everything_is_not_explained(way: str, ca_file: str) -> None:
    """A server that refuses each ClientHello as its own internal error gives no cause away, and none is claimed."""
    with raw.RawServer(raw.alert(80)) as server:
        report = failed(server.url, way, verify=ca_file)
    assert primary(report) == "unclassified possible server"
    assert [each.code for each in report.findings] == ["unclassified"]


def test_no_alert_is_missing() -> None:
    """All alerts of the registry, the retired ones as well, are known: the parameters below are complete."""
    assert len(ALERTS) == 34


@pytest.mark.parametrize("number", [each for each in ALERTS if each], ids=ALERTS.get)
def test_every_alert_has_a_code_or_an_honest_unclassified(number: int, ca_file: str) -> None:
    """The alert's number reaches the report, and no cause is claimed that the probes contradict."""
    with raw.RawServer(raw.alert(number)) as server:
        report = failed(server.url, verify=ca_file)
    assert report.observed.alert == number
    assert report.code == NAMED.get(number, "unclassified")
