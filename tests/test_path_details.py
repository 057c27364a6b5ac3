"""Corners of keys, signatures, times and extensions in which a verdict is easily another than OpenSSL's."""

from __future__ import annotations

import dataclasses
import datetime as dt
import ssl
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from support import crafted, der, oracle

import sslwhy
from sslwhy.causes.path.analysis import PathRules, analyze
from sslwhy.causes.verify_codes import VerifyCode


if TYPE_CHECKING:
    from collections.abc import Callable

    from sslwhy.causes.path.analysis import PathAnalysis
    from sslwhy.demo.pki import PrivateKey

NOW = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
HOST = "api.example.com"
P256, OTHER = crafted.pool("p256")[:2]
RSA = crafted.pool("rsa-2048")[0]
RSA_ENCRYPTION, RSASSA_PSS, MGF1 = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.8"
SHA2 = "2.16.840.1.101.3.4.2."
AS_NUMBERS, ADDRESSES = "1.3.6.1.5.5.7.1.8", "1.3.6.1.5.5.7.1.7"
tlv, oid = der.tlv, der.oid


def root(key: PrivateKey = P256) -> crafted.Odd:
    """A root."""
    times = crafted.stamp(NOW - crafted.DAY), crafted.stamp(NOW + crafted.DAY)
    odd = crafted.Odd(crafted.name(("CN", "Root")), key, crafted.name(("CN", "Root")), key, *times)
    odd.extensions = {crafted.BC: (True, crafted.basic(ca=True))}
    return odd


def leaf(signer: PrivateKey = P256) -> crafted.Odd:
    """An end-entity below it."""
    odd = dataclasses.replace(root(signer), subject=crafted.name(("CN", HOST)), key=OTHER)
    odd.extensions = {crafted.SAN: (False, crafted.dns(HOST))}
    return odd


def judged(chain: list[bytes], anchor: bytes, *, strict: bool = False, level: int = 2) -> PathAnalysis:
    """The analysis, after OpenSSL has said the same."""
    rules = PathRules(now=NOW, strict=strict, security_level=level)
    path = analyze(chain, [anchor], rules, None)
    assert (path.verify_code, path.depth) == oracle.verify(chain, [anchor], rules, None)
    return path


def signed_with(algorithm: bytes, sign: Callable[[bytes], bytes], odd: crafted.Odd, unused: int = 0) -> bytes:
    """The certificate with another algorithm and signature."""
    fields = der.split(der.inside(der.split(der.inside(odd.encode()))[0]))
    fields[2] = algorithm
    signed = tlv(der.SEQUENCE, *fields)
    return tlv(der.SEQUENCE, signed, algorithm, tlv(der.BIT_STRING, bytes([unused]), sign(signed)))


def by_p256(signed: bytes) -> bytes:
    """The usual signature."""
    assert isinstance(P256, ec.EllipticCurvePrivateKey)
    return P256.sign(signed, ec.ECDSA(hashes.SHA256()))


def edited(odd: crafted.Odd, at: int, field: bytes) -> bytes:
    """The certificate with another field in its signed part, and a sound signature."""
    fields = der.split(der.inside(der.split(der.inside(odd.encode()))[0]))
    fields[at] = field
    signed = tlv(der.SEQUENCE, *fields)
    return tlv(der.SEQUENCE, signed, fields[2], tlv(der.BIT_STRING, b"\0", by_p256(signed)))


def extended(odd: crafted.Odd, extension: bytes) -> bytes:
    """The certificate with one extension more, however it is written."""
    listed = der.split(der.inside(der.split(der.inside(odd.encode()))[0]))[-1]
    return edited(odd, -1, tlv(0xA3, tlv(der.SEQUENCE, der.inside(der.inside(listed)), extension)))


