"""Names in certificates: distinguished names (RFC 5280 section 4.1.2.4) and general names (section 4.2.1.6)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal

from sslwhy.facts.x509 import der


COMMON_NAME = "2.5.4.3"
EMAIL_ADDRESS = "1.2.840.113549.1.9.1"
SMTP_UTF8_MAILBOX = "1.3.6.1.5.5.7.8.9"

_SHORT = {
    COMMON_NAME: "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.42": "GN",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    EMAIL_ADDRESS: "emailAddress",
}
# The string types that OpenSSL folds before it compares (x_name.c, ASN1_MASK_CANON).
_FOLDED = frozenset(
    {
        der.UTF8_STRING,
        der.BMP_STRING,
        der.UNIVERSAL_STRING,
        der.PRINTABLE_STRING,
        der.T61_STRING,
        der.IA5_STRING,
        der.VISIBLE_STRING,
    }
)
# What OpenSSL takes as an attribute's value: universal types of the ASN1_PRINTABLE mask.
_VALUES = frozenset({3, 7, 8, 9, *range(11, 16), 18, 19, 20, 22, 28, 29, 30})
_DIRECTORY_STRINGS = frozenset(
    {der.UTF8_STRING, der.BMP_STRING, der.UNIVERSAL_STRING, der.PRINTABLE_STRING, der.T61_STRING}
)
_SPACES = re.compile(rb"[ \t\n\v\f\r]+")
_SPECIAL = str.maketrans({character: "\\" + character for character in ',+"\\<>;='})

GeneralNameKind = Literal["other", "email", "dns", "x400", "directory", "edi", "uri", "ip", "registered"]
_KINDS: dict[int, GeneralNameKind] = {
    0xA0: "other",
    0x81: "email",
    0x82: "dns",
    0xA3: "x400",
    0xA4: "directory",
    0xA5: "edi",
    0x86: "uri",
    0x87: "ip",
    0x88: "registered",
}
_STRINGS_IN_PIECES = frozenset({0xA1, 0xA2, 0xA6, 0xA7})


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a distinguished name.

    Attributes:
        oid: its type, dotted.
        tag: the string type's tag.
        content: the string's octets.
    """

    oid: str
    tag: int
    content: bytes

    @property
    def text(self) -> str:
        """Return the value as text; what is no character string is shown as hex (RFC 4514 section 2.4)."""
        try:
            return der.text(self.tag, self.content)
        except der.DerError:
            return "#" + self.content.hex()


@dataclass(frozen=True, slots=True)
class DistinguishedName:
    """A subject or issuer.

    Attributes:
        rdns: the relative distinguished names, in encoded order.
        canonical: the octets by which OpenSSL compares names: case and white space folded, string types unified.
    """

    rdns: tuple[tuple[Attribute, ...], ...] = ()
    canonical: bytes = b""

    @classmethod
    def from_element(cls, element: der.Element) -> DistinguishedName:
        """Decode an RDNSequence.

        Raises:
            DerError: where OpenSSL could not read the name.
        """
        rdns, canonical = [], []
        for rdn in der.repeated(element, der.SEQUENCE, "name"):
            members = [_attribute(member) for member in der.repeated(rdn, der.SET, "relative name")]
            if members:
                rdns.append(tuple(attribute for attribute, _ in members))
                canonical.append(_encoded(der.SET, b"".join(sorted((folded for _, folded in members)))))
        return cls(tuple(rdns), b"".join(canonical))

    def __bool__(self) -> bool:
        """Return whether the name holds any attribute."""
        return bool(self.rdns)

    def __str__(self) -> str:
        """Return RFC 4514 text, raw: whoever prints it must clean it."""
        return ",".join("+".join(_shown(attribute) for attribute in rdn) for rdn in reversed(self.rdns))

    def values(self, oid: str) -> tuple[Attribute, ...]:
        """Return all attributes of one type, in encoded order."""
        return tuple(attribute for rdn in self.rdns for attribute in rdn if attribute.oid == oid)

    @property
    def size(self) -> int:
        """Return the number of attributes (``X509_NAME_entry_count``)."""
        return sum(len(rdn) for rdn in self.rdns)


def _attribute(element: der.Element) -> tuple[Attribute, bytes]:
    kind, value = _kind_and_value(element)
    attribute = Attribute(der.oid(kind.content), value.tag, value.content)
    return attribute, _encoded(der.SEQUENCE, kind.raw + _folded(value))


