"""Certificates of wrong shapes: read, and judged, as OpenSSL does it."""

from __future__ import annotations

import contextlib
import datetime as dt
import random

import pytest
from cryptography.hazmat.primitives import serialization
from support import crafted, oracle, pki, reshaped
from support import der as edits

from sslwhy.causes.path.analysis import PathRules, analyze
from sslwhy.causes.path.identity import ReferenceIdentity
from sslwhy.facts.x509 import der
from sslwhy.facts.x509.certificate import Certificate
from sslwhy.facts.x509.extensions import parse_extensions
from sslwhy.facts.x509.keys import parse_key
from sslwhy.facts.x509.names import DistinguishedName, GeneralName
from sslwhy.facts.x509.signing import parse_signature_algorithm


NOW = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
LOCALHOST = ReferenceIdentity("localhost")
ROOT = pki.Authority.root("Root")


def _rich() -> bytes:
    """An end-entity with one of everything that OpenSSL reads."""
    tlv, key = edits.tlv, crafted.pool("p256")[0]
    subject, issuer = crafted.name(("C", "PT"), ("CN", "localhost")), crafted.name(("CN", "Root"))
    odd = crafted.Odd(
        subject,
        key,
        issuer,
        key,
        crafted.stamp(NOW - crafted.DAY),
        crafted.stamp(NOW + crafted.DAY),
    )
    other = tlv(0xA0, edits.oid("1.2.3"), tlv(0xA0, tlv(0x0C, b"x")))
    names = (tlv(0x82, b"localhost"), other, tlv(0xA4, issuer), tlv(0xA5, tlv(0xA1, tlv(0x0C, b"party"))))
    point = tlv(0x30, tlv(0xA0, tlv(0xA0, tlv(0x86, b"http://x/"))), tlv(0x81, b"\1\6"))
    relative = tlv(0xA1, tlv(0x30, edits.oid("2.5.4.3"), tlv(0x0C, b"q")))
    odd.extensions = {
        crafted.BC: (True, crafted.basic()),
        crafted.KU: (True, crafted.bits(0xA0)),
        crafted.EKU: (False, tlv(0x30, edits.oid("1.3.6.1.5.5.7.3.1"))),
        crafted.SAN: (False, tlv(0x30, *names)),
        crafted.AKI: (False, tlv(0x30, tlv(0x80, b"k"), tlv(0xA1, tlv(0xA4, issuer)), tlv(0x82, b"\1"))),
        crafted.NC: (False, tlv(0x30, tlv(0xA0, tlv(0x30, tlv(0x82, b"localhost"))))),
        crafted.CRLDP: (
            False,
            tlv(0x30, point, tlv(0x30, tlv(0xA0, relative), tlv(0xA2, tlv(0xA4, issuer)))),
        ),
    }
    return odd.encode()


@pytest.mark.parametrize("seed", range(4))
def test_wrong_shapes_are_read_as_openssl_reads_them(seed: int) -> None:
    """Elements renamed, moved, doubled, left out or filled with others: the same verdict on a pinned certificate."""
    pick, different, total = random.Random(seed), [], 700
    plain = ROOT.issue("localhost", dns=["localhost"], ips=["127.0.0.1"], sans=["uri:http://a/", "email:a@b.c"]).der
    sources = (plain, ROOT.intermediate("I", permitted=["dns:localhost"], excluded=["ip:10.0.0.0/8"]).der, _rich())
    for _ in range(total):
        encoding = reshaped.reshape(pick.choice(sources), pick)
        rules = PathRules(now=NOW, strict=pick.random() < 0.4, partial_chain=True)
        path = analyze([encoding], [encoding], rules, LOCALHOST)
        try:
            expected = oracle.verify([encoding], [encoding], rules, LOCALHOST)
        except oracle.UndecodableError:
            same = bool(path.of_kind("unreadable"))
        else:
            same = (path.verify_code, path.depth) == expected and not path.of_kind("unreadable")
        different += [] if same else [encoding.hex()]
    assert len(different) <= total // 200, different


def _unknown_key(identity: pki.Identity) -> bytes:
    spki = identity.key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return identity.der.replace(spki, spki.replace(bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d0209")))


@pytest.mark.parametrize("level", [0, 2])
@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize("odd", [{}, {"eku": [pki.CLIENT_AUTH]}, {"not_before": -9 * pki.DAY, "not_after": -pki.DAY}])
@pytest.mark.parametrize("host", ["localhost", "other.example"])
def test_a_key_of_an_unknown_kind(level: int, pinned: bool, odd: pki.Oddities, host: str) -> None:
    """Without a security level OpenSSL stumbles over the key only after purpose and name, where nothing is above."""
    encoding, reference = _unknown_key(ROOT.issue("localhost", dns=["localhost"], **odd)), ReferenceIdentity(host)
    anchors = [encoding if pinned else ROOT.der]
    for crl_check in (False, True):
        rules = PathRules(now=NOW, security_level=level, partial_chain=True, crl_check=crl_check)
        path = analyze([encoding], anchors, rules, reference)
        assert (path.verify_code, path.depth) == oracle.verify([encoding], anchors, rules, reference)


def test_an_authority_access_without_a_location_is_no_trouble() -> None:
    """What OpenSSL never looks at may be of any shape."""
    access = edits.tlv(0x30, edits.tlv(0x30, edits.oid("1.3.6.1.5.5.7.48.2")))
    encoding = ROOT.issue("localhost", dns=["localhost"], edits=[edits.add_extension("1.3.6.1.5.5.7.1.1", access)]).der
    certificate = Certificate.from_der(encoding)
    assert certificate.problems == ()
    assert certificate.aia_issuer_urls == ()


@pytest.mark.parametrize("seed", range(3))
def test_no_shape_of_a_part_raises_anything_else(seed: int) -> None:
    """Each reader of a part says DerError, or takes it."""
    pick, source = random.Random(seed), _rich()
    for _ in range(400):
        try:
            outer = der.elements(der.read(reshaped.reshape(source, pick)).content)
            parts = der.elements(outer[0].content)
        except (der.DerError, IndexError):
            continue
        for part in parts:
            for read in (
                parse_key,
                parse_signature_algorithm,
                DistinguishedName.from_element,
                GeneralName.from_element,
                lambda element: parse_extensions([element]),
            ):
                with contextlib.suppress(der.DerError):
                    read(part)
