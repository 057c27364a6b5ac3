"""Every alert at every place of a handshake, with a client certificate and without: what may be called proven."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pytest
import requests
from support.asking import primary
from support.refusals import RefusesAfterwards, RefusesTheClient

import sslwhy
from sslwhy.facts.tls.alerts import ALERTS


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support import pki

    from sslwhy.demo.loopback import Listener
    from sslwhy.demo.pki import Identity

Place: TypeAlias = "Callable[[Identity, Identity, int], Listener]"

PLACES: dict[str, Place] = {
    "in TLS 1.2, unasked": lambda leaf, _, number: RefusesTheClient(leaf, number),
    "in TLS 1.2, asked": lambda leaf, ca, number: RefusesTheClient(leaf, number, (ca,)),
    "after TLS 1.2, unasked": lambda leaf, _, number: RefusesAfterwards(leaf, number, "1.2", asks=False),
    "after TLS 1.2, asked": lambda leaf, _, number: RefusesAfterwards(leaf, number, "1.2", asks=True),
    "after TLS 1.3, asked": lambda leaf, _, number: RefusesAfterwards(leaf, number, "1.3", asks=True),
}
BY_NAME = {116: "client-certificate-required", 120: "alpn-mismatch"}
"""Alerts that say their cause wherever they come."""
ABSENT = dict.fromkeys((40, 41, 42, 50), "client-certificate-required")
REFUSED = dict.fromkeys((41, 42, 43, 44, 46, 49), "client-certificate-rejected")
ENDS = {0, 90}
"""Alerts that end a connection and accuse nobody (RFC 8446 section 6.1)."""


@pytest.mark.parametrize("carries", [False, True], ids=["without", "with"])
@pytest.mark.parametrize("place", PLACES)
def test_an_alert_proves_what_it_says_and_no_more(
    place: str, carries: bool, rsa_leaf: Identity, issuing: pki.Authority, ca_file: str, tmp_path: Path
) -> None:
    """A client certificate is blamed for sure only where one was asked for, and by alerts that mean a certificate."""
    files = issuing.client("Caller").write(tmp_path)
    cert = (str(files.chain), str(files.key)) if carries else None
    asked = place.endswith(", asked")
    proven = BY_NAME | ((REFUSED if carries else ABSENT) if asked else {})
    found: dict[int, str] = {}
    for number in ALERTS.keys() - ENDS:
        with PLACES[place](rsa_leaf, issuing, number) as server:
            report = _refused(server.port, ca_file, cert)
        assert report.observed.alert == number
        for each in report.findings:
            if each.confidence == "confirmed":
                found[number] = each.code
        if report.code in {"client-certificate-rejected", "client-certificate-required"} and number not in proven:
            assert primary(report).split()[1] == ("likely" if asked or number in REFUSED else "possible"), number
    assert found == proven


def _refused(port: int, ca_file: str, cert: tuple[str, str] | None) -> sslwhy.Report:
    with sslwhy.Session() as session, pytest.raises(requests.exceptions.SSLError) as caught:
        session.get(f"https://localhost:{port}/", verify=ca_file, cert=cert, timeout=5)
    assert isinstance(caught.value, sslwhy.DiagnosedError)
    return caught.value.report
