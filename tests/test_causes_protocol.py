"""Client and server have something not in common: real servers, real calls, and the printed remedies carried out."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
from support import legacy, raw
from support.asking import WAYS, failed, failed_with, primary
from support.isolation import needs
from support.programs import GnutlsServer, OpensslServer
from support.relays import Balancer, Filter
from support.tls import TlsServer
from support.trip import get, python, remedy
from urllib3.util.ssl_ import create_urllib3_context

import sslwhy


if TYPE_CHECKING:
    from sslwhy.demo.pki import Identity

# protocol-version-mismatch


@pytest.mark.scenario("protocol-version-mismatch")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_an_old_server_is_told_from_an_old_client(way: str, version: str, leaf: Identity, ca_file: str) -> None:
    """A server of TLS 1.0 or 1.1 only is called the old side, and the mounted context reaches it, verified."""
    with TlsServer(leaf, versions=(version, version)) as server:
        report = failed(server.url, way, verify=ca_file)
        assert primary(report) == "protocol-version-mismatch confirmed server"
        assert report.primary
        assert f"the server accepts TLS {version}" in report.primary.actual
        assert "TLS 1.2, TLS 1.3" in report.primary.expected
        assert report.primary.remedies[0].actor == "server operator"
        assert server.application_bytes == 0
        python(str(remedy(report.primary, snippet=True).snippet) + get(server.url))


@pytest.mark.parametrize("versions", [("ssl3", "ssl3"), ("ssl3", "1.0")])
def test_an_ssl3_server_is_seen(versions: tuple[str, str], rsa_leaf: Identity, ca_file: str) -> None:
    """What a server of 1996 speaks is learned with a ClientHello of 1996; nobody offers to speak SSLv3."""
    with legacy.OldServer(rsa_leaf, versions=versions) as server:
        report = failed(server.url, verify=ca_file)
    assert primary(report) == "protocol-version-mismatch confirmed server"
    assert report.primary
    assert "SSLv3" in report.primary.actual
    assert "TLSv1_2" not in str(report.primary.remedies)


def test_a_client_that_is_too_old_is_told_so(leaf: Identity, ca_file: str) -> None:
    """A context that stops at TLS 1.2 meets a server of TLS 1.3 only: the fault is the client's."""
    context = create_urllib3_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with TlsServer(leaf, versions=("1.3", "1.3")) as server:
        report = failed_with(context, server.url, verify=ca_file)
    assert primary(report) == "protocol-version-mismatch confirmed client"
    assert report.primary
    assert "wants TLS 1.3" in report.primary.headline


@pytest.mark.parametrize("way", WAYS)
def test_a_filter_that_cannot_bear_tls_1_3(way: str, leaf: Identity, ca_file: str) -> None:
    """A filter of the years before TLS 1.3: the versions overlap, and yet the mere offer of the newer is refused."""
    with TlsServer(leaf) as server, Filter(server, lambda own: own.versions, raw.alert(70)) as front:
        report = failed(front.url, way, verify=ca_file)
        assert primary(report) == "protocol-version-mismatch confirmed server"
        assert report.primary
        assert "refuses a ClientHello that offers TLS 1.3" in report.primary.headline
        python(str(remedy(report.primary, snippet=True).snippet) + get(front.url))


# no-shared-cipher


@pytest.mark.scenario("no-shared-cipher")
@pytest.mark.parametrize("way", WAYS)
def test_a_server_of_plain_rsa_suites(way: str, rsa_leaf: Identity, ca_file: str) -> None:
    """Both columns are there, the missing suite is the headline, and offering just that suite reaches the server."""
    with TlsServer(rsa_leaf, versions=("1.2", "1.2"), ciphers="AES128-SHA") as server:
        report = failed(server.url, way, verify=ca_file)
        assert primary(report) == "no-shared-cipher confirmed server"
        assert report.primary
        assert report.primary.headline.endswith("does not offer: AES128-SHA")
        assert "ECDHE-" in report.primary.expected
        assert "security level 2" in report.primary.expected
        python(str(remedy(report.primary, snippet=True).snippet) + get(server.url))


