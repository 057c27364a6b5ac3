"""The prober against real servers of several makes: versions, suites, groups, schemes, and what they send
along."""

from __future__ import annotations

import ssl
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from support import legacy
from support.isolation import needs
from support.nginx import Nginx
from support.pki import Authority
from support.programs import GnutlsServer, OpensslServer
from support.relays import DropsLargeHello, Proxy
from support.tls import TlsServer

from sslwhy.evidence.prober.questions import (
    accepted_groups,
    accepted_signature_schemes,
    large_hello,
    probe_hello,
    probe_hellos,
    small_hello,
    usual_hello,
)
from sslwhy.evidence.prober.route import Route, open_tcp
from sslwhy.evidence.prober.survey import survey
from sslwhy.facts.peer import AlertReceived, PeerClosed, ServerFlight, TunnelRefused
from sslwhy.facts.tls.names import group_name, signature_scheme_name
from sslwhy.facts.tls.suites import suite_named, suites


if TYPE_CHECKING:
    from pathlib import Path

    from sslwhy.demo.pki import Identity
    from sslwhy.facts.peer import PeerSurvey

SSL3, TLS10, TLS11, TLS12, TLS13 = range(0x0300, 0x0305)


def here(port: int) -> Route:
    return Route("127.0.0.1", port)


def names(found: PeerSurvey, version: int) -> set[str | None]:
    return {suites()[code].openssl for code in found.suites(version)}


@needs("nginx")
def test_nginx_with_default_suites(rsa_leaf: Identity) -> None:
    """The 27 + 3 suites of nginx and OpenSSL 3.0, over few connections in few rounds."""
    with Nginx(rsa_leaf) as server:
        found = survey(here(server.port), "localhost")
        assert found.connections == server.connections
    assert found.versions == (TLS12, TLS13)
    assert len(found.suites(TLS12)) >= 20
    assert len(found.suites(TLS13)) == 3
    assert [entry.order for entry in found.by_version[3:]] == ["client", "client"]
    assert found.secure_renegotiation is True
    assert found.chain == tuple(rsa_leaf.chain())
    assert found.inconclusive == ()
    least = len(found.suites(TLS12)) + 1 + len(found.suites(TLS13)) + 1 + 3
    assert least <= found.connections <= min(62, least + 12)
    assert found.rounds <= 7


@needs("nginx")
def test_exact_suites_and_the_server_s_order(rsa_leaf: Identity) -> None:
    """Exactly the configured suites are found, in the server's order as far as it was contested."""
    order = (
        "AES256-SHA256:CAMELLIA128-SHA:ECDHE-ARIA128-GCM-SHA256:AES128-SHA:ECDHE-RSA-AES128-SHA:AES128-CCM:"
        "AES256-GCM-SHA384:ECDHE-RSA-AES256-SHA384:AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"
    )
    preferring = ["ssl_prefer_server_ciphers on;"]
    with Nginx(rsa_leaf, protocols="TLSv1.2", ciphers=f"{order}:@SECLEVEL=0", directives=preferring) as server:
        found = survey(here(server.port), "localhost")
    entry = found.by_version[3]
    assert entry.order == "server"
    assert names(found, TLS12) == set(order.split(":"))
    assert entry.complete


def test_old_versions(rsa_leaf: Identity) -> None:
    """TLS 1.0 alone is found, and newer hellos that it answers with TLS 1.0 do not count for their versions."""
    with TlsServer(rsa_leaf, versions=("1.0", "1.0"), ciphers="ALL") as server:
        found = survey(here(server.port), "localhost")
        assert server.application_bytes == 0
        assert server.handshakes == []
    assert found.versions == (TLS10,)
    assert [entry.accepted for entry in found.by_version] == [False, True, False, False, False]
    assert found.suites(TLS12) == ()


def test_sslv3_and_rc4(rsa_leaf: Identity) -> None:
    """What OpenSSL no longer speaks is still spoken by the codec."""
    with legacy.OldServer(rsa_leaf, ciphers=["rc4"]) as server:
        found = survey(here(server.port), "localhost")
    assert found.versions == (SSL3,)
    assert {"RC4-SHA", "RC4-MD5"} <= names(found, SSL3)


def test_strict_tls13(rsa_leaf: Identity) -> None:
    """tlslite-ng refuses TLS 1.3 hellos that bend the rules: ours do not."""
    with legacy.OldServer(rsa_leaf, versions=("1.2", "1.3")) as server:
        found = survey(here(server.port), "localhost", versions=(TLS13,))
        groups = accepted_groups(here(server.port), "localhost")
    assert found.versions == (TLS13,)
    assert {"x25519", "secp256r1", "ffdhe2048"} <= set(map(group_name, groups))


