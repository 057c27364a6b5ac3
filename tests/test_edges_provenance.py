"""Where the failing address came from: WSDL, import, soap:address, redirect, ``force_https``."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import requests
import zeep
import zeep.transports
from support import pki, raw, sites, tls
from support.edges import assert_enriched, raised_by
from support.sites import Site

import sslwhy
from sslwhy import diagnosing
from sslwhy.demo.loopback import HttpServer, Response
from sslwhy.demo.soap_service import SoapService


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sslwhy.demo.pki import Identity

NAMES = {"wsdl": "wsdl.partner.example", "schema": "schemas.partner.example", "operation": "soap.partner.example"}


@pytest.fixture(params=["requests", "httpx"])
def library(request: pytest.FixtureRequest) -> str:
    """zeep's plain transport, and its asynchronous one."""
    return str(request.param)


@pytest.fixture
def good(issuing: Any, hosts: dict[str, list[str]]) -> Identity:
    """A good certificate for all three hosts; they resolve."""
    hosts.update({name: ["127.0.0.1"] for name in NAMES.values()})
    return issuing.issue("x", dns=[*NAMES.values(), "localhost"])  # type: ignore[no-any-return]


@pytest.fixture
def bad(issuing: Any) -> Identity:
    """The same, expired."""
    return issuing.issue("x", dns=[*NAMES.values(), "localhost"], not_after=-pki.DAY)  # type: ignore[no-any-return]


def ping(library: str, url: str, ca_file: str, **settings: Any) -> Any:
    """Load the WSDL and call Ping, with zeep's own transport for the library."""
    if library == "requests":
        with requests.Session() as session:
            session.verify = ca_file
            client = sslwhy.Client(
                url, transport=zeep.Transport(session=session, timeout=5, operation_timeout=5), **settings
            )
            return client.service.Ping()
    return asyncio.run(_ping_async(url, ca_file, **settings))


async def _ping_async(url: str, ca_file: str, **settings: Any) -> Any:
    context = ssl.create_default_context(cafile=ca_file)
    with httpx.Client(verify=context, follow_redirects=True) as loading:
        async with httpx.AsyncClient(verify=context, follow_redirects=True) as calling:
            transport = zeep.transports.AsyncTransport(client=calling, wsdl_client=loading)
            return await sslwhy.AsyncClient(url, transport=transport, **settings).service.Ping()


@pytest.mark.parametrize("failing", ["wsdl", "schema", "operation", None])
def test_three_hosts(library: str, failing: str | None, good: Identity, bad: Identity, ca_file: str) -> None:
    """WSDL, schema and endpoint on three hosts: whichever fails, the report names it and who wrote its address."""
    first, second = Site(), Site()
    with (
        tls.TlsServer(bad if failing == "wsdl" else good, application=first) as wsdl,
        tls.TlsServer(bad if failing == "schema" else good, application=second) as schema,
        tls.TlsServer(bad if failing == "operation" else good, application=SoapService()) as endpoint,
    ):
        servers = {"wsdl": wsdl, "schema": schema, "operation": endpoint}
        bases = {kind: f"https://{NAMES[kind]}:{server.port}" for kind, server in servers.items()}
        url = sites.spread((first, bases["wsdl"]), (second, bases["schema"]), f"{bases['operation']}/service")
        if failing is None:
            assert ping(library, url, ca_file) == "pong"
            return
        error = assert_enriched(raised_by(ping, library, url, ca_file), "certificate-expired")
    report = error.report
    assert report.target.authority == f"{NAMES[failing]}:{servers[failing].port}"
    assert report.operation.kind == failing
    expected = {
        "wsdl": None,
        "schema": f"an import in {url}",
        "operation": f"the soap:address in the WSDL {url}",
    }
    assert report.operation.url_source == expected[failing]
    assert (report.operation.url_source or "loading the WSDL") in str(report)
    # The endpoint's fault is the primary; that its address is the WSDL's stands behind it, with the line that helps.
    codes = [finding.code for finding in report.findings]
    assert codes == ["certificate-expired", *["wsdl-address-mismatch"] * (failing == "operation")]


