"""Name constraints (RFC 5280 section 4.2.1.10) with OpenSSL's reading of every kind of name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sslwhy.causes.verify_codes import VerifyCode
from sslwhy.facts import der
from sslwhy.facts.names import COMMON_NAME, EMAIL_ADDRESS, SMTP_UTF8_MAILBOX, GeneralName


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.facts.certificate import Certificate
    from sslwhy.facts.extension_values import NameConstraints, Subtree

NAME_CHECK_MAX = 1 << 20
"""Names times subtrees that OpenSSL is willing to compare."""

_OK = VerifyCode.OK
_OUTSIDE = VerifyCode.PERMITTED_VIOLATION
_BAD_NAME = VerifyCode.UNSUPPORTED_NAME_SYNTAX
_HOST = re.compile(rb"[0-9A-Za-z_.-]+")
_URI = re.compile(rb"[^:]*://(.*)", re.DOTALL)


def violation(
    certificate: Certificate, constraints: NameConstraints, *, with_common_names: bool
) -> tuple[VerifyCode, str] | None:
    """Return the first name that breaks the constraints: the code and the name, or ``None``.

    Args:
        certificate: the certificate whose names are checked.
        constraints: those of a certificate above it.
        with_common_names: whether common names that look like host names count as DNS names.
    """
    size = certificate.subject_name.size + len(certificate.extensions.subject_alt_name or ())
    if size and len(constraints.permitted) + len(constraints.excluded) > NAME_CHECK_MAX // size:
        return VerifyCode.UNSPECIFIED, f"{size} names"
    for name in _names(certificate, with_common_names=with_common_names):
        code = _BAD_NAME if name is None else _match(name, constraints)
        if code is not _OK:
            return code, name.text if name is not None else "a name of a wrong string type"
    return None


def _names(certificate: Certificate, *, with_common_names: bool) -> Iterator[GeneralName | None]:
    subject = certificate.subject_name
    if subject:
        yield GeneralName("directory", b"", subject)
    for attribute in subject.values(EMAIL_ADDRESS):
        yield GeneralName("email", attribute.content) if attribute.tag == der.IA5_STRING else None
    names = certificate.extensions.subject_alt_name or ()
    yield from names
    if with_common_names and not any(name.kind == "dns" for name in names):
        for attribute in subject.values(COMMON_NAME):
            yield from _host_name(attribute.text)


def _host_name(text: str) -> Iterator[GeneralName | None]:
    octets = text.encode("utf-8").rstrip(b"\0")
    if b"\0" in octets:
        yield None
    elif _looks_like_host(octets):
        yield GeneralName("dns", octets)


def _looks_like_host(octets: bytes) -> bool:
    # Two labels at least; no dot or hyphen at either end, none of them beside a dot.
    if b"." not in octets or not _HOST.fullmatch(octets):
        return False
    if octets[:1] in {b".", b"-"} or octets[-1:] in {b".", b"-"}:
        return False
    return not any(pair in octets for pair in (b"..", b"-.", b".-"))


def _effective(name: GeneralName) -> str:
    mailbox = name.kind == "other" and name.other_type == SMTP_UTF8_MAILBOX
    return "email" if mailbox else name.kind


def _match(name: GeneralName, constraints: NameConstraints) -> VerifyCode:
    inside: bool | None = None
    for subtree in _of_kind(name, constraints.permitted):
        if not subtree.plain:
            return VerifyCode.SUBTREE_MINMAX
        if inside:
            continue
        code = _within(name, subtree.base)
        if code not in {_OK, _OUTSIDE}:
            return code
        inside = code is _OK
    if inside is False:
        return _OUTSIDE
    for subtree in _of_kind(name, constraints.excluded):
        if not subtree.plain:
            return VerifyCode.SUBTREE_MINMAX
        code = _within(name, subtree.base)
        if code is not _OUTSIDE:
            return VerifyCode.EXCLUDED_VIOLATION if code is _OK else code
    return _OK


def _of_kind(name: GeneralName, subtrees: tuple[Subtree, ...]) -> Iterator[Subtree]:
    kind = _effective(name)
    for subtree in subtrees:
        if subtree.base.kind == kind and (kind != "other" or subtree.base.other_type == name.other_type):
            yield subtree


def _within(name: GeneralName, base: GeneralName) -> VerifyCode:
    if name.kind == "other":
        return _mailbox(name, base.content) if _effective(name) == "email" else _unsupported()
    if name.kind == "directory":
        return _directory(name, base)
    if name.kind == "dns":
        return _dns(name.content.lower(), base.content.lower())
    if name.kind == "email":
        return _email(name.content, base.content)
    if name.kind == "uri":
        return _uri(name.content, base.content.lower())
    if name.kind == "ip":
        return _ip(name.content, base.content)
    return _unsupported()


def _unsupported() -> VerifyCode:
    return VerifyCode.UNSUPPORTED_CONSTRAINT_TYPE


def _verdict(*, inside: bool) -> VerifyCode:
    return _OK if inside else _OUTSIDE


def _directory(name: GeneralName, base: GeneralName) -> VerifyCode:
    if name.name is None or base.name is None:
        return _unsupported()
    return _verdict(inside=name.name.canonical.startswith(base.name.canonical))


def _dns(name: bytes, base: bytes) -> VerifyCode:
    if not base:
        return _OK
    whole = len(name) == len(base) or base[:1] == b"." or name[: -len(base)][-1:] == b"."
    return _verdict(inside=whole and name.endswith(base))


def _email(name: bytes, base: bytes) -> VerifyCode:
    local, at, host = name.rpartition(b"@")
    if not at:
        return _BAD_NAME
    wanted_local, wanted_at, wanted_host = base.rpartition(b"@")
    if not wanted_at and base[:1] == b".":
        return _verdict(inside=len(name) > len(base) and name.lower().endswith(base.lower()))
    if wanted_at and wanted_local:
        if len(local) != len(wanted_local):
            return _OUTSIDE
        if b"\0" in local or b"\0" in wanted_local:
            return _BAD_NAME
        if local != wanted_local:
            return _OUTSIDE
    return _verdict(inside=host.lower() == wanted_host.lower())


def _mailbox(name: GeneralName, base: bytes) -> VerifyCode:
    # RFC 8398 section 6: the base's A-labels are compared as U-labels.
    if b"\0" in base or name.other_tag != der.UTF8_STRING or b"@" not in name.content:
        return _BAD_NAME
    try:
        wanted = base.decode("ascii").encode("ascii").decode("idna").encode("utf-8").lower()
    except UnicodeError:
        return VerifyCode.UNSPECIFIED
    mailbox = name.content.lower()
    if base[:1] == b".":
        return _verdict(inside=len(mailbox) > len(wanted) and mailbox.endswith(wanted))
    return _verdict(inside=mailbox.rpartition(b"@")[2] == wanted)


def _uri(name: bytes, base: bytes) -> VerifyCode:
    found = _URI.match(name)
    rest = found[1].lower() if found else b""
    # A port ends the host; only where there is none does a slash.
    host = rest.partition(b":" if b":" in rest else b"/")[0]
    if not host:
        return _BAD_NAME
    if base[:1] == b".":
        return _verdict(inside=len(host) > len(base) and host.endswith(base))
    return _verdict(inside=host == base)


def _ip(name: bytes, base: bytes) -> VerifyCode:
    if len(name) not in {4, 16} or len(base) not in {8, 32}:
        return _BAD_NAME
    if len(name) * 2 != len(base):
        return _OUTSIDE
    network, mask = base[: len(name)], base[len(name) :]
    same = all((octet ^ other) & bits == 0 for octet, other, bits in zip(name, network, mask, strict=True))
    return _verdict(inside=same)
