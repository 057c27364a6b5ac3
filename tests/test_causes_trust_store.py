"""The wrong, the old, the empty store: real handshakes that another store of this machine would have let through."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import urllib.request
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import certifi
import httpx
import pytest
import requests
from support import pki
from support.tls import TlsServer
from support.trip import diagnosed, get, program, python, remedy, shell

from sslwhy.causes.case import Case
from sslwhy.causes.trust.store import TrustStoreEmpty
from sslwhy.evidence.trust import system_stores
from sslwhy.evidence.trust.stores import certificates_in
from sslwhy.facts.client import ClientOffer
from sslwhy.facts.evidence import Evidence
from sslwhy.facts.machine import Machine
from sslwhy.facts.observed import Observed, Target
from sslwhy.facts.trust import Trust, TrustStore


if TYPE_CHECKING:
    from collections.abc import Iterator


CERTIFI = certifi.where()


@pytest.fixture
def server(leaf: pki.Identity) -> Iterator[TlsServer]:
    """A server below `root`."""
    with TlsServer(leaf) as running:
        yield running


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A bundle with a root that issued nothing here."""
    return pki.bundle(tmp_path_factory.mktemp("stranger") / "other.pem", pki.Authority.root("Other Root"))


def public_and(path: Path, *more: pki.Identity, some: int | None = None) -> str:
    """A bundle of certifi's roots, or of some of them, and more."""
    roots = certificates_in(Path(CERTIFI).read_bytes())[:some]
    path.write_text("".join(map(ssl.DER_cert_to_PEM_cert, roots)) + "".join(each.pem for each in more))
    return str(path)


def renew_certifi(monkeypatch: pytest.MonkeyPatch, folder: Path, more: pki.Identity) -> None:
    """Put another bundle in certifi's place: its own roots and one more."""
    bundle = public_and(folder / "certifi.pem", more)
    monkeypatch.setattr(certifi, "where", lambda: bundle)


# trust-store-override


@pytest.mark.scenario("trust-store-override")
def test_the_environment_beats_the_session(
    monkeypatch: pytest.MonkeyPatch, server: TlsServer, ca_file: str, stranger: str, tmp_path: Path
) -> None:
    """REQUESTS_CA_BUNDLE replaces `session.verify`; without it the call succeeds, by each of the printed ways."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", stranger)
    session = requests.Session()
    session.verify = ca_file
    report = diagnosed(lambda: session.get(server.url))
    assert report.code == "trust-store-override"
    assert report.trust
    assert (report.trust.source, report.trust.location) == ("REQUESTS_CA_BUNDLE", stranger)
    python(str(remedy(report.primary, snippet=True).snippet) + get(server.url))
    call = f"""
python=$1
"$python" -c 'import requests
session = requests.Session()
session.verify = "{ca_file}"
assert session.get("{server.url}").status_code == 200'
"""
    assert report.primary
    for each in report.primary.remedies:
        if each.command:
            shell(each.command + call.replace("$1", sys.executable), tmp_path)


def test_behind_the_first_variable_waits_the_second(
    monkeypatch: pytest.MonkeyPatch, server: TlsServer, ca_file: str, stranger: str
) -> None:
    """Both of requests' variables are unset: the second would be in force once the first is gone."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", stranger)
    monkeypatch.setenv("CURL_CA_BUNDLE", stranger)
    session = requests.Session()
    session.verify = ca_file
    report = diagnosed(lambda: session.get(server.url))
    assert remedy(report.primary, command=True).command == "unset REQUESTS_CA_BUNDLE CURL_CA_BUNDLE"
    python(str(remedy(report.primary, snippet=True).snippet) + get(server.url))


def test_a_pinned_root_replaces_certifi(
    monkeypatch: pytest.MonkeyPatch, server: TlsServer, root: pki.Authority, stranger: str, tmp_path: Path
) -> None:
    """`verify` with a single root refuses a server that the default store trusts."""
    renew_certifi(monkeypatch, tmp_path, root)
    report = diagnosed(lambda: requests.get(server.url, verify=stranger))
    assert report.code == "trust-store-override"
    assert report.primary
    assert "certifi" in report.primary.expected
    shell(str(remedy(report.primary, command=True).command), tmp_path)
    assert requests.get(server.url, verify=str(tmp_path / "combined.pem"), timeout=10).ok


