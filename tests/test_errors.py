"""Exceptions taken apart: stages, reasons and alerts, for the errors of several libraries and OpenSSL versions."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
import requests
import urllib3

from sslwhy.causes.judge import judge
from sslwhy.evidence.errors import key_log_problem, links, observe, root_of
from sslwhy.evidence.incident import Incident
from sslwhy.facts.client import ClientCertificate, ClientOffer, Route
from sslwhy.facts.evidence import Evidence
from sslwhy.facts.machine import Machine
from sslwhy.facts.observed import Observed, Target
from sslwhy.facts.tls.alerts import ALERTS, alert_name, alert_of_reason


if TYPE_CHECKING:
    from pathlib import Path

TARGET = Target("https://service.example/", "service.example", 443, "service.example")


def ssl_error(text: str, **attributes: str) -> ssl.SSLError:
    """An `ssl.SSLError` as CPython makes it."""
    error = ssl.SSLError(1, text)
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


def test_links_find_what_each_library_hides() -> None:
    """Causes, contexts, arguments and urllib3's `reason` are all walked, once each, in spite of circles."""
    inner = ssl_error("inner")
    middle = urllib3.exceptions.MaxRetryError(None, "/", urllib3.exceptions.SSLError(inner))  # type: ignore[arg-type]
    outer = requests.exceptions.SSLError(middle)
    inner.__cause__ = outer
    found = list(links(outer))
    assert inner in found
    assert len(found) == len({id(each) for each in found}) == 4
    assert root_of(outer) is inner


@pytest.mark.parametrize(
    ("text", "reason", "alert"),
    [
        ("[SSL] tlsv1 alert no application protocol (_ssl.c:1006)", "TLSV1_ALERT_NO_APPLICATION_PROTOCOL", 120),
        ("[SSL] PEM lib (_ssl.c:3905)", "PEM_LIB", None),
        ("[SSL] unknown error (_ssl.c:1006)", "UNKNOWN_ERROR", None),
        (
            "bad handshake: Error([('SSL routines', 'ssl3_read_bytes', 'sslv3 alert handshake failure')],)",
            "SSLV3_ALERT_HANDSHAKE_FAILURE",
            40,
        ),
        (
            "bad handshake: Error([('SSL routines', '', 'ssl/tls alert handshake failure')])",
            "SSLTLS_ALERT_HANDSHAKE_FAILURE",
            40,
        ),
        ("bad handshake: SysCallError(-1, 'Unexpected EOF')", "UNEXPECTED_EOF_WHILE_READING", None),
        ("read error: Error([('system library', '', '')])", "UNEXPECTED_EOF_WHILE_READING", None),
    ],
)
def test_a_reason_without_a_symbol_is_read_from_openssls_words(text: str, reason: str, alert: int | None) -> None:
    """CPython and pyOpenSSL have no symbol for these; the words are OpenSSL's own table."""
    seen = observe(Incident(error=ssl_error(text)))
    assert seen.reason == reason
    assert seen.alert == alert


@pytest.mark.parametrize("number", ALERTS)
def test_each_alert_is_read_back_from_its_symbols(number: int) -> None:
    """The number of an alert is known under every prefix that OpenSSL puts before its name."""
    name = "USER_CANCELLED" if number == 90 else ALERTS[number].upper()
    for prefix in ("SSLV3_ALERT_", "SSLTLS_ALERT_", "TLS_ALERT_", "TLSV1_ALERT_", "TLSV13_ALERT_", "TLSV1_"):
        assert alert_of_reason(prefix + name) == number
    assert alert_name(number) == ALERTS[number]


def test_what_is_no_alert_has_no_number() -> None:
    """Reasons of this client's own library are not taken for alerts; unknown numbers keep their number."""
    assert alert_of_reason("WRONG_VERSION_NUMBER") is None
    assert alert_of_reason("TLSV1_ALERT_NONESUCH") is None
    assert alert_name(250) == "alert 250"


@pytest.mark.parametrize(
    ("reason", "library", "stage"),
    [
        ("EE_KEY_TOO_SMALL", "SSL", "setup"),
        ("KEY_VALUES_MISMATCH", "X509", "setup"),
        ("NO_START_LINE", "PEM", "setup"),
        ("LIBRARY_HAS_NO_CIPHERS", "SSL", "setup"),
        ("WRONG_VERSION_NUMBER", "SSL", "handshake"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "SSL", "handshake"),
    ],
)
def test_the_stage_of_an_error_that_kept_no_frames(reason: str, library: str, stage: str) -> None:
    """An exception from a log or another process has neither testimony nor traceback; its library and reason tell."""
    assert observe(Incident(error=ssl_error("x", reason=reason, library=library))).stage == stage


def test_nothing_observed_where_nothing_failed() -> None:
    """A check of a healthy server has no error."""
    assert observe(Incident()) == Observed()
    assert not observe(Incident()).failed


def test_a_secret_in_a_message_is_cut_out() -> None:
    """User info and queries of URLs do not reach a report."""
    seen = observe(Incident(error=OSError("https://me:secret@host.example/x?token=abc failed")))
    assert "secret" not in str(seen.message)
    assert "token" not in str(seen.message)


