"""Signature algorithms as facts: digest, kind of key, and the strength that OpenSSL gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sslwhy.facts.x509 import der
from sslwhy.facts.x509.algorithms import DIGESTS, FIXED_STRENGTH, SIGNATURES, KeyKind


_MGF1 = "1.2.840.113549.1.1.8"
_DIGEST_OCTETS = {"224": 28, "256": 32, "384": 48, "512": 64}
_OLD_DIGESTS = {"md2": -1, "sha": -1, "md4": 64, "mdc2": 64, "md5": 39, "sha1": 63, "ripemd160": 80, "sm3": 128}


class PssParameters(NamedTuple):
    """The parameters of RSASSA-PSS (RFC 4055 section 3.1): two hash functions, the salt's octets, the trailer."""

    digest: str
    mask: str
    salt: int
    trailer: int


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
    identifier, parameter = algorithm_identifier(element)
    content = element.content
    name, digest, kind = SIGNATURES.get(identifier, (identifier, None, None))
    if kind == "RSA-PSS":
        return _pss(identifier, parameter, content)
    digest = digest if kind else None
    strength = FIXED_STRENGTH.get(kind, -1) if kind and digest is None else _digest_strength(digest)
    return SignatureFacts(identifier, name, digest, kind, strength, encoded=content)


def _digest_strength(digest: str | None) -> int:
    if digest is None:
        return -1
    return _OLD_DIGESTS[digest] if digest in _OLD_DIGESTS else _DIGEST_OCTETS[digest[-3:]] * 4


def _pss(identifier: str, parameters: der.Element | None, content: bytes) -> SignatureFacts:
    plain = SignatureFacts(identifier, "rsassaPss", None, "RSA-PSS", encoded=content)
    if parameters is None:
        return plain
    try:
        found = pss_parameters(parameters)
    except (der.DerError, IndexError):
        return plain
    if found.salt < 0 or found.trailer != 1:
        return plain
    strength = 64 if found.digest == "sha1" else _digest_strength(found.digest)
    name = f"rsassaPss with {found.digest}"
    return SignatureFacts(identifier, name, found.digest, "RSA-PSS", strength, found.salt, found.mask, content)


def pss_parameters(parameters: der.Element) -> PssParameters:
    """Decode the parameters: SHA-1 twice, 20 octets and 1 by default.

    Raises:
        DerError: where OpenSSL could not read them.
    """
    listed = der.elements(der.expect(parameters, der.SEQUENCE, "parameters"))
    members = {
        tag: der.single(member, "a parameter")
        for tag, member in der.optional(listed, (0xA0, 0xA1, 0xA2, 0xA3), "parameters").items()
    }
    digest = _digest(members[0xA0]) if 0xA0 in members else "sha1"
    mask = _mask_digest(members[0xA1]) if 0xA1 in members else "sha1"
    salt = der.integer(der.expect(members[0xA2], der.INTEGER, "salt length")) if 0xA2 in members else 20
    trailer = der.integer(der.expect(members[0xA3], der.INTEGER, "trailer field")) if 0xA3 in members else 1
    return PssParameters(digest, mask, salt, trailer)


def _mask_digest(algorithm: der.Element) -> str:
    identifier, digest = algorithm_identifier(algorithm)
    if identifier != _MGF1 or digest is None:
        raise der.DerError("an unknown mask generation function")
    return _digest(digest)


def _digest(algorithm: der.Element) -> str:
    identifier, _ = algorithm_identifier(algorithm)
    if identifier not in DIGESTS:
        raise der.DerError("an unknown hash function")
    return DIGESTS[identifier]


def algorithm_identifier(element: der.Element) -> tuple[str, der.Element | None]:
    """Return the object identifier and the parameter of an AlgorithmIdentifier.

    Raises:
        DerError: if it is none.
    """
    members = der.elements(der.expect(element, der.SEQUENCE, "algorithm"))
    if len(members) not in {1, 2}:
        raise der.DerError("an algorithm of a wrong shape")
    parameter = members[1] if len(members) > 1 else None
    if parameter is not None:
        der.check_any(parameter)
    return der.oid(der.expect(members[0], der.OID, "algorithm")), parameter
