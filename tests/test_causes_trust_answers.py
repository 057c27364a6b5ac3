"""Whatever the stores of a machine hold, a distrusted chain gets one answer about the store, or none is due."""

from __future__ import annotations

import itertools

import pytest
from support import pki

from sslwhy.causes.judge import judge
from sslwhy.facts.client import ClientOffer
from sslwhy.facts.evidence import Evidence
from sslwhy.facts.observed import Observed, Target
from sslwhy.facts.trust import Trust, TrustStore


ROOT = pki.Authority.root("Right Root")
ISSUING = ROOT.intermediate("Issuing CA")
LEAF = ISSUING.issue("localhost", dns=["localhost"])
STRANGERS = tuple(pki.Authority.root(f"Stranger {number}").der for number in range(3))

SOURCES = ("certifi", "system", "verify", "context", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
OVERRIDDEN = {"certifi": (None,), "system": (None,)}
ABOUT_THE_STORE = {"trusted-by-system-only", "trust-store-override", "trust-store-outdated", "trust-store-empty"}


def evidence(source: str, overridden: str | None, vouching: frozenset[str], *, empty: bool) -> Evidence:
    """A chain that the store in force refused, and stores elsewhere that would or would not have."""
    elsewhere = {"certifi", "system", "session.verify", "CURL_CA_BUNDLE"} - {source}
    others = tuple(
        TrustStore(
            source=name, location=f"/{name}", kind="file", anchors=(ROOT.der,) if name in vouching else STRANGERS
        )
        for name in sorted(elsewhere)
    )
    store = TrustStore(source=source, location="/in-force", kind="file", anchors=() if empty else STRANGERS)
    return Evidence(
        target=Target("https://localhost/", "localhost", 443, "localhost"),
        observed=Observed(stage="handshake", verify_code=20, reason="CERTIFICATE_VERIFY_FAILED"),
        chain=tuple(LEAF.chain()),
        offer=ClientOffer(),
        trust=Trust(store=store, overridden=overridden, others=others, client="requests"),
    )


@pytest.mark.parametrize("source", SOURCES)
def test_one_answer_about_the_store(source: str) -> None:
    """Any store that would have verified the chain is named by exactly one finding, which is the primary."""
    for overridden in OVERRIDDEN.get(source, ("certifi", "system", "session.verify")):
        for count in range(3):
            for vouching in itertools.combinations(("certifi", "system", "session.verify", "CURL_CA_BUNDLE"), count):
                if source in vouching:
                    continue
                verdict = judge(evidence(source, overridden, frozenset(vouching), empty=False))
                about = [finding.code for finding in verdict.findings if finding.code in ABOUT_THE_STORE]
                assert len(about) == (1 if vouching else 0), (overridden, vouching, about)
                assert verdict.findings[0].code == (about[0] if about else "unknown-issuer")


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("vouching", [frozenset(), frozenset({"certifi"}), frozenset({"system"})])
def test_an_empty_store_is_called_empty(source: str, vouching: frozenset[str]) -> None:
    """An empty store is empty first of all, whichever other store would have helped."""
    verdict = judge(evidence(source, None, vouching - {source}, empty=True))
    assert verdict.findings[0].code == "trust-store-empty"
    assert not ABOUT_THE_STORE - {"trust-store-empty"} & {finding.code for finding in verdict.findings}


def test_every_finding_says_what_to_do() -> None:
    """No finding about the store is without a remedy."""
    for source in SOURCES:
        for empty in (True, False):
            seen = judge(evidence(source, "certifi", frozenset({"certifi", "system"}) - {source}, empty=empty))
            assert all(finding.remedies and finding.expected and finding.actual for finding in seen.findings)
