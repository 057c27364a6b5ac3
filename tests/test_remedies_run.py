"""Remedies do what they say: snippets run verbatim in a fresh interpreter, commands in a shell; the call succeeds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import requests
import zeep
from support import pki, tls

import sslwhy
from sslwhy.demo.soap_service import SoapService


if TYPE_CHECKING:
    from pathlib import Path

    from sslwhy import Remedy, Report
    from sslwhy.demo.pki import Identity

OTHER = pki.Authority.root("Partner Root CA")
OTHER_ISSUING = OTHER.intermediate("Partner Issuing CA")


def report_of(server: Any, verify: str | None = None, url: str | None = None) -> Report:
    """The report of a failing SOAP call."""
    with requests.Session() as session:
        session.verify = verify or True
        transport = zeep.Transport(session=session)
        with pytest.raises(requests.exceptions.SSLError) as caught:
            sslwhy.Client(url or f"{server.url}/service?wsdl", transport=transport)
    report: Report = caught.value.report  # type: ignore[attr-defined]
    return report


def remedies_for(report: Report, actor: str) -> list[Remedy]:
    assert report.primary is not None
    return [remedy for remedy in report.primary.remedies if remedy.actor == actor]


def python(code: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter, in a folder of its own."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **variables},
    )  # fmt: skip


def call(server: Any) -> str:
    return f'\nprint(session.get("{server.url}/service?wsdl", timeout=10).status_code)\n'


TRUSTABLE = {
    "self-signed-certificate": lambda: (pki.self_signed("localhost", dns=["localhost"]), False),
    "untrusted-root": lambda: (OTHER_ISSUING.issue("localhost", dns=["localhost"]), True),
}


@pytest.mark.parametrize("code", TRUSTABLE)
class TestTrustRemedies:
    """What the caller can do about a certificate that nobody vouches for."""

    def test_snippets_run_verbatim(self, code: str, tmp_path: Path) -> None:
        """Every printed snippet makes the very same call succeed."""
        identity, with_root = TRUSTABLE[code]()
        with tls.TlsServer(identity, application=SoapService(), send_root=with_root) as server:
            report = report_of(server)
            assert report.code == code
            snippets = [remedy.snippet for remedy in remedies_for(report, "you") if remedy.snippet]
            assert snippets
            for snippet in snippets:
                done = python(snippet + call(server), tmp_path)
                assert done.stdout.strip() == "200", done.stderr

    def test_commands_run_verbatim(self, code: str, tmp_path: Path) -> None:
        """``sslwhy trust`` with the printed fingerprint writes the bundle, the printed variable puts it in force."""
        identity, with_root = TRUSTABLE[code]()
        with tls.TlsServer(identity, application=SoapService(), send_root=with_root) as server:
            commands = [r.command for r in remedies_for(report_of(server), "you") if r.command and not r.snippet]
            first = next(r.command for r in remedies_for(report_of(server), "you") if r.snippet)
            assert first
            script = first.replace("sslwhy ", f"{sys.executable} -m sslwhy ", 1)
            done = subprocess.run(
                ["sh", "-ec", script], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
            )
            assert done.returncode == 0, done.stdout + done.stderr
            fetch = f"{sys.executable} -c 'import requests; print(requests.get(\"{server.url}/\").status_code)'"
            for command in commands:
                if not command.startswith("export "):
                    continue
                lines = subprocess.run(
                    ["sh", "-ec", f"{command}\n{fetch}"],
                    cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
                )  # fmt: skip
                assert lines.stdout.strip() in {"200", "404"}, lines.stderr


def server_remedies() -> dict[str, tuple[Any, Any]]:
    """By code: the faulty identity, and what a server operator who follows the remedy serves instead."""
    issuing = OTHER_ISSUING
    good = issuing.issue("localhost", dns=["localhost"], ips=["127.0.0.1"])

    def below(**odd: Any) -> Identity:
        """A sound certificate below an intermediate that is not."""
        return OTHER.intermediate("Odd CA", **odd).issue("localhost", dns=["localhost"])

    return {
        "intermediate-expired": (below(not_after=-pki.DAY), good),
        "intermediate-not-yet-valid": (below(not_before=pki.DAY), good),
        "not-a-ca": (below(ca=False), good),
        "name-constraint-violation": (below(permitted=["dns:partner.example"]), good),
        "invalid-signature": (issuing.issue("localhost", dns=["localhost"], broken_signature=True), good),
        "ip-address-mismatch": (issuing.issue("localhost", dns=["localhost"]), good),
        "certificate-expired": (issuing.issue("x", dns=["localhost"], not_after=-pki.DAY), good),
        "certificate-not-yet-valid": (issuing.issue("x", dns=["localhost"], not_before=pki.DAY), good),
        "hostname-mismatch": (issuing.issue("x", dns=["other.example"]), good),
        "missing-subject-alternative-name": (issuing.issue("localhost", omit=["san"]), good),
        "weak-key": (issuing.issue("x", dns=["localhost"], key="rsa-1024"), good),
        "weak-signature": (OTHER.intermediate("Old CA", digest="sha1").issue("x", dns=["localhost"]), good),
        "wrong-key-usage": (issuing.issue("x", dns=["localhost"], eku=[pki.CLIENT_AUTH]), good),
    }


@pytest.mark.parametrize("code", server_remedies())
def test_server_remedies_work(code: str, tmp_path: Path) -> None:
    """Where the server's operator does what the first remedy says, the same call succeeds."""
    faulty, repaired = server_remedies()[code]
    bundle = pki.bundle(tmp_path / "partner.pem", OTHER)
    called = "127.0.0.1" if code == "ip-address-mismatch" else "localhost"
    with tls.TlsServer(faulty, application=SoapService()) as server:
        report = report_of(server, bundle, f"https://{called}:{server.port}/service?wsdl")
        assert report.code == code
        assert remedies_for(report, "server operator")
    with tls.TlsServer(repaired, application=SoapService()) as server:
        assert ping(f"https://{called}:{server.port}/service?wsdl", bundle) == "pong"


