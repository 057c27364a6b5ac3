"""Trust stores on disk: what OpenSSL takes from them, and what a file is that it does not take."""

from __future__ import annotations

import os
import ssl
import subprocess
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import certifi
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import pki
from support.isolation import needs

from sslwhy.evidence.incident import Incident
from sslwhy.evidence.machine import clock_floor, machine_of
from sslwhy.evidence.trust import system_stores
from sslwhy.evidence.trust.bundle_file import certificates_in
from sslwhy.evidence.trust.lookup import looks_up
from sslwhy.evidence.trust.stores import directory_store, file_store, store_at
from sslwhy.evidence.trust.system_stores import certifi_store, keychain_store, unix_store, windows_store


if TYPE_CHECKING:
    from pathlib import Path


def loaded(path: Path) -> int | None:
    """How many certificates OpenSSL takes from a file; `None` where it refuses the file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError:
        return None
    return context.cert_store_stats()["x509"]


def spoil(pem: str) -> str:
    """PEM whose base64 holds a character that is none."""
    first, second, *rest = pem.split("\n")
    return "\n".join([first, "!" + second[1:], *rest])


def other_forms(root: pki.Authority) -> dict[str, bytes]:
    """Files that OpenSSL refuses as a bundle, by what they are."""
    pem, key = root.pem, root.key_pem
    return {
        "empty": b" \n",
        "der": root.der,
        "html": b"<!DOCTYPE html><html><body>sign in</body></html>",
        "private-key": key.encode(),
        "request": pem.replace("CERTIFICATE", "CERTIFICATE REQUEST").encode(),
        "utf-16": pem.encode("utf-16"),
        "one-line": pem.replace("\n", "\\n").encode(),
        "indented": "".join(f"  {line}\n" for line in pem.splitlines()).encode(),
        "garbled": (pem + spoil(pem)).encode(),
        "no-certificate": b"nothing to see here\n",
        "keystore": b"\xfe\xed\xfe\xed\0\0\0\2",
    }


FORMS = tuple(other_forms(pki.Authority.root()))


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_is_no_bundle_is_named(tmp_path: Path, root: pki.Authority, form: str) -> None:
    """What OpenSSL refuses to load is told by its form, and no anchor is read out of it."""
    path = tmp_path / "bundle"
    path.write_bytes(other_forms(root)[form])
    store = store_at(str(path), "verify")
    assert loaded(path) is None
    assert (store.problem, store.anchors) == (form, ())


@needs("openssl")
@pytest.mark.parametrize(("command", "form"), [("crl2pkcs7", "pkcs7"), ("pkcs12", "pkcs12")])
def test_containers_are_named(tmp_path: Path, root: pki.Authority, command: str, form: str) -> None:
    """PKCS #7 and PKCS #12 files made by OpenSSL are told from a plain DER certificate."""
    source = pki.bundle(tmp_path / "root.pem", root)
    arguments = {
        "crl2pkcs7": ["-nocrl", "-certfile", source, "-outform", "DER"],
        "pkcs12": ["-export", "-nokeys", "-in", source, "-passout", "pass:"],
    }[command]
    path = tmp_path / "container"
    subprocess.run(["openssl", command, *arguments, "-out", str(path)], check=True, timeout=30, capture_output=True)
    assert store_at(str(path), "verify").problem == form


@pytest.mark.parametrize(
    "change",
    [
        lambda pem: pem,
        lambda pem: "Root of all\n" + pem + "the end\n",
        lambda pem: pem.replace("\n", "\r\n"),
        lambda pem: pem.strip(),
        lambda pem: pem.replace("\n", "  \n"),
        lambda pem: pem + pem,
        lambda pem: "\ufeff" + pem,
        lambda pem: pem.replace("CERTIFICATE", "X509 CERTIFICATE"),
        lambda pem: pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
    ],
)
def test_what_openssl_takes_is_read(tmp_path: Path, root: pki.Authority, change: object) -> None:
    """A file that OpenSSL loads gives the same one certificate here, whatever stands around it."""
    assert callable(change)
    path = tmp_path / "bundle.pem"
    path.write_bytes(change(root.pem).encode())
    store = store_at(str(path), "verify")
    assert loaded(path) == 1
    assert (store.problem, store.anchors) == (None, (root.der,))


