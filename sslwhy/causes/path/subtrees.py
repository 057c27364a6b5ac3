"""Name constraint subtrees as keys: thousands of names against hundreds of subtrees without comparing each pair.

OpenSSL compares pair by pair and stops at the first that decides. Here a subtree has one key, and a name the keys of
all subtrees that would hold it. Every subtree keeps its place in OpenSSL's order, so that the same one decides.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, TypeAlias

from sslwhy.causes.verify_codes import VerifyCode
from sslwhy.facts.x509 import der
from sslwhy.facts.x509.names import SMTP_UTF8_MAILBOX, GeneralName


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sslwhy.facts.x509.extension_values import Subtree

_URI = re.compile(rb"[^:]*://(.*)", re.DOTALL)
NEVER = 1 << 62
"""A place behind all others."""

Shape: TypeAlias = "tuple[int, int]"
"""What a name's keys depend on besides the name: octets and mask of an IP network."""

Key: TypeAlias = "bytes | int"
"""What subtree and name have in common where the subtree holds the name."""

_ANY: Shape = (0, 0)


class BadNameError(ValueError):
    """A name is written in a way that OpenSSL does not compare (``X509_V_ERR_UNSUPPORTED_NAME_SYNTAX``)."""


def _digests(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a digest of the first part, of the first two and so on: keys of a fixed size, however long the name."""
    state = hashlib.sha256()
    for part in parts:
        state.update(len(part).to_bytes(4, "big") + part)
        yield state.digest()


def _domain(text: bytes) -> bytes:
    """Return the key of a domain, which may begin with a dot."""
    *_, whole = _digests(reversed(text.removeprefix(b".").split(b".")))
    return b"." + whole if text[:1] == b"." else whole


def _parents(text: bytes) -> Iterator[bytes]:
    """Yield the keys of the domains with a dot in front that a longer text ends with."""
    labels = text.split(b".")
    for key in _digests(reversed(labels[1:] if labels[0] else labels[2:])):
        yield b"." + key


def _dns_base(base: GeneralName) -> tuple[Shape, bytes]:
    text = base.content.lower()
    return _ANY, _domain(text) if text else b""


def _dns(name: GeneralName, _shape: Shape) -> Iterator[bytes]:
    yield b""
    labels = name.content.lower().split(b".")
    for place, key in enumerate(_digests(reversed(labels)), 1):
        yield key
        if place < len(labels):
            yield b"." + key


def _directory_base(base: GeneralName) -> tuple[Shape, bytes]:
    return _ANY, list(_relative_names(base))[-1]


def _directory(name: GeneralName, _shape: Shape) -> Iterator[bytes]:
    return _relative_names(name)


def _relative_names(name: GeneralName) -> Iterator[bytes]:
    yield b""
    yield from _digests(part.raw for part in der.elements(name.name.canonical if name.name else b""))


def _host(text: bytes) -> bytes:
    return b"@" + text


def _domain_or_host(text: bytes) -> bytes:
    return _domain(text) if text[:1] == b"." else _host(text)


def _uri_base(base: GeneralName) -> tuple[Shape, bytes]:
    return _ANY, _domain_or_host(base.content.lower())


def _uri(name: GeneralName, _shape: Shape) -> Iterator[bytes]:
    found = _URI.match(name.content)
    rest = found[1].lower() if found else b""
    # A port ends the host; only where there is none does a slash.
    host = rest.partition(b":" if b":" in rest else b"/")[0]
    if not host:
        raise BadNameError
    yield _host(host)
    yield from _parents(host)


def _ip_base(base: GeneralName) -> tuple[Shape, Key]:
    size = len(base.content) // 2
    if len(base.content) not in {8, 32}:
        raise BadNameError
    network, mask = (int.from_bytes(half, "big") for half in (base.content[:size], base.content[size:]))
    return (size, mask), network & mask


def _ip(name: GeneralName, shape: Shape) -> Iterator[Key]:
    size, mask = shape
    if len(name.content) not in {4, 16}:
        raise BadNameError
    if len(name.content) == size:
        yield int.from_bytes(name.content, "big") & mask


def _email_base(base: GeneralName) -> tuple[Shape, bytes]:
    local, at, host = base.content.rpartition(b"@")
    if not at:
        return _ANY, _domain_or_host(host.lower())
    return _ANY, local + _host(host.lower())


def _email(name: GeneralName, _shape: Shape) -> Iterator[bytes]:
    local, at, host = name.content.rpartition(b"@")
    if not at:
        raise BadNameError
    yield _host(host.lower())
    yield local + _host(host.lower())
    yield from _parents(name.content.lower())


def _mailbox_base(base: GeneralName) -> tuple[Shape, bytes]:
    """Compare by U-labels (RFC 8398 section 6)."""
    if b"\0" in base.content:
        raise BadNameError
    wanted = base.content.decode("ascii").encode("ascii").decode("idna").encode("utf-8").lower()
    # Where the base begins with a dot OpenSSL puts another before it.
    return _ANY, _domain(b"." + wanted) if base.content[:1] == b"." else _host(wanted)


def _mailbox(name: GeneralName, _shape: Shape) -> Iterator[bytes]:
    mailbox = name.content.lower()
    if name.other_tag != der.UTF8_STRING or b"@" not in mailbox:
        raise BadNameError
    yield _host(mailbox.rpartition(b"@")[2])
    yield from _parents(mailbox)


_KINDS: dict[str, tuple[Callable[[GeneralName], tuple[Shape, Key]], Callable[[GeneralName, Shape], Iterator[Key]]]] = {
    "dns": (_dns_base, _dns),
    "directory": (_directory_base, _directory),
    "uri": (_uri_base, _uri),
    "ip": (_ip_base, _ip),
    "email": (_email_base, _email),
    "mailbox": (_mailbox_base, _mailbox),
}


def kind_of(name: GeneralName) -> str:
    """Return the kind that a name or a subtree's base counts as."""
    if name.kind != "other":
        return name.kind
    return "mailbox" if name.other_type == SMTP_UTF8_MAILBOX else f"other {name.other_type}"


def _key_of(kind: str, base: GeneralName) -> tuple[Shape, Key]:
    if kind not in _KINDS:
        raise BadNameError
    return _KINDS[kind][0](base)


def keys_of(kind: str, name: GeneralName, shape: Shape) -> Iterator[Key]:
    """Yield the keys of all subtrees of one shape that would hold a name.

    Raises:
        BadNameError: if the name cannot be compared.
    """
    return _KINDS[kind][1](name, shape) if kind in _KINDS else iter(())


def decides_octet_by_octet(kind: str, name: GeneralName) -> bool:
    """Return whether a name needs more than its keys: an e-mail address with a NUL before the host."""
    return kind == "email" and b"\0" in name.content.rpartition(b"@")[0]


class Subtrees:
    """One list of subtrees, permitted or excluded, of one kind of name.

    Attributes:
        kind: the kind.
        places: the place of the first subtree, by shape and key.
        bad: the place of the first subtree that cannot be compared, or :data:`NEVER`.
        failure: what OpenSSL reports for that one, or for a name that cannot be compared.
        unplain: the place of the first subtree with limits that RFC 5280 forbids, or :data:`NEVER`.
    """

    def __init__(self, kind: str, subtrees: Iterable[Subtree]) -> None:
        self.kind = kind
        self.places: dict[Shape, dict[Key, int]] = {}
        self.bad = self.unplain = NEVER
        self.failure = VerifyCode.UNSUPPORTED_NAME_SYNTAX if kind in _KINDS else VerifyCode.UNSUPPORTED_CONSTRAINT_TYPE
        self._lengths: dict[int, int] = {}
        self._nul: dict[int, int] = {}
        for place, subtree in enumerate(subtrees):
            self._add(place, subtree)

    @property
    def by_octets(self) -> bool:
        """Return whether some subtree needs more than its key: a mailbox with a NUL before the host."""
        return bool(self._nul)

    def _add(self, place: int, subtree: Subtree) -> None:
        if not subtree.plain:
            self.unplain = min(self.unplain, place)
        try:
            shape, key = _key_of(self.kind, subtree.base)
        except (BadNameError, UnicodeError) as error:
            if self.bad == NEVER:
                self.bad = place
                self.failure = self.failure if isinstance(error, BadNameError) else VerifyCode.UNSPECIFIED
            return
        self.places.setdefault(shape, {}).setdefault(key, place)
        local = subtree.base.content.rpartition(b"@")[0] if self.kind == "email" else b""
        if local:
            self._lengths.setdefault(len(local), place)
            if b"\0" in local:
                self._nul.setdefault(len(local), place)

    def find(self, name: GeneralName) -> int:
        """Return the place of the first subtree that holds the name, or :data:`NEVER`.

        Raises:
            BadNameError: if the name cannot be compared.
        """
        first = NEVER
        for shape, places in (self.places or {_ANY: {}}).items():
            found = (places.get(key, NEVER) for key in keys_of(self.kind, name, shape))
            first = min(first, min(found, default=NEVER))
        if self.kind == "email":
            # Local parts of one length are compared octet by octet, and a NUL among the octets ends it all.
            local = name.content.rpartition(b"@")[0]
            lethal = (self._lengths if b"\0" in local else self._nul).get(len(local), NEVER)
            if lethal <= first and lethal != NEVER:
                raise BadNameError
        return first
