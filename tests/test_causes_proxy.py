"""Failures at the proxy: real CONNECT proxies, plain and behind TLS, and what is never done to them."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, TypeAlias

import httpx
import pytest
from support import pki, raw
from support.asking import WAYS, failed, primary
from support.relays import Proxy
from support.tls import TlsServer
from support.trip import remedy

import sslwhy


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sslwhy.demo.loopback import Listener
    from sslwhy.demo.pki import Identity

SHORT = 0.5


@pytest.fixture
def server(leaf: Identity) -> Iterator[TlsServer]:
    """The healthy origin."""
    with TlsServer(leaf) as running:
        yield running


def through(proxy: Proxy, scheme: str | None = None, user: str = "") -> dict[str, str]:
    """What `proxies=` takes."""
    return {"https": f"{scheme or proxy.scheme}://{user}localhost:{proxy.port}"}


# proxy-scheme-mismatch


@pytest.mark.scenario("proxy-scheme-mismatch")
@pytest.mark.parametrize("way", WAYS)
def test_https_for_a_plain_proxy(way: str, server: TlsServer, ca_file: str) -> None:
    """The proxy answers a plain CONNECT, so its URL says http; the origin is not blamed."""
    with Proxy() as proxy:
        report = failed(server.url, way, verify=ca_file, proxies=through(proxy, "https"), timeout=SHORT)
    assert primary(report) == "proxy-scheme-mismatch confirmed proxy"
    assert report.primary
    assert f"http://localhost:{proxy.port}" in report.primary.expected


def test_https_for_a_proxy_that_answers_at_once(server: TlsServer, ca_file: str) -> None:
    """A proxy that answers the ClientHello in HTTP, as most do, gives WRONG_VERSION_NUMBER and the same verdict."""
    refusal = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
    with raw.RawServer(raw.say(refusal)) as proxy:
        report = failed(server.url, verify=ca_file, proxies={"https": f"https://localhost:{proxy.port}"})
    assert report.code == "proxy-scheme-mismatch"


@pytest.mark.parametrize("way", WAYS)
def test_http_for_a_proxy_behind_tls(way: str, server: TlsServer, leaf: Identity, ca_file: str) -> None:
    """The reverse: the proxy answers a ClientHello."""
    with Proxy(identity=leaf) as proxy:
        report = failed(server.url, way, verify=ca_file, proxies=through(proxy, "http"))
    assert primary(report) == "proxy-scheme-mismatch confirmed proxy"
    assert report.primary
    assert f"https://localhost:{proxy.port}" in report.primary.expected


def test_the_variable_is_named(server: TlsServer, ca_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the proxy came from the environment, the remedy corrects the variable."""
    with Proxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"https://localhost:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "inner.example")
        report = failed(server.url, verify=ca_file, timeout=SHORT)
    assert report.code == "proxy-scheme-mismatch"
    assert report.primary
    assert "from HTTPS_PROXY; NO_PROXY=inner.example" in report.primary.actual
    assert report.primary.remedies[0].command == f"export HTTPS_PROXY=http://localhost:{proxy.port}"


# proxy-certificate-untrusted


@pytest.mark.scenario("proxy-certificate-untrusted")
@pytest.mark.parametrize("way", WAYS)
def test_the_certificate_is_the_proxys(way: str, server: TlsServer, ca_file: str) -> None:
    """The refused certificate is called the proxy's, and no connection is opened."""
    with Proxy(identity=pki.self_signed("proxy", dns=["localhost"])) as proxy:
        report = failed(server.url, way, verify=ca_file, proxies=through(proxy))
    assert primary(report) == "proxy-certificate-untrusted confirmed proxy"
    assert report.connections == 0
    assert server.connections == 0


def test_what_is_wrong_with_it_is_no_fault_of_the_server(server: TlsServer, ca_file: str) -> None:
    """The other findings on that chain name the proxy, too; the server was not even reached."""
    with Proxy(identity=pki.self_signed("proxy", dns=["other.example"])) as proxy:
        report = failed(server.url, verify=ca_file, proxies=through(proxy))
    others = {finding.code: finding for finding in report.findings[1:]}
    assert set(others) == {"self-signed-certificate", "hostname-mismatch"}
    for finding in others.values():
        assert finding.subject == "proxy"
        assert finding.headline.startswith(f"proxy certificate for localhost:{proxy.port} ")
        assert "server operator" not in {remedy.actor for remedy in finding.remedies}


# proxy-authentication-required


