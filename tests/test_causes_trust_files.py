"""Bundles and directories that cannot do what they were named for: real failures of requests, httpx and ssl."""

from __future__ import annotations

import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import certifi
import httpx
import pytest
import requests
import urllib3
from requests.adapters import HTTPAdapter
from support import pki
from support.isolation import needs
from support.tls import TlsServer
from support.trip import codes, diagnosed, get, program, python, remedy, shell

import sslwhy
from sslwhy.causes.case import Case
from sslwhy.causes.trust.files import CaBundleUnreadable
from sslwhy.evidence.trust.system_stores import windows_store
from sslwhy.facts.evidence import Evidence
from sslwhy.facts.machine import Machine
from sslwhy.facts.observed import Observed, Target
from sslwhy.facts.trust import Trust


if TYPE_CHECKING:
    from collections.abc import Iterator


class FullPaths(HTTPAdapter):
    """Paths must end in a root, as on every Python before 3.13."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Clear the flag that Python 3.13 sets."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.hostname_checks_common_name = False
        super().init_poolmanager(*args, ssl_context=context, **kwargs)


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """A session that wants full paths."""
    with requests.Session() as made:
        made.mount("https://", FullPaths())
        yield made


@pytest.fixture
def server(leaf: pki.Identity) -> Iterator[TlsServer]:
    """A server below `root`."""
    with TlsServer(leaf) as running:
        yield running


# ca-bundle-not-found


@pytest.mark.scenario("ca-bundle-not-found")
def test_a_path_that_does_not_exist(server: TlsServer) -> None:
    """requests raises a bare OSError; the report names the path and who named it."""
    report = diagnosed(lambda: requests.get(server.url, verify="corporation.pem"))
    assert report.code == "ca-bundle-not-found"
    assert report.observed.type == "OSError"
    assert report.primary
    assert "corporation.pem that verify names" in report.primary.headline


def test_a_variable_left_behind(
    monkeypatch: pytest.MonkeyPatch, root: pki.Authority, server: TlsServer, tmp_path: Path
) -> None:
    """A variable of a program that is gone is named, and without it the call succeeds again."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone" / "antivirus.pem"))
    report = diagnosed(lambda: requests.get(server.url))
    assert report.code == "ca-bundle-not-found"
    command = remedy(report.primary, command=True).command
    assert command == "unset REQUESTS_CA_BUNDLE"
    trusting = pki.bundle(tmp_path / "root.pem", root)
    shell(f"{command}\nexport CURL_CA_BUNDLE={trusting}{program(server.url)}", tmp_path)


def test_httpx_names_no_path_but_the_report_does(monkeypatch: pytest.MonkeyPatch, server: TlsServer) -> None:
    """httpx raises FileNotFoundError without a path."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    report = diagnosed(lambda: httpx.get(server.url))
    assert report.code == "ca-bundle-not-found"
    assert report.primary
    assert "/nowhere/ca.pem that SSL_CERT_FILE names" in report.primary.headline


def test_a_missing_directory_shows_only_as_distrust(monkeypatch: pytest.MonkeyPatch, server: TlsServer) -> None:
    """OpenSSL passes over a directory that does not exist; the handshake then fails with code 20."""
    monkeypatch.setenv("SSL_CERT_DIR", "/nowhere/certs")
    report = diagnosed(lambda: httpx.get(server.url))
    assert report.observed.verify_code == 20
    assert report.code == "ca-bundle-not-found"
    assert "trust-store-empty" not in codes(report)


def test_openssl_passes_over_a_missing_default_file(
    monkeypatch: pytest.MonkeyPatch, server: TlsServer, tmp_path: Path
) -> None:
    """Python's default context is silently empty where SSL_CERT_FILE and SSL_CERT_DIR name nothing."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "no.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "no"))
    context = ssl.create_default_context()
    report = diagnosed(lambda: urllib.request.urlopen(server.url, context=context))
    assert report.code == "ca-bundle-not-found"
    assert "trust-store-empty" in codes(report)


@pytest.mark.parametrize(
    "name", ["a\0b.pem", "x" * 300 + ".pem", "/x" * 3000, "\ud800.pem", b"none.pem", Path("no.pem")]
)
def test_a_name_that_no_file_has(server: TlsServer, name: Any) -> None:
    """Whatever `verify` or `cafile` is, requests, urllib3 and `ssl` fail on it as on a file that is not there."""
    with urllib3.PoolManager(ca_certs=name, retries=False) as pool:
        for call in (
            lambda: requests.get(server.url, verify=name),
            lambda: pool.request("GET", server.url),
            lambda: ssl.create_default_context(cafile=name),
        ):
            report = diagnosed(call)
            assert report.code == "ca-bundle-not-found"
            assert report.line().isprintable()


