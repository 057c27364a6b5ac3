"""The Python of the remedies, in the terms of the client library that failed: it runs as it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.case import Case

_SOAP = {"wsdl", "schema", "operation"}


def library_of(case: Case) -> str:
    """Return whose settings the caller can change: ``requests`` (zeep's, too), ``httpx`` or ``ssl`` for all others."""
    trust, raised = case.evidence.trust, (case.evidence.observed.type or "").partition(".")[0]
    client = trust.client if trust else "unknown"
    if client == "unknown":
        client = {"zeep": "requests"}.get(raised, raised)
    return client if client in {"requests", "httpx"} else "ssl"


def is_soap(case: Case) -> bool:
    """Return whether the call was zeep's."""
    return case.evidence.operation.kind in _SOAP


def imports(statements: Iterable[str], *modules: str) -> list[str]:
    """Return the imports of those modules that the statements use."""
    lines = list(statements)
    return [f"import {module}" for module in modules if any(f"{module}." in line for line in lines)]


def own_bundle(case: Case) -> str | None:
    """Return the bundle that the failed call named itself, or ``None``."""
    store = case.evidence.trust.store if case.evidence.trust else None
    return store.location if store and store.source == "verify" and store.location else None


def own_certificate(case: Case) -> tuple[str, ...]:
    """Return the files of the client certificate that the failed call carried; empty where it had none to be kept."""
    mine = case.evidence.client_certificate or None
    if not mine or not mine.certificate_path or mine.problem is not None:
        return ()
    return (mine.certificate_path, mine.key_path) if mine.key_path else (mine.certificate_path,)


def default_context(case: Case) -> str:
    """Return the statement that makes the context which httpx, or ``ssl`` itself, would verify with."""
    if own := own_bundle(case):
        return f"context = ssl.create_default_context(cafile={own!r})"
    return f"context = {'httpx.create_ssl_context' if library_of(case) == 'httpx' else 'ssl.create_default_context'}()"


def zeep_client(case: Case) -> list[str]:
    """Return the line that makes a zeep client from the session; none where the call was not zeep's."""
    return [f"client = Client({_wsdl(case)!r}, transport=Transport(session=session))"] if is_soap(case) else []


ZEEP_IMPORT = "from zeep import Client, Transport"


def httpx_client(case: Case, arguments: str) -> list[str]:
    """Return the lines that make a client of httpx, or of zeep by way of httpx.

    Args:
        case: the evidence.
        arguments: the client's arguments; ``TRANSPORT`` stands for the name of httpx's transport class.
    """
    plain, asynchronous = (arguments.replace("TRANSPORT", name) for name in ("HTTPTransport", "AsyncHTTPTransport"))
    if not is_soap(case):
        return [f"client = httpx.Client({plain})", f"# or: httpx.AsyncClient({asynchronous})"]
    return [
        "transport = AsyncTransport(",
        f"    client=httpx.AsyncClient({asynchronous}),",
        f"    wsdl_client=httpx.Client({plain}),",
        ")",
        f"client = AsyncClient({_wsdl(case)!r}, transport=transport)",
    ]


def httpx_imports(case: Case) -> list[str]:
    """Return the imports that :func:`httpx_client` needs."""
    return [
        "import httpx",
        *(["from zeep import AsyncClient", "from zeep.transports import AsyncTransport"] * is_soap(case)),
    ]


def with_certificate(case: Case, *paths: str) -> str:
    """Return Python that gives the client a client certificate, in the way of the library in use.

    Args:
        case: the evidence.
        paths: the PEM file of the certificate and, where it lies in another file, that of the key.
    """
    files = ", ".join(map(repr, paths))
    library, loading = library_of(case), f"context.load_cert_chain({files})"
    if library == "requests":
        lines = ["import requests", *([ZEEP_IMPORT] * is_soap(case)), "", "session = requests.Session()"]
        lines += [f"session.verify = {own!r}"] if (own := own_bundle(case)) else []
        return "\n".join([*lines, f"session.cert = {f'({files})' if len(paths) > 1 else files}", *zeep_client(case)])
    made = default_context(case)
    if library == "httpx":
        head = [*imports([made], "ssl"), "", *httpx_imports(case)] if "ssl." in made else httpx_imports(case)
        return "\n".join([*head, "", made, loading, *httpx_client(case, "verify=context")])
    return "\n".join(["import ssl", "", made, loading, hand_over(case)])


def hand_over(case: Case) -> str:
    """Return the comment that says where a context goes in a library with no snippet of its own."""
    server = clean(case.evidence.target.authority)
    return f"# give this context to the client that calls {server}: context=, ssl_context= or ssl="


def _wsdl(case: Case) -> str | None:
    operation, url = case.evidence.operation, case.evidence.target.url
    return url if operation.kind == "wsdl" else (operation.document or operation.requested_url or url)
