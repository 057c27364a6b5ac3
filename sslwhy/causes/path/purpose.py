"""Whether a certificate may be a CA, and whether it may serve TLS (OpenSSL's ``v3_purp.c``)."""

from __future__ import annotations

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from sslwhy.facts.x509.certificate import Certificate

# Key usage bits as OpenSSL keeps them (RFC 5280 section 4.2.1.3, first bit highest).
DIGITAL_SIGNATURE = 0x80
KEY_ENCIPHERMENT = 0x20
KEY_AGREEMENT = 0x08
KEY_CERT_SIGN = 0x04
CRL_SIGN = 0x02

SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
_GATED = frozenset({"1.3.6.1.4.1.311.10.3.3", "2.16.840.1.113730.4.1"})  # server gated crypto counts as server
_EKU = {"sslserver": {SERVER_AUTH, *_GATED}, "sslclient": {CLIENT_AUTH}}
_EKU_WORDS = {
    SERVER_AUTH: "serverAuth",
    CLIENT_AUTH: "clientAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
    "2.5.29.37.0": "anyExtendedKeyUsage",
}
_NETSCAPE = {"sslserver": 0x40, "sslclient": 0x80}
_NETSCAPE_SSL_CA = 0x04
_NETSCAPE_ANY_CA = 0x07
_KU = {
    "sslserver": DIGITAL_SIGNATURE | KEY_ENCIPHERMENT | KEY_AGREEMENT,
    "sslclient": DIGITAL_SIGNATURE | KEY_AGREEMENT,
}
_KU_WORDS = (
    (0x80, "digitalSignature"),
    (0x40, "nonRepudiation"),
    (0x20, "keyEncipherment"),
    (0x10, "dataEncipherment"),
    (0x08, "keyAgreement"),
    (0x04, "keyCertSign"),
    (0x02, "cRLSign"),
    (0x01, "encipherOnly"),
    (0x8000, "decipherOnly"),
)

NOT_A_CA = 0
IS_A_CA = 1
V1_ROOT = 3
BY_KEY_USAGE = 4
BY_NETSCAPE = 5


def ca_status(certificate: Certificate) -> int:
    """Return what ``X509_check_ca`` does: 0 for no CA, 1 for a CA, more for what only resembles one."""
    extensions = certificate.extensions
    if certificate.problems or refuses(extensions.key_usage, KEY_CERT_SIGN):
        return NOT_A_CA
    if extensions.basic_constraints is not None:
        return int(extensions.basic_constraints.ca)
    if certificate.version == 1 and certificate.is_self_signed:
        return V1_ROOT
    if extensions.key_usage is not None:
        return BY_KEY_USAGE
    if (extensions.netscape_cert_type or 0) & _NETSCAPE_ANY_CA:
        return BY_NETSCAPE
    return NOT_A_CA


def refuses(key_usage: int | None, wanted: int) -> bool:
    """Return whether a key usage extension is present and has none of the wanted bits."""
    return key_usage is not None and not key_usage & wanted


def purpose_problem(certificate: Certificate, purpose: str, *, as_ca: bool) -> tuple[str, str] | None:
    """Say why a certificate is not good for TLS: expected and actual, or ``None``.

    That a certificate is no CA at all is another fault, and left to that one.
    """
    extensions = certificate.extensions
    if certificate.problems:
        return None
    purposes = extensions.extended_key_usage
    if purposes is not None and not _EKU[purpose] & set(purposes):
        wanted = _EKU_WORDS[SERVER_AUTH if purpose == "sslserver" else CLIENT_AUTH]
        return f"extended key usage with {wanted}", f"extended key usage {purpose_words(purposes)}"
    if as_ca:
        if ca_status(certificate) == BY_NETSCAPE and not (extensions.netscape_cert_type or 0) & _NETSCAPE_SSL_CA:
            return "Netscape certificate type SSL CA", "Netscape certificate type without SSL CA"
        return None
    if refuses(extensions.netscape_cert_type, _NETSCAPE[purpose]):
        return "a Netscape certificate type that allows TLS", "a Netscape certificate type that does not"
    if refuses(extensions.key_usage, _KU[purpose]):
        allowed = usage_words(_KU[purpose]).replace(", ", " or ")
        return f"key usage with {allowed}", f"key usage {usage_words(extensions.key_usage or 0)}"
    return None


def purpose_words(purposes: tuple[str, ...]) -> str:
    """Return extended key usages as words."""
    return ", ".join(_EKU_WORDS.get(purpose, purpose) for purpose in purposes) or "with no purpose at all"


def usage_words(usage: int) -> str:
    """Return key usage bits as words."""
    return ", ".join(word for bit, word in _KU_WORDS if usage & bit)
