"""How the server was reached: directly, or through which proxy, and who chose that proxy."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sslwhy.facts.client import Route
from sslwhy.text import redact


if TYPE_CHECKING:
    from sslwhy.evidence.incident import Incident

_DEFAULT_PORTS = {"http": 80, "https": 443, "socks4": 1080, "socks5": 1080, "socks5h": 1080}


def route_of(incident: Incident) -> Route:
    """Return the route of the failed call."""
    parts = urlsplit(incident.url or "")
    keys = (f"{parts.scheme}://{parts.hostname}", parts.scheme, f"all://{parts.hostname}", "all")
    chosen = next((key for key in keys if incident.proxies.get(key)), None)
    if chosen is None:
        return Route()
    url = incident.proxies[chosen]
    url = url if "://" in url else f"http://{url}"
    proxy = urlsplit(url)
    return Route(
        proxy=redact(url),
        source=_source(incident, chosen, url),
        host=proxy.hostname,
        port=proxy.port or _DEFAULT_PORTS.get(proxy.scheme),
        scheme=proxy.scheme,
        credentials=proxy.username is not None,
    )


def _source(incident: Incident, key: str, url: str) -> str:
    """Return who named the proxy.

    requests merges the environment into the very dictionary that the caller gave, so the environment is asked first.
    """
    scheme = urlsplit(incident.url or "").scheme if key == "all" else key.partition("://")[0]
    for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY"):
        if incident.trust_env and _bare(os.environ.get(name, "")) == _bare(url):
            return name
    return "proxies"


def _bare(url: str) -> str:
    """Return a proxy's URL without what may be left out; httpx keeps user and password apart from it."""
    return redact(url if "://" in url else f"http://{url}").rstrip("/")
