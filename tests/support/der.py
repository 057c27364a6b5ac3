"""Just enough DER to take a certificate apart, change what no library would write, and sign it again."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa


if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509

    from sslwhy.demo.pki import PrivateKey


SEQUENCE = 0x30
BIT_STRING = 0x03
OCTET_STRING = 0x04
INTEGER = 0x02
BOOLEAN = 0x01
OBJECT_IDENTIFIER = 0x06
NULL = b"\x05\x00"

_RSA = {"md5": "1.2.840.113549.1.1.4", "sha1": "1.2.840.113549.1.1.5", "sha256": "1.2.840.113549.1.1.11"}
_ECDSA = {"sha1": "1.2.840.10045.4.1", "sha256": "1.2.840.10045.4.3.2"}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),
    "sha1": hashes.SHA1(),
    "sha256": hashes.SHA256(),
    "pss": hashes.SHA256(),
}


def tlv(tag: int, *contents: bytes) -> bytes:
    """One DER element."""
    content = b"".join(contents)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def oid(dotted: str) -> bytes:
    """An object identifier as a DER element."""
    first, second, *rest = map(int, dotted.split("."))
    content = bytearray()
    for arc in (first * 40 + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.insert(0, 0x80 | (arc & 0x7F))
        content += bytes(groups)
    return tlv(OBJECT_IDENTIFIER, bytes(content))


def split(content: bytes) -> list[bytes]:
    """The elements that stand side by side in `content`."""
    elements = []
    while content:
        end = _header(content) + _length(content)
        elements.append(content[:end])
        content = content[end:]
    return elements


def inside(element: bytes) -> bytes:
    """The content of one element."""
    return element[_header(element) :]


def _header(element: bytes) -> int:
    return 2 + (element[1] & 0x7F if element[1] & 0x80 else 0)


def _length(element: bytes) -> int:
    header = _header(element)
    return element[1] if header == 2 else int.from_bytes(element[2:header], "big")


@dataclass(frozen=True)
class Tbs:
    """A TBSCertificate (RFC 5280 section 4.1) in DER pieces; `version` is empty for version 1."""

    version: bytes
    serial: bytes
    algorithm: bytes
    issuer: bytes
    validity: bytes
    subject: bytes
    public_key: bytes
    extensions: tuple[bytes, ...]

    @classmethod
    def parse(cls, certificate: bytes) -> Tbs:
        """The to-be-signed part of a version 3 certificate."""
        fields = split(inside(split(inside(certificate))[0]))
        version, serial, algorithm, issuer, validity, subject, public_key, extensions = fields
        listed = tuple(split(inside(inside(extensions))))
        return cls(version, serial, algorithm, issuer, validity, subject, public_key, listed)

    def encode(self) -> bytes:
        """The DER to sign."""
        names = ("version", "serial", "algorithm", "issuer", "validity", "subject", "public_key")
        extensions = tlv(0xA3, tlv(SEQUENCE, *self.extensions)) if self.extensions else b""
        return tlv(SEQUENCE, *(getattr(self, name) for name in names), extensions)


Edit: TypeAlias = "Callable[[Tbs], Tbs]"


def sign(tbs: Tbs, signer: PrivateKey, digest: str) -> bytes:
    """A certificate from its to-be-signed part; `digest` is md5, sha1, sha256 or pss (RSA only)."""
    algorithm = _algorithm(signer, digest)
    signed = dataclasses.replace(tbs, algorithm=algorithm).encode()
    if isinstance(signer, rsa.RSAPrivateKey):
        scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if digest == "pss" else padding.PKCS1v15()
        signature = signer.sign(signed, scheme, _HASHES[digest])
    elif isinstance(signer, ec.EllipticCurvePrivateKey):
        signature = signer.sign(signed, ec.ECDSA(_HASHES[digest]))
    else:
        signature = signer.sign(signed)
    return tlv(SEQUENCE, signed, algorithm, tlv(BIT_STRING, b"\0", signature))


def _algorithm(signer: PrivateKey, digest: str) -> bytes:
    if isinstance(signer, ed25519.Ed25519PrivateKey):
        return tlv(SEQUENCE, oid("1.3.101.112"))
    if isinstance(signer, ed448.Ed448PrivateKey):
        return tlv(SEQUENCE, oid("1.3.101.113"))
    if isinstance(signer, ec.EllipticCurvePrivateKey):
        return tlv(SEQUENCE, oid(_ECDSA[digest]))
    if digest != "pss":
        return tlv(SEQUENCE, oid(_RSA[digest]), NULL)
    sha256 = tlv(SEQUENCE, oid("2.16.840.1.101.3.4.2.1"), NULL)
    mask = tlv(SEQUENCE, oid("1.2.840.113549.1.1.8"), sha256)
    parameters = tlv(SEQUENCE, tlv(0xA0, sha256), tlv(0xA1, mask), tlv(0xA2, tlv(INTEGER, b"\x20")))
    return tlv(SEQUENCE, oid("1.2.840.113549.1.1.10"), parameters)


def flip_signature(certificate: bytes) -> bytes:
    """The certificate with one bit of its signature changed."""
    *head, signature = split(inside(certificate))
    # The middle byte, since the first ones may frame an ECDSA signature.
    spoilt = bytearray(signature)
    spoilt[-8] ^= 0x01
    return tlv(SEQUENCE, *head, bytes(spoilt))


def version_1(tbs: Tbs) -> Tbs:
    """An X.509 version 1 certificate: no extensions."""
    return dataclasses.replace(tbs, version=b"", extensions=())


def empty_issuer(tbs: Tbs) -> Tbs:
    """An issuer name without any attribute."""
    return dataclasses.replace(tbs, issuer=tlv(SEQUENCE))


def empty_subject(tbs: Tbs) -> Tbs:
    """A subject name without any attribute."""
    return dataclasses.replace(tbs, subject=tlv(SEQUENCE))


def negative_serial(tbs: Tbs) -> Tbs:
    """A serial number below zero."""
    return dataclasses.replace(tbs, serial=tlv(INTEGER, b"\xff\x01"))


def issuer_named(name: x509.Name) -> Edit:
    """An edit that claims another issuer name than the signer's."""
    return lambda tbs: dataclasses.replace(tbs, issuer=name.public_bytes())


