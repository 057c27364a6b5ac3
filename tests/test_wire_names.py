"""Bare distinguished names as text, compared with cryptography; the registries, compared with OpenSSL."""

from __future__ import annotations

import re
import subprocess

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from support.isolation import needs

from sslwhy.evidence.wire.names import object_identifier, rfc4514
from sslwhy.evidence.wire.reader import ParseError
from sslwhy.facts.tls.names import GROUPS, VERSIONS, group_name, signature_scheme_name, version_name
from sslwhy.facts.tls.suites import suite_name, suite_named, suites


def name_of(*parts: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts])


@pytest.mark.parametrize(
    "name",
    [
        name_of(
            (NameOID.COUNTRY_NAME, "DE"),
            (NameOID.ORGANIZATION_NAME, "A, B + C"),
            (NameOID.COMMON_NAME, "#1 "),
        ),
        name_of((NameOID.DOMAIN_COMPONENT, "example"), (NameOID.USER_ID, "x")),
        name_of((NameOID.COMMON_NAME, 'Zürich \\ "q" <a;b>')),
        x509.Name([]),
    ],
)
def test_names_read_as_cryptography_reads_them(name: x509.Name) -> None:
    """RFC 4514: the same order, the same short names, the same escapes."""
    assert rfc4514(name.public_bytes()) == name.rfc4514_string()


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=16))
def test_any_common_name_reads_as_cryptography_reads_it(text: str) -> None:
    """No text breaks the escaping."""
    name = name_of((NameOID.COMMON_NAME, text))
    assert rfc4514(name.public_bytes()) == name.rfc4514_string()


def test_unknown_attributes_and_types_are_shown_in_hex() -> None:
    """RFC 4514 section 2.4: a value of an unknown type is #hex, an unknown attribute is its OID."""
    assert rfc4514(bytes.fromhex("300f310d300b06032a0304040401020304")) == "1.2.3.4=#01020304"


@pytest.mark.parametrize("der", ["", "3003", "300231", "308400000001", "31023100", "3006310430020600"])
def test_broken_names_are_refused(der: str) -> None:
    """Cut short, wrong tag, absurd length, empty OID."""
    with pytest.raises(ParseError):
        rfc4514(bytes.fromhex(der))


def test_object_identifiers() -> None:
    """The first two arcs share a number; the third root has no limit below."""
    assert object_identifier(bytes.fromhex("2a864886f70d010901")) == "1.2.840.113549.1.9.1"
    assert object_identifier(bytes.fromhex("8837")) == "2.999"


@needs("openssl")
def test_suites_agree_with_openssl() -> None:
    """Code point, both names, strength and oldest version of every suite that OpenSSL has."""
    command = ["openssl", "ciphers", "-V", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.splitlines()
    row = re.compile(r"\s*0x(..),0x(..) - (\S+) +- (\S+) +(\S+) .*Enc=(\w|/)+(?:\((\d+)\))?")
    assert len(listed) > 50
    for line in listed:
        found = row.match(line)
        assert found, line
        suite = suites()[int(found[1] + found[2], 16)]
        assert (suite.name, suite.openssl) == (found[3], found[4])
        assert suite.bits == int(found[7] or 0), suite
        assert suite.tls13 == (found[5] == "TLSv1.3")
        assert suite.aead == ("AEAD" in line)


@pytest.mark.parametrize(
    ("name", "bits", "minimum"),
    [
        ("TLS_RSA_EXPORT_WITH_RC4_40_MD5", 40, 0x0300),
        ("TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", 40, 0x0300),
        ("TLS_RSA_EXPORT1024_WITH_RC4_56_SHA", 56, 0x0300),
        ("TLS_RSA_WITH_DES_CBC_SHA", 56, 0x0300),
        ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", 112, 0x0300),
        ("TLS_RSA_WITH_RC4_128_SHA", 128, 0x0300),
        ("TLS_RSA_WITH_AES_256_CBC_SHA256", 256, 0x0303),
        ("TLS_ECDHE_RSA_WITH_NULL_SHA", 0, 0x0300),
        ("TLS_SHA256_SHA256", 0, 0x0304),
    ],
)
def test_suites_that_openssl_dropped(name: str, bits: int, minimum: int) -> None:
    """Strength and oldest version follow from the name."""
    suite = suite_named(name)
    assert suite
    assert (suite.bits, suite.minimum_version, suite.export) == (bits, minimum, "EXPORT" in name)


def test_numbers_without_a_name_are_shown() -> None:
    """An unknown number is printed, never guessed."""
    assert suite_name(0x1301) == "TLS_AES_128_GCM_SHA256"
    assert suite_name(0xFAFA) == "suite 0xfafa"
    assert (group_name(29), group_name(0x9999)) == ("x25519", "group 0x9999")
    assert (signature_scheme_name(0x0804), signature_scheme_name(1)) == (
        "rsa_pss_rsae_sha256",
        "signature scheme 0x0001",
    )
    assert (version_name(0x0300), version_name(0x0305)) == ("SSLv3", "version 0x0305")
    assert len(set(GROUPS.values())) == len(GROUPS)
    assert list(VERSIONS) == sorted(VERSIONS)