@pytest.mark.parametrize("turns", ["bg", "bgg", "bbg", "bggg", "bbgg"])
@pytest.mark.parametrize("versions", [("1.2", "1.3"), ("1.0", "1.2")])
def test_one_bad_server_behind_a_balancer(turns: str, versions: tuple[str, str], leaf: Identity, ca_file: str) -> None:
    """In whatever order the servers take turns: what is refused only now and then is not called proven."""
    with raw.RawServer(raw.alert(40)) as bad, TlsServer(leaf, versions=versions) as good:
        servers = {"b": bad, "g": good}
        with Balancer(*(servers[turn] for turn in turns)) as balancer:
            report = failed(balancer.url, verify=ca_file)
    assert report.code == "no-shared-cipher"
    assert report.primary
    assert report.primary.confidence == "likely"
    assert "both accepted and refused" in report.primary.actual
    assert len(report.findings) == 1


@pytest.mark.parametrize("end", [raw.close_after_hello, raw.reset_after_hello])
def test_a_bad_server_that_says_nothing(end: raw.Behaviour, leaf: Identity, ca_file: str) -> None:
    """The same where the bad server hangs up: no cause is made out of the answers of the good one."""
    with raw.RawServer(end) as bad, TlsServer(leaf) as good, Balancer(bad, bad, good) as balancer:
        report = failed(balancer.url, verify=ca_file)
    assert report.code in {"handshake-closed", "connection-reset"}
    assert report.primary
    assert report.primary.confidence == "likely"
    assert "the server answered" in report.primary.actual or "was answered" in report.primary.actual


def test_without_probes_the_bare_alert_proves_nothing(leaf: Identity, ca_file: str) -> None:
    """Where no connection may be opened the report says what else alert 40 may mean."""
    with raw.RawServer(raw.alert(40)) as server:
        report = _offline(server.url, ca_file)
    assert primary(report) == "no-shared-cipher possible server"
    assert report.primary
    assert any("client-certificate-required" in each for each in report.primary.alternatives)
    assert report.connections == 0


def _offline(url: str, ca_file: str) -> sslwhy.Report:
    offline = sslwhy.Policy(connect=False)
    with sslwhy.Session(diagnosis=offline) as session, pytest.raises(sslwhy.DiagnosedError) as caught:
        session.get(url, verify=ca_file, timeout=5)
    return caught.value.report


# no-shared-group, no-shared-signature-algorithm


@pytest.mark.scenario("no-shared-group")
@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_insists_on_brainpool(way: str, rsa_leaf: Identity, ca_file: str) -> None:
    """The group is named, and a context with that group reaches the server."""
    with TlsServer(rsa_leaf, curve="brainpoolP256r1", versions=("1.2", "1.2")) as server:
        report = failed(server.url, way, verify=ca_file)
        assert primary(report) == "no-shared-group confirmed server"
        assert report.primary
        assert "brainpoolP256r1" in report.primary.headline
        assert "x25519" in report.primary.expected
        python(str(remedy(report.primary, snippet=True).snippet) + get(server.url))


def test_a_group_of_tls_1_3(leaf: Identity, ca_file: str) -> None:
    """In TLS 1.3 the group is read from the HelloRetryRequest."""
    context = create_urllib3_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_ecdh_curve("secp521r1")
    with TlsServer(leaf, versions=("1.3", "1.3"), curve="secp384r1") as server:
        report = failed_with(context, server.url, verify=ca_file)
    assert report.code == "no-shared-group"
    assert report.primary
    assert "secp384r1" in report.primary.headline


@needs("openssl")
@pytest.mark.scenario("no-shared-signature-algorithm")
@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_signs_with_sha1(way: str, rsa_leaf: Identity, ca_file: str) -> None:
    """The scheme is read from the ServerKeyExchange, and security level 0 for this host reaches the server."""
    arguments = ("-tls1_2", "-sigalgs", "RSA+SHA1", "-cipher", "ECDHE:@SECLEVEL=0", "-www")
    with OpensslServer(rsa_leaf, *arguments) as server:
        report = failed(server.url, way, verify=ca_file)
        assert primary(report) == "no-shared-signature-algorithm confirmed server"
        assert report.primary
        assert "rsa_pkcs1_sha1" in report.primary.actual
        python(str(remedy(report.primary, snippet=True).snippet) + get(server.url))


