"""Client certificates that the server demands, refuses or cannot verify: servers of several makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support import pki
from support.asking import WAYS, failed, primary
from support.isolation import needs
from support.nginx import Nginx
from support.programs import GnutlsServer, JavaServer, OpensslServer
from support.tls import TlsServer

import sslwhy
from sslwhy.demo.loopback import Response


if TYPE_CHECKING:
    from pathlib import Path

    from sslwhy.demo.pki import Files, Identity

BODY = b"x" * 3_000_000
VERSIONS = [("1.2", "1.2"), ("1.3", "1.3")]


def pair(files: Files, *, chain: bool = True) -> tuple[str, str]:
    """What `cert=` takes: the chain or the bare certificate, and the key."""
    return str(files.chain if chain else files.certificate), str(files.key)


# client-certificate-required


@pytest.mark.scenario("client-certificate-required")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("versions", VERSIONS)
def test_a_demand_that_is_not_met(
    way: str, versions: tuple[str, str], leaf: Identity, issuing: pki.Authority, ca_file: str
) -> None:
    """TLS 1.2 says handshake_failure and TLS 1.3 certificate_required, to the same effect."""
    with TlsServer(leaf, clients=[issuing], versions=versions) as server:
        report = failed(server.url, way, verify=ca_file)
    assert primary(report) == "client-certificate-required confirmed client"


@pytest.mark.parametrize("body", [b"small", BODY])
def test_a_post_that_the_refusal_overtakes(body: bytes, leaf: Identity, issuing: pki.Authority, ca_file: str) -> None:
    """Whether alert, EOF or reset arrives is chance in TLS 1.3; the verdict is the same, for a probe listens."""
    with TlsServer(leaf, clients=[issuing], versions=("1.3", "1.3")) as server:
        reports = [failed(server.url, method="POST", verify=ca_file, data=body) for _ in range(5)]
        assert server.application_bytes == 0
    assert {primary(report) for report in reports} == {"client-certificate-required confirmed client"}


@needs("java", "javac")
@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_java_demands(version: str, rsa_leaf: Identity, issuing: pki.Authority, ca_file: str) -> None:
    """Java answers the lack of a certificate with bad_certificate."""
    with JavaServer(rsa_leaf, versions=[version], clients=[issuing]) as server:
        report = failed(server.url, verify=ca_file)
    assert primary(report) == "client-certificate-required confirmed client"


@needs("gnutls-serv")
@pytest.mark.parametrize("version", ["VERS-TLS1.2", "VERS-TLS1.3"])
def test_gnutls_demands(version: str, leaf: Identity, issuing: pki.Authority, ca_file: str) -> None:
    """GnuTLS answers it with decode_error, or just closes after the handshake."""
    with GnutlsServer(leaf, priority=f"NORMAL:-VERS-ALL:+{version}", clients=[issuing]) as server:
        report = failed(server.url, verify=ca_file)
    assert primary(report) == "client-certificate-required confirmed client"


@needs("openssl")
def test_the_names_of_the_accepted_cas_are_told(leaf: Identity, issuing: pki.Authority, ca_file: str) -> None:
    """The CertificateRequest of TLS 1.2 names the CAs, and the report passes the names on."""
    with OpensslServer(leaf, clients=[issuing]) as server:
        report = failed(server.url, verify=ca_file)
    assert report.code == "client-certificate-required"
    assert report.primary
    assert "CN=Issuing CA" in report.primary.expected


@needs("nginx")
@pytest.mark.parametrize("way", WAYS)
def test_an_answer_that_demands(way: str, leaf: Identity, issuing: pki.Authority, ca_file: str) -> None:
    """nginx finishes the handshake and says it in HTTP: a check asks for the page, which HEAD does not bring."""
    with Nginx(leaf, clients=[issuing]) as server, sslwhy.Session() as session:
        if way == "check":
            report = sslwhy.check(server.url, verify=ca_file)
        else:
            report = sslwhy.explain(session.get(server.url, verify=ca_file, timeout=5))
    assert report.code == "client-certificate-required"


@pytest.mark.parametrize("status", [400, 403])
def test_any_other_refusal_is_no_matter_of_a_check(status: int, leaf: Identity, ca_file: str) -> None:
    """A service that minds the path, or the caller, has no fault in its TLS."""
    with TlsServer(leaf, lambda _: Response(status, b"<h1>Forbidden</h1>")) as server:
        report = sslwhy.check(server.url, verify=ca_file)
    assert report.primary is None
    assert report.chain


# client-certificate-expired


@pytest.mark.scenario("client-certificate-expired")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("versions", VERSIONS)
def test_an_expired_certificate(
    way: str, versions: tuple[str, str], leaf: Identity, issuing: pki.Authority, ca_file: str, tmp_path: Path
) -> None:
    """The date is read from the file and named."""
    expired = issuing.client("Old Caller", not_after=-pki.DAY).write(tmp_path)
    with TlsServer(leaf, clients=[issuing.issuer or issuing], versions=versions) as server:
        report = failed(server.url, way, verify=ca_file, cert=pair(expired))
    assert primary(report) == "client-certificate-expired confirmed client"
    assert report.primary
    assert report.primary.headline.startswith('the client certificate "Old Caller" expired')


def test_a_certificate_that_is_not_valid_yet(
    leaf: Identity, root: pki.Authority, issuing: pki.Authority, ca_file: str, tmp_path: Path
) -> None:
    """The other end of the period is told, too."""
    early = issuing.client("New Caller", not_before=pki.DAY).write(tmp_path)
    with TlsServer(leaf, clients=[root]) as server:
        report = failed(server.url, verify=ca_file, cert=pair(early))
    assert primary(report) == "client-certificate-expired confirmed client"
    assert report.primary
    assert "valid only from" in report.primary.headline


# client-chain-incomplete, client-certificate-untrusted


@needs("openssl")
@pytest.mark.scenario("client-chain-incomplete")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("version", ["-tls1_2", None])
def test_an_intermediate_that_was_left_out(
    way: str,
    version: str | None,
    leaf: Identity,
    root: pki.Authority,
    client_identity: Identity,
    ca_file: str,
    tmp_path: Path,
) -> None:
    """The server names its root, the server's own chain holds the link, and the file that ends below is at fault."""
    arguments = [version] if version else []
    with OpensslServer(leaf, *arguments, "-verify_return_error", clients=[root]) as server:
        report = failed(server.url, way, verify=ca_file, cert=pair(client_identity.write(tmp_path), chain=False))
    assert primary(report) == "client-chain-incomplete confirmed client"
    assert report.primary
    assert "Issuing CA" in report.primary.headline


