"""`sslwhy trust`: what it adds, what it asks, what it refuses, and that the bundle then verifies the server."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import certifi
import pytest
import requests
from support import pki, sites
from support.tls import TlsServer

from sslwhy.cli.main import run as sslwhy
from sslwhy.cli.trust import run
from sslwhy.demo.loopback import HttpServer, Response
from sslwhy.evidence.trust import system_stores
from sslwhy.evidence.trust.stores import certificates_in


if TYPE_CHECKING:
    from collections.abc import Callable

CERTIFI = Path(certifi.where())


def fingerprint(identity: pki.Identity) -> str:
    """A certificate's SHA-256 fingerprint the way OpenSSL prints it."""
    digits = hashlib.sha256(identity.der).hexdigest().upper()
    return ":".join(digits[place : place + 2] for place in range(0, 64, 2))


def answering(word: str) -> Callable[[str], str]:
    """A person who always says this."""
    return lambda question: word if question else ""


def added(bundle: Path) -> list[bytes]:
    """What a bundle holds beyond certifi; certifi's own roots must all be in it."""
    public, held = certificates_in(CERTIFI.read_bytes()), certificates_in(bundle.read_bytes())
    assert set(public) <= set(held)
    return [der for der in held if der not in public]


def test_the_root_that_was_sent_is_added(leaf: pki.Identity, root: pki.Authority, tmp_path: Path) -> None:
    """With its fingerprint the root goes into the bundle, the end-entity does not, and requests verifies with it."""
    out = tmp_path / "bundle.pem"
    with TlsServer(leaf, send_root=True) as server:
        assert sslwhy(["trust", server.url, "--out", str(out), "--fingerprint", fingerprint(root)]) == 0
        assert requests.get(server.url, verify=str(out), timeout=10).ok
    assert added(out) == [root.der]
    assert [path.name for path in tmp_path.iterdir()] == ["bundle.pem"]


