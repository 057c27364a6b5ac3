"""Reading length-prefixed structures (RFC 8446 section 3) out of hostile bytes."""

from __future__ import annotations


class ParseError(ValueError):
    """The bytes are not what TLS or DER allows there."""


class Reader:
    """A cursor over bytes that never reads past their end."""

    __slots__ = ("_data", "_position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def left(self) -> int:
        """Return how many bytes are still unread."""
        return len(self._data) - self._position

    def take(self, count: int) -> bytes:
        """Read exactly ``count`` bytes.

        Raises:
            ParseError: fewer are left.
        """
        end = self._position + count
        if end > len(self._data):
            raise ParseError(f"{count} bytes announced, {self.left} there")
        taken = self._data[self._position : end]
        self._position = end
        return taken

    def number(self, size: int) -> int:
        """Read a big-endian number of ``size`` bytes.

        Raises:
            ParseError: fewer are left.
        """
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> Reader:
        """Read a vector whose length stands before it in ``size`` bytes, as a reader of its own.

        Raises:
            ParseError: the vector is longer than what is left.
        """
        return Reader(self.take(self.number(size)))

    def rest(self) -> bytes:
        """Read everything that is left."""
        return self.take(self.left)

    def numbers(self, size: int) -> tuple[int, ...]:
        """Read everything that is left as numbers of ``size`` bytes.

        Raises:
            ParseError: what is left is no multiple of ``size``.
        """
        if self.left % size:
            raise ParseError(f"{self.left} bytes are no list of {size}-byte numbers")
        data = self.rest()
        return tuple(int.from_bytes(data[at : at + size], "big") for at in range(0, len(data), size))


def vector(size: int, data: bytes) -> bytes:
    """Write a vector: ``data`` with its length before it in ``size`` bytes."""
    return len(data).to_bytes(size, "big") + data


def numbers(size: int, values: tuple[int, ...]) -> bytes:
    """Write a list of numbers, each in ``size`` bytes."""
    return b"".join(value.to_bytes(size, "big") for value in values)
