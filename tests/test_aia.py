"""Fetching a missing issuer: what is taken, and everything that is refused."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from hypothesis import given
from hypothesis import strategies as st
from support import pki, raw, sites
from support.isolation import needs
from support.tls import TlsServer

import sslwhy
from sslwhy.demo.loopback import HttpServer, Response
from sslwhy.evidence import aia
from sslwhy.evidence.aia import fetch_issuers, is_public
from sslwhy.evidence.collect import Budget
from sslwhy.facts.missing import Missing
from sslwhy.policy import Policy


if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path


def budget(seconds: float = 5.0) -> Budget:
    """A budget that begins now."""
    return Budget.starting_now(Policy(deadline=seconds, fetch_issuers=True))


def below(issuing: pki.Authority, url: str) -> tuple[bytes, ...]:
    """A chain of one end-entity that says where its issuer is."""
    return (issuing.issue("localhost", dns=["localhost"], aia=url).der,)


def reason(found: object) -> str:
    """Why nothing was fetched."""
    assert isinstance(found, Missing)
    return found.reason


def dripping(first: bytes, more: bytes) -> raw.Behaviour:
    """Answer a request with `first`, then with a little more from time to time, for ever."""

    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(first)
        while True:
            connection.sendall(more)
            time.sleep(0.05)

    return behave


def flooding(block: bytes) -> raw.Behaviour:
    """Answer a request with the same block for ever, as fast as it goes."""

    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        while True:
            connection.sendall(block)

    return behave


@pytest.mark.parametrize(
    "form",
    [
        lambda ca: ca.der,
        lambda ca: ca.pem.encode(),
        lambda ca: pkcs7.serialize_certificates([pki.self_signed("other").certificate, ca.certificate], Encoding.DER),
        lambda ca: pkcs7.serialize_certificates([ca.certificate], Encoding.PEM),
    ],
    ids=["der", "pem", "pkcs7", "pkcs7-pem"],
)
def test_the_issuer_is_fetched_in_every_form(issuing: pki.Authority, form: Callable[[pki.Authority], bytes]) -> None:
    """RFC 5280 allows DER and PKCS #7; servers also send PEM."""
    with HttpServer(sites.always(Response(200, form(issuing)))) as repository:
        found = fetch_issuers(below(issuing, f"{repository.url}/ca"), budget(), allow_private=True)
    assert found == (issuing.der,)


def test_issuers_are_followed_upwards(root: pki.Authority) -> None:
    """Each fetched issuer may name its own, up to the root, the nearest first."""
    files: dict[str, bytes] = {"/root": root.der}
    with HttpServer(lambda request: Response(200, files[request.path])) as repository:
        middle = root.intermediate("Middle CA", aia=f"{repository.url}/root")
        low = middle.intermediate("Low CA", aia=f"{repository.url}/middle")
        files.update({"/middle": middle.der, "/low": low.der})
        found = fetch_issuers(below(low, f"{repository.url}/low"), budget(), allow_private=True)
        sent_low = (*below(low, f"{repository.url}/low"), low.der)
        assert fetch_issuers(sent_low, budget(), allow_private=True) == (middle.der, root.der)
    assert found == (low.der, middle.der, root.der)


def test_the_depth_is_capped() -> None:
    """A repository that always has one more issuer is left after four."""
    authorities = [pki.Authority.root("CA 0")]
    with HttpServer(lambda request: Response(200, authorities[int(request.path[1:])].der)) as repository:
        for level in range(6):
            authorities.append(authorities[-1].intermediate(f"CA {level + 1}", aia=f"{repository.url}/{level}"))
        found = fetch_issuers(below(authorities[-1], f"{repository.url}/6"), budget(), allow_private=True)
        assert found
        assert len(found) == aia.DEPTH
        assert len(repository.requests) == aia.DEPTH


def test_the_request_carries_nothing_of_the_caller(monkeypatch: pytest.MonkeyPatch, issuing: pki.Authority) -> None:
    """No cookie, no credentials, no proxy: four headers at most, and the proxy of the environment is not asked."""
    monkeypatch.setenv("http_proxy", "http://user:secret@127.0.0.1:1")
    with HttpServer(sites.always(Response(200, issuing.der))) as repository:
        assert fetch_issuers(below(issuing, f"{repository.url}/ca?x=1"), budget(), allow_private=True)
    (request,) = repository.requests
    assert (request.method, request.path) == ("GET", "/ca?x=1")
    assert set(request.headers) == {"Host", "User-Agent", "Connection"}


