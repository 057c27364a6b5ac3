"""Products that decrypt TLS on the way and sign again, by the names that their certificate authorities bear."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.facts.x509.certificate import Certificate


@dataclass(frozen=True, slots=True)
class Product:
    """One product.

    Attributes:
        name: what people call it.
        where: ``network`` for a gateway or cloud service, ``machine`` for antivirus and debugging tools.
        words: what its authorities' names contain as whole words, lower case; any of them is enough.
        vague: whether authorities of another purpose bear such names, too.
    """

    name: str
    where: str
    words: tuple[str, ...]
    vague: bool = False

    def is_named_in(self, name: str) -> bool:
        """Return whether a name holds one of the words, and not as a part of another word ("g data", "big data")."""
        return any(re.search(f"(?<![a-z0-9]){re.escape(word)}", name) for word in self.words)


_NETWORK = """
Zscaler: zscaler
Netskope: netskope, goskope
Sophos: sophos
Fortinet FortiGate: fortinet, fortigate, fortiproxy
Palo Alto Networks: palo alto networks, prisma access, globalprotect
Symantec Blue Coat ProxySG: blue coat, bluecoat, proxysg, symantec web security, threatpulse, cloud services root ca
Skyhigh (McAfee) Web Gateway: mcafee web gateway, mcafee web protection, skyhigh
Cisco Umbrella: cisco umbrella, opendns
Cisco Secure Web Appliance: ironport, cisco web security, cisco secure web
Forcepoint (Websense): forcepoint, websense
Check Point: check point, checkpoint https inspection
Cloudflare Gateway: gateway ca - cloudflare, cloudflare for teams
iboss: iboss
Barracuda: barracuda
WatchGuard: fireware, watchguard
SonicWall: sonicwall, dpi-ssl
Trend Micro: trend micro, interscan, iwsva
Smoothwall: smoothwall
Lightspeed Systems: lightspeed rocket, lightspeed systems
Securly: securly
ContentKeeper: contentkeeper
Untangle: untangle
Cato Networks: cato networks
Menlo Security: menlo security
Akamai Secure Internet Access: akamai enterprise threat, akamai secure internet
Microsoft Global Secure Access: global secure access
Sangfor: sangfor
Hillstone: hillstone
F5 SSL Orchestrator: f5 ssl orchestrator, sslo forward proxy
Squid: squid
"""
_MACHINE = """
Kaspersky: kaspersky
Avast: avast
AVG: avg web/mail, avg technologies
Norton: norton web/mail
ESET: eset ssl filter
Bitdefender: bitdefender
Dr.Web: dr.web, drweb, doctor web
G DATA: g data
AdGuard: adguard
Superfish: superfish
Covenant Eyes: covenant eyes
Qustodio: qustodio
mitmproxy: mitmproxy
Fiddler: fiddlerroot, do_not_trust
Charles Proxy: charles proxy, xk72
Burp Suite: portswigger
ZAP: owasp zed attack proxy, zap root ca
HTTP Toolkit: http toolkit
Proxyman: proxyman
"""
_TELLING = (
    "ssl inspection",
    "tls inspection",
    "https inspection",
    "ssl decryption",
    "ssl-decrypt",
    "interception",
    "mitm",
    "man-in-the-middle",
)
_VAGUE = ("ssl proxy", "forward proxy", "web proxy", "web gateway", "web filter", "proxy ca")
UNNAMED = Product("a TLS-inspecting proxy", "network", _TELLING)
"""What a name says that speaks of inspection but of no product."""
_LAST = (
    UNNAMED,
    # Firewalls that also serve as a small company's own authority.
    Product("pfSense or OPNsense", "network", ("pfsense", "opnsense"), vague=True),
    Product("a web proxy or gateway", "network", _VAGUE, vague=True),
)


def _read(table: str, where: str) -> Iterable[Product]:
    for line in table.strip().splitlines():
        name, _, words = line.partition(": ")
        yield Product(name, where, tuple(word.strip() for word in words.split(",")))


PRODUCTS = (*_read(_NETWORK, "network"), *_read(_MACHINE, "machine"), *_LAST)
"""All products, the vaguest last."""


def product_behind(authorities: Iterable[Certificate | None]) -> tuple[Product, str] | None:
    """Return the product whose words are in an authority's name, and that name; raw, whoever prints it must clean it.

    Args:
        authorities: certificates; their issuers' names count, too.
    """
    names = [name for each in authorities if each for name in (each.issuer, each.subject if each.is_ca else "")]
    for product in PRODUCTS:
        for name in names:
            if product.is_named_in(name.lower()):
                return product, name
    return None