def test_imported_wsdl(library: str, good: Identity, bad: Identity, ca_file: str) -> None:
    """A WSDL that a WSDL imports: the report names the importing document."""
    outer, inner = Site(), Site()
    with tls.TlsServer(good, application=outer) as first, tls.TlsServer(bad, application=inner) as second:
        bases = [f"https://{NAMES['wsdl']}:{first.port}", f"https://{NAMES['schema']}:{second.port}"]
        url = sites.spread_wsdl((outer, bases[0]), (inner, bases[1]), "https://localhost:1/service")
        error = assert_enriched(raised_by(ping, library, url, ca_file), "certificate-expired")
    assert error.report.operation.kind == "wsdl"
    assert error.report.operation.url_source == f"an import in {url}"
    assert error.report.target.port == second.port


def test_import_of_an_import(good: Identity, bad: Identity, ca_file: str) -> None:
    """The third WSDL of a chain was named by the second, not by the first."""
    pages = [Site(), Site()]
    with (
        tls.TlsServer(good, application=pages[0]) as first,
        tls.TlsServer(good, application=pages[1]) as second,
        tls.TlsServer(bad) as third,
    ):
        url = sites.spread_wsdl((pages[0], first.url), (pages[1], second.url), "https://localhost:1/service")
        broken = sites.soap_service.definitions(f'<wsdl:import namespace="urn:x" location="{third.url}/third.wsdl"/>')
        pages[1].pages["/quotes.wsdl"] = sites.document(broken)
        error = assert_enriched(raised_by(ping, "requests", url, ca_file), "certificate-expired")
    assert error.report.target.port == third.port
    assert error.report.operation.url_source == f"an import in {second.url}/quotes.wsdl"


def test_redirected_wsdl(library: str, good: Identity, bad: Identity, ca_file: str) -> None:
    """A redirect: the report says from where, with which status."""
    with tls.TlsServer(bad) as target, tls.TlsServer(good, application=Site()) as first:
        first.application.pages["/service?wsdl"] = sites.redirect(f"{target.url}/moved?wsdl")  # type: ignore[attr-defined]
        error = assert_enriched(raised_by(ping, library, f"{first.url}/service?wsdl", ca_file), "certificate-expired")
    assert error.report.target.url == f"{target.url}/moved?wsdl"
    assert error.report.operation.url_source == f"a redirect (302) from {first.url}/service?wsdl"
    assert error.report.operation.kind == "wsdl"


def test_redirected_import(good: Identity, bad: Identity, ca_file: str) -> None:
    """An import that is redirected: both the redirect and the importing document are named."""
    first, second = Site(), Site()
    with (
        tls.TlsServer(good, application=first) as wsdl,
        tls.TlsServer(good, application=second) as schema,
        tls.TlsServer(bad) as target,
    ):
        url = sites.spread((first, wsdl.url), (second, schema.url), f"{wsdl.url}/service")
        second.pages["/quotes.xsd"] = sites.redirect(f"{target.url}/moved.xsd", 301)
        error = assert_enriched(raised_by(ping, "requests", url, ca_file), "certificate-expired")
    assert error.report.operation.kind == "schema"
    source = f"a redirect (301) from {schema.url}/quotes.xsd, which is an import in {url}"
    assert error.report.operation.url_source == source


def test_redirected_request(good: Identity, bad: Identity, ca_file: str) -> None:
    """Plain requests: two redirects, and the last of them named the failing address."""
    with tls.TlsServer(bad) as target, tls.TlsServer(good, application=Site()) as first:
        first.application.pages.update(  # type: ignore[attr-defined]
            {"/a": sites.redirect("/b"), "/b": sites.redirect(f"{target.url}/c?token=secret")}
        )
        error = raised_by(diagnosing()(requests.get), f"{first.url}/a", verify=ca_file)
    report = assert_enriched(error, "certificate-expired").report
    assert report.operation.url_source == f"a redirect (302) from {first.url}/b"
    assert report.operation.requested_url == f"{first.url}/a"
    assert "secret" not in str(report)


def test_address_of_the_caller(good: Identity, bad: Identity, ca_file: str) -> None:
    """An address that the caller gave to ``create_service`` was written by nobody else."""
    with (
        tls.TlsServer(good, application=SoapService()) as healthy,
        tls.TlsServer(bad) as other,
        requests.Session() as session,
    ):
        session.verify = ca_file
        client = sslwhy.Client(f"{healthy.url}/service?wsdl", transport=zeep.Transport(session=session))
        service = client.create_service("{urn:sslwhy:quotes}QuotesBinding", f"{other.url}/service")
        error = assert_enriched(raised_by(service.Ping), "certificate-expired")
    assert error.report.operation.url_source is None
    assert len(error.report.findings) == 1


