"""Provenance: which store was in force and who chose it, by each library's own rules."""

from __future__ import annotations

import asyncio
import ssl
import urllib.request
from typing import TYPE_CHECKING, Any

import aiohttp
import certifi
import httpx
import pytest
import requests
import urllib3
from requests.adapters import HTTPAdapter
from support import pki
from support.tls import TlsServer

import sslwhy
from sslwhy.clients.traces.reading import read_incident
from sslwhy.evidence.capture import watch
from sslwhy.evidence.incident import Incident
from sslwhy.evidence.trust.provenance import trust_of
from sslwhy.evidence.trust.stores import file_store
from sslwhy.evidence.trust.system_stores import windows_store
from sslwhy.facts.missing import Missing
from sslwhy.facts.trust import Trust


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[TlsServer]:
    """A server that nothing here trusts."""
    with TlsServer(pki.Authority.root("Nobody's Root").issue("localhost", dns=["localhost"])) as running:
        yield running


@pytest.fixture
def bundles(tmp_path: Path) -> dict[str, str]:
    """Three bundles with different roots."""
    return {name: pki.bundle(tmp_path / f"{name}.pem", pki.Authority.root(name)) for name in ("one", "two", "three")}


def trust(call: Callable[[], object]) -> Trust:
    """The trust of a call that fails."""
    watch.begin()
    try:
        with pytest.raises(Exception) as caught:
            call()
    finally:
        watch.end()
    found = trust_of(read_incident(caught.value))
    assert isinstance(found, Trust)
    return found


def summary(found: Trust) -> tuple[str, str | None, str | None]:
    """Source, location and what was replaced."""
    return found.store.source, found.store.location, found.overridden


# requests: Session.merge_environment_settings


@pytest.mark.parametrize(
    ("environment", "session", "request_", "source", "where", "overridden"),
    [
        ({}, None, None, "certifi", None, None),
        ({}, None, True, "certifi", None, None),
        ({}, "one", None, "verify", "one", "certifi"),
        ({}, "one", "two", "verify", "two", "session.verify"),
        ({"REQUESTS_CA_BUNDLE": "three"}, None, None, "REQUESTS_CA_BUNDLE", "three", "certifi"),
        ({"CURL_CA_BUNDLE": "three"}, None, None, "CURL_CA_BUNDLE", "three", "certifi"),
        ({"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": "three"}, None, None, "CURL_CA_BUNDLE", "three", "certifi"),
        ({"REQUESTS_CA_BUNDLE": "two", "CURL_CA_BUNDLE": "three"}, None, None, "REQUESTS_CA_BUNDLE", "two", "certifi"),
        ({"REQUESTS_CA_BUNDLE": "three"}, "one", None, "REQUESTS_CA_BUNDLE", "three", "session.verify"),
        ({"REQUESTS_CA_BUNDLE": "three"}, "one", True, "REQUESTS_CA_BUNDLE", "three", "session.verify"),
        ({"REQUESTS_CA_BUNDLE": "three"}, "one", "two", "verify", "two", "session.verify"),
        ({"REQUESTS_CA_BUNDLE": "three"}, None, "two", "verify", "two", "REQUESTS_CA_BUNDLE"),
        ({"REQUESTS_CA_BUNDLE": "three"}, False, None, "REQUESTS_CA_BUNDLE", "three", "certifi"),
        ({"SSL_CERT_FILE": "three"}, None, None, "certifi", None, None),
    ],
)
def test_requests_merges_as_it_does(
    monkeypatch: pytest.MonkeyPatch,
    server: TlsServer,
    bundles: dict[str, str],
    environment: dict[str, str],
    session: str | bool | None,
    request_: str | bool | None,
    source: str,
    where: str | None,
    overridden: str | None,
) -> None:
    """The environment beats the session, a path given with the request beats both, and the first variable counts."""
    for name, value in environment.items():
        monkeypatch.setenv(name, bundles.get(value, value))
    with requests.Session() as made:
        if session is not None:
            made.verify = bundles[session] if isinstance(session, str) else session
        verify = bundles[request_] if isinstance(request_, str) else request_
        found = trust(lambda: made.get(server.url, verify=verify))
    assert summary(found) == (source, bundles[where] if where else certifi.where(), overridden)
    assert found.client == "requests"
    assert found.ignored == tuple(name for name in environment if name.startswith("SSL_"))


