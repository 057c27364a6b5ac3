"""Random certificate chains, sound and faulty in every way that a path can be: material for comparing verdicts."""

from __future__ import annotations

import datetime as dt
import functools
import ipaddress
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from support import der, keys


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sslwhy.demo.pki import PrivateKey

HOST = "api.example.com"
DAY = dt.timedelta(days=1)

BC, KU, EKU, SKI, AKI, SAN, NC, CRLDP = (f"2.5.29.{n}" for n in (19, 15, 37, 14, 35, 17, 30, 31))
NETSCAPE = "2.16.840.1.113730.1.1"
UNKNOWN = "1.3.6.1.4.1.55555.1"
_NAMES = {"CN": "2.5.4.3", "O": "2.5.4.10", "C": "2.5.4.6", "E": "1.2.840.113549.1.9.1"}


def name(*attributes: tuple[str, str], tag: int = 0x0C) -> bytes:
    """A distinguished name, one attribute per RDN."""
    rdns = [
        der.tlv(
            0x31,
            der.tlv(der.SEQUENCE, der.oid(_NAMES[kind]), der.tlv(0x16 if kind == "E" else tag, text.encode("latin-1"))),
        )
        for kind, text in attributes
    ]
    return der.tlv(der.SEQUENCE, *rdns)


def bits(value: int, unused: int | None = None) -> bytes:
    """A BIT STRING of one octet."""
    spare = (value & -value).bit_length() - 1 if value else 0
    return der.tlv(der.BIT_STRING, bytes([spare if unused is None else unused, value]))


def basic(*, ca: bool | None = None, length: int | None = None) -> bytes:
    """Basic constraints."""
    flag = b"" if ca is None else der.tlv(der.BOOLEAN, b"\xff" if ca else b"\0")
    limit = b"" if length is None else der.tlv(der.INTEGER, length.to_bytes(1, "big", signed=True))
    return der.tlv(der.SEQUENCE, flag, limit)


def dns(*names: str) -> bytes:
    """A SAN of DNS names."""
    return der.tlv(der.SEQUENCE, *(der.tlv(0x82, one.encode("latin-1")) for one in names))


def key_id(key: PrivateKey) -> bytes:
    """A key identifier: any stable octets will do."""
    return _spki(key)[-20:]