def test_a_directory_whose_name_is_too_long(monkeypatch: pytest.MonkeyPatch, server: TlsServer) -> None:
    """A variable may hold anything; what leads nowhere does not exist."""
    monkeypatch.setenv("SSL_CERT_DIR", "x" * 300)
    assert diagnosed(lambda: httpx.get(server.url)).code == "ca-bundle-not-found"


def test_the_default_contexts_own_argument(tmp_path: Path) -> None:
    """A file that the program itself hands to `ssl` is named, with what it is."""
    path = tmp_path / "ca.pem"
    path.write_bytes(b"")
    report = diagnosed(lambda: ssl.create_default_context(cafile=path))
    assert report.code == "ca-bundle-unreadable"
    assert report.primary
    assert f"{path} (cafile) cannot be loaded: it is empty" in report.primary.headline


def test_certifi_is_gone(monkeypatch: pytest.MonkeyPatch, server: TlsServer, tmp_path: Path) -> None:
    """A frozen program whose temporary directory was cleaned up under it has lost certifi's file."""
    bundle = tmp_path / "_MEI38282" / "certifi" / "cacert.pem"
    monkeypatch.setattr(certifi, "where", lambda: str(bundle))
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(bundle))
    report = diagnosed(lambda: requests.get(server.url))
    assert report.code == "ca-bundle-not-found"
    assert "--force-reinstall certifi" in str(remedy(report.primary, command=True).command)


# ca-bundle-unreadable


@pytest.mark.scenario("ca-bundle-unreadable")
def test_a_bundle_in_der(server: TlsServer, root: pki.Authority, tmp_path: Path) -> None:
    """A DER file is named as such, and the printed command turns it into a bundle that works."""
    path = tmp_path / "root.cer"
    path.write_bytes(root.der)
    report = diagnosed(lambda: requests.get(server.url, verify=str(path)))
    assert report.code == "ca-bundle-unreadable"
    assert report.observed.verify_code is None
    assert report.primary
    assert "DER" in report.primary.headline
    convert = remedy(report.primary, command=True)
    assert str(tmp_path / "root.pem") in convert.text
    shell(str(convert.command), tmp_path)
    assert requests.get(server.url, verify=str(tmp_path / "root.pem"), timeout=10).ok


@needs("openssl", "iconv", "sed")
@pytest.mark.parametrize(
    ("form", "change"),
    [
        ("UTF-16", lambda root: root.pem.encode("utf-16")),
        ("indented", lambda root: root.pem.replace("\n", "\n    ").replace("-----BEGIN", "    -----BEGIN").encode()),
        ("line breaks", lambda root: root.pem.replace("\n", "\\n").encode()),
        ("line breaks", lambda root: root.pem.replace("\n", "").encode()),
    ],
)
def test_conversions_work(server: TlsServer, root: pki.Authority, tmp_path: Path, form: str, change: Any) -> None:
    """What can be converted is, by the printed command, and the call then succeeds."""
    path = tmp_path / "bundle with space.pem"
    path.write_bytes(change(root))
    report = diagnosed(lambda: requests.get(server.url, verify=str(path)))
    assert report.code == "ca-bundle-unreadable"
    assert report.primary
    assert form in report.primary.actual
    shell(str(remedy(report.primary, command=True).command), tmp_path)
    assert requests.get(server.url, verify=str(tmp_path / "bundle with space-converted.pem"), timeout=10).ok


