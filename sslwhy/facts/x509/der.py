"""Read DER (X.690) as leniently as OpenSSL does, and no more leniently: the ground that certificates stand on.

``cryptography`` refuses many certificates that OpenSSL accepts (a negative serial number, a duplicate extension, an
unknown version), and a diagnosis must read exactly what OpenSSL read. Only definite lengths are understood.
"""

from __future__ import annotations

import re
from typing import NamedTuple


BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
NULL = 0x05
OID = 0x06
ENUMERATED = 0x0A
UTF8_STRING = 0x0C
PRINTABLE_STRING = 0x13
T61_STRING = 0x14
IA5_STRING = 0x16
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18
VISIBLE_STRING = 0x1A
UNIVERSAL_STRING = 0x1C
BMP_STRING = 0x1E
CONSTRUCTED = 0x20
SEQUENCE = 0x30
SET = 0x31

_WRONG_FORM = {tag ^ CONSTRUCTED for tag in (BOOLEAN, INTEGER, NULL, OID, ENUMERATED, SEQUENCE, SET)}
_WIDTHS = {BMP_STRING: 2, UNIVERSAL_STRING: 4}
_END_OF_CONTENTS = b"\0\0"
_NOT_UNIVERSAL = 0x40
_HIGH_TAG = 0x1F
_PADDED_ARC = re.compile(rb"[\x00-\x7f]\x80")
_LARGEST_TAG = 0x7FFFFFFF
_LONG_LENGTH = 0x80
_MAX_NESTING = 7
_LONG_OID = 128


class DerError(ValueError):
    """The bytes are not what they should be; the text says what is wrong, lower case."""


class Element(NamedTuple):
    """One encoded value.

    Attributes:
        tag: the identifier octet; tags above 30 are folded into one integer above 255.
        content: the contents octets.
        raw: identifier, length and contents.
    """

    tag: int
    content: bytes
    raw: bytes


def elements(data: bytes) -> list[Element]:
    """Split the contents of a constructed value into its elements.

    Raises:
        DerError: if the bytes do not divide into whole elements.
    """
    found, at = [], 0
    while at < len(data):
        element = read(data, at)
        if element.raw[:2] == _END_OF_CONTENTS:
            raise DerError("an end of contents where there is none")
        found.append(element)
        at += len(element.raw)
    return found


def read(data: bytes, at: int = 0) -> Element:
    """Read one element at an offset; what follows it is left alone.

    Raises:
        DerError: if there is no whole element.
    """
    try:
        tag, position = data[at], at + 1
        if tag & _HIGH_TAG == _HIGH_TAG:
            tag, position = _high_tag(data, tag, position)
        length = data[position]
        position += 1
        if length >= _LONG_LENGTH:
            length, position = _long_length(data, length, position)
    except IndexError:
        raise DerError("truncated") from None
    stop = position + length
    if stop > len(data):
        raise DerError("truncated")
    return Element(tag, data[position:stop], data[at:stop])


def _high_tag(data: bytes, first: int, position: int) -> tuple[int, int]:
    number = 0
    while True:
        octet = data[position]
        position += 1
        number = number << 7 | octet & 0x7F
        if number > _LARGEST_TAG:
            raise DerError("a tag that is too large")
        if octet < _LONG_LENGTH:
            # A small number in the long form is still that number to OpenSSL.
            return (first << 32 if number >= _HIGH_TAG else first & ~_HIGH_TAG) | number, position


def _long_length(data: bytes, first: int, position: int) -> tuple[int, int]:
    size = first - _LONG_LENGTH
    if size == 0:
        raise DerError("indefinite length")
    # OpenSSL 3.0 wants an octet behind a length written this way, even where it is zero.
    if position + size >= len(data):
        raise DerError("truncated")
    return int.from_bytes(data[position : position + size], "big"), position + size


def only(data: bytes, tag: int, what: str) -> bytes:
    """Return the contents of the first element, which must have the tag; trailing bytes are ignored, as OpenSSL does.

    Raises:
        DerError: if the first element is another one.
    """
    return expect(read(data), tag, what)


def expect(element: Element, tag: int, what: str) -> bytes:
    """Return an element's contents if it has the tag.

    Raises:
        DerError: if it has another one.
    """
    if element.tag != tag:
        raise DerError(f"{what} has tag 0x{element.tag:02x}")
    return element.content


def single(outer: Element, what: str) -> Element:
    """Return the one element that an explicit tag holds (X.690 section 8.14); nothing may follow it.

    Raises:
        DerError: if there is none, or more than one.
    """
    element = read(outer.content)
    if not outer.tag & CONSTRUCTED or len(element.raw) != len(outer.content):
        raise DerError(f"{what} is not one element in an explicit tag")
    return element


