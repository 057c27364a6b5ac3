"""What the causes of the path say and advise, and when they hold their tongue."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from support import der, pki
from support.tls import TlsServer
from support.trip import codes, diagnosed, get, remedy

import sslwhy
from sslwhy.causes.case import Case
from sslwhy.causes.judge import judge
from sslwhy.causes.path.analysis import PathAnalysis
from sslwhy.causes.path.chain import chain_links
from sslwhy.diagnosis import report_on
from sslwhy.facts.client import ClientOffer
from sslwhy.facts.evidence import Evidence
from sslwhy.facts.machine import Machine
from sslwhy.facts.observed import Observed, Operation, Target
from sslwhy.facts.trust import Trust, TrustStore


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DAY = pki.DAY
NOW = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
STRANGER = pki.Authority.root("Stranger").der


def evidence(chain: Sequence[bytes], *anchors: bytes, code: int | None = None, **more: Any) -> Evidence:
    """Evidence of a failed handshake with localhost."""
    settings: dict[str, Any] = {
        "target": Target("https://localhost:8443/", "localhost", 8443, "localhost"),
        "chain": tuple(chain),
        "offer": ClientOffer(),
        "trust": Trust(store=TrustStore(source="verify", location="ca.pem", kind="file", anchors=anchors)),
        "machine": Machine(now=NOW),
        "observed": Observed(stage="handshake", reason="CERTIFICATE_VERIFY_FAILED", verify_code=code),
    }
    return Evidence(**{**settings, **more})


def found(seen: Evidence) -> list[str]:
    """The codes of all findings."""
    return [finding.code for finding in judge(seen).findings]


# When no fault may be named


def test_a_verified_chain_has_no_fault(leaf: pki.Identity) -> None:
    """Where OpenSSL accepted the chain nothing is said against it, whatever the store seems to hold."""
    assert found(evidence(leaf.chain(), STRANGER, verified=True, observed=Observed())) == []


def test_verification_was_off(leaf: pki.Identity) -> None:
    """Where nobody verified, no certificate is to blame."""
    assert found(evidence(leaf.chain(), STRANGER, offer=ClientOffer(verify=False), observed=Observed())) == []


def test_a_later_verdict_proves_that_a_path_was_built(issuing: pki.Authority) -> None:
    """With anchors that the context does not show, an expired certificate is not called untrusted."""
    expired = issuing.issue("localhost", dns=["localhost"], not_after=-DAY)
    seen = evidence(expired.chain(), STRANGER, code=10)
    verdict = judge(seen)
    assert [finding.code for finding in verdict.findings] == ["certificate-expired"]
    assert verdict.findings[0].confidence == "likely"


def test_another_library_gives_no_code(issuing: pki.Authority, root: pki.Authority) -> None:
    """Without a verify code the order of OpenSSL's checks names the primary."""
    bad = issuing.issue("other", dns=["other"], not_after=-DAY)
    assert found(evidence(bad.chain(), root.der)) == ["hostname-mismatch", "certificate-expired"]


def test_other_failures_keep_their_causes(issuing: pki.Authority, root: pki.Authority) -> None:
    """An error that is not about verification is never explained by the certificate."""
    bad = issuing.issue("localhost", dns=["localhost"], not_after=-DAY)
    seen = evidence(bad.chain(), root.der, observed=Observed(stage="read", errno=104))
    assert found(seen)[0] != "certificate-expired"


# Trust, tried on paper


