"""Interception: real re-signing proxies and look-alikes, told apart by names, route and stores."""

from __future__ import annotations

import shlex
import ssl
import urllib.request
from typing import TYPE_CHECKING

import certifi
import pytest
import requests
from cryptography import x509
from cryptography.x509.oid import NameOID
from support import pki
from support.relays import InterceptingProxy
from support.tls import TlsServer
from support.trip import codes, diagnosed, get, python, remedy

import sslwhy
from sslwhy.causes.interception.products import PRODUCTS, UNNAMED, product_behind
from sslwhy.cli.main import run as command_line
from sslwhy.evidence.trust import system_stores
from sslwhy.evidence.trust.bundle_file import certificates_in
from sslwhy.facts.x509.certificate import Certificate


if TYPE_CHECKING:
    from pathlib import Path

ZSCALER = pki.Authority.root("Zscaler Root CA")


def through(proxy: InterceptingProxy) -> dict[str, str]:
    """requests' `proxies` for a proxy."""
    return {"https": f"http://127.0.0.1:{proxy.port}"}


def trusted_by_system(monkeypatch: pytest.MonkeyPatch, folder: Path, *anchors: pki.Identity) -> str:
    """Make these the operating system's store."""
    bundle = pki.bundle(folder / "system.pem", *anchors)
    monkeypatch.setattr(system_stores, "SYSTEM_FILES", (bundle,))
    return bundle


@pytest.mark.scenario("intercepting-proxy")
@pytest.mark.parametrize(("send_root", "verify_code"), [(True, 19), (False, 20)])
def test_a_proxy_that_signs_again(send_root: bool, verify_code: int) -> None:
    """Whether it sends its root or not, the proxy's product is named, and who is to act is not the server."""
    with InterceptingProxy(ZSCALER.intermediate("Zscaler Intermediate CA"), send_root=send_root) as proxy:
        report = diagnosed(lambda: requests.get("https://partner.example/", proxies=through(proxy)))
    assert report.observed.verify_code == verify_code
    assert report.code == "intercepting-proxy"
    assert report.primary
    assert report.primary.confidence == "confirmed"
    assert report.primary.subject == "network"
    assert report.primary.headline.startswith("Zscaler answers in place of partner.example:443")
    assert "network operator" in {each.actor for each in report.primary.remedies}
    assert not {"untrusted-root", "unknown-issuer", "missing-intermediate"} & set(codes(report))


def test_the_printed_command_makes_a_bundle_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, leaf: pki.Identity
) -> None:
    """The command names the root that was seen, and with its bundle the call through the proxy succeeds."""
    with InterceptingProxy(ZSCALER) as proxy, TlsServer(leaf) as server:
        report = diagnosed(lambda: requests.get(server.url, proxies=through(proxy)))
        monkeypatch.setenv("https_proxy", through(proxy)["https"])
        monkeypatch.chdir(tmp_path)
        _, *arguments = shlex.split(str(remedy(report.primary, command=True).command))
        assert command_line(arguments) == 0
        assert requests.get(server.url, verify="bundle.pem", timeout=10).ok


def test_the_root_is_in_the_system_store_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Antivirus on the machine, without any proxy: the system's store confirms it and is the way out."""
    antivirus = pki.Authority.root("Kaspersky Anti-Virus Personal Root Certificate")
    bundle = trusted_by_system(monkeypatch, tmp_path, antivirus)
    with TlsServer(antivirus.issue("localhost", dns=["localhost"])) as server:
        report = diagnosed(lambda: requests.get(server.url))
        assert report.code == "intercepting-proxy"
        assert report.primary
        assert "trusted-by-system-only" in codes(report)
        truststore, by_path = (each for each in report.primary.remedies if each.snippet)
        session = "\nimport requests\nsession = requests.Session()"
        python(str(truststore.snippet) + session + get(server.url), SSL_CERT_FILE=bundle)
        python(str(by_path.snippet) + get(server.url))
    assert any("exclude localhost from HTTPS scanning in Kaspersky" in each.text for each in report.primary.remedies)


