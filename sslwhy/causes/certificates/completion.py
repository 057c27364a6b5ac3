"""Which certificates, added to a trust store, make a path complete: as few, and as high up, as will do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.facts.missing import Missing
from sslwhy.facts.x509.certificate import Certificate


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sslwhy.causes.case import Case


def completing(case: Case, base: tuple[bytes, ...], known: Iterable[bytes]) -> tuple[Certificate, ...]:
    """Return the certificates to add to a store so that the presented path reaches a root in it.

    A root is preferred to an intermediate. The end-entity is never returned unless it is self-signed: nobody else
    vouches for it then.

    Args:
        case: the case with the presented chain.
        base: the store's own anchors, DER.
        known: where to look besides the presented chain: fetched issuers, anchors of other stores; DER.

    Returns:
        The certificates, the highest first; empty where none would help or none is needed.
    """
    chain = case.chain or ()
    found = [Certificate.from_der(encoding) for encoding in dict.fromkeys((*chain[1:], *known))]
    authorities = [each for each in found if not each.unreadable and each.is_ca and each.der not in base]
    roots = [each for each in authorities if each.is_self_signed]
    rest = [each for each in authorities if not each.is_self_signed]
    for single in (*roots, *rest):
        if is_complete(case, (*base, single.der)):
            return (single,)
    if is_complete(case, (*base, *(each.der for each in authorities))):
        return _fewest(case, base, [*roots, *rest])
    end_entity = Certificate.from_der(chain[0]) if chain else None
    if end_entity and end_entity.is_self_signed and is_complete(case, (*base, end_entity.der)):
        return (end_entity,)
    return ()


def _fewest(case: Case, base: tuple[bytes, ...], needed: Sequence[Certificate]) -> tuple[Certificate, ...]:
    kept = list(needed)
    for candidate in needed:
        rest = [each for each in kept if each is not candidate]
        if is_complete(case, (*base, *(each.der for each in rest))):
            kept = rest
    return tuple(kept)


def is_complete(case: Case, anchors: tuple[bytes, ...]) -> bool:
    """Return whether the presented path reaches one of the anchors, with sound signatures."""
    path = case.path_against(anchors)
    return not isinstance(path, Missing) and path.complete and not path.of_kind("signature")
