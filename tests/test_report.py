"""The report tells the same story in four forms, and nothing foreign gets through unescaped."""

from __future__ import annotations

import json
import pickle
import re
from dataclasses import FrozenInstanceError, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sslwhy.facts.observed import Observed, Operation, Target
from sslwhy.report.report import Report
from sslwhy.report.values import ChainLink, Check, Finding, Remedy, TrustSummary
from sslwhy.text import clean, listed, one_line, plain_url, redact, span


EXPIRED = Finding(
    code="certificate-expired",
    headline="server certificate of api.example:443 expired 2026-11-20T00:00:00Z (3 days ago)",
    depth=0,
    expected="now between notBefore and notAfter",
    actual="notAfter 2026-11-20T00:00:00Z; now 2026-11-23T00:00:00Z",
    remedies=(
        Remedy("server operator", "renew the certificate and reload the server", command="certbot renew"),
        Remedy("you", "wait", snippet="import time\n\ntime.sleep(60)\n"),
    ),
    certificate="ab" * 32,
)
UNKNOWN = Finding(
    code="unknown-issuer",
    headline="the issuer is neither sent nor trusted",
    depth=0,
    expected="a path to a trust anchor",
    actual="it ends at the end-entity",
    confidence="possible",
    alternatives=("the server does not send its intermediate", "the root is private"),
)
REPORT = Report(
    target=Target("https://api.example/soap", "api.example", 443, "api.example", "127.0.0.1"),
    operation=Operation("operation", "GetQuote", url_source="the soap:address in the WSDL https://api.example/soap?wsdl"),
    observed=Observed(
        type="requests.exceptions.SSLError",
        message="certificate verify failed",
        stage="handshake",
        verify_code=10,
        verify_message="certificate has expired",
        reason="CERTIFICATE_VERIFY_FAILED",
    ),
    findings=(EXPIRED, UNKNOWN),
    chain=(
        ChainLink(
            0, "end-entity", "CN=api.example", "CN=Issuing CA", True,
            "2026-08-20T00:00:00Z", "2026-11-20T00:00:00Z", "ab" * 32, ("certificate-expired",),
        ),
        ChainLink(1, "missing", "CN=Issuing CA", "", False),
    ),
    trust=TrustSummary("certifi", "cacert.pem", 117),
    checks=(Check("validity", "problem", "certificate-expired"), Check("protocol", "skipped", "not asked")),
)  # fmt: skip

BLOCK = """\
error[certificate-expired]: server certificate of api.example:443 expired 2026-11-20T00:00:00Z (3 days ago)
  expected  now between notBefore and notAfter
  actual    notAfter 2026-11-20T00:00:00Z; now 2026-11-23T00:00:00Z
  fix       server operator: renew the certificate and reload the server
                certbot renew
  fix       you: wait
                import time

                time.sleep(60)

also[unknown-issuer]: the issuer is neither sent nor trusted (possible)
  expected  a path to a trust anchor
  actual    it ends at the end-entity
  or else   the server does not send its intermediate
  or else   the root is private

  while     calling GetQuote at https://api.example/soap
  address   from the soap:address in the WSDL https://api.example/soap?wsdl
  peer      127.0.0.1
  chain     [0] end-entity: CN=api.example (certificate-expired)
                issued by CN=Issuing CA
                valid 2026-08-20T00:00:00Z to 2026-11-20T00:00:00Z
                SHA-256 abababababababababababababababababababababababababababababababab
            [?] missing: CN=Issuing CA (not found)
  trust     117 trust anchors from certifi (cacert.pem)
  observed  OpenSSL verify code 10, certificate has expired
  more      python -m sslwhy explain certificate-expired"""


def test_block() -> None:
    """The block shows findings, remedies, chain, trust and what was not checked, in a fixed layout."""
    assert str(REPORT) == BLOCK


def test_line() -> None:
    """The line says what failed and at which address, why, who has to do what, and ends with the code."""
    assert REPORT.line() == (
        "TLS to api.example:443 (127.0.0.1) failed: server certificate expired 2026-11-20T00:00:00Z (3 days ago); "
        "server operator: renew the certificate and reload the server [certificate-expired]"
    )


@pytest.mark.parametrize(
    ("headline", "brief"),
    [
        ("api.example:443 (127.0.0.1) refused the connection", "server refused the connection"),
        ("api.example:443 speaks SSH", "server speaks SSH"),
        ("the connection to api.example:443 was reset", "the connection was reset"),
        ("X answers in place of api.example:443: it", "X answers in place of api.example:443: it"),
        ("server certificate for api.example:4430 expired", "server certificate for api.example:4430 expired"),
    ],
)
def test_line_names_the_server_once(headline: str, brief: str) -> None:
    """The line begins with the server's address: the headline does not say it again, nor is it cut in the middle."""
    line = replace(REPORT, findings=(replace(EXPIRED, headline=headline),)).line()
    assert f" failed: {brief}; server operator: " in line