@pytest.mark.scenario("proxy-authentication-required")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("user", "said"), [("", "carries none"), ("me:wrong@", "were refused")])
def test_a_proxy_that_wants_credentials(way: str, user: str, said: str, server: TlsServer, ca_file: str) -> None:
    """Missing credentials are told from wrong ones, and none is printed."""
    with Proxy(credentials="me:right") as proxy:
        report = failed(server.url, way, verify=ca_file, proxies=through(proxy, user=user))
    assert primary(report) == "proxy-authentication-required confirmed proxy"
    assert report.primary
    assert said in report.primary.headline
    assert "wrong" not in str(report)
    assert f"'https': 'http://USER:PASSWORD@localhost:{proxy.port}'" in str(report.primary.remedies[0].snippet)


def test_credentials_go_where_the_proxy_was_named(
    server: TlsServer, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy from the environment is corrected there."""
    with Proxy(credentials="me:right") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        report = failed(server.url, verify=ca_file)
    assert report.primary
    assert report.primary.remedies[0].command == f"export HTTPS_PROXY=http://USER:PASSWORD@localhost:{proxy.port}"


@pytest.mark.parametrize("way", WAYS)
def test_a_probe_that_cannot_take_the_same_way_says_so(way: str, leaf: Identity, ca_file: str) -> None:
    """A probe carries no credentials for the proxy: none is sent, the reason is given, and nothing is called proven."""
    with TlsServer(leaf, versions=("1.0", "1.0")) as old, Proxy(credentials="me:right") as proxy:
        report = failed(old.url, way, verify=ca_file, proxies=through(proxy, user="me:right@"))
    assert primary(report) == "protocol-version-mismatch likely server"
    assert report.primary
    assert "a probe carries none" in report.primary.alternatives[0]
    assert report.connections == 0
    assert "me:right" not in str(report)


def test_the_printed_check_takes_the_same_way(ca_file: str) -> None:
    """The command that looks again names the store and the proxy that only the program's own code knows."""
    with raw.RawServer(raw.alert(80)) as server, Proxy() as proxy:
        report = failed(server.url, verify=ca_file, proxies=through(proxy))
    command = remedy(report.primary, command=True).command
    named = f"--verify {ca_file} --proxy http://localhost:{proxy.port}"
    assert command == f"sslwhy check {named} localhost:{server.port}"


def test_the_same_with_httpx(server: TlsServer, ca_file: str) -> None:
    """httpx words it differently and has no status but in its text."""
    context = ssl.create_default_context(cafile=ca_file)
    with (
        Proxy(credentials="me:right") as proxy,
        httpx.Client(verify=context, proxy=proxy.url) as client,
        pytest.raises(sslwhy.DiagnosedError) as caught,
        sslwhy.diagnosing(),
    ):
        client.get(server.url)
    assert caught.value.code == "proxy-authentication-required"


def test_an_unverified_check_takes_the_tunnel(server: TlsServer) -> None:
    """A check that was told not to verify goes through the proxy as well, and sends nothing behind it."""
    with Proxy() as proxy:
        report = sslwhy.check(server.url, verify=bool(0), proxies=through(proxy), timeout=2)
        assert proxy.tunnels == [f"localhost:{server.port}"]
    assert report.primary is None
    assert server.application_bytes == 0


# proxy-refused-tunnel


@pytest.mark.scenario("proxy-refused-tunnel")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("status", "said"), [(403, "it does not allow it"), (502, "it could not reach it"), (400, ": status 400")]
)
def test_a_tunnel_that_is_refused(way: str, status: int, said: str, server: TlsServer, ca_file: str) -> None:
    """A rule is told from a server that the proxy cannot reach; of another status no reason is claimed."""
    with Proxy(status=status) as proxy:
        report = failed(server.url, way, verify=ca_file, proxies=through(proxy))
    assert primary(report) == "proxy-refused-tunnel confirmed proxy"
    assert report.primary
    assert report.primary.headline.endswith(said)
    assert report.connections == 0


# proxy-unreachable


@pytest.mark.scenario("proxy-unreachable")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("host", ["localhost:1", "nowhere.example:3128"])
def test_a_proxy_that_is_not_there(way: str, host: str, server: TlsServer, ca_file: str) -> None:
    """Refused or unknown, it is the proxy's address that is wrong."""
    report = failed(server.url, way, verify=ca_file, proxies={"https": f"http://{host}"})
    assert primary(report) == "proxy-unreachable confirmed proxy"
    assert report.primary
    assert host in report.primary.headline


@pytest.mark.parametrize("way", WAYS)
def test_a_stalled_proxy_is_not_the_origins_fault(way: str, server: TlsServer, ca_file: str) -> None:
    """A proxy that never answers CONNECT is named, though requests raises a plain ReadTimeout for the origin."""
    with Proxy(stall="connect") as proxy:
        report = failed(server.url, way, verify=ca_file, proxies=through(proxy), timeout=SHORT)
    assert primary(report) == "proxy-unreachable confirmed proxy"
    assert report.primary
    assert f"the proxy localhost:{proxy.port} accepted the connection and never answered" in report.primary.headline
    assert server.connections == 0