def _run(snippet: str, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", snippet],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("case", ["self-signed-certificate", "untrusted-root"])
def test_the_bundle_that_makes_it_work(case: str, ca_file: str, tmp_path: Path) -> None:
    """The snippet runs as printed in a fresh interpreter, and the call then succeeds."""
    other = pki.Authority.root("Other Root")
    own = case.startswith("self")
    identity = pki.self_signed("localhost", dns=["localhost"]) if own else other.issue("localhost", dns=["localhost"])
    with TlsServer(identity, send_root=True) as server, requests.Session() as session:
        report = diagnosed(lambda: session.get(server.url, verify=ca_file))
        assert report.code == case
        advice = remedy(report.primary, snippet=True)
        fingerprint = identity.path()[-1].certificate.fingerprint(hashes.SHA256()).hex(":").upper()
        assert fingerprint in advice.text
        assert advice.command
        assert "sslwhy trust" in advice.command
        _run(str(advice.snippet) + get(server.url), tmp_path)
        assert report.primary
        exported = next(each for each in report.primary.remedies if "REQUESTS_CA_BUNDLE" in (each.command or ""))
        assert exported.command == 'export REQUESTS_CA_BUNDLE="$PWD/bundle.pem"'


def test_trust_is_not_offered_where_it_would_not_help() -> None:
    """A certificate that is expired as well is not worth trusting."""
    own = pki.self_signed("localhost", dns=["localhost"], not_after=-DAY)
    report = sslwhy.diagnose_chain([own.der], trust_anchors=[], hostname="localhost")
    assert codes(report) == ["self-signed-certificate", "certificate-expired"]
    assert all(each.change is None for finding in report.findings for each in finding.remedies)


def test_the_intermediate_was_fetched(tmp_path: Path) -> None:
    """An issuer from the address in the certificate proves what is missing; the bundle with it works."""
    top = pki.Authority.root("Private Root")
    middle = top.intermediate("Partner Issuing CA")
    identity = middle.issue("localhost", dns=["localhost"], aia="http://pki.example/ca.cer")
    seen = evidence([identity.der], top.der, code=20, issuers=(middle.der,))
    finding = judge(seen).findings[0]
    assert (finding.code, finding.confidence) == ("missing-intermediate", "confirmed")
    assert "fetched from http://pki.example/ca.cer" in finding.actual
    advice = remedy(finding, snippet=True)
    assert advice.change
    assert advice.change.add == (middle.der,)
    with TlsServer(identity, chain=[]) as server:
        client = replace(seen, observed=replace(seen.observed, type="requests.exceptions.SSLError"))
        snippet = remedy(judge(client).findings[0], snippet=True).snippet
        context = f"\nimport urllib.request\nurllib.request.urlopen({server.url!r}, context=context)\n"
        _run(str(snippet) + context, tmp_path)


@pytest.mark.parametrize("clue", ["sct", "aki", "organization"])
def test_what_makes_a_missing_intermediate_likely(clue: str) -> None:
    """A public log, the issuer's issuer, or the organization says so; nothing else does."""
    top = pki.Authority.root(subject=x509.Name.from_rfc4514_string("CN=Root,O=Partner"))
    odd: dict[str, Any] = {}
    issuer = "CN=I,O=PARTNER" if clue == "organization" else "CN=I"
    if clue == "sct":
        odd["edits"] = [der.add_extension("1.3.6.1.4.1.11129.2.4.2", bytes.fromhex("0431002f002d00") + bytes(44))]
    elif clue == "aki":
        names = der.tlv(0xA1, der.tlv(0xA4, top.certificate.subject.public_bytes()))
        odd["edits"] = [der.spoil_extension(pki.OIDS["aki"], der.tlv(der.SEQUENCE, names, der.tlv(0x82, b"\5")))]
    middle = top.intermediate(subject=x509.Name.from_rfc4514_string(issuer))
    bad = middle.issue("localhost", dns=["localhost"], **odd)
    finding = judge(evidence([bad.der], top.der, code=20)).findings[0]
    assert (finding.code, finding.confidence) == ("missing-intermediate", "likely")
    assert finding.alternatives == ("a private authority issued it",)


def test_an_issuer_that_was_passed_over() -> None:
    """A certificate of the right name with another key is no hint of an intermediate."""
    root = pki.Authority.root("Root")
    middle, twin = root.intermediate("I"), root.intermediate("I")
    bad = middle.issue("localhost", dns=["localhost"])
    finding = judge(evidence([bad.der, twin.der], root.der, code=20)).findings[0]
    assert finding.code == "unknown-issuer"
    assert "OpenSSL passed over certificate 1 as presented" in finding.actual


def test_a_certificate_that_leads_astray() -> None:
    """Where the path would verify without a presented certificate, its removal is the first advice."""
    root, other = pki.Authority.root("Root"), pki.Authority.root("Elsewhere")
    good = root.intermediate("I")
    wrong = other.intermediate("I", key=good.key)
    bad = good.issue("localhost", dns=["localhost"])
    for more, code in (((), 20), ((other.der,), 19)):
        finding = judge(evidence([bad.der, wrong.der, good.der, *more], root.der, code=code)).findings[0]
        assert finding.remedies[0].text.startswith('take certificate 1 ("I") out of the served chain')


def test_partial_chains_can_be_pinned_above_the_end_entity(root: pki.Authority) -> None:
    """With partial chains a presented intermediate may be trusted; the end-entity never is."""
    bad = root.intermediate("I").issue("localhost", dns=["localhost"])
    seen = evidence(bad.chain(), code=20, offer=ClientOffer(partial_chain=True), trust=_given())
    changes = [each.change.add for each in judge(seen).findings[0].remedies if each.change]
    assert changes
    assert set(changes) == {(bad.chain()[1],)}
    alone = judge(replace(seen, chain=(bad.der,))).findings[0]
    assert not any(each.change for each in alone.remedies)


def _given(*anchors: bytes) -> Trust:
    return Trust(store=TrustStore(source="trust_anchors", kind="memory", anchors=anchors))


def test_the_strict_flag_is_dropped_only_where_that_is_enough(root: pki.Authority) -> None:
    """An expired certificate without an AKI needs more than another flag."""
    odd = {"dns": ["localhost"], "omit": ["aki"]}
    offer = ClientOffer(strict=True)
    for extra, enough in (({}, True), ({"not_after": -DAY}, False)):
        bad = root.issue("localhost", **odd, **extra)  # type: ignore[arg-type]
        finding = judge(evidence(bad.chain(), root.der, code=85, offer=offer)).findings[0]
        assert finding.code == "strict-profile-violation"
        assert any(each.change and each.change.strict is False for each in finding.remedies) is enough


@pytest.mark.parametrize(("key", "level"), [("rsa-1024", 1), ("rsa-512", 0)])
def test_the_lower_level_is_the_last_resort(root: pki.Authority, key: str, level: int) -> None:
    """The level that is just enough, for one host, and only where nothing else is wrong."""
    bad = root.issue("localhost", dns=["localhost"], key=key)
    remedies = judge(evidence(bad.chain(), root.der, code=66)).findings[0].remedies
    assert f"SECLEVEL={level}" in str(remedies[-1].snippet)
    worse = root.issue("other", dns=["other"], key=key)
    assert not any(each.snippet for each in judge(evidence(worse.chain(), root.der, code=66)).findings[0].remedies)


# The clock


def test_the_clock_is_before_this_installation(root: pki.Authority) -> None:
    """A moment that has certainly passed proves the clock wrong, and clears the certificate."""
    leaf = root.issue("localhost", dns=["localhost"])
    machine = Machine(now=NOW - 900 * DAY, clock_floor=NOW, clock_floor_source="certifi's release")
    findings = judge(evidence(leaf.chain(), root.der, code=9, machine=machine)).findings
    assert findings[0].code == "local-clock-wrong"
    assert findings[0].confidence == "confirmed"
    assert "900 days behind" in findings[0].headline
    assert {finding.confidence for finding in findings[1:]} == {"possible"}


@pytest.mark.parametrize("seconds", [0, 60])
def test_the_server_tells_another_time(root: pki.Authority, seconds: int) -> None:
    """The time in the server's own answer counts where the certificates are valid then; a minute is nothing."""
    leaf = root.issue("localhost", dns=["localhost"])
    server = NOW if not seconds else NOW + 900 * DAY + dt.timedelta(seconds=seconds)
    machine = Machine(now=NOW + 900 * DAY, server_clock=server)
    findings = judge(evidence(leaf.chain(), root.der, code=10, machine=machine)).findings
    assert (findings[0].code == "local-clock-wrong") is (not seconds)
    if not seconds:
        assert "900 days ahead" in findings[0].headline


def test_a_log_has_seen_the_certificate_later(root: pki.Authority) -> None:
    """The timestamp of a certificate transparency log lies ahead of the local clock."""
    moment = int((NOW + 20 * DAY).timestamp() * 1000).to_bytes(8, "big")
    listed = b"\x00\x2b" + b"\0" + bytes(32) + moment + b"\0\0"
    value = der.tlv(der.OCTET_STRING, len(listed).to_bytes(2, "big") + listed)
    edit = der.add_extension("1.3.6.1.4.1.11129.2.4.2", value)
    leaf = root.issue("localhost", dns=["localhost"], not_before=DAY, edits=[edit])
    finding = judge(evidence(leaf.chain(), root.der, code=9)).findings[0]
    assert (finding.code, finding.confidence) == ("local-clock-wrong", "likely")
    assert "a certificate transparency log" in finding.expected


def test_without_evidence_the_clock_is_not_accused(root: pki.Authority) -> None:
    """A certificate of tomorrow is just that."""
    leaf = root.issue("localhost", dns=["localhost"], not_before=DAY)
    findings = judge(evidence(leaf.chain(), root.der, code=9)).findings
    assert [finding.code for finding in findings] == ["certificate-not-yet-valid"]
    assert findings[0].confidence == "confirmed"


# Words


def test_text_from_certificates_is_made_harmless() -> None:
    """Control characters in names never reach a report."""
    evil = "x\x1b[31m\nGo on: verify"
    root = pki.Authority.root(evil)
    bad = root.issue(evil, dns=["other"], not_after=-DAY)
    for anchors in ([], [root.der]):
        report = sslwhy.diagnose_chain(bad.chain(root=True), trust_anchors=anchors, hostname="localhost")
        snippets = [each.snippet or "" for finding in report.findings for each in finding.remedies]
        for text in (report.line(), str(report), *snippets):
            assert "\x1b" not in text
            assert "\nGo on" not in text


def test_advice_for_an_address_in_a_wsdl(root: pki.Authority) -> None:
    """A name that a WSDL brought in can be replaced by the caller."""
    bad = root.issue("other", dns=["other", "*.example"])
    seen = evidence(bad.chain(), root.der, code=62, operation=Operation(origin="wsdl-address"))
    finding = next(one for one in judge(seen).findings if one.code == "hostname-mismatch")
    texts = [each.text for each in finding.remedies]
    assert any("other" in text and "*.example" not in text for text in texts)
    assert any("create_service" in text for text in texts)


def test_the_chain_of_a_report(leaf: pki.Identity, root: pki.Authority) -> None:
    """Presented certificates first, then the anchor; each problem at its certificate."""
    expired = root.intermediate("Old", not_after=-DAY).issue("localhost", dns=["localhost"])
    report = report_on(evidence(expired.chain(), root.der, code=10))
    assert [(link.role, link.presented, link.problems) for link in report.chain] == [
        ("end-entity", True, ()),
        ("intermediate", True, ("intermediate-expired",)),
        ("trust anchor", False, ()),
    ]
    path = Case(evidence(leaf.chain(root=True), root.der)).path
    assert isinstance(path, PathAnalysis)
    assert [link.role for link in chain_links(path, ())] == ["end-entity", "intermediate", "trust anchor"]
    unreadable = Case(evidence([b"x"], root.der)).path
    assert isinstance(unreadable, PathAnalysis)
    assert [(link.subject, link.not_before) for link in chain_links(unreadable, ())] == [("(no name)", None)]


def headline(chain: Sequence[bytes], *anchors: bytes, strict: bool = False) -> str:
    """The primary's headline without the certificate that it is about."""
    report = sslwhy.diagnose_chain(chain, trust_anchors=anchors, hostname="localhost", strict=strict)
    assert report.primary is not None
    return report.primary.headline


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({"key": "rsa-1024"}, "RSA, 1024 bits (80 security bits)"),
        ({"digest": "sha1"}, "ecdsa-with-SHA1 (63 security bits)"),
        ({"eku": [pki.CLIENT_AUTH]}, "not meant for TLS servers: extended key usage clientAuth"),
        ({"ca": False}, "may not issue certificates, but issued the one below it: basic constraints without cA"),
        ({"usage": ["crl_sign"]}, "key usage cRLSign, without keyCertSign"),
        ({"extra": [pki.unknown_extension()]}, f"does not handle: critical {pki.UNKNOWN}"),
        ({"permitted": ["dns:other.example"]}, "an authority above it may not certify: localhost"),
        ({"edits": [der.duplicate_extension(pki.OIDS["bc"])]}, "is malformed: 2 basic constraints extensions"),
    ],
)
def test_the_headline_says_what_was_found(odd: dict[str, Any], said: str, root: pki.Authority) -> None:
    """One line in a log is enough to know what is wrong with the certificate, not only that something is."""
    chain = root.intermediate("I", **odd).issue("localhost", dns=["localhost"]).chain()
    assert said in headline(chain, root.der)


