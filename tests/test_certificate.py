"""Certificates as OpenSSL reads them: every field, every leniency, and never an exception."""

from __future__ import annotations

import ctypes
import datetime as dt
import ssl
from pathlib import Path

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from support import crafted, keys, pki
from support import der as edits
from support.oracle import CRYPTO

from sslwhy.facts.x509 import der
from sslwhy.facts.x509.certificate import Certificate, moment
from sslwhy.facts.x509.keys import finite_field_strength
from sslwhy.facts.x509.names import DistinguishedName


def read(identity: pki.Identity) -> Certificate:
    """A certificate of the test's PKI as a value."""
    return Certificate.from_der(identity.der)


def made(**changes: object) -> Certificate:
    """A certificate with parts that no library would write."""
    key = crafted.pool("p256")[0]
    subject = crafted.name(("CN", "x"))
    odd = crafted.Odd(subject, key, subject, key, "250101000000Z", "350101000000Z")
    for name, value in changes.items():
        setattr(odd, name, value)
    return Certificate.from_der(odd.encode())


def test_all_public_roots_are_read() -> None:
    """certifi's roots have no problem, are self-signed, and agree with another reader."""
    blocks = Path(certifi.where()).read_text(encoding="utf-8").split("-----END CERTIFICATE-----")[:-1]
    for block in blocks:
        encoding = ssl.PEM_cert_to_DER_cert(block[block.index("-----BEGIN") :] + "-----END CERTIFICATE-----")
        certificate = Certificate.from_der(encoding)
        assert certificate.problems == ()
        assert certificate.is_self_signed
        assert certificate.not_before
        assert certificate.not_after
        assert certificate.not_before < certificate.not_after


def test_fields(root: pki.Authority, issuing: pki.Authority) -> None:
    """The surface agrees with cryptography's."""
    identity = issuing.issue(
        "srv", dns=["a.example", "b.example"], ips=["192.0.2.1", "2001:db8::1"], aia="http://pki.example/ca.cer"
    )
    certificate, other = read(identity), identity.certificate
    assert certificate.sha256 == other.fingerprint(hashes.SHA256()).hex()
    assert (certificate.subject, certificate.issuer) == ("CN=srv", "CN=Issuing CA")
    assert certificate.serial == other.serial_number
    assert certificate.not_before == other.not_valid_before_utc
    assert certificate.not_after == other.not_valid_after_utc
    assert certificate.dns_names == ("a.example", "b.example")
    assert certificate.ip_addresses == ("192.0.2.1", "2001:db8::1")
    assert certificate.common_names == ("srv",)
    assert certificate.label == "srv"
    assert certificate.aia_issuer_urls == ("http://pki.example/ca.cer",)
    assert certificate.authority_key_id == read(issuing).subject_key_id
    assert certificate.version == 3
    assert not certificate.is_ca
    assert not certificate.is_self_issued
    assert read(root).is_ca
    assert read(root).is_self_signed
    assert certificate.names_as_issuer(read(issuing))
    assert not certificate.names_as_issuer(read(root))


@pytest.mark.parametrize(
    ("kind", "words", "strength"),
    [
        ("p256", "EC, curve secp256r1", 128),
        ("p384", "EC, curve secp384r1", 192),
        ("ed25519", "Ed25519, 256 bits", 128),
        ("ed448", "Ed448, 456 bits", 224),
        ("rsa-1024", "RSA, 1024 bits", 80),
        ("rsa-2048", "RSA, 2048 bits", 112),
        ("rsa-3072", "RSA, 3072 bits", 128),
    ],
)
def test_keys(kind: str, words: str, strength: int) -> None:
    """Kind, size and strength of every kind of key."""
    key = read(pki.self_signed(key=kind)).key
    assert (str(key), key.strength) == (words, strength)


def test_strength_of_every_modulus() -> None:
    """RSA moduli of any size are as strong as OpenSSL says."""
    for name in ("RSA_new", "BN_new"):
        getattr(CRYPTO, name).restype = ctypes.c_void_p
    modulus, exponent, key = (ctypes.c_void_p(make()) for make in (CRYPTO.BN_new, CRYPTO.BN_new, CRYPTO.RSA_new))
    CRYPTO.RSA_set0_key(key, modulus, exponent, None)
    try:
        for bits in range(1, 17000):
            # Only the size counts, and it only grows.
            CRYPTO.BN_set_bit(modulus, bits - 1)
            assert finite_field_strength(bits) == min(CRYPTO.RSA_security_bits(key), 256), bits
    finally:
        CRYPTO.RSA_free(key)


def test_signature_algorithms() -> None:
    """Digest and strength, SHA-1 and PSS parameters included."""
    rsa = {"key": "rsa-2048"}
    sha1 = read(pki.self_signed(**rsa, digest="sha1")).signature_algorithm  # type: ignore[arg-type]
    pss = read(pki.self_signed(**rsa, digest="pss")).signature_algorithm  # type: ignore[arg-type]
    assert (sha1.digest, sha1.strength) == ("sha1", 63)
    assert (pss.digest, pss.mask_digest, pss.salt_length, pss.strength) == ("sha256", "sha256", 32, 128)


def test_names_as_text() -> None:
    """RFC 4514: the last attribute first, special characters escaped, unknown types by number."""
    name = x509.Name.from_rfc4514_string(r"CN=a\, b,O=c,C=PT")
    assert str(DistinguishedName.from_element(der.read(name.public_bytes()))) == r"CN=a\, b,O=c,C=PT"


