"""sslwhy: the SOAP/HTTP client that says why TLS failed.

Importing this package loads nothing else; each name below is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    from sslwhy.checking import check as check
    from sslwhy.clients.guard import diagnosing as diagnosing
    from sslwhy.clients.over_httpx import AsyncHTTPTransport as AsyncHTTPTransport
    from sslwhy.clients.over_httpx import HTTPTransport as HTTPTransport
    from sslwhy.clients.over_requests import HTTPAdapter as HTTPAdapter
    from sslwhy.clients.over_requests import Session as Session
    from sslwhy.clients.over_zeep import AsyncClient as AsyncClient
    from sslwhy.clients.over_zeep import AsyncTransport as AsyncTransport
    from sslwhy.clients.over_zeep import CachingClient as CachingClient
    from sslwhy.clients.over_zeep import Client as Client
    from sslwhy.clients.over_zeep import Transport as Transport
    from sslwhy.evidence.trust.provenance import trust_in_force as trust_in_force
    from sslwhy.exceptions import DiagnosedError as DiagnosedError
    from sslwhy.facts.trust import Trust as Trust
    from sslwhy.facts.trust import TrustStore as TrustStore
    from sslwhy.inquiry import diagnose_chain as diagnose_chain
    from sslwhy.inquiry import explain as explain
    from sslwhy.policy import Policy as Policy
    from sslwhy.report.report import Report as Report
    from sslwhy.report.values import Check as Check
    from sslwhy.report.values import Finding as Finding
    from sslwhy.report.values import Remedy as Remedy

_HOMES = {
    "AsyncClient": "sslwhy.clients.over_zeep",
    "AsyncHTTPTransport": "sslwhy.clients.over_httpx",
    "AsyncTransport": "sslwhy.clients.over_zeep",
    "CachingClient": "sslwhy.clients.over_zeep",
    "Check": "sslwhy.report.values",
    "Client": "sslwhy.clients.over_zeep",
    "DiagnosedError": "sslwhy.exceptions",
    "Finding": "sslwhy.report.values",
    "HTTPAdapter": "sslwhy.clients.over_requests",
    "HTTPTransport": "sslwhy.clients.over_httpx",
    "Policy": "sslwhy.policy",
    "Remedy": "sslwhy.report.values",
    "Report": "sslwhy.report.report",
    "Session": "sslwhy.clients.over_requests",
    "Transport": "sslwhy.clients.over_zeep",
    "Trust": "sslwhy.facts.trust",
    "TrustStore": "sslwhy.facts.trust",
    "check": "sslwhy.checking",
    "diagnose_chain": "sslwhy.inquiry",
    "diagnosing": "sslwhy.clients.guard",
    "explain": "sslwhy.inquiry",
    "trust_in_force": "sslwhy.evidence.trust.provenance",
}

__all__ = [  # noqa: PLE0604 - the names are the table's keys; one list to keep
    *_HOMES,
    "__version__",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use (:pep:`562`)."""
    if name == "__version__":
        from importlib.metadata import version

        return version("sslwhy")
    if name not in _HOMES:
        raise AttributeError(f"module 'sslwhy' has no attribute {name!r}")
    try:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    except ModuleNotFoundError as missing:
        if missing.name != "httpx":
            raise
        raise ImportError(f"sslwhy.{name} needs httpx: pip install 'sslwhy[async]'") from missing
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