# What is refused


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "partner.example"])
def test_private_addresses_are_not_asked(issuing: pki.Authority, hosts: dict[str, list[str]], host: str) -> None:
    """An address, or a name that resolves to one, on this machine is refused before any connection."""
    hosts["partner.example"] = ["127.0.0.1"]
    with HttpServer(sites.always(Response(200, issuing.der))) as repository:
        for port in (repository.port, 80):
            assert isinstance(fetch_issuers(below(issuing, f"http://{host}:{port}/ca"), budget()), Missing)
        assert repository.connections == 0


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("10.0.0.1", False),
        ("172.16.5.4", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False),
    ],
)
def test_what_counts_as_public(address: str, public: bool) -> None:
    """Loopback, link-local, private, shared, multicast and reserved addresses are not, in whatever disguise."""
    assert is_public(address) is public


def test_the_checked_address_is_the_one_connected_to(
    monkeypatch: pytest.MonkeyPatch, issuing: pki.Authority, hosts: dict[str, list[str]]
) -> None:
    """The name is resolved once; a second answer, as in DNS rebinding, is never asked for."""
    asked: list[str] = []
    hosts["partner.example"] = ["127.0.0.1"]
    resolve = aia.socket.getaddrinfo

    def counting(host: str, *args: Any, **kwargs: Any) -> Any:
        asked.append(host)
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(aia.socket, "getaddrinfo", counting)
    with HttpServer(sites.always(Response(200, issuing.der))) as repository:
        url = f"http://partner.example:{repository.port}/ca"
        assert fetch_issuers(below(issuing, url), budget(), allow_private=True)
    assert asked.count("partner.example") == 1
    assert set(asked) <= {"partner.example", "127.0.0.1"}


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost/ca",
        "ftp://localhost/ca",
        "file:///etc/passwd",
        "ldap://localhost/cn=ca",
        "http://user:secret@localhost/ca",
        "http://local host/ca",
        "http://localhost/ca\r\nX-Injected: 1",
        "http:///ca",
        "http://localhost:99999/ca",
    ],
)
def test_addresses_that_are_not_plain_http(issuing: pki.Authority, url: str) -> None:
    """Other schemes, user info, and anything that could smuggle a header are refused."""
    assert isinstance(fetch_issuers(below(issuing, url), budget(), allow_private=True), Missing)


def test_one_redirect_is_followed(issuing: pki.Authority) -> None:
    """Repositories move; a second move is one too many, and another scheme is never followed."""
    site = sites.Site(sites.always(Response(404)))
    with HttpServer(site) as repository:
        site.pages["/ca"] = Response(200, issuing.der)
        site.pages["/once"] = sites.redirect("/ca")
        site.pages["/twice"] = sites.redirect("/once", 301)
        site.pages["/away"] = sites.redirect(f"https://localhost:{repository.port}/ca")
        site.pages["/file"] = sites.redirect("file:///etc/passwd")
        found = {
            path: fetch_issuers(below(issuing, f"{repository.url}/{path}"), budget(), allow_private=True)
            for path in ("once", "twice", "away", "file", "gone")
        }
    assert found.pop("once") == (issuing.der,)
    assert not any(found.values())
    assert "404" in reason(found["gone"])


@pytest.mark.parametrize(
    "content",
    [b"", b"<html></html>", b"\x30\x03\x02\x01\x00", b"\x30\x80", b"-----BEGIN CERTIFICATE-----\nAAAA", b"\x30" * 999],
)
def test_what_is_no_certificate_is_left(issuing: pki.Authority, content: bytes) -> None:
    """Any other answer is no issuer, and no exception."""
    with HttpServer(sites.always(Response(200, content))) as repository:
        found = fetch_issuers(below(issuing, f"{repository.url}/ca"), budget(), allow_private=True)
    assert "not that certificate" in reason(found)