def test_httpx_with_ssl_cert_file(
    monkeypatch: pytest.MonkeyPatch, server: TlsServer, root: pki.Authority, stranger: str, tmp_path: Path
) -> None:
    """SSL_CERT_FILE replaces certifi in httpx."""
    renew_certifi(monkeypatch, tmp_path, root)
    monkeypatch.setenv("SSL_CERT_FILE", stranger)
    report = diagnosed(lambda: httpx.get(server.url))
    assert report.code == "trust-store-override"
    assert remedy(report.primary, command=True).command == "unset SSL_CERT_FILE"


def test_the_path_given_with_the_request_is_to_blame_not_the_variable(
    monkeypatch: pytest.MonkeyPatch, server: TlsServer, ca_file: str, stranger: str
) -> None:
    """A path passed with the request beats the environment, so the variable is what was replaced."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca_file)
    report = diagnosed(lambda: requests.get(server.url, verify=stranger))
    assert report.code == "trust-store-override"
    assert report.trust
    assert report.trust.source == "verify"
    assert report.primary
    assert "REQUESTS_CA_BUNDLE" in report.primary.headline


def test_an_override_hides_another_fault(
    monkeypatch: pytest.MonkeyPatch, root: pki.Authority, stranger: str, tmp_path: Path
) -> None:
    """The certificate has expired as well: both are told, and the primary is what OpenSSL stopped at."""
    renew_certifi(monkeypatch, tmp_path, root)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", stranger)
    old = root.issue("localhost", dns=["localhost"], not_before=-9 * pki.DAY, not_after=-pki.DAY)
    with TlsServer(old) as server:
        report = diagnosed(lambda: requests.get(server.url))
    assert report.observed.verify_code == 20
    assert [finding.code for finding in report.findings] == ["trust-store-override", "certificate-expired"]


def test_no_override_where_nothing_would_have_helped(
    monkeypatch: pytest.MonkeyPatch, server: TlsServer, stranger: str
) -> None:
    """A variable that replaced a store which does not trust the server either is not to blame."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", stranger)
    report = diagnosed(lambda: requests.get(server.url))
    assert "trust-store-override" not in {finding.code for finding in report.findings}


# trusted-by-system-only


@pytest.mark.scenario("trusted-by-system-only")
def test_a_private_root_in_the_system_store(
    monkeypatch: pytest.MonkeyPatch, server: TlsServer, root: pki.Authority, tmp_path: Path
) -> None:
    """What the operating system trusts and certifi does not is said so, and each printed way makes the call succeed."""
    system = public_and(tmp_path / "system.pem", root)
    monkeypatch.setattr(system_stores, "SYSTEM_FILES", (system,))
    report = diagnosed(lambda: requests.get(server.url))
    assert report.code == "trusted-by-system-only"
    assert report.primary
    assert report.primary.confidence == "confirmed"
    ways = [each for each in report.primary.remedies if each.snippet]
    assert len(ways) == 2
    for each in ways:
        session = "" if "session" in str(each.snippet) else "\nimport requests\nsession = requests.Session()"
        python(str(each.snippet) + session + get(server.url), SSL_CERT_FILE=system)
    shell(f"{remedy(report.primary, command=True).command}{program(server.url)}", tmp_path)


def test_requests_does_not_read_ssl_cert_file(
    monkeypatch: pytest.MonkeyPatch, server: TlsServer, ca_file: str, tmp_path: Path
) -> None:
    """The right bundle in a variable that this client does not read is found, and the right variable named."""
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    report = diagnosed(lambda: requests.get(server.url))
    assert report.code == "trusted-by-system-only"
    assert report.primary
    assert "which requests does not read" in report.primary.headline
    shell(f"{remedy(report.primary, command=True).command}{program(server.url)}", tmp_path)


def test_httpx_does_not_read_requests_ca_bundle(
    monkeypatch: pytest.MonkeyPatch, server: TlsServer, ca_file: str, tmp_path: Path
) -> None:
    """The same the other way round."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca_file)
    report = diagnosed(lambda: httpx.get(server.url))
    assert report.code == "trusted-by-system-only"
    shell(f"{remedy(report.primary, command=True).command}{program(server.url)}", tmp_path)
    call = f"\nassert client.get({server.url!r}).is_success\nclient.close()"
    python(str(remedy(report.primary, snippet=True).snippet) + call)


def test_trust_env_false_reads_no_variable(monkeypatch: pytest.MonkeyPatch, server: TlsServer, ca_file: str) -> None:
    """A session that ignores the environment ignores the right bundle in it, too."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca_file)
    session = requests.Session()
    session.trust_env = False
    report = diagnosed(lambda: session.get(server.url))
    assert report.code == "trusted-by-system-only"
    assert report.trust
    assert report.trust.source == "certifi"


