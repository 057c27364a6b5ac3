"""Which path OpenSSL takes, step by step, and what it passes over."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

import pytest
from support import crafted, der, oracle, pki

from sslwhy.causes.path.analysis import PathAnalysis, PathRules, analyze
from sslwhy.causes.path.identity import ReferenceIdentity


if TYPE_CHECKING:
    from collections.abc import Sequence

DAY = pki.DAY
NOW = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
RULES = PathRules(now=NOW)
PARTIAL = PathRules(now=NOW, partial_chain=True)
LOCALHOST = ReferenceIdentity("localhost")


def analyzed(
    chain: Sequence[bytes], *anchors: pki.Identity, rules: PathRules = RULES, name: str = "localhost"
) -> PathAnalysis:
    """The analysis, after OpenSSL has said the same."""
    reference = ReferenceIdentity(name)
    trusted = [anchor.der for anchor in anchors]
    path = analyze(chain, trusted, rules, reference)
    assert (path.verify_code, path.depth) == oracle.verify(chain, trusted, rules, reference)
    return path


@pytest.fixture(scope="module")
def deep(root: pki.Authority) -> pki.Identity:
    """An end-entity below two intermediates."""
    return root.intermediate("One").intermediate("Two").issue("localhost", dns=["localhost"])


def subjects(path: PathAnalysis) -> list[str]:
    """The path by names."""
    return [link.certificate.label for link in path.path]


def test_any_order_of_intermediates(deep: pki.Identity, root: pki.Authority) -> None:
    """Shuffled, doubled, with strangers: the path is the same."""
    leaf, two, one = deep.chain()
    stray = pki.self_signed("stray").der
    for chain in ([leaf, two, one], [leaf, one, two], [leaf, stray, one, one, root.der, two, leaf]):
        path = analyzed(chain, root)
        assert path.complete
        assert path.faults == ()
        assert subjects(path) == ["localhost", "Two", "One", "Test Root"]


def test_where_the_path_ends(deep: pki.Identity, root: pki.Authority) -> None:
    """The missing issuer is named."""
    path = analyzed(deep.chain()[:2], root)
    assert (path.verify_code, path.depth, path.sought, path.complete) == (20, 1, "CN=One", False)


def test_a_trusted_intermediate_is_not_enough(deep: pki.Identity) -> None:
    """Without partial chains a path has to end in a root."""
    _, _, one, _ = deep.path()
    assert analyzed(deep.chain(), one).verify_code == 2
    assert analyzed(deep.chain(), one, rules=PARTIAL).complete


def test_the_end_entity_as_anchor(deep: pki.Identity) -> None:
    """A pinned end-entity is enough with partial chains only, unless it is self-signed."""
    own = pki.self_signed("localhost", dns=["localhost"])
    assert analyzed([deep.der], deep).verify_code == 20
    assert analyzed([deep.der], deep, rules=PARTIAL).complete
    assert analyzed([own.der], own).complete


def test_the_store_comes_first(root: pki.Authority) -> None:
    """A cross-signed, expired root in the chain does no harm where the store has the root itself."""
    old = pki.Authority.root("Old Root", not_after=-DAY)
    crossed = old.cross_sign(root)
    leaf = root.issue("localhost", dns=["localhost"])
    assert analyzed([leaf.der, crossed.der, old.der], root).complete
    assert analyzed([leaf.der, crossed.der], root, old).complete


def test_no_second_try() -> None:
    """OpenSSL takes the first issuer that is valid now and never comes back for another."""
    root, other = pki.Authority.root("R"), pki.Authority.root("Elsewhere")
    good = root.intermediate("I")
    wrong = other.intermediate("I", key=good.key)
    leaf = good.issue("localhost", dns=["localhost"])
    stuck = analyzed([leaf.der, wrong.der, good.der], root)
    assert (stuck.verify_code, stuck.detour) == (20, 1)
    assert analyzed([leaf.der, wrong.der], root).detour is None
    assert analyzed([leaf.der, good.der, wrong.der], root).complete


def test_the_issuer_that_is_valid_now_or_expires_last() -> None:
    """Of several with one name and key the valid one wins, else the one that expired last."""
    root = pki.Authority.root("R")
    ages = [root.intermediate("I", key=root.key, not_after=-days * DAY) for days in (9, 3, 5)]
    leaf = pki.Authority(ages[0].der, root.key).issue("localhost", dns=["localhost"])
    path = analyzed([leaf.der, *(age.der for age in ages)], root)
    assert path.path[1].position == 2
    fresh = root.intermediate("I", key=root.key)
    assert analyzed([leaf.der, *(age.der for age in ages), fresh.der], root).path[1].position == 4


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        ({"edits": [der.duplicate_extension(pki.OIDS["ku"])]}, "2 key usage extensions"),
        ({"edits": [der.spoil_extension(pki.OIDS["ski"])]}, "unreadable subject key identifier"),
        ({"key": "rsa-2048"}, "authority key identifier"),
        ({"key": "rsa-2048", "omit": ["ski"]}, "its key cannot make the signature"),
    ],
)
def test_issuers_passed_over(root: pki.Authority, odd: pki.Oddities, reason: str) -> None:
    """An issuer with the right name that OpenSSL does not take is named with the reason."""
    issuer = root.intermediate("I")
    settings: pki.Oddities = {"key": issuer.key}
    settings.update(odd)
    twin = root.intermediate("I", **settings)
    leaf = issuer.issue("localhost", dns=["localhost"])
    path = analyzed([leaf.der, twin.der], root)
    assert path.verify_code == 20
    assert [skipped.position for skipped in path.skipped] == [1]
    assert reason in path.skipped[0].reason


def test_a_circle_of_presented_issuers() -> None:
    """The path ends where it would meet itself."""
    first, second = pki.Authority.root("First"), pki.Authority.root("Second")
    leaf = first.issue("localhost", dns=["localhost"])
    chain = [leaf.der, second.cross_sign(first).der, first.cross_sign(second).der]
    path = analyzed(chain)
    assert (path.verify_code, path.depth) == (20, 2)
    assert "loop" in path.skipped[0].reason


def test_a_mimic_of_an_anchor() -> None:
    """A self-signed certificate with an anchor's name and another key is no anchor."""
    root, mimic = pki.Authority.root("R"), pki.Authority.root("R", omit=["ski"])
    path = analyzed(mimic.issue("localhost", dns=["localhost"]).chain(root=True), root)
    assert path.verify_code in {19, 7}