PIECES = ("root", "leaf", "crlf", "key", "text\n", "\n", "spoilt", "cut", "endless", "indented", "blank lines")


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reading_agrees_with_openssl(
    tmp_path: Path, root: pki.Authority, leaf: pki.Identity, pieces: list[str]
) -> None:
    """However blocks, keys, text and rubbish are strung together: the same number is read, or both refuse."""
    content = {
        "root": root.pem,
        "leaf": leaf.pem,
        "crlf": root.pem.replace("\n", "\r\n"),
        "key": root.key_pem,
        "spoilt": spoil(root.pem),
        "cut": root.pem[:150],
        "endless": root.pem.replace("-----END CERTIFICATE-----\n", ""),
        "indented": "  " + root.pem,
        "blank lines": root.pem.replace("\n", "\n\n"),
    }
    path = tmp_path / "bundle.pem"
    path.write_bytes("".join(content.get(piece, piece) for piece in pieces).encode())
    store = store_at(str(path), "verify")
    assert loaded(path) == (None if store.problem else len(store.anchors))


def test_a_missing_file_and_a_missing_directory(tmp_path: Path) -> None:
    """What is not there gives a store with a problem instead of an exception."""
    assert file_store(str(tmp_path / "no.pem"), "verify").problem == "not-found"
    assert directory_store(str(tmp_path / "no"), "SSL_CERT_DIR").problem == "not-found"


def test_a_private_key_beside_the_certificate_is_seen(tmp_path: Path, client_identity: pki.Identity) -> None:
    """A file with certificate and key, as `cert` wants it, is recognised as such."""
    path = tmp_path / "client.pem"
    path.write_text(client_identity.key_pem + client_identity.pem)
    store = store_at(str(path), "verify")
    assert store.private_key
    assert store.anchors == (client_identity.der,)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("corporation.pem", "relative to the working directory"),
        ("~/ca.pem", "~ is not expanded"),
        ('"/etc/ca.pem"', "quotation marks are part of the name"),
        ("/etc/ca-of-nobody.pem ", "the blanks around it are part of the name"),
        ("True", "a text, not the value"),
    ],
)
def test_paths_that_their_author_misjudged(path: str, words: str) -> None:
    """What requests and OpenSSL do not do with a path is said where it leads nowhere."""
    assert words in str(file_store(path, "REQUESTS_CA_BUNDLE").error)


@needs("openssl")
def test_a_directory_counts_only_hashed_names(tmp_path: Path, root: pki.Authority) -> None:
    """Before `openssl rehash` a certificate lies in a directory unseen, afterwards it is an anchor."""
    (tmp_path / "root.pem").write_text(root.pem)
    before = directory_store(str(tmp_path), "verify")
    subprocess.run(["openssl", "rehash", str(tmp_path)], check=True, timeout=30)
    after = directory_store(str(tmp_path), "verify")
    assert (before.anchors, before.unhashed) == ((), (root.der,))
    assert (after.anchors, after.unhashed) == ((root.der,), ())


@needs("openssl")
def test_several_directories_are_one_store(tmp_path: Path, root: pki.Authority, issuing: pki.Authority) -> None:
    """SSL_CERT_DIR may list directories as PATH does; OpenSSL passes over those that are missing, and so do we."""
    for name, identity in (("one", root), ("two", issuing)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "ca.pem").write_text(identity.pem)
        subprocess.run(["openssl", "rehash", str(folder)], check=True, timeout=30)
    listed = os.pathsep.join(str(tmp_path / name) for name in ("one", "none", "two"))
    store = directory_store(listed, "SSL_CERT_DIR")
    assert (store.anchors, store.problem) == ((root.der, issuing.der), None)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(capath=listed)
    assert [looks_up(context, anchor) for anchor in store.anchors] == [True, True]
    missing = os.pathsep.join(str(tmp_path / name) for name in ("none", "no"))
    assert directory_store(missing, "SSL_CERT_DIR").problem == "not-found"


def test_a_hash_of_something_else_is_not_looked_for(tmp_path: Path, root: pki.Authority) -> None:
    """A file named by the wrong hash, say that of OpenSSL 0.9.8, is as invisible to OpenSSL as any other name."""
    (tmp_path / "deadbeef.0").write_text(root.pem)
    store = directory_store(str(tmp_path), "verify")
    assert (store.anchors, store.unhashed) == ((), (root.der,))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(capath=str(tmp_path))
    assert looks_up(context, root.der) is False


def test_certifi_tells_its_age_and_all_its_roots() -> None:
    """certifi's store holds what OpenSSL loads from it, with version and day of release."""
    store = certifi_store()
    context = ssl.create_default_context(cafile=certifi.where())
    assert set(store.anchors) == set(context.get_ca_certs(binary_form=True))
    assert store.version == certifi.__version__
    assert store.released is not None
    assert store.released < datetime.now(timezone.utc)


def test_certifi_that_points_to_the_system_has_no_age_of_its_own(monkeypatch: pytest.MonkeyPatch, ca_file: str) -> None:
    """Debian's certifi returns the system's bundle: the package's version is not the bundle's."""
    monkeypatch.setattr(certifi, "where", lambda: ca_file)
    monkeypatch.setattr(system_stores, "SYSTEM_FILES", (ca_file,))
    store = certifi_store()
    assert (store.source, store.location, store.version, store.released) == ("certifi", ca_file, None, None)


