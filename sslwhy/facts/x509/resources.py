"""Internet number resources (RFC 3779): the IP addresses and AS numbers that a certificate claims."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from sslwhy.facts.x509 import der


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Ranges: TypeAlias = "tuple[tuple[int, int], ...] | None"
"""First and last of each range; ``None`` for what is inherited from the issuer."""

_WIDTHS = {b"\0\1": 4, b"\0\2": 16}
_NUMBERS = 0xA0
_ROUTING_DOMAINS = 0xA1


@dataclass(frozen=True, slots=True)
class Resources:
    """One extension of RFC 3779.

    Attributes:
        families: the ranges of each address family, or of AS numbers and routing domains.
        canonical: whether they are written in the one form that section 2.2.3 or 3.2.3 allows.
    """

    families: tuple[tuple[bytes, Ranges], ...]
    canonical: bool


def address_blocks(content: bytes) -> Resources:
    """Decode IPAddrBlocks.

    Raises:
        DerError: where OpenSSL could not read it.
    """
    families, canonical = [], True
    for family in der.repeated(der.read(content), der.SEQUENCE, "value"):
        members = der.elements(der.expect(family, der.SEQUENCE, "address family"))
        if len(members) != 2:
            raise der.DerError("an address family of a wrong shape")
        name = der.octets(members[0], "address family")
        width = _WIDTHS.get(name[:2], 0)
        ranges = _ranges(members[1], partial(_addresses, width))
        canonical = canonical and len(name) in {2, 3} and _in_order(ranges, prefixed=True)
        families.append((name, None if ranges is None else tuple(pair for pair, _ in ranges)))
    names = [name for name, _ in families]
    return Resources(tuple(families), canonical and names == sorted(set(names)))


def as_identifiers(content: bytes) -> Resources:
    """Decode ASIdentifiers; both kinds are always there, the absent one without ranges.

    Raises:
        DerError: where OpenSSL could not read it.
    """
    members = der.optional(
        der.elements(der.only(content, der.SEQUENCE, "value")), (_NUMBERS, _ROUTING_DOMAINS), "value"
    )
    families: list[tuple[bytes, Ranges]] = []
    canonical = True
    for tag in (_NUMBERS, _ROUTING_DOMAINS):
        ranges: list[tuple[tuple[int, int], bool]] | None = []
        if tag in members:
            ranges = _ranges(der.single(members[tag], "AS identifiers"), _numbers)
            canonical = canonical and _in_order(ranges, prefixed=False)
        families.append((bytes((tag,)), None if ranges is None else tuple(pair for pair, _ in ranges)))
    return Resources(tuple(families), canonical)


def _ranges(
    choice: der.Element, read: Callable[[der.Element], tuple[tuple[int, int], bool]]
) -> list[tuple[tuple[int, int], bool]] | None:
    """Return each range and whether it was written as one, or ``None`` for inheritance."""
    if choice.tag == der.NULL:
        der.check_any(choice)
        return None
    return [read(item) for item in der.repeated(choice, der.SEQUENCE, "ranges")]


def _in_order(ranges: list[tuple[tuple[int, int], bool]] | None, *, prefixed: bool) -> bool:
    if ranges is None:
        return True
    pairs = [pair for pair, _ in ranges]
    apart = all(one[1] + 1 < other[0] for one, other in pairwise(pairs))
    sound = all(
        first <= last and not (prefixed and written and _is_prefix(first, last)) for (first, last), written in ranges
    )
    return bool(pairs) and apart and sound


def _is_prefix(first: int, last: int) -> bool:
    differing = first ^ last
    return differing & (differing + 1) == 0 and first & differing == 0


def _addresses(width: int, item: der.Element) -> tuple[tuple[int, int], bool]:
    if item.tag == der.BIT_STRING:
        return _prefix(item.content, width), False
    first, last = _pair(item)
    low = _prefix(der.expect(first, der.BIT_STRING, "address"), width)[0]
    return (low, _prefix(der.expect(last, der.BIT_STRING, "address"), width)[1]), True


def _prefix(content: bytes, width: int) -> tuple[int, int]:
    octets = der.bit_string(content)
    free = 8 * (width - len(octets))
    if free < 0:
        return 1, 0  # longer than an address: no range at all
    low = int.from_bytes(octets, "big") << free
    return low, low | (1 << (free + (content[0] if octets else 0))) - 1


def _numbers(item: der.Element) -> tuple[tuple[int, int], bool]:
    if item.tag == der.INTEGER:
        number = der.integer(item.content)
        return (number, number), False
    first, last = (der.integer(der.expect(part, der.INTEGER, "AS number")) for part in _pair(item))
    return (first, last), True


def _pair(item: der.Element) -> tuple[der.Element, der.Element]:
    members = der.elements(der.expect(item, der.SEQUENCE, "range"))
    if len(members) != 2:
        raise der.DerError("a range of a wrong shape")
    return members[0], members[1]


def contains(outer: Iterable[tuple[int, int]], inner: Iterable[tuple[int, int]]) -> bool:
    """Return whether every inner range lies within one of the outer ones; both in ascending order."""
    rest = iter(outer)
    first, last = next(rest, (1, 0))
    for low, high in inner:
        while last < high:
            following = next(rest, None)
            if following is None:
                return False
            first, last = following
        if first > low:
            return False
    return True
