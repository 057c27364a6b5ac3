"""Trust stores read from disk the way OpenSSL reads them: bundle files and hashed directories."""

from __future__ import annotations

import errno
import functools
import hashlib
import os
import re
import ssl
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from sslwhy.evidence.trust.bundle_file import certificates_in, holds_private_key, what_instead
from sslwhy.facts.machine import moment_at
from sslwhy.facts.trust import TrustStore
from sslwhy.facts.x509.certificate import Certificate


if TYPE_CHECKING:
    from sslwhy.facts.trust import StoreProblem

__all__ = ["certifi_release", "certificates_in", "directory_store", "file_store", "store_at"]

_SIZE_LIMIT = 16 * 1024 * 1024
_FILE_LIMIT = 4000
_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")
_LEADS_NOWHERE = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP}
_ENDINGS = frozenset({".pem", ".crt", ".cer"})


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
        state = _state_of(Path(path).stat())
    except (OSError, ValueError) as error:
        return _without(store, error)
    try:
        return _filled(store, path, state, tried=tried)
    except OSError as error:
        return _without(store, error)


def _state_of(status: os.stat_result) -> tuple[int, ...]:
    """Return what tells one state of a file from another, so that a file need not be read again for each failure."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


@functools.lru_cache(maxsize=16)
def _filled(store: TrustStore, path: str, state: tuple[int, ...], *, tried: bool) -> TrustStore:  # noqa: ARG001 - the key
    """Return the store with what is in its file.

    Raises:
        OSError: the file cannot be read.
    """
    with Path(path).open("rb") as file:
        content = file.read(_SIZE_LIMIT)
        modified = moment_at(os.fstat(file.fileno()).st_mtime)
    read = certificates_in(content)
    anchors = _as_loaded(path, read) if tried else read
    problem = what_instead(content) if anchors is None else None
    return replace(
        store,
        anchors=anchors or (),
        modified=modified,
        private_key=holds_private_key(content),
        problem=problem,
        error=problem,
    )


def _as_loaded(path: str, read: tuple[bytes, ...]) -> tuple[bytes, ...] | None:
    """Return the certificates that OpenSSL takes from a file, ``None`` where it refuses the file as a whole.

    One garbled block is enough for that. Python shows only the CA certificates among them; the others are what was
    read and is a certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=path)
    except OSError:
        return None
    certificates = (encoding for encoding in read if not Certificate.from_der(encoding).unreadable)
    return tuple(dict.fromkeys((*certificates, *context.get_ca_certs(binary_form=True))))


def _without(store: TrustStore, error: OSError | ValueError) -> TrustStore:
    if isinstance(error, ValueError):  # a null character, or one that the file system's encoding lacks
        return replace(store, problem="not-found", error=f"no file can have this name: {error}")
    missing = error.errno in _LEADS_NOWHERE
    problem: StoreProblem = "not-found" if missing else "not-permitted"
    words = error.strerror or str(error)
    return replace(store, problem=problem, error=f"{words}{_misread(store.location or '')}" if missing else words)


def _misread(path: str) -> str:
    """Return what about a path that leads nowhere its author may not have expected, to be appended."""
    if path[:1] in {'"', "'"}:
        return "; the quotation marks are part of the name"
    if path.startswith("~"):
        return "; ~ is not expanded here"
    if path.strip() != path:
        return "; the blanks around it are part of the name"
    if path in {"True", "False"}:
        return "; this is a text, not the value of this name"
    return "" if Path(path).is_absolute() else f"; the name is relative to the working directory {Path.cwd()}"


def directory_store(path: str, source: str) -> TrustStore:
    """Read a directory as OpenSSL does: only files named by subject hash (``openssl rehash``) count.

    Args:
        path: the directory, or several of them, separated as in ``PATH``; OpenSSL passes over those that do not exist.
        source: who named it.
    """
    store = TrustStore(source=source, location=path, kind="directory")
    folders = [folder for folder in path.split(os.pathsep) if folder]
    files: list[Path] = []
    troubles: list[OSError | ValueError] = []
    for folder in folders:
        try:
            files += sorted(Path(folder).iterdir())[:_FILE_LIMIT]
        except (OSError, ValueError) as error:
            troubles.append(error)
    if troubles and len(troubles) == len(folders):
        return _without(store, troubles[0])
    return _gathered(store, tuple((file, _state_at(file)) for file in files))


def _state_at(path: Path) -> tuple[int, ...]:
    try:
        return _state_of(path.stat())
    except OSError:
        return ()


@functools.lru_cache(maxsize=4)
def _gathered(store: TrustStore, states: tuple[tuple[Path, tuple[int, ...]], ...]) -> TrustStore:
    """Return the store with what is in the files of its directories."""
    held = {file: _read(file) for file, _ in states if _HASHED.fullmatch(file.name) or file.suffix in _ENDINGS}
    seen = dict.fromkeys(der for file, found in held.items() if _is_hashed(file.name, found) for der in found)
    unseen = dict.fromkeys(der for found in held.values() for der in found if der not in seen)
    return replace(store, anchors=tuple(seen), unhashed=tuple(unseen))


def _is_hashed(name: str, held: tuple[bytes, ...]) -> bool:
    """Return whether OpenSSL 1.0 or later looks for one of the certificates under this name (``X509_NAME_hash``)."""
    if not _HASHED.fullmatch(name):
        return False
    subjects = (Certificate.from_der(der).subject_name.canonical for der in held)
    return any(hashlib.sha1(subject).digest()[3::-1].hex() == name[:8] for subject in subjects)  # noqa: S324


def _read(path: Path) -> tuple[bytes, ...]:
    try:
        with path.open("rb") as file:
            return certificates_in(file.read(_SIZE_LIMIT))
    except OSError:
        return ()


def store_at(path: str, source: str) -> TrustStore:
    """Read a file or a directory that somebody named."""
    # Path.is_dir() raises for names that are too long.
    return directory_store(path, source) if os.path.isdir(path) else file_store(path, source, tried=True)  # noqa: PTH112


def certifi_release() -> datetime | None:
    """Return the day that the installed certifi names as its version: that moment has certainly passed."""
    import certifi

    parts = certifi.__version__.split(".")
    try:
        return datetime(int(parts[0]), int(parts[1]), int(parts[2]), tzinfo=timezone.utc)
    except (ValueError, IndexError):
        return None
