"""Matching a reference identity (RFC 9525) the way OpenSSL does with the flags that Python sets."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from sslwhy.facts.x509 import der
from sslwhy.facts.x509.names import COMMON_NAME


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.facts.x509.certificate import Certificate

_IPV4 = re.compile(r"\d{1,9}(\.\d{1,9}){3}")
_WILD = re.compile(rb"[0-9A-Za-z-]+")
_LABEL = re.compile(rb"[0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?")
_EXPLAINED = 20

PresentedKind = Literal["DNS name", "IP address", "common name"]


@dataclass(frozen=True)
class ReferenceIdentity:
    """The name that the client wanted to find in the certificate.

    Attributes:
        name: the DNS name or IP address, as given to ``server_hostname``.
        common_name_fallback: whether a common name may match where the SAN has no DNS name
            (``SSLContext.hostname_checks_common_name``; urllib3 switches it off).
    """

    name: str
    common_name_fallback: bool = False

    @cached_property
    def address(self) -> bytes | None:
        """Return the octets of an IP address, or ``None`` for a DNS name."""
        if _IPV4.fullmatch(self.name):
            octets = [int(octet) for octet in self.name.split(".")]
            return bytes(octets) if max(octets) < 256 else None
        try:
            return ipaddress.IPv6Address(self.name).packed if "%" not in self.name else None
        except ValueError:
            return None

    @cached_property
    def octets(self) -> bytes | None:
        """Return the DNS name as compared: A-labels (RFC 5890), or ``None`` where it has no such form."""
        try:
            return self.name.encode("ascii" if self.name.isascii() else "idna")
        except UnicodeError:
            return None

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Refusal:
    """One presented identifier and why it does not match.

    Attributes:
        kind: what it is.
        presented: the identifier, raw.
        reason: why it does not match, in words.
    """

    kind: PresentedKind
    presented: str
    reason: str


def matches(certificate: Certificate, reference: ReferenceIdentity) -> bool:
    """Return whether OpenSSL accepts the certificate for the name (``X509_check_host``, ``X509_check_ip``)."""
    names = certificate.extensions.subject_alt_name or ()
    if reference.address is not None:
        return any(name.kind == "ip" and name.content == reference.address for name in names)
    wanted = reference.octets
    if wanted is None or b"\0" in wanted:
        return False
    listed = [name.content for name in names if name.kind == "dns"]
    if listed or not reference.common_name_fallback:
        return any(_equal(pattern, wanted) for pattern in listed)
    return _common_name_matches(certificate, wanted)


def _common_name_matches(certificate: Certificate, wanted: bytes) -> bool:
    for attribute in certificate.subject_name.values(COMMON_NAME):
        try:
            pattern = der.text(attribute.tag, attribute.content).encode("utf-8")
        except der.DerError:
            return False
        if _equal(pattern, wanted):
            return True
    return False


def _equal(pattern: bytes, wanted: bytes) -> bool:
    # An empty string never matches; a wildcard never serves a reference that begins with a dot.
    if not pattern:
        return False
    if _is_wildcard(pattern) and not (len(wanted) > 1 and wanted[:1] == b"."):
        return _wildcard_covers(pattern, wanted)
    if len(wanted) > 1 and wanted[:1] == b"." and len(pattern) > len(wanted):
        prefix = pattern[: len(pattern) - len(wanted)]
        pattern = pattern if b"\0" in prefix else pattern[len(prefix) :]
    return b"\0" not in pattern and pattern.lower() == wanted.lower()


def _is_wildcard(pattern: bytes) -> bool:
    labels = pattern.split(b".")
    return len(labels) > 2 and labels[0] == b"*" and all(_LABEL.fullmatch(label) for label in labels[1:])


def _wildcard_covers(pattern: bytes, wanted: bytes) -> bool:
    suffix = pattern[1:]
    if not wanted.lower().endswith(suffix.lower()):
        return False
    covered = wanted[: len(wanted) - len(suffix)]
    return covered == b"*" or _WILD.fullmatch(covered) is not None


def refusals(certificate: Certificate, reference: ReferenceIdentity) -> tuple[Refusal, ...]:
    """Say of each presented identifier (the first twenty) why it does not match the reference identity."""
    found = []
    for refusal in _refusals(certificate, reference):
        found.append(refusal)
        if len(found) == _EXPLAINED:
            break
    return tuple(found)


def _refusals(certificate: Certificate, reference: ReferenceIdentity) -> Iterator[Refusal]:
    names = certificate.extensions.subject_alt_name or ()
    for name in names:
        if name.kind == "dns":
            yield Refusal("DNS name", name.text, _why_not_dns(name.content, reference))
        elif name.kind == "ip":
            reason = "another address" if reference.address else "an IP address never matches a DNS name"
            yield Refusal("IP address", name.text, reason)
    listed = any(name.kind == "dns" for name in names)
    for text in certificate.common_names:
        yield Refusal("common name", text, _why_not_common_name(text, reference, listed=listed))


def _why_not_dns(presented: bytes, reference: ReferenceIdentity) -> str:
    if reference.address is not None:
        written = presented.decode("latin-1") == reference.name
        return "an IP address written as a DNS name" if written else "a DNS name never matches an IP address"
    return _why_not_name(presented, reference.octets or b"")


def _why_not_common_name(text: str, reference: ReferenceIdentity, *, listed: bool) -> str:
    if reference.address is not None:
        return "a common name never matches an IP address"
    if listed:
        return "the common name is ignored where the SAN has DNS names"
    if not reference.common_name_fallback:
        return "the common name is no identifier (RFC 9525 section 2): only the SAN counts"
    return _why_not_name(text.encode("utf-8"), reference.octets or b"")


def _why_not_name(presented: bytes, wanted: bytes) -> str:
    if b"\0" in presented:
        return "it holds a NUL octet"
    if not presented.isascii():
        return "it is not in ASCII: internationalised names are presented as A-labels (RFC 5890)"
    if presented.rstrip(b".").lower() == wanted.rstrip(b".").lower():
        return "one of the two ends in a dot"
    if b"*" not in presented:
        return "another name"
    if not _is_wildcard(presented):
        return _why_no_wildcard(presented)
    return _why_not_covered(presented[1:].lower(), wanted.lower())


def _why_no_wildcard(presented: bytes) -> str:
    labels = presented.split(b".")
    if any(b"*" in label for label in labels[1:]):
        return "a wildcard may stand in the first label only"
    if labels[0] != b"*":
        return "a wildcard must be the whole first label"
    if len(labels) <= 2:
        return "a wildcard needs at least two labels after it"
    return "a label after the wildcard is no host name label"


def _why_not_covered(suffix: bytes, wanted: bytes) -> str:
    if wanted == suffix[1:]:
        return "a wildcard does not cover the domain itself"
    if not wanted.endswith(suffix):
        return "another domain"
    covered = wanted[: len(wanted) - len(suffix)]
    if b"." in covered:
        return "a wildcard covers one label only"
    if b"_" in covered:
        return "a wildcard does not cover a label with an underscore"
    return "a wildcard covers letters, digits and hyphens only"
