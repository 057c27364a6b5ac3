"""What this client offered, required and carried: its TLS context, its client certificate, its route."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOffer:
    """The TLS context of the failed handshake, read out.

    Attributes:
        minimum_version: the lowest version offered, as a TLS code point (0x0301 is TLS 1.0).
        maximum_version: the highest version offered, likewise.
        ciphers: the cipher suites offered, OpenSSL names in order of preference.
        security_level: OpenSSL's security level (``SSL_CTX_get_security_level``), 0 to 5.
        verify: whether the server's certificate was verified at all.
        check_hostname: whether the reference identity was matched.
        common_name_fallback: whether a certificate without SAN may match by common name.
        strict: whether ``X509_V_FLAG_X509_STRICT`` was set (the default of Python 3.13).
        partial_chain: whether ``X509_V_FLAG_PARTIAL_CHAIN`` was set (the default of Python 3.13).
        crl_check: whether ``X509_V_FLAG_CRL_CHECK`` was set.
        legacy_server_connect: whether ``SSL_OP_LEGACY_SERVER_CONNECT`` was set.
        openssl: the version text of the TLS library.
        policy_file: the OpenSSL configuration file in force, or ``None``.
        policy: the lines of that file that limit versions, ciphers, groups or signature algorithms.
        suites: the cipher suites in the ClientHello that this context sends, as code points.
        groups: the named groups in it, likewise.
        signature_schemes: the signature schemes in it, likewise.
        key_shares: the groups that it sends a key share for (RFC 8446 section 4.2.8).
        alpn: the application protocols in it (RFC 7301).
        hello_size: its size in bytes with the record header, or ``None`` where no ClientHello could be made.
        hello_problem: OpenSSL's reason why none could be made, or ``None``.
    """

    minimum_version: int = 0x0303
    maximum_version: int = 0x0304
    ciphers: tuple[str, ...] = ()
    security_level: int = 2
    verify: bool = True
    check_hostname: bool = True
    common_name_fallback: bool = False
    strict: bool = False
    partial_chain: bool = False
    crl_check: bool = False
    legacy_server_connect: bool = False
    openssl: str = ""
    policy_file: str | None = None
    policy: tuple[str, ...] = ()
    suites: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()
    signature_schemes: tuple[int, ...] = ()
    key_shares: tuple[int, ...] = ()
    alpn: tuple[str, ...] = ()
    hello_size: int | None = None
    hello_problem: str | None = None

    @property
    def versions(self) -> tuple[int, ...]:
        """Return the versions offered as code points, oldest first; empty where the bounds contradict each other."""
        return tuple(range(self.minimum_version, self.maximum_version + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCertificate:
    """The client certificate that the call carried.

    Attributes:
        source: where it was named, e.g. ``cert``.
        certificate_path: the certificate file as the caller named it, or ``None`` where a context carries it.
        key_path: the private key file, or ``None`` where it lies in the certificate file.
        certificates: what the certificate file holds, DER, in file order.
        problem: why it cannot be used: a machine-readable word, or ``None``.
        detail: the words for ``problem``.
        nearby: certificates in other files of the same directory: path and DER. An intermediate that was left out of
            the certificate file is often one of them.
    """

    source: str
    certificate_path: str | None = None
    key_path: str | None = None
    certificates: tuple[bytes, ...] = ()
    problem: (
        Literal[
            "not-found",
            "unreadable",
            "directory",
            "no-certificate",
            "no-key",
            "der",
            "pkcs12",
            "encrypted",
            "mismatch",
        ]
        | None
    ) = None
    detail: str | None = None
    nearby: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How the server was reached.

    Attributes:
        proxy: the proxy's URL without user info, or ``None`` for a direct connection.
        source: where the proxy came from: ``proxies``, or the environment variable's name.
        host: the proxy's host.
        port: the proxy's port.
        scheme: the proxy URL's scheme (``http``, ``https``, ``socks5`` ...).
        credentials: whether the proxy URL carries user info.
    """

    proxy: str | None = None
    source: str | None = None
    host: str | None = None
    port: int | None = None
    scheme: str | None = None
    credentials: bool = False

    @property
    def authority(self) -> str:
        """Return the proxy's ``host:port``."""
        host = self.host or "the proxy"
        host = f"[{host}]" if ":" in host else host
        return host if self.port is None else f"{host}:{self.port}"
