"""Every cause of the certificate groups as the primary of `diagnose_chain`, from recorded values alone."""

from __future__ import annotations

import pickle
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import requests
from cryptography import x509
from support import der, pki
from support.tls import TlsServer
from support.trip import codes, diagnosed
from test_registry import scenarios

import sslwhy
from sslwhy import Trust, TrustStore
from sslwhy.causes.registry import all_causes


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TOPICS = {"validity", "identity", "path", "trust store", "content"}
DAY = pki.DAY
LONG_AGO = datetime(2001, 1, 1, tzinfo=timezone.utc)


class Sample(NamedTuple):
    """A recorded failure.

    Attributes:
        chain: what the server presented.
        trust: the anchors, or what was recorded of the stores.
        settings: the rest of what `diagnose_chain` takes.
    """

    chain: Sequence[bytes]
    trust: Trust | Sequence[bytes]
    settings: dict[str, Any] = {}  # noqa: RUF012 - never changed


def store(source: str, *anchors: pki.Identity, **facts: Any) -> TrustStore:
    """A store in a file, holding these."""
    settings = {"location": f"/etc/{source}.pem", "kind": "file", **facts}
    return TrustStore(source=source, anchors=tuple(each.der for each in anchors), **settings)


def named(common_name: str) -> dict[str, Any]:
    """A subject of one organization."""
    return {"subject": x509.Name.from_rfc4514_string(f"CN={common_name},O=Partner")}


def issued(issuer: pki.Authority, **odd: Any) -> list[bytes]:
    """The chain that a server for localhost presents."""
    return issuer.issue("localhost", **{"dns": ["localhost"], **odd}).chain()


ROOT, OTHER = pki.Authority.root("Recorded Root"), pki.Authority.root("Other Root")
ISSUING = ROOT.intermediate("Recorded CA")
EXPIRED = pki.Authority.root("Expired Root", not_after=-DAY)
ZSCALER = pki.Authority.root("Zscaler Root CA")
PARTNER = pki.Authority.root(**named("Root"))
CROSSED = (ROOT.cross_sign(OTHER), OTHER.cross_sign(ROOT))
CHAIN = issued(ISSUING)
CERTIFI = store("certifi", OTHER)


def on(issuer: pki.Authority = ISSUING, **odd: Any) -> Sample:
    """A fault of the chain below the right root."""
    return Sample(issued(issuer, **odd), [ROOT.der])


def against(in_force: TrustStore, *others: TrustStore, overridden: str | None = None) -> Sample:
    """A sound chain that the store in force does not verify."""
    return Sample(CHAIN, Trust(store=in_force, others=others, overridden=overridden, client="requests"))


SAMPLES = {
    "certificate-expired": on(not_after=-DAY),
    "certificate-not-yet-valid": on(not_before=DAY),
    "intermediate-expired": on(ROOT.intermediate(not_after=-DAY)),
    "intermediate-not-yet-valid": on(ROOT.intermediate(not_before=DAY)),
    "root-expired": Sample(issued(EXPIRED), [EXPIRED.der]),
    "local-clock-wrong": Sample(CHAIN, [ROOT.der], {"now": LONG_AGO}),
    "hostname-mismatch": on(dns=["other.example"]),
    "ip-address-mismatch": on(dns=["localhost"])._replace(settings={"hostname": "127.0.0.1"}),
    "missing-subject-alternative-name": on(dns=[]),
    "self-signed-certificate": Sample([pki.self_signed("localhost", dns=["localhost"]).der], [ROOT.der]),
    "untrusted-root": Sample([*CHAIN, ROOT.der], [OTHER.der]),
    "unknown-issuer": Sample(CHAIN[:1], [OTHER.der]),
    "missing-intermediate": Sample(issued(PARTNER.intermediate(**named("G2")))[:1], [PARTNER.der]),
    "intercepting-proxy": Sample(
        issued(ZSCALER), Trust(store=CERTIFI, others=(store("system", OTHER, ZSCALER),), client="requests")
    ),
    "chain-too-long": Sample(issued(ROOT), [each.der for each in CROSSED]),
    "invalid-signature": on(broken_signature=True),
    "trusted-by-system-only": against(CERTIFI, store("system", OTHER, ROOT)),
    "trust-store-override": against(store("CURL_CA_BUNDLE", OTHER), store("certifi", ROOT), overridden="certifi"),
    "trust-store-empty": against(store("context", kind="memory", location=None)),
    "trust-store-outdated": against(store("system", OTHER, modified=LONG_AGO), store("certifi", ROOT)),
    "ca-bundle-not-found": against(store("verify", problem="not-found", error="No such file or directory")),
    "ca-bundle-unreadable": against(store("REQUESTS_CA_BUNDLE", problem="pkcs7", error="pkcs7")),
    "ca-directory-not-hashed": against(store("verify", kind="directory", unhashed=(ROOT.der,))),
    "ca-bundle-incomplete": against(store("verify", ISSUING)),
    "client-certificate-as-ca-bundle": against(store("verify", OTHER.client("Me"), private_key=True)),
    "weak-key": on(key="rsa-1024"),
    "weak-signature": on(digest="sha1"),
    "wrong-key-usage": on(eku=[pki.CLIENT_AUTH]),
    "not-a-ca": on(ROOT.intermediate(ca=False)),
    "path-length-exceeded": on(ROOT.intermediate("Narrow", path_length=0).intermediate("Too Deep")),
    "name-constraint-violation": on(ROOT.intermediate(permitted=["dns:example.com"])),
    "strict-profile-violation": on(omit=["aki"])._replace(settings={"strict": True}),
    "unhandled-critical-extension": on(extra=[pki.unknown_extension()]),
    "malformed-certificate": on(edits=[der.duplicate_extension(pki.OIDS["san"])]),
    "certificate-revoked": Sample(CHAIN, [ROOT.der], {"verify_code": 23}),
    "revocation-unknown": Sample(CHAIN, [ROOT.der], {"verify_code": 3}),
}


