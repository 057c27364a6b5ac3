"""Hostile chains through `diagnose_chain`: every cause and every form of the report, at a bounded cost."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from support import der, odd_chains, pki

import sslwhy


if TYPE_CHECKING:
    from collections.abc import Callable

    from sslwhy.demo.pki import PrivateKey

NOW = dt.datetime.now(dt.timezone.utc)
MANY = 16_000
HOST = "api.example.com"
Chain = tuple[list[bytes], list[bytes]]


def _certificate(subject: bytes, issuer: str, key: PrivateKey, signer: PrivateKey, *, ca: bool) -> odd_chains.Odd:
    times = odd_chains.stamp(NOW - odd_chains.DAY), odd_chains.stamp(NOW + odd_chains.DAY)
    odd = odd_chains.Odd(subject, key, odd_chains.name(("CN", issuer)), signer, *times)
    odd.extensions = {odd_chains.BC: (True, odd_chains.basic(ca=ca or None))}
    if not ca:
        odd.extensions[odd_chains.SAN] = (False, odd_chains.dns(HOST))
    return odd


def _authority(name: str, issuer: str) -> odd_chains.Odd:
    one, *_ = odd_chains.pool("p256")
    return _certificate(odd_chains.name(("CN", name)), issuer, one, one, ca=True)


def _leaf(issuer: str, *names: str) -> odd_chains.Odd:
    one, *_ = odd_chains.pool("p256")
    odd = _certificate(odd_chains.name(("CN", HOST)), issuer, one, one, ca=False)
    if names:
        odd.extensions[odd_chains.SAN] = (False, odd_chains.dns(*names))
    return odd


def _constrained(name: str, issuer: str, *, count: int) -> bytes:
    odd = _authority(name, issuer)
    bases = (der.tlv(0x30, der.tlv(0x82, b"e%d.example" % number)) for number in range(count))
    odd.extensions[odd_chains.NC] = (True, der.tlv(0x30, der.tlv(0xA1, *bases)))
    return odd.encode()


def _names(stem: str) -> list[str]:
    return [HOST, *(f"{stem}h{number}.example.org" for number in range(MANY))]


def names_and_constraints() -> Chain:
    """Thousands of names below ninety authorities with constraints, all of them trust anchors."""
    anchors = [_constrained(f"I{at}", f"I{at + 1}", count=60) for at in range(90)]
    return [_leaf("I0", *_names("")).encode()], [*anchors, _authority("I90", "I90").encode()]


def the_last_name_is_excluded() -> Chain:
    """The same, and each of the constraints forbids the last name."""
    anchors = names_and_constraints()[1]
    return [_leaf("I0", *_names(""), "e7.example").encode()], anchors


def names() -> Chain:
    """Thousands of names, none of them wanted, below an unknown issuer."""
    return [_leaf("R", *_names("*.")[1:]).encode()], []


def common_names() -> Chain:
    """Thousands of attributes in one relative name."""
    leaf = _leaf("R")
    attributes = (der.tlv(0x30, der.oid("2.5.4.3"), der.tlv(0x0C, b"w%d.example" % at)) for at in range(MANY))
    leaf.subject = der.tlv(0x30, der.tlv(0x31, *attributes))
    return [leaf.encode()], []


def a_long_name() -> Chain:
    """A common name of half a megabyte, each character to be escaped."""
    leaf = _leaf("R", "other.example")
    leaf.subject = odd_chains.name(("CN", "\\" * 500_000))
    return [leaf.encode()], []


def critical_extensions() -> Chain:
    """Thousands of unknown critical extensions."""
    leaf = _leaf("R")
    leaf.more = [(f"1.3.6.1.4.1.55555.{number}", True, b"\5\0") for number in range(MANY)]
    return [leaf.encode()], [_authority("R", "R").encode()]


def many_issuers_of_one_name() -> Chain:
    """Hundreds of candidates, each ruled out by the authority key identifier."""
    leaf, candidates = _leaf("I"), []
    leaf.extensions[odd_chains.AKI] = (False, der.tlv(0x30, der.tlv(0x80, b"nobody")))
    for number in range(600):
        candidate = _authority("I", "R")
        candidate.extensions[odd_chains.SKI] = (False, der.tlv(0x04, b"%d" % number))
        candidates.append(candidate.encode())
    return [leaf.encode(), *candidates], candidates[:300]


def twins_on_every_level() -> Chain:
    """Thirty levels with ten certificates each: nobody must try every combination."""
    levels = []
    for level, twin in itertools.product(range(30), range(10)):
        odd = _authority(f"I{level}", f"I{level + 1}")
        odd.serial = bytes((0x10, twin))
        levels.append(odd.encode())
    return [_leaf("I0").encode(), *levels], []


def a_ring() -> Chain:
    """Ninety issuers in a circle, presented and trusted."""
    ring = [_authority(f"I{at}", f"I{(at + 1) % 90}").encode() for at in range(90)]
    return [_leaf("I0").encode(), *ring], ring[45:]


def rubbish() -> Chain:
    """Thousands of things that are no certificates."""
    return [b"\x30" + number.to_bytes(2, "big") for number in range(3000)], []


@pytest.mark.parametrize(
    "make",
    [
        names_and_constraints,
        the_last_name_is_excluded,
        names,
        common_names,
        a_long_name,
        critical_extensions,
        many_issuers_of_one_name,
        twins_on_every_level,
        a_ring,
        rubbish,
    ],
)
def test_cost_is_bounded(make: Callable[[], Chain]) -> None:
    """Analysis, causes, line, block and JSON cost no more than 400 ordinary chains: within a second."""
    chain, anchors = make()
    leaf = pki.Authority.root("R").intermediate("I").issue("x", dns=["other.example"])
    ordinary = min(_cost(leaf.chain(), [])[0] for _ in range(5))
    hostile, report = _cost(chain, anchors)
    assert hostile < 400 * ordinary
    assert len(report.line()) < 500
    assert report.findings


def _cost(chain: list[bytes], anchors: list[bytes]) -> tuple[float, sslwhy.Report]:
    started = time.process_time()
    report = sslwhy.diagnose_chain(chain, trust_anchors=anchors, hostname=HOST, strict=True)
    texts = report.line(), str(report), json.dumps(report.to_dict())
    assert all(texts)
    return time.process_time() - started, report


FAULTS: dict[str, dict[str, Any]] = {
    "certificate-expired": {"not_before": -9 * pki.DAY, "not_after": -2 * pki.DAY},
    "hostname-mismatch": {"dns": ["other.example"]},
    "untrusted-root": {},
    "weak-key": {"key": "rsa-1024"},
    "wrong-key-usage": {"eku": [pki.CLIENT_AUTH]},
}


@pytest.mark.parametrize("count", range(6))
def test_faults_together(count: int, root: pki.Authority, issuing: pki.Authority) -> None:
    """Of expired, wrong name, untrusted, weak key and wrong EKU every combination gives these findings and no other."""
    other = pki.Authority.root("Other Root")
    for codes in itertools.combinations(FAULTS, count):
        odd: dict[str, Any] = {"dns": [HOST]}
        for code in codes:
            odd.update(FAULTS[code])
        chain = issuing.issue("x", **odd).chain(root=True)
        anchors = [other.der if "untrusted-root" in codes else root.der]
        for strict in (False, True):
            report = sslwhy.diagnose_chain(chain, trust_anchors=anchors, hostname=HOST, strict=strict)
            assert sorted(finding.code for finding in report.findings) == sorted(codes)