def test_the_headline_names_the_missing_extension(issuing: pki.Authority, root: pki.Authority) -> None:
    """The strict profile is named together with the rule that is broken."""
    chain = issuing.issue("localhost", dns=["localhost"], omit=["aki"]).chain()
    assert headline(chain, root.der, strict=True).endswith("strict profile of RFC 5280: no authority key identifier")


def test_the_headline_says_what_the_certificate_is_for(issuing: pki.Authority, root: pki.Authority) -> None:
    """Of a wrong name the reader wants to know whose certificate it is instead."""
    chain = issuing.issue("x", dns=[f"h{number}.example" for number in range(9)]).chain()
    assert headline(chain, root.der).endswith("only for h0.example, h1.example, h2.example and 6 more")


def test_nothing_that_is_no_certificate_has_a_role(root: pki.Authority, leaf: pki.Identity) -> None:
    """Rubbish behind the end-entity is neither a root nor an intermediate; an empty chain is no damaged one."""
    assert headline([leaf.der, b"rubbish"], root.der).startswith("certificate 1 as presented is malformed: ")
    report = sslwhy.diagnose_chain([], trust_anchors=[root.der], hostname="localhost")
    assert report.findings[0].headline == "localhost sent no certificate"
    assert "configure a certificate" in report.findings[0].remedies[0].text


