"""Client certificates that never leave this machine: the file is missing, of the wrong kind, or does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from support.asking import WAYS, failed, primary
from support.tls import TlsServer
from support.trip import get, python, remedy, shell

import sslwhy


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support import pki

    from sslwhy.demo.pki import Files, Identity

PASSWORD = b"correct horse"


@pytest.fixture
def files(client_identity: Identity, tmp_path: Path) -> Files:
    """A good client certificate on disk."""
    return client_identity.write(tmp_path, "client")


@pytest.fixture
def server(leaf: Identity, root: pki.Authority) -> Iterator[TlsServer]:
    """A server that wants a client certificate."""
    with TlsServer(leaf, clients=[root]) as running:
        yield running


def _pfx(identity: Identity, folder: Path) -> str:
    path = folder / "client.pfx"
    encryption = BestAvailableEncryption(PASSWORD)
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"me", identity.key, identity.certificate, None, encryption))
    return str(path)


# client-certificate-not-found


@pytest.mark.scenario("client-certificate-not-found")
@pytest.mark.parametrize("way", WAYS)
def test_a_certificate_that_is_not_there(way: str, server: TlsServer, ca_file: str, tmp_path: Path) -> None:
    """The path is named, and nothing was asked of the server."""
    report = failed(server.url, way, verify=ca_file, cert=str(tmp_path / "gone.pem"))
    assert primary(report) == "client-certificate-not-found confirmed client"
    assert report.connections == 0
    assert report.primary
    assert "gone.pem" in report.primary.headline


def test_a_key_that_is_not_there(server: TlsServer, ca_file: str, files: Files, tmp_path: Path) -> None:
    """The key's own path is named where the certificate is there."""
    report = failed(server.url, verify=ca_file, cert=(str(files.chain), str(tmp_path / "gone.key")))
    assert primary(report) == "client-certificate-not-found confirmed client"
    assert report.primary
    assert "gone.key" in report.primary.headline


# client-certificate-unreadable


def _der(identity: Identity, folder: Path) -> str:
    (folder / "client.der").write_bytes(identity.der)
    return str(folder / "client.der")


def _empty(identity: Identity, folder: Path) -> str:
    del identity
    (folder / "empty.pem").touch()
    return str(folder / "empty.pem")


def _words(identity: Identity, folder: Path) -> str:
    del identity
    (folder / "words.pem").write_text("no certificate at all\n")
    return str(folder / "words.pem")


def _key_only(identity: Identity, folder: Path) -> str:
    (folder / "key.pem").write_text(identity.key_pem)
    return str(folder / "key.pem")


def _no_key(identity: Identity, folder: Path) -> str:
    (folder / "nokey.pem").write_text(identity.chain_pem())
    return str(folder / "nokey.pem")


@pytest.mark.scenario("client-certificate-unreadable")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_pfx, "PKCS #12"),
        (_der, "DER"),
        (_empty, "empty"),
        (_words, "no PEM block"),
        (_key_only, "a private key, but no certificate"),
        (_no_key, "no private key"),
    ],
)
def test_a_file_of_the_wrong_kind(
    way: str,
    make: Callable[[Identity, Path], str],
    said: str,
    server: TlsServer,
    client_identity: Identity,
    ca_file: str,
    tmp_path: Path,
) -> None:
    """OpenSSL says "PEM lib" to all of them; the report says what the file is."""
    report = failed(server.url, way, verify=ca_file, cert=make(client_identity, tmp_path))
    assert primary(report) == "client-certificate-unreadable confirmed client"
    assert report.primary
    assert said in report.primary.headline


