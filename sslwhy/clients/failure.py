"""One failure on its way through a guard: whether it is diagnosed, and what it leaves as."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sslwhy.clients.relevance import Suspicion, concerns_tls, suspicion_of, worth_telling
from sslwhy.evidence.errors import links


if TYPE_CHECKING:
    from sslwhy.evidence.incident import Incident
    from sslwhy.facts.observed import OperationKind
    from sslwhy.policy import Policy
    from sslwhy.report.report import Report

LOG = logging.getLogger("sslwhy")


@dataclass(frozen=True)
class Failure:
    """A failure that a diagnosis should look at.

    Attributes:
        error: the exception on its way to the caller.
        policy: how far the diagnosis may go.
        suspicion: what the exception's classes say.
        incident: what its frames tell.
        told: the report that an exception inside already carries, or ``None``.
    """

    error: BaseException
    policy: Policy
    suspicion: Suspicion
    incident: Incident
    told: Report | None = None

    def report(self) -> Report | None:
        """Return the diagnosis, or ``None`` where it failed or the policy's deadline passed; never raises."""
        try:
            from sslwhy.diagnosis import within_deadline

            return self.told or within_deadline(self._diagnose, self.policy.deadline)
        except Exception:
            LOG.debug("the diagnosis failed", exc_info=True)
            return None

    async def report_elsewhere(self) -> Report | None:
        """Return the same without holding up the event loop; raises nothing but a cancellation."""
        try:
            from sslwhy.clients.waiting import elsewhere

            return self.told or await elsewhere(self._quietly, self.policy.deadline)
        except Exception:
            LOG.debug("the diagnosis failed", exc_info=True)
            return None

    def _quietly(self) -> Report | None:
        try:
            return self._diagnose()
        except Exception:
            LOG.debug("the diagnosis failed", exc_info=True)
            return None

    def _diagnose(self) -> Report:
        from sslwhy.diagnosis import diagnose

        return diagnose(self.incident, self.policy)

    def twin(self, report: Report | None) -> BaseException | None:
        """Return the enriched exception, or ``None`` where the original is to stay as it is."""
        if report is None or not (self.told or worth_telling(report.code, self.suspicion, self.incident)):
            return None
        try:
            from sslwhy.exceptions import enriched

            return enriched(self.error, report)
        except Exception:
            LOG.debug("the exception could not be enriched", exc_info=True)
            return None


def failure_of(error: BaseException, policy: Policy, kind: OperationKind) -> Failure | None:
    """Return the failure behind an exception, or ``None`` where there is nothing to diagnose; never raises."""
    if not isinstance(error, Exception):
        return None
    try:
        suspicion = suspicion_of(error)
        if suspicion is None:
            return None
        from sslwhy.clients.traces.reading import read_incident
        from sslwhy.exceptions import DiagnosedError

        if isinstance(error, DiagnosedError):
            return None
        told = next((link.report for link in links(error) if isinstance(link, DiagnosedError)), None)
        incident = read_incident(error, kind=kind)
        if told is None and not concerns_tls(suspicion, incident):
            return None
        return Failure(error, policy, suspicion, incident, told)
    except Exception:
        LOG.debug("the failure could not be read", exc_info=True)
        return None
