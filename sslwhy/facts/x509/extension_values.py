"""The values that certificate extensions carry (RFC 5280 section 4.2)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Mapping

    from sslwhy.facts.x509.names import DistinguishedName, GeneralName
    from sslwhy.facts.x509.resources import Resources

SUBJECT_KEY_ID = "2.5.29.14"
KEY_USAGE = "2.5.29.15"
SUBJECT_ALT_NAME = "2.5.29.17"
ISSUER_ALT_NAME = "2.5.29.18"
BASIC_CONSTRAINTS = "2.5.29.19"
NAME_CONSTRAINTS = "2.5.29.30"
CRL_DISTRIBUTION_POINTS = "2.5.29.31"
CERTIFICATE_POLICIES = "2.5.29.32"
AUTHORITY_KEY_ID = "2.5.29.35"
EXTENDED_KEY_USAGE = "2.5.29.37"
AUTHORITY_INFO_ACCESS = "1.3.6.1.5.5.7.1.1"
ADDRESS_BLOCKS = "1.3.6.1.5.5.7.1.7"
AS_IDENTIFIERS = "1.3.6.1.5.5.7.1.8"
PROXY_CERT_INFO = "1.3.6.1.5.5.7.1.14"
NETSCAPE_CERT_TYPE = "2.16.840.1.113730.1.1"
SCT_LIST = "1.3.6.1.4.1.11129.2.4.2"

# X509_supported_extension: a critical extension outside this list is unhandled.
_SUPPORTED = frozenset(
    {
        NETSCAPE_CERT_TYPE,
        KEY_USAGE,
        SUBJECT_ALT_NAME,
        BASIC_CONSTRAINTS,
        CERTIFICATE_POLICIES,
        CRL_DISTRIBUTION_POINTS,
        EXTENDED_KEY_USAGE,
        ADDRESS_BLOCKS,
        AS_IDENTIFIERS,
        "1.3.6.1.5.5.7.48.1.5",  # id-pkix-ocsp-nocheck
        "2.5.29.36",  # policyConstraints
        PROXY_CERT_INFO,
        NAME_CONSTRAINTS,
        "2.5.29.33",  # policyMappings
        "2.5.29.54",  # inhibitAnyPolicy
    }
)

WORDS: Mapping[str, str] = {
    SUBJECT_KEY_ID: "subject key identifier",
    KEY_USAGE: "key usage",
    SUBJECT_ALT_NAME: "subject alternative name",
    BASIC_CONSTRAINTS: "basic constraints",
    NAME_CONSTRAINTS: "name constraints",
    CRL_DISTRIBUTION_POINTS: "CRL distribution points",
    AUTHORITY_KEY_ID: "authority key identifier",
    EXTENDED_KEY_USAGE: "extended key usage",
    PROXY_CERT_INFO: "proxy certificate information",
    NETSCAPE_CERT_TYPE: "Netscape certificate type",
    ADDRESS_BLOCKS: "IP address blocks",
    AS_IDENTIFIERS: "AS identifiers",
}
"""The names of the extensions that OpenSSL reads while it verifies."""


@dataclass(frozen=True, slots=True)
class BasicConstraints:
    """RFC 5280 section 4.2.1.9; ``path_length`` is ``None`` where no limit is set."""

    ca: bool
    path_length: int | None


@dataclass(frozen=True, slots=True)
class AuthorityKeyId:
    """RFC 5280 section 4.2.1.1; ``issuer`` is the first directory name in authorityCertIssuer."""

    key_id: bytes | None
    issuer: DistinguishedName | None
    serial: int | None


@dataclass(frozen=True, slots=True)
class Subtree:
    """One GeneralSubtree; ``plain`` says that minimum is 0 and maximum absent, as RFC 5280 demands."""

    base: GeneralName
    plain: bool

    @property
    def text(self) -> str:
        """Return kind and base as text, raw: whoever prints it must clean it."""
        kind = {"dns": "DNS", "ip": "IP", "uri": "URI", "email": "e-mail"}.get(self.base.kind, self.base.kind)
        return f"{kind} {self._base or '(all)'}"

    @property
    def _base(self) -> str:
        octets = self.base.content
        if self.base.kind != "ip" or len(octets) not in {8, 32}:
            return self.base.text
        half = len(octets) // 2
        return "/".join(str(ipaddress.ip_address(part)) for part in (octets[:half], octets[half:]))


@dataclass(frozen=True, slots=True)
class NameConstraints:
    """RFC 5280 section 4.2.1.10."""

    permitted: tuple[Subtree, ...]
    excluded: tuple[Subtree, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extensions:
    """What a certificate's extensions say.

    Attributes:
        present: the object identifiers, in order.
        critical: those marked critical.
        basic_constraints: ``None`` where absent or unreadable, like all that follow.
        key_usage: the bits as OpenSSL keeps them: first octet, second octet shifted by 8.
        extended_key_usage: the purposes, dotted.
        netscape_cert_type: the bits of the legacy Netscape extension.
        subject_key_id: the key identifier.
        authority_key_id: the issuer's identifier.
        subject_alt_name: the presented identifiers.
        name_constraints: the subtrees.
        proxy_path_length: of a proxy certificate (RFC 3820); -1 for no limit.
        address_blocks: the IP addresses that it claims (RFC 3779 section 2).
        as_identifiers: the AS numbers that it claims (RFC 3779 section 3).
        ca_issuers: http(s) addresses of the issuer's certificate (AIA caIssuers).
        sct_times: when certificate transparency logs saw it, milliseconds since 1970 (RFC 6962 section 3.2).
        problems: what makes OpenSSL call the certificate invalid (``EXFLAG_INVALID``), in words.
    """

    present: tuple[str, ...] = ()
    critical: frozenset[str] = frozenset()
    basic_constraints: BasicConstraints | None = None
    key_usage: int | None = None
    extended_key_usage: tuple[str, ...] | None = None
    netscape_cert_type: int | None = None
    subject_key_id: bytes | None = None
    authority_key_id: AuthorityKeyId | None = None
    subject_alt_name: tuple[GeneralName, ...] | None = None
    name_constraints: NameConstraints | None = None
    proxy_path_length: int | None = None
    address_blocks: Resources | None = None
    as_identifiers: Resources | None = None
    ca_issuers: tuple[str, ...] = ()
    sct_times: tuple[int, ...] = ()
    problems: tuple[str, ...] = field(default=())

    @property
    def unhandled_critical(self) -> tuple[str, ...]:
        """Return the critical extensions that OpenSSL does not know."""
        return tuple(name for name in self.present if name in self.critical and name not in _SUPPORTED)