@pytest.mark.parametrize(
    ("word", "content"),
    [
        ("web page", b"<html><title>Sign in</title></html>"),
        ("empty", b""),
        ("private key", b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"),
        ("truncated", b"-----BEGIN CERTIFICATE-----\nMIIB"),
    ],
)
def test_what_it_is_instead(
    monkeypatch: pytest.MonkeyPatch, server: TlsServer, tmp_path: Path, word: str, content: bytes
) -> None:
    """The file's own content names the mistake, also where a variable named the file."""
    path = tmp_path / "bundle.pem"
    path.write_bytes(content)
    monkeypatch.setenv("CURL_CA_BUNDLE", str(path))
    report = diagnosed(lambda: requests.get(server.url))
    assert report.code == "ca-bundle-unreadable"
    assert report.primary
    assert word in report.primary.headline
    assert "CURL_CA_BUNDLE" in report.primary.headline


def test_a_damaged_windows_store(root: pki.Authority) -> None:
    """Recorded evidence: one malformed member of the Windows store fails the default context for every host."""
    store = windows_store(lambda name: [(root.der[:-3], "x509_asn", True)] if name == "ROOT" else [])
    evidence = Evidence(
        target=Target("https://localhost/", "localhost", 443),
        observed=Observed(type="ssl.SSLError", stage="setup", library="ASN1", reason="NOT_ENOUGH_DATA"),
        trust=Trust(store=store, client="ssl"),
        machine=Machine(platform="win32"),
    )
    (finding,) = CaBundleUnreadable.find(Case(evidence))
    assert CaBundleUnreadable.explains(evidence.observed)
    assert "1 of its 1 certificates" in finding.actual


# ca-directory-not-hashed


@needs("openssl")
@pytest.mark.scenario("ca-directory-not-hashed")
def test_a_directory_without_hashes(server: TlsServer, root: pki.Authority, tmp_path: Path) -> None:
    """The certificate lies there under its own name; after the printed command the call succeeds."""
    (tmp_path / "root.pem").write_text(root.pem)
    report = diagnosed(lambda: requests.get(server.url, verify=str(tmp_path)))
    assert report.code == "ca-directory-not-hashed"
    assert report.primary
    assert report.primary.confidence == "confirmed"
    shell(str(remedy(report.primary, command=True).command), tmp_path)
    assert requests.get(server.url, verify=str(tmp_path), timeout=10).ok


def test_hashes_would_not_help(server: TlsServer, tmp_path: Path) -> None:
    """Where no file of the directory would verify the server, the finding says that more is wrong."""
    (tmp_path / "other.pem").write_text(pki.Authority.root("Other Root").pem)
    report = diagnosed(lambda: requests.get(server.url, verify=str(tmp_path)))
    found = next(finding for finding in report.findings if finding.code == "ca-directory-not-hashed")
    assert found.confidence == "likely"
    assert found.alternatives


@needs("openssl")
def test_a_hashed_directory_is_not_blamed(server: TlsServer, tmp_path: Path) -> None:
    """A directory that OpenSSL can use is no finding, whatever else lies in it."""
    (tmp_path / "other.pem").write_text(pki.Authority.root("Other Root").pem)
    subprocess.run(["openssl", "rehash", str(tmp_path)], check=True, timeout=30)
    (tmp_path / "stray.crt").write_text(pki.Authority.root("Stray Root").pem)
    report = diagnosed(lambda: requests.get(server.url, verify=str(tmp_path)))
    assert "ca-directory-not-hashed" not in codes(report)


# ca-bundle-incomplete


@pytest.mark.scenario("ca-bundle-incomplete")
def test_only_the_end_entity(session: requests.Session, server: TlsServer, leaf: pki.Identity, tmp_path: Path) -> None:
    """OpenSSL does not end a path in the server's own certificate; the printed flag lets it."""
    session.verify = pki.bundle(tmp_path / "leaf.pem", leaf)
    report = diagnosed(lambda: session.get(server.url))
    assert report.observed.verify_code == 20
    assert report.code == "ca-bundle-incomplete"
    assert report.primary
    assert 'end-entity "localhost"' in report.primary.headline
    python(str(remedy(report.primary, snippet=True).snippet) + get(server.url))


def test_only_the_intermediate(
    session: requests.Session, server: TlsServer, issuing: pki.Authority, tmp_path: Path
) -> None:
    """With the intermediate alone the path ends below the root, which has a verify code of its own."""
    session.verify = pki.bundle(tmp_path / "issuing.pem", issuing)
    report = diagnosed(lambda: session.get(server.url))
    assert report.observed.verify_code == 2
    assert report.code == "ca-bundle-incomplete"
    assert report.primary
    assert 'the intermediate "Issuing CA"' in report.primary.headline
    python(str(remedy(report.primary, snippet=True).snippet) + get(server.url))


def test_the_root_is_at_hand(
    session: requests.Session, leaf: pki.Identity, root: pki.Authority, tmp_path: Path
) -> None:
    """Where the server sends its root, the remedy names it with its fingerprint."""
    session.verify = pki.bundle(tmp_path / "leaf.pem", leaf)
    with TlsServer(leaf, send_root=True) as server:
        report = diagnosed(lambda: session.get(server.url))
    assert report.code == "ca-bundle-incomplete"
    assert report.primary
    change = report.primary.remedies[0].change
    assert change
    assert change.add == (root.der,)


def test_a_context_with_nothing_but_an_end_entity(server: TlsServer, leaf: pki.Identity, tmp_path: Path) -> None:
    """Python does not show what such a context holds; the finding is likely and says what else it may be."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=pki.bundle(tmp_path / "leaf.pem", leaf))
    report = diagnosed(lambda: urllib.request.urlopen(server.url, context=context))
    assert report.code == "ca-bundle-incomplete"
    assert report.primary
    assert report.primary.confidence == "likely"


def test_offline_with_an_intermediate_as_anchor(leaf: pki.Identity, issuing: pki.Authority) -> None:
    """The same without a handshake."""
    report = sslwhy.diagnose_chain(leaf.chain(), trust_anchors=[issuing.der], hostname="localhost")
    assert report.code == "ca-bundle-incomplete"


# client-certificate-as-ca-bundle


@pytest.mark.scenario("client-certificate-as-ca-bundle")
def test_the_client_certificate_in_the_wrong_place(
    monkeypatch: pytest.MonkeyPatch, server: TlsServer, client_identity: pki.Identity, ca_file: str, tmp_path: Path
) -> None:
    """`verify` names what belongs into `cert`; put there, the call succeeds."""
    mine = tmp_path / "client.pem"
    mine.write_text(client_identity.pem + client_identity.key_pem)
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    report = diagnosed(lambda: requests.get(server.url, verify=str(mine)))
    assert report.code == "client-certificate-as-ca-bundle"
    assert report.primary
    assert "Test Client" in report.primary.headline
    python(str(remedy(report.primary, snippet=True).snippet) + get(server.url))


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="an intermediate in verify is enough there (PARTIAL_CHAIN)")
def test_a_client_certificate_of_the_servers_own_authority(
    server: TlsServer, issuing: pki.Authority, tmp_path: Path
) -> None:
    """That client and server have one issuer, which lies in the file as well, does not make it a CA bundle."""
    mine = issuing.client("Test Client")
    both = tmp_path / "both.pem"
    both.write_text(mine.chain_pem() + mine.key_pem)
    report = diagnosed(lambda: requests.get(server.url, verify=str(both)))
    assert report.code == "client-certificate-as-ca-bundle"


def test_a_client_certificate_without_its_key(server: TlsServer, client_identity: pki.Identity, tmp_path: Path) -> None:
    """Its extended key usage gives it away."""
    mine = pki.bundle(tmp_path / "client.pem", client_identity)
    assert diagnosed(lambda: requests.get(server.url, verify=mine)).code == "client-certificate-as-ca-bundle"


def test_a_server_certificate_is_no_client_certificate(
    server: TlsServer, issuing: pki.Authority, tmp_path: Path
) -> None:
    """A certificate for servers in the bundle is some other mistake."""
    other = pki.bundle(tmp_path / "other.pem", issuing.issue("other", dns=["other.example"]))
    report = diagnosed(lambda: requests.get(server.url, verify=other))
    assert "client-certificate-as-ca-bundle" not in codes(report)


@pytest.mark.parametrize("odd", [{"dns": ["localhost"]}, {"dns": ["other.example"], "eku": [pki.SERVER_AUTH]}])
def test_a_servers_own_key_file_is_no_client_certificate(tmp_path: Path, odd: Any) -> None:
    """A server's certificate with its key, pinned before it was renewed, is no client's: by its name or its purpose."""
    pinned = pki.self_signed("localhost", **odd)
    path = tmp_path / "server.pem"
    path.write_text(pinned.pem + pinned.key_pem)
    with TlsServer(pki.self_signed("localhost", dns=["localhost"])) as renewed:
        report = diagnosed(lambda: requests.get(renewed.url, verify=str(path)))
    assert report.code == "self-signed-certificate"
    assert "client-certificate-as-ca-bundle" not in codes(report)


@needs("openssl")
def test_of_several_directories_each_is_prepared(
    monkeypatch: pytest.MonkeyPatch, server: TlsServer, root: pki.Authority, tmp_path: Path
) -> None:
    """SSL_CERT_DIR lists two directories: neither is called missing, and the printed command prepares both."""
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    (folders[1] / "root.pem").write_text(root.pem)
    monkeypatch.setenv("SSL_CERT_DIR", f"{folders[0]}:{folders[1]}")
    report = diagnosed(lambda: httpx.get(server.url))
    assert report.code == "ca-directory-not-hashed"
    shell(str(remedy(report.primary, command=True).command), tmp_path)
    assert httpx.get(server.url).is_success