# TLS inside TLS


Call: TypeAlias = "Callable[[str, str, str], object]"


def _requests(url: str, proxy: str, ca_file: str) -> None:
    with sslwhy.Session() as session:
        session.get(url, verify=ca_file, proxies={"https": proxy}, timeout=SHORT)


def _httpx(url: str, proxy: str, ca_file: str) -> None:
    context = ssl.create_default_context(cafile=ca_file)
    way = httpx.Proxy(proxy, ssl_context=context)
    with sslwhy.diagnosing(), httpx.Client(verify=context, proxy=way, timeout=SHORT) as client:
        client.get(url)


def _asynchronous(url: str, proxy: str, ca_file: str) -> None:
    context = ssl.create_default_context(cafile=ca_file)

    async def get() -> None:
        way = httpx.Proxy(proxy, ssl_context=context)
        async with httpx.AsyncClient(verify=context, proxy=way, timeout=SHORT) as client:
            await client.get(url)

    with sslwhy.diagnosing():
        asyncio.run(get())


LIBRARIES: dict[str, Call] = {"requests": _requests, "httpx": _httpx, "httpx-async": _asynchronous}
STALLS: dict[str, tuple[Callable[[Identity], Listener], str]] = {
    "silent": (lambda _: raw.RawServer(raw.silent), "proxy-unreachable confirmed proxy"),
    "closing": (lambda _: raw.RawServer(raw.close_after_hello), "proxy-unreachable confirmed proxy"),
    "refusing": (lambda _: raw.RawServer(raw.alert(40)), "proxy-unreachable confirmed proxy"),
    "no answer to CONNECT": (lambda leaf: Proxy(identity=leaf, stall="connect"), "proxy-unreachable confirmed proxy"),
    "nothing carried": (lambda leaf: Proxy(identity=leaf, stall="tunnel"), "handshake-timeout likely network"),
}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("stall", STALLS)
def test_a_proxy_behind_tls_that_stalls(
    stall: str, library: str, host: str, server: TlsServer, leaf: Identity, ca_file: str
) -> None:
    """Which of the two TLS connections broke is told whatever the library, and where both hosts have one name."""
    make, verdict = STALLS[stall]
    with make(leaf) as proxy, pytest.raises(sslwhy.DiagnosedError) as caught:
        LIBRARIES[library](f"https://{host}:{server.port}/", f"https://localhost:{proxy.port}", ca_file)
    assert primary(caught.value.report) == verdict
    assert server.connections == 0


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_server_behind_such_a_proxy(library: str, leaf: Identity, ca_file: str) -> None:
    """What the server itself refused inside the tunnel stays the server's."""
    with (
        TlsServer(leaf, versions=("1.0", "1.0")) as old,
        Proxy(identity=leaf) as proxy,
        pytest.raises(sslwhy.DiagnosedError) as caught,
    ):
        LIBRARIES[library](old.url, proxy.url, ca_file)
    assert primary(caught.value.report) == "protocol-version-mismatch likely server"


# the probe's way


def test_the_probe_takes_the_same_way(leaf: Identity, ca_file: str) -> None:
    """Every connection of the diagnosis goes through the tunnel of the proxy, without credentials."""
    with TlsServer(leaf, versions=("1.0", "1.0")) as server, Proxy() as proxy:
        report = failed(server.url, verify=ca_file, proxies=through(proxy))
        assert report.code == "protocol-version-mismatch"
        assert len(proxy.tunnels) == report.connections + 1
        assert server.connections == len(proxy.tunnels)
        assert not any(b"uthorization" in head for head in proxy.heads)


def test_a_proxy_with_credentials_is_not_probed(leaf: Identity, ca_file: str) -> None:
    """A probe carries no credentials, so there is none, and the verdict is hedged."""
    with TlsServer(leaf, versions=("1.0", "1.0")) as server, Proxy(credentials="me:right") as proxy:
        report = failed(server.url, verify=ca_file, proxies=through(proxy, user="me:right@"))
        assert primary(report) == "protocol-version-mismatch likely server"
        assert report.connections == 0
        assert len(proxy.tunnels) == 1


def test_a_fault_of_the_origin_names_the_proxy_on_the_way(ca_file: str) -> None:
    """Whoever reads the record sees that the call went through a proxy, which one, and where it came from."""
    with TlsServer(pki.self_signed("localhost", dns=["localhost"])) as origin, Proxy() as proxy:
        report = failed(origin.url, verify=ca_file, proxies=through(proxy, user="bob:hunter2@"))
    assert report.code == "self-signed-certificate"
    assert [(each.result, each.reason) for each in report.checks if each.name == "proxy"] == [
        ("ok", f"through http://localhost:{proxy.port} (from the argument proxies)")
    ]
