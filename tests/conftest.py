"""Fixtures for every test: isolation, and a PKI that is built once."""

from __future__ import annotations

import base64
import urllib.request
from typing import TYPE_CHECKING

import pytest
from support import der, pki
from support.isolation import clean_environment, stay_on_loopback


if TYPE_CHECKING:
    from pathlib import Path


_OAKLEY_2 = bytes.fromhex(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
)


@pytest.fixture
def hosts() -> dict[str, list[str]]:
    """Names that resolve in this test beside localhost: `hosts["a.example"] = ["127.0.0.1", "127.0.0.2"]`."""
    return {}


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch, hosts: dict[str, list[str]]) -> None:
    clean_environment(monkeypatch)
    stay_on_loopback(monkeypatch, hosts)
    # From Python 3.12 on, urllib keeps the context of its first call, with the trust anchors of that environment.
    monkeypatch.setattr(urllib.request, "_opener", None)
    # A busy machine must not turn a diagnosis into none at all; what tests say of deadlines they set themselves.
    monkeypatch.setenv("SSLWHY_DEADLINE", "30")


@pytest.fixture(scope="session")
def root() -> pki.Authority:
    """The trust anchor of the session's PKI."""
    return pki.Authority.root("Test Root")


@pytest.fixture(scope="session")
def issuing(root: pki.Authority) -> pki.Authority:
    """The intermediate below `root`."""
    return root.intermediate("Issuing CA")


@pytest.fixture(scope="session")
def leaf(issuing: pki.Authority) -> pki.Identity:
    """A good server certificate for localhost, 127.0.0.1 and 127.0.0.2, with a P-256 key."""
    return issuing.issue("localhost", dns=["localhost"], ips=["127.0.0.1", "127.0.0.2"])


@pytest.fixture(scope="session")
def rsa_leaf(issuing: pki.Authority) -> pki.Identity:
    """The same with an RSA-2048 key."""
    return issuing.issue("localhost", dns=["localhost"], ips=["127.0.0.1", "127.0.0.2"], key="rsa-2048")


@pytest.fixture(scope="session")
def client_identity(issuing: pki.Authority) -> pki.Identity:
    """A good client certificate."""
    return issuing.client("Test Client")


@pytest.fixture(scope="session")
def ca_file(root: pki.Authority, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a bundle that holds `root`, for `verify=`."""
    folder: Path = tmp_path_factory.mktemp("anchors")
    return pki.bundle(folder / "root.pem", root)


@pytest.fixture(scope="session")
def dh_1024(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of Diffie-Hellman parameters of 1024 bits (RFC 2409's second Oakley group)."""
    path = tmp_path_factory.mktemp("dh") / "dh1024.pem"
    # Written by hand: cryptography is taking finite-field Diffie-Hellman out.
    numbers = (der.tlv(der.INTEGER, b"\0" + _OAKLEY_2), der.tlv(der.INTEGER, b"\x02"))
    body = base64.encodebytes(der.tlv(der.SEQUENCE, *numbers)).decode("ascii")
    path.write_text(f"-----BEGIN DH PARAMETERS-----\n{body}-----END DH PARAMETERS-----\n", encoding="ascii")
    return str(path)
