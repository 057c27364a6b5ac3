"""Which trust anchors were in force, from where, and which other stores this machine has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal


if TYPE_CHECKING:
    from datetime import datetime

StoreKind = Literal["file", "directory", "memory", "unknown"]
StoreProblem = Literal[
    "not-found",
    "not-permitted",
    "empty",
    "der",
    "pkcs7",
    "pkcs12",
    "keystore",
    "html",
    "private-key",
    "request",
    "utf-16",
    "one-line",
    "indented",
    "garbled",
    "no-certificate",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustStore:
    """One set of trust anchors.

    Attributes:
        source: who chose it: ``certifi``, ``system``, ``verify``, ``session.verify``, ``cafile`` (of
            ``ssl.create_default_context``), ``REQUESTS_CA_BUNDLE``, ``CURL_CA_BUNDLE``, ``SSL_CERT_FILE``,
            ``SSL_CERT_DIR``, ``context`` (a context of the caller's own), ``trust_anchors`` (given for an offline
            diagnosis: there is no store to find fault with).
        location: the file or directory, or ``None`` for anchors in memory.
        kind: what lies there; ``unknown`` is a context that may also look into a directory, which it does not
            tell.
        anchors: the certificates in DER.
        version: the version of the package that brought it, e.g. certifi's, or ``None``.
        released: the day that this version names, UTC, or ``None``.
        modified: when the file changed last, UTC, or ``None``.
        unhashed: for a directory, the certificates that OpenSSL does not see because their files are not
            named by subject hash, DER.
        untold: how many more certificates a context holds that are no CA certificates, which Python does not show.
        private_key: whether the file also holds a private key.
        problem: why OpenSSL cannot load it, a machine-readable word, or ``None``.
        error: the words for ``problem``, or ``None``.
    """

    source: str
    location: str | None = None
    kind: StoreKind = "unknown"
    anchors: tuple[bytes, ...] = ()
    version: str | None = None
    released: datetime | None = None
    modified: datetime | None = None
    unhashed: tuple[bytes, ...] = ()
    untold: int = 0
    private_key: bool = False
    problem: StoreProblem | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """The store in force, and the ones that would have been or could be.

    Attributes:
        store: the store that the failed handshake used.
        overridden: the source that would have been in force without the one that replaced it, e.g.
            ``certifi`` where ``REQUESTS_CA_BUNDLE`` was set, or ``None``.
        others: the other stores on this machine, for counterfactuals.
        ignored: environment variables that are set but that this client does not read.
        client: whose rules chose the store: ``requests``, ``httpx``, ``urllib3``, ``ssl`` or ``unknown``.
    """

    store: TrustStore
    overridden: str | None = None
    others: tuple[TrustStore, ...] = ()
    ignored: tuple[str, ...] = ()
    client: str = "unknown"

    def other(self, source: str | None) -> TrustStore | None:
        """Return the other store of this source, or ``None``."""
        return next((store for store in self.others if store.source == source), None)