def pss(digest: str = "1", mask: str | None = None, salt: int = 32, trailer: int | None = None) -> bytes:
    """Parameters of RSASSA-PSS: the hash functions as the last arc of SHA-2 and SHA-3."""
    hashed, masked = (tlv(der.SEQUENCE, oid(SHA2 + one)) for one in (digest, mask or digest))
    parts = [tlv(0xA0, hashed), tlv(0xA1, tlv(der.SEQUENCE, oid(MGF1), masked))]
    parts.append(tlv(0xA2, tlv(der.INTEGER, salt.to_bytes(1, "big", signed=True))))
    if trailer is not None:
        parts.append(tlv(0xA3, tlv(der.INTEGER, bytes([trailer]))))
    return tlv(der.SEQUENCE, *parts)


def spki(parameters: bytes, key: bytes, kind: str = RSASSA_PSS, unused: int = 0) -> bytes:
    """A SubjectPublicKeyInfo."""
    return tlv(der.SEQUENCE, tlv(der.SEQUENCE, oid(kind), parameters), tlv(der.BIT_STRING, bytes([unused]), key))


def rsa_key() -> bytes:
    """The RSA key's RSAPublicKey."""
    bits: bytes = der.split(der.inside(crafted.subject_public_key(RSA)))[1]
    return der.inside(bits)[1:]


_HASHES = {"1": hashes.SHA256(), "2": hashes.SHA384(), "8": hashes.SHA3_256(), "6": hashes.SHA512_256()}


def by_pss(digest: str, mask: str, salt: int) -> Callable[[bytes], bytes]:
    """How to sign so."""
    assert isinstance(RSA, rsa.RSAPrivateKey)
    key, scheme = RSA, padding.PSS(padding.MGF1(_HASHES[mask]), salt)
    return lambda signed: key.sign(signed, scheme, _HASHES[digest])


@pytest.mark.parametrize(
    "algorithm",
    [
        "1.2.840.113549.1.1.15",  # sha512-224WithRSAEncryption
        "1.2.840.113549.1.1.16",  # sha512-256WithRSAEncryption
        "2.16.840.1.101.3.4.3.3",  # dsa-with-SHA384
        "2.16.840.1.101.3.4.3.14",  # RSA-SHA3-256
        "1.3.14.3.2.3",  # md5WithRSA
        "1.3.14.3.2.15",  # shaWithRSA
        "1.3.36.3.3.1.2",  # ripemd160WithRSA
        "1.3.14.3.2.27",  # dsaWithSHA1
        "1.2.156.10197.1.501",  # SM2-with-SM3
        "1.2.3.4",
    ],
)
@pytest.mark.parametrize("kind", ["p256", "rsa-2048", "ed25519"])
def test_signature_algorithms(algorithm: str, kind: str) -> None:
    """An algorithm that OpenSSL cannot match with a kind of key leaves the path without an issuer; others do not."""
    signer = crafted.pool(kind)[0]
    made = signed_with(tlv(der.SEQUENCE, oid(algorithm)), lambda _: bytes(64), leaf(signer))
    judged([made], root(signer).encode())


@pytest.mark.skipif(ssl.OPENSSL_VERSION_INFO >= (3, 2), reason="OpenSSL 3.2 knows these algorithms")
def test_an_algorithm_without_a_key() -> None:
    """Where OpenSSL does not know the algorithm, that is what the report says: not that a root is missing."""
    made = signed_with(tlv(der.SEQUENCE, oid("2.16.840.1.101.3.4.3.10")), lambda _: bytes(64), leaf())
    path = judged([made], root().encode())
    assert path.verify_code == VerifyCode.UNABLE_TO_GET_ISSUER_CERT_LOCALLY
    report = sslwhy.diagnose_chain([made], trust_anchors=[root().encode()], hostname=HOST)
    assert [finding.code for finding in report.findings] == ["unknown-issuer"]
    assert "OpenSSL does not know the algorithm" in report.findings[0].actual
    assert "ecdsa-with-SHA3-256" in report.findings[0].actual


