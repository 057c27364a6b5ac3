"""Remedies are tried: a real handshake with the change applied, full verification, and not a byte of data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import requests
from support import pki, raw
from support.relays import Proxy
from support.tls import TlsServer

import sslwhy
from sslwhy.clients.traces.reading import read_incident
from sslwhy.evidence.capture import watch
from sslwhy.evidence.collect import Budget, collect
from sslwhy.evidence.rehearsal import ATTEMPTS, changed_context, rehearse
from sslwhy.evidence.trust import system_stores
from sslwhy.facts.client import Route
from sslwhy.facts.missing import Missing
from sslwhy.facts.trust import TrustStore
from sslwhy.policy import Policy
from sslwhy.report.values import YOU, Finding, Remedy, TrustChange


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sslwhy.facts.evidence import Evidence


@pytest.fixture
def server(leaf: pki.Identity) -> Iterator[TlsServer]:
    """A server below `root`."""
    with TlsServer(leaf) as running:
        yield running


def evidence_of(server: TlsServer, verify: str | bool = True) -> Evidence:
    """The evidence of a call that does not trust the server."""
    watch.begin()
    try:
        with pytest.raises((requests.RequestException, OSError)) as caught:
            requests.get(server.url, verify=verify, timeout=10)
    finally:
        watch.end()
    return collect(read_incident(caught.value))


def finding(*changes: TrustChange | None) -> Finding:
    """A finding with a remedy for each change."""
    remedies = tuple(Remedy(YOU, f"way {number}", change=change) for number, change in enumerate(changes))
    return Finding("untrusted-root", "the root is not trusted", remedies=remedies)


def rehearsed(evidence: Evidence, *changes: TrustChange | None) -> tuple[list[tuple[str, str]], int]:
    """Text and proof of each remedy that is left, and the connections."""
    (found,), connections = rehearse(evidence, [finding(*changes)], Budget.starting_now(Policy(deadline=10)))
    return [(remedy.text, remedy.proof) for remedy in found.remedies], connections


def adding(*identities: pki.Identity) -> TrustChange:
    """The change that trusts these."""
    return TrustChange(add=tuple(identity.der for identity in identities))


def test_what_works_is_verified_and_what_does_not_is_taken_out(server: TlsServer, root: pki.Authority) -> None:
    """Trusting the right root completes a handshake; trusting another is refuted; the rest stays as it was."""
    before = server.application_bytes
    left, connections = rehearsed(evidence_of(server), adding(root), adding(pki.Authority.root("Other")), None)
    assert left == [("way 0", "verified"), ("way 2", "unverified")]
    assert connections == 2
    assert server.application_bytes == before == 0


def test_the_last_remedy_is_not_taken_away(server: TlsServer) -> None:
    """A finding keeps its remedies, unverified, where none of them worked."""
    left, _ = rehearsed(evidence_of(server), adding(pki.Authority.root("Other")))
    assert left == [("way 0", "unverified")]


def test_another_store_in_place_of_the_one_in_force(server: TlsServer, ca_file: str) -> None:
    """A remedy that names a store of this machine is tried with that store's anchors, and only with them."""
    evidence = evidence_of(server)
    assert evidence.trust
    others = (*evidence.trust.others, TrustStore(source="mine", anchors=tuple(_anchors(ca_file))))
    evidence = replace(evidence, trust=replace(evidence.trust, others=others))
    left, connections = rehearsed(
        evidence, TrustChange(replace_with="mine"), TrustChange(replace_with="none"), TrustChange(replace_with="system")
    )
    assert left == [("way 0", "verified"), ("way 1", "unverified")]
    assert connections == 2


def _anchors(path: str) -> list[bytes]:
    from sslwhy.evidence.trust.stores import file_store

    return list(file_store(path, "mine").anchors)


