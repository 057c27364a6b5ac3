"""Name constraint subtrees, compiled: hundreds of names against hundreds of subtrees without comparing each pair.

OpenSSL compares pair by pair and stops at the first that decides. Here every subtree keeps its place in that order,
so that the same one decides.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from sslwhy.facts.x509 import der
from sslwhy.facts.x509.names import SMTP_UTF8_MAILBOX, GeneralName


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.facts.x509.extension_values import Subtree

_DOT = ord(".")
_URI = re.compile(rb"[^:]*://(.*)", re.DOTALL)
NEVER = 1 << 62
"""A place behind all others."""


class BadNameError(ValueError):
    """A name is written in a way that OpenSSL does not compare (``X509_V_ERR_UNSUPPORTED_NAME_SYNTAX``)."""


class Matcher(Protocol):
    """The subtrees of one kind of name, in one of the two lists."""

    bad: int
    """The place of the first subtree that cannot be compared, or :data:`NEVER`."""

    def add(self, place: int, base: GeneralName) -> None:
        """Take in one more subtree."""

    def find(self, name: GeneralName) -> int:
        """Return the place of the first subtree that holds the name, or :data:`NEVER`.

        Raises:
            BadNameError: if the name cannot be compared.
        """


class _Ends:
    """Strings by length: finds which of them another string begins or ends with."""

    def __init__(self) -> None:
        self._places: dict[int, dict[bytes, int]] = {}

    def add(self, text: bytes, place: int) -> None:
        self._places.setdefault(len(text), {}).setdefault(text, place)

    def ending(self, text: bytes, *, by_label: bool) -> int:
        """Return the first place of a string that the text ends with.

        Args:
            text: the longer one.
            by_label: whether a string that does not begin with a dot must follow one, or be the whole text; else only
                strings shorter than the text count.
        """
        first = NEVER
        for size, places in self._places.items():
            start = len(text) - size
            if start < 0 or (start == 0 and not by_label):
                continue
            aligned = (
                not by_label or start == 0 or size == 0 or b"." in {text[start : start + 1], text[start - 1 : start]}
            )
            if aligned:
                first = min(first, places.get(text[start:], NEVER))
        return first

    def beginning(self, text: bytes) -> int:
        """Return the first place of a string that the text begins with."""
        return min((places.get(text[:size], NEVER) for size, places in self._places.items()), default=NEVER)


class _Dns:
    bad = NEVER

    def __init__(self) -> None:
        self._ends = _Ends()

    def add(self, place: int, base: GeneralName) -> None:
        self._ends.add(base.content.lower(), place)

    def find(self, name: GeneralName) -> int:
        return self._ends.ending(name.content.lower(), by_label=True)


def dns_bases(name: bytes) -> Iterator[bytes]:
    """Yield the base of every subtree that holds a DNS name, in lower case (:class:`_Dns` compares so)."""
    text = name.lower()
    yield b""
    yield text
    for at, octet in enumerate(text):
        if octet == _DOT:
            yield text[at:]
            yield text[at + 1 :]


class _Directory:
    bad = NEVER

    def __init__(self) -> None:
        self._ends = _Ends()

    def add(self, place: int, base: GeneralName) -> None:
        self._ends.add(base.name.canonical if base.name else b"", place)

    def find(self, name: GeneralName) -> int:
        return self._ends.beginning(name.name.canonical if name.name else b"")


class _Uri:
    bad = NEVER

    def __init__(self) -> None:
        self._domains = _Ends()
        self._hosts: dict[bytes, int] = {}

    def add(self, place: int, base: GeneralName) -> None:
        host = base.content.lower()
        if host[:1] == b".":
            self._domains.add(host, place)
        else:
            self._hosts.setdefault(host, place)

    def find(self, name: GeneralName) -> int:
        found = _URI.match(name.content)
        rest = found[1].lower() if found else b""
        # A port ends the host; only where there is none does a slash.
        host = rest.partition(b":" if b":" in rest else b"/")[0]
        if not host:
            raise BadNameError
        return min(self._hosts.get(host, NEVER), self._domains.ending(host, by_label=False))


class _Ip:
    def __init__(self) -> None:
        self.bad = NEVER
        self._networks: dict[tuple[int, int], dict[int, int]] = {}

    def add(self, place: int, base: GeneralName) -> None:
        size = len(base.content) // 2
        if len(base.content) not in {8, 32}:
            self.bad = min(self.bad, place)
            return
        network, mask = (int.from_bytes(half, "big") for half in (base.content[:size], base.content[size:]))
        self._networks.setdefault((size, mask), {}).setdefault(network & mask, place)

    def find(self, name: GeneralName) -> int:
        if len(name.content) not in {4, 16}:
            raise BadNameError
        address, size = int.from_bytes(name.content, "big"), len(name.content)
        return min(
            (places.get(address & mask, NEVER) for (width, mask), places in self._networks.items() if width == size),
            default=NEVER,
        )


class _Email:
    """Also takes SmtpUTF8Mailbox names, compared by U-labels (RFC 8398 section 6)."""

    bad = NEVER

    def __init__(self) -> None:
        self._domains = _Ends()
        self._hosts: dict[bytes, int] = {}
        self._locals: dict[tuple[bytes, bytes], int] = {}
        self._nul: dict[int, int] = {}
        self._lengths: dict[int, int] = {}
        self._bases: list[tuple[int, bytes]] = []

    def add(self, place: int, base: GeneralName) -> None:
        self._bases.append((place, base.content))
        local, at, host = base.content.rpartition(b"@")
        if not at and base.content[:1] == b".":
            self._domains.add(base.content.lower(), place)
        elif local:
            self._locals.setdefault((local, host.lower()), place)
            self._lengths.setdefault(len(local), place)
            if b"\0" in local:
                self._nul.setdefault(len(local), place)
        else:
            self._hosts.setdefault(host.lower(), place)

    def find(self, name: GeneralName) -> int:
        if name.kind == "other":
            return self._find_mailbox(name)
        local, at, host = name.content.rpartition(b"@")
        if not at:
            raise BadNameError
        first = min(
            self._hosts.get(host.lower(), NEVER),
            self._locals.get((local, host.lower()), NEVER),
            self._domains.ending(name.content.lower(), by_label=False),
        )
        # Local parts of one length are compared octet by octet, and a NUL among the octets ends it all.
        lethal = (self._lengths if b"\0" in local else self._nul).get(len(local), NEVER)
        if lethal <= first and lethal != NEVER:
            raise BadNameError
        return first

    def _find_mailbox(self, name: GeneralName) -> int:
        mailbox = name.content.lower()
        for place, base in self._bases:
            if b"\0" in base or name.other_tag != der.UTF8_STRING or b"@" not in mailbox:
                raise BadNameError
            wanted = base.decode("ascii").encode("ascii").decode("idna").encode("utf-8").lower()
            # Where the base begins with a dot OpenSSL puts another before it.
            host = mailbox.rpartition(b"@")[2]
            inside = mailbox.endswith(b"." + wanted) if base[:1] == b"." else host == wanted
            if inside:
                return place
        return NEVER


class _Unsupported:
    """Kinds that OpenSSL does not compare at all."""

    def __init__(self) -> None:
        self.bad = NEVER

    def add(self, place: int, base: GeneralName) -> None:
        del base
        self.bad = min(self.bad, place)

    def find(self, name: GeneralName) -> int:
        del name
        return NEVER


def kind_of(name: GeneralName) -> str:
    """Return the kind that a name counts as; an SmtpUTF8Mailbox is an e-mail address."""
    if name.kind != "other":
        return name.kind
    return "email" if name.other_type == SMTP_UTF8_MAILBOX else f"other {name.other_type}"


def base_kind(base: GeneralName) -> str:
    """Return the kind of names that a subtree is about."""
    return f"other {base.other_type}" if base.kind == "other" else base.kind


class Subtrees:
    """One list of subtrees, permitted or excluded, of one kind of name."""

    def __init__(self, kind: str) -> None:
        made: dict[str, type[Matcher]] = {
            "dns": _Dns,
            "directory": _Directory,
            "uri": _Uri,
            "ip": _Ip,
            "email": _Email,
        }
        self.comparable = kind in made
        self.matcher: Matcher = made.get(kind, _Unsupported)()
        self.unplain = NEVER
        self.bases: set[bytes] = set()
        self._count = 0

    def add(self, subtree: Subtree) -> None:
        """Take in one more subtree."""
        if not subtree.plain:
            self.unplain = min(self.unplain, self._count)
        self.bases.add(subtree.base.content.lower())
        self.matcher.add(self._count, subtree.base)
        self._count += 1
