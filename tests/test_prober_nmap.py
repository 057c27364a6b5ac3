"""The prober's versions and suites against those of nmap's ssl-enum-ciphers, server by server."""

from __future__ import annotations

import contextlib
import subprocess
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from support.tls import TlsServer
from support.tls_programs import TlsliteServer, dh_params, gnutls, nginx, program, s_server

from sslwhy.evidence.prober.route import Route
from sslwhy.evidence.prober.survey import survey
from sslwhy.facts.tls.names import VERSIONS
from sslwhy.facts.tls.suites import suite_name


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sslwhy.demo.pki import Identity

Found = dict[str, set[str]]


def by_nmap(port: int) -> Found:
    """Versions and suites as nmap sees them; its names for TLS 1.3 are changed into the registry's."""
    command = [program("nmap"), "-Pn", "-n", "--script", "ssl-enum-ciphers", "-p", str(port), "-oX", "-", "127.0.0.1"]
    xml = subprocess.run(command, capture_output=True, check=True, timeout=90).stdout
    script = ET.fromstring(xml).find(".//script[@id='ssl-enum-ciphers']")
    assert script is not None, "nmap found no TLS at all"
    return {
        table.attrib["key"].replace("TLSv", "TLS "): {
            (elem.text or "").replace("TLS_AKE_WITH_", "TLS_")
            for elem in table.iterfind("table[@key='ciphers']/table/elem[@key='name']")
        }
        for table in script.iterfind("table")
    }


def by_us(port: int) -> Found:
    """The same from the prober."""
    found = survey(Route("127.0.0.1", port), "localhost")
    assert found.inconclusive == ()
    return {VERSIONS[version]: {suite_name(code) for code in found.suites(version)} for version in found.versions}


NGINX = {
    "default": "",
    "tls13": "ssl_protocols TLSv1.3;",
    "modern": "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20; ssl_prefer_server_ciphers on;",
    "everything": "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ALL:COMPLEMENTOFALL:@SECLEVEL=0;",
    "tls10": "ssl_protocols TLSv1; ssl_ciphers AES128-SHA:@SECLEVEL=0;",
    "tls11": "ssl_protocols TLSv1.1; ssl_ciphers HIGH:@SECLEVEL=0; ssl_prefer_server_ciphers on;",
    "null": "ssl_protocols TLSv1.2; ssl_ciphers eNULL:@SECLEVEL=0;",
    "anonymous": "ssl_protocols TLSv1.2; ssl_ciphers aNULL:@SECLEVEL=0;",
}


@contextlib.contextmanager
def serving(kind: str, folder: Path, rsa: Identity, ecdsa: Identity) -> Iterator[int]:
    """Run one of the servers."""
    if kind in NGINX:
        manager: contextlib.AbstractContextManager[int] = nginx(folder, rsa, settings=NGINX[kind])
    elif kind == "both":
        manager = nginx(folder, rsa, ecdsa, settings=f"ssl_dhparam {dh_params(folder, 1024)}; {NGINX['everything']}")
    elif kind == "s_server":
        manager = s_server(folder, rsa, "-cipher", "DEFAULT:@SECLEVEL=0", "-serverpref")
    else:
        manager = gnutls(folder, rsa, "NORMAL:-VERS-ALL:+VERS-TLS1.2")
    with manager as port:
        yield port


@pytest.mark.parametrize("kind", [*NGINX, "both", "s_server", "gnutls"])
def test_same_as_nmap(kind: str, tmp_path: Path, rsa_leaf: Identity, leaf: Identity) -> None:
    """Every version and every suite that nmap finds is found, and no other."""
    program("nmap")
    with serving(kind, tmp_path, rsa_leaf, leaf) as port:
        assert by_us(port) == by_nmap(port)


@pytest.mark.parametrize("ciphers", ["DEFAULT", "ECDHE-ECDSA-AES128-GCM-SHA256"])
def test_same_as_nmap_on_the_ssl_module(ciphers: str, leaf: Identity) -> None:
    """The same for a server on `ssl` with an ECDSA certificate."""
    program("nmap")
    with TlsServer(leaf, versions=("1.2", "1.3"), ciphers=ciphers) as server:
        assert by_us(server.port) == by_nmap(server.port)


@pytest.mark.parametrize("newest", [(3, 1), (3, 3)])
def test_same_as_nmap_on_tlslite(newest: tuple[int, int], rsa_leaf: Identity) -> None:
    """The same for tlslite-ng from SSLv3 on, with RC4 and 3DES."""
    program("nmap")
    names = ["aes128", "3des", "rc4"]
    with TlsliteServer(rsa_leaf, minVersion=(3, 0), maxVersion=newest, cipherNames=names) as server:
        assert by_us(server.port) == by_nmap(server.port)