def public_key_of(key: PrivateKey) -> Edit:
    """An edit that puts another public key in."""
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return lambda tbs: dataclasses.replace(tbs, public_key=spki)


def pss_only(element: bytes) -> bytes:
    """A SubjectPublicKeyInfo or PKCS #8 key with its algorithm changed from RSA to RSASSA-PSS (RFC 4055)."""
    rsa_encryption = tlv(SEQUENCE, oid("1.2.840.113549.1.1.1"), NULL)
    pss = tlv(SEQUENCE, oid("1.2.840.113549.1.1.10"))
    parts = (pss if part == rsa_encryption else part for part in split(inside(element)))
    return tlv(SEQUENCE, *parts)


def pss_public_key(tbs: Tbs) -> Tbs:
    """A public key that may sign with RSASSA-PSS only."""
    return dataclasses.replace(tbs, public_key=pss_only(tbs.public_key))


def add_extension(dotted: str, value: bytes, *, critical: bool = False) -> Edit:
    """An edit that appends an extension with any bytes as its value."""
    flag = tlv(BOOLEAN, b"\xff") if critical else b""
    extension = tlv(SEQUENCE, oid(dotted), flag, tlv(OCTET_STRING, value))
    return lambda tbs: dataclasses.replace(tbs, extensions=(*tbs.extensions, extension))


def spoil_extension(dotted: str, value: bytes = b"\x30\x7f\x82\x01") -> Edit:
    """An edit that replaces an extension's value with bytes that do not parse (by default)."""

    def edit(tbs: Tbs) -> Tbs:
        kept = tuple(one for one in tbs.extensions if oid(dotted) not in one)
        return add_extension(dotted, value)(dataclasses.replace(tbs, extensions=kept))

    return edit


def duplicate_extension(dotted: str) -> Edit:
    """An edit that repeats an extension, which RFC 5280 section 4.2 forbids."""

    def edit(tbs: Tbs) -> Tbs:
        twice = tuple(one for one in tbs.extensions if oid(dotted) in one)
        return dataclasses.replace(tbs, extensions=(*tbs.extensions, *twice))

    return edit
