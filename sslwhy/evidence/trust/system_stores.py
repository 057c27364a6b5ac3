"""The default stores: certifi's bundle, and the operating system's files, keychains or certificate stores."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sslwhy.evidence.trust.bundle_file import certificates_in
from sslwhy.evidence.trust.stores import certifi_release, directory_store, file_store
from sslwhy.facts.trust import TrustStore
from sslwhy.facts.x509.certificate import Certificate


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SYSTEM_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # FreeBSD; macOS, without what an administrator added there
)
KEYCHAINS = (
    "/System/Library/Keychains/SystemRootCertificates.keychain",
    "/Library/Keychains/System.keychain",
)
_SECONDS = 2.0


def certifi_store() -> TrustStore:
    """Read the bundle that requests and httpx use by default.

    Distributions let certifi point to the operating system's bundle; the package's version then says nothing of it.
    """
    import certifi

    path = certifi.where()
    if os.path.realpath(path) in {os.path.realpath(each) for each in SYSTEM_FILES}:
        return file_store(path, "certifi")
    return replace(file_store(path, "certifi", version=certifi.__version__), released=certifi_release())


def system_store(platform: str = sys.platform) -> TrustStore:
    """Read the operating system's store."""
    if platform == "win32":
        return windows_store(ssl.enum_certificates)  # type: ignore[attr-defined]  # exists on Windows only
    if platform == "darwin":
        return keychain_store(_keychain)
    return unix_store()


def unix_store() -> TrustStore:
    """Read a well-known bundle, else the directory of OpenSSL's own build."""
    found = next((path for path in SYSTEM_FILES if Path(path).is_file()), None)
    if found:
        return file_store(found, "system")
    return directory_store(ssl.get_default_verify_paths().openssl_capath, "system")


def windows_store(enumerate_certificates: Callable[[str], Iterable[tuple[bytes, str, Any]]]) -> TrustStore:
    """Read the stores ``ROOT`` and ``CA`` of the current user.

    One member that is no certificate to OpenSSL makes ``ssl.create_default_context`` of older Pythons fail
    for every
    host: it is reported as the store's problem.
    """
    members = [
        der for name in ("ROOT", "CA") for der, encoding, _ in enumerate_certificates(name) if encoding == "x509_asn"
    ]
    store = TrustStore(source="system", location="the Windows certificate stores ROOT and CA", kind="memory")
    broken = [found for der in members if (found := Certificate.from_der(der)).unreadable]
    usable = tuple(dict.fromkeys(der for der in members if not Certificate.from_der(der).unreadable))
    if not broken:
        return replace(store, anchors=usable)
    first = f"the first has SHA-256 {broken[0].sha256}"
    error = f"{len(broken)} of its {len(members)} certificates cannot be decoded, {first}"
    return replace(store, anchors=usable, problem="garbled", error=error)


def keychain_store(read_keychains: Callable[[], bytes]) -> TrustStore:
    """Read the system keychains: Apple's roots and what an administrator added."""
    anchors = certificates_in(read_keychains())
    return TrustStore(source="system", location="the macOS system keychains", kind="memory", anchors=anchors)


def _keychain() -> bytes:
    command = ["/usr/bin/security", "find-certificate", "-a", "-p", *KEYCHAINS]
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=_SECONDS).stdout  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return b""
