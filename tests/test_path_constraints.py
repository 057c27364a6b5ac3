"""Name constraints against OpenSSL's own verdict, for every kind of name, and for thousands of them."""

from __future__ import annotations

import datetime as dt
import random
import time
from typing import TYPE_CHECKING

import pytest
from support import crafted, der, oracle

from sslwhy.causes.path.analysis import PathAnalysis, PathRules, analyze
from sslwhy.causes.path.identity import ReferenceIdentity
from sslwhy.causes.verify_codes import VerifyCode


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NOW = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
RULES = PathRules(now=NOW)
KEY = crafted.pool("p256")[0]
CA = crafted.name(("CN", "ca"))


def _made(subject: bytes, extensions: dict[str, tuple[bool, bytes]]) -> bytes:
    times = crafted.stamp(NOW - crafted.DAY), crafted.stamp(NOW + crafted.DAY)
    return crafted.Odd(subject, KEY, CA, KEY, *times, extensions=extensions).encode()


def judged(
    names: Sequence[bytes],
    permitted: Sequence[bytes] = (),
    excluded: Sequence[bytes] = (),
    *,
    subject: bytes = crafted.name(),
    reference: ReferenceIdentity | None = None,
    limits: bytes = b"",
) -> PathAnalysis:
    """The analysis of an end-entity with these names below these constraints, after OpenSSL has said the same."""
    lists = [
        der.tlv(tag, *(der.tlv(der.SEQUENCE, base, limits) for base in bases))
        for tag, bases in ((0xA0, permitted), (0xA1, excluded))
        if bases
    ]
    constraints = {
        crafted.BC: (True, crafted.basic(ca=True)),
        crafted.NC: (True, der.tlv(der.SEQUENCE, *lists)),
    }
    chain = [_made(subject, {crafted.SAN: (False, der.tlv(der.SEQUENCE, *names))} if names else {})]
    anchors = [_made(CA, constraints)]
    path = analyze(chain, anchors, RULES, reference)
    assert (path.verify_code, path.depth) == oracle.verify(chain, anchors, RULES, reference)
    return path


def dns(text: str) -> bytes:
    """A DNS name."""
    return der.tlv(0x82, text.encode("latin-1"))


def email(text: str) -> bytes:
    """An e-mail address."""
    return der.tlv(0x81, text.encode("latin-1"))


def uri(text: str) -> bytes:
    """A URI."""
    return der.tlv(0x86, text.encode("latin-1"))


def ip(*octets: int) -> bytes:
    """An address, or an address and its mask."""
    return der.tlv(0x87, bytes(octets))


def directory(*attributes: tuple[str, str]) -> bytes:
    """A directory name."""
    return der.tlv(0xA4, crafted.name(*attributes))


def mailbox(text: str) -> bytes:
    """An internationalised e-mail address (RFC 8398)."""
    value = der.tlv(0xA0, der.tlv(0x0C, text.encode()))
    return der.tlv(0xA0, der.oid("1.3.6.1.5.5.7.8.9"), value)


OK, OUTSIDE, INSIDE = 0, VerifyCode.PERMITTED_VIOLATION, VerifyCode.EXCLUDED_VIOLATION


