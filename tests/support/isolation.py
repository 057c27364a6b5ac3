"""Keeps every test on loopback and free of the developer's own settings."""

from __future__ import annotations

import os
import shutil
import socket
from typing import TYPE_CHECKING, Any

import pytest


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_SETTINGS = (
    "ALL_PROXY",
    "CURL_CA_BUNDLE",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "OPENSSL_CONF",
    "REQUESTS_CA_BUNDLE",
    "SSLKEYLOGFILE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
)
_LOOPBACK = ("127.", "::1", "0.0.0.0", "::ffff:127.")


def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget every variable that changes how TLS, proxies or sslwhy itself behave."""
    for name in list(os.environ):
        if name.upper() in _SETTINGS or name.startswith("SSLWHY"):
            monkeypatch.delenv(name)


def stay_on_loopback(monkeypatch: pytest.MonkeyPatch, hosts: Mapping[str, Sequence[str]]) -> None:
    """Refuse connections that leave loopback, and resolve names from `hosts` only, like /etc/hosts.

    `hosts` maps names to loopback addresses. Any other name but localhost does not resolve.
    """
    for method in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, method, _guarded(getattr(socket.socket, method)))
    resolve = socket.getaddrinfo

    def getaddrinfo(host: str | bytes | None, *args: Any, **kwargs: Any) -> list[Any]:
        name = host.decode("ascii") if isinstance(host, bytes) else host
        if name is None or _is_address(name):
            return resolve(host, *args, **kwargs)
        known = {"localhost": ["127.0.0.1"], **hosts}.get(name.lower())
        if not known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [entry for address in known for entry in resolve(address, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def _guarded(connect: Any) -> Any:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            if not (host == "localhost" or host.startswith(_LOOPBACK)):
                raise AssertionError(f"a test tried to leave loopback: {host}")
        return connect(self, address)

    return guarded


def _is_address(name: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, name.partition("%")[0])
        except (OSError, UnicodeEncodeError):
            continue
        return True
    return False


def find(tool: str) -> str | None:
    """Where a program is; Debian keeps servers in /usr/sbin, which a user's PATH may lack."""
    return shutil.which(tool, path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin{os.pathsep}/sbin")


def needs(*tools: str) -> pytest.MarkDecorator:
    """Skip the test, with the reason, where a program that it drives is not installed."""
    missing = [tool for tool in tools if not find(tool)]
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}, which is not installed")