@pytest.mark.parametrize(
    ("environment", "verify"),
    [
        ({}, True),
        ({}, "one"),
        ({"REQUESTS_CA_BUNDLE": "three"}, True),
        ({"REQUESTS_CA_BUNDLE": "three"}, "two"),
        ({"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": "three"}, True),
        ({"SSL_CERT_FILE": "three"}, True),
    ],
)
def test_the_trust_in_force_is_known_without_a_call(
    monkeypatch: pytest.MonkeyPatch,
    server: TlsServer,
    bundles: dict[str, str],
    environment: dict[str, str],
    verify: str | bool,
) -> None:
    """`trust_in_force` gives what a failing call with the same `verify` shows, for sound stores."""
    for name, value in environment.items():
        monkeypatch.setenv(name, bundles.get(value, value))
    chosen = bundles[verify] if isinstance(verify, str) else verify
    assert sslwhy.trust_in_force(chosen) == trust(lambda: requests.get(server.url, verify=chosen))


def test_no_trust_is_in_force_without_verification() -> None:
    """Where nothing is verified there is nothing to record."""
    with pytest.raises(ValueError, match="did not verify"):
        sslwhy.trust_in_force(bool(0))


def test_requests_without_the_environment(
    monkeypatch: pytest.MonkeyPatch, server: TlsServer, bundles: dict[str, str]
) -> None:
    """`trust_env = False` leaves every variable unread."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundles["three"])
    with requests.Session() as session:
        session.trust_env = False
        session.verify = bundles["one"]
        found = trust(lambda: session.get(server.url))
    assert summary(found) == ("verify", bundles["one"], "certifi")
    assert found.ignored == ("REQUESTS_CA_BUNDLE",)


def test_requests_with_an_adapters_own_context(server: TlsServer, bundles: dict[str, str]) -> None:
    """The live context is the truth: certifi was loaded into a context that already held something else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(bundles["one"])

    class Own(HTTPAdapter):
        """An adapter with a context of its own."""

        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            """Use it."""
            super().init_poolmanager(*args, ssl_context=context, **kwargs)

    with requests.Session() as session:
        session.mount("https://", Own())
        found = trust(lambda: session.get(server.url))
    assert found.store.source == "context"
    assert set(found.store.anchors) > set(file_store(bundles["one"], "").anchors)
    assert set(found.store.anchors) > set(file_store(certifi.where(), "").anchors)


def test_a_damaged_windows_store_is_what_openssl_choked_on(
    monkeypatch: pytest.MonkeyPatch, root: pki.Authority
) -> None:
    """`ssl.create_default_context` fails before any handshake; the machine's store is the one to look at."""
    damaged = windows_store(lambda name: [(root.der[:-1], "x509_asn", True)] if name == "ROOT" else [])
    monkeypatch.setattr("sslwhy.evidence.trust.provenance.system_store", lambda: damaged)
    with pytest.raises(ssl.SSLError) as caught:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=root.der + b"junk")
    found = trust_of(Incident(error=caught.value))
    assert isinstance(found, Trust)
    assert found.store == damaged


def test_verification_switched_off_has_no_store() -> None:
    """Where nothing is verified there is no trust to speak of."""
    for verify in (False, ""):
        found = trust_of(Incident(library="requests", verify=verify))
        assert isinstance(found, Missing)


# httpx


