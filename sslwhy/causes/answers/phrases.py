"""The phrases of TLS libraries and their wrappers, as they print them: facts, compared case-sensitively and whole."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from sslwhy.causes.answers import localized


if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal["class", "sentence", "weak"]
"""``class``: an exception's name; ``sentence``: words that only a TLS library prints; ``weak``: words that other
certificate software prints too, so that they count only after one of the others or after a call to a URL."""

TRUST_REASONS = frozenset({"trust", "untrusted", "name", "expired", "store"})
_ALERTS = (
    "handshake_failure",
    "protocol_version",
    "unrecognized_name",
    "internal_error",
    "illegal_parameter",
    "decode_error",
    "decrypt_error",
    "insufficient_security",
    "close_notify",
    "no_application_protocol",
)
_CERTIFICATE_ALERTS = (
    "bad_certificate",
    "certificate_unknown",
    "certificate_expired",
    "certificate_revoked",
    "certificate_required",
    "unsupported_certificate",
    "unknown_ca",
    "access_denied",
)
_SYMBOLS = (
    ("CERTIFICATE_VERIFY_FAILED", "trust"),
    ("WRONG_VERSION_NUMBER", "plaintext"),
    ("UNSUPPORTED_PROTOCOL", "protocol"),
    ("TLSV1_ALERT_PROTOCOL_VERSION", "protocol"),
    ("NO_PROTOCOLS_AVAILABLE", "protocol"),
    ("UNSAFE_LEGACY_RENEGOTIATION_DISABLED", "protocol"),
    ("DH_KEY_TOO_SMALL", "protocol"),
    ("SSLV3_ALERT_HANDSHAKE_FAILURE", "refused"),
    ("TLSV1_UNRECOGNIZED_NAME", "refused"),
    ("TLSV1_ALERT_INTERNAL_ERROR", "refused"),
    ("UNEXPECTED_EOF_WHILE_READING", "closed"),
    ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "client-certificate"),
    ("TLSV1_ALERT_UNKNOWN_CA", "client-certificate"),
    ("SSLV3_ALERT_BAD_CERTIFICATE", "client-certificate"),
    ("SSLV3_ALERT_CERTIFICATE_UNKNOWN", "client-certificate"),
    ("SSLV3_ALERT_CERTIFICATE_EXPIRED", "client-certificate"),
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase.

    Attributes:
        text: the phrase; one that ends with a space or an opening mark goes on with foreign words.
        reason: what it says, a reason of ``AnswerVerdict``.
        platform: whose words they are.
        kind: how much surrounding it needs.
        also: what must stand later in the same passage.
        begins: where the statement starts, at most 24 characters before the phrase.
        then: words with which the sentence may go on.
    """

    text: str
    reason: str
    platform: str
    kind: Kind = "sentence"
    also: str = ""
    begins: str = ""
    then: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def phrases() -> tuple[Phrase, ...]:
    """Return all phrases."""
    return (*_dotnet(), *_java(), *_native(), *_scripting(), *_gateways())


def _group(platform: str, reason: str, kind: Kind, texts: str) -> Iterable[Phrase]:
    return (Phrase(text.strip(), reason, platform, kind) for text in texts.strip().splitlines())


def _dotnet() -> Iterable[Phrase]:
    for text in localized.TRUST:
        yield Phrase(text, "trust", ".NET", then=localized.AUTHORITY)
    yield Phrase("機関 '", "trust", ".NET", also=localized.JAPANESE_TRUST)
    for text in localized.CERTIFICATE:
        yield Phrase(text, "trust", ".NET")
    for text in localized.CHANNEL:
        yield Phrase(text, "handshake", ".NET", then=localized.AUTHORITY)
    yield Phrase(
        "A connection was successfully established with the server, but then an error occurred during the ",
        "untrusted",
        ".NET",
        also="certificate chain was issued by an authority that is not trusted",
    )
    yield from _group(
        ".NET",
        "handshake",
        "sentence",
        """
        The SSL connection could not be established, see inner exception
        A call to SSPI failed, see inner exception
        """,
    )
    yield from _group(
        ".NET",
        "protocol",
        "sentence",
        """
        The client and server cannot communicate, because they do not possess a common algorithm
        """,
    )
    yield Phrase("because of errors in the certificate chain: UntrustedRoot", "untrusted", ".NET", "weak")
    yield Phrase("because of errors in the certificate chain: PartialChain", "untrusted", ".NET", "weak")
    yield Phrase("because of errors in the certificate chain: NotTimeValid", "expired", ".NET", "weak")
    yield Phrase("RemoteCertificateNameMismatch", "name", ".NET", "weak")
    yield Phrase(
        "The remote certificate is invalid because of errors in the certificate chain", "trust", ".NET"
    )
    yield Phrase("Cannot determine the frame size or a corrupted frame was received", "plaintext", ".NET")
    yield Phrase(
        "The remote certificate was rejected by the provided RemoteCertificateValidationCallback",
        "trust",
        ".NET",
    )


