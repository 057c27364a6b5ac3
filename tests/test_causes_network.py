"""No connection at all: real refusals, timeouts and names that do not resolve."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING

import httpx
import pytest
from support import raw
from support.asking import WAYS, failed, primary
from support.tls import TlsServer

import sslwhy


if TYPE_CHECKING:
    from collections.abc import Iterator

    from support import pki

    from sslwhy.demo.pki import Identity


@pytest.fixture
def full() -> Iterator[int]:
    """The port of a listener whose queue is full, so that a connection request gets no answer."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        yield port
        for each in waiting:
            each.close()


@pytest.mark.scenario("name-resolution-failed")
@pytest.mark.parametrize("way", WAYS)
def test_a_name_that_nobody_knows(way: str) -> None:
    """The resolver's error names the host, and nothing was connected to."""
    report = failed("https://nowhere.example/", way)
    assert primary(report) == "name-resolution-failed confirmed network"
    assert report.primary
    assert "nowhere.example" in report.primary.headline
    assert report.connections == 0


@pytest.mark.scenario("connection-refused")
@pytest.mark.parametrize("way", WAYS)
def test_a_port_without_a_listener(way: str) -> None:
    """The refusal names host and port."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        report = failed(f"https://localhost:{port}/", way)
    assert primary(report) == "connection-refused confirmed network"
    assert report.primary
    assert f"localhost:{port}" in report.primary.headline


@pytest.mark.scenario("connect-timeout")
@pytest.mark.parametrize("way", WAYS)
def test_a_connection_request_without_an_answer(way: str, full: int) -> None:
    """A timeout before there is a connection is told from one in the handshake."""
    report = failed(f"https://127.0.0.1:{full}/", way, timeout=0.5)
    assert primary(report) == "connect-timeout confirmed network"
    assert report.connections == 0


@pytest.mark.parametrize(
    ("url", "code"),
    [("https://nowhere.example/", "name-resolution-failed"), ("https://127.0.0.1:1/", "connection-refused")],
)
def test_httpx_has_the_same_causes(url: str, code: str) -> None:
    """httpx raises ConnectError for both; what lies inside tells them apart."""
    with pytest.raises(sslwhy.DiagnosedError) as caught, sslwhy.diagnosing():
        httpx.get(url, timeout=5)
    assert caught.value.code == code


def test_httpx_waits_for_a_connection_in_vain(full: int) -> None:
    """ConnectTimeout before a connection is told from the one in the handshake, which httpx calls by the same name."""
    with raw.RawServer(raw.silent) as silent:
        for port, code in ((full, "connect-timeout"), (silent.port, "handshake-timeout")):
            with pytest.raises(sslwhy.DiagnosedError) as caught, sslwhy.diagnosing():
                httpx.get(f"https://127.0.0.1:{port}/", timeout=0.5)
            assert caught.value.code == code


def test_httpx_meets_a_demand_for_a_client_certificate(leaf: Identity, issuing: pki.Authority, ca_file: str) -> None:
    """In TLS 1.3 httpx raises ReadError, and the cause is the same as everywhere."""
    context = ssl.create_default_context(cafile=ca_file)
    with TlsServer(leaf, clients=[issuing], versions=("1.3", "1.3")) as server:
        for method in ("GET", "POST"):
            with pytest.raises(sslwhy.DiagnosedError) as caught, sslwhy.diagnosing():
                httpx.request(method, server.url, verify=context, content=b"x" * 300_000 if method == "POST" else None)
            assert caught.value.code == "client-certificate-required"


def test_asyncio_meets_it_too(leaf: Identity, issuing: pki.Authority, ca_file: str) -> None:
    """The asynchronous client goes through SSLObject instead of SSLSocket."""
    context = ssl.create_default_context(cafile=ca_file)

    async def call(url: str) -> None:
        async with httpx.AsyncClient(verify=context) as client:
            await client.get(url)

    with TlsServer(leaf, clients=[issuing], versions=("1.3", "1.3")) as server:
        with pytest.raises(sslwhy.DiagnosedError) as caught, sslwhy.diagnosing():
            asyncio.run(call(server.url))
        assert caught.value.code == "client-certificate-required"
    with TlsServer(leaf, versions=("1.0", "1.0")) as server:
        with pytest.raises(sslwhy.DiagnosedError) as caught, sslwhy.diagnosing():
            asyncio.run(call(server.url))
        assert caught.value.code == "protocol-version-mismatch"
