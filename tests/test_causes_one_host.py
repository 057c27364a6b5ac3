"""The context for one host only: the printed Python runs as it stands, for each library and through a proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from support import pki
from support.asking import failed
from support.isolation import needs
from support.programs import OpensslServer
from support.relays import Proxy
from support.tls import TlsServer
from support.trip import get, python, remedy

import sslwhy
from sslwhy.demo.soap_service import SoapService


if TYPE_CHECKING:
    from pathlib import Path

    from sslwhy.demo.pki import Identity

OLD = ("1.0", "1.0")


def test_zeep_gets_a_transport(leaf: Identity, ca_file: str) -> None:
    """Where a WSDL could not be loaded, the snippet ends in a client that works."""
    with TlsServer(leaf, SoapService(), versions=OLD) as server, sslwhy.Session() as session:
        session.verify = ca_file
        with pytest.raises(sslwhy.DiagnosedError) as caught:
            sslwhy.Client(f"{server.url}/service?wsdl", transport=sslwhy.Transport(session=session))
        snippet = str(remedy(caught.value.report.primary, snippet=True).snippet)
        assert "Transport(session=session)" in snippet
        python(snippet + "\nassert client.service.Ping() == 'pong'\n")


def test_an_operation_gets_the_wsdl_that_named_it(leaf: Identity, ca_file: str) -> None:
    """Where the service behind the WSDL failed, the client is made from the WSDL and the adapter is for the service."""
    with (
        TlsServer(leaf, SoapService(), versions=OLD) as old,
        TlsServer(leaf, SoapService(address=f"{old.url}/service")) as healthy,
        sslwhy.Session() as session,
    ):
        session.verify = ca_file
        client = sslwhy.Client(f"{healthy.url}/service?wsdl", transport=sslwhy.Transport(session=session))
        with pytest.raises(sslwhy.DiagnosedError) as caught:
            client.service.Ping()
        snippet = _soap_snippet(caught.value.report)
        assert f"URL = 'https://localhost:{old.port}/'" in snippet
        assert f"Client('https://localhost:{healthy.port}/service?wsdl'" in snippet
        python(snippet + "\nassert client.service.Ping() == 'pong'\n")


def _soap_snippet(report: sslwhy.Report) -> str:
    finding = next(each for each in report.findings if each.code == "protocol-version-mismatch")
    return str(remedy(finding, snippet=True).snippet)


def test_httpx_gets_a_mount(leaf: Identity, ca_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """httpx's own way to give one host a context of its own, with the trust store that was in force."""
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    with TlsServer(leaf, versions=OLD) as server:
        with pytest.raises(sslwhy.DiagnosedError) as caught, sslwhy.diagnosing():
            httpx.get(server.url)
        assert caught.value.code == "protocol-version-mismatch"
        snippet = str(remedy(caught.value.report.primary, snippet=True).snippet)
        python(f"{snippet}\nassert client.get({server.url!r}).status_code == 200\n")


def test_a_proxy_is_kept(leaf: Identity, ca_file: str) -> None:
    """Behind a proxy the same adapter gives its context to the tunnelled connection."""
    with TlsServer(leaf, versions=OLD) as server, Proxy() as proxy:
        report = failed(server.url, verify=ca_file, proxies={"https": proxy.url})
        snippet = str(remedy(report.primary, snippet=True).snippet)
        proxies = f"\nsession.proxies = {{'https': {proxy.url!r}}}"
        python(snippet + proxies + get(server.url))


def test_the_default_store_is_kept(leaf: Identity, ca_file: str) -> None:
    """Where certifi's bundle was in force the context holds it, whatever the version of requests."""
    with TlsServer(leaf, versions=OLD) as server:
        snippet = str(remedy(failed(server.url).primary, snippet=True).snippet)
        python(f"import certifi\ncertifi.where = lambda: {ca_file!r}\n{snippet}{get(server.url)}")


def test_each_verify_has_a_context_of_its_own(leaf: Identity, ca_file: str, tmp_path: Path) -> None:
    """Anchors that one call loaded do not serve the next call, which names others."""
    other = pki.bundle(tmp_path / "other.pem", pki.Authority.root("Other Root"))
    with TlsServer(leaf, versions=OLD) as server:
        snippet = str(remedy(failed(server.url, verify=ca_file).primary, snippet=True).snippet)
        python(snippet + get(server.url) + _refused(f"session.get({server.url!r}, timeout=10, verify={other!r})"))


def _refused(call: str) -> str:
    """Python in which a call must fail on the server's certificate."""
    return (
        f"\ntry:\n    {call}\n"
        "except requests.exceptions.SSLError as error:\n    assert 'CERTIFICATE_VERIFY_FAILED' in str(error)\n"
        "else:\n    raise SystemExit('let through')\n"
    )


def test_other_hosts_keep_their_context(leaf: Identity, ca_file: str) -> None:
    """The weaker context serves the one host: another old server is refused as before."""
    with TlsServer(leaf, versions=OLD) as one, TlsServer(leaf, versions=OLD) as other:
        snippet = str(remedy(failed(one.url, verify=ca_file).primary, snippet=True).snippet)
        refused = (
            f"\ntry:\n    session.get({other.url!r}, timeout=10)\n"
            "except requests.exceptions.SSLError:\n    pass\nelse:\n    raise SystemExit('let through')\n"
        )
        python(snippet + get(one.url) + refused)


@needs("openssl")
def test_the_snippet_still_verifies(rsa_leaf: Identity, dh_1024: str, ca_file: str) -> None:
    """Whatever the remedy loosens, a certificate that nobody vouches for stays refused."""
    stranger = pki.self_signed("localhost", dns=["localhost"], key="rsa-2048")
    settings = ("-tls1_2", "-dhparam", dh_1024, "-cipher", "DHE:AES128-GCM-SHA256:@SECLEVEL=0", "-serverpref", "-www")
    with OpensslServer(rsa_leaf, *settings) as server, OpensslServer(stranger, *settings) as impostor:
        report = failed(server.url, verify=ca_file)
        assert report.primary
        for each in report.primary.remedies[1:]:
            snippet = str(each.snippet).replace(server.url, impostor.url)
            python(snippet + _refused(f"session.get({impostor.url!r}, timeout=10)"))
