"""The servers that are programs of their own, and the ones for protocols that nobody serves any more."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import pytest
import requests
import zeep
from support import legacy, relays
from support.handshake import shake, trusting
from support.isolation import needs
from support.nginx import Nginx
from support.process import ProcessServer
from support.programs import GnutlsServer, JavaServer, OpensslServer

from sslwhy.demo import loopback, soap_service


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from support import pki


@needs("nginx")
def test_nginx_serves_soap_and_counts(leaf: pki.Identity, ca_file: str) -> None:
    """nginx terminates TLS for a real service behind it; its connections are counted."""
    with (
        loopback.HttpServer(soap_service.SoapService()) as behind,
        Nginx(leaf, behind=behind) as server,
        requests.Session() as made,
    ):
        made.verify = ca_file
        client = zeep.Client(f"{server.url}/service?wsdl", transport=zeep.Transport(session=made))
        assert client.service.Ping() == "pong"
        assert (server.connections, server.connections) == (1, 1)


@needs("nginx")
def test_nginx_protocols_and_suites(rsa_leaf: pki.Identity, root: pki.Authority) -> None:
    """Versions and suites are limited by nginx's own words."""
    suites = "AES128-SHA:@SECLEVEL=0"
    with Nginx(rsa_leaf, protocols="TLSv1.1", ciphers=suites) as server:
        agreed = shake(server.port, trusting(root, version="1.1", ciphers="ALL"))
        with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
            shake(server.port, trusting(root))
    assert (agreed.version, agreed.suite) == ("TLSv1.1", "AES128-SHA")


@needs("nginx")
def test_nginx_wants_a_client_certificate(
    leaf: pki.Identity, root: pki.Authority, client_identity: pki.Identity, ca_file: str, tmp_path: Path
) -> None:
    """Without one nginx shakes hands and answers with its 400 page, with one it serves."""
    files = client_identity.write(tmp_path)
    depth = "ssl_verify_depth 3;"
    with Nginx(leaf, clients=[root], directives=[depth]) as server:
        refused = requests.get(server.url, verify=ca_file, timeout=5)
        served = requests.get(server.url, verify=ca_file, cert=(str(files.chain), str(files.key)), timeout=5)
    assert refused.status_code == 400
    assert "No required SSL certificate was sent" in refused.text
    assert served.text == "hello"


@needs("nginx")
def test_nginx_that_does_not_start_says_why(leaf: pki.Identity) -> None:
    """A bad directive ends in an error that holds nginx's own words."""
    with pytest.raises(RuntimeError, match="unknown directive"), Nginx(leaf, directives=["nonsense on;"]):
        pass


@needs("gnutls-serv")
def test_gnutls(leaf: pki.Identity, root: pki.Authority, client_identity: pki.Identity, tmp_path: Path) -> None:
    """GnuTLS serves what its priority string allows, and can demand a client certificate."""
    priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2"
    with GnutlsServer(leaf, priority=priority) as server:
        assert shake(server.port, trusting(root), request=True).version == "TLSv1.2"
    files = client_identity.write(tmp_path)
    with GnutlsServer(leaf, priority=priority, clients=[root]) as server:
        with pytest.raises(OSError):
            shake(server.port, trusting(root), request=True)
        shake(server.port, trusting(root, client=files), request=True)


@needs("openssl")
@pytest.mark.parametrize(
    ("arguments", "ciphers", "error"),
    [
        (["-tls1_2"], None, None),
        (["-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"], None, None),
        (["-tls1_2", "-sigalgs", "RSA+SHA1", "-cipher", "ALL:@SECLEVEL=0"], None, "HANDSHAKE_FAILURE"),
        (["-groups", "secp521r1"], "ECDHE", None),
        (["-no_tls1_3", "-cipher", "DHE:@SECLEVEL=0", "-dhparam", "dh1024.pem"], None, "DH_KEY_TOO_SMALL"),
    ],
)
def test_s_server(
    rsa_leaf: pki.Identity,
    root: pki.Authority,
    dh_1024: str,
    arguments: Sequence[str],
    ciphers: str | None,
    error: str | None,
) -> None:
    """s_server takes the options that `ssl` and nginx lack."""
    given = [dh_1024 if one == "dh1024.pem" else one for one in arguments]
    with OpensslServer(rsa_leaf, *given) as server:
        if error:
            with pytest.raises(ssl.SSLError, match=error):
                shake(server.port, trusting(root))
        else:
            assert shake(server.port, trusting(root, ciphers=ciphers), request=True).suite


