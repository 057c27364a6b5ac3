"""A CA bundle's content: the certificates that OpenSSL takes from it, or what it is instead of a bundle."""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.facts.trust import StoreProblem

# OpenSSL takes only lines that begin with the dashes; it passes over everything between the blocks.
_BLOCK = re.compile(
    rb"^-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[ \t]*\r?\n"
    rb"(.+?)^-----END (?:X509 |TRUSTED )?CERTIFICATE-----",
    re.DOTALL | re.MULTILINE,
)
_KEY = re.compile(rb"^-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----", re.MULTILINE)
_BEGIN = b"-----BEGIN CERTIFICATE-----"
_BOMS = (b"\xff\xfe", b"\xfe\xff")
_UTF8_BOM = b"\xef\xbb\xbf"
_JAVA_KEYSTORES = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")
_SIGNED_DATA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
_SEQUENCE = 0x30
_PFX_VERSION = b"\x02\x01\x03"


def certificates_in(content: bytes) -> tuple[bytes, ...]:
    """Return the certificates of PEM text in DER, each once; blocks that are not base64 are passed over."""
    text = content.removeprefix(_UTF8_BOM)
    return tuple(dict.fromkeys(der for block in _BLOCK.finditer(text) for der in _decoded(block[1])))


def _decoded(body: bytes) -> Iterator[bytes]:
    pem = f"-----BEGIN CERTIFICATE-----\n{body.decode('ascii', 'replace')}-----END CERTIFICATE-----\n"
    try:
        yield ssl.PEM_cert_to_DER_cert(pem)
    except ValueError:
        return


def holds_private_key(content: bytes) -> bool:
    """Return whether PEM text holds a private key."""
    return _KEY.search(content) is not None


def what_instead(content: bytes) -> StoreProblem:
    """Return what a file is that OpenSSL refused as a CA bundle."""
    if not content.strip():
        return "empty"
    if content[:2] in _BOMS:
        return "utf-16"
    if content[:4] in _JAVA_KEYSTORES:
        return "keystore"
    if content[0] == _SEQUENCE and content[1:2] >= b"\x80":
        return _binary(content)
    return _text(content)


def _binary(content: bytes) -> StoreProblem:
    if _SIGNED_DATA in content[:20]:
        return "pkcs7"
    return "pkcs12" if content[2:9].find(_PFX_VERSION) in {0, 1, 2} else "der"


def _text(content: bytes) -> StoreProblem:
    if re.match(rb"\s*<(?:!doctype html|html|head|body|\?xml)", content, re.IGNORECASE):
        return "html"
    if re.search(rb"^-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[ \t]*\r?$", content, re.MULTILINE):
        return "garbled"
    if re.search(rb"^[ \t]+-----BEGIN CERTIFICATE-----[ \t]*\r?$", content, re.MULTILINE):
        return "indented"
    if _BEGIN in content:
        return "one-line"
    return _other_label(content)


def _other_label(content: bytes) -> StoreProblem:
    if holds_private_key(content):
        return "private-key"
    if b"-----BEGIN PKCS7-----" in content or b"-----BEGIN CMS-----" in content:
        return "pkcs7"
    return "request" if b"CERTIFICATE REQUEST-----" in content else "no-certificate"