@needs("gnutls-serv")
def test_gnutls(rsa_leaf: Identity, root: Authority) -> None:
    """GnuTLS's CCM suites and its demand for a client certificate are seen."""
    priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3"
    with GnutlsServer(rsa_leaf, priority=priority, clients=[root]) as server:
        found = survey(here(server.port), "localhost")
    assert found.versions == (TLS12, TLS13)
    assert "TLS_AES_128_CCM_SHA256" in names(found, TLS13)
    assert found.certificate_request is not None


@needs("openssl")
def test_anonymous_and_null_suites(rsa_leaf: Identity) -> None:
    """A server without a certificate in use still has its suites found."""
    options = ("-nocert", "-cipher", "ADH:AECDH:@SECLEVEL=0", "-tls1_2")
    with OpensslServer(rsa_leaf, *options) as server:
        found = survey(here(server.port), "localhost")
    chosen = [suites()[code] for code in found.suites(TLS12)]
    assert chosen
    assert all(suite.anonymous for suite in chosen)
    assert found.chain == ()


@needs("nginx")
def test_both_certificates_of_a_server(tmp_path: Path, rsa_leaf: Identity, leaf: Identity) -> None:
    """RSA and ECDSA suites side by side."""
    second = leaf.write(tmp_path)
    directives = [f"ssl_certificate {second.chain}; ssl_certificate_key {second.key};"]
    with Nginx(rsa_leaf, protocols="TLSv1.2", directives=directives) as server:
        found = survey(here(server.port), "localhost")
    kinds = {suites()[code].key_exchange for code in found.suites(TLS12)}
    assert {"ECDHE_RSA", "ECDHE_ECDSA", "RSA"} <= kinds


def test_size_of_the_diffie_hellman_prime(rsa_leaf: Identity, dh_1024: str) -> None:
    """The prime is measured in the plain text of TLS 1.2, and not hidden by offering the groups of RFC 7919."""
    with TlsServer(rsa_leaf, versions=("1.2", "1.2"), ciphers="DHE", dh_params=dh_1024) as server:
        assert survey(here(server.port), "localhost").dh_bits == 1024
    short = (2, (1 << 511) + 111)
    with legacy.OldServer(rsa_leaf, versions=("1.2", "1.2"), key_exchanges=["dhe_rsa"], dh_params=short) as old:
        assert survey(here(old.port), "localhost", versions=(TLS12,)).dh_bits == 512


@needs("nginx")
def test_names_of_acceptable_authorities(rsa_leaf: Identity, root: Authority) -> None:
    """The CertificateRequest's CA names are read as RFC 4514 text."""
    with Nginx(rsa_leaf, protocols="TLSv1.2", clients=[root]) as server:
        found = survey(here(server.port), "localhost")
    assert found.certificate_request
    assert found.certificate_request.authority_names == ("CN=Test Root",)
    assert found.certificate_request.authorities == (root.certificate.subject.public_bytes(),)


def test_one_group_only(leaf: Identity) -> None:
    """A server that agrees to one group says so, in both versions."""
    with TlsServer(leaf, curve="secp384r1", versions=("1.3", "1.3")) as server:
        assert list(map(group_name, accepted_groups(here(server.port)))) == ["secp384r1"]
    with TlsServer(leaf, curve="prime256v1", versions=("1.2", "1.2")) as server:
        assert list(map(group_name, accepted_groups(here(server.port), version=TLS12))) == ["secp256r1"]


def test_signature_schemes_follow_the_key(leaf: Identity, rsa_leaf: Identity) -> None:
    """A P-256 key signs with one scheme in TLS 1.3; an RSA key with the PSS ones, and PKCS #1 in TLS 1.2."""
    with TlsServer(leaf) as server:
        found = accepted_signature_schemes(here(server.port), version=TLS13)
    assert list(map(signature_scheme_name, found)) == ["ecdsa_secp256r1_sha256"]
    with TlsServer(rsa_leaf) as server:
        modern = set(map(signature_scheme_name, accepted_signature_schemes(here(server.port), version=TLS13)))
        classic = set(map(signature_scheme_name, accepted_signature_schemes(here(server.port))))
    assert modern == {"rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512"}
    assert modern | {"rsa_pkcs1_sha256"} <= classic


def test_with_and_without_sni(rsa_leaf: Identity) -> None:
    """The same question with and without a name shows that the name decides."""
    refuse = ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
    with TlsServer(rsa_leaf, refuse_name=lambda name: refuse if name != "a.example" else None) as server:
        hellos = {"good": usual_hello("a.example"), "bad": usual_hello("b.example"), "none": usual_hello()}
        answers = probe_hellos(here(server.port), hellos)
    assert isinstance(answers["good"], ServerFlight)
    assert answers["bad"] == AlertReceived(112, 2, 0x0303)
    assert answers["none"] == AlertReceived(112, 2, 0x0303)


