"""A certificate in the making: any field, extension and signature can be made wrong before it is signed."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from support import der, keys


if TYPE_CHECKING:
    from sslwhy.demo.pki import PrivateKey

HOST = "api.example.com"
DAY = dt.timedelta(days=1)

BC, KU, EKU, SKI, AKI, SAN, NC, CRLDP = (f"2.5.29.{n}" for n in (19, 15, 37, 14, 35, 17, 30, 31))
NETSCAPE = "2.16.840.1.113730.1.1"
UNKNOWN = "1.3.6.1.4.1.55555.1"
_NAMES = {"CN": "2.5.4.3", "O": "2.5.4.10", "C": "2.5.4.6", "E": "1.2.840.113549.1.9.1"}


def name(*attributes: tuple[str, str], tag: int = 0x0C) -> bytes:
    """A distinguished name, one attribute per RDN."""
    rdns = [
        der.tlv(
            0x31,
            der.tlv(der.SEQUENCE, der.oid(_NAMES[kind]), der.tlv(0x16 if kind == "E" else tag, text.encode("latin-1"))),
        )
        for kind, text in attributes
    ]
    return der.tlv(der.SEQUENCE, *rdns)


def bits(value: int, unused: int | None = None) -> bytes:
    """A BIT STRING of one octet."""
    spare = (value & -value).bit_length() - 1 if value else 0
    return der.tlv(der.BIT_STRING, bytes([spare if unused is None else unused, value]))


def basic(*, ca: bool | None = None, length: int | None = None) -> bytes:
    """Basic constraints."""
    flag = b"" if ca is None else der.tlv(der.BOOLEAN, b"\xff" if ca else b"\0")
    limit = b"" if length is None else der.tlv(der.INTEGER, length.to_bytes(1, "big", signed=True))
    return der.tlv(der.SEQUENCE, flag, limit)


def dns(*names: str) -> bytes:
    """A SAN of DNS names."""
    return der.tlv(der.SEQUENCE, *(der.tlv(0x82, one.encode("latin-1")) for one in names))


def key_id(key: PrivateKey) -> bytes:
    """A key identifier: any stable octets will do."""
    return subject_public_key(key)[-20:]


@functools.lru_cache(maxsize=512)
def subject_public_key(key: PrivateKey) -> bytes:
    """A key's SubjectPublicKeyInfo."""
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@functools.cache
def pool(kind: str, number: int = 6) -> tuple[PrivateKey, ...]:
    """Some keys of a kind, made once."""
    if kind == "p192":
        return tuple(ec.generate_private_key(ec.SECP192R1()) for _ in range(number))
    return tuple(keys.new(kind) for _ in range(number))


@dataclass
class Odd:
    """A certificate in the making."""

    subject: bytes
    key: PrivateKey
    issuer_name: bytes
    issuer_key: PrivateKey
    before: str
    after: str
    extensions: dict[str, tuple[bool, bytes]] = field(default_factory=dict)
    more: list[tuple[str, bool, bytes]] = field(default_factory=list)
    version: int = 2
    serial: bytes = b"\x10\x01"
    digest: str = "sha256"
    inner_digest: str | None = None
    spki: bytes | None = None
    broken: bool = False

    def encode(self) -> bytes:
        """Sign it."""
        listed = [(oid, *rest) for oid, rest in self.extensions.items()] + self.more
        tbs = der.Tbs(
            version=der.tlv(0xA0, der.tlv(der.INTEGER, bytes([self.version]))) if self.version else b"",
            serial=der.tlv(der.INTEGER, self.serial),
            algorithm=b"",
            issuer=self.issuer_name,
            validity=der.tlv(der.SEQUENCE, _time(self.before), _time(self.after)),
            subject=self.subject,
            public_key=self.spki or subject_public_key(self.key),
            extensions=tuple(_extension(*one) for one in listed),
        )
        encoding = der.sign(tbs, self.issuer_key, self._digest)
        return der.flip_signature(encoding) if self.broken else encoding

    @property
    def _digest(self) -> str:
        signer = self.issuer_key
        if not isinstance(signer, rsa.RSAPrivateKey):
            return "sha256" if self.digest == "pss" else self.digest.replace("md5", "sha1")
        return "sha256" if signer.key_size < 1024 else self.digest


def _extension(oid: str, critical: bool, value: bytes) -> bytes:
    flag = der.tlv(der.BOOLEAN, b"\xff") if critical else b""
    return der.tlv(der.SEQUENCE, der.oid(oid), flag, der.tlv(der.OCTET_STRING, value))


def _time(text: str) -> bytes:
    return der.tlv(0x17 if len(text) <= 13 else 0x18, text.encode())


def stamp(moment: dt.datetime) -> str:
    """A time as certificates write it."""
    return moment.strftime("%y%m%d%H%M%SZ" if moment.year < 2050 else "%Y%m%d%H%M%SZ")
