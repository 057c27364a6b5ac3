"""The proxy in force: how it is told, where it was named, and how it is named otherwise there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes.snippets import library_of
from sslwhy.causes.variables import export
from sslwhy.report.values import YOU, Remedy
from sslwhy.text import clean


if TYPE_CHECKING:
    from sslwhy.causes.case import Case


def chosen_by(case: Case) -> str:
    """Return the proxy and where it came from, and what keeps other hosts from it."""
    route, machine = case.evidence.route, case.evidence.machine
    exempt = machine.variable("NO_PROXY") or machine.variable("no_proxy")
    return f"{clean(route.proxy or '')} (from {named_in(case)}" + (f"; NO_PROXY={clean(exempt)})" if exempt else ")")


def named_in(case: Case) -> str:
    """Return where the proxy was named: a variable, or what the program itself passes to its client library."""
    source = case.evidence.route.source
    if source not in {None, "proxies"}:
        return str(source)
    return "the argument proxy" if library_of(case) == "httpx" else "the argument proxies"


def configured(case: Case, text: str, url: str) -> Remedy:
    """Return the remedy that gives the proxy another URL at the place where this one came from."""
    route = case.evidence.route
    if route.source not in {None, "proxies"}:
        return Remedy(YOU, f"{text}, in {route.source}", command=export(case, str(route.source), url))
    if library_of(case) == "httpx":
        return Remedy(YOU, text, snippet=f"import httpx\n\nclient = httpx.Client(proxy={url!r})")
    return Remedy(YOU, text, snippet=f"proxies = {{'https': {url!r}, 'http': {url!r}}}")