def test_a_trust_anchor_whose_time_has_not_come() -> None:
    """It has no code of its own: the headline names its role, and the trust store is what can be changed."""
    future = pki.Authority.root("Next Root", not_before=2 * DAY)
    chain = future.issue("localhost", dns=["localhost"]).chain()
    report = sslwhy.diagnose_chain(chain, trust_anchors=[future.der], hostname="localhost")
    finding = next(finding for finding in report.findings if finding.code == "intermediate-not-yet-valid")
    assert finding.headline.startswith('trust anchor "Next Root" becomes valid only ')
    assert finding.depth == 1
    assert not [each for each in finding.remedies if each.actor == "server operator"]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"permitted": ["dns:corp.example", "ip:10.0.0.0/8"]}, "permits: DNS corp.example, IP 10.0.0.0/255.0.0.0"),
        ({"permitted": ["ip:fd00::/8"]}, "permits: IP fd00::/ff00::"),
        ({"excluded": ["dns:localhost"]}, "excludes: DNS localhost"),
        ({"excluded": ["ip:0.0.0.0/0", "email:x@y.example"]}, "excludes: IP 0.0.0.0/0.0.0.0, e-mail x@y.example"),
        ({"excluded": ["dns:"]}, "excludes: DNS (all)"),
    ],
)
def test_name_constraints_are_told(limits: dict[str, Any], expected: str, root: pki.Authority) -> None:
    """What the authority allows stands beside the name that it does not."""
    leaf = root.intermediate("Narrow CA", **limits).issue("x", dns=["localhost"], ips=["127.0.0.1"])
    finding = sslwhy.diagnose_chain(leaf.chain(), trust_anchors=[root.der], hostname="localhost").findings[0]
    assert finding.code == "name-constraint-violation"
    assert finding.expected.endswith(f'names that "Narrow CA" {expected}')
    assert finding.actual in {"localhost", "127.0.0.1"}


