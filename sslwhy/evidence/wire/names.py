"""Distinguished names: DER to RFC 4514 text, without a certificate around them.

A CertificateRequest carries bare names, which the X.509 libraries do not read.
"""

from __future__ import annotations

import re

from sslwhy.evidence.wire.reader import ParseError, Reader


_SEQUENCE, _SET, _OID = 0x30, 0x31, 0x06
_LONG_LENGTH = 0x80
_CONTINUED = 0x80

# RFC 4514 section 3, and the ones that CAs also use.
_ATTRIBUTES = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "SERIALNUMBER",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "T",
    "2.5.4.42": "GN",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
}
# The string types of X.680; TeletexString is read as Latin-1, which is what its writers mean.
_ENCODINGS = {
    0x0C: "utf-8",
    0x12: "ascii",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
_SPECIAL = re.compile(r'([,+"\\<>;]|^[ #]| $)')


def element(reader: Reader, tag: int | None = None) -> tuple[int, bytes]:
    """Read one DER element and return its tag and its content.

    Raises:
        ParseError: it is cut short, its length is not DER, or its tag is not the one asked for.
    """
    found, length = reader.number(1), reader.number(1)
    if length >= _LONG_LENGTH:
        size = length - _LONG_LENGTH
        if not 1 <= size <= 3:
            raise ParseError(f"a DER length of {size} bytes")
        length = reader.number(size)
    if tag is not None and found != tag:
        raise ParseError(f"DER tag 0x{found:02x} where 0x{tag:02x} belongs")
    return found, reader.take(length)


def object_identifier(content: bytes) -> str:
    """Return the dotted text of an OBJECT IDENTIFIER's content.

    Raises:
        ParseError: it is empty, cut short or absurdly long.
    """
    if not content or content[-1] & _CONTINUED or len(content) > 64:
        raise ParseError("not an object identifier")
    arcs, value = [], 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if not byte & _CONTINUED:
            arcs.append(value)
            value = 0
    root = min(arcs[0] // 40, 2)
    return ".".join(map(str, [root, arcs[0] - 40 * root, *arcs[1:]]))


def _attribute(reader: Reader) -> str:
    pair = Reader(element(reader, _SEQUENCE)[1])
    kind = object_identifier(element(pair, _OID)[1])
    tag, content = element(pair)
    encoding = _ENCODINGS.get(tag)
    if encoding is None:
        return f"{_ATTRIBUTES.get(kind, kind)}=#{content.hex()}"
    escaped = _SPECIAL.sub(r"\\\1", content.decode(encoding, "replace"))
    return f"{_ATTRIBUTES.get(kind, kind)}={escaped}"


def rfc4514(der: bytes) -> str:
    """Return a DER-encoded Name as RFC 4514 text, the most specific part first.

    Raises:
        ParseError: it is no Name.
    """
    parts = []
    sequence = Reader(element(Reader(der), _SEQUENCE)[1])
    while sequence.left:
        attributes = Reader(element(sequence, _SET)[1])
        together = []
        while attributes.left:
            together.append(_attribute(attributes))
        parts.append("+".join(together))
    return ",".join(reversed(parts))
