"""The report as data: JSON, flat log fields, and the fingerprint that is the same on a thousand machines."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sslwhy.facts.tls.alerts import alert_name
from sslwhy.text import clean


if TYPE_CHECKING:
    from sslwhy.report.values import Diagnosis, Finding

SCHEMA_VERSION = 1
_FINGERPRINT_DIGITS = 16


def to_dict(report: Diagnosis) -> dict[str, Any]:
    """Return the JSON form of a report; see :meth:`sslwhy.Report.to_dict`."""
    findings = [_finding(each) for each in report.findings]
    return {
        "schema_version": SCHEMA_VERSION,
        "target": asdict(report.target),
        "operation": {
            "kind": report.operation.kind,
            "name": report.operation.name,
            "url_source": report.operation.url_source,
        },
        "observed": _observed(report),
        "primary": findings[0] if findings else None,
        "findings": findings,
        "chain": [{**asdict(link), "problems": list(link.problems)} for link in report.chain],
        "trust": asdict(report.trust) if report.trust else None,
        "checks": [asdict(check) for check in report.checks],
        "connections": report.connections,
        "fingerprint": fingerprint(report),
    }


def _observed(report: Diagnosis) -> dict[str, Any] | None:
    seen = report.observed
    if not seen.failed:
        return None
    return {
        "type": seen.type,
        "message": clean(seen.message or "", 2000),
        "verify_code": seen.verify_code,
        "reason": seen.reason,
        "alert": alert_name(seen.alert) if seen.alert is not None else None,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "headline": finding.headline,
        "subject": finding.subject,
        "depth": finding.depth,
        "expected": finding.expected,
        "actual": finding.actual,
        "confidence": finding.confidence,
        "alternatives": list(finding.alternatives),
        "remedies": [
            {name: getattr(remedy, name) for name in ("actor", "text", "command", "snippet", "proof")}
            for remedy in finding.remedies
        ],
    }


def fingerprint(report: Diagnosis) -> str:
    """Return a stable id of (code, subject, host, port, offending certificate): 16 hexadecimal digits of SHA-256."""
    primary = report.primary
    parts = (
        primary.code if primary else "",
        primary.subject if primary else "",
        (report.target.host or "").lower(),
        str(report.target.port or ""),
        (primary.certificate if primary else None) or "",
    )
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:_FINGERPRINT_DIGITS]


def log_fields(report: Diagnosis) -> dict[str, Any]:
    """Return flat ``tls.*`` keys; values are strings, numbers or ``None``."""
    primary = report.primary
    remedy = primary.remedies[0] if primary and primary.remedies else None
    return {
        "tls.code": report.code,
        "tls.headline": primary.headline if primary else None,
        "tls.subject": primary.subject if primary else None,
        "tls.depth": primary.depth if primary else None,
        "tls.confidence": primary.confidence if primary else None,
        "tls.expected": primary.expected if primary else None,
        "tls.actual": primary.actual if primary else None,
        "tls.actor": remedy.actor if remedy else None,
        "tls.remedy": remedy.text if remedy else None,
        "tls.codes": ",".join(finding.code for finding in report.findings),
        "tls.host": report.target.host,
        "tls.port": report.target.port,
        "tls.operation": report.operation.name,
        "tls.verify_code": report.observed.verify_code,
        "tls.reason": report.observed.reason,
        "tls.fingerprint": fingerprint(report),
    }