def test_another_call_inside_the_operation(good: Identity, bad: Identity, ca_file: str) -> None:
    """A plug-in that calls a token service of its own: that address was not written in the WSDL."""

    class Token(zeep.Plugin):  # type: ignore[misc]  # zeep is untyped
        def egress(self, envelope: Any, http_headers: Any, operation: Any, binding_options: Any) -> Any:
            requests.get(f"{tokens.url}/token", verify=ca_file, timeout=5)
            return envelope, http_headers

    with tls.TlsServer(good, application=SoapService()) as healthy, tls.TlsServer(bad) as tokens:
        error = raised_by(ping, "requests", f"{healthy.url}/service?wsdl", ca_file, plugins=[Token()])
        report = assert_enriched(error, "certificate-expired").report
        assert report.target.port == tokens.port
        assert report.operation.url_source is None


class TestWsdlAddress:
    """The address was written in the WSDL."""

    @pytest.mark.scenario("wsdl-address-mismatch")
    @pytest.mark.parametrize(
        ("address", "also"),
        [
            ("https://internal.partner.example/service", "name-resolution-failed"),
            ("https://localhost:1/service", "connection-refused"),
        ],
    )
    def test_nobody_there(self, library: str, address: str, also: str, good: Identity, ca_file: str) -> None:
        """Nobody can be reached at the WSDL's address: that is the headline, and what failed stands behind it."""
        with tls.TlsServer(good, application=SoapService(address)) as server:
            error = raised_by(ping, library, f"{server.url}/service?wsdl", ca_file)
            report = assert_enriched(error, "wsdl-address-mismatch").report
            assert [finding.code for finding in report.findings] == ["wsdl-address-mismatch", also]
            assert report.primary.confidence == "likely"
            assert address in report.primary.headline
            assert f"{server.url}/service?wsdl" in report.primary.actual
            assert _run_remedy(library, report, f"{server.url}/service?wsdl", ca_file) == "pong"

    def test_wrong_name_there(self, library: str, good: Identity, hosts: dict[str, list[str]], ca_file: str) -> None:
        """A server is there and has the wrong name: its fault comes first, the WSDL's address behind it."""
        hosts["internal.partner.example"] = ["127.0.0.1"]
        with tls.TlsServer(good, application=SoapService()) as server:
            address = f"https://internal.partner.example:{server.port}/service"
            server.application = SoapService(address)
            error = raised_by(ping, library, f"{server.url}/service?wsdl", ca_file)
            report = assert_enriched(error, "hostname-mismatch").report
            assert [finding.code for finding in report.findings] == ["hostname-mismatch", "wsdl-address-mismatch"]
            assert _run_remedy(library, report, f"{server.url}/service?wsdl", ca_file) == "pong"

    @pytest.mark.parametrize("as_url", [False, True])
    def test_wsdl_from_a_file(self, as_url: bool, good: Identity, ca_file: str, tmp_path: Path) -> None:
        """A file says nothing of where the service lives: no mismatch is claimed, and the way to another is shown."""
        file = tmp_path / "service.wsdl"
        with tls.TlsServer(good, application=SoapService("https://localhost:1/service")) as server:
            file.write_bytes(requests.get(f"{server.url}/service?wsdl", verify=ca_file, timeout=5).content)
        client = sslwhy.Client(file.as_uri() if as_url else str(file))
        report = assert_enriched(raised_by(client.service.Ping), "connection-refused").report
        assert [finding.code for finding in report.findings] == ["connection-refused"]
        assert "service.wsdl" in (report.operation.url_source or "")
        snippet = report.primary.remedies[-1].snippet
        assert "None" not in str(report)
        with tls.TlsServer(good, application=SoapService()) as server:
            client.transport.session.verify = ca_file
            names: dict[str, Any] = {"client": client}
            exec(snippet.replace("HOST", f"localhost:{server.port}"), names)
            assert names["service"].Ping() == "pong"

    def test_same_host(self, bad: Identity, good: Identity, ca_file: str) -> None:
        """Where the WSDL names the host that it came from, no mismatch is claimed."""
        with tls.TlsServer(good, application=SoapService()) as server, requests.Session() as session:
            session.verify = ca_file
            client = sslwhy.Client(f"{server.url}/service?wsdl", transport=zeep.Transport(session=session))
            port = server.port
        replacement = tls.TlsServer(bad)
        replacement.port = port
        with replacement:
            report = assert_enriched(raised_by(client.service.Ping), "certificate-expired").report
        assert len(report.findings) == 1
        assert report.operation.url_source is not None


