"""Every cause of validity, identity, path and content as the primary of a real handshake on loopback."""

from __future__ import annotations

import datetime as dt
import itertools
import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from support import der, pki
from support.legacy import FirstFlight
from support.tls import TlsServer
from support.trip import codes, diagnosed

import sslwhy


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sslwhy.report.report import Report

DAY = pki.DAY
ECDHE_ECDSA_AES128_GCM = 0xC02B
GOOD: dict[str, Any] = {"dns": ["localhost"]}


def reported(
    identity: pki.Identity,
    folder: Path,
    *anchors: pki.Identity,
    host: str = "localhost",
    strict: bool = False,
    partial: bool = False,
    chain: Sequence[bytes] | None = None,
    flags: int = 0,
    crl: Path | None = None,
) -> Report:
    """The report of a call to a server with this identity, trusting these anchors."""
    context = ssl.create_default_context(cafile=pki.bundle(folder / "anchors.pem", *anchors))
    context.hostname_checks_common_name = False
    context.verify_flags = ssl.VerifyFlags(ssl.VERIFY_X509_TRUSTED_FIRST | 0x20 * strict | 0x80000 * partial | flags)
    if crl:
        context.load_verify_locations(cafile=crl)
    settings: dict[str, Any] = {} if chain is None else {"chain": chain}
    with TlsServer(identity, seclevel=0, **settings) as server:
        return diagnosed(lambda: _shake(server.port, host, context))


def _shake(port: int, host: str, context: ssl.SSLContext) -> None:
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as raw,
        context.wrap_socket(raw, server_hostname=host),
    ):
        pass


def offline(identity: pki.Identity, *anchors: pki.Identity, host: str = "localhost", strict: bool = False) -> Report:
    """The report of the same chain without any connection."""
    trusted = [anchor.der for anchor in anchors]
    return sslwhy.diagnose_chain(identity.chain(), trust_anchors=trusted, hostname=host, strict=strict)


def check(code: str, depth: int | None, live: Report, without: Report | None = None) -> None:
    """Both reports have the same primary, confirmed, at the same depth."""
    for report in (live, without or live):
        assert report.primary
        assert (report.code, report.primary.depth) == (code, depth), codes(report)
        assert report.primary.expected
        assert report.primary.actual
        assert report.primary.remedies


@pytest.mark.scenario("certificate-expired")
def test_expired_end_entity(issuing: pki.Authority, root: pki.Authority, tmp_path: Path) -> None:
    """An end-entity whose time is over."""
    bad = issuing.issue(**GOOD, not_after=-DAY)
    check("certificate-expired", 0, reported(bad, tmp_path, root), offline(bad, root))


@pytest.mark.scenario("certificate-not-yet-valid")
def test_end_entity_of_tomorrow(issuing: pki.Authority, root: pki.Authority, tmp_path: Path) -> None:
    """An end-entity whose time has not come."""
    bad = issuing.issue(**GOOD, not_before=DAY)
    check("certificate-not-yet-valid", 0, reported(bad, tmp_path, root), offline(bad, root))


@pytest.mark.scenario("intermediate-expired")
def test_expired_intermediate(root: pki.Authority, tmp_path: Path) -> None:
    """The end-entity is fine, the certificate above it is not."""
    bad = root.intermediate(not_after=-DAY).issue(**GOOD)
    check("intermediate-expired", 1, reported(bad, tmp_path, root), offline(bad, root))


@pytest.mark.scenario("intermediate-not-yet-valid")
def test_intermediate_of_tomorrow(root: pki.Authority, tmp_path: Path) -> None:
    """An issuing authority was put into service too early."""
    bad = root.intermediate(not_before=DAY).issue(**GOOD)
    check("intermediate-not-yet-valid", 1, reported(bad, tmp_path, root), offline(bad, root))


@pytest.mark.scenario("root-expired")
def test_expired_root(tmp_path: Path) -> None:
    """The trust anchor itself is out of date."""
    old = pki.Authority.root("Old Root", not_after=-DAY)
    bad = old.issue(**GOOD)
    check("root-expired", 1, reported(bad, tmp_path, old), offline(bad, old))


@pytest.mark.scenario("local-clock-wrong")
def test_the_clock_is_older_than_the_trust_store(tmp_path: Path) -> None:
    """A trust anchor of tomorrow is in the store already: it is the clock that is wrong."""
    ahead = pki.Authority.root("New Root", not_before=DAY)
    report = reported(ahead.issue(**GOOD, not_before=DAY), tmp_path, ahead)
    assert report.primary
    assert (report.code, report.primary.subject, report.primary.confidence) == ("local-clock-wrong", "local", "likely")
    others = {finding.code: finding.confidence for finding in report.findings[1:]}
    assert others["certificate-not-yet-valid"] == "possible"


