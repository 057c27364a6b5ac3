"""Name constraints (RFC 5280 section 4.2.1.10) with OpenSSL's reading of every kind of name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sslwhy.causes.path.subtrees import (
    NEVER,
    BadNameError,
    Subtrees,
    decides_octet_by_octet,
    keys_of,
    kind_of,
)
from sslwhy.causes.verify_codes import VerifyCode
from sslwhy.facts.x509 import der
from sslwhy.facts.x509.names import COMMON_NAME, EMAIL_ADDRESS, GeneralName


if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from sslwhy.causes.path.subtrees import Key, Shape
    from sslwhy.facts.x509.certificate import Certificate
    from sslwhy.facts.x509.extension_values import NameConstraints, Subtree

NAME_CHECK_MAX = 1 << 20
"""Names times subtrees that OpenSSL is willing to compare."""

_EFFORT_MAX = 300_000
_ONE_CHECK = 30
_WRONG_TYPE = ""
_NONE: frozenset[int] = frozenset()
_OK = VerifyCode.OK
_HOST = re.compile(rb"[0-9A-Za-z_.-]+")


class TooManyError(Exception):
    """There are more names and name constraints along a path than can be compared in a reasonable time."""


class Effort:
    """The work that the names of a whole path have cost."""

    def __init__(self) -> None:
        self._spent = 0

    def spend(self, effort: int) -> None:
        """Count some work, about a microsecond each.

        Raises:
            TooManyError: if it has become too much.
        """
        self._spent += effort
        if self._spent > _EFFORT_MAX:
            raise TooManyError


class Names:
    """The names of one certificate that constraints are about, in OpenSSL's order.

    Attributes:
        count: how many names there are, as OpenSSL counts them.
        listed: the names; ``None`` for one of a wrong string type.
        by_kind: their places in that list, by kind.
        incomparable: the places of names that turned out to be written in a way that OpenSSL does not compare.
        effort: what all this costs.
    """

    def __init__(self, certificate: Certificate, effort: Effort, *, with_common_names: bool) -> None:
        """Collect the names.

        Args:
            certificate: the certificate.
            effort: where to count the work.
            with_common_names: whether common names that look like host names count as DNS names.
        """
        self.count = certificate.subject_name.size + len(certificate.extensions.subject_alt_name or ())
        self.listed = tuple(_names(certificate, with_common_names=with_common_names))
        self.by_kind: dict[str, list[int]] = {}
        for at, name in enumerate(self.listed):
            self.by_kind.setdefault(_WRONG_TYPE if name is None else kind_of(name), []).append(at)
        self.incomparable: set[int] = set()
        self.effort = effort
        self._fit: dict[str, frozenset[int]] = {}
        self._within: dict[tuple[str, Shape], dict[Key, list[int]]] = {}

    def fit(self, kind: str) -> frozenset[int]:
        """Return the places of the names of a kind that their keys alone decide."""
        if kind not in self._fit:
            listed = self.by_kind[kind]
            self._fit[kind] = frozenset(at for at in listed if not decides_octet_by_octet(kind, self._at(at)))
        return self._fit[kind]

    def held(self, subtrees: Subtrees) -> set[int]:
        """Return the places of the names that subtrees hold, as far as OpenSSL gets to compare them."""
        found: set[int] = set()
        for shape, places in subtrees.places.items():
            within = self._index(subtrees.kind, shape)
            for key, place in places.items():
                if place < subtrees.bad and key in within:
                    self.effort.spend(1 + len(within[key]) // 16)
                    found.update(within[key])
        return found

    def _index(self, kind: str, shape: Shape) -> dict[Key, list[int]]:
        """Return, for every subtree of one shape that would hold names, the places of those names."""
        within = self._within.get((kind, shape))
        if within is None:
            within = self._within[kind, shape] = {}
            self.effort.spend(len(self.by_kind[kind]))
            for at in self.by_kind[kind]:
                try:
                    for key in keys_of(kind, self._at(at), shape):
                        within.setdefault(key, []).append(at)
                except BadNameError:
                    self.incomparable.add(at)
        return within

    def _at(self, place: int) -> GeneralName:
        name = self.listed[place]
        assert name is not None
        return name


class Limits:
    """The name constraints of one certificate, ready to be asked about many names."""

    def __init__(self, constraints: NameConstraints) -> None:
        self._size = len(constraints.permitted) + len(constraints.excluded)
        self._listed = _by_kind(constraints.permitted), _by_kind(constraints.excluded)
        self._made: dict[str, tuple[Subtrees | None, Subtrees | None]] = {}

    def violation(self, names: Names) -> tuple[VerifyCode, str] | None:
        """Return the first name of a certificate below that breaks the constraints, or ``None``.

        Returns:
            The code and the name, raw.
        """
        if names.count and self._size > NAME_CHECK_MAX // names.count:
            return VerifyCode.UNSPECIFIED, f"{names.count} names for {self._size} name constraints"
        try:
            return self._first(names)
        except TooManyError:
            return VerifyCode.UNSPECIFIED, f"{names.count} names and more name constraints than can be compared"

    def _first(self, names: Names) -> tuple[VerifyCode, str] | None:
        doubtful = sorted(at for kind in names.by_kind for at in self._doubtful(kind, names))
        for at in doubtful:
            name = names.listed[at]
            names.effort.spend(_ONE_CHECK)
            code = VerifyCode.UNSUPPORTED_NAME_SYNTAX if name is None else self._check(name)
            if code is not _OK:
                return code, name.text if name is not None else "a name of a wrong string type"
        return None

    def _doubtful(self, kind: str, names: Names) -> Collection[int]:
        """Return the places of the names of a kind that may break something: often none of thousands."""
        places = names.by_kind[kind]
        permitted, excluded = self._subtrees(kind)
        if kind == _WRONG_TYPE or (permitted and permitted.by_octets) or (excluded and excluded.by_octets):
            return places
        if not permitted and not excluded:
            return ()
        harmless = names.fit(kind)
        if permitted:
            harmless = harmless & names.held(permitted) if permitted.unplain == NEVER else _NONE
        if excluded:
            plain = excluded.unplain == excluded.bad == NEVER
            harmless = harmless - names.held(excluded) - names.incomparable if plain else _NONE
        return [at for at in places if at not in harmless]

    def _subtrees(self, kind: str) -> tuple[Subtrees | None, Subtrees | None]:
        # The subtrees of e-mail addresses are those of SmtpUTF8Mailbox names too.
        permitted, excluded = (listed.get("email" if kind == "mailbox" else kind) for listed in self._listed)
        if not permitted and not excluded:
            return None, None
        if kind not in self._made:
            self._made[kind] = (
                Subtrees(kind, permitted) if permitted else None,
                Subtrees(kind, excluded) if excluded else None,
            )
        return self._made[kind]

    def _check(self, name: GeneralName) -> VerifyCode:
        permitted, excluded = self._subtrees(kind_of(name))
        code = _permits(permitted, name) if permitted else _OK
        return _excludes(excluded, name) if excluded and code is _OK else code


def _by_kind(listed: Iterable[Subtree]) -> dict[str, list[Subtree]]:
    kinds: dict[str, list[Subtree]] = {}
    for subtree in listed:
        kinds.setdefault(kind_of(subtree.base), []).append(subtree)
    return kinds


def _places(subtrees: Subtrees, name: GeneralName) -> tuple[int, int, VerifyCode]:
    """Return where the name is found, where the comparison fails, and how."""
    try:
        return subtrees.find(name), subtrees.bad, subtrees.failure
    except BadNameError:
        return NEVER, 0, VerifyCode.UNSUPPORTED_NAME_SYNTAX


def _permits(subtrees: Subtrees, name: GeneralName) -> VerifyCode:
    found, bad, failure = _places(subtrees, name)
    if bad < min(found, subtrees.unplain):
        return failure
    if subtrees.unplain != NEVER:
        return VerifyCode.SUBTREE_MINMAX
    return _OK if found != NEVER else VerifyCode.PERMITTED_VIOLATION


def _excludes(subtrees: Subtrees, name: GeneralName) -> VerifyCode:
    found, bad, failure = _places(subtrees, name)
    first = min(found, bad, subtrees.unplain)
    if first == NEVER:
        return _OK
    if first == subtrees.unplain:
        return VerifyCode.SUBTREE_MINMAX
    return VerifyCode.EXCLUDED_VIOLATION if first == found else failure


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