def test_a_key_of_the_wrong_kind(client_identity: Identity, server: TlsServer, ca_file: str, tmp_path: Path) -> None:
    """A key in DER that was named is not asked for again: the command converts it, and the new file is taken."""
    key = tmp_path / "key.der"
    key.write_bytes(
        client_identity.key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    certificate = str(client_identity.write(tmp_path, "client").chain)
    report = failed(server.url, verify=ca_file, cert=(certificate, str(key)))
    assert primary(report) == "client-certificate-unreadable confirmed client"
    found = remedy(report.primary, command=True)
    shell(str(found.command), tmp_path)
    assert str(found.snippet).endswith(f"session.cert = ({certificate!r}, 'client-key.pem')")
    with sslwhy.Session() as session:
        session.cert = (certificate, str(tmp_path / "client-key.pem"))
        assert session.get(server.url, verify=ca_file, timeout=5).status_code == 200


def test_a_directory_in_place_of_the_file(server: TlsServer, ca_file: str, tmp_path: Path) -> None:
    """Nobody is told to change the rights of a directory."""
    report = failed(server.url, verify=ca_file, cert=str(tmp_path))
    assert primary(report) == "client-certificate-unreadable confirmed client"
    assert report.primary
    assert "not the directory" in report.primary.remedies[0].text
    assert not any(each.command for each in report.primary.remedies)


def test_the_conversion_of_a_container_works(
    client_identity: Identity, server: TlsServer, ca_file: str, tmp_path: Path
) -> None:
    """The printed command makes a file out of the container that the session takes."""
    report = failed(server.url, verify=ca_file, cert=_pfx(client_identity, tmp_path))
    command = remedy(report.primary, command=True).command or ""
    shell(f"{command} -passin pass:'{PASSWORD.decode()}'", tmp_path)
    assert (tmp_path / "client.pem").stat().st_mode & 0o077 == 0


# client-key-encrypted


@pytest.mark.scenario("client-key-encrypted")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_an_encrypted_key(
    way: str, form: str, server: TlsServer, client_identity: Identity, files: Files, ca_file: str, tmp_path: Path
) -> None:
    """The header tells; nothing is decrypted and no password is asked for."""
    key = _encrypted(client_identity, form, tmp_path)
    report = failed(server.url, way, verify=ca_file, cert=(str(files.chain), key))
    assert primary(report) == "client-key-encrypted confirmed client"


def _encrypted(identity: Identity, form: str, folder: Path) -> str:
    path = folder / "encrypted.pem"
    private = getattr(serialization.PrivateFormat, form)
    encryption = BestAvailableEncryption(PASSWORD)
    path.write_bytes(identity.key.private_bytes(serialization.Encoding.PEM, private, encryption))
    return str(path)


def test_the_context_with_the_password_works(
    client_identity: Identity, server: TlsServer, files: Files, ca_file: str, tmp_path: Path
) -> None:
    """The printed snippet, with a password at hand, gets the call through."""
    key = _encrypted(client_identity, "PKCS8", tmp_path)
    report = failed(server.url, verify=ca_file, cert=(str(files.chain), key))
    asked = f"import getpass\ngetpass.getpass = lambda: {PASSWORD.decode()!r}\n"
    snippet = str(remedy(report.primary, snippet=True).snippet)
    assert snippet.startswith("import functools\nimport getpass\n")
    python(asked + snippet + get(server.url))


# client-key-mismatch


@pytest.mark.scenario("client-key-mismatch")
@pytest.mark.parametrize("way", WAYS)
def test_the_key_of_another_certificate(
    way: str, server: TlsServer, issuing: pki.Authority, files: Files, ca_file: str, tmp_path: Path
) -> None:
    """The report says which file, and its command shows two digests, which are the same for a pair only."""
    other = issuing.client("Other").write(tmp_path, "other")
    report = failed(server.url, way, verify=ca_file, cert=(str(files.chain), str(other.key)))
    assert primary(report) == "client-key-mismatch confirmed client"
    command = str(remedy(report.primary, command=True).command)
    for compared, digests in ((command, 2), (command.replace(str(other.key), str(files.key)), 1)):
        shell(
            f"({compared}) > digests; test $(sort -u digests | wc -l) = {digests}; test $(wc -c < digests) -lt 200",
            tmp_path,
        )


def test_the_intermediate_before_the_certificate(
    server: TlsServer, client_identity: Identity, files: Files, ca_file: str, tmp_path: Path
) -> None:
    """A file in the wrong order is told from a wrong key."""
    issuer = client_identity.issuer
    assert issuer
    turned = tmp_path / "turned.pem"
    turned.write_text(issuer.pem + client_identity.pem)
    report = failed(server.url, verify=ca_file, cert=(str(turned), str(files.key)))
    assert primary(report) == "client-key-mismatch confirmed client"
    assert report.primary
    assert "the first certificate of the file is a CA's" in report.primary.actual
    assert "first in the file" in report.primary.remedies[0].text


# client-certificate-weak


@pytest.mark.scenario("client-certificate-weak")
@pytest.mark.parametrize("way", WAYS)
def test_a_certificate_too_weak_to_be_loaded(
    way: str, server: TlsServer, issuing: pki.Authority, ca_file: str, tmp_path: Path
) -> None:
    """The key's size is told; security level 0 for this host loads it."""
    weak = issuing.client("Weak", key="rsa-1024").write(tmp_path, "weak")
    report = failed(server.url, way, verify=ca_file, cert=(str(weak.chain), str(weak.key)))
    assert primary(report) == "client-certificate-weak confirmed client"
    assert report.primary
    assert "RSA 1024 bits" in report.primary.actual
    python(str(remedy(report.primary, snippet=True).snippet) + get(server.url))


def test_no_key_material_in_a_report(
    server: TlsServer, client_identity: Identity, ca_file: str, tmp_path: Path
) -> None:
    """Nothing of what stands in the files is printed."""
    report = failed(server.url, verify=ca_file, cert=_key_only(client_identity, tmp_path))
    secret = client_identity.key_pem.splitlines()[1]
    assert secret not in str(report) + str(report.to_dict())
