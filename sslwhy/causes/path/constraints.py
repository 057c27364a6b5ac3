"""Name constraints (RFC 5280 section 4.2.1.10) with OpenSSL's reading of every kind of name."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from sslwhy.causes.path.subtrees import NEVER, BadNameError, Subtrees, base_kind, dns_bases, kind_of
from sslwhy.causes.verify_codes import VerifyCode
from sslwhy.facts.x509 import der
from sslwhy.facts.x509.names import COMMON_NAME, EMAIL_ADDRESS, GeneralName


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sslwhy.facts.x509.certificate import Certificate
    from sslwhy.facts.x509.extension_values import NameConstraints, Subtree

NAME_CHECK_MAX = 1 << 20
"""Names times subtrees that OpenSSL is willing to compare."""

_OK = VerifyCode.OK
_HOST = re.compile(rb"[0-9A-Za-z_.-]+")


class Names:
    """The names of one certificate that constraints are about, in OpenSSL's order.

    Attributes:
        count: how many names there are, as OpenSSL counts them.
        listed: the names; ``None`` for one of a wrong string type.
        places: their places in that list.
    """

    def __init__(self, certificate: Certificate, *, with_common_names: bool) -> None:
        """Collect the names.

        Args:
            certificate: the certificate.
            with_common_names: whether common names that look like host names count as DNS names.
        """
        self.count = certificate.subject_name.size + len(certificate.extensions.subject_alt_name or ())
        self.listed = tuple(_names(certificate, with_common_names=with_common_names))
        self.places = frozenset(range(len(self.listed)))

    @cached_property
    def dns(self) -> frozenset[int]:
        """Return the places of the DNS names."""
        return frozenset(at for at, name in enumerate(self.listed) if name is not None and name.kind == "dns")

    @cached_property
    def dns_within(self) -> dict[bytes, set[int]]:
        """Return, for every subtree that would hold DNS names, the places of those names."""
        within: dict[bytes, set[int]] = {}
        for at in self.dns:
            name = self.listed[at]
            for base in dns_bases(name.content) if name is not None else ():
                within.setdefault(base, set()).add(at)
        return within


class Limits:
    """The name constraints of one certificate, ready to be asked about many names."""

    def __init__(self, constraints: NameConstraints) -> None:
        self._size = len(constraints.permitted) + len(constraints.excluded)
        self._permitted = _by_kind(constraints.permitted)
        self._excluded = _by_kind(constraints.excluded)

    def violation(self, names: Names) -> tuple[VerifyCode, str] | None:
        """Return the first name of a certificate below that breaks the constraints, or ``None``.

        Returns:
            The code and the name, raw.
        """
        if names.count and self._size > NAME_CHECK_MAX // names.count:
            return VerifyCode.UNSPECIFIED, f"{names.count} names for {self._size} name constraints"
        for at in sorted(names.places - self._harmless(names)):
            name = names.listed[at]
            code = VerifyCode.UNSUPPORTED_NAME_SYNTAX if name is None else self._check(name)
            if code is not _OK:
                return code, name.text if name is not None else "a name of a wrong string type"
        return None

    def _harmless(self, names: Names) -> frozenset[int]:
        """Return the places of DNS names that break nothing: all at once, for there may be thousands."""
        permitted, excluded = self._permitted.get("dns"), self._excluded.get("dns")
        if any(subtrees is not None and subtrees.unplain != NEVER for subtrees in (permitted, excluded)):
            return frozenset()
        harmless = names.dns
        if permitted is not None:
            harmless = harmless & _held(permitted, names)
        return harmless - _held(excluded, names) if excluded is not None else harmless

    def _check(self, name: GeneralName) -> VerifyCode:
        kind = kind_of(name)
        for subtrees, judge in ((self._permitted.get(kind), _permits), (self._excluded.get(kind), _excludes)):
            if subtrees is not None:
                code = judge(subtrees, name)
                if code is not _OK:
                    return code
        return _OK


def _by_kind(listed: Iterable[Subtree]) -> dict[str, Subtrees]:
    kinds: dict[str, Subtrees] = {}
    for subtree in listed:
        kind = base_kind(subtree.base)
        if kind not in kinds:
            kinds[kind] = Subtrees(kind)
        kinds[kind].add(subtree)
    return kinds


def _held(subtrees: Subtrees, names: Names) -> set[int]:
    return set().union(*(names.dns_within.get(base, ()) for base in subtrees.bases))


def _places(subtrees: Subtrees, name: GeneralName) -> tuple[int, int, VerifyCode]:
    """Return where the name is found, where the comparison fails, and how."""
    failure = VerifyCode.UNSUPPORTED_NAME_SYNTAX if subtrees.comparable else VerifyCode.UNSUPPORTED_CONSTRAINT_TYPE
    try:
        return subtrees.matcher.find(name), subtrees.matcher.bad, failure
    except BadNameError:
        return NEVER, 0, failure
    except UnicodeError:
        return NEVER, 0, VerifyCode.UNSPECIFIED


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