@needs("java")
def test_java(leaf: pki.Identity, root: pki.Authority, client_identity: pki.Identity, tmp_path: Path) -> None:
    """JSSE serves TLS 1.3 and, when told to, nobody without a client certificate."""
    files = client_identity.write(tmp_path)
    with JavaServer(leaf, clients=[root]) as server:
        with pytest.raises(OSError):
            shake(server.port, trusting(root), request=True)
        agreed = shake(server.port, trusting(root, client=files), request=True)
    assert agreed.version == "TLSv1.3"
    with JavaServer(leaf, versions=["TLSv1"], legacy=True) as server:
        assert shake(server.port, trusting(root, version="1.0", ciphers="ALL"), request=True).version == "TLSv1"


def test_a_program_in_front_of_which_a_balancer_counts(leaf: pki.Identity, root: pki.Authority) -> None:
    """A balancer counts the connections of a server that cannot."""
    with OpensslServer(leaf) as server, relays.Balancer(server) as front:
        shake(front.port, trusting(root))
        assert front.connections == 1


def test_a_program_that_ends_at_once_is_reported() -> None:
    """A command that cannot listen raises with its output, and its folder is gone."""

    class Broken(ProcessServer):
        program = "openssl"

        def command(self) -> Sequence[str]:
            return ["nonsense"]

    broken = Broken()
    with pytest.raises(RuntimeError, match="Invalid command"), broken:
        pass
    assert not broken.folder.exists()


# What no modern stack speaks


def test_tlslite_without_rfc_5746(rsa_leaf: pki.Identity, root: pki.Authority) -> None:
    """OpenSSL 3 refuses the server until it is told to connect to legacy servers."""
    settings = {"versions": ("1.2", "1.2"), "secure_renegotiation": False}
    with legacy.OldServer(rsa_leaf, **settings) as server:  # type: ignore[arg-type]
        with pytest.raises(ssl.SSLError, match="UNSAFE_LEGACY_RENEGOTIATION_DISABLED"):
            shake(server.port, trusting(root))
        lenient = trusting(root)
        lenient.options |= legacy.LEGACY_CONNECT
        assert shake(server.port, lenient, request=True).version == "TLSv1.2"


@pytest.mark.parametrize(("versions", "ciphers"), [(("ssl3", "ssl3"), ["rc4"]), (("1.0", "1.0"), ["3des"])])
def test_tlslite_old_protocols(rsa_leaf: pki.Identity, versions: tuple[str, str], ciphers: Sequence[str]) -> None:
    """tlslite-ng's own client finishes handshakes that OpenSSL cannot."""
    with legacy.OldServer(rsa_leaf, versions=versions, ciphers=ciphers) as server:
        assert legacy.shake(server.port, versions, ciphers) == (*versions[:1], ciphers[0])
    assert server.handshakes == 1


def test_first_flight_of_an_export_server(leaf: pki.Identity, root: pki.Authority) -> None:
    """A ServerHello with any suite, the chain and the CA names, in plain text; an alert to others."""
    export = 0x0003  # TLS_RSA_EXPORT_WITH_RC4_40_MD5
    with legacy.FirstFlight(0x0301, [export], leaf.chain(), request=[root]) as server:
        with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
            shake(server.port, trusting(root))
        hello = b"\x03\x01" + bytes(32) + b"\0" + b"\0\x04\0\x05\0\x03" + b"\x01\0"
        message = b"\x01" + len(hello).to_bytes(3, "big") + hello
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
            connection.sendall(b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message)
            flight = connection.makefile("rb").read()
    assert flight[5 + 4 + 2 + 32 + 1 :][:2] == b"\0\x03"
    assert leaf.der in flight
    assert root.certificate.subject.public_bytes() in flight
