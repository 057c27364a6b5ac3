"""The five rows of the support article, end to end: a SOAP program changes one import and learns why TLS failed."""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING, Any

import pytest
import requests
import zeep
from support import pki, tls
from support.relays import Balancer

import sslwhy
from sslwhy.demo.soap_service import NAMESPACE, SoapService


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.demo.pki import Identity

WHEN = ["wsdl", "operation"]
BINDING = f"{{{NAMESPACE}}}QuotesBinding"


@pytest.fixture
def session(ca_file: str) -> Iterator[requests.Session]:
    """A caller's own plain session that trusts the test root."""
    with requests.Session() as own:
        own.verify = ca_file
        yield own


def failure(session: requests.Session, server: Any, healthy: Any, when: str) -> Any:
    """Call the SOAP service so that the failing server is met at WSDL load or at the operation."""
    transport = zeep.Transport(session=session)
    if when == "wsdl":
        with pytest.raises(requests.exceptions.RequestException) as caught:
            sslwhy.Client(f"{server.url}/service?wsdl", transport=transport)
        return caught.value
    client = sslwhy.Client(f"{healthy.url}/service?wsdl", transport=transport)
    service = client.create_service(BINDING, f"{server.url}/service")
    with pytest.raises(requests.exceptions.RequestException) as caught:
        service.Ping()
    return caught.value


@pytest.fixture
def healthy(leaf: Identity) -> Iterator[tls.TlsServer]:
    """The healthy SOAP service."""
    with tls.TlsServer(leaf, application=SoapService()) as server:
        yield server


def faulty(code: str, issuing: Any) -> tuple[Identity, int]:
    """An identity with exactly one fault, and the verify code that OpenSSL gives for it."""
    other = pki.Authority.root("Other Root").intermediate("Other Issuing CA")
    make = {
        "hostname-mismatch": lambda: (issuing.issue("x", dns=["soap.partner.example", "*.partner.example"]), 62),
        "ip-address-mismatch": lambda: (issuing.issue("x", dns=["localhost"]), 64),
        "missing-subject-alternative-name": lambda: (issuing.issue("localhost", omit=["san"]), 62),
        "certificate-expired": lambda: (issuing.issue("x", dns=["localhost"], not_after=-3 * pki.DAY), 10),
        "certificate-not-yet-valid": lambda: (issuing.issue("x", dns=["localhost"], not_before=3 * pki.DAY), 9),
        "unknown-issuer": lambda: (other.issue("x", dns=["localhost"]), 20),
        "untrusted-root": lambda: (other.issue("x", dns=["localhost"]), 19),
        "self-signed-certificate": lambda: (pki.self_signed("localhost", dns=["localhost"]), 18),
    }
    return make[code]()


CERTIFICATE_CODES = [
    "hostname-mismatch",
    "missing-subject-alternative-name",
    "certificate-expired",
    "certificate-not-yet-valid",
    "unknown-issuer",
    "untrusted-root",
    "self-signed-certificate",
]


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("code", CERTIFICATE_CODES)
def test_certificate_failures(
    code: str, when: str, version: str, issuing: Any, session: requests.Session, healthy: Any
) -> None:
    """Each certificate fault is named at WSDL load and at the call, on both versions, without a further connection."""
    identity, verify_code = faulty(code, issuing)
    settings: dict[str, Any] = {"versions": (version, version), "send_root": code == "untrusted-root"}
    with tls.TlsServer(identity, application=SoapService(), **settings) as server:
        error = failure(session, server, healthy, when)
        assert server.connections == 1
        assert server.application_bytes == 0
    assert isinstance(error, requests.exceptions.SSLError)
    assert isinstance(error, sslwhy.DiagnosedError)
    report = error.report
    assert report.code == code
    assert report.connections == 0
    assert report.observed.verify_code == verify_code
    assert report.operation.kind == when
    assert report.target.port == server.port
    assert report.findings[0].remedies
    assert "\n" not in str(error)
    assert str(error).endswith(f"[{code}]")
    assert str(error.__cause__) in str(error)
    assert report.chain
    assert len(report.findings) == 1, [finding.code for finding in report.findings]


@pytest.mark.parametrize("when", WHEN)
def test_protocol_mismatch(when: str, leaf: Identity, session: requests.Session, healthy: Any) -> None:
    """A server that speaks nothing newer than TLS 1.1 is found out although this OpenSSL cannot speak that."""
    with tls.TlsServer(leaf, application=SoapService(), versions=("1.0", "1.1"), ciphers="ALL") as server:
        error = failure(session, server, healthy, when)
        assert server.application_bytes == 0
    assert isinstance(error, requests.exceptions.SSLError)
    assert error.report.code == "protocol-version-mismatch"
    assert "TLS 1.1" in error.report.primary.actual
    assert error.report.connections > 0


