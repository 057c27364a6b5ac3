"""The evidence that costs connections: a second look at the chain, probes of the peer, a missing issuer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sslwhy.evidence.aia import fetch_issuers
from sslwhy.evidence.peer.learn import learn_peer
from sslwhy.evidence.peer.second_look import look_again
from sslwhy.facts.missing import Missing


if TYPE_CHECKING:
    from sslwhy.evidence.collect import Budget
    from sslwhy.evidence.incident import Incident
    from sslwhy.facts.evidence import Evidence

UNABLE_TO_GET_ISSUER = {2, 20, 21}
"""``X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT``, ``..._LOCALLY`` and ``..._UNABLE_TO_VERIFY_LEAF_SIGNATURE``."""


def deepen(evidence: Evidence, incident: Incident, budget: Budget) -> Evidence:
    """Return the evidence with what bounded connections could add, as far as the policy and the failure call for it."""
    if not budget.policy.connect:
        return evidence
    if evidence.observed.verify_code is not None and isinstance(evidence.chain, Missing):
        evidence = look_again(evidence, incident, budget)
    peer = learn_peer(evidence, incident, budget)
    evidence = replace(evidence, peer=peer, connections=evidence.connections + (peer.connections if peer else 0))
    if budget.policy.fetch_issuers and evidence.chain and evidence.observed.verify_code in UNABLE_TO_GET_ISSUER:
        issuers = fetch_issuers(evidence.chain, budget, allow_private=budget.policy.private_issuers)
        evidence = replace(evidence, issuers=issuers, connections=evidence.connections + budget.connections)
    return evidence