def test_the_intermediate_lies_in_the_next_file(
    leaf: Identity, root: pki.Authority, ca_file: str, tmp_path: Path
) -> None:
    """Where the server names no CAs, an intermediate beside the certificate's file makes it likely."""
    caller = root.intermediate("Callers CA").client("Caller")
    files = caller.write(tmp_path)
    files.chain.unlink()
    pki.bundle(tmp_path / "callers-ca.pem", caller.issuer or caller)
    with TlsServer(leaf, clients=[root], versions=("1.2", "1.2")) as server:
        report = failed(server.url, verify=ca_file, cert=pair(files, chain=False))
    assert primary(report) == "client-chain-incomplete likely client"
    assert report.primary
    assert "callers-ca.pem" in report.primary.remedies[0].text


@needs("openssl")
@pytest.mark.scenario("client-certificate-untrusted")
@pytest.mark.parametrize("way", WAYS)
def test_a_certificate_of_a_foreign_ca(
    way: str, leaf: Identity, root: pki.Authority, ca_file: str, tmp_path: Path
) -> None:
    """The accepted names stand beside the issuer of ours."""
    foreign = pki.Authority.root("Foreign Root").intermediate("Foreign CA").client("Caller").write(tmp_path)
    with OpensslServer(leaf, "-tls1_2", "-verify_return_error", clients=[root]) as server:
        report = failed(server.url, way, verify=ca_file, cert=pair(foreign))
    assert primary(report) == "client-certificate-untrusted confirmed client"
    assert report.primary
    assert "CN=Test Root" in report.primary.expected
    assert "CN=Foreign CA" in report.primary.actual