@pytest.mark.parametrize("when", WHEN)
def test_an_intermediate_that_is_not_sent(when: str, leaf: Identity, session: requests.Session, healthy: Any) -> None:
    """With the end-entity alone, both explanations are given, and neither is claimed."""
    with tls.TlsServer(leaf, application=SoapService(), chain=[]) as server:
        report = failure(session, server, healthy, when).report
    assert (report.code, report.connections) == ("unknown-issuer", 0)
    missing, private = report.primary.alternatives
    assert "does not send an intermediate" in missing
    assert "private authority" in private
    assert [(link.role, link.subject) for link in report.chain] == [
        ("end-entity", "CN=localhost"),
        ("missing", "CN=Issuing CA"),
    ]


@pytest.mark.parametrize("when", WHEN)
def test_cipher_mismatch(when: str, rsa_leaf: Identity, session: requests.Session, healthy: Any) -> None:
    """A server with none of this client's suites: the report names what each side has."""
    settings: dict[str, Any] = {"versions": ("1.2", "1.2"), "ciphers": "AES128-SHA"}
    with tls.TlsServer(rsa_leaf, application=SoapService(), **settings) as server:
        error = failure(session, server, healthy, when)
        assert server.application_bytes == 0
    assert isinstance(error, requests.exceptions.SSLError)
    assert error.report.code == "no-shared-cipher"
    assert "AES128-SHA" in error.report.primary.actual
    assert "GCM" in error.report.primary.expected
    assert error.report.operation.kind == when


def test_block_is_in_the_traceback(issuing: Any, session: requests.Session, healthy: Any) -> None:
    """A traceback shows the block on Python 3.11 and later."""
    identity, _ = faulty("certificate-expired", issuing)
    with tls.TlsServer(identity, application=SoapService()) as server:
        error = failure(session, server, healthy, "wsdl")
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    block = "error[certificate-expired]:"
    assert (block in text) == (sys.version_info >= (3, 11))
    assert block in str(error.report)
    assert "3 days ago" in str(error.report)


def test_all_faults_at_once(session: requests.Session, healthy: Any) -> None:
    """An expired, wrongly named, self-signed certificate gives three findings."""
    identity = pki.self_signed("x", dns=["other.example"], not_before=-9 * pki.DAY, not_after=-pki.DAY)
    with tls.TlsServer(identity, application=SoapService()) as server:
        error = failure(session, server, healthy, "wsdl")
    codes = {finding.code for finding in error.report.findings}
    assert codes == {"certificate-expired", "hostname-mismatch", "self-signed-certificate"}


def test_ip_address(issuing: Any, session: requests.Session) -> None:
    """A URL by IP address against a certificate by name is its own cause."""
    identity, _ = faulty("ip-address-mismatch", issuing)
    with tls.TlsServer(identity, application=SoapService()) as server, pytest.raises(requests.exceptions.SSLError) as e:
        sslwhy.Client(f"https://127.0.0.1:{server.port}/service?wsdl", transport=zeep.Transport(session=session))
    assert e.value.report.code == "ip-address-mismatch"  # type: ignore[attr-defined]
    assert e.value.report.observed.verify_code == 64  # type: ignore[attr-defined]


@pytest.mark.parametrize("turn", range(4))
def test_load_balancer(turn: int, issuing: Any, leaf: Identity, session: requests.Session) -> None:
    """Behind a balancer with one bad backend, the diagnosis is of the connection that failed, never of the next one."""
    expired = issuing.issue("x", dns=["localhost"], not_after=-3 * pki.DAY)
    with (
        tls.TlsServer(leaf, application=SoapService()) as good,
        tls.TlsServer(expired, application=SoapService()) as bad,
        Balancer(good, bad) as balancer,
    ):
        url = f"https://localhost:{balancer.port}/service?wsdl"
        outcomes = []
        for _ in range(turn + 2):
            session.close()
            try:
                sslwhy.Client(url, transport=zeep.Transport(session=session))
                outcomes.append("fine")
            except requests.exceptions.SSLError as error:
                outcomes.append(error.report.code)  # type: ignore[attr-defined]
    assert outcomes == (["fine", "certificate-expired"] * 3)[: turn + 2]


def test_chain_is_shown_as_a_certificate_dialog_shows_it(issuing: Any, session: requests.Session, healthy: Any) -> None:
    """Issued to, issued by, validity, fingerprint and the link that breaks stand in report and block."""
    identity, _ = faulty("certificate-expired", issuing)
    with tls.TlsServer(identity, application=SoapService()) as server:
        report = failure(session, server, healthy, "wsdl").report
    roles = [(link.role, link.presented, link.problems) for link in report.chain]
    assert roles == [
        ("end-entity", True, ("certificate-expired",)),
        ("intermediate", True, ()),
        ("trust anchor", False, ()),
    ]
    first = report.chain[0]
    assert first.sha256
    for text in (first.subject, first.issuer, first.not_before, first.not_after, first.sha256):
        assert text in str(report)
