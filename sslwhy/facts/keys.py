"""Public keys and signature algorithms as facts: kind, size, and the strength that OpenSSL gives them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from sslwhy.facts import der


KeyKind = Literal["RSA", "RSA-PSS", "DSA", "EC", "Ed25519", "Ed448", "X25519", "X448", "unknown"]

_KEY_KINDS: dict[str, KeyKind] = {
    "1.2.840.113549.1.1.1": "RSA",
    "2.5.8.1.1": "RSA",
    "1.2.840.113549.1.1.10": "RSA-PSS",
    "1.2.840.10040.4.1": "DSA",
    "1.2.840.10045.2.1": "EC",
    "1.3.101.110": "X25519",
    "1.3.101.111": "X448",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
}
_FIXED_BITS: dict[KeyKind, int] = {"X25519": 253, "X448": 448, "Ed25519": 256, "Ed448": 456}
_FIXED_STRENGTH: dict[KeyKind, int] = {"X25519": 128, "X448": 224, "Ed25519": 128, "Ed448": 224}

# Curves by object identifier: name and bits of the group's order.
_CURVES = {
    "1.2.840.10045.3.1.1": ("secp192r1", 192),
    "1.2.840.10045.3.1.7": ("secp256r1", 256),
    "1.3.132.0.33": ("secp224r1", 224),
    "1.3.132.0.34": ("secp384r1", 384),
    "1.3.132.0.35": ("secp521r1", 521),
    "1.3.132.0.6": ("secp112r1", 112),
    "1.3.132.0.8": ("secp160r1", 161),
    "1.3.132.0.28": ("secp128r1", 128),
    "1.3.132.0.31": ("secp192k1", 192),
    "1.3.132.0.32": ("secp224k1", 225),
    "1.3.132.0.10": ("secp256k1", 256),
    "1.3.132.0.1": ("sect163k1", 163),
    "1.3.132.0.15": ("sect163r2", 163),
    "1.3.132.0.26": ("sect233k1", 232),
    "1.3.132.0.27": ("sect233r1", 233),
    "1.3.132.0.16": ("sect283k1", 281),
    "1.3.132.0.17": ("sect283r1", 282),
    "1.3.132.0.36": ("sect409k1", 407),
    "1.3.132.0.37": ("sect409r1", 409),
    "1.3.132.0.38": ("sect571k1", 570),
    "1.3.132.0.39": ("sect571r1", 570),
    "1.3.36.3.3.2.8.1.1.1": ("brainpoolP160r1", 160),
    "1.3.36.3.3.2.8.1.1.3": ("brainpoolP192r1", 192),
    "1.3.36.3.3.2.8.1.1.5": ("brainpoolP224r1", 224),
    "1.3.36.3.3.2.8.1.1.7": ("brainpoolP256r1", 256),
    "1.3.36.3.3.2.8.1.1.9": ("brainpoolP320r1", 320),
    "1.3.36.3.3.2.8.1.1.11": ("brainpoolP384r1", 384),
    "1.3.36.3.3.2.8.1.1.13": ("brainpoolP512r1", 512),
}


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """A subject public key, described.

    Attributes:
        kind: the algorithm.
        bits: its size: RSA modulus, DSA prime, order of an elliptic curve's group.
        strength: OpenSSL's security bits (``EVP_PKEY_get_security_bits``), or ``None`` where they are not known.
        curve: the name of an elliptic curve, or ``None``.
        explicit_curve: whether the curve is written out instead of named (RFC 5480 forbids it).
        spki: the SubjectPublicKeyInfo, DER.
    """

    kind: KeyKind = "unknown"
    bits: int = 0
    strength: int | None = None
    curve: str | None = None
    explicit_curve: bool = False
    spki: bytes = b""

    def __str__(self) -> str:
        """Return the key as a person would call it: ``RSA, 1024 bits``."""
        if self.curve:
            return f"EC, curve {self.curve}"
        return f"{self.kind}, {self.bits} bits" if self.bits else self.kind


def parse_key(spki: der.Element) -> KeyFacts:
    """Describe a SubjectPublicKeyInfo; a key that cannot be read is of kind ``unknown`` with strength ``None``.

    Raises:
        DerError: if it is no SubjectPublicKeyInfo at all.
    """
    algorithm, key = _two(der.expect(spki, der.SEQUENCE, "public key"))
    members = der.elements(der.expect(algorithm, der.SEQUENCE, "key algorithm"))
    kind = _KEY_KINDS.get(
        der.oid(der.expect(members[0], der.OID, "key algorithm")) if members else "", "unknown"
    )
    octets = der.bit_string(der.expect(key, der.BIT_STRING, "public key"))
    parameters = members[1] if len(members) > 1 else None
    try:
        return _describe(kind, octets, parameters, spki.raw)
    except (der.DerError, IndexError):
        return KeyFacts(spki=spki.raw)


def _describe(kind: KeyKind, octets: bytes, parameters: der.Element | None, spki: bytes) -> KeyFacts:
    if kind in {"RSA", "RSA-PSS"}:
        bits = _integers(der.only(octets, der.SEQUENCE, "RSA key"))[0].bit_length()
        return KeyFacts(kind, bits, finite_field_strength(bits), spki=spki)
    if kind == "DSA":
        prime, order = _integers(parameters.content if parameters else b"")[:2]
        return KeyFacts(
            kind, prime.bit_length(), _dsa_strength(prime.bit_length(), order.bit_length()), spki=spki
        )
    if kind == "EC":
        return _elliptic(parameters, spki)
    if kind in _FIXED_BITS:
        return KeyFacts(kind, _FIXED_BITS[kind], _FIXED_STRENGTH[kind], spki=spki)
    return KeyFacts(spki=spki)


def _elliptic(parameters: der.Element | None, spki: bytes) -> KeyFacts:
    if parameters is None:
        raise der.DerError("no curve")
    if parameters.tag == der.SEQUENCE:
        order = der.integer(der.elements(parameters.content)[4].content)
        bits = order.bit_length()
        return KeyFacts("EC", bits, _curve_strength(bits), explicit_curve=True, spki=spki)
    curve = der.oid(der.expect(parameters, der.OID, "curve"))
    name, bits = _CURVES.get(curve, (curve, 0))
    return KeyFacts("EC", bits, _curve_strength(bits) if bits else None, curve=name, spki=spki)


def _two(content: bytes) -> tuple[der.Element, der.Element]:
    members = der.elements(content)
    if len(members) != 2:
        raise der.DerError("a sequence of a wrong length")
    return members[0], members[1]


def _integers(content: bytes) -> list[int]:
    return [der.integer(der.expect(member, der.INTEGER, "number")) for member in der.elements(content)]


def finite_field_strength(bits: int) -> int:
    """Return the security bits of an RSA modulus (NIST SP 800-56B rev. 2, appendix D), as OpenSSL 3.0 rounds them."""
    listed = {2048: 112, 3072: 128, 4096: 152, 6144: 176, 7680: 192, 8192: 200, 15360: 256}
    if bits in listed:
        return listed[bits]
    if bits < 8:
        return 0
    cap = 192 if bits <= 7680 else 256 if bits <= 15360 else 1200
    size = bits * math.log(2)
    estimate = (1.923 * (size * math.log(size) ** 2) ** (1 / 3) - 4.69) / math.log(2)
    return min((int(estimate) + 4) & ~7, cap)


def _dsa_strength(prime: int, order: int) -> int:
    steps = ((15360, 256), (7680, 192), (3072, 128), (2048, 112), (1024, 80))
    strength = next((bits for size, bits in steps if prime >= size), 0)
    half = order // 2
    return 0 if half < 80 else min(half, strength)


def _curve_strength(bits: int) -> int:
    steps = ((512, 256), (384, 192), (256, 128), (224, 112), (160, 80))
    return next((strength for size, strength in steps if bits >= size), bits // 2)


_RSA = "1.2.840.113549.1.1."
_NIST = "2.16.840.1.101.3.4.3."
_ECDSA = "1.2.840.10045.4."

# Signature algorithms: name, digest, kind of key that makes them (OBJ_find_sigid_algs).
_SIGNATURES: dict[str, tuple[str, str | None, KeyKind]] = {
    _RSA + "2": ("md2WithRSAEncryption", "md2", "RSA"),
    _RSA + "3": ("md4WithRSAEncryption", "md4", "RSA"),
    _RSA + "4": ("md5WithRSAEncryption", "md5", "RSA"),
    _RSA + "5": ("sha1WithRSAEncryption", "sha1", "RSA"),
    "1.3.14.3.2.29": ("sha1WithRSA", "sha1", "RSA"),
    _RSA + "11": ("sha256WithRSAEncryption", "sha256", "RSA"),
    _RSA + "12": ("sha384WithRSAEncryption", "sha384", "RSA"),
    _RSA + "13": ("sha512WithRSAEncryption", "sha512", "RSA"),
    _RSA + "14": ("sha224WithRSAEncryption", "sha224", "RSA"),
    _RSA + "15": ("sha512-224WithRSAEncryption", "sha512-224", "RSA"),
    _RSA + "16": ("sha512-256WithRSAEncryption", "sha512-256", "RSA"),
    _RSA + "10": ("rsassaPss", None, "RSA-PSS"),
    _NIST + "13": ("RSA-SHA3-224", "sha3-224", "RSA"),
    _NIST + "14": ("RSA-SHA3-256", "sha3-256", "RSA"),
    _NIST + "15": ("RSA-SHA3-384", "sha3-384", "RSA"),
    _NIST + "16": ("RSA-SHA3-512", "sha3-512", "RSA"),
    _ECDSA + "1": ("ecdsa-with-SHA1", "sha1", "EC"),
    _ECDSA + "3.1": ("ecdsa-with-SHA224", "sha224", "EC"),
    _ECDSA + "3.2": ("ecdsa-with-SHA256", "sha256", "EC"),
    _ECDSA + "3.3": ("ecdsa-with-SHA384", "sha384", "EC"),
    _ECDSA + "3.4": ("ecdsa-with-SHA512", "sha512", "EC"),
    _NIST + "9": ("ecdsa-with-SHA3-224", "sha3-224", "EC"),
    _NIST + "10": ("ecdsa-with-SHA3-256", "sha3-256", "EC"),
    _NIST + "11": ("ecdsa-with-SHA3-384", "sha3-384", "EC"),
    _NIST + "12": ("ecdsa-with-SHA3-512", "sha3-512", "EC"),
    "1.2.840.10040.4.3": ("dsa-with-SHA1", "sha1", "DSA"),
    _NIST + "1": ("dsa-with-SHA224", "sha224", "DSA"),
    _NIST + "2": ("dsa-with-SHA256", "sha256", "DSA"),
    _NIST + "3": ("dsa-with-SHA384", "sha384", "DSA"),
    _NIST + "4": ("dsa-with-SHA512", "sha512", "DSA"),
    "1.3.101.112": ("Ed25519", None, "Ed25519"),
    "1.3.101.113": ("Ed448", None, "Ed448"),
}
_DIGESTS = {
    "1.3.14.3.2.26": "sha1",
    "1.2.840.113549.2.5": "md5",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.4": "sha224",
}
_DIGEST_OCTETS = {"224": 28, "256": 32, "384": 48, "512": 64}
_BROKEN = {"md2": -1, "md4": 64, "md5": 39, "sha1": 63}


@dataclass(frozen=True, slots=True)
class SignatureFacts:
    """A signature algorithm, described.

    Attributes:
        oid: its object identifier, dotted.
        name: what it is called; the object identifier where it has no name here.
        digest: the hash function, or ``None`` where the algorithm has none of its own or it is not known.
        key_kind: the kind of key that makes it, or ``None`` for an algorithm that OpenSSL does not know.
        strength: OpenSSL's security bits (``X509_get_signature_info``); -1 where it gives none.
        salt_length: of RSASSA-PSS, octets.
        mask_digest: the hash function of RSASSA-PSS' mask generation.
        encoded: the AlgorithmIdentifier's contents, for comparison.
    """

    oid: str = ""
    name: str = ""
    digest: str | None = None
    key_kind: KeyKind | None = None
    strength: int = -1
    salt_length: int = 0
    mask_digest: str | None = None
    encoded: bytes = b""


def parse_signature_algorithm(element: der.Element) -> SignatureFacts:
    """Describe an AlgorithmIdentifier.

    Raises:
        DerError: if it is none.
    """
    content = der.expect(element, der.SEQUENCE, "signature algorithm")
    members = der.elements(content)
    if len(members) not in {1, 2}:
        raise der.DerError("a signature algorithm of a wrong shape")
    identifier = der.oid(der.expect(members[0], der.OID, "signature algorithm"))
    name, digest, kind = _SIGNATURES.get(identifier, (identifier, None, None))
    if kind == "RSA-PSS":
        return _pss(identifier, members[1] if len(members) > 1 else None, content)
    strength = _FIXED_STRENGTH.get(kind, -1) if kind and digest is None else _digest_strength(digest)
    return SignatureFacts(identifier, name, digest, kind, strength, encoded=content)


def _digest_strength(digest: str | None) -> int:
    if digest is None:
        return -1
    return _BROKEN[digest] if digest in _BROKEN else _DIGEST_OCTETS[digest[-3:]] * 4


def _pss(identifier: str, parameters: der.Element | None, content: bytes) -> SignatureFacts:
    # RFC 4055 section 3.1: SHA-1, MGF1 with SHA-1 and 20 octets of salt unless the parameters say otherwise.
    try:
        if parameters is None:
            raise der.DerError("no parameters")
        members = {member.tag: member.content for member in der.elements(parameters.content)}
        digest = _digest(der.read(members[0xA0])) if 0xA0 in members else "sha1"
        mask = _digest(der.elements(der.read(members[0xA1]).content)[1]) if 0xA1 in members else "sha1"
        salt = der.integer(der.read(members[0xA2]).content) if 0xA2 in members else 20
    except (der.DerError, IndexError):
        return SignatureFacts(identifier, "rsassaPss", None, "RSA-PSS", encoded=content)
    strength = 64 if digest == "sha1" else _digest_strength(digest)
    return SignatureFacts(
        identifier, f"rsassaPss with {digest}", digest, "RSA-PSS", strength, salt, mask, content
    )


def _digest(algorithm: der.Element) -> str | None:
    return _DIGESTS.get(der.oid(der.elements(algorithm.content)[0].content))