def _kind_and_value(element: der.Element) -> tuple[der.Element, der.Element]:
    members = der.elements(der.expect(element, der.SEQUENCE, "name attribute"))
    if len(members) != 2:
        raise der.DerError("a name attribute is not a type and a value")
    kind, value = members
    if value.tag != der.SEQUENCE and value.tag not in _VALUES:
        raise der.DerError(f"a name attribute's value has tag 0x{value.tag:02x}")
    der.check_any(value)
    der.oid(der.expect(kind, der.OID, "attribute type"))
    return kind, value


def check_relative_name(content: bytes) -> None:
    """Check the contents of a RelativeDistinguishedName.

    Raises:
        DerError: where OpenSSL could not read it.
    """
    for element in der.elements(content):
        _kind_and_value(element)


def _folded(value: der.Element) -> bytes:
    if value.tag not in _FOLDED:
        return value.raw
    characters = der.text(value.tag, value.content).encode("utf-8")
    # bytes.lower() touches ASCII letters only, as OpenSSL's comparison does.
    return _encoded(der.UTF8_STRING, _SPACES.sub(b" ", characters).strip(b" ").lower())


def _encoded(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _shown(attribute: Attribute) -> str:
    return f"{_SHORT.get(attribute.oid, attribute.oid)}={attribute.text.translate(_SPECIAL)}"


@dataclass(frozen=True, slots=True)
class GeneralName:
    """One presented identifier or subtree base.

    Attributes:
        kind: which choice.
        content: the octets of a string or address; the whole encoding of the other choices.
        name: the directory name, where it is one.
        other_type: the type of an otherName, dotted.
        other_tag: the tag of an otherName's value.
    """

    kind: GeneralNameKind
    content: bytes
    name: DistinguishedName | None = None
    other_type: str | None = None
    other_tag: int = 0

    @classmethod
    def from_element(cls, element: der.Element) -> GeneralName:
        """Decode one GeneralName.

        Raises:
            DerError: where OpenSSL could not read it.
        """
        kind = _KINDS.get(element.tag)
        if element.tag in _STRINGS_IN_PIECES:
            kind = _KINDS[element.tag - der.CONSTRUCTED]
            return cls(kind, der.joined(element))
        if kind is None:
            raise der.DerError(f"general name with tag 0x{element.tag:02x}")
        if kind == "other":
            return cls._other(element)
        if kind == "directory":
            return cls(kind, element.content, DistinguishedName.from_element(der.single(element, "a name")))
        if kind == "registered":
            return cls(kind, element.content, other_type=der.oid(element.content))
        if kind == "edi":
            _check_edi(element.content)
        return cls(kind, element.content)

    @classmethod
    def _other(cls, element: der.Element) -> GeneralName:
        members = der.elements(element.content)
        if len(members) != 2:
            raise der.DerError("an otherName is not a type and a value")
        der.expect(members[1], 0xA0, "otherName value")
        value = der.single(members[1], "otherName value")
        der.check_any(value)
        kind = der.oid(der.expect(members[0], der.OID, "otherName type"))
        return cls("other", value.content, other_type=kind, other_tag=value.tag)

    @property
    def text(self) -> str:
        """Return the name as text, raw: whoever prints it must clean it."""
        if self.kind == "ip":
            return _address(self.content)
        if self.kind == "directory":
            return str(self.name)
        if self.kind in {"email", "dns", "uri"}:
            return self.content.decode("latin-1")
        return f"{self.other_type or self.kind}"


def _check_edi(content: bytes) -> None:
    parts = der.optional(der.elements(content), (0xA0, 0xA1), "an ediPartyName")
    if 0xA1 not in parts:
        raise der.DerError("an ediPartyName without a party")
    for part in parts.values():
        value = der.single(part, "an ediPartyName")
        if value.tag not in _DIRECTORY_STRINGS:
            raise der.DerError("an ediPartyName of a wrong string type")
        der.check_any(value)


def _address(content: bytes) -> str:
    try:
        return str(ipaddress.ip_address(content))
    except ValueError:
        return "#" + content.hex()


def general_names(content: bytes) -> tuple[GeneralName, ...]:
    """Decode the contents of a GeneralNames sequence.

    Raises:
        DerError: where OpenSSL could not read it.
    """
    return tuple(GeneralName.from_element(element) for element in der.elements(content))
