"""The prober's versions and suites against those of nmap's ssl-enum-ciphers, server by server."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from support import legacy
from support.isolation import find, needs
from support.nginx import Nginx
from support.programs import GnutlsServer, JavaServer, OpensslServer
from support.tls import TlsServer

from sslwhy.evidence.prober.route import Route
from sslwhy.evidence.prober.survey import survey
from sslwhy.facts.tls.names import VERSIONS
from sslwhy.facts.tls.suites import suite_name


if TYPE_CHECKING:
    from pathlib import Path

    from sslwhy.demo.pki import Identity

pytestmark = needs("nmap")

Found = dict[str, set[str]]


def by_nmap(port: int) -> Found:
    """Versions and suites as nmap sees them; its names for TLS 1.3 are changed into the registry's."""
    command = [str(find("nmap")), "-Pn", "-n", "--script", "ssl-enum-ciphers", "-p", str(port), "-oX", "-", "127.0.0.1"]
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


@dataclass(frozen=True)
class Settings:
    """nginx's words for versions and suites (None: its defaults), and whether its own order counts."""

    protocols: str | None
    ciphers: str | None
    prefers: bool = False


NGINX = {
    "default": Settings(None, None),
    "tls13": Settings("TLSv1.3", None),
    "modern": Settings("TLSv1.2 TLSv1.3", "ECDHE+AESGCM:ECDHE+CHACHA20", prefers=True),
    "everything": Settings("TLSv1 TLSv1.1 TLSv1.2 TLSv1.3", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"),
    "tls10": Settings("TLSv1", "AES128-SHA:@SECLEVEL=0"),
    "tls11": Settings("TLSv1.1", "HIGH:@SECLEVEL=0", prefers=True),
    "null": Settings("TLSv1.2", "eNULL:@SECLEVEL=0"),
    "anonymous": Settings("TLSv1.2", "aNULL:@SECLEVEL=0"),
}


def nginx(identity: Identity, kind: str, *more: str) -> Nginx:
    """Make one of the kinds of nginx."""
    settings = NGINX[kind]
    directives = [*more, *(["ssl_prefer_server_ciphers on;"] if settings.prefers else [])]
    return Nginx(identity, protocols=settings.protocols, ciphers=settings.ciphers, directives=directives)


def same(port: int) -> None:
    """Every version and every suite that nmap finds is found, and no other."""
    assert by_us(port) == by_nmap(port)


@needs("nginx")
@pytest.mark.parametrize("kind", NGINX)
def test_same_as_nmap_on_nginx(kind: str, rsa_leaf: Identity) -> None:
    """One implementation, many configurations: versions, suites, whose order counts."""
    with nginx(rsa_leaf, kind) as server:
        same(server.port)


@needs("nginx")
def test_same_as_nmap_with_two_certificates(tmp_path: Path, rsa_leaf: Identity, leaf: Identity, dh_1024: str) -> None:
    """The same for a server with an RSA key, an ECDSA key and a short prime."""
    second = leaf.write(tmp_path)
    more = (f"ssl_certificate {second.chain}; ssl_certificate_key {second.key};", f"ssl_dhparam {dh_1024};")
    with nginx(rsa_leaf, "everything", *more) as server:
        same(server.port)


@needs("openssl")
def test_same_as_nmap_on_openssl(rsa_leaf: Identity) -> None:
    """The same for s_server, which prefers its own order."""
    with OpensslServer(rsa_leaf, "-cipher", "DEFAULT:@SECLEVEL=0", "-serverpref") as server:
        same(server.port)


@needs("gnutls-serv")
def test_same_as_nmap_on_gnutls(rsa_leaf: Identity) -> None:
    """The same for GnuTLS."""
    with GnutlsServer(rsa_leaf, priority="NORMAL:-VERS-ALL:+VERS-TLS1.2") as server:
        same(server.port)


@needs("java")
@pytest.mark.parametrize("legacy_suites", [False, True])
def test_same_as_nmap_on_java(legacy_suites: bool, rsa_leaf: Identity) -> None:
    """The same for JSSE with its defaults, and with everything that Java bans by default."""
    versions = ["TLSv1", "TLSv1.1", "TLSv1.2"] if legacy_suites else []
    with JavaServer(rsa_leaf, versions=versions, legacy=legacy_suites) as server:
        same(server.port)


@pytest.mark.parametrize("ciphers", ["DEFAULT", "ECDHE-ECDSA-AES128-GCM-SHA256"])
def test_same_as_nmap_on_the_ssl_module(ciphers: str, leaf: Identity) -> None:
    """The same for a server on `ssl` with an ECDSA certificate."""
    with TlsServer(leaf, versions=("1.2", "1.3"), ciphers=ciphers) as server:
        same(server.port)


@pytest.mark.parametrize("newest", ["1.0", "1.2"])
def test_same_as_nmap_on_tlslite(newest: str, rsa_leaf: Identity) -> None:
    """The same for tlslite-ng from SSLv3 on, with RC4 and 3DES."""
    with legacy.OldServer(rsa_leaf, versions=("ssl3", newest), ciphers=["aes128", "3des", "rc4"]) as server:
        same(server.port)