@pytest.mark.parametrize(
    ("parameters", "scheme"),
    [
        (pss(), ("1", "1", 32)),
        (pss("2"), ("2", "2", 32)),
        (pss("8"), ("8", "8", 32)),
        (pss("6"), ("6", "6", 32)),
        (pss("1", "2"), ("1", "2", 32)),
        (pss(salt=0), ("1", "1", 0)),
        (pss(salt=20), ("1", "1", 32)),
        (pss(trailer=1), ("1", "1", 32)),
        (pss(trailer=2), ("1", "1", 32)),
        (pss(salt=-1), ("1", "1", 32)),
        (pss("99"), ("1", "1", 32)),
        (pss().replace(oid(MGF1), oid("1.2.840.113549.1.1.9")), ("1", "1", 32)),
        (pss().replace(oid(MGF1), b"\x26" + oid(MGF1)[1:]), ("1", "1", 32)),
        (tlv(der.SEQUENCE), ("1", "1", 32)),
    ],
)
def test_pss_parameters(parameters: bytes, scheme: tuple[str, str, int]) -> None:
    """RSASSA-PSS is verified with the parameters that are written down, and refused where they make no sense."""
    algorithm = tlv(der.SEQUENCE, oid(RSASSA_PSS), parameters)
    for level in (0, 2):
        judged([signed_with(algorithm, by_pss(*scheme), leaf(RSA))], root(RSA).encode(), level=level)


@pytest.mark.parametrize("restriction", [b"", pss(), pss("2"), pss("1", "2"), pss(salt=33), pss(salt=-1), pss(salt=0)])
def test_restricted_pss_keys(restriction: bytes) -> None:
    """A key that allows only certain parameters verifies no signature with others."""
    issuer = root(RSA)
    issuer.spki = spki(restriction, rsa_key())
    made, top = (
        signed_with(tlv(der.SEQUENCE, oid(RSASSA_PSS), pss()), by_pss("1", "1", 32), odd) for odd in (leaf(RSA), issuer)
    )
    path = judged([made], top)
    assert path.verify_code == (0 if restriction in {b"", pss(), pss(salt=0)} else VerifyCode.CERT_SIGNATURE_FAILURE)


def _points() -> list[bytes]:
    curves = ["1.2.840.10045.3.0.7", "1.2.840.10045.3.1.3", "1.3.132.0.32", "1.2.840.10045.3.1.7"]
    point = b"\4" + bytes(range(64))
    return [spki(oid(curve), form + point[1:], "1.2.840.10045.2.1") for curve in curves for form in (b"\4", b"\5")]


_SM2_POINT = bytes.fromhex(
    "0432c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"
)


def _numbers() -> list[bytes]:
    key, null = rsa_key(), b"\x05\0"
    odd_key = key[:-1] + b"\0"
    dsa_key = crafted.subject_public_key(dsa.generate_private_key(1024))
    at = dsa_key.index(b"\x03\x81", 200)
    return [
        spki(null, key, RSA_ENCRYPTION, unused=1),
        spki(b"\xc9\0", key, RSA_ENCRYPTION),
        spki(null, odd_key, RSA_ENCRYPTION),
        spki(null, tlv(der.SEQUENCE, tlv(2, b"\xff" * 256), tlv(2, b"\1\0\1")), RSA_ENCRYPTION),
        spki(tlv(der.SEQUENCE, tlv(0xA0, tlv(der.SEQUENCE, oid(SHA2 + "1"), b"\6\0"))), key),
        spki(pss(salt=-1), key),
        dsa_key[: at + 4] + b"\x04" + dsa_key[at + 5 :],
        spki(b"\0\0", key, RSA_ENCRYPTION),
        spki(b"", bytes(32), "1.3.101.112", unused=6),
        spki(oid("1.2.156.10197.1.301"), _SM2_POINT, "1.2.840.10045.2.1"),
    ]


@pytest.mark.parametrize("number", range(18))
@pytest.mark.parametrize("place", ["leaf", "root"])
def test_damaged_keys(number: int, place: str) -> None:
    """A key that OpenSSL cannot read is not taken for one, and one that it can read is."""
    broken = [*_points(), *_numbers()][number]
    top, end = root(RSA), leaf(RSA)
    (top if place == "root" else end).spki = broken
    chain, anchor = [end.encode()], top.encode()
    try:
        judged(chain, anchor)
    except oracle.UndecodableError:
        assert analyze(chain, [anchor], PathRules(now=NOW), None).faults


