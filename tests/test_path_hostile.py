"""Hostile chains through `diagnose_chain`: every cause and every form of the report, at a bounded cost."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from support import crafted, der, pki

import sslwhy


if TYPE_CHECKING:
    from collections.abc import Callable

    from sslwhy.demo.pki import PrivateKey

NOW = dt.datetime.now(dt.timezone.utc)
MANY = 16_000
HOST = "api.example.com"
Chain = tuple[list[bytes], list[bytes]]


def _certificate(subject: bytes, issuer: str, key: PrivateKey, signer: PrivateKey, *, ca: bool) -> crafted.Odd:
    times = crafted.stamp(NOW - crafted.DAY), crafted.stamp(NOW + crafted.DAY)
    odd = crafted.Odd(subject, key, crafted.name(("CN", issuer)), signer, *times)
    odd.extensions = {crafted.BC: (True, crafted.basic(ca=ca or None))}
    if not ca:
        odd.extensions[crafted.SAN] = (False, crafted.dns(HOST))
    return odd


def _authority(name: str, issuer: str) -> crafted.Odd:
    one, *_ = crafted.pool("p256")
    return _certificate(crafted.name(("CN", name)), issuer, one, one, ca=True)


def _leaf(issuer: str, *names: str) -> crafted.Odd:
    one, *_ = crafted.pool("p256")
    odd = _certificate(crafted.name(("CN", HOST)), issuer, one, one, ca=False)
    if names:
        odd.extensions[crafted.SAN] = (False, crafted.dns(*names))
    return odd


def _constrained(name: str, issuer: str, *, count: int) -> bytes:
    odd = _authority(name, issuer)
    bases = (der.tlv(0x30, der.tlv(0x82, b"e%d.example" % number)) for number in range(count))
    odd.extensions[crafted.NC] = (True, der.tlv(0x30, der.tlv(0xA1, *bases)))
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


def names_of_every_kind() -> Chain:
    """Thousands of addresses, mailboxes, URIs and directory names below ninety authorities with constraints on each."""
    names, kinds = [], (0x81, 0x86, 0x87, 0xA0, 0xA4)
    for number in range(1500):
        content = [b"u@h%d.example" % number, b"https://h%d.example/" % number, b"\x0a" + number.to_bytes(3, "big")]
        content.append(der.oid("1.3.6.1.5.5.7.8.9") + der.tlv(0xA0, der.tlv(0x0C, b"u@m%d.example" % number)))
        content.append(crafted.name(("CN", f"n{number}")))
        names += [der.tlv(kind, text) for kind, text in zip(kinds, content, strict=True)]
    leaf = _leaf("I0")
    leaf.extensions[crafted.SAN] = (False, der.tlv(0x30, *names))
    anchors = []
    for at in range(90):
        bases = [_base(kind, number) for number in range(20) for kind in (0x81, 0x86, 0x87, 0xA4)]
        odd = _authority(f"I{at}", f"I{at + 1}")
        odd.extensions[crafted.NC] = (True, der.tlv(0x30, der.tlv(0xA1, *bases)))
        anchors.append(odd.encode())
    return [leaf.encode()], [*anchors, _authority("I90", "I90").encode()]


def _base(kind: int, number: int) -> bytes:
    text = {
        0x81: b".d%d.test" % number,
        0x86: b"d%d.test" % number,
        0x87: bytes((11, number, 0, 0)) + (0xFFFFFFFF << number & 0xFFFFFFFF).to_bytes(4, "big"),
        0xA4: crafted.name(("O", "y" * number)),
    }
    return der.tlv(0x30, der.tlv(kind, text[kind]))


def networks() -> Chain:
    """Thousands of addresses, and hundreds of masks that are no prefixes."""
    leaf, authority = _leaf("I"), _authority("I", "R")
    addresses = (der.tlv(0x87, (number * 7919).to_bytes(4, "big")) for number in range(2000))
    leaf.extensions[crafted.SAN] = (False, der.tlv(0x30, *addresses))
    masks = ((number * 2654435761 & 0xFFFFFFFF | 0x80000001).to_bytes(4, "big") for number in range(500))
    bases = (der.tlv(0x30, der.tlv(0x87, b"\xc0\0\0\1" + mask)) for mask in masks)
    authority.extensions[crafted.NC] = (True, der.tlv(0x30, der.tlv(0xA1, *bases)))
    return [leaf.encode(), authority.encode()], []


def a_name_of_dots() -> Chain:
    """One name of fifty thousand labels below a constraint."""
    return [_leaf("I", "a." * 50_000 + "example").encode(), _constrained("I", "R", count=1)], []


def constraints_in_a_ring() -> Chain:
    """Trust anchors with constraints that name each other in a circle, and a twin of each is presented."""
    ring = [_constrained(f"I{at}", f"I{(at + 1) % 4}", count=4000) for at in range(4)]
    twins = [_authority(f"I{at}", f"I{(at + 1) % 4}").encode() for at in range(4)]
    return [_leaf("I0", "e1.example").encode(), *twins, *ring[1:]], ring


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
    leaf.subject = crafted.name(("CN", "\\" * 500_000))
    return [leaf.encode()], []


def critical_extensions() -> Chain:
    """Thousands of unknown critical extensions."""
    leaf = _leaf("R")
    leaf.more = [(f"1.3.6.1.4.1.55555.{number}", True, b"\5\0") for number in range(MANY)]
    return [leaf.encode()], [_authority("R", "R").encode()]


def many_issuers_of_one_name() -> Chain:
    """Hundreds of candidates, each ruled out by the authority key identifier."""
    leaf, candidates = _leaf("I"), []
    leaf.extensions[crafted.AKI] = (False, der.tlv(0x30, der.tlv(0x80, b"nobody")))
    for number in range(600):
        candidate = _authority("I", "R")
        candidate.extensions[crafted.SKI] = (False, der.tlv(0x04, b"%d" % number))
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
        names_of_every_kind,
        networks,
        a_name_of_dots,
        constraints_in_a_ring,
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
