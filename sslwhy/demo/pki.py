"""A throw-away public key infrastructure: authorities and the certificates that they issue.

Everything lives in memory until ``Identity.write`` is called. Certificates follow RFC 5280 closely enough
for OpenSSL's strict mode (X509_V_FLAG_X509_STRICT), the default of Python 3.13.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


PrivateKey: TypeAlias = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
)
Extension: TypeAlias = tuple[x509.ExtensionType, bool]  # the value, and whether it is critical
Moment: TypeAlias = dt.datetime | dt.timedelta  # a timedelta counts from now

DAY = dt.timedelta(days=1)

_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True)
class Files:
    """Where ``Identity.write`` put its PEM files."""

    certificate: Path
    chain: Path  # the certificate and its intermediates, as a server sends them
    key: Path


@dataclass(frozen=True)
class Identity:
    """A certificate, its private key and the authority that issued it."""

    der: bytes
    key: PrivateKey
    issuer: Identity | None = None  # None: self-signed, or the issuer is nobody's business

    @property
    def certificate(self) -> x509.Certificate:
        """The parsed certificate.

        Raises:
            ValueError: The certificate was made malformed on purpose.
        """
        return x509.load_der_x509_certificate(self.der)

    @property
    def pem(self) -> str:
        """The certificate alone, as PEM."""
        return ssl.DER_cert_to_PEM_cert(self.der)

    @property
    def key_pem(self) -> str:
        """The private key as unencrypted PKCS #8 PEM."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode("ascii")

    def path(self) -> list[Identity]:
        """This identity and its issuers, end-entity first, up to the root."""
        return [self, *(self.issuer.path() if self.issuer else [])]

    def chain(self, *, root: bool = False) -> list[bytes]:
        """DER certificates as a server sends them, end-entity first; the root only when asked for."""
        return [one.der for one in self.path() if root or one is self or one.issuer]

    def chain_pem(self, *, root: bool = False) -> str:
        """The same as ``chain``, as PEM."""
        return "".join(map(ssl.DER_cert_to_PEM_cert, self.chain(root=root)))

    def write(self, directory: Path, name: str = "identity") -> Files:
        """Write ``NAME.pem``, ``NAME-chain.pem`` and ``NAME-key.pem`` into ``directory``."""
        files = Files(directory / f"{name}.pem", directory / f"{name}-chain.pem", directory / f"{name}-key.pem")
        files.certificate.write_text(self.pem, encoding="ascii")
        files.chain.write_text(self.chain_pem(), encoding="ascii")
        files.key.touch(mode=0o600)
        files.key.write_text(self.key_pem, encoding="ascii")
        return files


class Authority(Identity):
    """An identity that issues others."""

    @classmethod
    def root(cls, name: str, *, not_before: Moment = -DAY, not_after: Moment = 3650 * DAY) -> Authority:
        """A self-signed trust anchor called ``name``."""
        key = new_key()
        extensions = authority_extensions(key)
        return cls(certify(named(name), key, None, not_before, not_after, extensions), key)

    def intermediate(self, name: str, *, not_before: Moment = -DAY, not_after: Moment = 1825 * DAY) -> Authority:
        """An authority called ``name`` below this one."""
        key = new_key()
        extensions = [*authority_extensions(key), authority_key_identifier(self)]
        return Authority(certify(named(name), key, self, not_before, not_after, extensions), key, self)

    def issue(
        self,
        name: str,
        *,
        dns: Iterable[str] = (),
        ips: Iterable[str] = (),
        not_before: Moment = -DAY,
        not_after: Moment = 90 * DAY,
    ) -> Identity:
        """A server certificate for the names given; ``name`` is its common name only."""
        key = new_key()
        extensions = [*server_extensions(key, dns, ips), authority_key_identifier(self)]
        return Identity(certify(named(name), key, self, not_before, not_after, extensions), key, self)


def self_signed(
    name: str, *, dns: Iterable[str] = (), ips: Iterable[str] = (), not_after: Moment = 90 * DAY
) -> Identity:
    """A server certificate that nobody but its own key vouches for."""
    key = new_key()
    return Identity(certify(named(name), key, None, -DAY, not_after, server_extensions(key, dns, ips)), key)


def new_key() -> PrivateKey:
    """A new P-256 key: every TLS stack has it, and it costs less than a millisecond."""
    return ec.generate_private_key(ec.SECP256R1())


def named(name: str) -> x509.Name:
    """A distinguished name with ``name`` as its common name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def certify(
    subject: x509.Name,
    key: PrivateKey,
    issuer: Identity | None,
    not_before: Moment,
    not_after: Moment,
    extensions: Iterable[Extension],
) -> bytes:
    """Sign a certificate (DER) for ``key``; without an issuer it is self-signed."""
    builder = x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer.certificate.subject if issuer else subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=moment(not_before),
        not_valid_after=moment(not_after),
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical=critical)
    signer = issuer.key if issuer else key
    edwards = isinstance(signer, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey))
    certificate = builder.sign(signer, None if edwards else hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.DER)


def authority_extensions(key: PrivateKey) -> list[Extension]:
    """What RFC 5280 section 4.2.1 wants in a CA certificate."""
    return [
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (key_usage("key_cert_sign", "crl_sign"), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
    ]


def server_extensions(key: PrivateKey, dns: Iterable[str], ips: Iterable[str]) -> list[Extension]:
    """What a server certificate carries; no SAN at all when no name is given."""
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in dns]
    names += [x509.IPAddress(ipaddress.ip_address(ip)) for ip in ips]
    usages = ["digital_signature", *(["key_encipherment"] if isinstance(key, rsa.RSAPrivateKey) else [])]
    extensions: list[Extension] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (key_usage(*usages), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
    ]
    return [*extensions, (x509.SubjectAlternativeName(names), False)] if names else extensions


def authority_key_identifier(issuer: Identity) -> Extension:
    """The AKI that points to ``issuer``'s key."""
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), False


def key_usage(*usages: str) -> x509.KeyUsage:
    """A KeyUsage with just these bits, by cryptography's names, for example ``digital_signature``."""
    return x509.KeyUsage(**{usage: usage in usages for usage in _USAGES})


def moment(when: Moment) -> dt.datetime:
    """A point in time as an aware datetime; a timedelta counts from now."""
    return when if isinstance(when, dt.datetime) else dt.datetime.now(dt.timezone.utc) + when