def _java() -> Iterable[Phrase]:
    yield from _group(
        "Java",
        "handshake",
        "class",
        """
        javax.net.ssl.SSLHandshakeException
        javax.net.ssl.SSLException
        javax.net.ssl.SSLProtocolException
        javax.net.ssl.SSLKeyException
        SSLHandshakeException
        org.bouncycastle.tls.TlsFatalAlert
        """,
    )
    yield Phrase("javax.net.ssl.SSLPeerUnverifiedException", "trust", "Java", "class")
    yield Phrase("sun.security.validator.ValidatorException", "trust", "Java", "class")
    yield Phrase("sun.security.provider.certpath.SunCertPathBuilderException", "untrusted", "Java", "class")
    yield Phrase("iaik.security.ssl.SSLCertificateException", "trust", "SAP", "class")
    yield from _group(
        "Java",
        "untrusted",
        "sentence",
        """
        PKIX path building failed
        unable to find valid certification path to requested target
        """,
    )
    yield Phrase("PKIX path validation failed", "trust", "Java")
    yield Phrase("Peer certificate rejected by ChainVerifier", "untrusted", "SAP")
    for text, reason in (
        ("No trusted certificate found", "untrusted"),
        ("Path does not chain with any of the trust anchors", "untrusted"),
        ("No name matching ", "name"),
        ("No subject alternative ", "name"),
        ("doesn't match any of the subject alternative names", "name"),
        ("HTTPS hostname wrong: should be <", "name"),
        ("CertificateExpiredException", "expired"),
        ("CertificateNotYetValidException", "expired"),
        ("validity check failed", "expired"),
        ("timestamp check failed", "expired"),
        ("was not trusted causing SSL handshake failure", "untrusted"),
        ("failed hostname verification check", "name"),
        ("certificate_unknown(46)", "trust"),
    ):
        yield Phrase(text, reason, "Java", "weak")
    yield Phrase("the trustAnchors parameter must be non-empty", "store", "Java")
    yield Phrase("[Security:0904", "trust", "WebLogic", also="Certificate chain received from ")
    yield Phrase("[Security:0905", "trust", "WebLogic", also="Certificate chain received from ")
    yield Phrase("CWPKI0022E: SSL HANDSHAKE FAILURE", "untrusted", "IBM Java")
    for alert in _ALERTS:
        yield Phrase(f"Received fatal alert: {alert}", "refused", "Java")
    for alert in _CERTIFICATE_ALERTS:
        yield Phrase(f"Received fatal alert: {alert}", "client-certificate", "Java")
    yield from _group(
        "Java",
        "handshake",
        "sentence",
        """
        General SSLEngine problem
        """,
    )
    yield from _group(
        "Java",
        "closed",
        "sentence",
        """
        Remote host closed connection during handshake
        Remote host terminated the handshake
        Connection or outbound has closed
        """,
    )
    yield from _group(
        "Java",
        "protocol",
        "sentence",
        """
        No appropriate protocol (protocol is disabled or cipher suites are inappropriate)
        DH ServerKeyExchange does not comply to algorithm constraints
        """,
    )
    yield from _group(
        "Java",
        "plaintext",
        "sentence",
        """
        Unrecognized SSL message, plaintext connection?
        Unsupported or unrecognized SSL message
        """,
    )


