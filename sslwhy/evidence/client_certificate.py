"""The client certificate that a call carried: where it was named, what its file holds, whether its key fits.

Nothing is decrypted, and nothing of a private key is kept: only whether there is one and whether it fits.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sslwhy.evidence.trust.stores import certificates_in
from sslwhy.facts.client import ClientCertificate
from sslwhy.facts.missing import Missing


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.evidence.incident import Incident

_SIZE_LIMIT = 1 << 20
_NEIGHBOURS = 32
_NEIGHBOUR_SIZE = 64 * 1024
_SUFFIXES = {".pem", ".crt", ".cer", ".chain", ".bundle"}
_PRIVATE_KEY = re.compile(rb"-----BEGIN ([A-Z0-9 ]*)PRIVATE KEY-----")
_ENCRYPTED = re.compile(rb"-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED", re.MULTILINE)
_DER_SEQUENCE = 0x30
_PFX_VERSION = b"\x02\x01\x03"

Problem = Literal[
    "not-found", "unreadable", "directory", "no-certificate", "no-key", "der", "pkcs12", "encrypted", "mismatch"
]


def client_certificate_of(incident: Incident) -> ClientCertificate | Missing:
    """Return the client certificate of the failed call."""
    cert = incident.cert
    if not cert:
        return Missing("the call carried no client certificate that is named by a file")
    pair: tuple[str, ...] = (os.fspath(cert),) if isinstance(cert, (str, os.PathLike)) else tuple(map(os.fspath, cert))
    certificate, key = pair[0], pair[1] if len(pair) > 1 else None
    content = _read(certificate)
    own = b"" if isinstance(content, OSError) else content
    found = certificates_in(own)
    problem, detail = _problem(certificate, key, content, found)
    return ClientCertificate(
        source="cert",
        certificate_path=certificate,
        key_path=key,
        certificates=found,
        problem=problem,
        detail=detail,
        nearby=tuple(_nearby(certificate)) if found and problem is None else (),
    )


def _read(path: str) -> bytes | OSError:
    try:
        with Path(path).open("rb") as file:
            return file.read(_SIZE_LIMIT)
    except OSError as problem:
        return problem


def _problem(
    certificate: str, key: str | None, content: bytes | OSError, found: tuple[bytes, ...]
) -> tuple[Problem | None, str | None]:
    if isinstance(content, OSError):
        return _unread(certificate, content)
    if not found:
        return _no_certificate(content)
    secret = content if key is None else _read(key)
    if isinstance(secret, OSError):
        return _unread(key or certificate, secret)
    if not _PRIVATE_KEY.search(secret):
        return "no-key", f"{key or certificate} holds no private key in PEM"
    if _ENCRYPTED.search(secret):
        return "encrypted", f"the private key in {key or certificate} is encrypted"
    return (
        ("mismatch", "the private key belongs to another certificate") if _mismatch(found[0], secret) else (None, None)
    )


def _unread(path: str, problem: OSError) -> tuple[Problem, str]:
    detail = f"{path}: {problem.strerror or problem}"
    if isinstance(problem, IsADirectoryError):
        return "directory", detail
    return "not-found" if isinstance(problem, (FileNotFoundError, NotADirectoryError)) else "unreadable", detail


def _no_certificate(content: bytes) -> tuple[Problem, str]:
    if not content.strip():
        return "no-certificate", "the file is empty"
    if content[0] == _DER_SEQUENCE and _PFX_VERSION in content[:10]:
        return "pkcs12", "the file is PKCS #12 (.pfx, .p12), not PEM"
    if content[0] == _DER_SEQUENCE:
        return "der", "the file is DER, not PEM"
    if _PRIVATE_KEY.search(content):
        return "no-certificate", "the file holds a private key, but no certificate"
    return "no-certificate", "the file holds no PEM block of a certificate"


def _mismatch(certificate: bytes, secret: bytes) -> bool:
    """Return whether an unencrypted private key belongs to another certificate; doubt counts as a match."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    start = _PRIVATE_KEY.search(secret)
    try:
        ours = x509.load_der_x509_certificate(certificate).public_key()
        theirs = load_pem_private_key(secret[start.start() if start else 0 :], None).public_key()
        form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return ours.public_bytes(*form) != theirs.public_bytes(*form)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


def _nearby(path: str) -> Iterator[tuple[str, bytes]]:
    """Yield the certificates in the directory's other files, where left-out intermediates often lie."""
    own = Path(path)
    try:
        files = sorted(
            each for each in own.parent.iterdir() if each.suffix.lower() in _SUFFIXES and each.name != own.name
        )
        for file in files[:_NEIGHBOURS]:
            if file.is_file() and file.stat().st_size <= _NEIGHBOUR_SIZE:
                for der in certificates_in(file.read_bytes()):
                    yield str(file), der
    except OSError:
        return
