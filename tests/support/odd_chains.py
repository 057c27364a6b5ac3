"""Random certificate chains, sound and faulty in every way that a path can be: material for comparing verdicts."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization

from support import der, oddities
from support.crafted import (
    AKI,
    BC,
    DAY,
    EKU,
    HOST,
    KU,
    SAN,
    SKI,
    Odd,
    basic,
    bits,
    dns,
    key_id,
    name,
    pool,
    stamp,
)


if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from sslwhy.demo.pki import PrivateKey


@dataclass(frozen=True)
class Sample:
    """A chain with its setting."""

    chain: tuple[bytes, ...]
    anchors: tuple[bytes, ...]
    key_pem: bytes
    host: str | None
    common_names: bool
    oddities: tuple[str, ...]


class Generator:
    """Samples from a seed: the same seed makes the same shapes (keys and signatures differ)."""

    def __init__(self, seed: int, now: dt.datetime, *, servable: bool = False) -> None:
        self._random = random.Random(seed)
        self._now = now
        self._servable = servable
        self._oddities: list[str] = []

    def sample(self) -> Sample:
        """Make one chain."""
        self._oddities = []
        rng = self._random
        kind = rng.choice(["p256"] * 6 + ["rsa-2048", "ed25519", "p384"])
        depth = rng.choice([0, 1, 1, 1, 2, 2, 3])
        cas = [self._authority(None, "Root", kind)]
        for number in range(depth):
            cas.append(self._authority(cas[-1], f"Issuing {number}", kind))
        leaf = self._leaf(cas[-1], kind)
        if rng.random() < 0.12:
            leaf = self._self_issued(leaf)
        for odd in (*cas, leaf):
            self._spoil(odd, leaf)
        chain, anchors = self._arrange(leaf, cas)
        return Sample(
            chain=tuple(chain),
            anchors=tuple(anchors),
            key_pem=_pem(leaf.key),
            host=self._host(),
            common_names=rng.random() < 0.3,
            oddities=tuple(self._oddities),
        )

    def _key(self, kind: str) -> PrivateKey:
        if self._random.random() < 0.06:
            weak = ["rsa-1024", "rsa-512", "rsa-2048"] if not self._servable else ["rsa-1024", "rsa-2048"]
            kind = self._random.choice([*weak, "p192", "p384", "ed448"])
        return self._random.choice(pool(kind))

    def _times(self) -> tuple[str, str]:
        return stamp(self._now - 30 * DAY), stamp(self._now + 300 * DAY)

    def _authority(self, issuer: Odd | None, label: str, kind: str) -> Odd:
        key = self._key(kind)
        subject = name(("C", "PT"), ("O", "Example"), ("CN", label))
        before, after = self._times()
        odd = Odd(subject, key, issuer.subject if issuer else subject, issuer.key if issuer else key, before, after)
        odd.extensions = {
            BC: (True, basic(ca=True)),
            KU: (True, bits(0x06)),
            SKI: (False, der.tlv(der.OCTET_STRING, key_id(key))),
        }
        if issuer:
            odd.extensions[AKI] = (False, der.tlv(der.SEQUENCE, der.tlv(0x80, key_id(issuer.key))))
        return odd

    def _leaf(self, issuer: Odd, kind: str) -> Odd:
        key = self._key(kind)
        before, after = self._times()
        odd = Odd(name(("CN", HOST)), key, issuer.subject, issuer.key, before, after)
        odd.extensions = {
            BC: (True, basic()),
            KU: (True, bits(0xA0)),
            EKU: (False, der.tlv(der.SEQUENCE, der.oid("1.3.6.1.5.5.7.3.1"))),
            SAN: (False, dns(HOST)),
            SKI: (False, der.tlv(der.OCTET_STRING, key_id(key))),
            AKI: (False, der.tlv(der.SEQUENCE, der.tlv(0x80, key_id(issuer.key)))),
        }
        return odd

    def _self_issued(self, leaf: Odd) -> Odd:
        self._note("leaf self-signed")
        leaf.issuer_name, leaf.issuer_key = leaf.subject, leaf.key
        leaf.extensions.pop(AKI)
        return leaf

    def _note(self, text: str) -> None:
        self._oddities.append(text)

    def _host(self) -> str | None:
        hosts = [HOST] * 25 + [
            HOST.upper(),
            "other.example.com",
            "a.api.example.com",
            "127.0.0.1",
            "::1",
            "ex_am.example.com",
        ]
        return self._random.choice([*hosts, "example.com", HOST + ".", "localhost", None])

    def _spoil(self, odd: Odd, leaf: Odd) -> None:
        rng = self._random
        for _ in range(rng.choice([0, 0, 0, 0, 0, 0, 0, 1, 1, 2])):
            table = oddities.ANY + (oddities.LEAF if odd is leaf else oddities.CA)
            spoil = rng.choice(table)
            self._note(f"{'leaf' if odd is leaf else 'ca'} {spoil.__name__.strip('_')}")
            spoil(odd, rng, self._now)

    def _arrange(self, leaf: Odd, cas: Sequence[Odd]) -> tuple[list[bytes], list[bytes]]:
        rng = self._random
        encoded = [odd.encode() for odd in cas]
        chain = [leaf.encode(), *reversed(encoded[1:])]
        anchors = [encoded[0]]
        if rng.random() < 0.25:
            chain.append(encoded[0])
        for change in (_drop, _shuffle, _double, _twin, _cross, _strangers, _loop):
            if rng.random() < 0.07:
                self._note(change.__name__.strip("_"))
                change(chain, anchors, cas, rng, self._now)
        if rng.random() < 0.2:
            choice = rng.choice(("none", "leaf", "intermediate", "all", "twin first"))
            self._note(f"anchors: {choice}")
            anchors = self._anchors(choice, chain, encoded, cas)
        return chain, anchors

    def _anchors(self, choice: str, chain: list[bytes], encoded: list[bytes], cas: Sequence[Odd]) -> list[bytes]:
        if choice == "none":
            return []
        if choice == "leaf":
            return [chain[0]]
        if choice == "intermediate":
            return [encoded[-1]]
        if choice == "all":
            return [*chain, encoded[0]]
        return [_renewed(cas[0], self._random, self._now), encoded[0]]


def _pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _drop(chain: list[bytes], anchors: list[bytes], cas: Any, rng: random.Random, now: dt.datetime) -> None:
    if len(chain) > 1:
        chain.pop(rng.randrange(1, len(chain)))


def _shuffle(chain: list[bytes], anchors: list[bytes], cas: Any, rng: random.Random, now: dt.datetime) -> None:
    rest = chain[1:]
    rng.shuffle(rest)
    chain[1:] = rest


def _double(chain: list[bytes], anchors: list[bytes], cas: Any, rng: random.Random, now: dt.datetime) -> None:
    chain.insert(rng.randrange(1, len(chain) + 1), rng.choice(chain))


def _renewed(odd: Odd, rng: random.Random, now: dt.datetime) -> bytes:
    twin = Odd(**{**vars(odd), "serial": b"\x22", "extensions": dict(odd.extensions)})
    twin.after = stamp(now + rng.choice([-400, -3, 3, 900]) * DAY)
    if rng.random() < 0.3:
        twin.key = rng.choice(pool("p256"))
        twin.extensions.pop(SKI, None)
    return twin.encode()


def _twin(chain: list[bytes], anchors: list[bytes], cas: Any, rng: random.Random, now: dt.datetime) -> None:
    twin = _renewed(rng.choice(cas), rng, now)
    if rng.random() < 0.5:
        anchors.insert(rng.choice([0, len(anchors)]), twin)
    else:
        chain.insert(rng.randrange(1, len(chain) + 1), twin)


def _cross(chain: list[bytes], anchors: list[bytes], cas: Any, rng: random.Random, now: dt.datetime) -> None:
    # Another root vouches for the first one; which of the two is trusted is left to chance.
    other = Odd(name(("CN", "Other Root")), rng.choice(pool("p256")), b"", cas[0].key, cas[0].before, cas[0].after)
    other.issuer_name, other.issuer_key = other.subject, other.key
    other.extensions = {BC: (True, basic(ca=True)), KU: (True, bits(0x06))}
    cross = Odd(**{**vars(cas[0]), "issuer_name": other.subject, "issuer_key": other.key})
    cross.extensions = {key: value for key, value in cas[0].extensions.items() if key != AKI}
    chain.append(cross.encode())
    anchors[:] = rng.choice([[other.encode()], [*anchors, other.encode()], [cross.encode()]])


def _strangers(chain: list[bytes], anchors: list[bytes], cas: Any, rng: random.Random, now: dt.datetime) -> None:
    stranger = Odd(
        name(("CN", "Stranger")), pool("p256")[0], name(("CN", "Nobody")), pool("p256")[1], cas[0].before, cas[0].after
    )
    chain.insert(rng.randrange(1, len(chain) + 1), stranger.encode())


def _loop(chain: list[bytes], anchors: list[bytes], cas: Any, rng: random.Random, now: dt.datetime) -> None:
    first, last = cas[0], cas[-1]
    looped = Odd(
        **{
            **vars(first),
            "issuer_name": last.subject,
            "issuer_key": last.key,
            "extensions": {BC: (True, basic(ca=True))},
        }
    )
    chain.append(looped.encode())
    if rng.random() < 0.7:
        anchors[:] = rng.choice([[], [looped.encode()], [looped.encode(), *chain[1:]]])