@pytest.mark.parametrize(
    ("environment", "source", "where", "overridden"),
    [
        ({}, "certifi", None, None),
        ({"SSL_CERT_FILE": "one"}, "SSL_CERT_FILE", "one", "certifi"),
        ({"SSL_CERT_FILE": "one", "SSL_CERT_DIR": "/nowhere"}, "SSL_CERT_FILE", "one", "certifi"),
        ({"SSL_CERT_DIR": "/nowhere"}, "SSL_CERT_DIR", "/nowhere", "certifi"),
        ({"REQUESTS_CA_BUNDLE": "one"}, "certifi", None, None),
    ],
)
def test_httpx_reads_its_own_variables(
    monkeypatch: pytest.MonkeyPatch,
    server: TlsServer,
    bundles: dict[str, str],
    environment: dict[str, str],
    source: str,
    where: str | None,
    overridden: str | None,
) -> None:
    """SSL_CERT_FILE comes before SSL_CERT_DIR; requests' variables are not read."""
    for name, value in environment.items():
        monkeypatch.setenv(name, bundles.get(value, value))
    found = trust(lambda: httpx.get(server.url))
    assert summary(found) == (source, bundles.get(where, where) if where else certifi.where(), overridden)
    assert found.ignored == tuple(name for name in environment if name.startswith("REQUESTS"))


def test_httpx_with_a_callers_context(server: TlsServer, bundles: dict[str, str]) -> None:
    """A context of the caller's own is named so, with what it holds."""
    context = ssl.create_default_context(cafile=bundles["two"])
    found = trust(lambda: httpx.get(server.url, verify=context))
    assert found.store.source == "context"
    assert found.store.anchors == file_store(bundles["two"], "").anchors
    assert found.overridden == "certifi"


# ssl, urllib3, aiohttp


def test_the_default_context_has_the_system_store(server: TlsServer) -> None:
    """urllib with Python's default context uses OpenSSL's default file or directory."""
    found = trust(lambda: urllib.request.urlopen(server.url))
    assert found.store.source == "system"
    assert found.client == "ssl"


def test_the_default_context_reads_ssl_cert_file(
    monkeypatch: pytest.MonkeyPatch, server: TlsServer, bundles: dict[str, str]
) -> None:
    """The variable replaces OpenSSL's default file; its default directory stays and is found out."""
    monkeypatch.setenv("SSL_CERT_FILE", bundles["one"])
    monkeypatch.setenv("SSL_CERT_DIR", "/nowhere")
    found = trust(lambda: urllib.request.urlopen(server.url, context=ssl.create_default_context()))
    assert summary(found) == ("SSL_CERT_FILE", bundles["one"], "system")


def test_urllib3_with_a_bundle(server: TlsServer, bundles: dict[str, str]) -> None:
    """`ca_certs` is a path that the caller chose."""
    with urllib3.PoolManager(ca_certs=bundles["one"], retries=False) as pool:
        found = trust(lambda: pool.request("GET", server.url))
    assert summary(found) == ("verify", bundles["one"], "system")
    assert found.client == "urllib3"


def test_aiohttp(server: TlsServer, bundles: dict[str, str]) -> None:
    """aiohttp takes a context."""
    context = ssl.create_default_context(cafile=bundles["three"])

    async def call() -> None:
        async with aiohttp.ClientSession() as session, session.get(server.url, ssl=context):
            pass

    found = trust(lambda: asyncio.run(call()))
    assert found.store.source == "context"
    assert found.store.anchors == file_store(bundles["three"], "").anchors


def test_the_other_stores_are_there_once(server: TlsServer, bundles: dict[str, str]) -> None:
    """Counterfactuals need certifi and the system's store, and never the store in force again."""
    found = trust(lambda: requests.get(server.url, verify=bundles["one"]))
    assert [store.source for store in found.others][:1] == ["certifi"]
    assert len({store.source for store in found.others}) == len(found.others)
    assert bundles["one"] not in {store.location for store in found.others}