def test_a_person_is_shown_the_certificate_and_asked(
    leaf: pki.Identity, root: pki.Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Subject, issuer, validity and fingerprint are printed before the question; only "yes" writes."""
    out = tmp_path / "bundle.pem"
    with TlsServer(leaf, send_root=True) as server:
        assert run(server.url, str(out), ask=answering("")) == 1
        assert not list(tmp_path.iterdir())
        assert run(server.url, str(out), ask=answering("yes")) == 0
    shown = capsys.readouterr().out
    for words in ("CN=Test Root", hashlib.sha256(root.der).hexdigest(), "valid", "root", "session.verify ="):
        assert words in shown
    assert added(out) == [root.der]


def test_nothing_is_sent_before_the_server_is_verified(leaf: pki.Identity, tmp_path: Path) -> None:
    """Up to the answer "no" the server has received no application data."""
    with TlsServer(leaf, send_root=True) as server:
        assert run(server.url, str(tmp_path / "bundle.pem"), ask=answering("no")) == 1
        assert server.application_bytes == 0


def test_a_fingerprint_of_something_else_is_refused(
    leaf: pki.Identity, issuing: pki.Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script gets a bundle only for the very certificate that it named."""
    out = tmp_path / "bundle.pem"
    with TlsServer(leaf, send_root=True) as server:
        assert run(server.url, str(out), [fingerprint(issuing)]) == 1
    assert "nothing is written" in capsys.readouterr().err
    assert not out.exists()


def test_a_fingerprint_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mistyped fingerprint is a usage error, and nothing is connected to."""
    assert run("https://localhost:1", str(tmp_path / "bundle.pem"), ["AB:CD"]) == 2
    assert "64 hexadecimal digits" in capsys.readouterr().err


def test_nobody_to_ask(leaf: pki.Identity, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal and without a fingerprint the command says what is missing."""
    with TlsServer(leaf, send_root=True) as server:
        assert run(server.url, str(tmp_path / "bundle.pem")) == 2
    assert "--fingerprint" in capsys.readouterr().err


def test_an_existing_file_stays(leaf: pki.Identity, root: pki.Authority, tmp_path: Path) -> None:
    """Only --force replaces a file."""
    out = tmp_path / "bundle.pem"
    out.write_text("mine")
    with TlsServer(leaf, send_root=True) as server:
        assert run(server.url, str(out), [fingerprint(root)]) == 2
        assert out.read_text() == "mine"
        assert run(server.url, str(out), [fingerprint(root)], force=True) == 0
    assert added(out) == [root.der]


def test_a_file_in_a_folder_that_does_not_exist(leaf: pki.Identity, root: pki.Authority, tmp_path: Path) -> None:
    """A place that cannot be written to is a usage error."""
    with TlsServer(leaf, send_root=True) as server:
        assert run(server.url, str(tmp_path / "none" / "bundle.pem"), [fingerprint(root)]) == 2


def test_the_root_from_the_system_store(
    monkeypatch: pytest.MonkeyPatch, leaf: pki.Identity, root: pki.Authority, ca_file: str, tmp_path: Path
) -> None:
    """A root that was not sent is taken from the operating system's store."""
    monkeypatch.setattr(system_stores, "SYSTEM_FILES", (ca_file,))
    out = tmp_path / "bundle.pem"
    with TlsServer(leaf) as server:
        assert run(server.url, str(out), [fingerprint(root)]) == 0
    assert added(out) == [root.der]


def test_a_missing_intermediate_is_fetched(
    monkeypatch: pytest.MonkeyPatch, root: pki.Authority, tmp_path: Path
) -> None:
    """Where the root is trusted and the intermediate was not sent, only the intermediate is added."""
    monkeypatch.setattr(system_stores, "SYSTEM_FILES", ())
    public = tmp_path / "certifi.pem"
    public.write_bytes(CERTIFI.read_bytes() + root.pem.encode())
    monkeypatch.setattr(certifi, "where", lambda: str(public))
    issuing = root.intermediate("Fetched CA")
    out = tmp_path / "bundle.pem"
    with HttpServer(sites.always(Response(200, issuing.der, "application/pkix-cert"))) as repository:
        leaf = issuing.issue("localhost", dns=["localhost"], aia=f"{repository.url}/ca.cer")
        with TlsServer(leaf, chain=[]) as server:
            assert run(server.url, str(out), [fingerprint(issuing)], allow_private=True) == 0
            assert run(server.url, str(tmp_path / "other.pem"), [fingerprint(issuing)]) == 1
    assert added(out) == [root.der, issuing.der]


def test_root_and_intermediate_are_both_added(
    monkeypatch: pytest.MonkeyPatch, root: pki.Authority, tmp_path: Path
) -> None:
    """Where neither was sent nor is trusted, both are needed, and both fingerprints are asked for."""
    monkeypatch.setattr(system_stores, "SYSTEM_FILES", ())
    files: dict[str, bytes] = {"/root.cer": root.der}
    with HttpServer(lambda request: Response(200, files[request.path])) as repository:
        issuing = root.intermediate("Fetched CA", aia=f"{repository.url}/root.cer")
        files["/ca.cer"] = issuing.der
        leaf = issuing.issue("localhost", dns=["localhost"], aia=f"{repository.url}/ca.cer")
        with TlsServer(leaf, chain=[]) as server:
            out = tmp_path / "bundle.pem"
            assert run(server.url, str(out), [fingerprint(root)], allow_private=True) == 1
            both = [fingerprint(root), fingerprint(issuing)]
            assert run(server.url, str(out), both, allow_private=True) == 0
    assert set(added(out)) == {root.der, issuing.der}


def test_an_issuer_that_is_not_to_be_had(
    monkeypatch: pytest.MonkeyPatch, leaf: pki.Identity, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The end-entity is not added in its issuer's place."""
    monkeypatch.setattr(system_stores, "SYSTEM_FILES", ())
    with TlsServer(leaf) as server:
        assert run(server.url, str(tmp_path / "bundle.pem"), [fingerprint(leaf)]) == 1
    assert "CN=Test Root is neither sent nor can it be fetched" in capsys.readouterr().err


def test_a_self_signed_certificate_is_all_there_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only a certificate that signed itself is added as it is, with a word about what that means."""
    alone = pki.self_signed("localhost", dns=["localhost"])
    out = tmp_path / "bundle.pem"
    with TlsServer(alone) as server:
        assert run(server.url, str(out), [fingerprint(alone)]) == 0
        assert requests.get(server.url, verify=str(out), timeout=10).ok
    assert added(out) == [alone.der]
    assert "nobody else vouches for it" in capsys.readouterr().out


def test_a_server_that_certifi_trusts(
    monkeypatch: pytest.MonkeyPatch, leaf: pki.Identity, root: pki.Authority, tmp_path: Path
) -> None:
    """No bundle is written where none is needed."""
    public = pki.bundle(tmp_path / "certifi.pem", root)
    monkeypatch.setattr(certifi, "where", lambda: public)
    out = tmp_path / "bundle.pem"
    with TlsServer(leaf) as server:
        assert run(server.url, str(out)) == 0
    assert not out.exists()


def test_another_fault_is_not_cured(root: pki.Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An expired certificate stays expired whatever is trusted: no bundle, and the reason."""
    out = tmp_path / "bundle.pem"
    expired = root.issue("localhost", dns=["localhost"], not_before=-9 * pki.DAY, not_after=-pki.DAY)
    with TlsServer(expired, send_root=True) as server:
        assert run(server.url, str(out), [fingerprint(root)]) == 1
    assert "expired" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ({"not_after": -pki.DAY}, "expired"),
        ({"dns": ["other.example"]}, "hostname-mismatch"),
        ({"key": "rsa-1024"}, "weak-key"),
    ],
)
def test_nobody_is_asked_about_a_certificate_that_would_not_help(
    root: pki.Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str], odd: dict[str, Any], words: str
) -> None:
    """What else is wrong is told before any certificate is shown, and nobody has to compare a fingerprint for it."""
    faulty = root.issue("localhost", **{"dns": ["localhost"], **odd})
    with TlsServer(faulty, send_root=True, seclevel=0) as server:
        assert run(server.url, str(tmp_path / "bundle.pem"), ask=pytest.fail) == 1
        assert server.application_bytes == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert words in shown.err
    assert "nothing is written" in shown.err


def test_trust_is_not_the_trouble(
    monkeypatch: pytest.MonkeyPatch, root: pki.Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong name below a trusted root is said to be no matter of trust."""
    public = pki.bundle(tmp_path / "certifi.pem", root)
    monkeypatch.setattr(certifi, "where", lambda: public)
    with TlsServer(root.issue("other", dns=["other.example"])) as server:
        assert run(server.url, str(tmp_path / "bundle.pem")) == 1
    assert "fails for another reason" in capsys.readouterr().err


@pytest.mark.parametrize(("url", "status"), [("http://localhost", 2), ("https://nowhere.example", 1), ("", 2)])
def test_addresses_that_lead_nowhere(tmp_path: Path, url: str, status: int) -> None:
    """No traceback: a usage error for what is no https address, a problem for what does not resolve."""
    assert run(url, str(tmp_path / "bundle.pem")) == status
