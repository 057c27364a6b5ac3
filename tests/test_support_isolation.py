"""Tests stay on loopback and undisturbed by the developer's settings, and servers go when they are done."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

import pytest
import requests
from support.isolation import clean_environment, needs
from support.tls import TlsServer


if TYPE_CHECKING:
    from support import pki


def test_nothing_leaves_loopback(hosts: dict[str, list[str]]) -> None:
    """A connection elsewhere is refused before a packet is sent, and only listed names resolve."""
    with socket.socket() as outside, pytest.raises(AssertionError, match="leave loopback"):
        outside.connect(("192.0.2.1", 443))
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("example.com", 443)
    hosts["example.com"] = ["127.0.0.1", "127.0.0.2"]
    found = socket.getaddrinfo("example.com", 443, type=socket.SOCK_STREAM)
    assert [entry[4][0] for entry in found] == ["127.0.0.1", "127.0.0.2"]


def test_the_environment_is_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever changes TLS, proxies or sslwhy is forgotten; the rest stays."""
    unwanted = ("REQUESTS_CA_BUNDLE", "https_proxy", "No_Proxy", "SSLWHY", "SSLWHY_DEADLINE", "SSL_CERT_FILE")
    for name in (*unwanted, "UNRELATED"):
        monkeypatch.setenv(name, "x")
    clean_environment(monkeypatch)
    assert not set(unwanted) & set(os.environ)
    assert os.environ["UNRELATED"] == "x"


def test_missing_programs_are_named() -> None:
    """The mark skips with a reason that names what is missing, and only then."""
    mark = needs("no-such-program", "sh").mark
    assert mark.args == (True,)
    assert mark.kwargs["reason"].startswith("needs no-such-program,")
    assert needs("sh").mark.args == (False,)


def test_two_addresses_of_one_name(leaf: pki.Identity, ca_file: str, hosts: dict[str, list[str]]) -> None:
    """Two servers share a port on two addresses; a client falls back to the second."""
    hosts["localhost"] = ["127.0.0.1", "127.0.0.2"]
    with TlsServer(leaf) as first:
        second = TlsServer(leaf, host="127.0.0.2")
        second.port = first.port
        with second:
            requests.get(first.url, verify=ca_file, timeout=5)
            first.close()
            requests.get(first.url, verify=ca_file, timeout=5)
    assert (first.connections, second.connections) == (1, 1)


def test_closing_is_quick_with_clients_connected(leaf: pki.Identity) -> None:
    """A listener closes at once although clients still hang on it."""
    with TlsServer(leaf) as server, socket.create_connection(("127.0.0.1", server.port)):
        started = time.monotonic()
        server.close()
        assert time.monotonic() - started < 1
