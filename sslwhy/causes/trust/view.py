"""What the trust stores of this machine say about a presented chain: the counterfactuals behind the causes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sslwhy.causes.base import Cause
from sslwhy.facts.missing import Missing
from sslwhy.facts.tls.reasons import NO_ANCHOR
from sslwhy.text import clean, span


if TYPE_CHECKING:
    from datetime import datetime

    from sslwhy.causes.case import Case
    from sslwhy.causes.path.analysis import PathAnalysis
    from sslwhy.facts.observed import Observed
    from sslwhy.facts.trust import Trust, TrustStore
    from sslwhy.facts.x509.certificate import Certificate

VARIABLES = frozenset({"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"})
"""The environment variables that choose a store."""

GIVEN = "trust_anchors"
"""The source of anchors that a caller gave for an offline diagnosis: there is no store to find fault with."""


_OWN = {"context": "the program's own TLS context", "system": "the operating system's store"}


@dataclass(frozen=True, slots=True)
class Vouched:
    """A store that would have verified the chain.

    Attributes:
        store: the store.
        anchor: its trust anchor at the end of the path.
    """

    store: TrustStore
    anchor: Certificate


@dataclass(frozen=True, slots=True)
class Distrust:
    """A chain that the store in force did not verify.

    Attributes:
        case: the case.
        trust: the store in force and the others.
        path: the path that was built.
    """

    case: Case
    trust: Trust
    path: PathAnalysis

    @property
    def store(self) -> TrustStore:
        """Return the store in force."""
        return self.trust.store

    @property
    def end_entity(self) -> str:
        """Return the end-entity's name, fit to print."""
        return clean(self.path.presented[0].label, 80) or "the server's certificate"

    def vouched_by(self, store: TrustStore | None, *more: bytes) -> Vouched | None:
        """Return the anchor by which another store would have verified the chain, or ``None``."""
        if store is None:
            return None
        path = self.case.path_against((*store.anchors, *more))
        if isinstance(path, Missing) or not path.complete or path.of_kind("signature"):
            return None
        if any(fault.anchor and fault.depth for fault in path.of_kind("expired")):
            return None
        return Vouched(store, path.path[-1].certificate)

    def instead(self) -> Vouched | None:
        """Return the store that was replaced, if it would have verified the chain."""
        return self.vouched_by(self.trust.other(self.trust.overridden))

    def elsewhere(self) -> Vouched | None:
        """Return another store of this machine that would have verified the chain: the system's first."""
        others = sorted(self.trust.others, key=lambda store: (store.source == "certifi", store.source != "system"))
        return next((found for store in others if (found := self.vouched_by(store))), None)


def distrust_in(case: Case, *, offline: bool = False) -> Distrust | None:
    """Return the distrust to be explained, or ``None`` where the path is complete or was not seen.

    Args:
        case: the case.
        offline: whether anchors that a caller gave for an offline diagnosis count as a store, too.
    """
    trust, path, offer = case.evidence.trust, case.path, case.evidence.offer
    if case.evidence.verified or (offer and not offer.verify):
        return None
    if isinstance(trust, Missing) or isinstance(path, Missing) or path.complete or not path.path:
        return None
    return Distrust(case, trust, path) if offline or trust.store.source != GIVEN else None


def is_distrust(observed: Observed) -> bool:
    """Return whether an error says that the path reached no trust anchor.

    TLS libraries other than CPython's give no verify code, only that verification failed.
    """
    if observed.verify_code is None:
        return observed.reason == "CERTIFICATE_VERIFY_FAILED"
    return observed.verify_code in NO_ANCHOR


class DistrustCause(Cause):
    """A cause that lies in the store in force."""

    topic = "trust store"
    subject = "local"

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the path reached no anchor."""
        return is_distrust(observed)


def named_in_vain(store: TrustStore) -> bool:
    """Return whether somebody named a store that cannot be loaded: that says more than that it holds nothing."""
    return store.problem is not None and store.source != "system"


def named(store: TrustStore) -> str:
    """Return a store in words, for a sentence: what it is, or who names it."""
    return {"certifi": "certifi", **_OWN}.get(store.source, f"the bundle that {store.source} names")


def described(store: TrustStore, now: datetime | None = None) -> str:
    """Return a store in words: who chose it, where it lies, how many anchors it holds, how old it is."""
    name = f"{store.source} {store.version}" if store.version else _OWN.get(store.source, store.source)
    parts = [f"{len(store.anchors)} trust anchor{'' if len(store.anchors) == 1 else 's'}"]
    dated = store.released or store.modified
    if now is not None and dated is not None and dated < now:
        parts.append(f"{'released' if store.released else 'last changed'} {span(now - dated)} ago")
    if store.source in VARIABLES:
        name += f"={clean(store.location or '')}"
    elif store.location and not store.version:
        name += f" {clean(store.location)}"
    return f"{name} ({', '.join(parts)})"