# weak-dh-parameters, legacy-renegotiation, alpn-mismatch


@needs("openssl")
@pytest.mark.scenario("weak-dh-parameters")
@pytest.mark.parametrize("way", WAYS)
def test_a_short_prime(way: str, rsa_leaf: Identity, ca_file: str, dh_1024: str) -> None:
    """The prime's size is measured; leaving DHE out comes before lowering the level, and both reach the server."""
    with OpensslServer(
        rsa_leaf, "-tls1_2", "-dhparam", dh_1024, "-cipher", "DHE:AES128-GCM-SHA256:@SECLEVEL=0", "-serverpref", "-www"
    ) as server:
        report = failed(server.url, way, verify=ca_file)
        assert primary(report) == "weak-dh-parameters confirmed server"
        assert report.primary
        assert "1024 bits" in report.primary.headline
        snippets = [str(each.snippet) for each in report.primary.remedies if each.snippet]
        assert "!DH" in snippets[0]
        assert "SECLEVEL" in snippets[1]
        for snippet in snippets:
            python(snippet + get(server.url))


@pytest.mark.scenario("legacy-renegotiation")
@pytest.mark.parametrize("way", WAYS)
def test_a_server_without_safe_renegotiation(way: str, rsa_leaf: Identity, ca_file: str) -> None:
    """The missing extension is named, and SSL_OP_LEGACY_SERVER_CONNECT for this host lets the handshake through."""
    with legacy.OldServer(rsa_leaf, versions=("1.2", "1.2"), secure_renegotiation=False) as server:
        report = failed(server.url, way, verify=ca_file)
        assert primary(report) == "legacy-renegotiation confirmed server"
        assert report.primary
        before = server.handshakes
        python(str(remedy(report.primary, snippet=True).snippet) + _reaching(server.url))
        assert server.handshakes == before + 1


def _reaching(url: str) -> str:
    """Python that shakes hands with a server that speaks no HTTP."""
    return (
        "\nimport contextlib\n"
        "with contextlib.suppress(requests.exceptions.ConnectionError):\n"
        f"    session.get({url!r}, timeout=5)\n"
    )


@needs("gnutls-serv")
@pytest.mark.scenario("alpn-mismatch")
@pytest.mark.parametrize("way", WAYS)
def test_a_server_of_http_2_only(way: str, leaf: Identity, ca_file: str) -> None:
    """CPython has no symbol for this alert; the protocols offered are read from this client's own ClientHello."""
    with GnutlsServer(leaf, arguments=["--alpn=h2", "--alpn-fatal"]) as server:
        report = failed(server.url, way, verify=ca_file)
    assert primary(report) == "alpn-mismatch confirmed server"
    assert report.primary
    assert "http/1.1" in report.primary.headline


# unrecognized-server-name


@pytest.mark.scenario("unrecognized-server-name")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("number", [112, 80, 40])
def test_a_name_that_the_server_does_not_know(way: str, number: int, leaf: Identity, ca_file: str) -> None:
    """Whatever alert the server chooses, the same offer without SNI shows that it objects to the name."""
    with TlsServer(leaf, refuse_name=lambda name: number if name else None) as server:
        report = failed(server.url, way, verify=ca_file)
    assert primary(report) == "unrecognized-server-name confirmed server"
    assert report.primary
    assert "without SNI the server answers" in report.primary.actual


def test_an_address_in_the_url_of_a_server_that_wants_a_name(leaf: Identity, ca_file: str) -> None:
    """For an IP address no name is sent; the report says so and does not call it proven."""
    with TlsServer(leaf, refuse_name=lambda name: None if name else 80) as server:
        report = failed(f"https://127.0.0.1:{server.port}/", verify=ca_file)
    assert primary(report) == "unrecognized-server-name likely client"


def test_certificate_failures_cost_no_connection(leaf: Identity, ca_file: str, hosts: dict[str, list[str]]) -> None:
    """What this client's own verification refused is judged without asking the server anything."""
    hosts["other.example"] = ["127.0.0.1"]
    with TlsServer(leaf) as server:
        report = failed(f"https://other.example:{server.port}/", verify=ca_file)
        assert report.connections == 0
        assert server.connections == 1
