"""What can be wrong with a certificate: each function spoils one, by chance."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec

from support import der
from support.crafted import (
    AKI,
    BC,
    CRLDP,
    DAY,
    EKU,
    HOST,
    KU,
    NC,
    NETSCAPE,
    SAN,
    UNKNOWN,
    Odd,
    basic,
    bits,
    dns,
    key_id,
    name,
    stamp,
    subject_public_key,
)


if TYPE_CHECKING:
    import datetime as dt
    import random
    from collections.abc import Callable


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


ANY: list[Callable[[Odd, random.Random, dt.datetime], None]] = [
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
        spki = bytearray(subject_public_key(odd.key))
        spki[-1] ^= 1
        odd.spki = bytes(spki)


LEAF = [_names, _names, _names, _other_names, _other_names, _weak_point]


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


CA = [_length, _constraints, _constraints, _constraints]
