"""Every verify code of OpenSSL 3.0 to 3.5 (``X509_V_ERR_*``) and the causes behind it."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from typing_extensions import Self


class VerifyCode(IntEnum):
    """OpenSSL's verdict on a path (``openssl/x509_vfy.h``), named without ``X509_V_ERR_``.

    Each row is the number, OpenSSL's words, and our causes that it may stand for: first the one that the number alone
    speaks for, then those that evidence can tell from it.

    Attributes:
        words: OpenSSL's words for it.
        causes: our codes, the default first; ``unclassified`` where we have none.
    """

    words: str
    causes: tuple[str, ...]

    def __new__(cls, number: int, words: str = "", *causes: str) -> Self:
        """Make a member out of a row."""
        member = int.__new__(cls, number)
        member._value_ = number
        member.words = words
        member.causes = causes or ("unclassified",)
        return member

    OK = 0, "ok"
    UNSPECIFIED = (
        1,
        "unspecified certificate verification error",
        "unclassified",
        "name-constraint-violation",
        "malformed-certificate",
    )
    UNABLE_TO_GET_ISSUER_CERT = (
        2,
        "unable to get issuer certificate",
        "ca-bundle-incomplete",
        "unknown-issuer",
        "malformed-certificate",
    )
    UNABLE_TO_GET_CRL = 3, "unable to get certificate CRL", "revocation-unknown"
    UNABLE_TO_DECRYPT_CERT_SIGNATURE = 4, "unable to decrypt certificate's signature", "invalid-signature"
    UNABLE_TO_DECRYPT_CRL_SIGNATURE = 5, "unable to decrypt CRL's signature", "revocation-unknown"
    UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY = 6, "unable to decode issuer public key", "malformed-certificate"
    CERT_SIGNATURE_FAILURE = 7, "certificate signature failure", "invalid-signature"
    CRL_SIGNATURE_FAILURE = 8, "CRL signature failure", "revocation-unknown"
    CERT_NOT_YET_VALID = (
        9,
        "certificate is not yet valid",
        "certificate-not-yet-valid",
        "intermediate-not-yet-valid",
        "local-clock-wrong",
    )
    CERT_HAS_EXPIRED = (
        10,
        "certificate has expired",
        "certificate-expired",
        "intermediate-expired",
        "root-expired",
        "local-clock-wrong",
    )
    CRL_NOT_YET_VALID = 11, "CRL is not yet valid", "revocation-unknown"
    CRL_HAS_EXPIRED = 12, "CRL has expired", "revocation-unknown"
    ERROR_IN_CERT_NOT_BEFORE_FIELD = 13, "format error in certificate's notBefore field", "malformed-certificate"
    ERROR_IN_CERT_NOT_AFTER_FIELD = 14, "format error in certificate's notAfter field", "malformed-certificate"
    ERROR_IN_CRL_LAST_UPDATE_FIELD = 15, "format error in CRL's lastUpdate field", "revocation-unknown"
    ERROR_IN_CRL_NEXT_UPDATE_FIELD = 16, "format error in CRL's nextUpdate field", "revocation-unknown"
    OUT_OF_MEM = 17, "out of memory"
    DEPTH_ZERO_SELF_SIGNED_CERT = 18, "self-signed certificate", "self-signed-certificate", "malformed-certificate"
    SELF_SIGNED_CERT_IN_CHAIN = (
        19,
        "self-signed certificate in certificate chain",
        "untrusted-root",
        "ca-bundle-incomplete",
    )
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY = (
        20,
        "unable to get local issuer certificate",
        "unknown-issuer",
        "missing-intermediate",
        "malformed-certificate",
        "ca-bundle-incomplete",
    )
    UNABLE_TO_VERIFY_LEAF_SIGNATURE = (
        21,
        "unable to verify the first certificate",
        "unknown-issuer",
        "missing-intermediate",
        "malformed-certificate",
        "ca-bundle-incomplete",
    )
    CERT_CHAIN_TOO_LONG = 22, "certificate chain too long", "chain-too-long"
    CERT_REVOKED = 23, "certificate revoked", "certificate-revoked"
    NO_ISSUER_PUBLIC_KEY = 24, "issuer certificate doesn't have a public key", "malformed-certificate"
    PATH_LENGTH_EXCEEDED = 25, "path length constraint exceeded", "path-length-exceeded"
    INVALID_PURPOSE = 26, "unsuitable certificate purpose", "wrong-key-usage"
    CERT_UNTRUSTED = 27, "certificate not trusted", "untrusted-root", "ca-bundle-incomplete"
    CERT_REJECTED = 28, "certificate rejected", "untrusted-root", "ca-bundle-incomplete"
    SUBJECT_ISSUER_MISMATCH = (
        29,
        "subject issuer mismatch",
        "unknown-issuer",
        "missing-intermediate",
        "malformed-certificate",
        "ca-bundle-incomplete",
    )
    AKID_SKID_MISMATCH = (
        30,
        "authority and subject key identifier mismatch",
        "unknown-issuer",
        "missing-intermediate",
        "malformed-certificate",
        "ca-bundle-incomplete",
    )
    AKID_ISSUER_SERIAL_MISMATCH = (
        31,
        "authority and issuer serial number mismatch",
        "unknown-issuer",
        "missing-intermediate",
        "malformed-certificate",
        "ca-bundle-incomplete",
    )
    KEYUSAGE_NO_CERTSIGN = 32, "key usage does not include certificate signing", "not-a-ca"
    UNABLE_TO_GET_CRL_ISSUER = 33, "unable to get CRL issuer certificate", "revocation-unknown"
    UNHANDLED_CRITICAL_EXTENSION = 34, "unhandled critical extension", "unhandled-critical-extension"
    KEYUSAGE_NO_CRL_SIGN = 35, "key usage does not include CRL signing", "revocation-unknown"
    UNHANDLED_CRITICAL_CRL_EXTENSION = 36, "unhandled critical CRL extension", "revocation-unknown"
    INVALID_NON_CA = 37, "invalid non-CA certificate (has CA markings)", "wrong-key-usage"
    PROXY_PATH_LENGTH_EXCEEDED = 38, "proxy path length constraint exceeded", "path-length-exceeded"
    KEYUSAGE_NO_DIGITAL_SIGNATURE = 39, "key usage does not include digital signature", "wrong-key-usage"
    PROXY_CERTIFICATES_NOT_ALLOWED = (
        40,
        "proxy certificates not allowed, please set the appropriate flag",
        "wrong-key-usage",
    )
    INVALID_EXTENSION = 41, "invalid or inconsistent certificate extension", "malformed-certificate"
    INVALID_POLICY_EXTENSION = 42, "invalid or inconsistent certificate policy extension", "malformed-certificate"
    NO_EXPLICIT_POLICY = 43, "no explicit policy"
    DIFFERENT_CRL_SCOPE = 44, "different CRL scope", "revocation-unknown"
    UNSUPPORTED_EXTENSION_FEATURE = 45, "unsupported extension feature", "revocation-unknown"
    UNNESTED_RESOURCE = 46, "RFC 3779 resource not subset of parent's resources", "name-constraint-violation"
    PERMITTED_VIOLATION = 47, "permitted subtree violation", "name-constraint-violation"
    EXCLUDED_VIOLATION = 48, "excluded subtree violation", "name-constraint-violation"
    SUBTREE_MINMAX = 49, "name constraints minimum and maximum not supported", "name-constraint-violation"
    APPLICATION_VERIFICATION = 50, "application verification failure"
    UNSUPPORTED_CONSTRAINT_TYPE = 51, "unsupported name constraint type", "name-constraint-violation"
    UNSUPPORTED_CONSTRAINT_SYNTAX = 52, "unsupported or invalid name constraint syntax", "name-constraint-violation"
    UNSUPPORTED_NAME_SYNTAX = 53, "unsupported or invalid name syntax", "name-constraint-violation"
    CRL_PATH_VALIDATION_ERROR = 54, "CRL path validation error", "revocation-unknown"
    PATH_LOOP = 55, "path loop"
    SUITE_B_INVALID_VERSION = 56, "Suite B: certificate version invalid"
    SUITE_B_INVALID_ALGORITHM = 57, "Suite B: invalid public key algorithm", "weak-key"
    SUITE_B_INVALID_CURVE = 58, "Suite B: invalid ECC curve", "weak-key"
    SUITE_B_INVALID_SIGNATURE_ALGORITHM = 59, "Suite B: invalid signature algorithm", "weak-signature"
    SUITE_B_LOS_NOT_ALLOWED = 60, "Suite B: curve not allowed for this LOS", "weak-key"
    SUITE_B_CANNOT_SIGN_P_384_WITH_P_256 = 61, "Suite B: cannot sign P-384 with P-256", "weak-key"
    HOSTNAME_MISMATCH = (
        62,
        "hostname mismatch",
        "hostname-mismatch",
        "missing-subject-alternative-name",
        "malformed-certificate",
    )
    EMAIL_MISMATCH = 63, "email address mismatch"
    IP_ADDRESS_MISMATCH = (
        64,
        "IP address mismatch",
        "ip-address-mismatch",
        "missing-subject-alternative-name",
        "malformed-certificate",
    )
    DANE_NO_MATCH = 65, "no matching DANE TLSA records"
    EE_KEY_TOO_SMALL = 66, "EE certificate key too weak", "weak-key", "malformed-certificate"
    CA_KEY_TOO_SMALL = 67, "CA certificate key too weak", "weak-key"
    CA_MD_TOO_WEAK = 68, "CA signature digest algorithm too weak", "weak-signature"
    INVALID_CALL = 69, "invalid certificate verification context"
    STORE_LOOKUP = 70, "issuer certificate lookup error"
    NO_VALID_SCTS = 71, "Certificate Transparency required, but no valid SCTs found"
    PROXY_SUBJECT_NAME_VIOLATION = 72, "proxy subject name violation", "name-constraint-violation"
    OCSP_VERIFY_NEEDED = 73, "OCSP verification needed", "revocation-unknown"
    OCSP_VERIFY_FAILED = 74, "OCSP verification failed", "revocation-unknown"
    OCSP_CERT_UNKNOWN = 75, "OCSP unknown cert", "revocation-unknown"
    UNSUPPORTED_SIGNATURE_ALGORITHM = 76, "Cannot find certificate signature algorithm", "invalid-signature"
    SIGNATURE_ALGORITHM_MISMATCH = (
        77,
        "subject signature algorithm and issuer public key algorithm mismatch",
        "invalid-signature",
    )
    SIGNATURE_ALGORITHM_INCONSISTENCY = (
        78,
        "cert info signature and signature algorithm mismatch",
        "strict-profile-violation",
    )
    INVALID_CA = 79, "invalid CA certificate", "not-a-ca"
    PATHLEN_INVALID_FOR_NON_CA = 80, "Path length invalid for non-CA cert", "strict-profile-violation"
    PATHLEN_WITHOUT_KU_KEY_CERT_SIGN = 81, "Path length given without key usage keyCertSign", "strict-profile-violation"
    KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA = (
        82,
        "Key usage keyCertSign invalid for non-CA cert",
        "strict-profile-violation",
    )
    ISSUER_NAME_EMPTY = 83, "Issuer name empty", "strict-profile-violation"
    SUBJECT_NAME_EMPTY = 84, "Subject name empty", "strict-profile-violation"
    MISSING_AUTHORITY_KEY_IDENTIFIER = 85, "Missing Authority Key Identifier", "strict-profile-violation"
    MISSING_SUBJECT_KEY_IDENTIFIER = 86, "Missing Subject Key Identifier", "strict-profile-violation"
    EMPTY_SUBJECT_ALT_NAME = 87, "Empty Subject Alternative Name extension", "strict-profile-violation"
    EMPTY_SUBJECT_SAN_NOT_CRITICAL = (
        88,
        "Subject empty and Subject Alt Name extension not critical",
        "strict-profile-violation",
    )
    CA_BCONS_NOT_CRITICAL = 89, "Basic Constraints of CA cert not marked critical", "strict-profile-violation"
    AUTHORITY_KEY_IDENTIFIER_CRITICAL = 90, "Authority Key Identifier marked critical", "strict-profile-violation"
    SUBJECT_KEY_IDENTIFIER_CRITICAL = 91, "Subject Key Identifier marked critical", "strict-profile-violation"
    CA_CERT_MISSING_KEY_USAGE = 92, "CA cert does not include key usage extension", "strict-profile-violation"
    EXTENSIONS_REQUIRE_VERSION_3 = 93, "Using cert extension requires at least X509v3", "strict-profile-violation"
    EC_KEY_EXPLICIT_PARAMS = 94, "Certificate public key has explicit ECC parameters", "malformed-certificate"
    RPK_UNTRUSTED = 95, "raw public key untrusted, no trusted keys configured"


_BY_NUMBER = {int(member): member for member in VerifyCode}


def verify_message(verify_code: int) -> str:
    """Return OpenSSL's words for a verify code."""
    known = _BY_NUMBER.get(verify_code)
    return known.words if known is not None else f"verify code {verify_code}"


def causes_of(verify_code: int | None) -> tuple[str, ...]:
    """Return the causes that a verify code may stand for; ``()`` for none at all, ``unclassified`` for a new one."""
    if verify_code is None or verify_code == VerifyCode.OK:
        return ()
    known = _BY_NUMBER.get(verify_code)
    return known.causes if known is not None else ("unclassified",)
