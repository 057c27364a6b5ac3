"""What people met in the field, where no other test has it: real handshakes with requests, and their reports."""

from __future__ import annotations

import ssl
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
import requests
from cryptography import x509
from support import pki
from support.relays import Proxy
from support.tls import TlsServer
from support.trip import codes, diagnosed


if TYPE_CHECKING:
    from pathlib import Path

GOOD: dict[str, Any] = {"dns": ["localhost"]}
CLIENTS_ONLY = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.16.840.1.113730.1.1"), b"\x03\x02\x07\x80")
"""Netscape's certificate type: SSL client."""


@pytest.mark.parametrize(
    ("host", "name", "words"),
    [
        ("test_backend.dev.example", "*.dev.example", "a wildcard does not cover a label with an underscore"),
        ("my.bucket.s3.example", "*.s3.example", "a wildcard covers one label only"),
        ("partner.example", "*.azurewebsites.example", "another domain"),
    ],
)
def test_names_that_almost_match(
    root: pki.Authority, ca_file: str, hosts: dict[str, list[str]], host: str, name: str, words: str
) -> None:
    """A wildcard that seems to cover the host, and the default certificate of a hosting company."""
    hosts[host] = ["127.0.0.1"]
    with TlsServer(root.issue(name, dns=[name])) as server:
        report = diagnosed(lambda: requests.get(f"https://{host}:{server.port}/", verify=ca_file))
    assert report.code == "hostname-mismatch"
    assert report.primary
    assert words in report.primary.actual


@pytest.mark.parametrize("through", ["directly", "through a proxy"])
@pytest.mark.parametrize("name", ["partner.example", "other.example"])
def test_the_dot_at_the_end_of_a_name(
    root: pki.Authority, ca_file: str, hosts: dict[str, list[str]], through: str, name: str
) -> None:
    """A fully qualified name with its dot is verified without the dot, also behind a proxy."""
    hosts["partner.example."] = ["127.0.0.1"]
    with TlsServer(root.issue(name, dns=[name])) as server, Proxy(routes={"partner.example.": server.port}) as proxy:
        proxies = {"https": proxy.url} if "proxy" in through else {}
        url = f"https://partner.example.:{server.port}/"
        if name == "partner.example":
            assert requests.get(url, verify=ca_file, proxies=proxies, timeout=10).ok
        else:
            report = diagnosed(lambda: requests.get(url, verify=ca_file, proxies=proxies))
            assert report.code == "hostname-mismatch"


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        ({"critical": {"bc": False}}, "not marked critical"),
        ({"omit": ["ku"]}, "key usage"),
        ({"omit": ["ski"]}, "subject key identifier"),
    ],
)
def test_authorities_that_break_the_strict_profile(lacking: dict[str, Any], words: str, tmp_path: Path) -> None:
    """A private or public authority's own certificate fails on Python 3.13, and only there; the finding names it."""
    lax = pki.Authority.root("Easy CA", **lacking)
    context = ssl.create_default_context(cafile=pki.bundle(tmp_path / "ca.pem", lax))
    with TlsServer(lax.issue("localhost", **GOOD)) as server:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        with urllib.request.urlopen(server.url, context=context, timeout=10) as answer:
            assert answer.status == 200
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        report = diagnosed(lambda: urllib.request.urlopen(server.url, context=context))
    assert report.code == "strict-profile-violation"
    assert report.primary
    assert (report.primary.depth, report.primary.subject) == (1, "local")
    assert "Easy CA" in report.primary.headline
    assert words in f"{report.primary.expected} {report.primary.actual}", report.primary


@pytest.mark.parametrize(
    ("odd", "code"),
    [({"extra": [(CLIENTS_ONLY, False)]}, "wrong-key-usage"), ({"digest": "md5"}, "weak-signature")],
)
def test_relics(odd: dict[str, Any], code: str, tmp_path: Path) -> None:
    """Netscape's certificate type still counts, and MD5 counts no more."""
    old = pki.Authority.root("Old CA", key="rsa-2048")
    bundle = pki.bundle(tmp_path / "ca.pem", old)
    with TlsServer(old.issue("localhost", **GOOD, **odd), seclevel=0) as server:
        report = diagnosed(lambda: requests.get(server.url, verify=bundle))
    assert codes(report) == [code]
