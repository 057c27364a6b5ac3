"""The case: the evidence and what follows from it, worked out once and shared by all causes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from sslwhy.causes.answers.classify import classify
from sslwhy.causes.path.analysis import PathAnalysis, PathRules, analyze
from sslwhy.causes.path.identity import ReferenceIdentity
from sslwhy.facts.client import ClientOffer
from sslwhy.facts.missing import Missing


if TYPE_CHECKING:
    from sslwhy.facts.answer import AnswerVerdict
    from sslwhy.facts.evidence import Evidence


@dataclass(frozen=True)
class Case:
    """Evidence with its analysis.

    Attributes:
        evidence: what was seen.
    """

    evidence: Evidence

    @cached_property
    def rules(self) -> PathRules:
        """Return the rules that the failing context applied to the path."""
        offer = self.evidence.offer or ClientOffer()
        return PathRules(
            now=self.evidence.machine.now,
            security_level=offer.security_level,
            strict=offer.strict,
            partial_chain=offer.partial_chain,
            crl_check=offer.crl_check,
        )

    @cached_property
    def reference(self) -> ReferenceIdentity | None:
        """Return the reference identity that the failing context matched (RFC 9525), or ``None`` for none."""
        offer = self.evidence.offer or ClientOffer()
        name = self.evidence.target.server_name or self.evidence.target.host
        if not name or not offer.check_hostname:
            return None
        return ReferenceIdentity(name, common_name_fallback=offer.common_name_fallback)

    @cached_property
    def chain(self) -> tuple[bytes, ...] | Missing:
        """Return the presented chain: the failed handshake's, or a probe's where that did not come so far."""
        evidence = self.evidence
        asked = evidence.observed.stage == "handshake" and not evidence.observed.proxy
        shown = evidence.peer.chain if evidence.peer and asked else ()
        return evidence.chain or shown or evidence.chain

    @cached_property
    def path(self) -> PathAnalysis | Missing:
        """Return the analysis of the presented chain against the anchors in force."""
        trust = self.evidence.trust
        if isinstance(self.chain, Missing):
            return self.chain
        if isinstance(trust, Missing):
            return trust
        return analyze(self.chain, trust.store.anchors, self.rules, self.reference)

    @cached_property
    def path_unless_strict(self) -> PathAnalysis | Missing:
        """Return the analysis without the strict profile: a counterfactual."""
        chain, trust = self.chain, self.evidence.trust
        if isinstance(chain, Missing) or isinstance(trust, Missing):
            return self.path
        return analyze(chain, trust.store.anchors, replace(self.rules, strict=False), self.reference)

    @cached_property
    def answer(self) -> AnswerVerdict | None:
        """Return what the service's answer says about TLS, or ``None``."""
        return classify(self.evidence.answer) if self.evidence.answer else None

    def path_with(self, *more: bytes) -> PathAnalysis | Missing:
        """Return the analysis with certificates added to the anchors: a remedy tried on paper."""
        chain, trust = self.chain, self.evidence.trust
        if isinstance(chain, Missing) or isinstance(trust, Missing):
            return self.path
        return analyze(chain, (*trust.store.anchors, *more), self.rules, self.reference)

    def path_against(self, anchors: tuple[bytes, ...]) -> PathAnalysis | Missing:
        """Return the analysis against another set of anchors: a counterfactual."""
        return (
            self.chain if isinstance(self.chain, Missing) else analyze(self.chain, anchors, self.rules, self.reference)
        )