def test_the_key_log_is_looked_at_and_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that could be made is no problem, and it is not made."""
    assert key_log_problem() is None
    for name, said in {"new.log": None, "gone/x.log": "its directory does not exist", ".": "it is a directory"}.items():
        monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / name))
        assert key_log_problem() == said
    monkeypatch.setenv("SSLKEYLOGFILE", "")
    assert key_log_problem() is None
    assert list(tmp_path.iterdir()) == []


# What OpenSSL's reasons come to without a probe: rows C and D of the field.

REASONS = {
    "WRONG_VERSION_NUMBER": "not-tls",
    "RECORD_LAYER_FAILURE": "not-tls",
    "UNKNOWN_PROTOCOL": "not-tls",
    "HTTP_REQUEST": "not-tls",
    "PACKET_LENGTH_TOO_LONG": "not-tls",
    "UNSUPPORTED_PROTOCOL": "protocol-version-mismatch",
    "VERSION_TOO_LOW": "protocol-version-mismatch",
    "TLSV1_ALERT_PROTOCOL_VERSION": "protocol-version-mismatch",
    "TLSV1_UNRECOGNIZED_NAME": "unrecognized-server-name",
    "UNSAFE_LEGACY_RENEGOTIATION_DISABLED": "legacy-renegotiation",
    "DH_KEY_TOO_SMALL": "weak-dh-parameters",
    "WRONG_SIGNATURE_TYPE": "no-shared-signature-algorithm",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "no-shared-cipher",
    "TLSV1_ALERT_INSUFFICIENT_SECURITY": "no-shared-cipher",
    "UNEXPECTED_EOF_WHILE_READING": "handshake-closed",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "client-certificate-required",
    "TLSV1_ALERT_NO_APPLICATION_PROTOCOL": "alpn-mismatch",
    "TLSV1_ALERT_INTERNAL_ERROR": "unclassified",
    "SSLV3_ALERT_UNEXPECTED_MESSAGE": "unclassified",
    "EXCESSIVE_MESSAGE_SIZE": "chain-too-long",
}


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_has_a_code_or_an_honest_unclassified(reason: str) -> None:
    """Without any probe the reason alone decides; what it cannot prove is not confirmed."""
    observed = Observed(
        type="ssl.SSLError",
        root_type="ssl.SSLError",
        library="SSL",
        stage="handshake",
        reason=reason,
        alert=alert_of_reason(reason),
    )
    found = judge(Evidence(target=TARGET, observed=observed)).findings[0]
    assert found.code == REASONS[reason]
    if reason in {"SSLV3_ALERT_HANDSHAKE_FAILURE", "TLSV1_ALERT_PROTOCOL_VERSION", "UNEXPECTED_EOF_WHILE_READING"}:
        assert found.confidence != "confirmed"
        assert found.alternatives


MINE = ClientCertificate(
    source="cert", certificate_path="client.pem", key_path="client-key.pem", certificates=(b"\x30\0",)
)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("TLSV1_ALERT_UNKNOWN_CA", "client-certificate-untrusted"),
        ("SSLV3_ALERT_BAD_CERTIFICATE", "client-certificate-rejected"),
        ("SSLV3_ALERT_CERTIFICATE_UNKNOWN", "client-certificate-rejected"),
        ("SSLV3_ALERT_UNSUPPORTED_CERTIFICATE", "client-certificate-rejected"),
        ("SSLV3_ALERT_CERTIFICATE_REVOKED", "client-certificate-rejected"),
        ("TLSV1_ALERT_ACCESS_DENIED", "client-certificate-rejected"),
        ("TLSV1_ALERT_DECRYPT_ERROR", "client-certificate-rejected"),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", "client-certificate-expired"),
    ],
)
def test_each_refusal_of_a_client_certificate_has_a_code(reason: str, code: str) -> None:
    """After a handshake with our certificate the alert names the kind of refusal."""
    observed = Observed(
        type="ssl.SSLError",
        root_type="ssl.SSLError",
        library="SSL",
        stage="read",
        reason=reason,
        alert=alert_of_reason(reason),
    )
    found = judge(Evidence(target=TARGET, observed=observed, verified=True, client_certificate=MINE)).findings[0]
    assert found.code == code


def test_two_processes_on_one_connection() -> None:
    """Any damage on a connection from another process is that process's doing, whatever the reason."""
    for reason in ("DECRYPTION_FAILED_OR_BAD_RECORD_MAC", "WRONG_VERSION_NUMBER", "UNEXPECTED_EOF_WHILE_READING"):
        observed = Observed(type="ssl.SSLError", root_type="ssl.SSLError", stage="read", reason=reason)
        evidence = Evidence(target=TARGET, observed=observed, verified=True, machine=Machine(forked=True))
        assert [each.code for each in judge(evidence).findings] == ["session-shared-across-processes"]


def test_a_library_without_ciphers() -> None:
    """The reasons of a library that has nothing to offer are local, with the policy file at hand."""
    offer = ClientOffer(policy_file="/etc/ssl/openssl.cnf", policy=("CipherString = FIPS",), hello_problem="NO_CIPHERS")
    for stage, reason in (("setup", "LIBRARY_HAS_NO_CIPHERS"), ("handshake", "NO_CIPHERS_AVAILABLE")):
        observed = Observed(type="ssl.SSLError", root_type="ssl.SSLError", stage=stage, reason=reason)  # type: ignore[arg-type]
        found = judge(Evidence(target=TARGET, observed=observed, offer=offer)).findings[0]
        assert found.code == "tls-library-misconfigured"
        assert "CipherString = FIPS" in found.actual


def test_an_error_at_a_socks_proxy_names_the_proxy() -> None:
    """A proxy that no probe can use is named all the same."""
    observed = Observed(
        type="requests.exceptions.ProxyError", root_type="ConnectionRefusedError", stage="connect", proxy=True
    )
    route = Route(proxy="socks5://inner:1080", source="ALL_PROXY", host="inner", port=1080, scheme="socks5")
    found = judge(Evidence(target=TARGET, observed=observed, route=route)).findings[0]
    assert found.code == "proxy-unreachable"
    assert "inner:1080" in found.headline