def repeated(element: Element, tag: int, what: str) -> list[Element]:
    """Split a SEQUENCE OF or SET OF; OpenSSL does not ask for the bit that marks it as constructed.

    Raises:
        DerError: if the element has another tag, or does not divide into whole elements.
    """
    if element.tag | CONSTRUCTED != tag | CONSTRUCTED:
        raise DerError(f"{what} has tag 0x{element.tag:02x}")
    return elements(element.content)


def optional(members: list[Element], tags: tuple[int, ...], what: str) -> dict[int, Element]:
    """Return optional members by tag; they must come in the order of their tags, each once at most.

    Raises:
        DerError: if there is a member of another tag, a second one of the same, or one out of order.
    """
    found = {}
    for member in members:
        # As with SEQUENCE OF, the bit for constructed may be lacking.
        tag = member.tag if member.tag in tags else member.tag | CONSTRUCTED
        if tag not in tags:
            raise DerError(f"{what} holds a member that does not belong there")
        tags = tags[tags.index(tag) + 1 :]
        found[tag] = member
    return found


def integer(content: bytes) -> int:
    """Decode the contents of an INTEGER.

    Raises:
        DerError: if it is empty or padded (X.690 section 8.3.2).
    """
    if not content:
        raise DerError("empty integer")
    if len(content) > 1 and (content[0], content[1] >> 7) in {(0x00, 0), (0xFF, 1)}:
        raise DerError("padded integer")
    return int.from_bytes(content, "big", signed=True)


def boolean(content: bytes) -> bool:
    """Decode the contents of a BOOLEAN; any octet but zero is true.

    Raises:
        DerError: if it is not one octet long.
    """
    if len(content) != 1:
        raise DerError("boolean of a wrong length")
    return content != b"\0"


def bit_string(content: bytes) -> bytes:
    """Decode the contents of a BIT STRING into octets, unused bits cleared.

    Raises:
        DerError: if the count of unused bits is absent or above 7.
    """
    if not content or content[0] > 7:
        raise DerError("bit string with a bad count of unused bits")
    octets = content[1:]
    return octets[:-1] + bytes((octets[-1] & (0xFF << content[0]) & 0xFF,)) if octets else b""


def octets(element: Element, what: str) -> bytes:
    """Return the contents of an OCTET STRING, which may come in pieces (X.690 section 8.7.3).

    Raises:
        DerError: if it is something else.
    """
    if element.tag != OCTET_STRING | CONSTRUCTED:
        return expect(element, OCTET_STRING, what)
    return joined(element)


def joined(element: Element, depth: int = _MAX_NESTING) -> bytes:
    """Return the octets of a string that may come in pieces (ASN1_MAX_STRING_NEST); their tags do not matter."""
    if depth == 0 or element.tag == 0:
        raise DerError("a string in pieces that are none")
    if not element.tag & CONSTRUCTED:
        return element.content
    return b"".join(joined(piece, depth - 1) for piece in elements(element.content))


def oid(content: bytes) -> str:
    """Decode the contents of an OBJECT IDENTIFIER into dotted decimals, or hex if it is absurdly long.

    Raises:
        DerError: if it is empty, cut short or padded.
    """
    if not content or content[-1] >= _LONG_LENGTH:
        raise DerError("malformed object identifier")
    if content[0] == _LONG_LENGTH or _PADDED_ARC.search(content):
        raise DerError("padded object identifier")
    if len(content) > _LONG_OID:
        return "#" + content.hex()
    arcs, value = [], 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if octet < _LONG_LENGTH:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (first, arcs[0] - 40 * first, *arcs[1:]))


def text(tag: int, content: bytes) -> str:
    """Decode a character string as OpenSSL converts it to UTF-8: every 8-bit type but UTF8String is Latin-1.

    Raises:
        DerError: if the octets are not characters of that type.
    """
    codec = {UTF8_STRING: "utf-8", BMP_STRING: "utf-16-be", UNIVERSAL_STRING: "utf-32-be"}.get(tag, "latin-1")
    try:
        return content.decode(codec)
    except UnicodeDecodeError:
        raise DerError("a string holds octets that are no characters") from None


def check_any(element: Element) -> None:
    """Check the contents of a value of any type as far as OpenSSL does while it reads one.

    Raises:
        DerError: if the contents do not fit the type.
    """
    tag, content = element.tag, element.content
    if tag in _WRONG_FORM:
        raise DerError("a value that is constructed and must not be, or the other way round")
    if tag < _NOT_UNIVERSAL and tag & CONSTRUCTED and tag not in {SEQUENCE, SET}:
        tag, content = tag - CONSTRUCTED, joined(element)
    if tag == OID:
        oid(content)
    elif tag in {INTEGER, ENUMERATED}:
        integer(content)
    elif tag == BOOLEAN:
        boolean(content)
    elif tag == BIT_STRING:
        bit_string(content)
    elif (tag == NULL and content) or len(content) % _WIDTHS.get(tag, 1):
        raise DerError("a value of a wrong length")