def test_another_authoritys_certificate_is_left(issuing: pki.Authority) -> None:
    """A certificate that did not issue the one below is no evidence."""
    other = pki.Authority.root("Other Root")
    with HttpServer(sites.always(Response(200, other.der))) as repository:
        assert not fetch_issuers(below(issuing, f"{repository.url}/ca"), budget(), allow_private=True)


def test_a_chain_that_is_complete_or_names_no_address(leaf: pki.Identity, root: pki.Authority) -> None:
    """Nothing is fetched for a chain that ends in a root, for one without AIA, and for no chain."""
    assert "self-signed" in reason(fetch_issuers(leaf.chain(root=True), budget()))
    assert "names no http address" in reason(fetch_issuers(leaf.chain(), budget()))
    assert isinstance(fetch_issuers((), budget()), Missing)
    assert isinstance(fetch_issuers((b"junk",), budget()), Missing)


@pytest.mark.parametrize(
    "behaviour",
    [
        raw.silent,
        dripping(b"HTTP/1.0 200 OK\r\n", b"X: 1\r\n"),
        dripping(b"HTTP/1.0 200 OK\r\n\r\n", b"x"),
        flooding(b"x" * 4096),
        flooding(b"HTTP/1.0 200 OK\r\n\r\n" + bytes(4096)),
        raw.say(b"HTTP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n", first=True),
        raw.say(b"SSH-2.0-OpenSSH_9.2\r\n", first=True),
        raw.close_at_once,
        raw.reset_at_once,
    ],
)
def test_hostile_repositories_cost_no_more_than_the_budget(issuing: pki.Authority, behaviour: Any) -> None:
    """Silence, drip feeding, endless answers and garbage end within the time and size allowed, without an exception."""
    started = time.monotonic()
    with raw.RawServer(behaviour) as repository:
        url = f"http://127.0.0.1:{repository.port}/ca"
        found = fetch_issuers(below(issuing, url), budget(0.6), allow_private=True)
    assert isinstance(found, Missing)
    assert time.monotonic() - started < 3


def test_size_is_capped(issuing: pki.Authority) -> None:
    """An answer above 64 KiB is refused, its Content-Length notwithstanding."""
    padded = issuing.pem.encode() + b"\n" * aia.SIZE
    with HttpServer(sites.always(Response(200, padded))) as repository:
        found = fetch_issuers(below(issuing, f"{repository.url}/ca"), budget(), allow_private=True)
    assert "longer than" in reason(found)


@needs("openssl")
def test_what_openssl_calls_certs_only_is_read(issuing: pki.Authority, tmp_path: Path) -> None:
    """A .p7c made by OpenSSL, as Windows authorities publish it."""
    source, target = pki.bundle(tmp_path / "ca.pem", issuing), tmp_path / "ca.p7c"
    command = ["openssl", "crl2pkcs7", "-nocrl", "-certfile", source, "-outform", "DER", "-out", str(target)]
    subprocess.run(command, check=True, timeout=30)
    with HttpServer(sites.always(Response(200, target.read_bytes()))) as repository:
        found = fetch_issuers(below(issuing, f"{repository.url}/ca"), budget(), allow_private=True)
    assert found == (issuing.der,)


@given(st.binary(max_size=300))
def test_any_answer_is_survived(content: bytes) -> None:
    """Decoding never raises."""
    assert isinstance(list(aia._decoded(content)), list)


@pytest.mark.parametrize("right", [True, False], ids=["issuer", "namesake"])
def test_only_the_key_that_signed_proves_a_missing_intermediate(root: pki.Authority, ca_file: str, right: bool) -> None:
    """An authority that was given a new key under its old name completes a path of names, and proves nothing."""
    issuing, namesake = (root.intermediate("Twice CA", omit=["ski"]) for _ in range(2))
    served = issuing if right else namesake
    with HttpServer(sites.always(Response(200, served.der))) as repository:
        leaf = issuing.issue("localhost", dns=["localhost"], aia=f"{repository.url}/ca.cer", omit=["aki"])
        with TlsServer(leaf, chain=[]) as server:
            policy = Policy(fetch_issuers=True, private_issuers=True)
            report = sslwhy.check(server.url, verify=ca_file, diagnosis=policy)
    assert report.primary
    assert (report.code, report.primary.confidence) == (
        ("missing-intermediate", "confirmed") if right else ("unknown-issuer", "confirmed")
    )