def test_the_system_store_is_the_first_bundle_that_exists(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ca_file: str, root: pki.Authority
) -> None:
    """Distributions keep their bundle in different places."""
    monkeypatch.setattr(system_stores, "SYSTEM_FILES", (str(tmp_path / "none.pem"), ca_file))
    found = unix_store()
    assert (found.source, found.location, found.anchors) == ("system", ca_file, (root.der,))


def test_windows_store_names_its_damaged_member(root: pki.Authority, issuing: pki.Authority) -> None:
    """One malformed member breaks `ssl.create_default_context` on Windows for every host; it is told from the rest."""
    members = {
        "ROOT": [(root.der, "x509_asn", True), (root.der[:-5], "x509_asn", True), (b"p7", "pkcs_7_asn", True)],
        "CA": [(issuing.der, "x509_asn", {"1.3.6.1.5.5.7.3.1"})],
    }
    store = windows_store(lambda name: members[name])
    assert store.anchors == (root.der, issuing.der)
    assert store.problem == "garbled"
    assert "1 of its 3 certificates" in str(store.error)


def test_a_sound_windows_store_has_no_problem(root: pki.Authority) -> None:
    """Members of both stores count, and nothing is wrong with them."""
    store = windows_store(lambda name: [(root.der, "x509_asn", True)] if name == "ROOT" else [])
    assert (store.anchors, store.problem) == ((root.der,), None)


def test_keychains_are_read_as_pem(root: pki.Authority) -> None:
    """macOS' `security` prints PEM; its certificates are the system's anchors."""
    assert keychain_store(root.pem.encode).anchors == (root.der,)


def test_blocks_that_are_not_base64_are_passed_over(root: pki.Authority) -> None:
    """Reading certificates out of a text never raises."""
    assert certificates_in(spoil(root.pem).encode() + root.pem.encode()) == (root.der,)


@needs("openssl")
def test_a_context_that_looks_into_a_directory_is_found_out(tmp_path: Path, root: pki.Authority) -> None:
    """A context with a hashed directory finds its anchors there; one without does not, and stays empty."""
    (tmp_path / "root.pem").write_text(root.pem)
    subprocess.run(["openssl", "rehash", str(tmp_path)], check=True, timeout=30)
    looking, blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    looking.load_verify_locations(capath=str(tmp_path))
    assert looking.cert_store_stats()["x509"] == 0
    assert looks_up(looking, root.der) is True
    assert looks_up(blind, root.der) is False
    assert blind.cert_store_stats()["x509"] == 0


def test_a_context_that_cannot_shake_hands_tells_nothing(root: pki.Authority) -> None:
    """Where no certificate comes to be verified, the answer is neither yes nor no."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("PSK")
    assert looks_up(context, root.der) is None


def test_the_clock_floor_is_the_later_release() -> None:
    """certifi's and OpenSSL's own dates bound the clock from below; text without a date does not."""
    long_ago, _ = clock_floor("OpenSSL 1.1.1 11 Sep 2018")
    assert long_ago is not None
    assert long_ago >= datetime.now(timezone.utc) - timedelta(days=4000)
    assert clock_floor("OpenSSL 9.9.9 27 Jan 2996")[0] == datetime(2996, 1, 27, tzinfo=timezone.utc)
    assert clock_floor("LibreSSL 2.8.3") == clock_floor("OpenSSL 1.1.1 11 Sep 2018")


@pytest.mark.parametrize(
    ("written", "year"),
    [
        ("Tue, 02 Jan 2024 00:00:00 GMT", 2024),
        ("Tue, 02 Jan 2024 00:00:00", 2024),
        ("Fri, 31 Dec 9999 23:59:59 -2300", 9999),
        ("Tue, 02 Jan 2024 00:00:00 +99999999999999999999", None),
        ("Tue, 99 Jan 2024 00:00:00 GMT", None),
        ("soon", None),
        (None, None),
    ],
)
def test_a_server_may_send_any_date(written: str | None, year: int | None) -> None:
    """What a peer writes into its Date header is a moment or nothing, and never an error."""
    clock = machine_of(Incident(server_date=written)).server_clock
    assert (clock.year if clock else None) == year


def test_a_bundle_from_beyond_the_calendar(
    tmp_path: Path, root: pki.Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system may give a file any time; the bundle is read all the same."""
    path = pki.bundle(tmp_path / "ca.pem", root)
    late = os.stat_result((*(tmp_path / "ca.pem").stat()[:8], 10**14, 0))
    monkeypatch.setattr(os, "fstat", lambda _: late)
    store = file_store(path, "verify")
    assert (store.anchors, store.modified) == ((root.der,), None)