@pytest.mark.parametrize(("source", "public"), [("certifi", True), ("verify", False)])
def test_who_renews_an_expired_root(source: str, public: bool) -> None:
    """An expired anchor is renewed in the trust store first; a new certifi helps only where certifi was in force."""
    old = pki.Authority.root("Old Root", not_before=-9 * DAY, not_after=-2 * DAY)
    chain = old.issue("localhost", dns=["localhost"]).chain()
    store = TrustStore(source=source, location="ca.pem", kind="file", anchors=(old.der,))
    finding = judge(evidence(chain, code=10, trust=Trust(store=store))).findings[0]
    assert (finding.code, finding.remedies[0].actor) == ("root-expired", "you")
    assert (finding.remedies[0].command is not None) is public


def test_a_second_copy_of_the_end_entity_is_one(leaf: pki.Identity, root: pki.Authority) -> None:
    """A server that sends its own certificate twice has no second intermediate."""
    chain = [*leaf.chain(), leaf.der]
    report = sslwhy.diagnose_chain(chain, trust_anchors=[root.der], hostname="localhost")
    assert [link.role for link in report.chain] == ["end-entity", "intermediate", "end-entity", "trust anchor"]
    assert not report.findings


def test_an_outdated_anchor_is_suspected_only_where_one_is_concerned(root: pki.Authority) -> None:
    """A broken signature below an intermediate has nothing to do with the trust store."""
    broken = root.intermediate("I").issue("localhost", dns=["localhost"], broken_signature=True)
    direct = root.issue("localhost", dns=["localhost"], broken_signature=True)
    advice = [
        [each.actor for each in sslwhy.diagnose_chain(chain, trust_anchors=[root.der]).findings[0].remedies]
        for chain in (broken.chain(), direct.chain())
    ]
    assert advice == [["server operator"], ["server operator", "you"]]