@pytest.mark.scenario("hostname-mismatch")
def test_another_host_name(issuing: pki.Authority, root: pki.Authority, tmp_path: Path) -> None:
    """Each presented name says why it does not match."""
    bad = issuing.issue("other.example", dns=["other.example", "*.example"], ips=["127.0.0.1"])
    live = reported(bad, tmp_path, root)
    check("hostname-mismatch", 0, live, offline(bad, root))
    assert live.primary
    assert "DNS name other.example: another name" in live.primary.actual
    assert "a wildcard needs at least two labels after it" in live.primary.actual
    assert "IP address 127.0.0.1: an IP address never matches a DNS name" in live.primary.actual


@pytest.mark.scenario("ip-address-mismatch")
def test_another_address(issuing: pki.Authority, root: pki.Authority, tmp_path: Path) -> None:
    """An address that is written as a DNS name does not count."""
    bad = issuing.issue("localhost", dns=["localhost", "127.0.0.1"])
    live = reported(bad, tmp_path, root, host="127.0.0.1")
    check("ip-address-mismatch", 0, live, offline(bad, root, host="127.0.0.1"))
    assert live.primary
    assert "an IP address written as a DNS name" in live.primary.actual


@pytest.mark.scenario("missing-subject-alternative-name")
def test_common_name_only(issuing: pki.Authority, root: pki.Authority, tmp_path: Path) -> None:
    """The right common name without a SAN."""
    bad = issuing.issue("localhost")
    check("missing-subject-alternative-name", 0, reported(bad, tmp_path, root), offline(bad, root))


@pytest.mark.scenario("self-signed-certificate")
def test_self_signed(root: pki.Authority, tmp_path: Path) -> None:
    """Nobody but its own key vouches for the certificate."""
    bad = pki.self_signed(**GOOD)
    check("self-signed-certificate", 0, reported(bad, tmp_path, root), offline(bad, root))


@pytest.mark.scenario("untrusted-root")
def test_root_sent_but_not_trusted(leaf: pki.Identity, tmp_path: Path) -> None:
    """The whole chain is sent, and its root is unknown."""
    other = pki.Authority.root("Other Root")
    live = reported(leaf, tmp_path, other, chain=leaf.chain(root=True)[1:])
    without = sslwhy.diagnose_chain(leaf.chain(root=True), trust_anchors=[other.der], hostname="localhost")
    check("untrusted-root", 2, live, without)


@pytest.mark.scenario("unknown-issuer")
def test_issuer_neither_sent_nor_trusted(leaf: pki.Identity, root: pki.Authority, tmp_path: Path) -> None:
    """With the end-entity alone nobody can tell a missing intermediate from a private authority."""
    live = reported(leaf, tmp_path, root, chain=[])
    without = sslwhy.diagnose_chain([leaf.der], trust_anchors=[root.der], hostname="localhost")
    check("unknown-issuer", 0, live, without)
    assert live.primary
    assert len(live.primary.alternatives) == 2
    assert live.chain[-1].role == "missing"


@pytest.mark.scenario("missing-intermediate")
def test_intermediate_of_a_known_organization(tmp_path: Path) -> None:
    """The store trusts a root of the organization that the missing issuer belongs to."""
    top = pki.Authority.root(subject=x509.Name.from_rfc4514_string("CN=Root,O=Partner"))
    bad = top.intermediate(subject=x509.Name.from_rfc4514_string("CN=Issuing G2,O=Partner")).issue(**GOOD)
    live = reported(bad, tmp_path, top, chain=[])
    without = sslwhy.diagnose_chain([bad.der], trust_anchors=[top.der], hostname="localhost")
    check("missing-intermediate", 0, live, without)
    assert live.primary
    assert live.primary.confidence == "likely"


@pytest.mark.scenario("chain-too-long")
def test_issuers_in_a_circle(tmp_path: Path) -> None:
    """Two authorities of the store vouch for each other, and for no root."""
    first, second = pki.Authority.root("First"), pki.Authority.root("Second")
    crossed = first.cross_sign(second), second.cross_sign(first)
    bad = first.issue(**GOOD)
    check("chain-too-long", 101, reported(bad, tmp_path, *crossed), offline(bad, *crossed))


@pytest.mark.scenario("invalid-signature")
def test_changed_after_signing(issuing: pki.Authority, root: pki.Authority, tmp_path: Path) -> None:
    """One bit of the signature is wrong."""
    bad = issuing.issue(**GOOD, broken_signature=True)
    check("invalid-signature", 0, reported(bad, tmp_path, root), offline(bad, root))