def test_a_store_that_could_not_be_loaded_has_a_rehearsal_too(
    server: TlsServer, root: pki.Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failed set-up nothing is known of the server, yet the remedy can be tried."""
    monkeypatch.setattr(system_stores, "SYSTEM_FILES", ())
    evidence = evidence_of(server, "/nowhere.pem")
    assert not evidence.chain
    assert rehearsed(evidence, adding(root)) == ([("way 0", "verified")], 1)


def test_another_store_with_a_garbled_certificate(server: TlsServer, root: pki.Authority) -> None:
    """A store that OpenSSL cannot load as a whole proves nothing, and the other remedies are tried all the same."""
    evidence = evidence_of(server)
    assert evidence.trust
    others = (*evidence.trust.others, TrustStore(source="mine", anchors=(b"junk", root.der)))
    evidence = replace(evidence, trust=replace(evidence.trust, others=others))
    left, _ = rehearsed(evidence, TrustChange(replace_with="mine"), adding(root))
    assert left == [("way 0", "unverified"), ("way 1", "verified")]


def test_a_second_fault_proves_nothing(root: pki.Authority) -> None:
    """An expired certificate fails for another reason than trust: neither verified nor refuted."""
    with TlsServer(root.issue("localhost", dns=["localhost"], not_after=-pki.DAY)) as server:
        assert rehearsed(evidence_of(server), adding(root)) == ([("way 0", "unverified")], 1)


def test_the_rules_of_the_client_stay_in_force(server: TlsServer, issuing: pki.Authority, root: pki.Authority) -> None:
    """Without partial chains an intermediate alone does not verify; with them it does, as the client would have it."""
    evidence = evidence_of(server)
    assert evidence.offer
    full, partial = (replace(evidence, offer=replace(evidence.offer, partial_chain=on)) for on in (False, True))
    assert rehearsed(full, adding(issuing), None)[0] == [("way 1", "unverified")]
    assert rehearsed(partial, adding(issuing))[0] == [("way 0", "verified")]
    del root


def test_the_strict_profile_is_kept_unless_the_remedy_drops_it(root: pki.Authority) -> None:
    """A chain without authority key identifier fails the strict profile, and passes where the remedy says so."""
    with TlsServer(root.issue("localhost", dns=["localhost"], omit=["aki"])) as server:
        evidence = evidence_of(server)
        assert evidence.offer
        strict = replace(evidence, offer=replace(evidence.offer, strict=True))
        relaxed = TrustChange(add=(root.der,), strict=False)
        assert rehearsed(strict, adding(root), relaxed)[0] == [("way 0", "unverified"), ("way 1", "verified")]


def test_a_client_certificate_is_never_sent(root: pki.Authority, leaf: pki.Identity) -> None:
    """A TLS 1.2 server that demands one ends the handshake: the remedy stays unverified."""
    with TlsServer(leaf, clients=[root], versions=("1.2", "1.2")) as server:
        evidence = evidence_of(server)
        assert rehearsed(evidence, adding(root))[0] == [("way 0", "unverified")]
    assert not any(server.client_certificates)


def test_the_same_change_is_tried_once_and_the_number_is_capped(server: TlsServer, root: pki.Authority) -> None:
    """Many remedies do not mean many connections."""
    evidence = evidence_of(server)
    assert rehearsed(evidence, *[adding(root)] * 9)[1] == 1
    strangers = [adding(pki.Authority.root(f"Other {number}")) for number in range(ATTEMPTS + 3)]
    assert rehearsed(evidence, *strangers)[1] == ATTEMPTS


def test_nothing_is_tried_where_it_may_not_be(server: TlsServer, root: pki.Authority) -> None:
    """No connections without permission, without time, or past a proxy that the client goes through."""
    evidence = evidence_of(server)
    shaken = server.connections
    forbidden = Budget.starting_now(Policy(connect=False))
    spent = Budget(Policy(), 0.0)
    proxied = replace(evidence, route=Route(proxy="http://127.0.0.1:3128"))
    for seen, budget in ((evidence, forbidden), (evidence, spent), (proxied, Budget.starting_now(Policy()))):
        (found,), connections = rehearse(seen, [finding(adding(root))], budget)
        assert (found.remedies[0].proof, connections) == ("unverified", 0)
    assert server.connections == shaken


def test_a_silent_server_costs_no_more_than_the_budget(server: TlsServer, root: pki.Authority) -> None:
    """A rehearsal that hangs is given up."""
    evidence = evidence_of(server)
    with raw.RawServer(raw.silent) as mute:
        target = replace(evidence.target, port=mute.port, address="127.0.0.1")
        moved = replace(evidence, target=target)
        (found,), connections = rehearse(moved, [finding(adding(root))], Budget.starting_now(Policy(deadline=0.5)))
    assert (found.remedies[0].proof, connections) == ("unverified", 1)


def test_without_anchors_there_is_no_context(server: TlsServer) -> None:
    """A change that leaves nothing to trust, and evidence without any store, cannot be tried."""
    evidence = evidence_of(server)
    assert evidence.trust
    empty = replace(evidence, trust=replace(evidence.trust, store=TrustStore(source="context", kind="memory")))
    assert changed_context(empty, TrustChange()) is None
    assert changed_context(replace(evidence, trust=Missing("not seen")), TrustChange()) is None


def test_check_tells_what_was_tried(
    monkeypatch: pytest.MonkeyPatch, server: TlsServer, ca_file: str, tmp_path: Path
) -> None:
    """`check` rehearses: the remedy for a server that only another store trusts is verified, and counted."""
    stranger = pki.bundle(tmp_path / "other.pem", pki.Authority.root("Other Root"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca_file)
    report = sslwhy.check(server.url, verify=stranger)
    assert report.code == "trust-store-override"
    assert report.primary
    assert "verified" in {remedy.proof for remedy in report.primary.remedies}
    assert report.connections
    assert server.application_bytes == 0


def test_check_past_a_proxy_tries_nothing(leaf: pki.Identity) -> None:
    """Through a proxy the caller's route cannot be repeated faithfully."""
    with TlsServer(leaf, send_root=True) as server, Proxy() as proxy:
        report = sslwhy.check(server.url, proxies={"https": f"http://127.0.0.1:{proxy.port}"})
        assert report.primary
        assert {remedy.proof for found in report.findings for remedy in found.remedies} == {"unverified"}
