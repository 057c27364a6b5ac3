"""One failure on its way through a guard: whether it is diagnosed, and what it leaves as."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sslwhy.clients.relevance import Suspicion, concerns_tls, suspicion_of, worth_telling


if TYPE_CHECKING:
    from sslwhy.evidence.incident import Incident
    from sslwhy.facts.observed import OperationKind
    from sslwhy.policy import Policy
    from sslwhy.report.values import Report

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
        """Return the diagnosis, or ``None`` where it failed; blocks, never raises."""
        if self.told is not None:
            return self.told
        try:
            from sslwhy.diagnosis import diagnose

            return diagnose(self.incident, self.policy)
        except Exception:
            LOG.debug("the diagnosis failed", exc_info=True)
            return None

    def report_in_time(self) -> Report | None:
        """Return the diagnosis, or ``None`` where it failed or the policy's deadline passed; never raises."""
        if self.told is not None:
            return self.told
        from sslwhy.diagnosis import within_deadline

        return within_deadline(self.report, self.policy.deadline)

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
        from sslwhy.clients.traces.reading import read_incident, report_inside

        incident = read_incident(error, kind=kind)
        told = report_inside(error)
        if told is None and not concerns_tls(suspicion, incident):
            return None
        return Failure(error, policy, suspicion, incident, told)
    except Exception:
        LOG.debug("the failure could not be read", exc_info=True)
        return None