@pytest.mark.scenario("weak-key")
def test_short_key(issuing: pki.Authority, root: pki.Authority, tmp_path: Path) -> None:
    """RSA of 1024 bits under security level 2."""
    bad = issuing.issue(**GOOD, key="rsa-1024")
    check("weak-key", 0, reported(bad, tmp_path, root), offline(bad, root))


def test_short_key_of_an_authority(root: pki.Authority, tmp_path: Path) -> None:
    """The same in the certificate above."""
    bad = root.intermediate(key="rsa-1024").issue(**GOOD)
    check("weak-key", 1, reported(bad, tmp_path, root), offline(bad, root))


@pytest.mark.scenario("weak-signature")
def test_sha1(issuing: pki.Authority, root: pki.Authority, tmp_path: Path) -> None:
    """A SHA-1 signature under security level 2."""
    bad = issuing.issue(**GOOD, digest="sha1")
    check("weak-signature", 0, reported(bad, tmp_path, root), offline(bad, root))


@pytest.mark.scenario("wrong-key-usage")
def test_client_certificate_on_a_server(issuing: pki.Authority, root: pki.Authority, tmp_path: Path) -> None:
    """Extended key usage clientAuth only."""
    bad = issuing.issue(**GOOD, eku=[pki.CLIENT_AUTH])
    check("wrong-key-usage", 0, reported(bad, tmp_path, root), offline(bad, root))


@pytest.mark.scenario("not-a-ca")
def test_server_certificate_as_issuer(root: pki.Authority, tmp_path: Path) -> None:
    """An end-entity signed another one."""
    bad = root.intermediate(ca=False).issue(**GOOD)
    check("not-a-ca", 1, reported(bad, tmp_path, root), offline(bad, root))


@pytest.mark.scenario("path-length-exceeded")
def test_one_intermediate_too_many(root: pki.Authority, tmp_path: Path) -> None:
    """An authority that may only sign end-entities signed an authority."""
    bad = root.intermediate("Narrow", path_length=0).intermediate("Too Deep").issue(**GOOD)
    check("path-length-exceeded", 2, reported(bad, tmp_path, root), offline(bad, root))


@pytest.mark.scenario("name-constraint-violation")
@pytest.mark.parametrize("limits", [{"permitted": ["dns:example.com"]}, {"excluded": ["dns:localhost"]}])
def test_name_outside_the_constraints(root: pki.Authority, tmp_path: Path, limits: dict[str, Any]) -> None:
    """An authority for other names, or for all names but this one."""
    bad = root.intermediate(**limits).issue(**GOOD)
    check("name-constraint-violation", 0, reported(bad, tmp_path, root), offline(bad, root))


@pytest.mark.scenario("strict-profile-violation")
@pytest.mark.parametrize("missing", ["aki", "the intermediate's ski", "the intermediate's ku"])
def test_strict_profile(root: pki.Authority, tmp_path: Path, missing: str) -> None:
    """Only the strict profile minds; the finding names the certificate and what it lacks."""
    above = "intermediate" in missing
    omit = [missing.rsplit(maxsplit=1)[-1]]
    issuer = root.intermediate(omit=omit) if above else root.intermediate()
    bad = issuer.issue(**GOOD) if above else issuer.issue(**GOOD, omit=omit)
    live = reported(bad, tmp_path, root, strict=True)
    check("strict-profile-violation", int(above), live, offline(bad, root, strict=True))
    assert not offline(bad, root).findings


@pytest.mark.scenario("unhandled-critical-extension")
def test_critical_and_unknown(issuing: pki.Authority, root: pki.Authority, tmp_path: Path) -> None:
    """A private extension is marked critical."""
    bad = issuing.issue(**GOOD, extra=[pki.unknown_extension()])
    check("unhandled-critical-extension", 0, reported(bad, tmp_path, root), offline(bad, root))


@pytest.mark.scenario("malformed-certificate")
@pytest.mark.parametrize(
    "edit", [der.duplicate_extension(pki.OIDS["san"]), der.spoil_extension(pki.OIDS["san"]), der.empty_issuer]
)
def test_malformed(issuing: pki.Authority, root: pki.Authority, tmp_path: Path, edit: der.Edit) -> None:
    """OpenSSL finds no issuer for a certificate that it calls invalid; we say why."""
    bad = issuing.issue(**GOOD, edits=[edit])
    chain = [bad.der, issuing.der]
    context = ssl.create_default_context(cafile=pki.bundle(tmp_path / "anchors.pem", root))
    # No server loads such a certificate; the first flight of a TLS 1.2 handshake is enough.
    context.options |= 0x4  # SSL_OP_LEGACY_SERVER_CONNECT: that flight lacks the renegotiation extension
    with FirstFlight(0x0303, [ECDHE_ECDSA_AES128_GCM], chain) as server:
        live = diagnosed(lambda: _shake(server.port, "localhost", context))
    check("malformed-certificate", 0, live, sslwhy.diagnose_chain(chain, trust_anchors=[root.der]))


