"""OpenSSL's verify codes and reason symbols (``SSL_R_*``, ``X509_R_*``), grouped by what they say."""

from __future__ import annotations


NO_ANCHOR = frozenset({2, 18, 19, 20, 21, 27})
"""The verify codes (``X509_V_ERR_*``) of a path that reaches no trust anchor."""

FOREIGN = frozenset(
    {
        "WRONG_VERSION_NUMBER",
        "RECORD_LAYER_FAILURE",
        "UNKNOWN_PROTOCOL",
        "HTTP_REQUEST",
        "HTTPS_PROXY_REQUEST",
        "BAD_RECORD_TYPE",
        "PACKET_LENGTH_TOO_LONG",
        "UNEXPECTED_RECORD",
        "RECORD_TOO_SMALL",
    }
)
"""The bytes that came are not TLS, or not at this place."""

TOO_OLD = frozenset({"UNSUPPORTED_PROTOCOL", "VERSION_TOO_LOW", "UNSUPPORTED_SSL_VERSION", "WRONG_SSL_VERSION"})
"""The server chose a version that this client does not allow."""

SIGNATURE = frozenset(
    {"WRONG_SIGNATURE_TYPE", "NO_SUITABLE_SIGNATURE_ALGORITHM", "UNKNOWN_DIGEST", "WRONG_SIGNATURE_SIZE"}
)
"""The server signed the handshake with an algorithm that this client does not allow."""

GROUP = frozenset(
    {"WRONG_CURVE", "UNSUPPORTED_ELLIPTIC_CURVE", "BAD_KEY_SHARE", "NO_SUITABLE_KEY_SHARE", "NO_SUITABLE_GROUPS"}
)
"""The server chose a group that this client did not offer."""

CIPHER = frozenset(
    {"WRONG_CIPHER_RETURNED", "UNKNOWN_CIPHER_RETURNED", "NO_SHARED_CIPHER", "CIPHER_OR_HASH_UNAVAILABLE"}
)
"""The server chose a cipher suite that this client did not offer."""

WEAK_DH = frozenset({"DH_KEY_TOO_SMALL", "BAD_DH_VALUE", "DH_VALUE_TOO_SMALL", "MODULUS_TOO_SMALL"})
"""The server's Diffie-Hellman prime is too short for this client."""

LIBRARY = frozenset(
    {
        "LIBRARY_HAS_NO_CIPHERS",
        "NO_CIPHERS_AVAILABLE",
        "NO_CIPHER_MATCH",
        "NO_PROTOCOLS_AVAILABLE",
        "UNABLE_TO_FIND_SSL_METHOD",
        "INVALID_NULL_CMD_NAME",
        "BAD_VALUE",
        "NO_METHOD_SPECIFIED",
        "UNSUPPORTED",
        "INTERNAL_ERROR",
        "SSL_COMMAND_SECTION_NOT_FOUND",
        "SSL_SECTION_NOT_FOUND",
    }
)
"""This machine's TLS library cannot offer anything, whatever the server may be."""

WEAK_OWN_CERTIFICATE = frozenset({"EE_KEY_TOO_SMALL", "CA_KEY_TOO_SMALL", "CA_MD_TOO_WEAK"})
"""This client's own certificate is refused by its own security level."""

MIXED_UP = frozenset(
    {
        "DECRYPTION_FAILED_OR_BAD_RECORD_MAC",
        "BAD_RECORD_MAC",
        "SSLV3_ALERT_BAD_RECORD_MAC",
        "DATA_LENGTH_TOO_LONG",
        "BAD_LENGTH",
        *FOREIGN,
    }
)
"""Records that do not belong to this connection's keys."""
