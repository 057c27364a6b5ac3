"""Trust stores read from disk the way OpenSSL reads them: bundle files and hashed directories."""

from __future__ import annotations

import os
import re
import ssl
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from sslwhy.evidence.bundle_file import certificates_in, holds_private_key, what_instead
from sslwhy.facts.trust import TrustStore


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.facts.trust import StoreProblem

__all__ = ["certifi_store", "certificates_in", "directory_store", "file_store", "store_at"]

_SIZE_LIMIT = 16 * 1024 * 1024
_FILE_LIMIT = 4000
_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")
_CERTIFICATE_FILES = frozenset({".pem", ".crt", ".cer", ".0"})


def file_store(path: str, source: str, *, version: str | None = None, tried: bool = False) -> TrustStore:
    """Read a bundle file. A file that cannot be read gives a store with ``problem`` and no anchors.

    Args:
        path: the file.
        source: who named it.
        version: the version of the package that brought it.
        tried: whether to let OpenSSL load it too, which is the only proof that it can.
    """
    store = TrustStore(source=source, location=path, kind="file", version=version)
    try:
        with Path(path).open("rb") as file:
            content = file.read(_SIZE_LIMIT)
            modified = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, timezone.utc)
    except OSError as error:
        return _without(store, error)
    problem = what_instead(content) if tried and not _loads(path) else None
    return replace(
        store,
        anchors=() if problem else certificates_in(content),
        modified=modified,
        private_key=holds_private_key(content),
        problem=problem,
        error=problem,
    )


def _loads(path: str) -> bool:
    """Return whether OpenSSL takes the file as a whole: one garbled block makes it refuse all of them."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except OSError:
        return False
    return True


def _without(store: TrustStore, error: OSError) -> TrustStore:
    missing = isinstance(error, (FileNotFoundError, NotADirectoryError))
    problem: StoreProblem = "not-found" if missing else "not-permitted"
    return replace(store, problem=problem, error=error.strerror or str(error))


def directory_store(path: str, source: str) -> TrustStore:
    """Read a directory as OpenSSL does: only files named by subject hash (``openssl rehash``) count."""
    store = TrustStore(source=source, location=path, kind="directory")
    try:
        names = sorted(each.name for each in Path(path).iterdir())[:_FILE_LIMIT]
    except OSError as error:
        return _without(store, error)
    seen = _all_in(path, (name for name in names if _HASHED.fullmatch(name)))
    unseen = _all_in(path, (name for name in names if Path(name).suffix in _CERTIFICATE_FILES))
    return replace(store, anchors=seen, unhashed=tuple(der for der in unseen if der not in set(seen)))


def _all_in(folder: str, names: Iterator[str]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(der for name in names for der in _read(Path(folder, name))))


def _read(path: Path) -> tuple[bytes, ...]:
    try:
        with path.open("rb") as file:
            return certificates_in(file.read(_SIZE_LIMIT))
    except OSError:
        return ()


def store_at(path: str, source: str) -> TrustStore:
    """Read a file or a directory that somebody named."""
    return directory_store(path, source) if Path(path).is_dir() else file_store(path, source, tried=True)


def certifi_store() -> TrustStore:
    """Read the bundle that requests and httpx use by default."""
    import certifi

    return replace(file_store(certifi.where(), "certifi", version=certifi.__version__), released=certifi_release())


def certifi_release() -> datetime | None:
    """Return the day that the installed certifi names as its version: that moment has certainly passed."""
    import certifi

    parts = certifi.__version__.split(".")
    try:
        return datetime(int(parts[0]), int(parts[1]), int(parts[2]), tzinfo=timezone.utc)
    except (ValueError, IndexError):
        return None
