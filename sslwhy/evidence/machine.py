"""Clock and environment of this machine, as far as TLS depends on them."""

from __future__ import annotations

import email.utils
import os
import platform
import re
import ssl
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from sslwhy.evidence.trust.stores import certifi_release
from sslwhy.facts.machine import Machine, in_utc
from sslwhy.text import redact


if TYPE_CHECKING:
    from sslwhy.evidence.incident import Incident

VARIABLES = (
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSLKEYLOGFILE",
    "OPENSSL_CONF",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
)
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


def machine_of(incident: Incident) -> Machine:
    """Return the facts of this machine at this moment."""
    floor, witness = clock_floor()
    return Machine(
        now=datetime.now(timezone.utc),
        clock_floor=floor,
        clock_floor_source=witness,
        server_clock=_http_date(incident.server_date),
        environment=tuple((name, redact(os.environ[name])) for name in VARIABLES if name in os.environ),
        python=platform.python_version(),
        platform=sys.platform,
        forked=bool(incident.testimony and incident.testimony.forked),
    )


def clock_floor(openssl: str = ssl.OPENSSL_VERSION) -> tuple[datetime | None, str | None]:
    """Return the latest moment that has certainly passed, and what says so.

    Both witnesses were dated by their publishers before they came to this machine. File times are not asked:
    archives and images carry any time.

    Args:
        openssl: the TLS library's version text, which ends with its release date.
    """
    witnesses = [
        (certifi_release(), "the release date of the installed certifi"),
        (_openssl_release(openssl), "the release date of the TLS library"),
    ]
    dated = [(moment, words) for moment, words in witnesses if moment is not None]
    return max(dated, default=(None, None))


def _openssl_release(version: str) -> datetime | None:
    found = re.search(r"\b(\d{1,2}) ([A-Z][a-z]{2}) (\d{4})$", version)
    month = _MONTHS.find(found[2]) if found else -1
    if found is None or month < 0:
        return None
    return datetime(int(found[3]), month // 3 + 1, int(found[1]), tzinfo=timezone.utc)


def _http_date(text: str | None) -> datetime | None:
    try:
        return in_utc(email.utils.parsedate_to_datetime(text)) if text else None
    except (OverflowError, ValueError):
        return None