def test_line_says_only_what_to_do() -> None:
    """What is to be known about the remedy stays in the block."""
    remedy = Remedy("you", "convert the file (RFC 7468 section 5); the new one holds the bare key")
    line = replace(REPORT, findings=(replace(EXPIRED, remedies=(remedy,)),)).line()
    assert line.endswith("; you: convert the file [certificate-expired]")


def test_block_says_how_a_proven_fault_may_have_come_about() -> None:
    """The alternatives of a proven finding are no other findings, and are not called so."""
    proven = str(replace(REPORT, findings=(replace(UNKNOWN, confidence="confirmed"),)))
    assert "\n  perhaps   the root is private\n" in proven
    assert "or else" not in proven


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (Operation("request", "GET"), "sending GET to https://api.example/soap"),
        (Operation("request"), "connecting to https://api.example/soap"),
        (Operation("schema"), "loading a schema https://api.example/soap"),
        (Operation("check"), "checking https://api.example/soap"),
    ],
)
def test_block_says_what_was_under_way(operation: Operation, words: str) -> None:
    """The row continues the word "while" into a sentence."""
    assert f"\n  while     {words}\n" in str(replace(REPORT, operation=operation))


def test_line_hedges_only_by_confidence() -> None:
    """A finding that is not proven says so and names the first alternative."""
    report = replace(REPORT, findings=(UNKNOWN,))
    assert "(possible; or: the server does not send its intermediate)" in report.line()


def test_line_names_what_else_is_proven() -> None:
    """Whoever reads only the line learns of every proven fault; what is only possible stays in the block."""
    named = replace(EXPIRED, code="hostname-mismatch")
    report = replace(REPORT, findings=(EXPIRED, named, UNKNOWN, named))
    assert report.line().endswith("reload the server; also: hostname-mismatch [certificate-expired]")


def test_what_claims_nothing_is_not_hedged() -> None:
    """``unclassified`` says that the cause is not known: no word of doubt is added, and no server is made up."""
    nothing = replace(UNKNOWN, code="unclassified", headline="ValueError at the server, cause not known")
    nowhere = Report(
        target=Target(None, None, None), operation=Operation(), observed=Observed(stage="setup"), findings=(nothing,)
    )
    assert nowhere.line() == "the call failed: ValueError at the server, cause not known [unclassified]"
    assert str(nowhere).startswith("error[unclassified]: ValueError at the server, cause not known\n")


def test_shell_and_python_are_told_apart() -> None:
    """A remedy with both says which text goes where."""
    both = Remedy("you", "do it", command="sslwhy trust h --out b.pem", snippet='session.verify = "b.pem"')
    assert str(replace(REPORT, findings=(replace(EXPIRED, remedies=(both,)),))).splitlines()[3:8] == [
        "  fix       you: do it",
        "            in a shell:",
        "                sslwhy trust h --out b.pem",
        "            in Python:",
        '                session.verify = "b.pem"',
    ]


def test_what_was_not_checked_is_said_once_for_each_reason() -> None:
    """While the cause is in doubt, topics with one reason share a row; a finding is not told twice."""
    checks = (
        Check("validity", "skipped", "no certificate came"),
        Check("path", "inconclusive", "unknown-issuer"),
        Check("content", "skipped", "no certificate came"),
        Check("answer", "skipped", "the failure is not an answer"),
    )
    rows = [line for line in str(replace(REPORT, findings=(UNKNOWN,), checks=checks)).splitlines() if "unch" in line]
    assert rows == [
        "  unchecked validity, content: no certificate came",
        "  unchecked answer: the failure is not an answer",
    ]
    assert "unchecked" not in str(replace(REPORT, checks=checks))
    fine = str(Report(target=REPORT.target, operation=Operation("check"), observed=Observed(), checks=checks))
    assert "unchecked validity, content: no certificate came" in fine
    assert "answer" not in fine


def test_a_certificate_is_described_once() -> None:
    """Where a chain goes in circles, a certificate that was described is only named again."""
    circle = str(replace(REPORT, chain=REPORT.chain[:1] * 3, connections=1))
    assert circle.count("end-entity: CN=api.example") == 3
    assert circle.count("SHA-256 ") == 1
    assert "  probes    1 connection opened" in circle


def test_nothing_wrong() -> None:
    """A report without findings says so in every form."""
    report = Report(target=Target("https://h/", "h", 443), operation=Operation("check"), observed=Observed())
    assert report.line() == "TLS to h:443 succeeded: no fault found"
    assert str(report).startswith("ok: no fault found at h:443")
    assert report.to_dict()["primary"] is None
    assert report.code is None