def test_the_very_second_of_the_end() -> None:
    """notBefore counts in, notAfter counts out."""
    identity = pki.self_signed("localhost", dns=["localhost"])
    certificate = identity.certificate
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    second = dt.timedelta(seconds=1)
    for now, code in ((first - second, 9), (first, 0), (last - second, 0), (last, 10)):
        assert analyzed([identity.der], identity, rules=PathRules(now=now)).verify_code == code


def test_nothing_presented(root: pki.Authority) -> None:
    """No certificate, and bytes that are none."""
    for chain, kind in (([], "empty-chain"), ([b"", root.der], "unreadable"), ([root.der, b"x"], "unreadable")):
        path = analyze(chain, [root.der], RULES, LOCALHOST)
        assert (path.verify_code, path.path, path.faults[0].kind) == (1, (), kind)


def test_unreadable_anchors_do_no_harm(root: pki.Authority) -> None:
    """A store with rubbish in it still has its good anchors."""
    leaf = root.issue("localhost", dns=["localhost"])
    assert analyze([leaf.der], [b"rubbish", root.der, root.der], RULES, LOCALHOST).complete


def _hostile(number: int, *, ring: bool) -> list[bytes]:
    key = crafted.pool("p256")[0]
    chain = []
    for at in range(number):
        subject, issuer = (crafted.name(("CN", f"n{one}")) for one in (at, (at + 1) % number if ring else at + 1))
        odd = crafted.Odd(subject, key, issuer, key, crafted.stamp(NOW - DAY), crafted.stamp(NOW + DAY))
        odd.extensions = {crafted.BC: (True, crafted.basic(ca=True))}
        chain.append(odd.encode())
    return chain


@pytest.mark.parametrize("ring", [False, True])
@pytest.mark.parametrize("trusted", [False, True])
def test_hundreds_of_certificates(ring: bool, trusted: bool) -> None:
    """A chain, or a ring, of 600 is judged at once, as OpenSSL judges it."""
    chain = _hostile(600, ring=ring)
    anchors = chain[1:] if trusted else []
    started = time.perf_counter()
    path = analyze(chain, anchors, RULES, LOCALHOST)
    assert time.perf_counter() - started < 2
    assert (path.verify_code, path.depth) == oracle.verify(chain, anchors, RULES, LOCALHOST)


STRICT: dict[int, tuple[pki.Oddities, pki.Oddities]] = {
    # code: what is odd about the intermediate, and about the end-entity
    80: ({}, {"edits": [der.spoil_extension(pki.OIDS["bc"], b"\x30\x03\x02\x01\x01")]}),
    81: ({"path_length": 1, "omit": ["ku"]}, {}),
    82: ({}, {"usage": ["digital_signature", "key_cert_sign"]}),
    84: ({}, {"omit": ["san"], "edits": [der.empty_subject]}),
    85: ({}, {"omit": ["aki"]}),
    86: ({"omit": ["ski"]}, {}),
    87: ({}, {"edits": [der.spoil_extension(pki.OIDS["san"], b"\x30\0")]}),
    88: ({}, {"edits": [der.empty_subject]}),
    89: ({"critical": {"bc": False}}, {}),
    92: ({"omit": ["ku"]}, {}),
}


@pytest.mark.parametrize("code", STRICT)
def test_each_rule_of_the_strict_profile(root: pki.Authority, code: int) -> None:
    """Strict mode refuses with this code, and OpenSSL without it does not mind, but for the name."""
    above, below = STRICT[code]
    issuer = root.intermediate("I", **above)
    leaf = issuer.issue("localhost", **{"dns": ["localhost"], **below})  # type: ignore[arg-type]
    strict = PathRules(now=NOW, strict=True)
    path = analyze([leaf.der, issuer.der], [root.der], strict, None)
    assert (path.verify_code, path.depth) == oracle.verify([leaf.der, issuer.der], [root.der], strict, None)
    assert path.verify_code == code
    assert {fault.kind for fault in path.faults} == {"strict-profile"}