@pytest.mark.parametrize(
    ("host", "names", "confidence"),
    [
        ("shop.partner.example", ["shop.partner.example"], "confirmed"),
        ("firewall.corp", ["firewall.corp"], "likely"),
        ("vpn.partner.example", ["FGT60E4Q17000000"], "likely"),
    ],
)
def test_a_products_own_pages_are_no_interception(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    hosts: dict[str, list[str]],
    host: str,
    names: list[str],
    confidence: str,
) -> None:
    """Only a public name that the certificate bears is sure to be another's: a firewall has pages of its own."""
    fortinet = pki.Authority.root("Fortinet_CA_SSL")
    trusted_by_system(monkeypatch, tmp_path, fortinet)
    hosts[host] = ["127.0.0.1"]
    with TlsServer(fortinet.issue(names[0], dns=names)) as server:
        report = diagnosed(lambda: requests.get(f"https://{host}:{server.port}/"))
    assert report.code == "intercepting-proxy"
    assert report.primary
    assert report.primary.confidence == confidence
    assert bool(report.primary.alternatives) == (confidence == "likely")


def test_a_name_alone_makes_it_likely() -> None:
    """Without a proxy in use or a trusting system the service itself may use that authority."""
    with TlsServer(pki.Authority.root("Fortinet_CA_SSL").issue("localhost", dns=["localhost"])) as server:
        report = diagnosed(lambda: requests.get(server.url))
    found = next(finding for finding in report.findings if finding.code == "intercepting-proxy")
    assert found.confidence == "likely"
    assert found.alternatives
    assert "unknown-issuer" in codes(report)


