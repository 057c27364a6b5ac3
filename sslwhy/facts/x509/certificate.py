"""A certificate as a value: read the way OpenSSL reads it, without ever raising."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from sslwhy.facts.x509 import der
from sslwhy.facts.x509.extension_values import Extensions
from sslwhy.facts.x509.extensions import parse_extensions
from sslwhy.facts.x509.keys import KeyFacts, parse_key
from sslwhy.facts.x509.names import COMMON_NAME, DistinguishedName
from sslwhy.facts.x509.signing import SignatureFacts, parse_signature_algorithm


_NO_NAME = DistinguishedName()
_NO_KEY = KeyFacts()
_NO_ALGORITHM = SignatureFacts()
_NO_EXTENSIONS = Extensions()
_VERSION = 0xA0
_EXTENSIONS = 0xA3
_DIGITS = re.compile(rb"[0-9]+Z")
_UNIQUE_IDS = (0x81, 0x82)
_LONG = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """An X.509 certificate (RFC 5280 section 4.1).

    All text that it yields is raw: whoever prints it must clean it. Two certificates are equal if their encodings
    are.

    Attributes:
        der: the encoding.
        sha256: its fingerprint, lower-case hex.
        version: 1, 2 or 3 (other numbers as encoded, plus one).
        serial: the serial number.
        subject_name: the subject.
        issuer_name: the issuer.
        not_before: start of validity, UTC, or ``None`` where OpenSSL cannot compare it.
        not_after: end of validity, likewise.
        key: the subject's public key.
        signature_algorithm: how it was signed, as written beside the signature.
        inner_algorithm: likewise, as written in the signed part; both must agree (RFC 5280 section 4.1.1.2).
        signature: the signature's octets.
        tbs: the signed part, DER.
        extensions: what its extensions say.
        unreadable: why it is no certificate at all to OpenSSL, in words, or ``None``.
    """

    der: bytes = field(repr=False)
    sha256: str = field(compare=False)
    version: int = field(default=0, compare=False)
    serial: int = field(default=0, compare=False)
    subject_name: DistinguishedName = field(default=_NO_NAME, compare=False)
    issuer_name: DistinguishedName = field(default=_NO_NAME, compare=False)
    not_before: datetime | None = field(default=None, compare=False)
    not_after: datetime | None = field(default=None, compare=False)
    key: KeyFacts = field(default=_NO_KEY, compare=False)
    signature_algorithm: SignatureFacts = field(default=_NO_ALGORITHM, compare=False)
    inner_algorithm: SignatureFacts = field(default=_NO_ALGORITHM, compare=False)
    signature: bytes = field(default=b"", repr=False, compare=False)
    tbs: bytes = field(default=b"", repr=False, compare=False)
    extensions: Extensions = field(default=_NO_EXTENSIONS, compare=False)
    unreadable: str | None = field(default=None, compare=False)

    @classmethod
    def from_der(cls, encoding: bytes) -> Certificate:
        """Read a certificate; what cannot be read becomes :attr:`unreadable` or one of :attr:`problems`."""
        return _from_der(bytes(encoding))

    @property
    def subject(self) -> str:
        """Return the subject as RFC 4514 text."""
        return str(self.subject_name)

    @property
    def issuer(self) -> str:
        """Return the issuer as RFC 4514 text."""
        return str(self.issuer_name)

    @property
    def label(self) -> str:
        """Return the shortest name that a person would know it by: its common name, else its subject."""
        names = self.common_names
        return names[-1] if names else self.subject or (self.dns_names[0] if self.dns_names else "")

    @property
    def common_names(self) -> tuple[str, ...]:
        """Return the subject's common names, in encoded order."""
        return tuple(attribute.text for attribute in self.subject_name.values(COMMON_NAME))

    @property
    def dns_names(self) -> tuple[str, ...]:
        """Return the dNSName entries of the SAN."""
        return self._alternative("dns")

    @property
    def ip_addresses(self) -> tuple[str, ...]:
        """Return the iPAddress entries of the SAN; one of an odd length is shown as hex."""
        return self._alternative("ip")

    def _alternative(self, kind: str) -> tuple[str, ...]:
        return tuple(name.text for name in self.extensions.subject_alt_name or () if name.kind == kind)

    @property
    def is_self_issued(self) -> bool:
        """Return whether subject and issuer are one name (``EXFLAG_SI``)."""
        return self.subject_name.canonical == self.issuer_name.canonical

    @property
    def is_self_signed(self) -> bool:
        """Return whether OpenSSL takes it for self-signed (``EXFLAG_SS``); the signature itself is not checked."""
        return self.is_self_issued and self.names_as_issuer(self) and self.signed_by_kind(self)

    @property
    def signature_consistent(self) -> bool:
        """Return whether both places name the same signature algorithm."""
        return self.signature_algorithm.encoded == self.inner_algorithm.encoded

    @property
    def is_ca(self) -> bool:
        """Return whether basic constraints say CA (``EXFLAG_CA``)."""
        basic = self.extensions.basic_constraints
        return basic is not None and basic.ca

    @property
    def subject_key_id(self) -> bytes | None:
        """Return the subject key identifier."""
        return self.extensions.subject_key_id

    @property
    def authority_key_id(self) -> bytes | None:
        """Return the key identifier of the authority key identifier."""
        authority = self.extensions.authority_key_id
        return authority.key_id if authority else None

    @property
    def aia_issuer_urls(self) -> tuple[str, ...]:
        """Return where the issuer's certificate can be fetched (RFC 5280 section 4.2.2.1)."""
        return self.extensions.ca_issuers

    @property
    def problems(self) -> tuple[str, ...]:
        """Return what makes OpenSSL refuse to use it, in words."""
        return (self.unreadable,) if self.unreadable is not None else self.extensions.problems

    def names_as_issuer(self, issuer: Certificate) -> bool:
        """Return whether the authority key identifier agrees with an issuer (``X509_check_akid``)."""
        authority = self.extensions.authority_key_id
        if authority is None:
            return True
        theirs = issuer.extensions.subject_key_id
        if authority.key_id is not None and theirs is not None and authority.key_id != theirs:
            return False
        if authority.serial is not None and authority.serial != issuer.serial:
            return False
        return authority.issuer is None or authority.issuer.canonical == issuer.issuer_name.canonical

    def signed_by_kind(self, issuer: Certificate) -> bool:
        """Return whether an issuer's key is of the kind that makes this signature algorithm."""
        wanted, key = self.inner_algorithm.key_kind, issuer.key.kind
        return wanted is not None and (wanted == key or (wanted == "RSA-PSS" and key == "RSA"))


