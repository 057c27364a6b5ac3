"""Reports on request: for an exception or a response in hand, and for a chain."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from sslwhy.diagnosis import diagnose, report_on, within_deadline, without_connections
from sslwhy.facts.client import ClientOffer
from sslwhy.facts.evidence import Evidence
from sslwhy.facts.machine import Machine, in_utc
from sslwhy.facts.missing import Missing
from sslwhy.facts.observed import Observed, Operation, Target
from sslwhy.facts.trust import StoreProblem, Trust, TrustStore
from sslwhy.facts.x509.certificate import Certificate
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
    trust_anchors: Iterable[bytes] | Trust,
    hostname: str | None = None,
    now: datetime | None = None,
    strict: bool = False,
    partial_chain: bool = False,
    verify_code: int | None = None,
) -> Report:
    """Diagnose a certificate chain offline: nothing is read, opened or asked.

    Args:
        chain: the certificates in DER, the end-entity first, as a server presents them; what is no certificate among
            them is a finding.
        trust_anchors: the trust anchors in DER; or a :class:`sslwhy.Trust`, such as :func:`sslwhy.trust_in_force`
            records, which also says where they came from and what other stores there are, so that the store itself
            can be found at fault. What is no certificate among them is a finding where the chain fails for want of it.
        hostname: the reference identity, a DNS name or an IP address; ``None`` leaves names unchecked.
        now: what the clock said; naive means UTC; ``None`` means now.
        strict: whether to apply OpenSSL's ``X509_V_FLAG_X509_STRICT``, the default of Python 3.13.
        partial_chain: whether to apply ``X509_V_FLAG_PARTIAL_CHAIN``, the default of Python 3.13.
        verify_code: the verdict of OpenSSL (``X509_V_ERR_*``) that was recorded with the chain, 0 for acceptance; it
            also stands for what cannot be seen from here, such as revocation lists. ``None`` predicts it.

    Returns:
        The report: no findings where OpenSSL would accept the chain for a TLS server.

    Raises:
        TypeError: the chain or the anchors are not bytes.
        ValueError: the hostname is empty, which would match nothing and must not pass for "unchecked".
    """
    if hostname == "":
        raise ValueError("hostname is empty; None leaves names unchecked")
    if hostname and hostname.startswith("[") and hostname.endswith("]"):
        hostname = hostname[1:-1]  # an IPv6 address as URLs write it
    evidence = Evidence(
        target=Target(None, hostname, None, hostname),
        operation=Operation("check"),
        chain=_bytes("chain", chain),
        verified=verify_code == 0,
        offer=ClientOffer(strict=strict, partial_chain=partial_chain, check_hostname=hostname is not None),
        trust=trust_anchors if isinstance(trust_anchors, Trust) else _given(trust_anchors),
        machine=Machine(now=in_utc(now or datetime.now(timezone.utc))),
    )
    return foreseen(evidence) if verify_code is None else report_on(replace(evidence, observed=_verdict(verify_code)))


def _given(anchors: Iterable[bytes]) -> Trust:
    sound: list[bytes] = []
    problem: StoreProblem | None = None
    error = None
    for place, encoding in enumerate(_bytes("trust_anchors", anchors)):
        unreadable = Certificate.from_der(encoding).unreadable
        if not unreadable:
            sound.append(encoding)
        elif problem is None:
            problem, pem = "garbled", "; convert PEM with ssl.PEM_cert_to_DER_cert" if b"-----BEGIN" in encoding else ""
            error = f"trust_anchors[{place}] is no certificate in DER: {unreadable}{pem}"
    store = TrustStore(source="trust_anchors", kind="memory", anchors=tuple(sound), problem=problem, error=error)
    return Trust(store=store)


def foreseen(evidence: Evidence) -> Report:
    """Return the report that a handshake with this chain and this trust would give. Pure: nothing is tried."""
    return report_on(replace(evidence, observed=_predicted(evidence)))


def _predicted(evidence: Evidence) -> Observed:
    from sslwhy.causes.case import Case

    path = Case(evidence).path
    verify_code = 0 if isinstance(path, Missing) else path.verify_code
    unloadable = evidence.trust and evidence.trust.store.problem not in {None, "not-found"}
    if unloadable and (verify_code or isinstance(path, Missing)):
        return Observed(stage="setup")
    return _verdict(verify_code)


def _verdict(verify_code: int) -> Observed:
    from sslwhy.causes.verify_codes import verify_message

    if not verify_code:
        return Observed()
    return Observed(stage="handshake", verify_code=int(verify_code), verify_message=verify_message(verify_code))


def _bytes(name: str, items: Iterable[Any]) -> tuple[bytes, ...]:
    if isinstance(items, (bytes, bytearray, str)):
        raise TypeError(f"{name} must be a sequence of DER certificates, not one {type(items).__name__}")
    found = tuple(items)
    for each in found:
        if not isinstance(each, (bytes, bytearray, memoryview)):
            raise TypeError(f"{name} must hold DER bytes, not {type(each).__name__}")
    return tuple(bytes(each) for each in found)
