"""Remedies tried before they are printed: a real handshake with the change applied, and not a byte of data."""

from __future__ import annotations

import socket
import ssl
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from sslwhy.facts.client import ClientOffer
from sslwhy.facts.tls.reasons import NO_ANCHOR


if TYPE_CHECKING:
    from collections.abc import Sequence

    from sslwhy.evidence.collect import Budget
    from sslwhy.facts.evidence import Evidence
    from sslwhy.facts.trust import TrustStore
    from sslwhy.report.values import Finding, Remedy, TrustChange

ATTEMPTS = 4
"""How many handshakes one report may cost."""
SECONDS = 5.0
"""How long one handshake may take, after the connection is there."""
_LOWEST = {0x0303: ssl.TLSVersion.TLSv1_2, 0x0304: ssl.TLSVersion.TLSv1_3}


def rehearse(evidence: Evidence, findings: Sequence[Finding], budget: Budget) -> tuple[tuple[Finding, ...], int]:
    """Try every remedy that changes the caller's trust, and return the findings with what came of it.

    A remedy with which the handshake completes is ``verified``. One that leaves the path as untrusted as before is
    taken out, unless nothing else would be left. Anything else, such as a second fault of the server, proves nothing.

    Args:
        evidence: what was seen; it names the server, the stores and the rules of the client.
        findings: what was found.
        budget: what may still be spent. Nothing is tried through a proxy or where connections are not allowed.

    Returns:
        The findings, and how many connections were opened.
    """
    if evidence.route.proxy or not budget.policy.connect or not evidence.target.host or not evidence.target.port:
        return tuple(findings), 0
    stage = _Stage(evidence, budget)
    rehearsed = tuple(replace(each, remedies=stage.tried(each.remedies)) for each in findings)
    return rehearsed, stage.connections


class _Stage:
    """One report's rehearsals: the same change is tried once."""

    def __init__(self, evidence: Evidence, budget: Budget) -> None:
        self._evidence = evidence
        self._budget = budget
        self._results: dict[TrustChange, bool | None] = {}
        self.connections = 0

    def tried(self, remedies: Sequence[Remedy]) -> tuple[Remedy, ...]:
        """Return the remedies that hold, those that were seen to work marked so."""
        results = [self._result(remedy.change) if remedy.change else None for remedy in remedies]
        kept = [
            replace(remedy, proof="verified") if result else remedy
            for remedy, result in zip(remedies, results, strict=True)
            if result is not False
        ]
        return tuple(kept) or tuple(remedies)

    def _result(self, change: TrustChange) -> bool | None:
        if change not in self._results:
            self._results[change] = self._attempt(change)
        return self._results[change]

    def _attempt(self, change: TrustChange) -> bool | None:
        if self.connections >= ATTEMPTS or not self._budget.seconds:
            return None
        try:
            context = changed_context(self._evidence, change)
        except (ssl.SSLError, ValueError):  # another store may hold what is no certificate to OpenSSL
            return None
        if context is None:
            return None
        self.connections += 1
        target = self._evidence.target
        wait = min(SECONDS, self._budget.seconds)
        return shakes_hands(
            context, (target.address or target.host or "", target.port or 443), target.server_name, wait
        )


def shakes_hands(context: ssl.SSLContext, address: tuple[str, int], name: str | None, timeout: float) -> bool | None:
    """Return whether a handshake with full verification completes; nothing is sent after it.

    Returns:
        ``False`` where the path is not trusted, ``None`` where something else got in the way.
    """
    try:
        with (
            socket.create_connection(address, timeout) as raw,
            context.wrap_socket(raw, server_hostname=name or address[0]),
        ):
            return True
    except ssl.SSLCertVerificationError as error:
        return False if error.verify_code in NO_ANCHOR else None
    except (OSError, ValueError):
        return None


def changed_context(evidence: Evidence, change: TrustChange) -> ssl.SSLContext | None:
    """Return a context as the client's own was, with the change applied; it never carries a client certificate.

    Returns:
        ``None`` where the store that the change names is not known.
    """
    store = _store(evidence, change.replace_with)
    if store is None or not (store.anchors or change.add):
        return None
    context = _like(evidence.offer or None)
    if change.strict is False:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.load_verify_locations(cadata=b"".join((*store.anchors, *change.add)))
    return context


def _store(evidence: Evidence, source: str | None) -> TrustStore | None:
    if not evidence.trust:
        return None
    return evidence.trust.store if source is None else evidence.trust.other(source)


_STRICT_SINCE = (3, 13)


def _like(offer: ClientOffer | None) -> ssl.SSLContext:
    """Return a fresh context with the rules of another; everything that verifies stays on."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if offer is None:
        offer = ClientOffer(strict=sys.version_info >= _STRICT_SINCE, partial_chain=sys.version_info >= _STRICT_SINCE)
    else:
        ciphers = [name for name in offer.ciphers if not name.startswith("TLS_")]
        context.set_ciphers(":".join([*ciphers, f"@SECLEVEL={offer.security_level}"]) if ciphers else "DEFAULT")
    context.hostname_checks_common_name = offer.common_name_fallback
    if offer.minimum_version in _LOWEST:
        context.minimum_version = _LOWEST[offer.minimum_version]
    if offer.strict:
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    if offer.partial_chain:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
