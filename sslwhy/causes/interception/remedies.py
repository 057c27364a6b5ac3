"""What to do where a product on the way signs in the server's place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes.certificates.remedies import trust
from sslwhy.causes.one_host import one_host
from sslwhy.causes.trust.remedies import truststore, verifying_with
from sslwhy.report.values import NETWORK_OPERATOR, YOU, Remedy, TrustChange
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.causes.interception.products import Product
    from sslwhy.causes.trust.view import Distrust
    from sslwhy.facts.x509.certificate import Certificate


def pass_inspection(distrust: Distrust, product: Product | None, anchor: Certificate | None) -> Iterator[Remedy]:
    """Yield how to live with the inspection, the way the machine does first.

    Args:
        distrust: the failed path.
        product: what inspects, or ``None`` where its name is not known.
        anchor: its root, where the operating system's store holds it.
    """
    if distrust.path.complete:
        yield from _relax(distrust)
    elif anchor is not None:
        yield from _as_the_system(distrust)
    else:
        yield from _trust_root(distrust)
    host = clean(distrust.case.evidence.target.host or "this host", 100)
    if product is not None and product.where == "machine":
        yield Remedy(YOU, f"exclude {host} from HTTPS scanning in {product.name}, or switch that scanning off")
    else:
        yield Remedy(NETWORK_OPERATOR, f"exclude {host} from TLS inspection")


def _as_the_system(distrust: Distrust) -> Iterator[Remedy]:
    change = TrustChange(replace_with="system")
    system = distrust.trust.other("system")
    yield truststore(change)
    if system is not None and system.kind in {"file", "directory"}:
        snippet = verifying_with(distrust.case, repr(system.location))
        yield Remedy(YOU, "verify with the operating system's store", snippet=snippet, change=change)


def _trust_root(distrust: Distrust) -> Iterator[Remedy]:
    top = distrust.path.path[-1].certificate
    ways = tuple(trust(distrust.case, top)) if top.is_self_signed else ()
    missing = f'the root "{clean(top.label, 80)}"' if top.is_self_signed else f"the root above {clean(top.issuer, 120)}"
    yield from ways or [Remedy(YOU, f"obtain {missing} from the network operator and add it to your bundle")]


def _relax(distrust: Distrust) -> Iterator[Remedy]:
    words = distrust.path.faults[0].expected if distrust.path.faults else "the strict profile"
    text = f"make the inspecting authority follow RFC 5280: {clean(words, 160)}"
    yield Remedy(NETWORK_OPERATOR, text)
    text = "until then, verify this one host without the strict profile, as Python did before 3.13"
    statement = "context.verify_flags &= ~ssl.VERIFY_X509_STRICT"
    yield one_host(distrust.case, text, statement)
