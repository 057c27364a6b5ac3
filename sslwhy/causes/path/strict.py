"""The strict profile: what ``X509_V_FLAG_X509_STRICT``, Python 3.13's default, asks for on top."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sslwhy.causes.path.purpose import CRL_SIGN, KEY_CERT_SIGN
from sslwhy.causes.verify_codes import VerifyCode
from sslwhy.facts.x509.extension_values import (
    AUTHORITY_KEY_ID,
    BASIC_CONSTRAINTS,
    SUBJECT_ALT_NAME,
    SUBJECT_KEY_ID,
)


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.facts.x509.certificate import Certificate


class Breach(NamedTuple):
    """One rule that a certificate breaks: the code, what the rule asks for, what the certificate has."""

    code: VerifyCode
    expected: str
    actual: str


def breaches(certificate: Certificate, *, is_last: bool) -> Iterator[Breach]:
    """Yield every rule of the strict profile that a certificate breaks, in OpenSSL's order.

    Args:
        certificate: the certificate.
        is_last: whether it is the last of its path, which needs no authority key identifier.
    """
    yield from _basic_constraints(certificate)
    yield from _key_usage(certificate)
    yield from _names(certificate)
    yield from _key_identifiers(certificate, is_last=is_last)


def _basic_constraints(certificate: Certificate) -> Iterator[Breach]:
    basic = certificate.extensions.basic_constraints
    if basic is None:
        return
    if basic.path_length is not None:
        if not basic.ca:
            yield Breach(
                VerifyCode.PATHLEN_INVALID_FOR_NON_CA,
                "a path length in CA certificates only",
                "no CA, but a path length",
            )
        if not (certificate.extensions.key_usage or 0) & KEY_CERT_SIGN:
            yield Breach(
                VerifyCode.PATHLEN_WITHOUT_KU_KEY_CERT_SIGN,
                "a path length together with key usage keyCertSign only",
                "a path length without keyCertSign",
            )
    if basic.ca and BASIC_CONSTRAINTS not in certificate.extensions.critical:
        yield Breach(
            VerifyCode.CA_BCONS_NOT_CRITICAL,
            "basic constraints marked critical",
            "basic constraints not marked critical",
        )


def _key_usage(certificate: Certificate) -> Iterator[Breach]:
    if certificate.is_ca:
        if certificate.extensions.key_usage is None:
            yield Breach(
                VerifyCode.CA_CERT_MISSING_KEY_USAGE,
                "a key usage extension in a CA certificate",
                "no key usage extension",
            )
    elif (certificate.extensions.key_usage or 0) & KEY_CERT_SIGN:
        yield Breach(
            VerifyCode.KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA,
            "key usage keyCertSign in CA certificates only",
            "no CA, but key usage keyCertSign",
        )


def _names(certificate: Certificate) -> Iterator[Breach]:
    extensions = certificate.extensions
    names = extensions.subject_alt_name
    if not certificate.issuer_name:
        yield Breach(VerifyCode.ISSUER_NAME_EMPTY, "an issuer name", "an empty issuer name")
    if not certificate.subject_name:
        needs_subject = certificate.is_ca or (extensions.key_usage or 0) & CRL_SIGN or names is None
        if needs_subject:
            yield Breach(VerifyCode.SUBJECT_NAME_EMPTY, "a subject name", "an empty subject name")
        if names is not None and SUBJECT_ALT_NAME not in extensions.critical:
            yield Breach(
                VerifyCode.EMPTY_SUBJECT_SAN_NOT_CRITICAL,
                "a SAN marked critical where the subject is empty",
                "an empty subject and a SAN not marked critical",
            )
    if names == ():
        yield Breach(VerifyCode.EMPTY_SUBJECT_ALT_NAME, "at least one name in the SAN", "an empty SAN")


def _key_identifiers(certificate: Certificate, *, is_last: bool) -> Iterator[Breach]:
    extensions = certificate.extensions
    if not certificate.signature_consistent:
        yield Breach(
            VerifyCode.SIGNATURE_ALGORITHM_INCONSISTENCY,
            "the same signature algorithm inside and outside the signed part",
            "two different ones",
        )
    if extensions.authority_key_id is not None and AUTHORITY_KEY_ID in extensions.critical:
        yield Breach(
            VerifyCode.AUTHORITY_KEY_IDENTIFIER_CRITICAL,
            "an authority key identifier not marked critical",
            "marked critical",
        )
    if extensions.subject_key_id is not None and SUBJECT_KEY_ID in extensions.critical:
        yield Breach(
            VerifyCode.SUBJECT_KEY_IDENTIFIER_CRITICAL,
            "a subject key identifier not marked critical",
            "marked critical",
        )
    if certificate.version < 3:
        if extensions.present:
            yield Breach(
                VerifyCode.EXTENSIONS_REQUIRE_VERSION_3,
                "X.509 version 3 where there are extensions",
                f"version {certificate.version} with extensions",
            )
        return
    if not is_last and certificate.authority_key_id is None:
        yield Breach(
            VerifyCode.MISSING_AUTHORITY_KEY_IDENTIFIER,
            "an authority key identifier (RFC 5280 section 4.2.1.1)",
            "no authority key identifier",
        )
    if certificate.is_ca and extensions.subject_key_id is None:
        yield Breach(
            VerifyCode.MISSING_SUBJECT_KEY_IDENTIFIER,
            "a subject key identifier in a CA certificate (RFC 5280 section 4.2.1.2)",
            "no subject key identifier",
        )
