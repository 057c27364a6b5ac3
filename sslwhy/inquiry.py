"""Reports on request: for an exception or a response in hand, and for a chain."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from sslwhy.diagnosis import diagnose, report_on, within_deadline, without_connections
from sslwhy.facts.client import ClientOffer
from sslwhy.facts.evidence import Evidence
from sslwhy.facts.machine import Machine
from sslwhy.facts.missing import Missing
from sslwhy.facts.observed import Observed, Operation, Target
from sslwhy.facts.trust import Trust, TrustStore
from sslwhy.journal import own_trouble
from sslwhy.policy import Policy
from sslwhy.text import redact


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sslwhy.evidence.incident import Incident
    from sslwhy.report.report import Report

_NOWHERE = Target(None, None, None)


def explain(exc_or_response: Any, *, connect: bool = False) -> Report:
    """Return the report for an exception or a response that is already in hand.

    Args:
        exc_or_response: any exception, or a ``requests`` or ``httpx`` response (for instance nginx's
            "400 No required SSL certificate was sent").
        connect: whether connections may be opened to learn more.

    Returns:
        The report. Never raises: what cannot be explained gives a report that says so.
    """
    from sslwhy.exceptions import DiagnosedError

    if isinstance(exc_or_response, DiagnosedError):
        return exc_or_response.report
    policy = Policy.from_environment()
    policy = policy if connect else without_connections(policy)
    try:
        incident = _incident_of(exc_or_response)
        report = within_deadline(lambda: diagnose(incident, policy), policy.deadline)
    except Exception:  # noqa: BLE001 - the promise is to never raise
        own_trouble("the explanation failed")
        report = None
    return report or unexplained(exc_or_response)


def _incident_of(subject: Any) -> Incident:
    from sslwhy.clients.traces.answers import answer_of
    from sslwhy.clients.traces.reading import read_incident
    from sslwhy.evidence.incident import Incident

    if isinstance(subject, BaseException):
        return read_incident(subject)
    url = str(subject.url)
    return Incident(url=url, answer=answer_of(subject), server_date=subject.headers.get("Date"))


def unexplained(subject: Any, target: Target = _NOWHERE) -> Report:
    """Return the report that names an exception, or whatever was handed in, and claims nothing."""
    try:
        message = redact(str(subject))
    except Exception:  # noqa: BLE001 - an object may refuse even this
        message = ""
    return report_on(
        Evidence(target=target, observed=Observed(type=type(subject).__qualname__, message=message, stage="setup"))
    )


def diagnose_chain(
    chain: Sequence[bytes],
    *,
    trust_anchors: Iterable[bytes],
    hostname: str | None = None,
    now: datetime | None = None,
    strict: bool = False,
) -> Report:
    """Diagnose a certificate chain offline: nothing is read, opened or asked.

    Args:
        chain: the certificates in DER, the end-entity first, as a server presents them.
        trust_anchors: the trust anchors in DER.
        hostname: the reference identity, a DNS name or an IP address; ``None`` leaves names unchecked.
        now: the moment of validation; naive means UTC; ``None`` means now.
        strict: whether to apply OpenSSL's ``X509_V_FLAG_X509_STRICT``, the default of Python 3.13.

    Returns:
        The report: no findings where OpenSSL would accept the chain for a TLS server.

    Raises:
        TypeError: the chain or the anchors are not bytes.
        ValueError: the hostname is empty, which would match nothing and must not pass for "unchecked".
    """
    if hostname == "":
        raise ValueError("hostname is empty; None leaves names unchecked")
    certificates, anchors = _bytes("chain", chain), _bytes("trust_anchors", trust_anchors)
    moment = now or datetime.now(timezone.utc)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    evidence = Evidence(
        target=Target(None, hostname, None, hostname),
        operation=Operation("check"),
        chain=certificates,
        offer=ClientOffer(strict=strict, check_hostname=hostname is not None),
        trust=Trust(store=TrustStore(source="trust_anchors", kind="memory", anchors=anchors)),
        machine=Machine(now=moment.astimezone(timezone.utc)),
    )
    return report_on(replace(evidence, observed=_predicted(evidence)))


def _predicted(evidence: Evidence) -> Observed:
    """Return what OpenSSL would report first: offline there is no handshake to observe."""
    from sslwhy.causes.case import Case
    from sslwhy.causes.verify_codes import VerifyCode

    path = Case(evidence).path
    if isinstance(path, Missing) or not path.verify_code:
        return Observed()
    verdict = VerifyCode(path.verify_code)
    return Observed(stage="handshake", verify_code=int(verdict), verify_message=verdict.words)


def _bytes(name: str, items: Iterable[Any]) -> tuple[bytes, ...]:
    if isinstance(items, (bytes, bytearray, str)):
        raise TypeError(f"{name} must be a sequence of DER certificates, not one {type(items).__name__}")
    found = tuple(items)
    for each in found:
        if not isinstance(each, (bytes, bytearray, memoryview)):
            raise TypeError(f"{name} must hold DER bytes, not {type(each).__name__}")
    return tuple(bytes(each) for each in found)
