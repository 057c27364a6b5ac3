"""Certificates whose DER was taken apart and put together wrongly: every length is right, the shape is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from support import der


if TYPE_CHECKING:
    import random

_TAGS = (1, 2, 3, 4, 5, 6, 10, 12, 0x13, 0x16, 0x17, 0x1E, 0x24, 0x30, 0x31, *range(0x80, 0x83), *range(0xA0, 0xA6))
_WRAPPERS = frozenset({0x03, 0x04, 0x30})


@dataclass
class Node:
    """One element; `parts` is None for a primitive one."""

    tag: int
    content: bytes
    parts: list[Node] | None

    def encode(self) -> bytes:
        """The element with its length made right."""
        return der.tlv(self.tag, self.inner())

    def inner(self) -> bytes:
        """What it holds."""
        return self.content if self.parts is None else b"".join(part.encode() for part in self.parts)

    def fill(self, content: bytes) -> None:
        """Hold these octets instead."""
        self.content, self.parts = content, None


def reshape(encoding: bytes, pick: random.Random) -> bytes:
    """A certificate with one or two wrong shapes, most of them in its extensions."""
    [outer] = _read(encoding) or []
    assert outer.parts is not None
    signed = outer.parts[0]
    for _ in range(pick.choice((1, 1, 2))):
        extensions = [part for part in signed.parts or [] if part.tag == 0xA3]
        places = _places(extensions if extensions and pick.random() < 0.75 else outer.parts)
        _spoil(*pick.choice(places), [node for node, _ in places], pick)
    return outer.encode()


def _read(data: bytes) -> list[Node] | None:
    found, at = [], 0
    while at < len(data):
        try:
            tag, content, at = _element(data, at)
        except IndexError:
            return None
        wrapped = tag & 0x20 or (tag == 0x04 and content[0:1] and content[0] in _WRAPPERS)
        found.append(Node(tag, content, _read(content) if wrapped else None))
    return found


def _element(data: bytes, at: int) -> tuple[int, bytes, int]:
    tag, length, start = data[at], data[at + 1], at + 2
    if tag & 0x1F == 0x1F or length == 0x80:
        raise IndexError
    if length > 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(data[start : start + size], "big"), start + size
    if start + length > len(data):
        raise IndexError
    return tag, data[start : start + length], start + length


def _places(nodes: list[Node]) -> list[tuple[Node, list[Node]]]:
    found = []
    for node in nodes:
        found += [(node, nodes), *_places(node.parts or [])]
    return found


def _spoil(node: Node, siblings: list[Node], others: list[Node], pick: random.Random) -> None:
    inner, other = node.inner(), pick.choice(others)
    way = pick.randrange(9)
    if way == 0:
        node.tag = pick.choice((*_TAGS, node.tag ^ 0x20))
    elif way == 1:
        siblings.remove(node)
    elif way == 2:
        siblings.append(Node(other.tag, other.inner(), None))
    elif way == 3:
        pick.shuffle(siblings)
    elif way == 4:
        node.fill(other.encode())
    elif way == 5:
        node.fill(inner + pick.choice((b"\0", b"\x05\0", b"a", b"\xff")))
    elif way == 6:
        node.fill(inner[:-1])
    elif way == 7 and inner:
        at = pick.randrange(len(inner))
        node.fill(inner[:at] + bytes((inner[at] ^ 1 << pick.randrange(8),)) + inner[at + 1 :])
    else:
        node.fill(pick.randbytes(pick.choice((0, 1, 2, 4, 8, 32))))