@pytest.mark.parametrize(
    ("name", "base", "within"),
    [
        (dns("a.example.com"), dns("example.com"), True),
        (dns("a.Example.COM"), dns("eXample.com"), True),
        (dns("example.com"), dns("example.com"), True),
        (dns("notexample.com"), dns("example.com"), False),
        (dns("a.example.com"), dns(".example.com"), True),
        (dns("example.com"), dns(".example.com"), False),
        (dns("anything"), dns(""), True),
        (email("a@example.com"), email("example.com"), True),
        (email("a@x.example.com"), email("example.com"), False),
        (email("a@x.example.com"), email(".example.com"), True),
        (email("a@example.com"), email("a@example.com"), True),
        (email("A@example.com"), email("a@example.com"), False),
        (uri("https://api.example.com:8443/x"), uri("api.example.com"), True),
        (uri("https://api.example.com/x"), uri(".example.com"), True),
        (uri("https://api.example.com"), uri("example.com"), False),
        (ip(10, 1, 2, 3), ip(10, 0, 0, 0, 255, 0, 0, 0), True),
        (ip(11, 1, 2, 3), ip(10, 0, 0, 0, 255, 0, 0, 0), False),
        (ip(*range(16)), ip(10, 0, 0, 0, 255, 0, 0, 0), False),
        (directory(("C", "PT"), ("O", "x")), directory(("C", "pt")), True),
        (directory(("O", "x"), ("C", "PT")), directory(("C", "pt")), False),
        (directory(("O", "x")), directory(), True),
        (mailbox("\xe9@example.com"), email("example.com"), True),
        (mailbox("\xe9@b\xfccher.example"), email("xn--bcher-kva.example"), True),
        (mailbox("\xe9@x.example.com"), email(".example.com"), False),
        (mailbox("\xe9@example.org"), email("example.com"), False),
    ],
)
def test_one_name_and_one_subtree(name: bytes, base: bytes, within: bool) -> None:
    """Permitted: the name must lie within. Excluded: it must not. Other kinds of names do not matter."""
    assert judged([name], permitted=[base]).verify_code == (OK if within else OUTSIDE)
    assert judged([name], excluded=[base]).verify_code == (INSIDE if within else OK)
    assert judged([name], permitted=[base, der.tlv(0x88, b"\x2a\x03")]).verify_code == (OK if within else OUTSIDE)


@pytest.mark.parametrize(
    ("name", "base", "code"),
    [
        (email("nobody"), email("example.com"), VerifyCode.UNSUPPORTED_NAME_SYNTAX),
        (uri("urn:x"), uri("example.com"), VerifyCode.UNSUPPORTED_NAME_SYNTAX),
        (ip(1, 2, 3), ip(10, 0, 0, 0, 255, 0, 0, 0), VerifyCode.UNSUPPORTED_NAME_SYNTAX),
        (ip(1, 2, 3, 4), ip(10, 0, 0, 0), VerifyCode.UNSUPPORTED_NAME_SYNTAX),
        (der.tlv(0x88, b"\x2a\x03"), der.tlv(0x88, b"\x2a\x04"), VerifyCode.UNSUPPORTED_CONSTRAINT_TYPE),
        (email("a\0@example.com"), email("bb@example.com"), VerifyCode.UNSUPPORTED_NAME_SYNTAX),
    ],
)
def test_what_cannot_be_compared(name: bytes, base: bytes, code: VerifyCode) -> None:
    """OpenSSL refuses where it cannot compare."""
    assert judged([name], permitted=[base]).verify_code == code
    assert judged([name], excluded=[base]).verify_code == code


@pytest.mark.parametrize("limits", [der.tlv(0x80, b"\1"), der.tlv(0x81, b"\5")])
def test_subtrees_with_limits(limits: bytes) -> None:
    """RFC 5280 leaves minimum and maximum unused, and OpenSSL refuses them for names of that kind."""
    assert judged([dns("x")], [dns("x")], limits=limits).verify_code == VerifyCode.SUBTREE_MINMAX
    assert judged([dns("x")], [ip(10, 0, 0, 0, 255, 0, 0, 0)], limits=limits).verify_code == OK


def test_subjects_count() -> None:
    """The subject is a directory name; its e-mail attributes are addresses."""
    subject = crafted.name(("C", "PT"), ("E", "a@example.org"))
    assert judged([], [directory(("C", "ES"))], subject=subject).verify_code == OUTSIDE
    assert judged([], excluded=[email("example.org")], subject=subject).verify_code == INSIDE