def _native() -> Iterable[Phrase]:
    yield Phrase("SSL routines:", "handshake", "OpenSSL", begins="error:")
    for text, reason in (
        ("certificate verify failed", "trust"),
        ("CERTIFICATE_VERIFY_FAILED", "trust"),
        ("unable to get local issuer certificate", "untrusted"),
        ("unable to get issuer certificate", "untrusted"),
        ("unable to verify the first certificate", "untrusted"),
        ("self signed certificate", "untrusted"),
        ("self-signed certificate", "untrusted"),
        ("certificate has expired", "expired"),
        ("certificate is not yet valid", "expired"),
        ("Hostname mismatch", "name"),
        ("IP address mismatch", "name"),
        ("verify SAN list", "name"),
        ("wrong version number", "plaintext"),
        ("WRONG_VERSION_NUMBER", "plaintext"),
        ("unsupported protocol", "protocol"),
        ("UNSUPPORTED_PROTOCOL", "protocol"),
        ("alert protocol version", "protocol"),
        ("ALERT_PROTOCOL_VERSION", "protocol"),
        ("dh key too small", "protocol"),
        ("DH_KEY_TOO_SMALL", "protocol"),
        ("alert handshake failure", "refused"),
        ("ALERT_HANDSHAKE_FAILURE", "refused"),
        ("alert unknown ca", "client-certificate"),
        ("ALERT_UNKNOWN_CA", "client-certificate"),
        ("alert bad certificate", "client-certificate"),
        ("ALERT_BAD_CERTIFICATE", "client-certificate"),
        ("ALERT_CERTIFICATE_", "client-certificate"),
    ):
        yield Phrase(text, reason, "OpenSSL", "weak")
    for problem in (
        "unable to get local issuer certificate",
        "unable to get issuer certificate",
        "unable to verify the first certificate",
        "self signed certificate",
        "self-signed certificate",
    ):
        yield Phrase(
            f"SSL certificate problem: {problem}", "untrusted", "curl", then=(" in certificate chain",)
        )
    yield Phrase("SSL certificate problem: certificate has expired", "expired", "curl")
    yield Phrase("ORA-29024: Certificate validation failure", "trust", "Oracle Database")
    yield Phrase("ORA-28860: Fatal SSL error", "handshake", "Oracle Database")


def _scripting() -> Iterable[Phrase]:
    yield Phrase("HTTPSConnectionPool(host='", "handshake", "Python", also="(Caused by SSLError(")
    for symbol, reason in _SYMBOLS:
        yield Phrase(f"[SSL: {symbol}] ", reason, "Python")
    yield Phrase("write EPROTO ", "handshake", "Node", also=":SSL routines:")
    yield Phrase("SSL operation failed with code 1. OpenSSL Error messages", "handshake", "PHP")
    yield Phrase("SSL_connect returned=1 errno=0 ", "handshake", "Ruby")
    yield Phrase("UNABLE_TO_VERIFY_LEAF_SIGNATURE", "untrusted", "Node")
    yield Phrase("DEPTH_ZERO_SELF_SIGNED_CERT", "untrusted", "Node")
    yield Phrase("SELF_SIGNED_CERT_IN_CHAIN", "untrusted", "Node")
    yield Phrase("UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "untrusted", "Node")
    yield Phrase("ERR_TLS_CERT_ALTNAME_INVALID", "name", "Node")
    yield Phrase("Hostname/IP does not match certificate's altnames", "name", "Node")
    yield Phrase(
        "Client network socket disconnected before secure TLS connection was established", "closed", "Node"
    )
    yield Phrase("tls: failed to verify certificate", "trust", "Go")
    yield Phrase("tls: first record does not look like a TLS handshake", "plaintext", "Go")
    yield Phrase("remote error: tls: ", "refused", "Go")
    for text, reason in (
        ("x509: certificate signed by unknown authority", "untrusted"),
        ("x509: certificate has expired or is not yet valid", "expired"),
        ("x509: certificate is valid for ", "name"),
        ("x509: cannot validate certificate for ", "name"),
    ):
        yield Phrase(text, reason, "Go", "weak")


def _gateways() -> Iterable[Phrase]:
    broken = "upstream connect error or disconnect/reset before headers"
    yield Phrase(broken, "handshake", "Envoy", also="transport failure reason: TLS")
    yield Phrase("messaging.adaptors.http.flow.SslHandshakeFailed", "handshake", "Apigee")
    yield Phrase(
        "Error during SSL Handshake with remote server", "handshake", "Apache", then=(" returned by",)
    )
    yield Phrase("X509_V_ERR_", "trust", "Squid", "weak")
    yield Phrase("(71) Protocol error (TLS code: ", "handshake", "Squid")
    yield Phrase("SSSLERR_PEER_CERT_UNTRUSTED", "untrusted", "SAP")
    yield Phrase("ICM_HTTP_SSL_PEER_CERT_UNTRUSTED", "untrusted", "SAP")
