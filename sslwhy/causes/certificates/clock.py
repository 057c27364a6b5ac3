"""The local clock, which makes certificates seem expired or not valid yet when it is wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sslwhy.causes.certificates import view as path_view
from sslwhy.causes.certificates.view import PathCause
from sslwhy.facts.machine import moment_at
from sslwhy.facts.missing import Missing
from sslwhy.report.values import ADMINISTRATOR, Remedy
from sslwhy.text import clean, span, utc


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from sslwhy.causes.case import Case
    from sslwhy.facts.x509.certificate import Certificate
    from sslwhy.report.values import Finding

_TOLERANCE = timedelta(minutes=5)
"""How far apart two clocks may be before one of them is called wrong."""


class ClockProof(NamedTuple):
    """Evidence against the local clock.

    Attributes:
        moment: the time that it is at least, or about.
        source: what says so.
        certain: whether that cannot be otherwise.
        exact: whether it is about that time, not only at least.
    """

    moment: datetime
    source: str
    certain: bool
    exact: bool


class LocalClockWrong(PathCause):
    """The clock of this machine is wrong, and certificates seem expired or not valid yet for that reason.

    Seen as:
        ``certificate is not yet valid`` (verify code 9) or ``certificate has expired`` (10), from every server at
        once.

    What it is:
        A device without a battery-backed clock before it reached its time server, a virtual machine that was
        suspended, a container host that drifted, a clock set by hand for a test.

    How it is found:
        From evidence only: the local clock lies before a moment that has certainly passed (the release of the certifi
        in use, the notBefore of the trust anchor itself, the time at which a certificate transparency log saw the
        certificate), or it differs from the time that the server's own answer carried.

    What to do:
        Set the clock, and have a time server keep it.
    """

    code = "local-clock-wrong"
    topic = "validity"
    subject = "local"
    specificity = 70

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where validity fails and something proves the clock wrong."""
        if not any(path_view.faults(case, "expired", "not-yet-valid")):
            return
        proof = clock_proof(case)
        if proof is None:
            return
        now = case.evidence.machine.now
        relation = "of" if proof.exact else "at or after"
        direction = "behind" if proof.moment > now else "ahead"
        least = "" if proof.exact else "at least "
        yield cls.finding(
            f"the local clock is {least}{span(proof.moment - now)} {direction}, so certificates seem out of date",
            expected=f"a local time {relation} {utc(proof.moment)} ({clean(proof.source)})",
            actual=f"{utc(now)} (local clock)",
            confidence="confirmed" if proof.certain else "likely",
            alternatives=() if proof.certain else ("the certificate's own dates are wrong",),
            remedies=_clock_remedies(case),
        )


def _clock_remedies(case: Case) -> Iterator[Remedy]:
    yield Remedy(ADMINISTRATOR, "set the clock and let a time server (NTP) keep it", command=set_clock(case))


def set_clock(case: Case) -> str:
    """Return the command that sets this machine's clock from a time server."""
    commands = {"win32": "w32tm /resync", "darwin": "sudo sntp -sS time.apple.com"}
    return commands.get(case.evidence.machine.platform, "timedatectl set-ntp true")


def clock_proof(case: Case) -> ClockProof | None:
    """Return the strongest evidence against the local clock, or ``None``."""
    now = case.evidence.machine.now
    late = [clock for clock in _floors(case) if clock.moment - now > _TOLERANCE]
    if late:
        return max(late, key=lambda clock: (clock.certain, clock.moment))
    seen = case.evidence.machine.server_clock
    if seen is not None and abs(seen - now) > _TOLERANCE and _would_be_valid(case, seen):
        return ClockProof(seen, "the time that the server's answer carried", certain=False, exact=True)
    return None


def _floors(case: Case) -> Iterator[ClockProof]:
    machine, path = case.evidence.machine, case.path
    if machine.clock_floor is not None:
        yield ClockProof(
            machine.clock_floor, machine.clock_floor_source or "this installation", certain=True, exact=False
        )
    if isinstance(path, Missing):
        return
    for link in path.path:
        certificate = link.certificate
        if link.anchor and certificate.not_before is not None:
            source = f"the trust store holds {certificate.label}, valid from then on"
            yield ClockProof(certificate.not_before, source, certain=False, exact=False)
    for time in path.path[0].certificate.extensions.sct_times if path.path else ():
        moment = moment_at(time / 1000)
        if moment is not None:
            yield ClockProof(
                moment, "a certificate transparency log saw the certificate then", certain=False, exact=False
            )


def _would_be_valid(case: Case, moment: datetime) -> bool:
    certificates = [fault.certificate for fault in path_view.faults(case, "expired", "not-yet-valid")]
    return all(certificate is not None and _valid_at(certificate, moment) for certificate in certificates)


def _valid_at(certificate: Certificate, moment: datetime) -> bool:
    first, last = certificate.not_before, certificate.not_after
    return first is not None and last is not None and first <= moment < last
