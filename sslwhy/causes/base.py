"""What a cause is: one class that knows its code, its rank, what it explains, how it is found and what to do."""

from __future__ import annotations

import abc
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from sslwhy.report.values import Confidence, Finding, Remedy, Subject
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.case import Case
    from sslwhy.facts.observed import Observed

_CAP = 4000

TOPICS = (
    "answer",
    "local",
    "proxy",
    "network",
    "protocol",
    "client certificate",
    "validity",
    "identity",
    "path",
    "trust store",
    "content",
    "soap",
)
"""The questions that a diagnosis asks, in the order in which a report lists them."""


class Cause(abc.ABC):
    """One cause code. A subclass's docstring is its documentation page (``sslwhy explain CODE``).

    The page's headings are ``Seen as``, ``What it is``, ``How it is found`` and ``What to do``.

    Attributes:
        code: the stable kebab-case code.
        topic: the check that it belongs to, one of :data:`TOPICS`.
        subject: whose fault it is, unless a finding says otherwise.
        specificity: how much it explains; among findings that explain the observed error the highest wins.
        supersedes: codes that describe the same fault with less insight; a confirmed finding takes their place.
    """

    code: ClassVar[str]
    topic: ClassVar[str]
    subject: ClassVar[Subject] = "server"
    specificity: ClassVar[int] = 50
    supersedes: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    @abc.abstractmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether an error such as the observed one can come from this cause."""

    @classmethod
    @abc.abstractmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield a finding for every place where the evidence shows this cause."""

    @classmethod
    def finding(
        cls,
        headline: str,
        *,
        expected: str,
        actual: str,
        remedies: Iterable[Remedy],
        depth: int | None = None,
        confidence: Confidence = "confirmed",
        alternatives: Iterable[str] = (),
        subject: Subject | None = None,
        certificate: str | None = None,
    ) -> Finding:
        """Build a finding of this cause; the code and, unless given, the subject are the class's own."""
        return Finding(
            code=cls.code,
            headline=clean(headline, _CAP),  # the host may be anything that a caller, or a WSDL, took for one
            subject=subject or cls.subject,
            depth=depth,
            expected=clean(expected, _CAP),
            actual=clean(actual, _CAP),
            confidence=confidence,
            alternatives=tuple(alternatives),
            remedies=tuple(remedies),
            certificate=certificate,
        )


def doubt(finding: Finding, confidence: Confidence, *alternatives: str) -> Finding:
    """Return the finding with less confidence and with what else it may be."""
    return replace(finding, confidence=confidence, alternatives=(*finding.alternatives, *alternatives))