def ping(wsdl: str, verify: str) -> Any:
    """A complete SOAP call: the WSDL and the operation."""
    with requests.Session() as session:
        session.verify = verify
        return sslwhy.Client(wsdl, transport=zeep.Transport(session=session)).service.Ping()


@pytest.mark.parametrize(
    ("code", "settings"),
    [
        ("protocol-version-mismatch", {"versions": ("1.0", "1.1"), "ciphers": "ALL"}),
        ("no-shared-cipher", {"versions": ("1.2", "1.2"), "ciphers": "AES128-SHA"}),
    ],
)
def test_server_remedies_for_protocols_work(
    code: str, settings: dict[str, Any], rsa_leaf: Identity, ca_file: str
) -> None:
    """Where the server's operator enables what the first remedy names, the same call succeeds."""
    with tls.TlsServer(rsa_leaf, application=SoapService(), **settings) as server:
        report = report_of(server, ca_file)
    assert report.code == code
    first = remedies_for(report, "server operator")[0].text
    assert "TLS 1.2" in first or "ECDHE" in first
    enabled = {"versions": ("1.2", "1.3"), "ciphers": "ECDHE+AESGCM"}
    with tls.TlsServer(rsa_leaf, application=SoapService(), **{**settings, **enabled}) as server:
        assert ping(f"{server.url}/service?wsdl", ca_file) == "pong"


def test_serving_the_full_chain_works(tmp_path: Path) -> None:
    """The missing intermediate is named; appended to what is served, the call succeeds, as the printed command says."""
    leaf = OTHER_ISSUING.issue("localhost", dns=["localhost"])
    bundle = pki.bundle(tmp_path / "partner.pem", OTHER)
    with tls.TlsServer(leaf, application=SoapService(), chain=[]) as server:
        report = report_of(server, bundle)
        assert report.code in {"missing-intermediate", "unknown-issuer"}
        assert "Partner Issuing CA" in str(report)
        remedy = remedies_for(report, "server operator")[0]
    (tmp_path / "server.crt").write_text(leaf.pem, encoding="ascii")
    (tmp_path / "intermediate.crt").write_text(OTHER_ISSUING.pem, encoding="ascii")
    subprocess.run(["sh", "-ec", remedy.command or ""], cwd=tmp_path, check=True)
    assert (tmp_path / "fullchain.pem").read_text(encoding="ascii") == leaf.chain_pem()
    with tls.TlsServer(leaf, application=SoapService()) as server, requests.Session() as session:
        session.verify = bundle
        assert session.get(server.url + "/service?wsdl").status_code == 200


def test_calling_the_presented_name_works(hosts: dict[str, list[str]], tmp_path: Path) -> None:
    """The name that the remedy offers is one that the certificate carries: calling it succeeds."""
    hosts["soap.partner.example"] = ["127.0.0.1"]
    leaf: Identity = OTHER_ISSUING.issue("x", dns=["soap.partner.example"])
    bundle = pki.bundle(tmp_path / "partner.pem", OTHER)
    with tls.TlsServer(leaf, application=SoapService()) as server:
        report = report_of(server, bundle)
        offered = next(r.text for r in remedies_for(report, "you") if "soap.partner.example" in r.text)
        assert offered
        with requests.Session() as session:
            session.verify = bundle
            url = f"https://soap.partner.example:{server.port}/service?wsdl"
            assert session.get(url).status_code == 200


def test_no_remedy_switches_verification_off() -> None:
    """No report of any of these faults, in any form, advises to stop verifying."""
    faults = [make()[0] for make in TRUSTABLE.values()] + [pair[0] for pair in server_remedies().values()]
    for identity in faults:
        with tls.TlsServer(identity, application=SoapService()) as server:
            text = str(report_of(server)).lower()
        for phrase in ("verify=false", "verify = false", "cert_none", "check_hostname = false", "disable verification"):
            assert phrase not in text


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the OpenSSL command is not installed")
def test_printed_fingerprints_are_openssls(tmp_path: Path) -> None:
    """The SHA-256 that a person is asked to compare is the one that ``openssl x509 -fingerprint`` prints."""
    identity = pki.self_signed("localhost", dns=["localhost"])
    files = identity.write(tmp_path)
    said = subprocess.run(
        ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", files.certificate],
        capture_output=True, text=True, check=True,
    ).stdout.strip().rpartition("=")[2]  # fmt: skip
    with tls.TlsServer(identity, application=SoapService()) as server:
        assert said in " ".join(remedy.text for remedy in remedies_for(report_of(server), "you"))