def test_large_hello_swallowed_on_the_way(rsa_leaf: Identity) -> None:
    """A middlebox that drops large ClientHellos answers the small one and is silent on the large one."""
    with TlsServer(rsa_leaf) as server, DropsLargeHello(server) as box:
        hellos = {"small": small_hello("localhost"), "large": large_hello("localhost")}
        answers = probe_hellos(here(box.port), hellos, timeout=0.5)
        direct = probe_hello(here(server.port), large_hello("localhost"))
    assert isinstance(answers["small"], ServerFlight)
    assert answers["large"] == PeerClosed("timeout")
    assert isinstance(direct, ServerFlight)


def test_legacy_renegotiation_is_seen(rsa_leaf: Identity) -> None:
    """A hello that does not signal RFC 5746 gets no answer to it; one that does, does."""
    with TlsServer(rsa_leaf, versions=("1.2", "1.2")) as server:
        plain = replace(usual_hello(), renegotiation_info=False, version=TLS12)
        without = probe_hello(here(server.port), plain)
        signalled = probe_hello(here(server.port), replace(plain, renegotiation_info=True))
    assert isinstance(without, ServerFlight)
    assert isinstance(signalled, ServerFlight)
    assert not without.secure_renegotiation
    assert signalled.secure_renegotiation


def test_through_a_proxy(rsa_leaf: Identity) -> None:
    """Every connection asks the proxy for a tunnel, sends no credentials, and learns the same."""
    with TlsServer(rsa_leaf) as server, Proxy(routes={"origin.example:443": server.port}) as proxy:
        route = Route.through_http_proxy("127.0.0.1", proxy.port, "origin.example", 443)
        found = survey(route, "localhost")
        straight = survey(here(server.port), "localhost")
        assert set(proxy.tunnels) == {"origin.example:443"}
        assert not any(b"authorization" in head.lower() for head in proxy.heads)
    assert [entry.suites for entry in found.by_version] == [entry.suites for entry in straight.by_version]
    assert found.connections == straight.connections


def test_proxy_that_refuses(rsa_leaf: Identity) -> None:
    """407 and 403 are the proxy's answers, not the server's."""
    with Proxy(credentials="user:secret") as proxy:
        route = Route.through_http_proxy("127.0.0.1", proxy.port, "::1", 443)
        answer = probe_hello(route, usual_hello())
        assert b"CONNECT [::1]:443 " in proxy.heads[0]
    assert isinstance(answer, TunnelRefused)
    assert answer.status == 407
    with Proxy(stall="connect") as proxy:
        route = Route.through_http_proxy("127.0.0.1", proxy.port, "origin.example", 443)
        assert probe_hello(route, usual_hello(), timeout=0.3) == TunnelRefused(None)


def test_somebody_else_opens_the_connections(rsa_leaf: Identity) -> None:
    """An opener replaces connecting; its failure is the answer's."""
    with TlsServer(rsa_leaf) as server:
        port = server.port
        route = Route("unused.example", 1, opener=lambda timeout: open_tcp(("127.0.0.1", port), timeout))
        found = survey(route, "localhost")
        assert found.connections == server.connections
    assert found.versions == (TLS12, TLS13)
    assert not survey(route, "localhost").versions


def test_versions_alone_cost_one_connection_each(rsa_leaf: Identity) -> None:
    """Without the suites, one round of five connections is enough; the suites are then marked incomplete."""
    with TlsServer(rsa_leaf) as server:
        found = survey(here(server.port), "localhost", all_suites=False)
    assert found.versions == (TLS12, TLS13)
    assert (found.connections, found.rounds) == (5, 1)
    assert [entry.complete for entry in found.by_version] == [True, True, True, False, False]


def test_names_lead_both_ways() -> None:
    """OpenSSL's and IANA's names lead to the same suite; other names to none."""
    suite = suite_named("ECDHE-RSA-AES128-GCM-SHA256")
    assert suite is suite_named("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")
    assert suite_named("DEFAULT") is None


@pytest.mark.parametrize("name", ["ä" * 300, "x" * 70000])
def test_impossible_names_are_refused_before_anything_is_opened(name: str) -> None:
    """A name that no SNI can carry is a ValueError, without a connection."""
    with TlsServer(Authority.root().issue("x")) as server:
        with pytest.raises(ValueError, match=r".+"):
            survey(here(server.port), name)
        assert server.connections == 0
