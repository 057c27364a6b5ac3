"""Properties of the path analysis: total, independent of order, and of one mind with OpenSSL."""

from __future__ import annotations

import datetime as dt
import random
import ssl
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import odd_chains, oracle, pki

import sslwhy
from sslwhy.causes.path.analysis import PathRules, analyze
from sslwhy.causes.path.identity import ReferenceIdentity
from sslwhy.causes.verify_codes import causes_of


if TYPE_CHECKING:
    from pathlib import Path

NOW = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
REFERENCE = ReferenceIdentity("localhost")
ROOT = pki.Authority.root("Root")
LEAF = ROOT.intermediate("One").intermediate("Two").issue("localhost", dns=["localhost"])
POOL = [*LEAF.chain(root=True), pki.self_signed("x").der, pki.Authority.root("Root").der]

damaged = st.builds(
    lambda encoding, at, put, cut: encoding[: at % len(encoding)] + put + encoding[at % len(encoding) + cut :],
    st.sampled_from(POOL),
    st.integers(0, 1000),
    st.binary(max_size=3),
    st.integers(0, 3),
)
certificates = st.one_of(st.binary(max_size=80), st.sampled_from(POOL), damaged)
rules = st.builds(
    PathRules,
    now=st.sampled_from([NOW, NOW - dt.timedelta(days=9999), NOW + dt.timedelta(days=9999)]),
    security_level=st.integers(0, 5),
    strict=st.booleans(),
    partial_chain=st.booleans(),
    crl_check=st.booleans(),
)


@given(
    st.lists(certificates, max_size=6),
    st.lists(certificates, max_size=4),
    rules,
    st.one_of(st.none(), st.builds(ReferenceIdentity, st.text(max_size=20), st.booleans())),
)
def test_any_bytes_are_judged(
    chain: list[bytes], anchors: list[bytes], these: PathRules, reference: ReferenceIdentity | None
) -> None:
    """Nothing raises, nothing hangs; a verdict without faults is an acceptance."""
    path = analyze(chain, anchors, these, reference)
    assert (path.verify_code == 0) == (not path.faults)
    assert not path.faults or path.faults[0].code == path.verify_code
    assert path.complete or path.faults


@given(st.lists(certificates, max_size=5), st.text(max_size=12))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=40)
def test_any_bytes_are_reported(chain: list[bytes], hostname: str) -> None:
    """The public face never raises either, and what it prints has no control characters."""
    report = sslwhy.diagnose_chain(chain, trust_anchors=[ROOT.der], hostname=hostname or None)
    line = report.line()
    assert "\n" not in line
    assert all(character.isprintable() for character in line)
    assert str(report)


@given(st.permutations(LEAF.chain(root=True)[1:] * 2), st.booleans())
def test_order_does_not_matter(rest: list[bytes], trusted: bool) -> None:
    """However the certificates behind the end-entity are ordered and doubled, the faults are the same."""
    these = PathRules(now=NOW)
    anchors = [ROOT.der] if trusted else []
    expected = analyze(LEAF.chain(root=True), anchors, these, REFERENCE)
    found = analyze([LEAF.der, *rest], anchors, these, REFERENCE)
    assert [(one.kind, one.depth) for one in found.faults] == [(one.kind, one.depth) for one in expected.faults]
    assert found.verify_code == expected.verify_code == (0 if trusted else 19)


@pytest.mark.parametrize("seed", range(8))
def test_the_verdict_is_openssls(seed: int) -> None:
    """Over generated chains the first verify code and its depth are those of `X509_verify_cert`."""
    pick = random.Random(seed)
    for number in range(60):
        sample = odd_chains.Generator(seed * 1000 + number, NOW).sample()
        these = PathRules(
            now=NOW,
            security_level=pick.choice([2, 2, 2, 1, 0, 3]),
            strict=pick.random() < 0.4,
            partial_chain=pick.random() < 0.4,
            crl_check=pick.random() < 0.05,
        )
        reference = ReferenceIdentity(sample.host, sample.common_names) if sample.host else None
        path = analyze(sample.chain, sample.anchors, these, reference)
        try:
            expected = oracle.verify(sample.chain, sample.anchors, these, reference)
        except oracle.UndecodableError:
            assert path.faults[0].kind == "unreadable"
            continue
        assert (path.verify_code, path.depth) == expected, (seed * 1000 + number, sample.oddities)


@pytest.mark.parametrize("seed", range(6))
def test_the_primary_explains_a_real_handshake(seed: int, tmp_path: Path) -> None:
    """A chain that a client accepts gives no finding; one that it refuses gives a primary for its verify code."""
    pick, refused = random.Random(seed), 0
    for number in range(25):
        sample = odd_chains.Generator(50_000 + seed * 1000 + number, NOW, servable=True).sample()
        if sample.host is None:
            continue
        strict = pick.random() < 0.5
        these, reference = PathRules(now=NOW, strict=strict), ReferenceIdentity(sample.host)
        try:
            server = oracle.serving(sample.chain, sample.key_pem, tmp_path)
            code = oracle.handshake(server, sample.anchors, these, reference)
        except ssl.SSLError:
            continue  # no server loads this chain
        report = sslwhy.diagnose_chain(sample.chain, trust_anchors=sample.anchors, hostname=sample.host, strict=strict)
        assert report.observed.verify_code == (code or None)
        assert bool(report.findings) == bool(code)
        assert not code or report.code in causes_of(code), (code, report.code, sample.oddities)
        refused += bool(code)
    assert refused


def test_random_damage_is_read_as_openssl_reads_it() -> None:
    """Of thousands of certificates with a damaged byte nearly all are judged alike; none is accepted by us alone."""
    pick, different = random.Random(7), 0
    total = 1500
    started = time.perf_counter()
    for _ in range(total):
        chain = list(LEAF.chain())
        place = pick.randrange(len(chain))
        spoilt = bytearray(chain[place])
        spoilt[pick.randrange(len(spoilt))] = pick.randrange(256)
        chain[place] = bytes(spoilt)
        path = analyze(chain, [ROOT.der], PathRules(now=NOW), REFERENCE)
        try:
            expected = oracle.verify(chain, [ROOT.der], PathRules(now=NOW), REFERENCE)[0]
        except oracle.UndecodableError:
            expected = 1
        different += path.verify_code != expected
        assert expected == 0 or path.faults
    assert different <= total // 100
    assert time.perf_counter() - started < 60