@pytest.mark.parametrize("name", ["Contoso Web Gateway CA", "pfSense-CA"])
def test_a_vague_name_needs_company(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    """Such names are also given to private authorities: alone they say nothing, in the system's store not enough."""
    authority = pki.Authority.root(name)
    with TlsServer(authority.issue("localhost", dns=["localhost"])) as server:
        assert "intercepting-proxy" not in codes(diagnosed(lambda: requests.get(server.url)))
        trusted_by_system(monkeypatch, tmp_path, authority)
        report = diagnosed(lambda: requests.get(server.url))
    found = next(finding for finding in report.findings if finding.code == "intercepting-proxy")
    assert found.confidence == "likely"
    assert "trusted-by-system-only" in codes(report)


@pytest.mark.parametrize("name", ["Acme Big Data CA", "Savastano CA", "quadr.web Hosting CA", "Goldsmitm Root"])
def test_a_part_of_another_word_is_no_product(name: str) -> None:
    """G DATA, Avast, Dr.Web and "mitm" are looked for as words."""
    assert product_behind([_named(CN=name)]) is None


def test_an_unknown_name_with_proxy_system_store_and_public_host(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A company's own name for its authority: route and store together make it likely, for a public host only."""
    company = pki.Authority.root("Contoso Root 2")
    trusted_by_system(monkeypatch, tmp_path, company)
    with InterceptingProxy(company) as proxy:
        public = diagnosed(lambda: requests.get("https://partner.example/", proxies=through(proxy)))
        internal = diagnosed(lambda: requests.get("https://wiki.corp/", proxies=through(proxy)))
    found = next(finding for finding in public.findings if finding.code == "intercepting-proxy")
    assert found.confidence == "likely"
    assert "private authority" in found.alternatives[0]
    assert "intercepting-proxy" not in codes(internal)
    assert internal.code == "trusted-by-system-only"


def test_an_unknown_name_alone_is_no_interception() -> None:
    """A private root behind a plain proxy is a private root."""
    with InterceptingProxy(pki.Authority.root("Contoso Root 2")) as proxy:
        report = diagnosed(lambda: requests.get("https://partner.example/", proxies=through(proxy)))
    assert "intercepting-proxy" not in codes(report)


def test_a_devices_own_certificate_is_not_minted() -> None:
    """The self-signed certificate of a firewall's own pages bears the product's name, but nobody signed it again."""
    own = pki.self_signed("FortiGate", dns=["localhost"])
    with TlsServer(own) as server:
        assert "intercepting-proxy" not in codes(diagnosed(lambda: requests.get(server.url)))


def test_what_a_public_authority_vouches_for_is_not_intercepted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ca_file: str
) -> None:
    """A product's name in a chain that certifi trusts is an ordinary certificate of its maker."""
    maker = pki.Authority.root("Cisco Umbrella Public Root")
    public = pki.bundle(tmp_path / "certifi.pem", maker)
    monkeypatch.setattr(certifi, "where", lambda: public)
    with TlsServer(maker.issue("localhost", dns=["localhost"])) as server:
        assert "intercepting-proxy" not in codes(diagnosed(lambda: requests.get(server.url, verify=ca_file)))


def test_a_minted_certificate_breaks_the_strict_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Python 3.13: the proxy's root is trusted, but what it mints lacks the authority key identifier."""
    trusted_by_system(monkeypatch, tmp_path, ZSCALER)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_verify_locations(cadata=ZSCALER.der)
    minted = ZSCALER.issue("localhost", dns=["localhost"], omit=["aki"])
    with TlsServer(minted) as server:
        report = diagnosed(lambda: urllib.request.urlopen(server.url, context=context))
    assert report.observed.verify_code == 85
    assert report.code == "intercepting-proxy"
    assert report.primary
    assert "RFC 5280" in report.primary.remedies[0].text
    assert "VERIFY_X509_STRICT" in str(remedy(report.primary, snippet=True).snippet)


def test_offline() -> None:
    """The same from a chain alone."""
    chain = ZSCALER.issue("localhost", dns=["localhost"]).chain(root=True)
    report = sslwhy.diagnose_chain(chain, trust_anchors=[pki.Authority.root("Other").der], hostname="localhost")
    assert "intercepting-proxy" in codes(report)


def test_an_interceptor_that_distrusts_the_origin_says_so() -> None:
    """Some products sign with a second authority where the server behind them did not verify."""
    untrusted = pki.Authority.root("Fortinet_CA_Untrusted")
    with TlsServer(untrusted.issue("localhost", dns=["localhost"])) as server:
        report = diagnosed(lambda: requests.get(server.url))
    found = next(finding for finding in report.findings if finding.code == "intercepting-proxy")
    assert "does not trust the server behind it" in found.actual


def _named(**names: str) -> Certificate:
    oids = {"CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME}
    subject = x509.Name([x509.NameAttribute(oids[label], value) for label, value in names.items()])
    return Certificate.from_der(pki.Authority.root(subject=subject).der)


@pytest.mark.parametrize(
    ("names", "product"),
    [
        ({"CN": "Zscaler Intermediate Root CA (zscalertwo.net)", "O": "Zscaler Inc."}, "Zscaler"),
        ({"CN": "ca.contoso.goskope.com", "O": "Contoso"}, "Netskope"),
        ({"CN": "Sophos SSL CA_C01001ABC"}, "Sophos"),
        ({"CN": "FG100E4Q17000000", "O": "Fortinet", "OU": "Certificate Authority"}, "Fortinet FortiGate"),
        ({"CN": "Blue Coat Cloud Services CA"}, "Symantec Blue Coat ProxySG"),
        ({"CN": "Cisco Umbrella Secondary SubCA nyc-SG"}, "Cisco Umbrella"),
        ({"CN": "Forcepoint Cloud CA"}, "Forcepoint (Websense)"),
        ({"CN": "generated by Avast Antivirus for SSL/TLS scanning", "OU": "Avast Web/Mail Shield"}, "Avast"),
        ({"CN": "ESET SSL Filter CA"}, "ESET"),
        ({"CN": "Bitdefender Personal CA.Net-Defender"}, "Bitdefender"),
        ({"CN": "mitmproxy", "O": "mitmproxy"}, "mitmproxy"),
        ({"CN": "DO_NOT_TRUST_FiddlerRoot", "O": "DO_NOT_TRUST"}, "Fiddler"),
        ({"CN": "Charles Proxy CA (1 Jan 2026, host)", "O": "XK72 Ltd"}, "Charles Proxy"),
        ({"CN": "PortSwigger CA", "O": "PortSwigger"}, "Burp Suite"),
        ({"CN": "Gateway CA - Cloudflare Managed G1"}, "Cloudflare Gateway"),
        ({"CN": "Contoso TLS Inspection CA"}, UNNAMED.name),
    ],
)
def test_products_by_the_names_they_give(names: dict[str, str], product: str) -> None:
    """The names that products give their authorities lead to the product."""
    found = product_behind([_named(**names)])
    assert found
    assert found[0].name == product


def test_public_roots_bear_no_products_name() -> None:
    """None of the public roots in certifi is taken for an inspecting product."""
    roots = [Certificate.from_der(der) for der in certificates_in(certifi.contents().encode())]
    suspects = [each.subject for each in roots if product_behind([each])]
    assert suspects == []


def test_products_are_told_apart() -> None:
    """No product's name is listed twice, and every product has words."""
    assert len({product.name for product in PRODUCTS}) == len(PRODUCTS)
    assert all(word and word == word.lower() for product in PRODUCTS for word in product.words)