def judged(sample: Sample) -> sslwhy.Report:
    """The report on a sample."""
    return sslwhy.diagnose_chain(
        sample.chain, trust_anchors=sample.trust, **{"hostname": "localhost", **sample.settings}
    )


@pytest.mark.parametrize("code", SAMPLES)
def test_each_cause_offline(code: str) -> None:
    """The recorded failure has this cause for its primary, with both sides and a remedy, and no connection."""
    report = judged(SAMPLES[code])
    assert report.primary
    assert report.code == code, codes(report)
    assert report.primary.expected
    assert report.primary.actual
    assert report.primary.remedies
    assert report.connections == 0


def test_no_cause_of_these_groups_is_left_out() -> None:
    """Every code about validity, identity, path, trust store and content is in the table and has a real handshake."""
    groups = {cause.code for cause in all_causes() if cause.topic in TOPICS}
    assert set(SAMPLES) == groups
    assert groups <= set(scenarios())


def test_the_sound_chain_has_no_finding() -> None:
    """What the samples are faulty variations of is accepted, with given and with recorded trust."""
    assert not judged(Sample(CHAIN, [ROOT.der])).findings
    assert not judged(against(store("verify", ROOT), CERTIFI, overridden="certifi")).findings


def test_what_was_recorded_is_judged_and_not_the_machine(ca_file: str, leaf: pki.Identity) -> None:
    """The bundle that a recorded store names would verify the chain by now; it is not opened."""
    recorded = Trust(store=store("verify", OTHER, location=ca_file))
    report = sslwhy.diagnose_chain(leaf.chain(), trust_anchors=recorded, hostname="localhost")
    assert report.code == "unknown-issuer"
    assert report.trust
    assert (report.trust.source, report.trust.location, report.trust.anchors) == ("verify", ca_file, 1)


@pytest.mark.parametrize("content", ["the intermediate", "another root", "DER", "a client certificate", None])
def test_recorded_trust_leads_to_the_verdict_of_the_handshake(
    content: str | None, issuing: pki.Authority, client_identity: pki.Identity, tmp_path: Path
) -> None:
    """What `trust_in_force` records on one machine explains the failure on another, where its files do not exist."""
    bundle = tmp_path / "ca.cer"
    files = {
        "the intermediate": issuing.pem.encode(),
        "another root": OTHER.pem.encode(),
        "DER": OTHER.der,
        "a client certificate": (client_identity.pem + client_identity.key_pem).encode(),
    }
    if content:
        bundle.write_bytes(files[content])
    identity = issuing.issue("localhost", dns=["localhost"], not_after=-DAY)
    with TlsServer(identity) as server:
        live = diagnosed(lambda: requests.get(server.url, verify=str(bundle)))
    packed = pickle.dumps(sslwhy.trust_in_force(str(bundle)))
    bundle.unlink(missing_ok=True)
    partial = live.code == "certificate-expired"  # Python 3.13 lets a path end in an intermediate
    report = sslwhy.diagnose_chain(
        identity.chain(), trust_anchors=pickle.loads(packed), hostname="localhost", partial_chain=partial
    )
    assert report.code == live.code
    assert "certificate-expired" in codes(report)


def test_an_accepted_chain_stays_accepted() -> None:
    """Recorded acceptance is never contradicted, not even where the anchors given do not lead to it."""
    for sample in (Sample(CHAIN, [OTHER.der]), SAMPLES["intercepting-proxy"]):
        assert not judged(sample._replace(settings={"verify_code": 0})).findings


def test_a_recorded_verdict_decides() -> None:
    """OpenSSL's recorded code names the primary; a code that nobody knows gives a report that claims nothing."""
    expired = on(not_after=-DAY, dns=["other.example"])
    assert judged(expired).code == "hostname-mismatch"
    assert judged(expired._replace(settings={"verify_code": 10})).code == "certificate-expired"
    assert judged(Sample(CHAIN, [ROOT.der], {"verify_code": 999})).code == "unclassified"


@pytest.mark.parametrize("problem", ["not-found", "der"])
def test_what_a_lost_bundle_would_have_held_is_not_guessed(problem: Any) -> None:
    """Where the store cannot be loaded nothing is said of the root or the server's own certificate being untrusted."""
    lost = Trust(store=store("verify", problem=problem))
    alone = pki.self_signed("localhost", dns=["localhost"]).der
    for chain in ([*CHAIN, ROOT.der], CHAIN[:1], [alone]):
        report = judged(Sample(chain, lost))
        assert codes(report) == ["ca-bundle-not-found" if problem == "not-found" else "ca-bundle-unreadable"]


def test_a_wrong_clock_does_not_hide_the_store() -> None:
    """Before the birth of the root, too, the bundle that replaced certifi is what keeps the path from it."""
    sample = SAMPLES["trust-store-override"]._replace(settings={"now": LONG_AGO})
    assert judged(sample).code == "trust-store-override"
