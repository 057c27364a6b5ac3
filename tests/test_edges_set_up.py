"""Mistakes of the set-up, told where the caller's own objects and code show them, and nowhere else."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import requests
import zeep
import zeep.cache
import zeep.wsse.signature
import zeep.wsse.username
from support import pki, tls
from support.edges import assert_enriched, raised_by
from support.isolation import needs

import sslwhy
from sslwhy import diagnosing
from sslwhy.demo.soap_service import SoapService


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sslwhy.demo.pki import Identity


@pytest.fixture
def server(leaf: Identity) -> Iterator[tls.TlsServer]:
    """A SOAP service whose root certifi does not hold."""
    with tls.TlsServer(leaf, application=SoapService()) as healthy:
        yield healthy


@pytest.fixture
def demanding(leaf: Identity, root: Any) -> Iterator[tls.TlsServer]:
    """A SOAP service that wants a client certificate."""
    with tls.TlsServer(leaf, application=SoapService(), clients=[root], versions=("1.2", "1.2")) as server:
        yield server


def hints(error: BaseException) -> str:
    """The texts of the primary finding's remedies for the caller, and its alternatives."""
    finding = error.report.primary  # type: ignore[attr-defined]
    return "\n".join([*(each.text for each in finding.remedies if each.actor == "you"), *finding.alternatives])


