"""Algorithms by object identifier: kinds of keys, elliptic curves, signatures, hash functions."""

from __future__ import annotations

from typing import Literal


KeyKind = Literal["RSA", "RSA-PSS", "DSA", "EC", "Ed25519", "Ed448", "X25519", "X448", "SM2", "unknown"]

KEY_KINDS: dict[str, KeyKind] = {
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
"""Public key algorithms."""

CURVES = {
    "1.3.132.0.6": ("secp112r1", 112),
    "1.3.132.0.7": ("secp112r2", 110),
    "1.3.132.0.28": ("secp128r1", 128),
    "1.3.132.0.29": ("secp128r2", 126),
    "1.3.132.0.9": ("secp160k1", 161),
    "1.3.132.0.8": ("secp160r1", 161),
    "1.3.132.0.30": ("secp160r2", 161),
    "1.3.132.0.31": ("secp192k1", 192),
    "1.3.132.0.32": ("secp224k1", 225),
    "1.3.132.0.33": ("secp224r1", 224),
    "1.3.132.0.10": ("secp256k1", 256),
    "1.3.132.0.34": ("secp384r1", 384),
    "1.3.132.0.35": ("secp521r1", 521),
    "1.2.840.10045.3.1.1": ("secp192r1", 192),
    "1.2.840.10045.3.1.2": ("prime192v2", 192),
    "1.2.840.10045.3.1.3": ("prime192v3", 192),
    "1.2.840.10045.3.1.4": ("prime239v1", 239),
    "1.2.840.10045.3.1.5": ("prime239v2", 239),
    "1.2.840.10045.3.1.6": ("prime239v3", 239),
    "1.2.840.10045.3.1.7": ("secp256r1", 256),
    "1.3.132.0.4": ("sect113r1", 113),
    "1.3.132.0.5": ("sect113r2", 113),
    "1.3.132.0.22": ("sect131r1", 131),
    "1.3.132.0.23": ("sect131r2", 131),
    "1.3.132.0.1": ("sect163k1", 163),
    "1.3.132.0.2": ("sect163r1", 162),
    "1.3.132.0.15": ("sect163r2", 163),
    "1.3.132.0.24": ("sect193r1", 193),
    "1.3.132.0.25": ("sect193r2", 193),
    "1.3.132.0.26": ("sect233k1", 232),
    "1.3.132.0.27": ("sect233r1", 233),
    "1.3.132.0.3": ("sect239k1", 238),
    "1.3.132.0.16": ("sect283k1", 281),
    "1.3.132.0.17": ("sect283r1", 282),
    "1.3.132.0.36": ("sect409k1", 407),
    "1.3.132.0.37": ("sect409r1", 409),
    "1.3.132.0.38": ("sect571k1", 570),
    "1.3.132.0.39": ("sect571r1", 570),
    "1.2.840.10045.3.0.1": ("c2pnb163v1", 163),
    "1.2.840.10045.3.0.2": ("c2pnb163v2", 162),
    "1.2.840.10045.3.0.3": ("c2pnb163v3", 162),
    "1.2.840.10045.3.0.4": ("c2pnb176v1", 161),
    "1.2.840.10045.3.0.5": ("c2tnb191v1", 191),
    "1.2.840.10045.3.0.6": ("c2tnb191v2", 190),
    "1.2.840.10045.3.0.7": ("c2tnb191v3", 189),
    "1.2.840.10045.3.0.10": ("c2pnb208w1", 193),
    "1.2.840.10045.3.0.11": ("c2tnb239v1", 238),
    "1.2.840.10045.3.0.12": ("c2tnb239v2", 237),
    "1.2.840.10045.3.0.13": ("c2tnb239v3", 236),
    "1.2.840.10045.3.0.16": ("c2pnb272w1", 257),
    "1.2.840.10045.3.0.17": ("c2pnb304w1", 289),
    "1.2.840.10045.3.0.18": ("c2tnb359v1", 353),
    "1.2.840.10045.3.0.19": ("c2pnb368w1", 353),
    "1.2.840.10045.3.0.20": ("c2tnb431r1", 418),
    "2.23.43.1.4.1": ("wap-wsg-idm-ecid-wtls1", 112),
    "2.23.43.1.4.3": ("wap-wsg-idm-ecid-wtls3", 163),
    "2.23.43.1.4.4": ("wap-wsg-idm-ecid-wtls4", 113),
    "2.23.43.1.4.5": ("wap-wsg-idm-ecid-wtls5", 163),
    "2.23.43.1.4.6": ("wap-wsg-idm-ecid-wtls6", 112),
    "2.23.43.1.4.7": ("wap-wsg-idm-ecid-wtls7", 161),
    "2.23.43.1.4.8": ("wap-wsg-idm-ecid-wtls8", 113),
    "2.23.43.1.4.9": ("wap-wsg-idm-ecid-wtls9", 161),
    "2.23.43.1.4.10": ("wap-wsg-idm-ecid-wtls10", 232),
    "2.23.43.1.4.11": ("wap-wsg-idm-ecid-wtls11", 233),
    "2.23.43.1.4.12": ("wap-wsg-idm-ecid-wtls12", 224),
    "1.3.36.3.3.2.8.1.1.1": ("brainpoolP160r1", 160),
    "1.3.36.3.3.2.8.1.1.2": ("brainpoolP160t1", 160),
    "1.3.36.3.3.2.8.1.1.3": ("brainpoolP192r1", 192),
    "1.3.36.3.3.2.8.1.1.4": ("brainpoolP192t1", 192),
    "1.3.36.3.3.2.8.1.1.5": ("brainpoolP224r1", 224),
    "1.3.36.3.3.2.8.1.1.6": ("brainpoolP224t1", 224),
    "1.3.36.3.3.2.8.1.1.7": ("brainpoolP256r1", 256),
    "1.3.36.3.3.2.8.1.1.8": ("brainpoolP256t1", 256),
    "1.3.36.3.3.2.8.1.1.9": ("brainpoolP320r1", 320),
    "1.3.36.3.3.2.8.1.1.10": ("brainpoolP320t1", 320),
    "1.3.36.3.3.2.8.1.1.11": ("brainpoolP384r1", 384),
    "1.3.36.3.3.2.8.1.1.12": ("brainpoolP384t1", 384),
    "1.3.36.3.3.2.8.1.1.13": ("brainpoolP512r1", 512),
    "1.3.36.3.3.2.8.1.1.14": ("brainpoolP512t1", 512),
    "1.2.156.10197.1.301": ("SM2", 256),
}
"""Elliptic curves: name and bits of the group's order. OpenSSL can read no key on any other."""

CURVE_OCTETS = {
    **dict.fromkeys(("secp160k1", "secp160r1", "secp160r2", "wap-wsg-idm-ecid-wtls7", "wap-wsg-idm-ecid-wtls9"), 20),
    **dict.fromkeys(("secp224k1",), 28),
    **dict.fromkeys(("sect233k1", "wap-wsg-idm-ecid-wtls10"), 30),
    **dict.fromkeys(("sect409k1",), 52),
    **dict.fromkeys(("wap-wsg-idm-ecid-wtls1",), 15),
    **dict.fromkeys(("wap-wsg-idm-ecid-wtls8",), 14),
    "c2pnb176v1": 22,
    "c2pnb208w1": 26,
    "c2pnb272w1": 34,
    "c2pnb304w1": 38,
    "c2pnb368w1": 46,
    "c2tnb431r1": 54,
}
"""The octets of a coordinate, on the curves where they are not as many as those of the order."""

FIXED_STRENGTH: dict[KeyKind, int] = {"X25519": 128, "X448": 224, "Ed25519": 128, "Ed448": 224}
"""The security bits of the kinds of key that come in one size."""

_RSA = "1.2.840.113549.1.1."
_NIST = "2.16.840.1.101.3.4.3."
_ECDSA = "1.2.840.10045.4."

SIGNATURES: dict[str, tuple[str, str | None, KeyKind | None]] = {
    _RSA + "2": ("md2WithRSAEncryption", "md2", "RSA"),
    _RSA + "3": ("md4WithRSAEncryption", "md4", "RSA"),
    _RSA + "4": ("md5WithRSAEncryption", "md5", "RSA"),
    _RSA + "5": ("sha1WithRSAEncryption", "sha1", "RSA"),
    "1.3.14.3.2.3": ("md5WithRSA", "md5", "RSA"),
    "1.3.14.3.2.15": ("shaWithRSA", "sha", "RSA"),
    "1.3.14.3.2.29": ("sha1WithRSA", "sha1", "RSA"),
    "1.3.36.3.3.1.2": ("ripemd160WithRSA", "ripemd160", "RSA"),
    "2.5.8.3.100": ("mdc2WithRSA", "mdc2", "RSA"),
    _RSA + "11": ("sha256WithRSAEncryption", "sha256", "RSA"),
    _RSA + "12": ("sha384WithRSAEncryption", "sha384", "RSA"),
    _RSA + "13": ("sha512WithRSAEncryption", "sha512", "RSA"),
    _RSA + "14": ("sha224WithRSAEncryption", "sha224", "RSA"),
    _RSA + "15": ("sha512-224WithRSAEncryption", "sha512-224", None),
    _RSA + "16": ("sha512-256WithRSAEncryption", "sha512-256", None),
    _RSA + "10": ("rsassaPss", None, "RSA-PSS"),
    _NIST + "13": ("RSA-SHA3-224", "sha3-224", "RSA"),
    _NIST + "14": ("RSA-SHA3-256", "sha3-256", "RSA"),
    _NIST + "15": ("RSA-SHA3-384", "sha3-384", "RSA"),
    _NIST + "16": ("RSA-SHA3-512", "sha3-512", "RSA"),
    _ECDSA + "1": ("ecdsa-with-SHA1", "sha1", "EC"),
    _ECDSA + "2": ("ecdsa-with-Recommended", None, "EC"),
    _ECDSA + "3": ("ecdsa-with-Specified", None, "EC"),
    _ECDSA + "3.1": ("ecdsa-with-SHA224", "sha224", "EC"),
    _ECDSA + "3.2": ("ecdsa-with-SHA256", "sha256", "EC"),
    _ECDSA + "3.3": ("ecdsa-with-SHA384", "sha384", "EC"),
    _ECDSA + "3.4": ("ecdsa-with-SHA512", "sha512", "EC"),
    _NIST + "9": ("ecdsa-with-SHA3-224", "sha3-224", None),
    _NIST + "10": ("ecdsa-with-SHA3-256", "sha3-256", None),
    _NIST + "11": ("ecdsa-with-SHA3-384", "sha3-384", None),
    _NIST + "12": ("ecdsa-with-SHA3-512", "sha3-512", None),
    "1.3.14.3.2.13": ("dsaWithSHA", "sha", "DSA"),
    "1.3.14.3.2.27": ("dsaWithSHA1", "sha1", "DSA"),
    "1.2.840.10040.4.3": ("dsa-with-SHA1", "sha1", "DSA"),
    _NIST + "1": ("dsa-with-SHA224", "sha224", "DSA"),
    _NIST + "2": ("dsa-with-SHA256", "sha256", "DSA"),
    _NIST + "3": ("dsa-with-SHA384", "sha384", None),
    _NIST + "4": ("dsa-with-SHA512", "sha512", None),
    "1.3.101.112": ("Ed25519", None, "Ed25519"),
    "1.3.101.113": ("Ed448", None, "Ed448"),
    "1.2.156.10197.1.501": ("SM2-with-SM3", "sm3", "SM2"),
}
"""Signature algorithms: name, digest, kind of key that makes them (``OBJ_find_sigid_algs``).

OpenSSL 3.0 has a name but no use for those without a kind of key: it finds no issuer for what they signed.
"""

DIGESTS = {
    "1.3.14.3.2.26": "sha1",
    "1.2.840.113549.2.5": "md5",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.5": "sha512-224",
    "2.16.840.1.101.3.4.2.6": "sha512-256",
    "2.16.840.1.101.3.4.2.7": "sha3-224",
    "2.16.840.1.101.3.4.2.8": "sha3-256",
    "2.16.840.1.101.3.4.2.9": "sha3-384",
    "2.16.840.1.101.3.4.2.10": "sha3-512",
}
"""Hash functions."""