def test_a_self_signed_certificate(leaf: Identity, root: pki.Authority, ca_file: str, tmp_path: Path) -> None:
    """A self-made certificate has no chain that could be incomplete."""
    own = pki.self_signed("me").write(tmp_path)
    with TlsServer(leaf, clients=[root], versions=("1.2", "1.2")) as server:
        report = failed(server.url, verify=ca_file, cert=pair(own))
    assert primary(report) == "client-certificate-untrusted confirmed client"


def test_unknown_ca_without_any_other_trace(leaf: Identity, root: pki.Authority, ca_file: str, tmp_path: Path) -> None:
    """Where nothing tells an unknown CA from a missing intermediate, the report says that it may be either."""
    foreign = pki.Authority.root("Foreign Root").intermediate("Foreign CA").client("Caller").write(tmp_path)
    foreign.chain.unlink()
    with TlsServer(leaf, clients=[root], versions=("1.2", "1.2")) as server:
        report = failed(server.url, verify=ca_file, cert=pair(foreign, chain=False))
    assert primary(report) == "client-certificate-untrusted likely client"
    assert report.primary
    assert any("client-chain-incomplete" in each for each in report.primary.alternatives)


# client-certificate-rejected


@pytest.mark.scenario("client-certificate-rejected")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("versions", VERSIONS)
def test_a_certificate_of_the_wrong_purpose(
    way: str,
    versions: tuple[str, str],
    leaf: Identity,
    root: pki.Authority,
    issuing: pki.Authority,
    ca_file: str,
    tmp_path: Path,
) -> None:
    """A server certificate used as the client's is refused; the report says what it lacks, and which one it is."""
    identity = issuing.issue("server.example", dns=["server.example"])
    wrong = identity.write(tmp_path)
    with TlsServer(leaf, clients=[root], versions=versions) as server:
        report = failed(server.url, way, verify=ca_file, cert=pair(wrong))
    assert primary(report) == "client-certificate-rejected confirmed client"
    assert report.primary
    assert "clientAuth" in report.primary.headline
    assert "clientAuth" in report.primary.remedies[0].text
    assert f"serial number {identity.certificate.serial_number:X}, " in report.primary.actual


@needs("java", "javac")
def test_java_refuses_a_foreign_certificate(
    rsa_leaf: Identity, root: pki.Authority, ca_file: str, tmp_path: Path
) -> None:
    """Java says certificate_unknown for a CA that it does not know."""
    foreign = pki.Authority.root("Foreign Root").client("Caller").write(tmp_path)
    with JavaServer(rsa_leaf, versions=["TLSv1.2"], clients=[root]) as server:
        report = failed(server.url, verify=ca_file, cert=pair(foreign))
    assert report.code in {"client-certificate-rejected", "client-certificate-untrusted"}


def test_a_probe_never_carries_the_client_certificate(
    leaf: Identity, root: pki.Authority, issuing: pki.Authority, ca_file: str, tmp_path: Path
) -> None:
    """After the failing call no connection of the diagnosis completes a handshake with a certificate."""
    wrong = issuing.issue("server.example", dns=["server.example"]).write(tmp_path)
    with TlsServer(leaf, clients=[root], client_auth="optional", versions=("1.3", "1.3")) as server:
        report = failed(server.url, verify=ca_file, cert=pair(wrong))
        assert report.connections
        assert [each for each in server.client_certificates if each] == []
        assert server.application_bytes == 0
