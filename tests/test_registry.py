"""One place per cause: codes, pages, scenarios and the README's table hold together."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from sslwhy.causes.base import TOPICS, Cause
from sslwhy.causes.registry import RETIRED, all_causes, cause_named
from sslwhy.facts.observed import Observed


ROOT = Path(__file__).parent.parent
CONTRACT = [
    "certificate-expired", "certificate-not-yet-valid", "intermediate-expired", "intermediate-not-yet-valid",
    "root-expired", "local-clock-wrong", "hostname-mismatch", "ip-address-mismatch",
    "missing-subject-alternative-name", "self-signed-certificate", "untrusted-root", "unknown-issuer",
    "missing-intermediate", "intercepting-proxy", "chain-too-long", "invalid-signature", "trusted-by-system-only",
    "trust-store-override", "trust-store-empty", "trust-store-outdated", "ca-bundle-not-found",
    "ca-bundle-unreadable", "ca-directory-not-hashed", "ca-bundle-incomplete", "client-certificate-as-ca-bundle",
    "weak-key", "weak-signature", "wrong-key-usage", "not-a-ca", "path-length-exceeded",
    "name-constraint-violation", "strict-profile-violation", "unhandled-critical-extension",
    "malformed-certificate", "certificate-revoked", "revocation-unknown", "protocol-version-mismatch",
    "no-shared-cipher", "no-shared-group", "no-shared-signature-algorithm", "weak-dh-parameters",
    "legacy-renegotiation", "unrecognized-server-name", "alpn-mismatch", "not-tls", "plain-http-to-tls-port",
    "handshake-closed", "handshake-timeout", "large-client-hello-dropped", "tls-library-misconfigured",
    "key-log-file-unusable", "session-shared-across-processes", "ssl-patched-twice",
    "client-certificate-required", "client-certificate-untrusted", "client-chain-incomplete",
    "client-certificate-expired", "client-certificate-rejected", "client-key-mismatch",
    "client-certificate-not-found", "client-certificate-unreadable", "client-key-encrypted",
    "client-certificate-weak", "proxy-scheme-mismatch", "proxy-certificate-untrusted",
    "proxy-authentication-required", "proxy-refused-tunnel", "proxy-unreachable", "name-resolution-failed",
    "connection-refused", "connect-timeout", "connection-reset", "upstream-trust-failure", "upstream-tls-failure",
    "wsdl-address-mismatch", "forced-https", "unclassified",
]  # fmt: skip
"""The codes that callers rely on, in the order in which they were given out."""

NOT_THE_SERVERS = {
    "local": {
        "local-clock-wrong", "trusted-by-system-only", "trust-store-override", "trust-store-empty",
        "trust-store-outdated", "ca-bundle-not-found", "ca-bundle-unreadable", "ca-directory-not-hashed",
        "ca-bundle-incomplete", "client-certificate-as-ca-bundle", "tls-library-misconfigured", "key-log-file-unusable",
    },
    "network": {
        "intercepting-proxy", "large-client-hello-dropped", "name-resolution-failed", "connection-refused",
        "connect-timeout", "connection-reset",
    },
    "client": {
        "plain-http-to-tls-port", "session-shared-across-processes", "ssl-patched-twice", "forced-https",
        "client-certificate-required", "client-certificate-untrusted", "client-chain-incomplete",
        "client-certificate-expired", "client-certificate-rejected", "client-key-mismatch",
        "client-certificate-not-found", "client-certificate-unreadable", "client-key-encrypted",
        "client-certificate-weak",
    },
    "proxy": {
        "proxy-scheme-mismatch", "proxy-certificate-untrusted", "proxy-authentication-required", "proxy-refused-tunnel",
        "proxy-unreachable",
    },
}  # fmt: skip
"""Whose fault a cause is, where it is not the server's: what callers route by."""

NO_HANDSHAKE = {
    # code: why no loopback handshake on this kind of machine can show it
}


def scenarios() -> dict[str, list[str]]:
    """Every code that a test in this folder is marked with, and the tests."""
    found: dict[str, list[str]] = {}
    for path in Path(__file__).parent.glob("test_*.py"):
        source = path.read_text(encoding="utf-8")
        for mark in re.finditer(r"""mark\.scenario\(\s*["']([a-z-]+)["']""", source):
            found.setdefault(mark[1], []).append(path.name)
    return found


def test_every_code_of_the_contract_has_one_class() -> None:
    """No code is missing, none is given twice, none is new without being written down here."""
    codes = [cause.code for cause in all_causes()]
    assert sorted(codes) == sorted(CONTRACT)


@pytest.mark.parametrize("cause", all_causes(), ids=lambda cause: cause.code)
def test_whose_fault_it_is(cause: type[Cause]) -> None:
    """Each code is blamed on whom callers were told."""
    assert cause.subject == next((who for who, codes in NOT_THE_SERVERS.items() if cause.code in codes), "server")


def test_retired_codes_stay_retired() -> None:
    """A code that was given out once never comes back."""
    assert not RETIRED & {cause.code for cause in all_causes()}


@pytest.mark.parametrize("cause", all_causes(), ids=lambda cause: cause.code)
def test_each_cause_documents_itself(cause: type[Cause]) -> None:
    """A page has a summary and the four headings, each with text; topic and subject are known ones."""
    page = inspect.getdoc(cause) or ""
    assert page.partition("\n")[0].endswith(".")
    positions = [page.find(f"\n{heading}:\n") for heading in ("Seen as", "What it is", "How it is found", "What to do")]
    assert -1 not in positions
    assert positions == sorted(positions)
    assert cause.topic in TOPICS
    assert cause.subject in {"server", "client", "proxy", "network", "local"}
    assert "verify=False" not in page


@pytest.mark.parametrize("code", CONTRACT)
def test_each_code_has_a_scenario(code: str) -> None:
    """A real failure exists in which the cause is the primary finding."""
    assert code in scenarios() or code in NO_HANDSHAKE


def test_scenarios_name_known_codes() -> None:
    """No scenario is marked with a code that does not exist."""
    assert set(scenarios()) <= set(CONTRACT)


@pytest.mark.parametrize("cause", all_causes(), ids=lambda cause: cause.code)
def test_a_cause_that_explains_nothing_is_no_cause(cause: type[Cause]) -> None:
    """A success is explained by no cause but the one that claims nothing."""
    assert cause.explains(Observed()) == (cause.code == "unclassified")


def test_names_lead_to_classes() -> None:
    """Looking a code up gives its class, and ``None`` for a code that does not exist."""
    assert cause_named("certificate-expired") in all_causes()
    assert cause_named("nonesuch") is None


def test_every_test_says_what_it_proves() -> None:
    """Each test function has a docstring."""
    silent = [
        f"{path.name}:{node.name}"
        for path in Path(__file__).parent.glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert not silent
