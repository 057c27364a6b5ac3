"""Public keys as facts: kind, size, and the strength that OpenSSL gives them."""

from __future__ import annotations

import bisect
from dataclasses import dataclass

from sslwhy.facts.x509 import der
from sslwhy.facts.x509.algorithms import CURVE_OCTETS, CURVES, FIXED_STRENGTH, KEY_KINDS, KeyKind
from sslwhy.facts.x509.signing import PssParameters, algorithm_identifier, pss_parameters


_FIXED_BITS: dict[KeyKind, int] = {"X25519": 253, "X448": 448, "Ed25519": 256, "Ed448": 456}
_COORDINATES = {b"\2": 1, b"\3": 1, b"\4": 2, b"\6": 2, b"\7": 2}
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
        rsa: modulus and exponent of an RSA key.
        pss: the digest, the mask generation's digest and the least salt length that an RSASSA-PSS key is restricted to
            (RFC 4055 section 3.1), or ``None``.
        explicit_curve: whether the curve is written out instead of named (RFC 5480 forbids it).
        spki: the SubjectPublicKeyInfo, DER, without unused bits.
    """

    kind: KeyKind = "unknown"
    bits: int = 0
    strength: int | None = None
    curve: str | None = None
    rsa: tuple[int, int] | None = None
    pss: PssParameters | None = None
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
    identifier, parameters = algorithm_identifier(algorithm)
    kind = KEY_KINDS.get(identifier, "unknown")
    octets = der.bit_string(der.expect(key, der.BIT_STRING, "public key"))
    # OpenSSL clears the bits that do not count.
    plain = spki.raw[: -len(key.content)] + b"\0" + octets
    try:
        return _describe(kind, octets, parameters, plain)
    except (der.DerError, IndexError, ValueError):  # e.g. DSA parameters that are inherited, RFC 3279 section 2.3.2
        return KeyFacts(spki=spki.raw)


def _describe(kind: KeyKind, octets: bytes, parameters: der.Element | None, spki: bytes) -> KeyFacts:
    if kind in {"RSA", "RSA-PSS"}:
        pss = pss_parameters(parameters) if kind == "RSA-PSS" and parameters is not None else None
        modulus, exponent = _numbers(der.only(octets, der.SEQUENCE, "RSA key"), 2)
        bits = modulus.bit_length()
        return KeyFacts(kind, bits, finite_field_strength(bits), rsa=(modulus, exponent), pss=pss, spki=spki)
    if kind == "DSA":
        if parameters is None:
            raise der.DerError("no DSA parameters")
        prime, order, _ = _numbers(der.expect(parameters, der.SEQUENCE, "DSA parameters"), 3)
        der.integer(der.only(octets, der.INTEGER, "DSA key"))
        return KeyFacts(kind, prime.bit_length(), _dsa_strength(prime.bit_length(), order.bit_length()), spki=spki)
    if kind == "EC":
        return _elliptic(octets, parameters, spki)
    if kind in _FIXED_BITS:
        return KeyFacts(kind, _FIXED_BITS[kind], FIXED_STRENGTH[kind], spki=spki)
    return KeyFacts(spki=spki)


def _elliptic(point: bytes, parameters: der.Element | None, spki: bytes) -> KeyFacts:
    if parameters is None:
        raise der.DerError("no curve")
    if parameters.tag == der.SEQUENCE:
        bits = _order(parameters.content).bit_length()
        return KeyFacts("EC", bits, _curve_strength(bits), explicit_curve=True, spki=spki)
    curve = der.oid(der.expect(parameters, der.OID, "curve"))
    if curve not in CURVES:
        raise der.DerError("an unknown curve")
    name, bits = CURVES[curve]
    coordinate = CURVE_OCTETS.get(name, (bits + 7) // 8)
    if len(point) != 1 + coordinate * _COORDINATES.get(point[:1], 0):
        raise der.DerError("a point of a wrong length")
    # OpenSSL takes a key on this curve for one of another kind, which makes other signatures.
    kind: KeyKind = "SM2" if name == "SM2" else "EC"
    return KeyFacts(kind, bits, _curve_strength(bits), curve=name, spki=spki)


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


def _numbers(content: bytes, count: int) -> list[int]:
    members = der.elements(content)
    if len(members) != count:
        raise der.DerError("a key of a wrong shape")
    # OpenSSL minds neither sign nor padding here.
    return [int.from_bytes(der.expect(member, der.INTEGER, "number"), "big") for member in members]


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
