"""TLS failures behind the service, end to end: a Fault or a page comes back and says whose trouble it is."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import requests
import zeep
import zeep.exceptions
from support import raw, sites, tls
from support.edges import assert_enriched, raised_by
from support.isolation import needs
from support.nginx import Nginx

import sslwhy
from sslwhy import diagnosing
from sslwhy.demo.soap_service import fault, wsdl


if TYPE_CHECKING:
    from collections.abc import Callable

    from sslwhy.demo.pki import Identity

DOTNET_TRUST = (
    "Server was unable to process request. ---> System.Net.WebException: The underlying connection was closed: "
    "Could not establish trust relationship for the SSL/TLS secure channel."
)
DOTNET_CHANNEL = (
    "Server was unable to process request. ---> System.Net.WebException: The request was aborted: "
    "Could not create SSL/TLS secure channel."
)
JAVA_TRUST = (
    "javax.net.ssl.SSLHandshakeException: PKIX path building failed: sun.security.provider.certpath."
    "SunCertPathBuilderException: unable to find valid certification path to requested target"
)
JAVA_ALERT = "javax.net.ssl.SSLHandshakeException: Received fatal alert: handshake_failure"
UPSTREAM = [
    (DOTNET_TRUST, "upstream-trust-failure"),
    (JAVA_TRUST, "upstream-trust-failure"),
    (DOTNET_CHANNEL, "upstream-tls-failure"),
    (JAVA_ALERT, "upstream-tls-failure"),
]


@pytest.fixture
def ping(leaf: Identity, ca_file: str) -> Callable[..., BaseException]:
    """Call Ping on a service whose every operation answers as given; return the exception."""

    def call(application: Any) -> BaseException:
        with tls.TlsServer(leaf, application=application) as server, requests.Session() as session:
            session.verify = ca_file
            client = sslwhy.Client(f"{server.url}/service?wsdl", transport=zeep.Transport(session=session))
            error = raised_by(client.service.Ping)
            assert server.connections == 1
        return error

    return call


def soap12(text: str, detail: str = "") -> Any:
    """A SOAP 1.2 service whose every operation answers with this Fault."""
    faulty = sites.faulty(text, version="1.2", detail=detail)

    def answer(request: Any) -> Any:
        if request.method == "POST":
            return faulty(request)
        return sites.document(wsdl(f"https://{request.headers['Host']}/service", version="1.2"))

    return answer


@pytest.mark.parametrize(("text", "code"), UPSTREAM)
@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_faults(text: str, code: str, version: str, ping: Callable[..., BaseException]) -> None:
    """A Fault of either SOAP version stays a Fault with all that it had, and says that the service has the trouble."""
    application = sites.faulty(text) if version == "1.1" else soap12(text)
    error = assert_enriched(ping(application), code, zeep.exceptions.Fault)
    assert error.message == text
    assert error.code == ("s:Server" if version == "1.1" else "s:Receiver")  # the Fault's own, as without sslwhy
    assert error.report.connections == 0
    assert error.report.operation.name == "Ping"
    assert error.report.operation.kind == "operation"


@pytest.mark.scenario("upstream-tls-failure")
def test_letter_to_the_owner(ping: Callable[..., BaseException]) -> None:
    """Nothing is to be changed here; the message to send stands in the report, with address, operation and text."""
    error = assert_enriched(ping(sites.faulty(DOTNET_CHANNEL)), "upstream-tls-failure")
    primary = error.report.primary
    (letter,) = [remedy.snippet for remedy in primary.remedies if remedy.actor == "you"]
    assert letter.startswith("Hello,")
    assert "operation Ping" in letter
    assert f"{error.report.target.url}" in letter
    assert DOTNET_CHANNEL in letter
    assert "service owner" in {remedy.actor for remedy in primary.remedies}
    assert "verify=False" not in str(error.report)


@pytest.mark.scenario("upstream-trust-failure")
def test_detail(ping: Callable[..., BaseException]) -> None:
    """The text may stand in the Fault's detail; the detail's XML stays, and only pickling drops it."""
    answer = fault("Internal Error", detail=JAVA_TRUST)
    trace = b'stackTrace xmlns="http://xml.apache.org/axis/"'
    body = answer.body.replace(b"<d>", b"<" + trace + b">").replace(b"</d>", b"</stackTrace>")
    error = assert_enriched(ping(sites.faulty_with(replace(answer, body=body))), "upstream-trust-failure")
    assert error.detail is error.__cause__.detail
    assert error.detail[0].text == JAVA_TRUST
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, zeep.exceptions.Fault)
    assert (again.message, again.code, again.detail, again.report) == ("Internal Error", "s:Server", None, error.report)


def test_page_that_is_no_xml(ping: Callable[..., BaseException]) -> None:
    """zeep complains about XML and hides what the page says; it stays a ``TransportError`` with status and content."""
    body = (
        b"upstream connect error or disconnect/reset before headers. reset reason: connection failure, transport "
        b"failure reason: TLS error: 268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED"
    )
    response = sites.Response(503, body, "text/plain", {"Server": "envoy"})
    error = assert_enriched(ping(sites.faulty_with(response)), "upstream-trust-failure", zeep.exceptions.TransportError)
    assert (error.status_code, error.content) == (503, body)
    assert error.report.observed.status == 503


@pytest.mark.parametrize(
    ("page", "code"),
    [("cloudflare-525", "upstream-tls-failure"), ("cloudflare-526", "upstream-trust-failure")],
)
def test_pages_of_gateways(page: str, code: str, ping: Callable[..., BaseException]) -> None:
    """A page that is well-formed XML comes out of zeep as an "unknown" Fault; its status decides all the same."""
    error = assert_enriched(ping(sites.faulty_with(sites.PAGES[page])), code)
    assert isinstance(error, zeep.exceptions.Fault | zeep.exceptions.TransportError)


@pytest.mark.parametrize("page", ["nginx-no-certificate", "nginx-496"])
def test_pages_that_want_a_client_certificate(page: str, ping: Callable[..., BaseException]) -> None:
    """nginx says over HTTP that it wants a client certificate."""
    error = assert_enriched(ping(sites.faulty_with(sites.PAGES[page])), "client-certificate-required")
    assert isinstance(error, zeep.exceptions.Fault | zeep.exceptions.TransportError)


@pytest.mark.parametrize("page", ["nginx-502", "apache-403"])
def test_pages_that_say_nothing_of_tls(page: str, ping: Callable[..., BaseException]) -> None:
    """An error page that does not speak of TLS is left alone."""
    error = ping(sites.faulty_with(sites.PAGES[page]))
    assert type(error) in {zeep.exceptions.Fault, zeep.exceptions.TransportError}


@pytest.mark.parametrize(
    "text",
    [
        "no quote for SSL Holdings plc",
        "Order 4711: product 'TLS certificate, 1 year' is out of stock",
        "the field certificateNumber is missing",
        "Internal Server Error",
    ],
)
def test_business_faults(text: str, ping: Callable[..., BaseException]) -> None:
    """A Fault that merely mentions TLS words in business data is the very object that zeep raised."""
    error = ping(sites.faulty(text))
    assert type(error) is zeep.exceptions.Fault
    assert error.__cause__ is None


def test_wsdl_that_cannot_be_had(leaf: Identity, ca_file: str) -> None:
    """A page at WSDL load: requests' ``HTTPError`` with its response, and zeep's ``TransportError`` for httpx."""
    with tls.TlsServer(leaf, application=sites.always(sites.PAGES["nginx-no-certificate"])) as server:
        url = f"{server.url}/service?wsdl"
        with requests.Session() as session:
            session.verify = ca_file
            error = raised_by(sslwhy.Client, url, transport=zeep.Transport(session=session))
        twin = assert_enriched(error, "client-certificate-required", requests.exceptions.HTTPError)
        assert twin.response.status_code == 400
        assert twin.report.operation.kind == "wsdl"


class TestExplain:
    """``explain()`` for what is already in hand."""

    @pytest.mark.parametrize("library", [requests, httpx], ids=["requests", "httpx"])
    def test_response(self, library: Any, leaf: Identity, ca_file: str) -> None:
        """A 400 page of nginx, as a response of either library; nothing is connected to."""
        with tls.TlsServer(leaf, application=sites.always(sites.PAGES["nginx-no-certificate"])) as server:
            verify = ca_file if library is requests else tls.ssl.create_default_context(cafile=ca_file)
            report = sslwhy.explain(library.get(server.url, verify=verify))
            assert server.connections == 1
        assert report.code == "client-certificate-required"
        assert report.observed.status == 400
        assert report.target.port == server.port

    @needs("nginx")
    def test_real_nginx(self, leaf: Identity, root: Any, ca_file: str) -> None:
        """The same from nginx itself."""
        with Nginx(leaf, clients=[root]) as server:
            response = requests.get(server.url, verify=ca_file, timeout=5)
        assert response.status_code == 400
        assert sslwhy.explain(response).code == "client-certificate-required"

    def test_good_response(self, leaf: Identity, ca_file: str) -> None:
        """Where nothing is wrong, the report says so."""
        with tls.TlsServer(leaf) as server:
            report = sslwhy.explain(requests.get(server.url, verify=ca_file, timeout=5))
        assert report.primary is None

    def test_exception(self, leaf: Identity) -> None:
        """An exception that nobody guarded: its numbers are told; the chain only to who allows a connection."""
        with tls.TlsServer(leaf) as server:
            error = raised_by(requests.get, server.url, timeout=5)
            report = sslwhy.explain(error)
            assert server.connections == 1
            assert (report.observed.verify_code, report.target.port) == (20, server.port)
            report = sslwhy.explain(error, connect=True)
            assert server.connections == 2
        assert report.code == "unknown-issuer"
        assert report.connections == 1
        assert type(error) is requests.exceptions.SSLError

    def test_after_pickling(self, leaf: Identity) -> None:
        """Without frames there is less to see: the numbers are still there, and nothing is raised."""
        with tls.TlsServer(leaf) as server:
            error = raised_by(requests.get, server.url, timeout=5)
        report = sslwhy.explain(pickle.loads(pickle.dumps(error)))
        assert report.code is not None

    def test_enriched(self, leaf: Identity) -> None:
        """An enriched exception carries its report already."""
        with tls.TlsServer(leaf) as server, sslwhy.Session() as session:
            error: Any = raised_by(session.get, server.url)
        assert sslwhy.explain(error) is error.report

    @pytest.mark.scenario("unclassified")
    @pytest.mark.parametrize("subject", [KeyError("x"), ValueError(), Exception("a\nb"), OSError()], ids=repr)
    def test_anything(self, subject: BaseException) -> None:
        """It never raises, and claims nothing."""
        report = sslwhy.explain(subject)
        assert report.code == "unclassified"
        assert "\n" not in report.line()


@pytest.mark.scenario("unclassified")
def test_unclassified(ca_file: str) -> None:
    """A TLS error that nothing explains leaves as what it was, with everything seen and nothing claimed."""
    with raw.RawServer(raw.alert(80)) as server:
        error = raised_by(diagnosing()(requests.get), server.url, verify=ca_file, timeout=5)
    report = assert_enriched(error, "unclassified", requests.exceptions.SSLError).report
    assert report.primary.confidence == "possible"
    assert "internal_error" in str(report)
