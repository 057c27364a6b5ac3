"""A failure on its way through a guard: whether it is diagnosed, and what it leaves as."""

from __future__ import annotations

import abc
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sslwhy.clients.relevance import Suspicion, concerns_tls, suspicion_of, worth_telling
from sslwhy.evidence.errors import links, members_of
from sslwhy.journal import attempt, own_trouble


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.evidence.incident import Incident
    from sslwhy.facts.observed import OperationKind
    from sslwhy.policy import Policy
    from sslwhy.report.report import Report

_MOST = 8
"""How many members of a group are diagnosed: those of a storm are alike."""


@dataclass(frozen=True)
class _Leaving(abc.ABC):
    """What is about to leave a guard.

    Attributes:
        error: the exception on its way to the caller.
        policy: how far the diagnosis may go.
    """

    error: BaseException
    policy: Policy

    @property
    def cause(self) -> BaseException | None:
        """Return what the enriched exception is to be raised from."""
        return self.error

    def twin(self) -> BaseException | None:
        """Return the enriched exception, or ``None`` where the original is to stay as it is; never raises.

        The original stays, too, where the diagnosis failed or the policy's deadline passed.
        """
        return attempt(self._in_time)

    def _in_time(self) -> BaseException | None:
        from sslwhy.diagnosis import within_deadline

        return within_deadline(self._diagnosed, self.policy.deadline)

    async def twin_elsewhere(self) -> BaseException | None:
        """Return the same without holding up the event loop; raises nothing but a cancellation."""
        try:
            from sslwhy.clients.waiting import elsewhere

            return await elsewhere(lambda: attempt(self._diagnosed), self.policy.deadline)
        except Exception:  # noqa: BLE001 - a thread may not be had
            own_trouble("the diagnosis failed")
            return None

    @abc.abstractmethod
    def _diagnosed(self) -> BaseException | None:
        """Return the enriched exception however long it takes."""


@dataclass(frozen=True)
class Failure(_Leaving):
    """One exception that a diagnosis should look at.

    Attributes:
        suspicion: what the exception's classes say.
        incident: what its frames tell.
        told: the report that an exception inside already carries, or ``None``.
    """

    suspicion: Suspicion
    incident: Incident
    told: Report | None = None

    def _diagnosed(self) -> BaseException | None:
        from sslwhy.diagnosis import diagnose
        from sslwhy.exceptions import enriched

        report = self.told or diagnose(self.incident, self.policy)
        told = self.told or worth_telling(report.code, self.suspicion, self.incident)
        return enriched(self.error, report) if told else None

    def twin_in_group(self, share: int) -> BaseException | None:
        """Return the enriched exception as a member of a group, which is never raised itself.

        Args:
            share: among how many members the time is divided.
        """
        mine = replace(self, policy=replace(self.policy, deadline=self.policy.deadline / share))
        twin = attempt(mine._diagnosed)  # noqa: SLF001 - another instance of this class
        if twin is not None:
            twin.__cause__ = self.error
            twin.__traceback__ = self.error.__traceback__
        return twin


@dataclass(frozen=True)
class GroupFailure(_Leaving):
    """An exception group (:pep:`654`) with members that a diagnosis should look at.

    Attributes:
        members: those members.
    """

    members: tuple[Failure, ...]

    @property
    def cause(self) -> BaseException | None:
        """Return what the original was raised from: each member has its own original for a cause."""
        return self.error.__cause__

    def _diagnosed(self) -> BaseException | None:
        twins = {id(each.error): each.twin_in_group(len(self.members)) for each in self.members}
        return _regrouped(self.error, twins) if any(twins.values()) else None


def _regrouped(group: Any, twins: dict[int, BaseException | None]) -> BaseException | None:
    """Return a group like this one with twins in the place of members; ``None`` where its class cannot make one."""
    members = [
        (_regrouped(member, twins) if members_of(member) else twins.get(id(member))) or member
        for member in group.exceptions
    ]
    made: BaseException = group.derive(members)
    if type(made) is not type(group):
        return None
    made.__cause__, made.__context__, made.__traceback__ = group.__cause__, group.__context__, group.__traceback__
    made.__dict__.update({**group.__dict__, **made.__dict__})  # the backport keeps the members there
    return made


def failure_of(error: BaseException, policy: Policy, kind: OperationKind) -> Failure | GroupFailure | None:
    """Return the failure behind an exception, or ``None`` where there is nothing to diagnose; never raises."""
    if not isinstance(error, Exception):
        return None
    return attempt(lambda: _behind(error, policy, kind), "the failure could not be read")


def _behind(error: Exception, policy: Policy, kind: OperationKind) -> Failure | GroupFailure | None:
    if not members_of(error):
        return _one(error, policy, kind)
    found = (_one(member, policy, kind) for member in _flat(error))
    members = tuple(failure for failure in found if failure)[:_MOST]
    return GroupFailure(error, policy, members) if members else None


def _flat(error: BaseException) -> Iterator[BaseException]:
    for member in members_of(error):
        yield from _flat(member) if members_of(member) else [member]


def _one(error: BaseException, policy: Policy, kind: OperationKind) -> Failure | None:
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
