"""Checking signatures with ``cryptography``; what it cannot check stays undecided."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key


if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from sslwhy.facts.x509.certificate import Certificate
    from sslwhy.facts.x509.keys import KeyFacts
    from sslwhy.facts.x509.signing import SignatureFacts

_MAX_MODULUS = 16384
_SMALL_MODULUS = 3072
_MAX_EXPONENT = 64

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),  # noqa: S303 - read, never made
    "sha1": hashes.SHA1(),  # noqa: S303 - read, never made
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha512-224": hashes.SHA512_224(),
    "sha512-256": hashes.SHA512_256(),
    "sha3-224": hashes.SHA3_224(),
    "sha3-256": hashes.SHA3_256(),
    "sha3-384": hashes.SHA3_384(),
    "sha3-512": hashes.SHA3_512(),
}


@lru_cache(maxsize=1024)
def _public_key(key: KeyFacts) -> PublicKeyTypes | None:
    """Load a key; ``None`` where ``cryptography`` does not know its kind.

    Raises:
        ValueError: if it is not a key of the kind that it says.
    """
    try:
        if key.rsa is not None:
            modulus, exponent = key.rsa
            return rsa.RSAPublicNumbers(exponent, modulus).public_key()
        return load_der_public_key(key.spki)
    except UnsupportedAlgorithm:
        return None


def is_readable(key: KeyFacts) -> bool:
    """Return whether OpenSSL can decode a public key (``X509_get0_pubkey`` is not ``NULL``)."""
    if key.kind == "unknown":
        return False
    if key.kind in {"RSA", "RSA-PSS", "DSA"} or key.explicit_curve:
        return True
    try:
        _public_key(key)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def signed_by(subject: Certificate, issuer: Certificate) -> bool | None:
    """Return whether the issuer's key made the signature; ``None`` where that cannot be decided here."""
    algorithm = subject.signature_algorithm
    if not subject.signature_consistent or not subject.signed_by_kind(issuer):
        return False
    try:
        if not _allows(issuer.key, algorithm) or _oversized(issuer.key):
            return False
        key = _public_key(issuer.key)
        return None if key is None else _verify(key, algorithm, subject)
    except InvalidSignature:
        return False
    except (ValueError, UnsupportedAlgorithm, TypeError):
        # Nobody makes a signature with numbers that are no RSA key, such as an even exponent.
        return False if issuer.key.rsa else None


def _allows(key: KeyFacts, algorithm: SignatureFacts) -> bool:
    """Return whether the restrictions of an RSASSA-PSS key allow a signature (RFC 4055 section 3.3)."""
    allowed = key.pss
    made_with = (algorithm.digest, algorithm.mask_digest)
    return allowed is None or (
        made_with == (allowed.digest, allowed.mask) and 0 <= allowed.salt <= algorithm.salt_length
    )


def _oversized(key: KeyFacts) -> bool:
    """Return whether an RSA key is too large for OpenSSL to use (``OPENSSL_RSA_MAX_MODULUS_BITS`` and others)."""
    modulus, exponent = key.rsa or (2, 1)
    size = modulus.bit_length()
    return (
        size > _MAX_MODULUS or exponent >= modulus or (size > _SMALL_MODULUS and exponent.bit_length() > _MAX_EXPONENT)
    )


def _verify(key: PublicKeyTypes, algorithm: SignatureFacts, subject: Certificate) -> bool | None:
    signature, signed = subject.signature, subject.tbs
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        key.verify(signature, signed)
        return True
    digest = _HASHES.get(algorithm.digest or "")
    if digest is None:
        return False  # e.g. MD2, which OpenSSL 3 has no more
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, signed, _padding(algorithm), digest)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(digest))
    elif isinstance(key, dsa.DSAPublicKey):
        key.verify(signature, signed, digest)
    else:
        return None
    return True


def _padding(algorithm: SignatureFacts) -> padding.AsymmetricPadding:
    if algorithm.key_kind != "RSA-PSS":
        return padding.PKCS1v15()
    return padding.PSS(padding.MGF1(_HASHES[algorithm.mask_digest or "sha1"]), algorithm.salt_length)