def test_nothing_is_said_of_the_store_where_no_store_helps(server: TlsServer) -> None:
    """A root that nobody trusts is no matter of the trust store."""
    report = diagnosed(lambda: requests.get(server.url))
    assert not {"trusted-by-system-only", "trust-store-override", "trust-store-empty"} & {
        f.code for f in report.findings
    }
    assert next(check for check in report.checks if check.name == "trust store").result == "ok"


def test_nothing_is_said_of_the_store_where_the_path_is_complete(ca_file: str, issuing: pki.Authority) -> None:
    """A wrong name below a trusted root leaves the store alone."""
    with TlsServer(issuing.issue("other", dns=["other.example"])) as server:
        report = diagnosed(lambda: requests.get(server.url, verify=ca_file))
    assert [finding.code for finding in report.findings if "trust" in finding.code or "bundle" in finding.code] == []


def test_a_root_that_has_expired_elsewhere_would_not_help(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The operating system still holds an expired root: its store would not have verified the server either."""
    expired = pki.Authority.root("Expired Root", not_after=-pki.DAY)
    monkeypatch.setattr(system_stores, "SYSTEM_FILES", (public_and(tmp_path / "system.pem", expired),))
    with TlsServer(expired.issue("localhost", dns=["localhost"])) as server:
        report = diagnosed(lambda: requests.get(server.url))
    assert report.code == "unknown-issuer"
    assert "trusted-by-system-only" not in {finding.code for finding in report.findings}


def test_a_variable_that_was_passed_over_is_not_named_again(
    monkeypatch: pytest.MonkeyPatch, server: TlsServer, ca_file: str
) -> None:
    """`Session.send` does not ask the environment: to set the variable that is set already would not help."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca_file)
    with requests.Session() as session:
        request = session.prepare_request(requests.Request("GET", server.url))
        report = diagnosed(lambda: session.send(request))
    assert report.code == "trusted-by-system-only"
    assert report.primary
    assert [each.command for each in report.primary.remedies if each.command] == []
    python(str(remedy(report.primary, snippet=True).snippet) + get(server.url))


def test_an_optional_verification_is_one(server: TlsServer, issuing: pki.Authority, ca_file: str) -> None:
    """For a client CERT_OPTIONAL means CERT_REQUIRED: the failure is explained as any other."""
    context = ssl.create_default_context()
    context.verify_mode = ssl.CERT_OPTIONAL
    assert diagnosed(lambda: urllib.request.urlopen(server.url, context=context)).code == "unknown-issuer"
    context = ssl.create_default_context(cafile=ca_file)
    context.verify_mode = ssl.CERT_OPTIONAL
    with TlsServer(issuing.issue("localhost", dns=["localhost"], not_after=-pki.DAY)) as old:
        assert diagnosed(lambda: urllib.request.urlopen(old.url, context=context)).code == "certificate-expired"


# trust-store-empty


@pytest.mark.scenario("trust-store-empty")
def test_a_context_into_which_nobody_loaded_anchors(
    monkeypatch: pytest.MonkeyPatch, server: TlsServer, root: pki.Authority, tmp_path: Path
) -> None:
    """A context of the program's own holds nothing, and the snippet's context verifies the server."""
    bundle = public_and(tmp_path / "system.pem", root)
    monkeypatch.setattr(system_stores, "SYSTEM_FILES", (bundle,))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    report = diagnosed(lambda: urllib.request.urlopen(server.url, context=context))
    assert report.code == "trust-store-empty"
    assert report.trust
    assert report.trust.anchors == 0
    call = f"\nfrom urllib.request import urlopen\nassert urlopen({server.url!r}, context=context).status == 200"
    python(str(remedy(report.primary, snippet=True).snippet) + call, SSL_CERT_FILE=bundle)


def test_an_empty_context_in_httpx(server: TlsServer) -> None:
    """httpx with a context that was never filled."""
    report = diagnosed(lambda: httpx.get(server.url, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)))
    assert report.code == "trust-store-empty"


