"""Somebody on the way decrypts the connection and signs in the server's place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes.base import Cause
from sslwhy.causes.interception import remedies
from sslwhy.causes.interception.products import product_behind
from sslwhy.causes.trust.view import Distrust, is_distrust
from sslwhy.facts.missing import Missing
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sslwhy.causes.case import Case
    from sslwhy.facts.observed import Observed
    from sslwhy.facts.x509.certificate import Certificate
    from sslwhy.report.values import Confidence, Finding

STRICT = range(78, 95)
"""The verify codes of ``X509_V_FLAG_X509_STRICT``, on since Python 3.13: minted certificates often break its rules."""

_INTERNAL = (".local", ".internal", ".lan", ".corp", ".home.arpa", ".localhost", ".intranet", ".private")
_OTHERWISE = {
    "named": "the service itself uses certificates of this authority",
    "unnamed": "the service itself uses a private authority that this machine trusts",
}


class InterceptingProxy(Cause):
    """A proxy, firewall or antivirus opens the TLS connection and presents a certificate of its own making.

    Seen as:
        ``self-signed certificate in certificate chain`` (19) or, where the proxy leaves its root out, ``unable to get
        local issuer certificate`` (20); on Python 3.13 also ``Missing Authority Key Identifier`` (85) and the other
        rules of the strict profile (78 to 94). It is seen for every host, and on one network or machine only.

    What it is:
        Companies inspect TLS with Zscaler, Netskope, FortiGate and their like; antivirus does it on the machine
        itself. Browsers connect because the product's authority was put into the operating system's store, which
        requests and httpx do not use. The server at the other end is innocent.

    How it is found:
        No public authority vouches for the chain, and a name in it is one that such a product gives its authority.
        That alone makes it likely; a proxy in use, or the authority's root in the operating system's store only,
        confirms it for a host with a public name that the certificate bears; a product's own pages are no interception.
        A name that other authorities bear as well ("web gateway") counts only together with one of these, and confirms
        nothing. Without any such name, a proxy in use and a root that only the operating system trusts make it likely
        for a host with a public name.

    What to do:
        Trust the product's authority as the operating system does, or have the host excluded from inspection.
    """

    code = "intercepting-proxy"
    topic = "path"
    subject = "network"
    specificity = 90
    supersedes = frozenset(
        {
            "untrusted-root",
            "unknown-issuer",
            "missing-intermediate",
            "strict-profile-violation",
            "trusted-by-system-only",
        }
    )

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the path reached no anchor, or a certificate broke the strict profile."""
        return is_distrust(observed) or observed.verify_code in STRICT

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where names and circumstances speak of interception."""
        distrust = _suspicious(case)
        seen = _Seen(distrust) if distrust else None
        if distrust is None or seen is None or seen.confidence is None:
            return
        host = case.evidence.target.authority
        yield cls.finding(
            f'{seen.who} answers in place of {host}: it signed the certificate "{distrust.end_entity}"',
            expected="a certificate of the server's own, issued by an authority that the store in force holds",
            actual="; ".join(seen.circumstances),
            confidence=seen.confidence,
            alternatives=()
            if seen.confidence == "confirmed"
            else (_OTHERWISE["named" if seen.product else "unnamed"],),
            remedies=remedies.pass_inspection(distrust, seen.product, seen.anchor),
        )


class _Seen:
    """What speaks of interception in one case."""

    def __init__(self, distrust: Distrust) -> None:
        path = distrust.path
        system = distrust.vouched_by(distrust.trust.other("system"))
        self.route = distrust.case.evidence.route
        self.anchor: Certificate | None = system.anchor if system else None
        links = [link.certificate for link in path.path]
        named = product_behind([*path.presented, *links, self.anchor])
        self.product = named[0] if named else None
        self.name = named[1] if named else ""
        self.public_name = _has_public_name(distrust.case.evidence.target.host or "")
        # What is minted bears the name that was asked for; a product's own pages seldom do.
        self.own_name = bool(path.of_kind("name-mismatch"))

    @property
    def confidence(self) -> Confidence | None:
        """Return how sure it is; ``None`` where nothing speaks for it."""
        around = self.route.proxy or self.anchor
        if self.product and self.product.vague:
            return "likely" if around else None
        if self.product:
            return "confirmed" if around and self.public_name and not self.own_name else "likely"
        return "likely" if self.route.proxy and self.anchor and self.public_name else None

    @property
    def who(self) -> str:
        """Return the interceptor's name."""
        return self.product.name if self.product else f"the proxy {clean(self.route.proxy or '', 100)}"

    @property
    def circumstances(self) -> Iterator[str]:
        """Yield what was seen, in words."""
        if self.product:
            yield f"signed by {clean(self.name, 120)}"
            if "untrusted" in self.name.lower():
                yield "by this name it says that it does not trust the server behind it either"
        yield "no public authority vouches for it"
        if self.anchor:
            yield f'only the operating system\'s store holds its root "{clean(self.anchor.label, 80)}"'
        if self.route.proxy:
            yield f"reached through the proxy {clean(self.route.proxy, 100)}"


def _suspicious(case: Case) -> Distrust | None:
    """Return the failed path of a minted certificate; a self-signed one is a device's own, not a minted one."""
    trust, path = case.evidence.trust, case.path
    if isinstance(trust, Missing) or isinstance(path, Missing) or not path.path or case.evidence.verified:
        return None
    if path.complete and path.verify_code not in STRICT:
        return None
    distrust = Distrust(case, trust, path)
    if path.presented[0].is_self_issued or distrust.vouched_by(trust.other("certifi")):
        return None
    return None if trust.store.source == "certifi" and path.complete else distrust


def _has_public_name(host: str) -> bool:
    name = host.lower().rstrip(".")
    return "." in name and ":" not in name and not name.endswith(_INTERNAL) and not name.rpartition(".")[2].isdigit()
