"""Remedies that change the client for one host only, as Python that runs as it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sslwhy.report.values import YOU, Remedy


if TYPE_CHECKING:
    from sslwhy.causes.case import Case

_SOAP = {"wsdl", "schema", "operation"}


def one_host(case: Case, text: str, *statements: str) -> Remedy:
    """Return the remedy that mounts a context of its own for this one host.

    Args:
        case: the evidence; it names the host, the library, and the settings that must stay as they are.
        text: what to do and what it costs in security.
        statements: Python statements on the variable ``context``.
    """
    build = _httpx if (case.evidence.observed.type or "").startswith("httpx.") else _requests
    return Remedy(YOU, text, snippet="\n".join(build(case, statements)))


def base_url(case: Case) -> str:
    """Return scheme, host and port of the target as the caller wrote them, with a final slash."""
    target = case.evidence.target
    parts = urlsplit(target.url or "")
    return f"{parts.scheme}://{parts.netloc}/" if parts.netloc else f"https://{target.authority}/"


def _requests(case: Case, statements: tuple[str, ...]) -> list[str]:
    return [
        "import functools",
        *_imports(statements, "getpass", "ssl"),
        "",
        "import requests",
        "from requests.adapters import HTTPAdapter",
        "from urllib3.util.ssl_ import create_urllib3_context",
        *(["from zeep import Client, Transport"] if _soap(case) else []),
        "",
        f"URL = {base_url(case)!r}",
        "",
        "",
        "@functools.cache",
        "def context_for_this_host(verify, cert):  # one for each: what a context has loaded stays in it",
        "    context = create_urllib3_context()",
        *(f"    {line}" for line in (*statements, *_anchors(case))),
        "    return context",
        "",
        "",
        "class OneHost(HTTPAdapter):",
        "    def build_connection_pool_key_attributes(self, request, verify, cert=None):",
        "        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)",
        '        return host, {**pool, "ssl_context": context_for_this_host(verify, cert)}',
        "",
        "",
        "session = requests.Session()",
        "session.mount(URL, OneHost())",
        *_kept(case),
        *_client(case),
    ]


def _imports(statements: tuple[str, ...], *modules: str) -> list[str]:
    """Return the imports of those modules that the statements use."""
    return [f"import {module}" for module in modules if any(f"{module}." in line for line in statements)]


def _anchors(case: Case) -> tuple[str, ...]:
    """Return the statements that load certifi's bundle, where that was in force: requests 2.32.3 does not do it."""
    store = case.evidence.trust.store if case.evidence.trust else None
    if store is None or store.source != "certifi":
        return ()
    return ("if verify is True:", "    context.load_verify_locations(requests.certs.where())")


def _kept(case: Case) -> list[str]:
    """Return the settings of the failed call that the new session needs as well."""
    evidence = case.evidence
    store = evidence.trust.store if evidence.trust else None
    mine = evidence.client_certificate or None
    kept = []
    if store and store.source == "verify" and store.location:
        kept.append(f"session.verify = {store.location!r}")
    if mine and mine.certificate_path and mine.problem is None:
        pair = (mine.certificate_path, mine.key_path) if mine.key_path else mine.certificate_path
        kept.append(f"session.cert = {pair!r}")
    return kept


def _soap(case: Case) -> bool:
    return case.evidence.operation.kind in _SOAP


def _client(case: Case) -> list[str]:
    if not _soap(case):
        return []
    operation, target = case.evidence.operation, case.evidence.target
    wsdl = target.url if operation.kind == "wsdl" else (operation.document or operation.requested_url or target.url)
    return [f"client = Client({wsdl!r}, transport=Transport(session=session))"]


def _httpx(case: Case, statements: tuple[str, ...]) -> list[str]:
    """Return the snippet for httpx; its own default reads ``SSL_CERT_FILE`` and else takes certifi's bundle."""
    store = case.evidence.trust.store if case.evidence.trust else None
    own = repr(store.location) if store and store.source == "verify" and store.location else None
    return [
        *_imports(statements, "getpass"),
        "import ssl",
        "",
        "import httpx",
        "",
        f"URL = {base_url(case).rstrip('/')!r}",
        "",
        f"context = ssl.create_default_context(cafile={own})" if own else "context = httpx.create_ssl_context()",
        *statements,
        "client = httpx.Client(mounts={URL: httpx.HTTPTransport(verify=context)})",
    ]