@pytest.mark.parametrize("unused", [0, 1, 7])
def test_a_signature_of_odd_bits(unused: int) -> None:
    """OpenSSL verifies no signature that is not made of whole octets."""

    def sign(signed: bytes) -> bytes:
        while True:
            signature = by_p256(signed)
            if signature[-1] & 0x7F == 0:
                return signature

    algorithm = tlv(der.SEQUENCE, oid("1.2.840.10045.4.3.2"))
    path = judged([signed_with(algorithm, sign, leaf(), unused)], root().encode())
    assert path.verify_code == (VerifyCode.CERT_SIGNATURE_FAILURE if unused else 0)


@pytest.mark.parametrize(
    "text", ["00000101000000Z", "00000229000000Z", "00000230000000Z", "00010101000000Z", "000001000000Z"]
)
def test_years_before_all_years(text: str) -> None:
    """The year 0 is over to OpenSSL, though Python has none."""
    for field in ("before", "after"):
        odd = leaf()
        setattr(odd, field, text)
        judged([odd.encode()], root().encode())


@pytest.mark.parametrize("strict", [False, True])
def test_numbers_beyond_all_measure(strict: bool) -> None:
    """A version or a path length that no C integer holds is none."""
    odd, issuer = leaf(), root()
    issuer.extensions[crafted.BC] = (True, tlv(der.SEQUENCE, b"\1\1\xff", tlv(der.INTEGER, b"\1" * 9)))
    judged([odd.encode()], issuer.encode(), strict=strict)
    made = edited(odd, 0, tlv(0xA0, tlv(der.INTEGER, b"\1" * 9)))
    judged([made], issuer.encode(), strict=strict)


@pytest.mark.parametrize("number", [b"\x2a" + b"\xff" * 100_000 + b"\x7f", b"\x2a" + b"\x7f" * 100_000])
def test_an_endless_object_identifier(number: bytes) -> None:
    """An object identifier of a hundred thousand octets neither raises nor takes long; critical, it is named."""
    made = extended(leaf(), tlv(der.SEQUENCE, tlv(0x06, number), b"\1\1\xff", tlv(der.OCTET_STRING)))
    assert judged([made], root().encode()).verify_code == VerifyCode.UNHANDLED_CRITICAL_EXTENSION
    report = sslwhy.diagnose_chain([made], trust_anchors=[root().encode()], hostname=HOST)
    assert [finding.code for finding in report.findings] == ["unhandled-critical-extension"]
    assert len(report.line()) < 500


def test_a_small_tag_in_the_long_form() -> None:
    """A tag below 31 may be written in the long form, and one beyond all measure is refused at once."""
    for tag, readable in ((b"\x1f\x04", True), (b"\x1f\x05", False), (b"\x1f" + b"\xff" * 50_000 + b"\x7f", False)):
        value = tag + der.tlv(0, b"x")[1:]
        made = extended(leaf(), tlv(der.SEQUENCE, oid("1.2.3"), value))
        if readable:
            assert not judged([made], root().encode()).faults
        else:
            with pytest.raises(oracle.UndecodableError):
                oracle.verify([made], [], PathRules(now=NOW), None)
            assert analyze([made], [], PathRules(now=NOW), None).faults[0].kind == "unreadable"


NULL, NONE = b"\x05\0", b""


def numbers(*ranges: bytes) -> bytes:
    """AS numbers."""
    return tlv(der.SEQUENCE, tlv(0xA0, tlv(der.SEQUENCE, *ranges)))


def one(number: int) -> bytes:
    """One AS number."""
    return tlv(der.INTEGER, bytes([number]))


def span(first: int, last: int) -> bytes:
    """A range of AS numbers."""
    return tlv(der.SEQUENCE, one(first), one(last))


def blocks(*prefixes: bytes) -> bytes:
    """IPv4 prefixes or ranges."""
    return tlv(der.SEQUENCE, tlv(der.SEQUENCE, tlv(4, b"\0\1"), tlv(der.SEQUENCE, *prefixes)))


INHERIT = tlv(der.SEQUENCE, tlv(0xA0, NULL))
TEN, TEN_ONE = tlv(3, b"\0\x0a"), tlv(3, b"\0\x0a\1")


