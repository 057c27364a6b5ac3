"""Public keys and signature algorithms as facts: kind, size, and the strength that OpenSSL gives them."""

from __future__ import annotations

import bisect
from dataclasses import dataclass

from sslwhy.facts.x509 import der
from sslwhy.facts.x509.algorithms import CURVES, DIGESTS, KEY_KINDS, SIGNATURES, KeyKind


_FIXED_BITS: dict[KeyKind, int] = {"X25519": 253, "X448": 448, "Ed25519": 256, "Ed448": 456}
_FIXED_STRENGTH: dict[KeyKind, int] = {"X25519": 128, "X448": 224, "Ed25519": 128, "Ed448": 224}
_FIELDS = frozenset({"1.2.840.10045.1.1", "1.2.840.10045.1.2"})

# The sizes from which on a modulus has 8, 16, 24 ... 256 security bits.
_MODULI = (
    *(16, 41, 81, 138, 213, 308, 425, 566, 729, 920, 1137, 1383, 1657, 1963, 2301, 2671),
    *(3076, 3514, 3991, 4502, 5054, 5642, 6274, 6947, 7681, 8418, 9216, 10064, 10953, 11893, 12877, 13914),
)


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
    if len(members) not in {1, 2}:
        raise der.DerError("a public key algorithm of a wrong shape")
    kind = KEY_KINDS.get(der.oid(der.expect(members[0], der.OID, "key algorithm")), "unknown")
    octets = der.bit_string(der.expect(key, der.BIT_STRING, "public key"))
    parameters = members[1] if len(members) > 1 else None
    if parameters is not None:
        der.check_any(parameters)
    try:
        return _describe(kind, octets, parameters, spki.raw)
    except (der.DerError, IndexError, ValueError):  # e.g. DSA parameters that are inherited, RFC 3279 section 2.3.2
        return KeyFacts(spki=spki.raw)


def _describe(kind: KeyKind, octets: bytes, parameters: der.Element | None, spki: bytes) -> KeyFacts:
    if kind in {"RSA", "RSA-PSS"}:
        if kind == "RSA-PSS" and parameters is not None:
            _pss_parameters(parameters)
        bits = _integers(der.only(octets, der.SEQUENCE, "RSA key"), 2)[0].bit_length()
        return KeyFacts(kind, bits, finite_field_strength(bits), spki=spki)
    if kind == "DSA":
        prime, order, _ = _integers(parameters.content if parameters else b"", 3)
        return KeyFacts(kind, prime.bit_length(), _dsa_strength(prime.bit_length(), order.bit_length()), spki=spki)
    if kind == "EC":
        return _elliptic(parameters, spki)
    if kind in _FIXED_BITS:
        return KeyFacts(kind, _FIXED_BITS[kind], _FIXED_STRENGTH[kind], spki=spki)
    return KeyFacts(spki=spki)


def _elliptic(parameters: der.Element | None, spki: bytes) -> KeyFacts:
    if parameters is None:
        raise der.DerError("no curve")
    if parameters.tag == der.SEQUENCE:
        bits = _order(parameters.content).bit_length()
        return KeyFacts("EC", bits, _curve_strength(bits), explicit_curve=True, spki=spki)
    curve = der.oid(der.expect(parameters, der.OID, "curve"))
    if curve not in CURVES:
        raise der.DerError("an unknown curve")
    name, bits = CURVES[curve]
    return KeyFacts("EC", bits, _curve_strength(bits), curve=name, spki=spki)


def _order(content: bytes) -> int:
    """Return the group's order out of a curve that is written out (RFC 3279 section 2.3.5)."""
    version, field, curve, base, order = der.elements(content)[:5]
    der.integer(der.expect(version, der.INTEGER, "version"))
    if der.oid(_two(der.expect(field, der.SEQUENCE, "field"))[0].content) not in _FIELDS:
        raise der.DerError("an unknown kind of field")
    for coefficient in der.elements(der.expect(curve, der.SEQUENCE, "curve"))[:2]:
        der.expect(coefficient, der.OCTET_STRING, "coefficient")
    der.expect(base, der.OCTET_STRING, "base point")
    return der.integer(der.expect(order, der.INTEGER, "order"))


def _two(content: bytes) -> tuple[der.Element, der.Element]:
    members = der.elements(content)
    if len(members) != 2:
        raise der.DerError("a sequence of a wrong length")
    return members[0], members[1]


def _integers(content: bytes, count: int) -> list[int]:
    members = der.elements(content)
    if len(members) != count:
        raise der.DerError("a key of a wrong shape")
    return [der.integer(der.expect(member, der.INTEGER, "number")) for member in members]


def finite_field_strength(bits: int) -> int:
    """Return the security bits of an RSA modulus as OpenSSL 3 rounds them, up to 256 (NIST SP 800-56B rev. 2)."""
    return 8 * bisect.bisect_right(_MODULI, bits)


def _dsa_strength(prime: int, order: int) -> int:
    steps = ((15360, 256), (7680, 192), (3072, 128), (2048, 112), (1024, 80))
    strength = next((bits for size, bits in steps if prime >= size), 0)
    half = order // 2
    return 0 if half < 80 else min(half, strength)


def _curve_strength(bits: int) -> int:
    steps = ((512, 256), (384, 192), (256, 128), (224, 112), (160, 80))
    return next((strength for size, strength in steps if bits >= size), bits // 2)


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
    for parameter in members[1:]:
        der.check_any(parameter)
    name, digest, kind = SIGNATURES.get(identifier, (identifier, None, None))
    if kind == "RSA-PSS":
        return _pss(identifier, members[1] if len(members) > 1 else None, content)
    strength = _FIXED_STRENGTH.get(kind, -1) if kind and digest is None else _digest_strength(digest)
    return SignatureFacts(identifier, name, digest, kind, strength, encoded=content)


def _digest_strength(digest: str | None) -> int:
    if digest is None:
        return -1
    return _BROKEN[digest] if digest in _BROKEN else _DIGEST_OCTETS[digest[-3:]] * 4


def _pss(identifier: str, parameters: der.Element | None, content: bytes) -> SignatureFacts:
    plain = SignatureFacts(identifier, "rsassaPss", None, "RSA-PSS", encoded=content)
    if parameters is None:
        return plain
    try:
        digest, mask, salt = _pss_parameters(parameters)
    except (der.DerError, IndexError):
        return plain
    strength = 64 if digest == "sha1" else _digest_strength(digest)
    return SignatureFacts(identifier, f"rsassaPss with {digest}", digest, "RSA-PSS", strength, salt, mask, content)


def _pss_parameters(parameters: der.Element) -> tuple[str | None, str | None, int]:
    """Return digest, mask digest and salt length: SHA-1 twice and 20 octets by default (RFC 4055 section 3.1)."""
    listed = der.elements(der.expect(parameters, der.SEQUENCE, "parameters"))
    members = {
        tag: der.single(member, "a parameter")
        for tag, member in der.optional(listed, (0xA0, 0xA1, 0xA2, 0xA3), "parameters").items()
    }
    digest = _digest(members[0xA0]) if 0xA0 in members else "sha1"
    mask = _digest(der.elements(members[0xA1].content)[1]) if 0xA1 in members else "sha1"
    salt = der.integer(der.expect(members[0xA2], der.INTEGER, "salt length")) if 0xA2 in members else 20
    return digest, mask, salt


def _digest(algorithm: der.Element) -> str | None:
    return DIGESTS.get(der.oid(der.elements(algorithm.content)[0].content))
