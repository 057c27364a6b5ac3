"""TLS alerts (RFC 8446 section 6, and the retired ones of RFC 5246, 4346 and 6101)."""

from __future__ import annotations

import re


ALERTS = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    111: "certificate_unobtainable",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    114: "bad_certificate_hash_value",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
}
"""Alert names by number, as the RFCs write them."""

_REASON = re.compile(r"(?:SSLV3|SSLTLS|TLSV1|TLSV13|TLS)_(?:ALERT_)?(?P<name>[A-Z_]+)")
_NUMBERS = {name.upper(): number for number, name in ALERTS.items()} | {"USER_CANCELLED": 90}


def alert_name(number: int) -> str:
    """Return an alert's name, or ``alert N`` for a number that no RFC names."""
    return ALERTS.get(number, f"alert {number}")


def alert_of_reason(reason: str) -> int | None:
    """Return the alert number behind an OpenSSL reason symbol.

    OpenSSL reports a received alert N as reason ``SSL_AD_REASON_OFFSET`` (1000) + N, whose symbol ends in the alert's
    name: ``TLSV1_ALERT_UNKNOWN_CA``, ``SSLV3_ALERT_HANDSHAKE_FAILURE``, ``TLSV1_UNRECOGNIZED_NAME``. Where only its
    words are known, newer versions of it say ``tls alert`` and ``ssl/tls alert`` for ``SSLV3_ALERT``.
    """
    found = _REASON.fullmatch(reason)
    return _NUMBERS.get(found["name"]) if found else None