def test_a_directory_that_is_looked_into_is_no_empty_store(
    monkeypatch: pytest.MonkeyPatch, server: TlsServer, tmp_path: Path
) -> None:
    """A default context that holds nothing yet, because its anchors lie in a directory, is not called empty."""
    other = pki.Authority.root("Other Root")
    (tmp_path / "other.pem").write_text(other.pem)
    subprocess.run(["openssl", "rehash", str(tmp_path)], check=True, timeout=30)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    context = ssl.create_default_context()
    assert context.cert_store_stats()["x509"] == 0
    report = diagnosed(lambda: urllib.request.urlopen(server.url, context=context))
    assert "trust-store-empty" not in {finding.code for finding in report.findings}
    assert report.trust
    assert (report.trust.source, report.trust.anchors) == ("SSL_CERT_DIR", 1)


def test_macos_before_its_certificates_were_installed(leaf: pki.Identity, root: pki.Authority) -> None:
    """Recorded evidence: python.org's build on macOS has neither file nor directory; the command is named."""
    store = TrustStore(
        source="system", location="/etc/openssl/cert.pem", kind="file", problem="not-found", error="none"
    )
    keychain = TrustStore(source="system", kind="memory", anchors=(root.der,))
    evidence = Evidence(
        target=Target("https://localhost/", "localhost", 443, "localhost"),
        observed=Observed(stage="handshake", verify_code=20, reason="CERTIFICATE_VERIFY_FAILED"),
        chain=tuple(leaf.chain()),
        offer=ClientOffer(),
        trust=Trust(store=store, client="ssl"),
        machine=Machine(platform="darwin"),
    )
    (finding,) = TrustStoreEmpty.find(Case(evidence))
    assert "Install Certificates.command" in str(remedy(finding, command=True).command)
    known = replace(evidence, trust=Trust(store=store, others=(keychain,), client="ssl"))
    (finding,) = TrustStoreEmpty.find(Case(known))
    assert "load_default_certs" in str(remedy(finding, snippet=True).snippet)


# trust-store-outdated


@pytest.mark.scenario("trust-store-outdated")
def test_an_old_copy_of_the_public_roots(
    monkeypatch: pytest.MonkeyPatch, server: TlsServer, root: pki.Authority, tmp_path: Path
) -> None:
    """A copy of the public roots that is older than certifi and lacks a root that certifi has is outdated."""
    old = public_and(tmp_path / "old.pem", some=40)
    os.utime(old, (1_500_000_000, 1_500_000_000))
    renew_certifi(monkeypatch, tmp_path, root)
    report = diagnosed(lambda: requests.get(server.url, verify=old))
    assert report.code == "trust-store-outdated"
    assert report.primary
    assert report.primary.confidence == "confirmed"
    assert "2017" not in report.primary.headline
    assert "years" in report.primary.actual or "days ago" in report.primary.actual


def test_a_new_copy_that_lacks_the_root_may_lack_it_on_purpose(
    monkeypatch: pytest.MonkeyPatch, server: TlsServer, root: pki.Authority, tmp_path: Path
) -> None:
    """Where the copy is not provably older, the finding says what else it may be."""
    copy = public_and(tmp_path / "copy.pem", some=40)
    renew_certifi(monkeypatch, tmp_path, root)
    report = diagnosed(lambda: requests.get(server.url, verify=copy))
    assert report.code == "trust-store-outdated"
    assert report.primary
    assert report.primary.confidence == "likely"
    assert report.primary.alternatives


def test_an_expired_root_that_was_renewed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The store holds the root's expired certificate, certifi the renewed one of the same key."""
    renewed = pki.Authority.root("Renewed Root")
    long_ago = -4000 * pki.DAY
    expired = pki.Authority.root("Renewed Root", key=renewed.key, not_before=long_ago, not_after=timedelta(days=-3))
    old = public_and(tmp_path / "old.pem", expired, some=40)
    renew_certifi(monkeypatch, tmp_path, renewed)
    with TlsServer(renewed.issue("localhost", dns=["localhost"])) as server:
        report = diagnosed(lambda: requests.get(server.url, verify=old))
    assert report.observed.verify_code == 10
    assert report.code == "trust-store-outdated"
