"""Certificates with every oddity that a handshake can meet.

root = Authority.root("Test Root")
issuing = root.intermediate("Issuing CA", path_length=0)
leaf = issuing.issue("localhost", dns=["localhost"], not_after=-DAY, omit=["aki"])
files = leaf.write(tmp_path)
"""

from __future__ import annotations

import base64
import ipaddress
from typing import TYPE_CHECKING, TypedDict

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from sslwhy.demo import pki
from sslwhy.demo.pki import DAY, Files, Identity
from support import der, keys


if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from typing_extensions import Unpack


__all__ = ["DAY", "Authority", "Files", "Identity", "Oddities", "bundle", "general_names", "self_signed"]

SERVER_AUTH = ExtendedKeyUsageOID.SERVER_AUTH.dotted_string
CLIENT_AUTH = ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string
UNKNOWN = "1.3.6.1.4.1.55555.1"  # an extension that nobody knows

OIDS = {
    "bc": "2.5.29.19",
    "ku": "2.5.29.15",
    "eku": "2.5.29.37",
    "ski": "2.5.29.14",
    "aki": "2.5.29.35",
    "san": "2.5.29.17",
    "nc": "2.5.29.30",
}


class Oddities(TypedDict, total=False):
    """What can be said about any certificate, beyond its names."""

    key: str | pki.PrivateKey  # a kind for `keys.new`, or a key
    subject: x509.Name
    not_before: pki.Moment  # a timedelta counts from now
    not_after: pki.Moment
    eku: Sequence[str]  # dotted OIDs
    usage: Sequence[str]  # cryptography's names of the KeyUsage bits
    path_length: int | None
    ca: bool  # basicConstraints' cA
    permitted: Sequence[str]  # name constraints, see `general_names`
    excluded: Sequence[str]
    aia: str  # URL of caIssuers
    replace: Mapping[str, x509.ExtensionType]  # by label: bc ku eku ski aki san nc
    omit: Collection[str]  # labels
    critical: Mapping[str, bool]  # by label
    extra: Sequence[pki.Extension]
    edits: Sequence[der.Edit]  # see `der`: version_1, empty_issuer, duplicate_extension(...), ...
    digest: str  # sha256 (default), sha1, md5, pss
    broken_signature: bool


class Authority(Identity):
    """An identity that issues others."""

    @classmethod
    def root(cls, name: str = "Test Root", **odd: Unpack[Oddities]) -> Authority:
        """A self-signed trust anchor."""
        return _authority(name, None, odd)

    def intermediate(self, name: str = "Issuing CA", **odd: Unpack[Oddities]) -> Authority:
        """An authority below this one."""
        return _authority(name, self, odd)

    def issue(
        self,
        name: str = "localhost",
        *,
        dns: Sequence[str] = (),
        ips: Sequence[str] = (),
        sans: Sequence[str] = (),
        **odd: Unpack[Oddities],
    ) -> Identity:
        """A server certificate; `sans` takes more names as `general_names` does."""
        key = _key(odd)
        names = [*(f"dns:{name}" for name in dns), *(f"ip:{ip}" for ip in ips), *sans]
        return Identity(_make(name, key, self, _server(key, names), odd), key, self)

    def issue_pss(self, name: str = "localhost", *, dns: Sequence[str] = ()) -> Identity:
        """A server certificate for an RSA key that may sign with RSASSA-PSS only."""
        made = self.issue(name, dns=dns, key="rsa-2048", edits=[der.pss_public_key])
        return PssIdentity(made.der, made.key, self)

    def client(self, name: str = "Test Client", **odd: Unpack[Oddities]) -> Identity:
        """A client certificate."""
        odd = {"eku": [CLIENT_AUTH], **odd}
        return self.issue(name, **odd)

    def cross_sign(self, other: Authority, **odd: Unpack[Oddities]) -> Authority:
        """A certificate of ours for another authority's name and key."""
        odd = {"subject": other.certificate.subject, "key": other.key, **odd}
        return _authority("", self, odd)


class PssIdentity(Identity):
    """An identity whose private key says RSASSA-PSS, as its certificate does."""

    @property
    def key_pem(self) -> str:
        """The private key as PKCS #8 PEM."""
        encoded = self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        body = base64.encodebytes(der.pss_only(encoded)).decode("ascii")
        return f"-----BEGIN PRIVATE KEY-----\n{body}-----END PRIVATE KEY-----\n"


def self_signed(
    name: str = "localhost", *, dns: Sequence[str] = (), ips: Sequence[str] = (), **odd: Unpack[Oddities]
) -> Identity:
    """A server certificate signed by its own key."""
    key = _key(odd)
    names = [*(f"dns:{name}" for name in dns), *(f"ip:{ip}" for ip in ips)]
    return Identity(_make(name, key, None, _server(key, names), odd), key)


