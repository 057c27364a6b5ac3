"""What OpenSSL itself says of a chain: its verifier called as Python's client calls it, and a real handshake."""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import ssl
from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sslwhy.causes.path.analysis import PathRules
    from sslwhy.causes.path.identity import ReferenceIdentity

STRICT = 0x20
PARTIAL_CHAIN = 0x80000
TRUSTED_FIRST = 0x8000
CRL_CHECK = 0x4
_NEVER_CHECK_SUBJECT = 0x20
_NO_PARTIAL_WILDCARDS = 0x4


def _library() -> Any:
    library = ctypes.CDLL(ctypes.util.find_library("crypto"))
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "d2i_X509": (pointer, [pointer, ctypes.POINTER(text), ctypes.c_long]),
        "X509_free": (None, [pointer]),
        "X509_STORE_new": (pointer, []),
        "X509_STORE_free": (None, [pointer]),
        "X509_STORE_add_cert": (ctypes.c_int, [pointer, pointer]),
        "OPENSSL_sk_new_null": (pointer, []),
        "OPENSSL_sk_push": (ctypes.c_int, [pointer, pointer]),
        "OPENSSL_sk_free": (None, [pointer]),
        "X509_STORE_CTX_new": (pointer, []),
        "X509_STORE_CTX_free": (None, [pointer]),
        "X509_STORE_CTX_init": (ctypes.c_int, [pointer, pointer, pointer, pointer]),
        "X509_STORE_CTX_get0_param": (pointer, [pointer]),
        "X509_STORE_CTX_set_default": (ctypes.c_int, [pointer, text]),
        "X509_VERIFY_PARAM_set_auth_level": (None, [pointer, ctypes.c_int]),
        "X509_VERIFY_PARAM_set_flags": (ctypes.c_int, [pointer, ctypes.c_ulong]),
        "X509_VERIFY_PARAM_set_time": (None, [pointer, ctypes.c_long]),
        "X509_VERIFY_PARAM_set_hostflags": (None, [pointer, ctypes.c_uint]),
        "X509_VERIFY_PARAM_set1_host": (ctypes.c_int, [pointer, text, ctypes.c_size_t]),
        "X509_VERIFY_PARAM_set1_ip": (ctypes.c_int, [pointer, text, ctypes.c_size_t]),
        "X509_verify_cert": (ctypes.c_int, [pointer]),
        "X509_STORE_CTX_get_error": (ctypes.c_int, [pointer]),
        "X509_STORE_CTX_get_error_depth": (ctypes.c_int, [pointer]),
        "X509_verify_cert_error_string": (text, [ctypes.c_long]),
        "ERR_clear_error": (None, []),
        "a2i_IPADDRESS": (pointer, [text]),
        "ASN1_STRING_get0_data": (pointer, [pointer]),
        "ASN1_STRING_length": (ctypes.c_int, [pointer]),
        "ASN1_STRING_free": (None, [pointer]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


CRYPTO = _library()


class UndecodableError(Exception):
    """OpenSSL could not read a certificate at all."""


@contextlib.contextmanager
def _certificates(encodings: Sequence[bytes]) -> Iterator[list[int]]:
    certificates: list[int] = []
    try:
        for encoding in encodings:
            cursor = ctypes.c_char_p(encoding)
            start = ctypes.cast(cursor, ctypes.c_void_p).value or 0
            certificate = CRYPTO.d2i_X509(None, ctypes.byref(cursor), len(encoding))
            if not certificate:
                CRYPTO.ERR_clear_error()
                raise UndecodableError
            certificates.append(certificate)
            if (ctypes.cast(cursor, ctypes.c_void_p).value or 0) - start != len(encoding):
                raise UndecodableError
        yield certificates
    finally:
        for certificate in certificates:
            CRYPTO.X509_free(certificate)


def verify(
    chain: Sequence[bytes], anchors: Sequence[bytes], rules: PathRules, reference: ReferenceIdentity | None
) -> tuple[int, int]:
    """The verify code and depth of ``X509_verify_cert``, called as `ssl` calls it for a client."""
    with _certificates(chain) as presented, _certificates(anchors) as trusted:
        store, stack, context = CRYPTO.X509_STORE_new(), CRYPTO.OPENSSL_sk_new_null(), CRYPTO.X509_STORE_CTX_new()
        try:
            for anchor in trusted:
                CRYPTO.X509_STORE_add_cert(store, anchor)
            for certificate in presented:
                CRYPTO.OPENSSL_sk_push(stack, certificate)
            CRYPTO.X509_STORE_CTX_init(context, store, presented[0], stack)
            _configure(context, rules, reference)
            accepted = CRYPTO.X509_verify_cert(context) == 1
            code = CRYPTO.X509_STORE_CTX_get_error(context)
            assert accepted == (code == 0)
            return code, CRYPTO.X509_STORE_CTX_get_error_depth(context) if code else 0
        finally:
            CRYPTO.X509_STORE_CTX_free(context)
            CRYPTO.OPENSSL_sk_free(stack)
            CRYPTO.X509_STORE_free(store)
            CRYPTO.ERR_clear_error()


def _configure(context: int, rules: PathRules, reference: ReferenceIdentity | None) -> None:
    parameters = CRYPTO.X509_STORE_CTX_get0_param(context)
    CRYPTO.X509_VERIFY_PARAM_set_auth_level(parameters, rules.security_level)
    CRYPTO.X509_STORE_CTX_set_default(context, b"ssl_server")
    flags = TRUSTED_FIRST | STRICT * rules.strict | PARTIAL_CHAIN * rules.partial_chain | CRL_CHECK * rules.crl_check
    CRYPTO.X509_VERIFY_PARAM_set_flags(parameters, flags)
    CRYPTO.X509_VERIFY_PARAM_set_time(parameters, int(rules.now.timestamp()))
    if reference is None:
        return
    name = reference.name.encode("idna" if not reference.name.isascii() else "ascii")
    address = _address(name)
    if address:
        CRYPTO.X509_VERIFY_PARAM_set1_ip(parameters, address, len(address))
        return
    never = 0 if reference.common_name_fallback else _NEVER_CHECK_SUBJECT
    CRYPTO.X509_VERIFY_PARAM_set_hostflags(parameters, _NO_PARTIAL_WILDCARDS | never)
    CRYPTO.X509_VERIFY_PARAM_set1_host(parameters, name, len(name))


def _address(name: bytes) -> bytes:
    """The octets of an IP address, read by the function that `ssl` asks; nothing for another name."""
    string = CRYPTO.a2i_IPADDRESS(name)
    if not string:
        return b""
    try:
        return ctypes.string_at(CRYPTO.ASN1_STRING_get0_data(string), CRYPTO.ASN1_STRING_length(string))
    finally:
        CRYPTO.ASN1_STRING_free(string)


def handshake(
    server: ssl.SSLContext, anchors: Sequence[bytes], rules: PathRules, reference: ReferenceIdentity | None
) -> int:
    """The verify code of a real handshake in memory; a failure for another reason is raised."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.set_ciphers(f"DEFAULT:@SECLEVEL={rules.security_level}")
    client.check_hostname = reference is not None
    client.hostname_checks_common_name = reference is None or reference.common_name_fallback
    flags = STRICT * rules.strict | PARTIAL_CHAIN * rules.partial_chain | CRL_CHECK * rules.crl_check
    client.verify_flags = ssl.VerifyFlags(TRUSTED_FIRST | flags)
    if anchors:
        client.load_verify_locations(cadata=b"".join(anchors))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=reference.name if reference else None)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    try:
        for _ in range(3):
            for side in (ours, theirs):
                with contextlib.suppress(ssl.SSLWantReadError):
                    side.do_handshake()
    except ssl.SSLCertVerificationError as error:
        return error.verify_code
    return 0


def serving(chain: Sequence[bytes], key_pem: bytes, directory: Path) -> ssl.SSLContext:
    """A server context that presents a chain, whatever its faults."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    path = directory / "served.pem"
    path.write_bytes(key_pem + "".join(map(ssl.DER_cert_to_PEM_cert, chain)).encode())
    context.load_cert_chain(path)
    return context
