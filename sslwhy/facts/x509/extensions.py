"""Certificate extensions (RFC 5280 section 4.2) as OpenSSL caches them before it verifies anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sslwhy.facts.x509 import der
from sslwhy.facts.x509.extension_values import (
    ADDRESS_BLOCKS,
    AS_IDENTIFIERS,
    AUTHORITY_INFO_ACCESS,
    AUTHORITY_KEY_ID,
    BASIC_CONSTRAINTS,
    CRL_DISTRIBUTION_POINTS,
    EXTENDED_KEY_USAGE,
    ISSUER_ALT_NAME,
    KEY_USAGE,
    NAME_CONSTRAINTS,
    NETSCAPE_CERT_TYPE,
    PROXY_CERT_INFO,
    SCT_LIST,
    SUBJECT_ALT_NAME,
    SUBJECT_KEY_ID,
    WORDS,
    AuthorityKeyId,
    BasicConstraints,
    Extensions,
    NameConstraints,
    Subtree,
)
from sslwhy.facts.x509.names import GeneralName, check_relative_name, general_names
from sslwhy.facts.x509.resources import address_blocks, as_identifiers


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_CA_ISSUERS = "1.3.6.1.5.5.7.48.2"
_LONG = 64


def parse_extensions(sequence: Iterable[der.Element]) -> Extensions:
    """Decode extensions; each that OpenSSL cannot read becomes a problem.

    Raises:
        DerError: where not even the list of extensions can be read.
    """
    entries = [_entry(element) for element in sequence]
    values: dict[str, Any] = {}
    problems = []
    for name, (attribute, parse) in _PARSERS.items():
        contents = [content for other, _, content in entries if other == name]
        if len(contents) > 1:
            problems.append(f"{len(contents)} {WORDS[name]} extensions")
        elif contents:
            try:
                values[attribute] = parse(contents[0])
            except der.DerError as error:
                problems.append(f"unreadable {WORDS[name]} extension: {error}")
    present = tuple(name for name, _, _ in entries)
    if "proxy_path_length" in values and _no_proxy(values, present):
        problems.append("a proxy certificate that is a CA or has alternative names")
    values.pop("", None)
    return Extensions(
        present=present,
        critical=frozenset(name for name, critical, _ in entries if critical),
        ca_issuers=_quietly(entries, AUTHORITY_INFO_ACCESS, _ca_issuers),
        sct_times=_quietly(entries, SCT_LIST, _sct_times),
        problems=tuple(problems),
        **values,
    )


def _no_proxy(values: dict[str, Any], present: tuple[str, ...]) -> bool:
    basic = values.get("basic_constraints")
    return (basic is not None and basic.ca) or SUBJECT_ALT_NAME in present or ISSUER_ALT_NAME in present


def _entry(element: der.Element) -> tuple[str, bool, bytes]:
    members = der.elements(der.expect(element, der.SEQUENCE, "extension"))
    if len(members) not in {2, 3}:
        raise der.DerError("an extension of a wrong shape")
    name = der.oid(der.expect(members[0], der.OID, "extension type"))
    critical = len(members) == 3 and der.boolean(der.expect(members[1], der.BOOLEAN, "critical"))
    return name, critical, der.octets(members[-1], "extension value")


def _quietly(
    entries: list[tuple[str, bool, bytes]], name: str, parse: Callable[[bytes], tuple[Any, ...]]
) -> tuple[Any, ...]:
    # OpenSSL never looks at these two while it verifies: what cannot be read is no fault.
    for other, _, content in entries:
        if other == name:
            try:
                return parse(content)
            except (ValueError, IndexError):
                return ()
    return ()


def _basic_constraints(content: bytes) -> BasicConstraints:
    members = der.elements(der.only(content, der.SEQUENCE, "value"))
    ca = bool(members) and members[0].tag == der.BOOLEAN and der.boolean(members.pop(0).content)
    length = der.integer(der.expect(members.pop(0), der.INTEGER, "path length")) if members else None
    if members:
        raise der.DerError("more members than basic constraints have")
    if length is not None and length < 0:
        raise der.DerError("negative path length")
    # ASN1_INTEGER_get gives -1, which means no limit, for what is too large.
    return BasicConstraints(ca, length if length is not None and length.bit_length() < _LONG else None)


def _key_usage(content: bytes) -> int:
    bits = der.bit_string(der.only(content, der.BIT_STRING, "value"))
    usage = int.from_bytes(bits[:2], "little")
    if usage == 0:
        raise der.DerError("no usage is set")
    return usage


def _extended_key_usage(content: bytes) -> tuple[str, ...]:
    members = der.repeated(der.read(content), der.SEQUENCE, "value")
    return tuple(der.oid(der.expect(member, der.OID, "purpose")) for member in members)


def _netscape_cert_type(content: bytes) -> int:
    bits = der.bit_string(der.only(content, der.BIT_STRING, "value"))
    return bits[0] if bits else 0


def _subject_key_id(content: bytes) -> bytes:
    return der.only(content, der.OCTET_STRING, "value")


def _authority_key_id(content: bytes) -> AuthorityKeyId:
    members = _members(content, (0x80, 0xA1, 0x82))
    names = general_names(members[0xA1].content) if 0xA1 in members else ()
    issuer = next((name.name for name in names if name.kind == "directory"), None)
    serial = der.integer(members[0x82].content) if 0x82 in members else None
    return AuthorityKeyId(members[0x80].content if 0x80 in members else None, issuer, serial)


def _members(content: bytes, tags: tuple[int, ...]) -> dict[int, der.Element]:
    return der.optional(der.elements(der.only(content, der.SEQUENCE, "value")), tags, "value")


def _subject_alt_name(content: bytes) -> tuple[GeneralName, ...]:
    return tuple(map(GeneralName.from_element, der.repeated(der.read(content), der.SEQUENCE, "value")))


def _name_constraints(content: bytes) -> NameConstraints:
    members = _members(content, (0xA0, 0xA1))
    permitted, excluded = (
        tuple(_subtree(element) for element in der.elements(members[tag].content)) if tag in members else ()
        for tag in (0xA0, 0xA1)
    )
    return NameConstraints(permitted, excluded)


def _subtree(element: der.Element) -> Subtree:
    base, *rest = der.elements(der.expect(element, der.SEQUENCE, "subtree")) or [der.Element(0, b"", b"")]
    limits = {tag: der.integer(limit.content) for tag, limit in der.optional(rest, (0x80, 0x81), "subtree").items()}
    return Subtree(GeneralName.from_element(base), plain=limits in ({}, {0x80: 0}))


def _crl_distribution_points(content: bytes) -> None:
    for point in der.repeated(der.read(content), der.SEQUENCE, "value"):
        parts = der.elements(der.expect(point, der.SEQUENCE, "point"))
        members = der.optional(parts, (0xA0, 0x81, 0xA2), "a distribution point")
        issuers = general_names(members[0xA2].content) if 0xA2 in members else ()
        if 0xA0 not in members and not issuers:
            raise der.DerError("a distribution point without a name")
        if 0x81 in members:
            der.bit_string(members[0x81].content)
        if 0xA0 in members:
            _check_point_name(der.single(members[0xA0], "a distribution point's name"))


def _check_point_name(name: der.Element) -> None:
    if name.tag in {0x80, 0xA0}:
        general_names(name.content)
    elif name.tag in {0x81, 0xA1}:
        check_relative_name(name.content)
    else:
        raise der.DerError("a distribution point's name of an unknown tag")


def _proxy_cert_info(content: bytes) -> int:
    members = der.elements(der.only(content, der.SEQUENCE, "value"))
    length = der.integer(members.pop(0).content) if members and members[0].tag == der.INTEGER else -1
    if len(members) != 1:
        raise der.DerError("no proxy policy")
    language, *policy = der.elements(der.expect(members[0], der.SEQUENCE, "proxy policy")) or [members[0]]
    der.oid(der.expect(language, der.OID, "policy language"))
    for part in policy:
        der.octets(part, "policy")
    if len(policy) > 1:
        raise der.DerError("a proxy policy of a wrong shape")
    return length


def _ca_issuers(content: bytes) -> tuple[str, ...]:
    addresses = []
    for access in der.elements(der.only(content, der.SEQUENCE, "value")):
        method, location = der.elements(access.content)[:2]
        if der.oid(method.content) == _CA_ISSUERS and location.tag == 0x86:
            addresses.append(location.content.decode("latin-1"))
    return tuple(addresses)


def _sct_times(content: bytes) -> tuple[int, ...]:
    listed = der.only(content, der.OCTET_STRING, "value")
    at, times = 2, []
    while at + 2 <= len(listed):
        size = int.from_bytes(listed[at : at + 2], "big")
        # Version (1 octet) and log id (32) come before the timestamp (8).
        times.append(int.from_bytes(listed[at + 35 : at + 43], "big"))
        at += 2 + size
    return tuple(times)


# In the order in which OpenSSL caches them (v3_purp.c).
_PARSERS: dict[str, tuple[str, Callable[[bytes], object]]] = {
    BASIC_CONSTRAINTS: ("basic_constraints", _basic_constraints),
    PROXY_CERT_INFO: ("proxy_path_length", _proxy_cert_info),
    KEY_USAGE: ("key_usage", _key_usage),
    EXTENDED_KEY_USAGE: ("extended_key_usage", _extended_key_usage),
    NETSCAPE_CERT_TYPE: ("netscape_cert_type", _netscape_cert_type),
    SUBJECT_KEY_ID: ("subject_key_id", _subject_key_id),
    AUTHORITY_KEY_ID: ("authority_key_id", _authority_key_id),
    SUBJECT_ALT_NAME: ("subject_alt_name", _subject_alt_name),
    NAME_CONSTRAINTS: ("name_constraints", _name_constraints),
    CRL_DISTRIBUTION_POINTS: ("", _crl_distribution_points),
    ADDRESS_BLOCKS: ("address_blocks", address_blocks),
    AS_IDENTIFIERS: ("as_identifiers", as_identifiers),
}