@pytest.mark.parametrize("damage", [b"", b"\0", b"cut"])
def test_unreadable_from_end_to_end(leaf: pki.Identity, root: pki.Authority, tmp_path: Path, damage: bytes) -> None:
    """No certificate at all, bytes after it, bytes missing: OpenSSL gives up before any path is built."""
    encoding = {b"": b"hello", b"\0": leaf.der + b"\0", b"cut": leaf.der[:-5]}[damage]
    context = ssl.create_default_context(cafile=pki.bundle(tmp_path / "anchors.pem", root))
    context.options |= 0x4
    with FirstFlight(0x0303, [ECDHE_ECDSA_AES128_GCM], [encoding]) as server:
        live = diagnosed(lambda: _shake(server.port, "localhost", context))
    assert live.primary
    assert (live.code, live.primary.confidence) == ("malformed-certificate", "likely")
    assert sslwhy.diagnose_chain([encoding], trust_anchors=[root.der]).code == "malformed-certificate"


def test_malformed_issuer(root: pki.Authority, tmp_path: Path) -> None:
    """The issuer that OpenSSL passes over is named, at its own depth."""
    issuer = root.intermediate(edits=[der.duplicate_extension(pki.OIDS["ski"])])
    named = pki.Authority(root.intermediate(key=issuer.key).der, issuer.key)
    leaf = named.issue(**GOOD)
    report = reported(leaf, tmp_path, root, chain=[issuer.der])
    check("malformed-certificate", 1, report)


def _crl(issuer: pki.Authority, path: Path, *revoked: pki.Identity) -> Path:
    now = dt.datetime.now(dt.timezone.utc)
    builder = x509.CertificateRevocationListBuilder(issuer.certificate.subject, now - DAY, now + DAY)
    for one in revoked:
        entry = x509.RevokedCertificateBuilder(one.certificate.serial_number, now - DAY).build()
        builder = builder.add_revoked_certificate(entry)
    path.write_bytes(builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.scenario("certificate-revoked")
def test_revoked(root: pki.Authority, tmp_path: Path) -> None:
    """The revocation list in force names the certificate."""
    bad = root.issue(**GOOD)
    crl = _crl(root, tmp_path / "root.crl", bad)
    check("certificate-revoked", None, reported(bad, tmp_path, root, flags=ssl.VERIFY_CRL_CHECK_LEAF, crl=crl))


@pytest.mark.scenario("revocation-unknown")
def test_no_revocation_list(leaf: pki.Identity, root: pki.Authority, tmp_path: Path) -> None:
    """CRLs are to be checked, and there is none."""
    check("revocation-unknown", 0, reported(leaf, tmp_path, root, flags=ssl.VERIFY_CRL_CHECK_LEAF))


FAULTS: dict[str, dict[str, Any]] = {
    "certificate-expired": {"not_after": -DAY},
    "hostname-mismatch": {"dns": ["other.example"]},
    "untrusted-root": {},
    "weak-key": {"key": "rsa-1024"},
    "wrong-key-usage": {"eku": [pki.CLIENT_AUTH]},
}


@pytest.mark.parametrize("pair", list(itertools.combinations(FAULTS, 2)), ids="+".join)
def test_two_faults_at_once(issuing: pki.Authority, root: pki.Authority, tmp_path: Path, pair: tuple[str, str]) -> None:
    """Both faults are found, live and offline, and nothing else; the primary is what OpenSSL stopped at."""
    odd = {**GOOD, **FAULTS[pair[0]], **FAULTS[pair[1]]}
    bad = issuing.issue(**odd)
    anchor = pki.Authority.root("Other Root") if "untrusted-root" in pair else root
    chain = bad.chain(root=True)
    live = reported(bad, tmp_path, anchor, chain=chain[1:])
    without = sslwhy.diagnose_chain(chain, trust_anchors=[anchor.der], hostname="localhost")
    assert set(codes(live)) == set(pair)
    assert codes(live) == codes(without)
    assert live.observed.verify_code == without.observed.verify_code


def test_a_healthy_chain_has_no_finding(leaf: pki.Identity, root: pki.Authority) -> None:
    """A path that verifies ends the analysis, whatever else was sent."""
    stray = pki.Authority.root("Stray", not_after=-DAY)
    chain = [*leaf.chain(), stray.der, stray.issue("x", not_after=-DAY).der, leaf.chain()[1]]
    report = sslwhy.diagnose_chain(chain, trust_anchors=[root.der], hostname="localhost", strict=True)
    assert not report.findings
    assert report.chain[-1].role == "trust anchor"