def test_names_are_compared_as_openssl_does() -> None:
    """Case, white space and string type do not matter; letters outside ASCII keep their case."""

    def canonical(text: str, tag: int) -> bytes:
        return DistinguishedName.from_element(der.read(crafted.name(("CN", text), tag=tag))).canonical

    assert canonical("  Test \t Root ", 0x13) == canonical("test root", 0x0C)
    assert canonical("\xc9", 0x16) != canonical("\xe9", 0x16)
    assert canonical("x", 0x12) != canonical("x", 0x13)


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (edits.duplicate_extension(pki.OIDS["san"]), "2 subject alternative name extensions"),
        (edits.spoil_extension(pki.OIDS["bc"]), "unreadable basic constraints extension: truncated"),
        (edits.add_extension("2.5.29.31", b"\x30\x02\x30\x00"), "a distribution point without a name"),
        (edits.spoil_extension(pki.OIDS["ku"], b"\x03\x02\x07\x00"), "no usage is set"),
        (edits.spoil_extension(pki.OIDS["eku"], b"\x30\x03\x02\x01\x05"), "purpose has tag 0x02"),
        (edits.spoil_extension(pki.OIDS["san"], b"\x30\x03\x8f\x01x"), "general name with tag 0x8f"),
        (edits.spoil_extension(pki.OIDS["bc"], b"\x30\x06\x01\x01\xff\x02\x01\xff"), "negative path length"),
    ],
)
def test_what_openssl_calls_invalid(edit: edits.Edit, problem: str) -> None:
    """Each makes OpenSSL refuse to use the certificate, and is named."""
    certificate = read(pki.self_signed(dns=["localhost"], edits=[edit]))
    assert certificate.unreadable is None
    assert problem in " ".join(certificate.problems)


@pytest.mark.parametrize(
    "edit",
    [
        edits.negative_serial,
        edits.version_1,
        edits.empty_subject,
        edits.add_extension("1.3.6.1.5.5.7.1.1", b"\xff"),
        edits.add_extension("1.3.6.1.4.1.11129.2.4.2", b"\x04\x03\x00\x05\x00"),
        edits.duplicate_extension("2.5.29.32"),
    ],
)
def test_what_openssl_does_not_mind(edit: edits.Edit) -> None:
    """None of these is a problem."""
    assert read(pki.self_signed(dns=["localhost"], edits=[edit])).problems == ()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"serial": b"\x00\x01"}, "padded integer"),
        ({"serial": b""}, "empty integer"),
        ({"subject": b"\x02\x01\x05"}, "name has tag 0x02"),
    ],
)
def test_what_openssl_cannot_read(change: dict[str, object], word: str) -> None:
    """The certificate as a whole is unreadable, with the reason."""
    assert made(**change).unreadable == word


def test_times() -> None:
    """Two-digit years turn at 50; any other form than RFC 5280's cannot be compared."""
    assert moment(der.UTC_TIME, b"491231235959Z") == dt.datetime(2049, 12, 31, 23, 59, 59, tzinfo=dt.timezone.utc)
    assert moment(der.UTC_TIME, b"500101000000Z") == dt.datetime(1950, 1, 1, tzinfo=dt.timezone.utc)
    assert moment(der.GENERALIZED_TIME, b"20500101000000Z") == dt.datetime(2050, 1, 1, tzinfo=dt.timezone.utc)
    for odd in (b"2501010000Z", b"250101000000+0000", b"251301000000Z", b"250101000060Z", b"250230000000Z"):
        assert moment(der.UTC_TIME, odd) is None


def test_a_weak_curve_is_known() -> None:
    """Curves that cryptography knows, and one that only OpenSSL does, have a strength."""
    key = ec.generate_private_key(ec.SECP192R1())
    assert read(pki.self_signed(key=key)).key.strength == 80


def test_an_ec_key_off_the_curve_is_still_a_certificate() -> None:
    """The point is not checked while reading; the path analysis asks for it."""
    spki = bytearray(crafted.subject_public_key(crafted.pool("p256")[0]))
    spki[-1] ^= 1
    assert made(spki=bytes(spki)).problems == ()


@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    """Whatever the bytes, there is a value, and its texts can be asked for."""
    certificate = Certificate.from_der(data)
    assert certificate.problems
    assert certificate.subject == certificate.issuer == certificate.label == ""


SAMPLE = pki.self_signed("localhost", dns=["localhost"], ips=["127.0.0.1"], permitted=["dns:x"], aia="http://x/").der


@given(st.integers(0, len(SAMPLE) - 1), st.binary(max_size=4), st.integers(0, 3))
def test_any_damage(at: int, inserted: bytes, removed: int) -> None:
    """A damaged certificate never raises, and all it says can be asked for."""
    certificate = Certificate.from_der(SAMPLE[:at] + inserted + SAMPLE[at + removed :])
    facts = (certificate.subject, certificate.issuer, certificate.label, certificate.dns_names, str(certificate.key))
    assert facts
    assert certificate.is_self_issued in {True, False}
    assert isinstance(certificate.problems, tuple)


def test_equal_by_encoding(root: pki.Authority) -> None:
    """Two values of one encoding are equal and hash alike."""
    assert Certificate.from_der(root.der) == Certificate.from_der(bytes(bytearray(root.der)))
    assert len({read(root), read(root), read(pki.self_signed(key=keys.new()))}) == 2