def test_common_names_that_look_like_hosts() -> None:
    """They count as DNS names, unless Python told OpenSSL to ignore them, which it does with a host name only."""
    subject = crafted.name(("CN", "api.example.org"))
    constraints = [dns("example.com")]
    address = ReferenceIdentity("127.0.0.1")
    assert judged([], constraints, subject=subject).verify_code == OUTSIDE
    assert judged([ip(127, 0, 0, 1)], constraints, subject=subject, reference=address).verify_code == OUTSIDE
    names = [dns("a.example.com")]
    host = ReferenceIdentity("a.example.com", common_name_fallback=True)
    assert judged(names, constraints, subject=subject, reference=host).verify_code == OK
    for text in ("host", "-x.example.org", "a..example.org", "a b.example.org"):
        assert judged([], constraints, subject=crafted.name(("CN", text))).verify_code == OK


def _label(pick: random.Random) -> str:
    return ".".join(pick.choices(["a", "b", "A", "", "x_y", "\0"], k=pick.choice([1, 2, 2, 3])))


def _any_name(pick: random.Random) -> bytes:
    local = pick.choice(["a@", "A@", "@", "", "a\0@", '"a@b"@'])
    host = pick.choice(["", "."]) + _label(pick)
    kinds: list[Callable[[], bytes]] = [
        lambda: dns(host),
        lambda: email(local + host),
        lambda: uri(pick.choice(["http://", "x:", "//", "://"]) + host + pick.choice(["", ":80", "/x", "/:"])),
        lambda: ip(*pick.choices([0, 1, 255, 127], k=pick.choice([4, 4, 8, 8, 16, 32, 5]))),
        lambda: directory(
            *((pick.choice("COE"), pick.choice(["a", "A", " a ", "b"])) for _ in range(pick.choice([0, 1, 2])))
        ),
        lambda: mailbox(local + host),
        lambda: der.tlv(0x88, b"\x2a\x03"),
    ]
    return pick.choice(kinds)()


@pytest.mark.parametrize("seed", range(6))
def test_constraints_by_chance(seed: int) -> None:
    """Hundreds of odd names and subtrees are judged exactly as OpenSSL does."""
    pick = random.Random(seed)
    codes = set()
    for _ in range(250):
        lists = [[_any_name(pick) for _ in range(pick.choice([0, 1, 3, 6]))] for _ in range(3)]
        subject = crafted.name(
            *((kind, _label(pick)) for kind in pick.choices(["CN", "O", "E"], k=pick.choice([0, 1, 2])))
        )
        limits = der.tlv(0x80, b"\1") if pick.random() < 0.05 else b""
        codes.add(judged(*lists, subject=subject, limits=limits).verify_code)
    assert {OK, OUTSIDE, INSIDE, VerifyCode.UNSUPPORTED_NAME_SYNTAX} <= codes


@pytest.mark.parametrize(("names", "subtrees"), [(1000, 1000), (16000, 60), (60, 16000), (16000, 16000)])
@pytest.mark.parametrize("kind", ["dns", "email", "uri", "ip"])
def test_thousands(names: int, subtrees: int, kind: str) -> None:
    """As many names and subtrees as OpenSSL is willing to compare cost less than a second; more are refused."""
    written: dict[str, tuple[Callable[[int], bytes], Callable[[int], bytes]]] = {
        "dns": (lambda at: dns(f"h{at}.example.com"), lambda at: dns(f"h{at}.example.org")),
        "email": (lambda at: email(f"h{at}@example.com"), lambda at: email(f"h{at}@example.org")),
        "uri": (lambda at: uri(f"http://h{at}.example.com/"), lambda at: uri(f"h{at}.example.org")),
        "ip": (lambda at: ip(1, 2, *divmod(at, 256)), lambda at: ip(1, 3, *divmod(at, 256), 255, 255, 255, 255)),
    }
    name, base = written[kind]
    started = time.perf_counter()
    path = judged([name(at) for at in range(names)], excluded=[base(at) for at in range(subtrees)])
    assert time.perf_counter() - started < 3
    assert path.verify_code == (OK if names * subtrees < 1 << 20 else VerifyCode.UNSPECIFIED)