def _run_remedy(library: str, report: Any, url: str, ca_file: str) -> Any:
    """Run the snippet that the report prints, as it stands, and call Ping on the service that it makes."""
    finding = next(each for each in report.findings if each.code == "wsdl-address-mismatch")
    snippet = next(remedy.snippet for remedy in finding.remedies if remedy.snippet)
    if library == "requests":
        with requests.Session() as session:
            session.verify = ca_file
            names = {"client": zeep.Client(url, transport=zeep.Transport(session=session))}
            exec(snippet, names)
            return names["service"].Ping()

    async def run() -> Any:
        context = ssl.create_default_context(cafile=ca_file)
        with httpx.Client(verify=context) as loading:
            async with httpx.AsyncClient(verify=context) as calling:
                transport = zeep.transports.AsyncTransport(client=calling, wsdl_client=loading)
                names: dict[str, Any] = {"client": sslwhy.AsyncClient(url, transport=transport)}
                exec(snippet, names)
                return await names["service"].Ping()

    return asyncio.run(run())


class TestForcedHttps:
    """zeep's ``force_https`` turned an http address into https and kept its port."""

    @pytest.fixture
    def plain(self) -> Iterator[HttpServer]:
        """A SOAP service over plain HTTP, which answers anything else with 400."""
        with HttpServer(SoapService()) as server:
            yield server

    @pytest.mark.scenario("forced-https")
    def test_operation(self, library: str, good: Identity, plain: HttpServer, ca_file: str) -> None:
        """``WRONG_VERSION_NUMBER`` at an https address that nobody wrote; the WSDL came over https."""
        with tls.TlsServer(good, application=SoapService(f"http://localhost:{plain.port}/service")) as server:
            error = raised_by(ping, library, f"{server.url}/service?wsdl", ca_file)
            report = assert_enriched(error, "forced-https").report
            assert "WRONG_VERSION_NUMBER" in str(error) or "RECORD_LAYER_FAILURE" in str(error)
            assert report.target.url == f"https://localhost:{plain.port}/service"
            assert report.primary.subject == "client"
            assert not plain.requests
            off = next(remedy.snippet for remedy in report.primary.remedies if "Settings" in (remedy.snippet or ""))
            names: dict[str, Any] = {}
            exec(off, names)
            assert ping(library, f"{server.url}/service?wsdl", ca_file, settings=names["settings"]) == "pong"
        assert len(plain.requests) == 1

    def test_a_plain_server_that_hangs_up(self, library: str, good: Identity, ca_file: str) -> None:
        """Nothing shows that the port speaks HTTP, but the WSDL is not said to name an https address without doubt."""
        with raw.RawServer(raw.close_after_hello) as plain:
            address = f"http://localhost:{plain.port}/service"
            with tls.TlsServer(good, application=SoapService(address)) as server:
                report = assert_enriched(
                    raised_by(ping, library, f"{server.url}/service?wsdl", ca_file), "handshake-closed"
                ).report
        provenance = next(finding for finding in report.findings if finding.code == "wsdl-address-mismatch")
        assert "(forced-https)" in provenance.alternatives[0]

    def test_https_address_of_the_wsdl_itself(self, good: Identity, ca_file: str) -> None:
        """With ``force_https`` off nothing was rewritten: the port does not speak TLS, and the WSDL said https."""
        with HttpServer(lambda _: Response(400, b"")) as plain:
            address = f"https://localhost:{plain.port}/service"
            with tls.TlsServer(good, application=SoapService(address)) as server:
                settings = zeep.Settings(force_https=False)
                error = raised_by(ping, "requests", f"{server.url}/service?wsdl", ca_file, settings=settings)
            report = assert_enriched(error, "not-tls").report
        assert [finding.code for finding in report.findings] == ["not-tls", "wsdl-address-mismatch"]
