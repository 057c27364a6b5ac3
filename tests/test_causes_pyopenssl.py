"""Where urllib3 was told to speak TLS through pyOpenSSL, nothing testifies: the words and the peer have to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pytest
from support import pki, raw
from support.asking import failed, primary
from support.tls import TlsServer
from urllib3.contrib import pyopenssl

import sslwhy


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sslwhy.demo.loopback import Listener
    from sslwhy.demo.pki import Identity


@pytest.fixture(autouse=True)
def _injected() -> Iterator[None]:
    pyopenssl.inject_into_urllib3()
    yield
    pyopenssl.extract_from_urllib3()


Server: TypeAlias = "Callable[[pki.Authority], Listener]"
VERDICTS: dict[str, Server] = {
    "certificate-expired confirmed server": lambda ca: TlsServer(_leaf(ca, not_after=-pki.DAY)),
    "self-signed-certificate confirmed server": lambda _: TlsServer(pki.self_signed("localhost", dns=["localhost"])),
    "hostname-mismatch confirmed server": lambda ca: TlsServer(ca.issue("x", dns=["other.example"])),
    "protocol-version-mismatch confirmed server": lambda ca: TlsServer(_leaf(ca), versions=("1.0", "1.0")),
    "client-certificate-required confirmed client": lambda ca: TlsServer(_leaf(ca), clients=[ca]),
    "unrecognized-server-name confirmed server": lambda _: raw.RawServer(raw.alert(112)),
    "not-tls confirmed server": lambda _: raw.RawServer(raw.banner(raw.SSH)),
    "handshake-closed confirmed server": lambda _: raw.RawServer(raw.close_after_hello),
    "handshake-timeout confirmed server": lambda _: raw.RawServer(raw.silent),
    "connection-reset likely network": lambda _: raw.RawServer(raw.reset_after_hello),
}


def _leaf(ca: pki.Authority, **odd: object) -> Identity:
    return ca.issue("localhost", dns=["localhost"], **odd)  # type: ignore[arg-type]


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_verdict_is_that_of_ssl(verdict: str, issuing: pki.Authority, ca_file: str) -> None:
    """Each failure has the cause that it has with Python's own ssl, though nothing was seen of its handshake."""
    with VERDICTS[verdict](issuing) as server:
        report = failed(f"https://localhost:{server.port}/", verify=ca_file, timeout=1)
    assert report.observed.stage in {"handshake", "read"}
    assert primary(report) == verdict


@pytest.mark.parametrize("versions", [("1.2", "1.2"), ("1.3", "1.3")])
@pytest.mark.parametrize("body", [b"", b"x" * 300_000])
def test_a_demand_for_a_client_certificate(
    versions: tuple[str, str], body: bytes, leaf: Identity, issuing: pki.Authority, ca_file: str
) -> None:
    """The alert, or the end that took its place, is put down to the demand that a probe saw."""
    with TlsServer(leaf, clients=[issuing], versions=versions) as server:
        report = failed(server.url, method="POST", verify=ca_file, data=body)
        assert server.application_bytes == 0
    assert primary(report) == "client-certificate-required confirmed client"


def test_a_refusal_that_no_probe_explains(leaf: Identity, ca_file: str) -> None:
    """Without a connection of its own the diagnosis knows no chain, and claims nothing about it."""
    offline = sslwhy.Policy(connect=False)
    with (
        TlsServer(pki.self_signed("localhost", dns=["localhost"])) as server,
        sslwhy.Session(diagnosis=offline) as session,
        pytest.raises(sslwhy.DiagnosedError) as caught,
    ):
        session.get(server.url, verify=ca_file, timeout=5)
    assert [each.code for each in caught.value.report.findings] == ["unclassified"]
    assert caught.value.report.observed.stage == "handshake"