@lru_cache(maxsize=4096)
def _from_der(encoding: bytes) -> Certificate:
    fingerprint = hashlib.sha256(encoding).hexdigest()
    try:
        return _parse(encoding, fingerprint)
    except der.DerError as error:
        return Certificate(der=encoding, sha256=fingerprint, unreadable=str(error))


def _parse(encoding: bytes, fingerprint: str) -> Certificate:
    outer = der.read(encoding)
    if len(outer.raw) != len(encoding):
        raise der.DerError("bytes after the certificate")
    parts = der.elements(der.expect(outer, der.SEQUENCE, "certificate"))
    if len(parts) != 3:
        raise der.DerError("a certificate has three parts")
    tbs, algorithm, signature = parts
    fields = der.elements(der.expect(tbs, der.SEQUENCE, "signed part"))
    version = _take_version(fields)
    if len(fields) < 6:
        raise der.DerError("the signed part is too short")
    serial, inner, issuer, validity, subject, key, *rest = fields
    not_before, not_after = _validity(validity)
    return Certificate(
        der=encoding,
        sha256=fingerprint,
        version=version,
        serial=der.integer(der.expect(serial, der.INTEGER, "serial number")),
        subject_name=DistinguishedName.from_element(subject),
        issuer_name=DistinguishedName.from_element(issuer),
        not_before=not_before,
        not_after=not_after,
        key=parse_key(key),
        signature_algorithm=parse_signature_algorithm(algorithm),
        inner_algorithm=parse_signature_algorithm(inner),
        signature=_signature(signature),
        tbs=tbs.raw,
        extensions=_extensions(rest),
    )


def _signature(element: der.Element) -> bytes:
    content = der.expect(element, der.BIT_STRING, "signature")
    octets = der.bit_string(content)
    # OpenSSL verifies no signature that is not made of whole octets.
    return b"" if content[0] else octets


def _take_version(fields: list[der.Element]) -> int:
    if not fields or fields[0].tag != _VERSION:
        return 1
    version = der.single(fields.pop(0), "version")
    number = der.integer(der.expect(version, der.INTEGER, "version"))
    # ASN1_INTEGER_get gives -1 for what is too large.
    return number + 1 if number.bit_length() < _LONG else 0


def _validity(element: der.Element) -> tuple[datetime | None, datetime | None]:
    times = der.elements(der.expect(element, der.SEQUENCE, "validity"))
    if [time.tag in {der.UTC_TIME, der.GENERALIZED_TIME} for time in times] != [True, True]:
        raise der.DerError("validity is not two times")
    first, last = times
    return moment(first.tag, first.content), moment(last.tag, last.content)


def moment(tag: int, content: bytes) -> datetime | None:
    """Decode a time as RFC 5280 section 4.1.2.5 writes it, or return ``None`` where OpenSSL cannot compare it."""
    size = {der.UTC_TIME: 13, der.GENERALIZED_TIME: 15}.get(tag)
    if len(content) != size or not _DIGITS.fullmatch(content):
        return None
    digits = content[:-1].decode("ascii")
    if tag == der.UTC_TIME:
        digits = ("20" if digits[:2] < "50" else "19") + digits
    if digits[:4] == "0000":
        digits = "0004" + digits[4:]  # Python has no year 0; like it, the year 4 has a leap day and is over
    second = int(digits[12:])
    try:
        whole = datetime.strptime(digits[:12], "%Y%m%d%H%M").replace(tzinfo=timezone.utc)
        return whole + timedelta(seconds=second) if second < 60 else None
    except ValueError:
        return None


def _extensions(rest: list[der.Element]) -> Extensions:
    members = der.optional(rest, (*_UNIQUE_IDS, _EXTENSIONS), "the signed part")
    for tag in _UNIQUE_IDS:
        if tag in members:
            der.bit_string(members[tag].content)
    if _EXTENSIONS not in members:
        return Extensions()
    listed = der.single(members[_EXTENSIONS], "extensions")
    return parse_extensions(der.repeated(listed, der.SEQUENCE, "extensions"))