def test_json_has_the_contracts_keys() -> None:
    """The JSON form has exactly the keys that callers rely on, and is JSON."""
    record = json.loads(json.dumps(REPORT.to_dict()))
    assert list(record) == [
        "schema_version", "target", "operation", "observed", "primary", "findings", "chain", "trust", "checks",
        "connections", "fingerprint",
    ]  # fmt: skip
    assert record["schema_version"] == 1
    assert list(record["target"]) == ["url", "host", "port", "server_name", "address"]
    assert list(record["operation"]) == ["kind", "name", "url_source"]
    assert list(record["observed"]) == ["type", "message", "verify_code", "reason", "alert"]
    assert record["primary"] == record["findings"][0]
    assert list(record["primary"]) == [
        "code", "headline", "subject", "depth", "expected", "actual", "confidence", "alternatives", "remedies",
    ]  # fmt: skip
    assert list(record["primary"]["remedies"][0]) == ["actor", "text", "command", "snippet", "proof"]
    assert list(record["chain"][0]) == [
        "position", "role", "subject", "issuer", "presented", "not_before", "not_after", "sha256", "problems",
    ]  # fmt: skip
    assert list(record["trust"]) == ["source", "location", "anchors"]
    assert list(record["checks"][0]) == ["name", "result", "reason"]


def test_alerts_are_named_in_json() -> None:
    """The alert is given by its RFC name."""
    report = replace(REPORT, observed=replace(REPORT.observed, alert=116))
    assert report.to_dict()["observed"]["alert"] == "certificate_required"


def test_one_fingerprint_for_one_failure() -> None:
    """Time, machine and wording do not change the fingerprint; code, place and certificate do."""
    same = replace(
        REPORT,
        findings=(replace(EXPIRED, headline="other words", actual="another moment"),),
        target=replace(REPORT.target, address="127.0.0.2", host="API.example"),
        connections=9,
    )
    assert same.fingerprint == REPORT.fingerprint
    assert re.fullmatch(r"[0-9a-f]{16}", REPORT.fingerprint)
    for other in (
        replace(REPORT, findings=(replace(EXPIRED, certificate="cd" * 32),)),
        replace(REPORT, findings=(UNKNOWN,)),
        replace(REPORT, target=replace(REPORT.target, port=444)),
    ):
        assert other.fingerprint != REPORT.fingerprint


def test_values_are_frozen_and_picklable() -> None:
    """A report cannot be changed after the fact and survives a process boundary."""
    with pytest.raises(FrozenInstanceError):
        REPORT.connections = 1  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(REPORT)) == REPORT


@given(st.text(max_size=400))
def test_cleaned_text_is_safe(text: str) -> None:
    """No control, format, surrogate or line character survives, and the cap holds."""
    safe = clean(text, 100)
    assert len(safe) <= 100
    assert safe.isprintable()


@given(st.text(max_size=3000))
def test_a_line_is_one_line_whatever_is_in_it(text: str) -> None:
    """Hostile headlines, hosts and remedies never break the one-line form or the block's layout."""
    finding = replace(EXPIRED, headline=text, actual=text, remedies=(Remedy("you", text),))
    report = replace(REPORT, findings=(finding,), target=replace(REPORT.target, host=text))
    assert report.line().isprintable()
    assert report.line().endswith("[certificate-expired]")
    assert all(line.isprintable() for line in str(report).splitlines())
    json.dumps(report.to_dict())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://bob:hunter2@h/x", "https://h/x"),
        ("https://h/x?token=1", "https://h/x?..."),
        ("https://h/x?wsdl", "https://h/x?wsdl"),
        ("https://h/x?WSDL&key=1", "https://h/x?..."),
        ("https://h/x?xsd=types.xsd", "https://h/x?xsd=types.xsd"),
        ("Max retries exceeded with url: /x?key=1 (Caused", "Max retries exceeded with url: /x?... (Caused"),
        ("is it so? yes", "is it so? yes"),
    ],
)
def test_redaction(text: str, shown: str) -> None:
    """User info always goes, a query goes unless it only asks for a service's description."""
    assert redact(text) == shown


def test_plain_urls() -> None:
    """A URL loses user info, secret query and fragment."""
    assert plain_url("https://u:p@h:8443/x?key=1#top") == "https://h:8443/x?..."


def test_small_words() -> None:
    """Lists are capped, spans are said as a person would, white space is folded."""
    assert listed("abcdefg") == "a, b, c, d, e and 2 more"
    assert listed(["a", "b"]) == "a, b"
    assert [span(timedelta(seconds=s)) for s in (0, 1, 120, 7200, 86400 * 54)] == [
        "less than a second", "1 second", "2 minutes", "2 hours", "54 days",
    ]  # fmt: skip
    assert one_line("a\n  b\tc") == "a b c"


def test_page_escapes_everything() -> None:
    """The HTML page shows foreign text as text."""
    from sslwhy.report.page import render_page

    report = replace(REPORT, findings=(replace(EXPIRED, headline="<script>alert(1)</script> [bold]x[/bold]"),))
    page = render_page([report])
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert "[bold]x[/bold]" in page


def test_authority_of_ipv6() -> None:
    """An IPv6 address stands in brackets."""
    assert Target(None, "::1", 443).authority == "[::1]:443"


def test_a_long_report_stays_readable() -> None:
    """Hundreds of findings are counted, not printed."""
    report = replace(REPORT, findings=(UNKNOWN,) * 300)
    assert "and 288 more findings" in str(report)
    assert len(str(report)) < 10_000
    assert len(report.to_dict()["findings"]) == 300