@functools.lru_cache(maxsize=512)
def _spki(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@functools.cache
def pool(kind: str, number: int = 6) -> tuple[PrivateKey, ...]:
    """Some keys of a kind, made once."""
    if kind == "p192":
        return tuple(ec.generate_private_key(ec.SECP192R1()) for _ in range(number))
    return tuple(keys.new(kind) for _ in range(number))


@dataclass
class Odd:
    """A certificate in the making."""

    subject: bytes
    key: PrivateKey
    issuer_name: bytes
    issuer_key: PrivateKey
    before: str
    after: str
    extensions: dict[str, tuple[bool, bytes]] = field(default_factory=dict)
    more: list[tuple[str, bool, bytes]] = field(default_factory=list)
    version: int = 2
    serial: bytes = b"\x10\x01"
    digest: str = "sha256"
    inner_digest: str | None = None
    spki: bytes | None = None
    broken: bool = False

    def encode(self) -> bytes:
        """Sign it."""
        listed = [(oid, *rest) for oid, rest in self.extensions.items()] + self.more
        tbs = der.Tbs(
            version=der.tlv(0xA0, der.tlv(der.INTEGER, bytes([self.version]))) if self.version else b"",
            serial=der.tlv(der.INTEGER, self.serial),
            algorithm=b"",
            issuer=self.issuer_name,
            validity=der.tlv(der.SEQUENCE, _time(self.before), _time(self.after)),
            subject=self.subject,
            public_key=self.spki or _spki(self.key),
            extensions=tuple(_extension(*one) for one in listed),
        )
        encoding = der.sign(tbs, self.issuer_key, self._digest)
        return der.flip_signature(encoding) if self.broken else encoding

    @property
    def _digest(self) -> str:
        signer = self.issuer_key
        if not isinstance(signer, rsa.RSAPrivateKey):
            return "sha256" if self.digest == "pss" else self.digest.replace("md5", "sha1")
        return "sha256" if signer.key_size < 1024 else self.digest


def _extension(oid: str, critical: bool, value: bytes) -> bytes:
    flag = der.tlv(der.BOOLEAN, b"\xff") if critical else b""
    return der.tlv(der.SEQUENCE, der.oid(oid), flag, der.tlv(der.OCTET_STRING, value))


def _time(text: str) -> bytes:
    return der.tlv(0x17 if len(text) <= 13 else 0x18, text.encode())


def stamp(moment: dt.datetime) -> str:
    """A time as certificates write it."""
    return moment.strftime("%y%m%d%H%M%SZ" if moment.year < 2050 else "%Y%m%d%H%M%SZ")


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
            table = _ANY + (_LEAF if odd is leaf else _CA)
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


Spoil = "Callable[[Odd, random.Random, dt.datetime], None]"


def _expired(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    odd.after = stamp(now - rng.choice([1, 40, 4000]) * DAY)


def _future(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    odd.before = stamp(now + rng.choice([1, 40]) * DAY)


def _bad_time(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    text = rng.choice(["2501010000Z", "250101000000+0000", "251301000000Z", "20250101000000Z", "20250101000000.5Z"])
    if rng.random() < 0.5:
        odd.before = text
    else:
        odd.after = text


def _broken(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    odd.broken = True


def _digest(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    odd.digest = rng.choice(["sha1", "md5", "pss"])


def _version(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    odd.version = rng.choice([0, 0, 1, 3])
    if rng.random() < 0.5:
        odd.extensions.clear()


def _serial(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    odd.serial = rng.choice([b"\0", b"\xff\x01", b"\x7f" * 30])


def _unknown(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    odd.more.append((UNKNOWN, rng.random() < 0.5, b"\x05\0"))


def _twice(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    if odd.extensions:
        oid = rng.choice(list(odd.extensions))
        odd.more.append((oid, *odd.extensions[oid]))


def _removed(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    if odd.extensions:
        odd.extensions.pop(rng.choice(list(odd.extensions)))


def _criticality(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    if odd.extensions:
        oid = rng.choice(list(odd.extensions))
        critical, value = odd.extensions[oid]
        odd.extensions[oid] = (not critical, value)


def _garbled(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    if odd.extensions:
        oid = rng.choice(list(odd.extensions))
        critical, value = odd.extensions[oid]
        spoilt = bytearray(value)
        spoilt[rng.randrange(len(spoilt))] = rng.randrange(256)
        odd.extensions[oid] = (critical, bytes(spoilt[: rng.choice([len(spoilt), len(spoilt), 1])]))


def _issuer(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    odd.issuer_name = rng.choice(
        [
            name(),
            name(("CN", "Somebody Else")),
            name(("C", "pt"), ("O", " EXAMPLE "), ("CN", "root")),
            name(("C", "PT"), ("O", "example"), ("CN", "Issuing  0"), tag=0x13),
            name(("C", "PT"), ("O", "Example"), ("CN", "Root"), tag=0x16),
        ]
    )


def _subject(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    odd.subject = rng.choice(
        [
            name(),
            name(("CN", "*.example.com")),
            name(("CN", "other.example.com"), ("CN", HOST)),
            name(("O", "Example"), ("CN", "Issuing 0")),
            name(("CN", HOST), ("E", "Someone@Example.com")),
            odd.issuer_name,
        ]
    )


def _authority_id(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    issuer = der.tlv(0xA1, der.tlv(0xA4, rng.choice([odd.issuer_name, name(("CN", "x"))])))
    serial = der.tlv(0x82, rng.choice([b"\x10\x01", b"\x11"]))
    right = der.tlv(0x80, key_id(odd.issuer_key))
    value = rng.choice([[der.tlv(0x80, b"wrong")], [issuer, serial], [right, issuer, serial], [], [right, serial]])
    odd.extensions[AKI] = (False, der.tlv(der.SEQUENCE, *value))


def _usage(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    odd.extensions[KU] = (True, bits(rng.choice([0x80, 0x20, 0x04, 0x02, 0x06, 0x40, 0x08, 0x86, 0x00])))


def _purposes(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    pick = rng.choice([["1"], ["2"], ["1", "2"], ["3"], [], ["any"], ["sgc"], ["sgc", "2"]])
    table = {"any": "2.5.29.37.0", "sgc": "1.3.6.1.4.1.311.10.3.3"}
    oids = [der.oid(table.get(one, f"1.3.6.1.5.5.7.3.{one}")) for one in pick]
    odd.extensions[EKU] = (rng.random() < 0.3, der.tlv(der.SEQUENCE, *oids))


def _netscape(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    odd.extensions[NETSCAPE] = (False, bits(rng.choice([0x40, 0x80, 0x04, 0x07, 0x01])))


def _basic(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    ca, length = rng.choice([(True, None), (True, 0), (True, 1), (False, None), (None, None), (None, 0), (True, -1)])
    odd.extensions[BC] = (rng.random() < 0.7, basic(ca=ca, length=length))


def _points(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    point = rng.choice([[der.tlv(0xA0, der.tlv(0xA0, der.tlv(0x86, b"http://x/")))], [], [der.tlv(0x81, b"\0\x80")]])
    odd.extensions[CRLDP] = (False, der.tlv(der.SEQUENCE, der.tlv(der.SEQUENCE, *point)))


_ANY: list[Callable[[Odd, random.Random, dt.datetime], None]] = [
    _expired, _future, _bad_time, _broken, _digest, _version, _serial, _unknown, _twice, _removed, _removed,
    _criticality, _criticality, _garbled, _garbled, _issuer, _subject, _authority_id, _usage, _purposes, _netscape,
    _basic, _points,
]  # fmt: skip


def _names(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    choices = [
        HOST, "*.example.com", "*.api.example.com", "a*.example.com", "*pi.example.com", "*.com", "*", "api.*.com",
        "API.EXAMPLE.COM", HOST + ".", "other.example.com", "127.0.0.1", "localhost", "*.ex_ample.com",
        "api.example.com\0.evil.org", "", "xn--bcher-kva.example.com", "*.-x.example.com",
        "*.example.com.", "\xe9.example.com",
    ]  # fmt: skip
    odd.extensions[SAN] = (rng.random() < 0.3, dns(*rng.sample(choices, rng.choice([0, 1, 1, 2, 3]))))


def _other_names(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    addresses = [ipaddress.ip_address(one).packed for one in ("127.0.0.1", "::1", "10.0.0.1")]
    choices = [
        *(der.tlv(0x87, one) for one in addresses), der.tlv(0x87, b"127.0.0.1"), der.tlv(0x81, b"a@example.com"),
        der.tlv(0x81, b"nobody"), der.tlv(0x86, b"https://api.example.com/x"), der.tlv(0x86, b"urn:x"),
        der.tlv(0xA4, name(("CN", "x"))), der.tlv(0x88, b"\x2a\x03"), der.tlv(0x89, b"x"),
        der.tlv(0xA0, der.oid("1.3.6.1.5.5.7.8.9"), der.tlv(0xA0, der.tlv(0x0C, b"b@example.com"))),
        der.tlv(0xA0, der.oid("1.3.6.1.4.1.311.20.2.3"), der.tlv(0xA0, der.tlv(0x0C, b"u@x"))),
    ]  # fmt: skip
    names = [*rng.sample(choices, rng.choice([1, 2])), *rng.choice([[], [der.tlv(0x82, HOST.encode())]])]
    odd.extensions[SAN] = (False, der.tlv(der.SEQUENCE, *names))


def _weak_point(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    if isinstance(odd.key, ec.EllipticCurvePrivateKey):
        spki = bytearray(_spki(odd.key))
        spki[-1] ^= 1
        odd.spki = bytes(spki)


_LEAF = [_names, _names, _names, _other_names, _other_names, _weak_point]


def _length(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    odd.extensions[BC] = (True, basic(ca=True, length=rng.choice([0, 1, 2])))


def _constraints(odd: Odd, rng: random.Random, now: dt.datetime) -> None:
    lists: list[bytes] = []
    for tag in (0xA0, 0xA1):
        if rng.random() < 0.6:
            subtrees = [der.tlv(der.SEQUENCE, _base(rng), *_limits(rng)) for _ in range(rng.choice([1, 1, 2, 3]))]
            lists.append(der.tlv(tag, *subtrees))
    odd.extensions[NC] = (rng.random() < 0.7, der.tlv(der.SEQUENCE, *lists))


def _limits(rng: random.Random) -> list[bytes]:
    return rng.choice([[]] * 10 + [[der.tlv(0x80, b"\0")], [der.tlv(0x80, b"\1")], [der.tlv(0x81, b"\5")]])


def _base(rng: random.Random) -> bytes:
    v4 = ipaddress.ip_address("127.0.0.0").packed + b"\xff\0\0\0"
    return rng.choice(
        [
            *(der.tlv(0x82, one) for one in (b"example.com", b".example.com", b"EXAMPLE.com", b"", b"ample.com")),
            *(der.tlv(0x82, one) for one in (b"api.example.com", b"x.api.example.com", b"com", b"example.com.")),
            der.tlv(0x87, v4), der.tlv(0x87, b"\0" * 8), der.tlv(0x87, b"\0" * 32), der.tlv(0x87, b"\0" * 4),
            *(der.tlv(0x81, one) for one in (b"example.com", b".com", b"a@example.com", b"A@example.com")),
            *(der.tlv(0x81, one) for one in (b"@example.com", b"")),
            *(der.tlv(0x86, one) for one in (b"api.example.com", b".example.com", b"x")),
            der.tlv(0xA4, name(("C", "pt"))), der.tlv(0xA4, name(("CN", HOST))), der.tlv(0xA4, name()),
            der.tlv(0x88, b"\x2a\x03"),
            der.tlv(0xA0, der.oid("1.3.6.1.4.1.311.20.2.3"), der.tlv(0xA0, der.tlv(0x0C, b"u@x"))),
        ]
    )  # fmt: skip


_CA = [_length, _constraints, _constraints, _constraints]


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