def bundle(path: Path, *identities: Identity) -> str:
    """Write the certificates into one PEM file; returns its path, as `verify=` wants it."""
    path.write_text("".join(one.pem for one in identities), encoding="ascii")
    return str(path)


def general_names(names: Sequence[str]) -> list[x509.GeneralName]:
    """GeneralNames from `dns:x`, `ip:10.0.0.1`, `ip:10.0.0.0/8`, `email:x`, `uri:x`, `dir:common name`."""
    return [_general_name(*name.split(":", 1)) for name in names]


def _general_name(kind: str, value: str) -> x509.GeneralName:
    if kind == "ip":
        whole = ipaddress.ip_network(value) if "/" in value else ipaddress.ip_address(value)
        return x509.IPAddress(whole)
    if kind == "dir":
        return x509.DirectoryName(pki.named(value))
    kinds: dict[str, Callable[[str], x509.GeneralName]] = {
        "dns": x509.DNSName,
        "email": x509.RFC822Name,
        "uri": x509.UniformResourceIdentifier,
    }
    return kinds[kind](value)


def _key(odd: Oddities) -> pki.PrivateKey:
    key = odd.get("key", "p256")
    return keys.new(key) if isinstance(key, str) else key


def _server(key: pki.PrivateKey, names: Sequence[str]) -> list[pki.Extension]:
    extensions = pki.server_extensions(key, (), ())
    if names:
        extensions.append((x509.SubjectAlternativeName(general_names(names)), False))
    return extensions


def _authority(name: str, issuer: Authority | None, odd: Oddities) -> Authority:
    key = _key(odd)
    odd = {"not_after": 1825 * DAY, **odd}
    return Authority(_make(name, key, issuer, pki.authority_extensions(key), odd), key, issuer)


def _make(
    name: str, key: pki.PrivateKey, issuer: Identity | None, extensions: list[pki.Extension], odd: Oddities
) -> bytes:
    if issuer:
        extensions = [*extensions, pki.authority_key_identifier(issuer)]
    certificate = pki.certify(
        odd.get("subject") or pki.named(name),
        key,
        issuer,
        odd.get("not_before", -2 * DAY),
        odd.get("not_after", 90 * DAY),
        _extensions(extensions, odd),
    )
    edits, digest = odd.get("edits", ()), odd.get("digest", "sha256")
    if edits or digest != "sha256":
        tbs = der.Tbs.parse(certificate)
        for edit in edits:
            tbs = edit(tbs)
        certificate = der.sign(tbs, issuer.key if issuer else key, digest)
    return der.flip_signature(certificate) if odd.get("broken_signature") else certificate


def _extensions(usual: list[pki.Extension], odd: Oddities) -> list[pki.Extension]:
    labels = {dotted: label for label, dotted in OIDS.items()}
    table = {labels[value.oid.dotted_string]: (value, critical) for value, critical in usual}
    for label, value in {**_overrides(odd), **odd.get("replace", {})}.items():
        default = label in ("bc", "ku", "nc")
        table[label] = (value, table[label][1] if label in table else default)
    for label, critical in odd.get("critical", {}).items():
        table[label] = (table[label][0], critical)
    kept = [extension for label, extension in table.items() if label not in odd.get("omit", ())]
    if aia := odd.get("aia"):
        location = x509.UniformResourceIdentifier(aia)
        method = AuthorityInformationAccessOID.CA_ISSUERS
        kept.append((x509.AuthorityInformationAccess([x509.AccessDescription(method, location)]), False))
    return [*kept, *odd.get("extra", ())]


def _overrides(odd: Oddities) -> dict[str, x509.ExtensionType]:
    values: dict[str, x509.ExtensionType] = {}
    if "ca" in odd:
        values["bc"] = x509.BasicConstraints(ca=odd["ca"], path_length=None)
    if "path_length" in odd:
        values["bc"] = x509.BasicConstraints(ca=True, path_length=odd["path_length"])
    if "usage" in odd:
        values["ku"] = pki.key_usage(*odd["usage"])
    if "eku" in odd:
        values["eku"] = x509.ExtendedKeyUsage([x509.ObjectIdentifier(dotted) for dotted in odd["eku"]])
    if "permitted" in odd or "excluded" in odd:
        permitted, excluded = general_names(odd.get("permitted", ())), general_names(odd.get("excluded", ()))
        values["nc"] = x509.NameConstraints(permitted or None, excluded or None)
    return values


def unknown_extension(*, critical: bool = True) -> pki.Extension:
    """An extension that no verifier handles."""
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(UNKNOWN), b"\x05\x00"), critical
