"""A live ``ssl.SSLContext`` read out: what it offered, what it required, and which trust anchors it held."""

from __future__ import annotations

import os
import re
import ssl
from pathlib import Path

from sslwhy.evidence.own_hello import own_hello
from sslwhy.facts.client import ClientOffer


_VERSIONS = {
    ssl.TLSVersion.MINIMUM_SUPPORTED: 0x0301,
    ssl.TLSVersion.SSLv3: 0x0300,
    ssl.TLSVersion.TLSv1: 0x0301,
    ssl.TLSVersion.TLSv1_1: 0x0302,
    ssl.TLSVersion.TLSv1_2: 0x0303,
    ssl.TLSVersion.TLSv1_3: 0x0304,
    ssl.TLSVersion.MAXIMUM_SUPPORTED: 0x0304,
}
_LEGACY_SERVER_CONNECT = 0x4
"""``SSL_OP_LEGACY_SERVER_CONNECT``; :mod:`ssl` names it only from Python 3.12 on."""


def offer_of(context: ssl.SSLContext, server_name: str | None = None) -> ClientOffer:
    """Read a context out. What the context cannot tell keeps its default.

    Args:
        context: the context of the failed call.
        server_name: the name that it sent as SNI, for the ClientHello is as long as that.
    """
    hello = own_hello(context, server_name)
    policy_file = _policy_file()
    flags = int(context.verify_flags)
    lowest, highest = (
        _VERSIONS.get(v, d) for v, d in ((context.minimum_version, 0x0303), (context.maximum_version, 0x0304))
    )
    return ClientOffer(
        minimum_version=_narrowed(context, lowest, upward=True),
        maximum_version=_narrowed(context, highest, upward=False),
        ciphers=tuple(cipher["name"] for cipher in context.get_ciphers()),
        security_level=getattr(context, "security_level", 2),
        verify=bool(context.verify_mode),
        check_hostname=context.check_hostname,
        common_name_fallback=getattr(context, "hostname_checks_common_name", False),
        strict=bool(flags & ssl.VERIFY_X509_STRICT),
        partial_chain=bool(flags & getattr(ssl, "VERIFY_X509_PARTIAL_CHAIN", 0x80000)),
        crl_check=bool(flags & ssl.VERIFY_CRL_CHECK_LEAF),
        legacy_server_connect=bool(context.options & _LEGACY_SERVER_CONNECT),
        openssl=ssl.OPENSSL_VERSION,
        policy_file=policy_file,
        policy=_limits_in(policy_file),
        suites=hello.suites,
        groups=hello.groups,
        signature_schemes=hello.signature_schemes,
        key_shares=hello.key_shares,
        alpn=hello.alpn,
        hello_size=hello.size,
        hello_problem=hello.problem,
    )


_SWITCHES = (
    (0x0301, ssl.OP_NO_TLSv1),
    (0x0302, ssl.OP_NO_TLSv1_1),
    (0x0303, ssl.OP_NO_TLSv1_2),
    (0x0304, ssl.OP_NO_TLSv1_3),
)


def _narrowed(context: ssl.SSLContext, bound: int, *, upward: bool) -> int:
    """Return the bound with the versions that ``OP_NO_TLSv1_x`` switches off taken into account."""
    off = {version for version, switch in _SWITCHES if context.options & switch}
    step = 1 if upward else -1
    while bound in off:
        bound += step
    return bound


def anchors_of(context: ssl.SSLContext) -> tuple[bytes, ...]:
    """Return the trust anchors that the context holds in memory, DER.

    Anchors that lie in a hashed directory are not among them until OpenSSL has looked them up.
    """
    return tuple(context.get_ca_certs(binary_form=True))


def _policy_file() -> str | None:
    """Return the OpenSSL configuration file in force (``OPENSSL_CONF``, else the library's own), if it exists."""
    named = os.environ.get("OPENSSL_CONF")
    built_in = os.path.join(os.path.dirname(ssl.get_default_verify_paths().openssl_cafile), "openssl.cnf")  # noqa: PTH118, PTH120 - OpenSSL's own text
    path = named or built_in
    return path if os.path.isfile(path) else None  # noqa: PTH113 - likewise


_LIMIT = re.compile(
    r"^\s*((?:Min|Max)Protocol|CipherString|Ciphersuites|Groups|Curves|(?:Client)?SignatureAlgorithms|Options)\s*=\s*(.+?)\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_POLICY_SIZE = 256 * 1024


def _limits_in(path: str | None) -> tuple[str, ...]:
    """Return the lines of an OpenSSL configuration file that limit what a client offers (``SSL_CONF_cmd``)."""
    try:
        text = Path(path).read_bytes()[:_POLICY_SIZE].decode("utf-8", "replace") if path else ""
    except OSError:
        return ()
    return tuple(dict.fromkeys(f"{name} = {value}" for name, value in _LIMIT.findall(text)))
