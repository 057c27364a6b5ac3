"""Remedies that change the client for one host only, as Python that runs as it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sslwhy.causes import snippets
from sslwhy.report.values import YOU, Remedy


if TYPE_CHECKING:
    from sslwhy.causes.case import Case


def one_host(case: Case, text: str, *statements: str) -> Remedy:
    """Return the remedy that mounts a context of its own for this one host.

    Args:
        case: the evidence; it names the host, the library, and the settings that must stay as they are.
        text: what to do and what it costs in security.
        statements: Python statements on the variable ``context``.
    """
    build = {"requests": _requests, "httpx": _httpx}.get(snippets.library_of(case), _ssl)
    return Remedy(YOU, text, snippet="\n".join(build(case, statements)))


def base_url(case: Case) -> str:
    """Return scheme, host and port of the target as the caller wrote them, with a final slash."""
    target = case.evidence.target
    parts = urlsplit(target.url or "")
    return f"{parts.scheme}://{parts.netloc}/" if parts.netloc else f"https://{target.authority}/"


def _requests(case: Case, statements: tuple[str, ...]) -> list[str]:
    return [
        "import functools",
        *snippets.imports(statements, "getpass", "ssl"),
        "",
        "import requests",
        "from requests.adapters import HTTPAdapter",
        "from urllib3.util.ssl_ import create_urllib3_context",
        *([snippets.ZEEP_IMPORT] * snippets.is_soap(case)),
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
        *snippets.zeep_client(case),
    ]


def _anchors(case: Case) -> tuple[str, ...]:
    """Return the statements that load certifi's bundle, where that was in force: requests 2.32.3 does not do it."""
    store = case.evidence.trust.store if case.evidence.trust else None
    if store is None or store.source != "certifi":
        return ()
    return ("if verify is True:", "    context.load_verify_locations(requests.certs.where())")


def _kept(case: Case) -> list[str]:
    """Return the settings of the failed call that the new session needs as well."""
    own, pair = snippets.own_bundle(case), snippets.own_certificate(case)
    kept = [f"session.verify = {own!r}"] if own else []
    return [*kept, f"session.cert = {(pair if len(pair) > 1 else pair[0])!r}"] if pair else kept


def _context(case: Case, statements: tuple[str, ...]) -> list[str]:
    pair = snippets.own_certificate(case)
    loading = [f"context.load_cert_chain({', '.join(map(repr, pair))})"] if pair else []
    return [snippets.default_context(case), *statements, *loading]


def _httpx(case: Case, statements: tuple[str, ...]) -> list[str]:
    """Return the snippet for httpx; its own default reads ``SSL_CERT_FILE`` and else takes certifi's bundle."""
    context = _context(case, statements)
    standard = snippets.imports(context, "getpass", "ssl")
    return [
        *standard,
        *([""] if standard else []),
        *snippets.httpx_imports(case),
        "",
        f"URL = {base_url(case).rstrip('/')!r}",
        "",
        *context,
        *snippets.httpx_client(case, "mounts={URL: httpx.TRANSPORT(verify=context)}"),
    ]


def _ssl(case: Case, statements: tuple[str, ...]) -> list[str]:
    context = _context(case, statements)
    return [*snippets.imports(context, "getpass", "ssl"), "", *context, snippets.hand_over(case)]