@pytest.mark.parametrize(
    ("kind", "claimed", "held", "code"),
    [
        (AS_NUMBERS, numbers(one(5)), numbers(one(5)), 0),
        (AS_NUMBERS, numbers(one(5)), numbers(span(1, 9)), 0),
        (AS_NUMBERS, INHERIT, numbers(one(5)), 0),
        (AS_NUMBERS, NONE, numbers(one(5)), 0),
        (AS_NUMBERS, numbers(one(5)), NONE, VerifyCode.UNNESTED_RESOURCE),
        (AS_NUMBERS, numbers(one(5)), numbers(one(6)), VerifyCode.UNNESTED_RESOURCE),
        (AS_NUMBERS, numbers(one(5), one(9)), numbers(span(1, 7)), VerifyCode.UNNESTED_RESOURCE),
        (AS_NUMBERS, numbers(one(5), one(6)), numbers(span(1, 9)), VerifyCode.INVALID_EXTENSION),
        (AS_NUMBERS, numbers(), numbers(span(1, 9)), VerifyCode.INVALID_EXTENSION),
        (AS_NUMBERS, numbers(span(9, 1)), numbers(span(1, 9)), VerifyCode.INVALID_EXTENSION),
        (AS_NUMBERS, b"\xff", numbers(one(5)), VerifyCode.UNABLE_TO_GET_ISSUER_CERT_LOCALLY),
        (ADDRESSES, blocks(TEN_ONE), blocks(TEN), 0),
        (ADDRESSES, blocks(TEN), blocks(TEN_ONE), VerifyCode.UNNESTED_RESOURCE),
        (ADDRESSES, blocks(TEN), NONE, VerifyCode.UNNESTED_RESOURCE),
        (ADDRESSES, blocks(TEN_ONE, TEN), blocks(TEN), VerifyCode.INVALID_EXTENSION),
        (ADDRESSES, blocks(tlv(0x30, TEN_ONE, TEN_ONE)), blocks(TEN), VerifyCode.INVALID_EXTENSION),
        (ADDRESSES, blocks(tlv(0x30, TEN_ONE, tlv(3, b"\0\x0a\2"))), blocks(TEN), 0),
        (ADDRESSES, tlv(0x30, tlv(0x30, tlv(4, b"\0\1"), NULL)), blocks(TEN), 0),
        (ADDRESSES, tlv(0x30, NULL), blocks(TEN), VerifyCode.UNABLE_TO_GET_ISSUER_CERT_LOCALLY),
    ],
)
def test_internet_number_resources(kind: str, claimed: bytes, held: bytes, code: int) -> None:
    """Nobody may claim addresses or AS numbers that the issuer does not hold (RFC 3779)."""
    end, top = leaf(), root()
    for odd, value in ((end, claimed), (top, held)):
        if value:
            odd.extensions[kind] = (True, value)
    assert judged([end.encode()], top.encode()).verify_code == code
    report = sslwhy.diagnose_chain([end.encode()], trust_anchors=[top.encode()], hostname=HOST)
    expected = {0: [], VerifyCode.UNNESTED_RESOURCE: ["name-constraint-violation"]}.get(code, ["malformed-certificate"])
    assert [finding.code for finding in report.findings] == expected


LANGUAGE = oid("1.3.6.1.5.5.7.21.1")


@pytest.mark.parametrize(
    "value",
    [
        tlv(0x30, tlv(0x30, LANGUAGE)),
        tlv(0x30, one(0), tlv(0x30, LANGUAGE, tlv(4, b"x"))),
        tlv(0x30),
        tlv(0x30, one(0)),
        tlv(0x30, tlv(0x30)),
        tlv(0x30, tlv(0x30, LANGUAGE, tlv(4), tlv(4))),
        tlv(0x30, tlv(0x30, LANGUAGE, NULL)),
    ],
)
def test_proxy_certificates(value: bytes) -> None:
    """A proxy certificate (RFC 3820) is refused as one only if its policy can be read; else no issuer is found."""
    odd = leaf()
    odd.extensions = {"1.3.6.1.5.5.7.1.14": (True, value)}
    judged([odd.encode()], root().encode())
