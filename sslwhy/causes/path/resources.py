"""Internet number resources along a path: nobody may hold what its issuer does not (RFC 3779 sections 2.3, 3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes.path.faults import Fault
from sslwhy.causes.verify_codes import VerifyCode
from sslwhy.facts.x509.resources import contains


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.causes.path.faults import Path
    from sslwhy.facts.x509.resources import Ranges, Resources


def check_resources(path: Path) -> Iterator[Fault]:
    """Check AS numbers, then addresses (``X509v3_asid_validate_path``, ``X509v3_addr_validate_path``)."""
    extensions = [link.certificate.extensions for link in path.links]
    yield from _check(path, [one.as_identifiers for one in extensions])
    yield from _check(path, [one.address_blocks for one in extensions])


def _check(path: Path, listed: list[Resources | None]) -> Iterator[Fault]:
    if listed[0] is None:
        return
    claimed: dict[bytes, Ranges] = dict(listed[0].families)
    for depth, held in enumerate(listed):
        if held is not None and not held.canonical:
            yield _fault(path, depth, VerifyCode.INVALID_EXTENSION)
        theirs = dict(held.families) if held else {}
        if depth and not all(_covered(claimed, family, theirs) for family in claimed):
            yield _fault(path, depth, VerifyCode.UNNESTED_RESOURCE)
            return
        if depth + 1 == len(listed) and any(theirs[family] is None for family in claimed.keys() & theirs.keys()):
            yield _fault(path, depth, VerifyCode.UNNESTED_RESOURCE)


def _covered(claimed: dict[bytes, Ranges], family: bytes, theirs: dict[bytes, Ranges]) -> bool:
    """Return whether the issuer holds what is claimed; from then on what it holds is what is claimed."""
    ranges, held = claimed[family], theirs.get(family)
    if family not in theirs:
        return not ranges
    if held is None:
        return True
    covered = ranges is None or contains(held, ranges)
    if covered:
        claimed[family] = held
    return covered


def _fault(path: Path, depth: int, code: VerifyCode) -> Fault:
    link = path.links[depth]
    form = code is VerifyCode.INVALID_EXTENSION
    return Fault(
        kind="malformed" if form else "name-constraint",
        code=code,
        depth=depth,
        certificate=link.certificate,
        expected="IP addresses and AS numbers in their canonical form (RFC 3779)"
        if form
        else "every IP address and AS number that the certificate below it claims (RFC 3779)",
        actual="a list out of order, overlapping, or with a range that is a prefix"
        if form
        else "too few, or inherited",
        anchor=link.anchor,
    )
