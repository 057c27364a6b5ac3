"""The context for one host only: the printed Python runs as it stands, for each library and through a proxy."""

from __future__ import annotations

import urllib.request
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

    from support.pki import Authority

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


def test_zeep_over_httpx_gets_both_clients(leaf: Identity, ca_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """zeep's AsyncClient loads the WSDL with one httpx client and calls with another: the snippet makes both."""
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    with TlsServer(leaf, SoapService(), versions=OLD) as server:
        with pytest.raises(sslwhy.DiagnosedError) as caught:
            sslwhy.AsyncClient(f"{server.url}/service?wsdl")
        assert caught.value.code == "protocol-version-mismatch"
        snippet = str(remedy(caught.value.report.primary, snippet=True).snippet)
        python(f"import asyncio\n{snippet}\nassert asyncio.run(client.service.Ping()) == 'pong'\n")


def test_others_get_a_context(leaf: Identity, ca_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program without requests or httpx is not told to use them: it gets the context, and where that goes."""
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    with TlsServer(leaf, versions=OLD) as server:
        with pytest.raises(sslwhy.DiagnosedError) as caught, sslwhy.diagnosing():
            urllib.request.urlopen(server.url, timeout=5)
        snippet = str(remedy(caught.value.report.primary, snippet=True).snippet)
        assert "requests" not in snippet
        python(f"{snippet}\nimport urllib.request\nurllib.request.urlopen({server.url!r}, context=context).close()\n")


@pytest.mark.parametrize("client", ["requests", "zeep", "httpx", "zeep-async", "ssl"])
def test_a_client_certificate_for_each_library(
    client: str, leaf: Identity, root: Authority, ca_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What gives the call its client certificate is written for the library in use, and the call then succeeds."""
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca_file)
    files = root.client("Caller").write(tmp_path, "client")
    with TlsServer(leaf, SoapService(), clients=[root], versions=("1.2", "1.2")) as server:
        wsdl = f"{server.url}/service?wsdl"
        calls = {
            "requests": lambda: sslwhy.Session().get(wsdl),
            "zeep": lambda: sslwhy.Client(wsdl),
            "httpx": lambda: httpx.get(wsdl),
            "zeep-async": lambda: sslwhy.AsyncClient(wsdl),
            "ssl": lambda: urllib.request.urlopen(wsdl, timeout=5),
        }
        with pytest.raises(sslwhy.DiagnosedError) as caught, sslwhy.diagnosing():
            calls[client]()
        assert caught.value.code == "client-certificate-required"
        snippet = str(remedy(caught.value.report.primary, snippet=True).snippet)
        snippet = snippet.replace("client.pem", str(files.chain)).replace("client-key.pem", str(files.key))
        python(snippet + _SUCCEEDS[client].format(wsdl=wsdl), SSL_CERT_FILE=ca_file, REQUESTS_CA_BUNDLE=ca_file)


_SUCCEEDS = {
    "requests": "\nassert session.get({wsdl!r}).status_code == 200\n",
    "zeep": "\nassert client.service.Ping() == 'pong'\n",
    "httpx": "\nassert client.get({wsdl!r}).status_code == 200\n",
    "zeep-async": "\nimport asyncio\nassert asyncio.run(client.service.Ping()) == 'pong'\n",
    "ssl": "\nimport urllib.request\nurllib.request.urlopen({wsdl!r}, context=context).close()\n",
}