class TestUnusedSession:
    """A session that is set up and never handed over."""

    def test_trust(self, server: tls.TlsServer, ca_file: str) -> None:
        """The session's CA bundle would have verified the server: giving it to the transport comes first."""

        def program() -> None:
            session = requests.Session()
            session.verify = ca_file
            sslwhy.Client(f"{server.url}/service?wsdl")

        error: Any = raised_by(program)
        first = error.report.primary.remedies[0]
        assert first.actor == "you"
        assert "hand over the session session" in first.text
        assert "Transport(session=session)" in first.snippet

    def test_plain_requests(self, server: tls.TlsServer, ca_file: str) -> None:
        """The same for ``requests.get`` beside a session."""

        @diagnosing()
        def program() -> None:
            partner = requests.Session()
            partner.verify = ca_file
            requests.get(server.url, timeout=5)

        error: Any = raised_by(program)
        assert "partner.get(url)" in error.report.primary.remedies[0].snippet

    def test_client_certificate(
        self, demanding: tls.TlsServer, ca_file: str, client_identity: Any, tmp_path: Path
    ) -> None:
        """The session that is not in use carries the client certificate that the server wants."""
        files = client_identity.write(tmp_path, "client")

        def program() -> None:
            session = requests.Session()
            session.cert = (files.chain, files.key)
            with requests.Session() as used:
                used.verify = ca_file
                sslwhy.Client(f"{demanding.url}/service?wsdl", transport=zeep.Transport(session=used))

        error = raised_by(program)
        assert_enriched(error, "client-certificate-required")
        assert "hand over the session session; its client certificate is what this call lacks" in hints(error)

    def test_session_that_would_not_help(self, server: tls.TlsServer, tmp_path: Path) -> None:
        """A session whose bundle does not verify this server explains nothing and is not mentioned."""
        other = pki.bundle(tmp_path / "other.pem", pki.Authority.root("Other Root"))

        def program() -> None:
            session = requests.Session()
            session.verify = other
            sslwhy.Client(f"{server.url}/service?wsdl")

        assert "session" not in hints(raised_by(program))

    def test_session_that_would_be_overridden(
        self, server: tls.TlsServer, ca_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A variable replaces the bundle of every session: another session with the same bundle is no way out."""
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", pki.bundle(tmp_path / "other.pem", pki.Authority.root("Other Root")))

        def program() -> None:
            spare = requests.Session()
            spare.verify = ca_file
            with requests.Session() as used:
                used.verify = ca_file
                sslwhy.Client(f"{server.url}/service?wsdl", transport=zeep.Transport(session=used))

        error = raised_by(program)
        assert_enriched(error, "trust-store-override")
        assert "hand over" not in hints(error)

    def test_session_in_use(self, server: tls.TlsServer, ca_file: str, issuing: Any) -> None:
        """The session in use is not called unused, whatever fails."""
        expired = issuing.issue("x", dns=["localhost"], not_after=-pki.DAY)

        def program(url: str) -> None:
            with requests.Session() as session:
                session.verify = ca_file
                sslwhy.Client(url, transport=zeep.Transport(session=session))

        with tls.TlsServer(expired) as failing:
            assert "hand over" not in hints(raised_by(program, f"{failing.url}/service?wsdl"))


class TestSetLater:
    """Settings that are made after the call that needed them."""

    def test_verify(self, server: tls.TlsServer, ca_file: str) -> None:
        """``client.transport.session.verify`` is set after the WSDL was to be loaded: too late."""

        def program() -> None:
            client = sslwhy.Client(f"{server.url}/service?wsdl")
            client.transport.session.verify = ca_file
            client.service.Ping()

        error: Any = raised_by(program)
        first = error.report.primary.remedies[0]
        assert "set verify before the call" in first.text
        assert "session.verify" in first.snippet

    def test_cert(self, demanding: tls.TlsServer, ca_file: str) -> None:
        """The same for the client certificate."""

        def program(session: requests.Session) -> None:
            client = sslwhy.Client(f"{demanding.url}/service?wsdl", transport=zeep.Transport(session=session))
            client.transport.session.cert = ("client.pem", "client.key")

        with requests.Session() as session:
            session.verify = ca_file
            error = raised_by(program, session)
        assert_enriched(error, "client-certificate-required")
        assert "set cert before the call" in hints(error)

    def test_set_before(self, server: tls.TlsServer, tmp_path: Path) -> None:
        """Settings made before the call are not called late."""
        other = pki.bundle(tmp_path / "other.pem", pki.Authority.root("Other Root"))

        def program() -> None:
            session = requests.Session()
            session.verify = other
            sslwhy.Client(f"{server.url}/service?wsdl", transport=zeep.Transport(session=session))

        assert "before the call" not in hints(raised_by(program))


class TestLoadedBefore:
    """The WSDL came from the very server that is refused now."""

    def _client(self, server: tls.TlsServer, ca_file: str, cache: Any = None) -> sslwhy.Client:
        session = requests.Session()
        session.verify = ca_file
        return sslwhy.Client(f"{server.url}/service?wsdl", transport=zeep.Transport(session=session, cache=cache))

    def test_changed_since(self, server: tls.TlsServer, ca_file: str, tmp_path: Path) -> None:
        """The session's settings were changed after the WSDL had been loaded."""
        client = self._client(server, ca_file)
        client.transport.session.verify = pki.bundle(tmp_path / "other.pem", pki.Authority.root("Other Root"))
        error = raised_by(client.service.Ping)
        assert "the WSDL was loaded from this very server before" in hints(error)

    def test_from_a_cache(self, server: tls.TlsServer, ca_file: str, tmp_path: Path) -> None:
        """A WSDL from a cache says nothing about the server."""
        client = self._client(server, ca_file, zeep.cache.InMemoryCache())
        client.transport.session.verify = pki.bundle(tmp_path / "other.pem", pki.Authority.root("Other Root"))
        assert "loaded from this very server" not in hints(raised_by(client.service.Ping))


class TestMessageSignature:
    """A WS-Security signature mistaken for a TLS client certificate."""

    @pytest.mark.parametrize("when", ["wsdl", "operation"])
    def test_signature(
        self,
        when: str,
        demanding: tls.TlsServer,
        server: tls.TlsServer,
        ca_file: str,
        client_identity: Any,
        tmp_path: Path,
    ) -> None:
        """The server wants a certificate on the connection; the message's signature is not one."""
        files = client_identity.write(tmp_path, "client")
        signature = _Signature(files.key, files.certificate)
        with requests.Session() as session:
            session.verify = ca_file
            transport = zeep.Transport(session=session)
            if when == "wsdl":
                error = raised_by(sslwhy.Client, f"{demanding.url}/service?wsdl", wsse=signature, transport=transport)
            else:
                client = sslwhy.Client(f"{server.url}/service?wsdl", wsse=[signature], transport=transport)
                service = client.create_service("{urn:sslwhy:quotes}QuotesBinding", f"{demanding.url}/service")
                error = raised_by(service.Ping)
        assert_enriched(error, "client-certificate-required")
        assert "signs the SOAP message and does not authenticate the TLS connection" in hints(error)

    def test_user_name(self, demanding: tls.TlsServer, ca_file: str) -> None:
        """A user name token is no signature."""
        with requests.Session() as session:
            session.verify = ca_file
            token = zeep.wsse.username.UsernameToken("me", "secret")
            error = raised_by(
                sslwhy.Client,
                f"{demanding.url}/service?wsdl",
                wsse=token,
                transport=zeep.Transport(session=session),
            )
        assert_enriched(error, "client-certificate-required")
        assert "signs" not in hints(error)


class _Signature(zeep.wsse.signature.Signature):  # type: ignore[misc]  # zeep is untyped
    """zeep's signature without the signing itself, which takes a library that is not installed everywhere."""

    def __init__(self, key_file: str, certfile: str) -> None:
        self.key_file, self.certfile = key_file, certfile

    def apply(self, envelope: Any, headers: Any) -> Any:
        return envelope, headers


class TestEnvironment:
    """A variable that the other library reads."""

    def test_ssl_cert_file_and_requests(
        self, server: tls.TlsServer, ca_file: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """``SSL_CERT_FILE`` holds what is missing, and requests does not read it."""
        monkeypatch.setenv("SSL_CERT_FILE", ca_file)
        error = raised_by(sslwhy.Client, f"{server.url}/service?wsdl")
        assert "SSL_CERT_FILE" in str(error.report)  # type: ignore[attr-defined]

    def test_requests_ca_bundle_and_httpx(
        self, server: tls.TlsServer, ca_file: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """``REQUESTS_CA_BUNDLE`` holds what is missing, and httpx does not read it."""
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca_file)
        error = raised_by(sslwhy.AsyncClient, f"{server.url}/service?wsdl")
        assert "REQUESTS_CA_BUNDLE" in str(error.report)  # type: ignore[attr-defined]


@needs("openssl")
@pytest.mark.parametrize("kind", ["file", "directory"])
def test_a_store_that_changes_between_two_failures(kind: str, server: tls.TlsServer, tmp_path: Path) -> None:
    """What was read for one failure is read anew for the next where the file has changed since."""
    first, second = pki.Authority.root("First Root"), pki.Authority.root("Second Root")
    folder = tmp_path / "anchors"
    folder.mkdir()
    file = folder / "anchors.pem"
    counts = []
    for held in ([first], [first, second], [first]):
        pki.bundle(file, *held)
        if not counts:
            subprocess.run(["openssl", "rehash", str(folder)], check=True, timeout=30)
        error: Any = raised_by(diagnosing()(requests.get), server.url, verify=str(file if kind == "file" else folder))
        counts.append(error.report.trust.anchors)
    assert counts == [1, 2, 1]
