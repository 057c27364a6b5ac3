"""Failures made to be misread: what one probe seems to prove, the next one contradicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support import legacy, raw
from support.asking import WAYS, failed, primary
from support.relays import Balancer, ByName, DropsLargeHello, Filter
from support.tls import TlsServer
from support.trip import get, python, remedy

import sslwhy


if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from support import pki

    from sslwhy.demo.pki import Identity


# Several servers behind one address, and limits of one server


@pytest.mark.parametrize("turns", ["bg", "bbg", "bggg", "bbbgg"])
@pytest.mark.parametrize(
    ("number", "code"),
    [(40, "no-shared-cipher"), (70, "protocol-version-mismatch"), (112, "unrecognized-server-name")],
)
def test_one_bad_server_proves_nothing(number: int, code: str, turns: str, leaf: Identity, ca_file: str) -> None:
    """Whatever alert the bad one sends: the same offer is taken by the other, so nothing is called proven."""
    with raw.RawServer(raw.alert(number)) as bad, TlsServer(leaf) as good:
        servers = {"b": bad, "g": good}
        with Balancer(*(servers[turn] for turn in turns)) as balancer:
            report = failed(balancer.url, verify=ca_file)
    assert primary(report) == f"{code} likely server"
    assert report.primary
    assert "both accepted and refused" in report.primary.actual
    assert any("--all-addresses" in str(each.command) for each in report.primary.remedies)


def test_one_silent_server_among_several(leaf: Identity, ca_file: str) -> None:
    """A time-out that the next server does not share is told as that."""
    with raw.RawServer(raw.silent) as bad, TlsServer(leaf) as good, Balancer(bad, good) as balancer:
        report = failed(balancer.url, verify=ca_file, timeout=0.3)
    assert primary(report) == "handshake-timeout likely server"
    assert report.primary
    assert "one of several servers behind this address does not answer" in report.primary.alternatives


class _Limited(Balancer):
    """Lets so many connections through and shows the others a behaviour."""

    def __init__(self, backend: TlsServer, limit: int, end: raw.Behaviour) -> None:
        super().__init__(backend)
        self._left = limit
        self._end = end

    def serve(self, connection: socket.socket) -> None:
        """Count, and refuse what is over the limit."""
        with self._lock:
            self._left -= 1
            over = self._left < 0
        if over:
            self._end(connection)
        else:
            super().serve(connection)


Servers = dict[str, "Callable[[Identity], TlsServer]"]
REFUSING: Servers = {
    "no-shared-cipher": lambda rsa: TlsServer(rsa, versions=("1.2", "1.2"), ciphers="AES128-SHA:AES256-SHA"),
    "no-shared-group": lambda rsa: TlsServer(rsa, versions=("1.2", "1.2"), curve="brainpoolP256r1"),
    "protocol-version-mismatch": lambda rsa: TlsServer(rsa, versions=("1.0", "1.1")),
    "unrecognized-server-name": lambda rsa: TlsServer(rsa, refuse_name=lambda name: 40 if name else None),
}


@pytest.mark.parametrize("limit", [1, 4, 9, 13, 15, 18])
@pytest.mark.parametrize("end", [raw.alert(40), raw.close_after_hello, raw.reset_at_once], ids=["40", "eof", "rst"])
@pytest.mark.parametrize("code", REFUSING)
def test_a_limit_of_connections_makes_doubtful(
    code: str, end: raw.Behaviour, limit: int, rsa_leaf: Identity, ca_file: str
) -> None:
    """Where the probes themselves are refused, the verdict may be less sure, never another one that is sure."""
    with REFUSING[code](rsa_leaf) as server, _Limited(server, limit, end) as front:
        report = failed(front.url, verify=ca_file)
    assert {each.code for each in report.findings if each.confidence == "confirmed"} <= {code}


DEMANDING: Servers = {
    "1.2": lambda rsa: TlsServer(rsa, versions=("1.2", "1.2"), clients=[rsa]),
    "1.3": lambda rsa: TlsServer(rsa, clients=[rsa]),
}


@pytest.mark.parametrize("turns", ["ab", "abb", "aab"])
@pytest.mark.parametrize("other", DEMANDING)
@pytest.mark.parametrize("code", ["no-shared-cipher", "unrecognized-server-name"])
def test_the_fault_of_another_server_is_not_proven_for_this_one(
    code: str, other: str, turns: str, rsa_leaf: Identity, ca_file: str
) -> None:
    """Two servers behind one address, each with a fault of its own: only the one that the call met may be proven."""
    with REFUSING[code](rsa_leaf) as first, DEMANDING[other](rsa_leaf) as second:
        servers = {"a": first, "b": second}
        with Balancer(*(servers[turn] for turn in turns)) as balancer:
            report = failed(balancer.url, verify=ca_file)
    assert {each.code for each in report.findings if each.confidence == "confirmed"} <= {code}


# Two causes at once


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("demand", ["required", "optional"])
def test_a_demand_that_the_handshake_did_not_come_to(
    demand: str, way: str, rsa_leaf: Identity, issuing: pki.Authority, ca_file: str
) -> None:
    """No common suite ends the handshake before a certificate is asked for: the demand is mentioned, not blamed."""
    server = TlsServer(rsa_leaf, versions=("1.2", "1.2"), ciphers="AES128-SHA", clients=[issuing], client_auth=demand)
    with server:
        report = failed(server.url, way, verify=ca_file)
    assert primary(report) == "no-shared-cipher confirmed server"
    assert [(each.code, each.confidence) for each in report.findings[1:]] == [
        ("client-certificate-required", "possible")
    ]


@pytest.mark.parametrize("way", WAYS)
def test_a_filter_that_closes_on_alpn_is_not_called_a_matter_of_size(way: str, leaf: Identity, ca_file: str) -> None:
    """The small ClientHello lacks more than bytes; padded to the same size it still gets through."""
    with TlsServer(leaf) as server, Filter(server, lambda own: bool(own.alpn), raw.close_after_hello) as front:
        report = failed(front.url, way, verify=ca_file)
    assert primary(report) == "handshake-closed likely server"
    assert report.primary
    assert "no ALPN was answered" in report.primary.actual


def test_what_the_probes_met_is_printed_where_no_cause_fits(leaf: Identity, ca_file: str) -> None:
    """An honest `unclassified` hands over what was learned."""
    with TlsServer(leaf) as server, Filter(server, lambda own: bool(own.alpn), raw.alert(40)) as front:
        report = failed(front.url, verify=ca_file)
    assert report.code == "unclassified"
    assert report.primary
    assert "asked this client's offer: alert handshake_failure" in report.primary.actual
    assert "asked a small ClientHello: accepted, TLS 1.3" in report.primary.actual


@pytest.mark.parametrize("limit", [300, 450, 510])
def test_a_dropped_hello_is_no_old_version(limit: int, leaf: Identity, ca_file: str) -> None:
    """The older a version, the smaller its ClientHello: that only those arrive does not make the server old."""
    with TlsServer(leaf, versions=("1.0", "1.3")) as server, DropsLargeHello(server, limit) as front:
        report = failed(front.url, verify=ca_file, timeout=0.5)
    assert primary(report) == "large-client-hello-dropped confirmed network"


@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_answers_in_an_old_version(way: str, leaf: Identity, ca_file: str) -> None:
    """A server that never heard of newer versions sends no alert: it picks its own, and this client refuses that."""
    with legacy.FirstFlight(0x0301, [0xC013, 0xC014, 0x002F], leaf.chain()) as server:
        report = failed(f"https://localhost:{server.port}/", way, verify=ca_file)
    assert primary(report) == "protocol-version-mismatch confirmed server"
    assert report.primary
    assert "the server accepts TLS 1.0" in report.primary.actual


# Slow


@pytest.mark.parametrize("way", WAYS)
def test_a_slow_server_is_told_from_a_silent_one(way: str, leaf: Identity, ca_file: str) -> None:
    """A ServerHello after a second: too late for the call, in time for the patient probe."""
    with TlsServer(leaf) as server, Balancer(server, delay=0.5) as front:
        report = failed(front.url, way, verify=ca_file, timeout=0.4)
    assert primary(report) == "handshake-timeout likely server"
    assert report.primary
    assert "did not answer the ClientHello in time" in report.primary.headline
    assert "asked again, the server answered" in report.primary.actual
    assert any("slow" in each for each in report.primary.alternatives)
    command = remedy(report.primary, command=True).command
    assert command == f"sslwhy check --timeout 60 --verify {ca_file} localhost:{front.port}"


@pytest.mark.parametrize("way", WAYS)
def test_a_slow_refusal_is_still_understood(way: str, leaf: Identity, ca_file: str) -> None:
    """Where each answer takes its time, the probes wait for it."""
    with TlsServer(leaf, versions=("1.0", "1.0")) as server, Balancer(server, delay=0.25) as front:
        report = failed(front.url, way, verify=ca_file)
    assert primary(report) == "protocol-version-mismatch confirmed server"


def test_a_refusal_too_slow_for_the_probes_is_not_called_a_refusal_of_everything(leaf: Identity, ca_file: str) -> None:
    """Silence within the deadline is not an answer."""
    with TlsServer(leaf, versions=("1.0", "1.0")) as server, Balancer(server, delay=0.5) as front:
        policy = sslwhy.Policy(deadline=1.0)
        with sslwhy.Session(diagnosis=policy) as session, pytest.raises(sslwhy.DiagnosedError) as caught:
            session.get(front.url, verify=ca_file, timeout=5)
    report = caught.value.report
    assert primary(report) == "protocol-version-mismatch possible server"
    assert report.primary
    assert "they were not answered" in report.primary.alternatives[0]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("code", [code for code in REFUSING if code != "unrecognized-server-name"])
def test_a_site_with_a_fault_of_its_own(code: str, way: str, rsa_leaf: Identity, ca_file: str) -> None:
    """Who names no site is served by a healthy one; the site that was named is known all the same, and has a fault."""
    with REFUSING[code](rsa_leaf) as site, TlsServer(rsa_leaf) as other, ByName(site, other) as front:
        report = failed(front.url, way, verify=ca_file)
    assert report.code == code
    assert "unrecognized-server-name" not in [each.code for each in report.findings]


@pytest.mark.parametrize("way", WAYS)
def test_the_certificate_of_another_site_is_not_judged(
    way: str, leaf: Identity, root: pki.Authority, ca_file: str
) -> None:
    """What a server shows to a probe without SNI says nothing of the name that it does not know."""
    other = root.issue("other.example", dns=["other.example"])
    with TlsServer(other, versions=("1.2", "1.2"), refuse_name=lambda name: 40 if name else None) as server:
        report = failed(server.url, way, verify=ca_file)
    assert [each.code for each in report.findings] == ["unrecognized-server-name"]


# Addresses in the URL


@pytest.mark.parametrize(
    ("number", "confidence"), [(40, "possible"), (80, "likely"), (109, "likely"), (112, "confirmed")]
)
def test_no_name_is_sent_for_an_address(number: int, confidence: str, leaf: Identity, ca_file: str) -> None:
    """The report never says that SNI was sent for an address; how sure it is follows from the alert."""
    with TlsServer(leaf, refuse_name=lambda name: None if name else number) as server:
        report = failed(f"https://127.0.0.1:{server.port}/", verify=ca_file)
    assert primary(report) == f"unrecognized-server-name {confidence} client"
    assert report.primary
    assert "with SNI" not in report.primary.actual


@pytest.mark.parametrize("way", WAYS)
def test_an_ipv6_address(way: str, root: pki.Authority, ca_file: str) -> None:
    """Brackets where a URL wants them, none where a socket does; the remedy runs."""
    identity = root.issue("localhost", ips=["::1"])
    try:
        server = TlsServer(identity, versions=("1.0", "1.0"), host="::1").__enter__()
    except OSError:
        pytest.skip("this machine has no IPv6")
    try:
        report = failed(f"https://[::1]:{server.port}/", way, verify=ca_file)
        assert primary(report) == "protocol-version-mismatch confirmed server"
        assert report.primary
        assert report.primary.headline.startswith(f"[::1]:{server.port} ")
        python(str(remedy(report.primary, snippet=True).snippet) + get(f"https://[::1]:{server.port}/"))
    finally:
        server.close()
