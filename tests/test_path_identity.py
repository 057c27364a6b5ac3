"""Reference identities against presented ones, as OpenSSL compares them, and the reasons."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING

import pytest
from support import crafted, der, oracle

from sslwhy.causes.path.analysis import PathRules, analyze
from sslwhy.causes.path.identity import ReferenceIdentity, matches, refusals
from sslwhy.facts.x509.certificate import Certificate


if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
KEY = crafted.pool("p256")[0]


def presenting(*names: str, common_name: str | None = None, san: Sequence[bytes] | None = None) -> Certificate:
    """A certificate with these DNS names (or these general names) in its SAN."""
    subject = crafted.name(("CN", common_name)) if common_name is not None else crafted.name(("O", "x"))
    odd = crafted.Odd(
        subject,
        KEY,
        subject,
        KEY,
        crafted.stamp(NOW - crafted.DAY),
        crafted.stamp(NOW + crafted.DAY),
    )
    listed = der.tlv(der.SEQUENCE, *san) if san is not None else crafted.dns(*names)
    if names or san is not None:
        odd.extensions = {crafted.SAN: (False, listed)}
    return Certificate.from_der(odd.encode())


def matched(certificate: Certificate, reference: ReferenceIdentity) -> bool:
    """Our answer, after OpenSSL has given the same."""
    rules = PathRules(now=NOW)
    code, _ = oracle.verify([certificate.der], [certificate.der], rules, reference)
    assert code in {0, 62, 64}
    assert matches(certificate, reference) == (code == 0)
    assert analyze([certificate.der], [certificate.der], rules, reference).verify_code == code
    return code == 0


@pytest.mark.parametrize(
    ("presented", "wanted", "reason"),
    [
        ("api.example.com", "api.example.com", None),
        ("API.Example.COM", "api.example.com", None),
        ("api.example.com", "API.EXAMPLE.COM", None),
        ("*.example.com", "api.example.com", None),
        ("*.example.com", "xn--bcher-kva.example.com", None),
        ("xn--bcher-kva.example.com", "b\xfccher.example.com", None),
        ("api.example.com.", "api.example.com.", None),
        ("x.a-b.c1.example", "x.a-b.c1.example", None),
        ("a_b.example.com", "a_b.example.com", None),
        ("other.example.com", "api.example.com", "another name"),
        ("api.example.com", "api.example.com.", "one of the two ends in a dot"),
        ("api.example.com.", "api.example.com", "one of the two ends in a dot"),
        ("*.example.com", "a.b.example.com", "a wildcard covers one label only"),
        ("*.example.com", "example.com", "a wildcard does not cover the domain itself"),
        ("*.example.com", "api.example.org", "another domain"),
        ("*.example.com", "a_b.example.com", "a wildcard does not cover a label with an underscore"),
        ("*.example.com", "a~b.example.com", "a wildcard covers letters, digits and hyphens only"),
        ("*.com", "example.com", "a wildcard needs at least two labels after it"),
        ("*", "localhost", "a wildcard needs at least two labels after it"),
        ("a*.example.com", "api.example.com", "a wildcard must be the whole first label"),
        ("*pi.example.com", "api.example.com", "a wildcard must be the whole first label"),
        ("api.*.com", "api.example.com", "a wildcard may stand in the first label only"),
        ("*.*.com", "api.example.com", "a wildcard may stand in the first label only"),
        ("*.ex_ample.com", "api.ex_ample.com", "a label after the wildcard is no host name label"),
        ("*.example.com.", "api.example.com", "a label after the wildcard is no host name label"),
        ("api.example.com\0.evil.org", "api.example.com", "it holds a NUL octet"),
        (
            "\xfc.example",
            "x.example",
            "it is not in ASCII: internationalised names are presented as A-labels (RFC 5890)",
        ),
    ],
)
def test_dns_names(presented: str, wanted: str, reason: str | None) -> None:
    """Each rule of matching, and what is said where it says no."""
    certificate, reference = presenting(presented), ReferenceIdentity(wanted)
    assert matched(certificate, reference) == (reason is None)
    if reason is not None:
        refusal = refusals(certificate, reference)[0]
        assert (refusal.kind, refusal.presented, refusal.reason) == ("DNS name", presented, reason)


@pytest.mark.parametrize(
    ("wanted", "same"),
    [("127.0.0.1", True), ("127.0.0.2", False), ("::1", True), ("0:0::1", True), ("::2", False), ("localhost", False)],
)
def test_ip_addresses(wanted: str, same: bool) -> None:
    """Addresses match by octets, in iPAddress entries only."""
    san = [der.tlv(0x87, b"\x7f\0\0\1"), der.tlv(0x87, b"\0" * 15 + b"\1"), der.tlv(0x82, b"127.0.0.2")]
    certificate, reference = presenting(san=san), ReferenceIdentity(wanted)
    assert matched(certificate, reference) is same
    if not same:
        reasons = {refusal.reason for refusal in refusals(certificate, reference)}
        assert reasons & {"another address", "an IP address never matches a DNS name"}


@pytest.mark.parametrize(
    ("names", "common_name", "fallback", "same", "reason"),
    [
        ((), "localhost", True, True, None),
        ((), "localhost", False, False, "only the SAN counts"),
        (("other",), "localhost", True, False, "ignored where the SAN has DNS names"),
        ((), "*.example.com", True, False, "another domain"),
        ((), "127.0.0.1", True, False, "another name"),
    ],
)
def test_common_names(names: tuple[str, ...], common_name: str, fallback: bool, same: bool, reason: str | None) -> None:
    """A common name counts where the client lets it, and the SAN has no DNS name."""
    certificate = presenting(*names, common_name=common_name)
    reference = ReferenceIdentity("localhost", common_name_fallback=fallback)
    assert matched(certificate, reference) is same
    if reason is not None:
        assert reason in refusals(certificate, reference)[-1].reason


def test_common_name_and_address() -> None:
    """No common name ever matches an address."""
    certificate = presenting(common_name="127.0.0.1")
    reference = ReferenceIdentity("127.0.0.1", common_name_fallback=True)
    assert not matched(certificate, reference)
    assert refusals(certificate, reference)[0].reason == "a common name never matches an IP address"


def test_references_that_nothing_matches() -> None:
    """A name without an A-label form, an address with a zone, a number that is no address."""
    assert ReferenceIdentity("b\xfc..example").octets is None
    assert not matches(presenting("x"), ReferenceIdentity("b\xfc..example"))
    assert ReferenceIdentity("fe80::1%eth0").address is None
    assert ReferenceIdentity("300.0.0.1").address is None
    assert str(ReferenceIdentity("x")) == "x"


def test_thousands_of_names() -> None:
    """Only the first names are explained; all are compared."""
    certificate = presenting(*(f"h{number}.example.com" for number in range(16000)))
    assert len(refusals(certificate, ReferenceIdentity("x"))) == 20
    assert matched(certificate, ReferenceIdentity("h15999.example.com"))


LABELS = ("a", "b", "ab", "xn--a", "A", "*", "a*", "*b", "a_b", "-a", "a-", "", "1", "\0", "\xe9", "**", "a b", "xn--*")
HOSTS = ("a", "b", "ab", "xn--a", "A", "*", "a_b", "-a", "1", "x y")


@pytest.mark.parametrize("seed", range(6))
def test_names_by_chance(seed: int) -> None:
    """Hundreds of odd names match exactly where OpenSSL says so."""
    pick = random.Random(seed)
    agreed = 0
    for _ in range(400):
        names = [".".join(pick.choices(LABELS, k=pick.choice([1, 2, 3, 3, 4]))) for _ in range(pick.choice([1, 2]))]
        host = ".".join(pick.choices(HOSTS, k=pick.choice([1, 2, 3, 3, 4]))) + pick.choice(["", "", "."])
        names.append(pick.choice([host.upper(), "*." + host.partition(".")[2], "x." + host, "*." + host]))
        common_name = ".".join(pick.choices(HOSTS, k=pick.choice([1, 3])))
        certificate = presenting(*names if pick.random() < 0.7 else (), common_name=common_name)
        reference = ReferenceIdentity(pick.choice(["", "", "", "."]) + host, common_name_fallback=pick.random() < 0.5)
        agreed += matched(certificate, reference)
    assert agreed > 20
