"""The cipher suites of SSLv3 to TLS 1.3: code points, IANA and OpenSSL names, and what the names say.

The table is the package file ``suites.txt``; it is read on first use only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sslwhy.facts.tls.names import SSL_3_0, TLS_1_2, TLS_1_3


RENEGOTIATION_SCSV = 0x00FF
"""TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 section 3.3): a signal, not a suite."""
FALLBACK_SCSV = 0x5600
"""TLS_FALLBACK_SCSV (RFC 7507): a signal, not a suite."""

_KEY_EXCHANGE = re.compile(r"(?:TLS|SSL)_(?P<exchange>.+?)_WITH_(?P<cipher>.+)")
_GOST_TLS13 = range(0xC103, 0xC107)
_BITS = (
    ("NULL", 0),
    ("3DES", 112),
    ("DES40", 40),
    ("_40", 40),
    ("_56", 56),
    ("DES_CBC", 56),
    ("CHACHA20", 256),
    ("FORTEZZA", 80),
    ("GOST", 256),
    ("KUZNYECHIK", 256),
    ("MAGMA", 256),
    ("28147", 256),
    ("256", 256),
)
_MODES = ("GCM", "CCM", "CHACHA20", "AEGIS", "MGM")


@dataclass(frozen=True, slots=True)
class CipherSuite:
    """One cipher suite.

    Attributes:
        code: the code point, e.g. 0xC02F.
        name: the name in the IANA registry.
        openssl: OpenSSL's name, or ``None`` where OpenSSL never had the suite.
    """

    code: int
    name: str
    openssl: str | None

    @property
    def key_exchange(self) -> str:
        """Return key exchange and authentication, e.g. ``ECDHE_RSA``; ``any`` for TLS 1.3."""
        found = _KEY_EXCHANGE.match(self.name)
        return found["exchange"] if found and not self.tls13 else "any"

    @property
    def cipher(self) -> str:
        """Return cipher and hash as the name has them, e.g. ``AES_128_GCM_SHA256``."""
        found = _KEY_EXCHANGE.match(self.name)
        return found["cipher"] if found else self.name.removeprefix("TLS_")

    @property
    def bits(self) -> int:
        """Return the strength of the cipher in bits: 112 for 3DES, 40 or 56 for export suites, 0 for NULL."""
        if self.name in {"TLS_SHA256_SHA256", "TLS_SHA384_SHA384"}:
            return 0
        return next((bits for part, bits in _BITS if part in f"_{self.cipher.partition('_SHA')[0]}"), 128)

    @property
    def export(self) -> bool:
        """Return whether this is one of the deliberately weak export suites."""
        return "EXPORT" in self.name

    @property
    def anonymous(self) -> bool:
        """Return whether the server proves no identity."""
        return "_anon_" in self.name or self.name == "TLS_NULL_WITH_NULL_NULL"

    @property
    def aead(self) -> bool:
        """Return whether the suite is an AEAD one (TLS 1.2 and later only)."""
        return any(mode in self.cipher for mode in _MODES)

    @property
    def ephemeral_dh(self) -> bool:
        """Return whether the server sends Diffie-Hellman parameters of a finite field."""
        return self.key_exchange.startswith(("DHE_", "DH_anon")) or self.key_exchange == "PSK_DHE"

    @property
    def ephemeral_ec(self) -> bool:
        """Return whether the server sends an ephemeral elliptic-curve key."""
        return self.key_exchange.startswith(("ECDHE", "ECDH_anon"))

    @property
    def tls13(self) -> bool:
        """Return whether the suite belongs to TLS 1.3 (RFC 8446, RFC 8998, RFC 9150, RFC 9367)."""
        return "_WITH_" not in self.name or self.code in _GOST_TLS13

    @property
    def minimum_version(self) -> int:
        """Return the oldest version that defines the suite, as a code point."""
        if self.tls13:
            return TLS_1_3
        modern = self.aead or self.cipher.endswith(("SHA256", "SHA384", "CCM", "CCM_8"))
        return TLS_1_2 if modern else SSL_3_0


@cache
def suites() -> dict[int, CipherSuite]:
    """Return every known cipher suite by code point."""
    table = files("sslwhy.facts.tls").joinpath("suites.txt").read_text(encoding="ascii")
    rows = (line.split() for line in table.splitlines() if not line.startswith("#"))
    found = (CipherSuite(int(code, 16), name, None if alias == "-" else alias) for code, name, alias in rows)
    return {suite.code: suite for suite in found}


def suite_name(code: int) -> str:
    """Return the IANA name of a cipher suite, or its number in hex where it is not registered."""
    suite = suites().get(code)
    return suite.name if suite else f"suite 0x{code:04x}"


@cache
def _by_name() -> dict[str, CipherSuite]:
    named = {suite.openssl: suite for suite in suites().values() if suite.openssl}
    return named | {suite.name: suite for suite in suites().values()}


def suite_named(name: str) -> CipherSuite | None:
    """Return the cipher suite with this IANA or OpenSSL name, or ``None``."""
    return _by_name().get(name)
