"""Provenance: which trust store was in force, who chose it, and what it replaced."""

from __future__ import annotations

import os
import ssl
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sslwhy.evidence.context import anchors_of
from sslwhy.evidence.errors import root_of
from sslwhy.evidence.trust.lookup import looks_up
from sslwhy.evidence.trust.stores import directory_store, file_store, store_at
from sslwhy.evidence.trust.system_stores import certifi_store, system_store
from sslwhy.facts.missing import Missing
from sslwhy.facts.trust import Trust, TrustStore
from sslwhy.facts.x509.certificate import Certificate


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.evidence.incident import Incident

_REQUESTS = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_OPENSSL = ("SSL_CERT_FILE", "SSL_CERT_DIR")
READ_BY = {
    "requests": _REQUESTS,
    "httpx": _OPENSSL,
    "urllib3": _OPENSSL,
    "ssl": _OPENSSL,
    "unknown": _OPENSSL,
}
"""Which environment variables choose the store, by library, in the order in which they are asked."""

_OBEDIENT = frozenset({"requests", "httpx"})
"""The libraries that ``trust_env=False`` keeps from reading the environment; OpenSSL always reads it."""


def trust_of(incident: Incident) -> Trust | Missing:
    """Return the store in force and the other stores of this machine."""
    context = _context(incident)
    if incident.verify in {False, ""} or (context is not None and not context.verify_mode):
        return Missing("the context in use did not verify the server by itself: switched off, or left to the system")
    store = _in_force(incident, context)
    if store is None:
        return Missing("neither the error nor its traceback holds the trust anchors")
    return Trust(
        store=store,
        overridden=_overridden(incident, store),
        others=tuple(_others(incident, store)),
        ignored=tuple(
            name for name in (*_REQUESTS, *_OPENSSL) if os.environ.get(name) and name not in _read_by(incident)
        ),
        client=incident.library,
    )


def trust_in_force(verify: bool | str = True) -> Trust:
    """Return the trust that requests would use in this environment, to be kept and judged anywhere.

    Args:
        verify: as in requests; with ``True`` the environment decides.

    Returns:
        A frozen value that can be pickled, for :func:`sslwhy.diagnose_chain`.

    Raises:
        ValueError: with this ``verify`` nothing is verified.
    """
    from sslwhy.evidence.incident import Incident

    chosen = next((os.environ[name] for name in _REQUESTS if os.environ.get(name)), True)
    merged = chosen if verify is True else verify
    found = trust_of(Incident(library="requests", verify=merged, verify_asked=verify))
    if isinstance(found, Missing):
        raise ValueError(found.reason)  # noqa: TRY004 - it is the value of an argument
    return found


def _context(incident: Incident) -> ssl.SSLContext | None:
    """Return the context of the failed handshake; one that failed while it was set up does not testify."""
    if incident.testimony is not None:
        return incident.testimony.context
    handshaken = incident.error is None or isinstance(root_of(incident.error), ssl.SSLCertVerificationError)
    return incident.context if handshaken else None


def _read_by(incident: Incident) -> tuple[str, ...]:
    if incident.library in _OBEDIENT and not incident.trust_env:
        return ()
    return READ_BY[incident.library]


def _in_force(incident: Incident, context: ssl.SSLContext | None) -> TrustStore | None:
    named = _named(incident, context)
    if context is None:
        return named or _damaged_default(incident)
    held = anchors_of(context)
    candidates = iter((named,)) if named else _candidates(incident)
    store = next((store for store in candidates if _explains(store, held)), None)
    if named and store:
        return store
    untold = context.cert_store_stats()["x509"] - len(held)
    store = store or TrustStore(source="context", kind="memory", anchors=held, untold=untold)
    return _with_lookups(store, context)


def _named(incident: Incident, context: ssl.SSLContext | None) -> TrustStore | None:
    """Return the store that the library was pointed at, by path or by its own default."""
    verify = incident.verify
    if isinstance(verify, (str, bytes, os.PathLike)):
        return store_at(os.fsdecode(verify), _chosen_by(incident, os.fsdecode(verify)))
    if incident.library == "requests" and verify is True:
        return certifi_store()
    if incident.library == "httpx" and context is None:
        return next(iter(_candidates(incident)))
    return None


def _damaged_default(incident: Incident) -> TrustStore | None:
    """Return the system's store where it is what OpenSSL choked on while a default context was made (Windows)."""
    if incident.error is None or not isinstance(root_of(incident.error), ssl.SSLError):
        return None
    store = system_store()
    return store if store.problem else None


def _chosen_by(incident: Incident, path: str) -> str:
    """Return who chose a path (``requests.Session.merge_environment_settings``).

    The environment beats ``session.verify``; a path that is passed with the request beats both.
    """
    if incident.verify_asked in {None, True}:
        # requests asks for the first variable that is not empty and never looks at the other.
        name = next((name for name in _read_by(incident) if os.environ.get(name)), None)
        if name and incident.library == "requests" and os.environ[name] == path:
            return name
    import certifi

    return "certifi" if path == certifi.where() else "cafile" if incident.library == "ssl" else "verify"


def _candidates(incident: Incident) -> Iterator[TrustStore]:
    """Yield the stores that a context may have been made from, the likeliest first."""
    chosen = next((name for name in _read_by(incident) if os.environ.get(name)), None)
    if chosen:
        yield _from_variable(chosen)
    if incident.library in _OBEDIENT:
        yield certifi_store()
    default = ssl.get_default_verify_paths().openssl_cafile
    if Path(default).is_file():
        yield file_store(default, "system")
    yield system_store()
    if incident.library not in _OBEDIENT:
        yield certifi_store()


def _from_variable(name: str) -> TrustStore:
    path = os.environ[name]
    return directory_store(path, name) if name == "SSL_CERT_DIR" else store_at(path, name)


def _explains(store: TrustStore, held: tuple[bytes, ...]) -> bool:
    """Return whether a context that tells these anchors can have been made from a store.

    A context does not tell anchors that are no CA certificates, nor those of a directory that it has not
    needed yet.
    """
    if not set(held) <= set(store.anchors) or (store.kind != "directory" and store.problem):
        return False
    if store.kind == "directory":
        return bool(held) or store.source != "system"
    untold = set(store.anchors) - set(held)
    return bool(store.anchors) and not any(Certificate.from_der(der).is_ca for der in untold)


def _with_lookups(store: TrustStore, context: ssl.SSLContext) -> TrustStore:
    """Return the store with what the context finds in OpenSSL's default directory, if it looks there."""
    paths = ssl.get_default_verify_paths()
    folder = os.environ.get(paths.openssl_capath_env) or paths.openssl_capath
    source = paths.openssl_capath_env if os.environ.get(paths.openssl_capath_env) else "system"
    default = directory_store(folder, source)
    unseen = tuple(der for der in default.anchors if der not in set(store.anchors))
    if unseen:
        looks = looks_up(context, unseen[0])
        if looks:
            return default if not store.anchors else replace(store, anchors=(*store.anchors, *unseen))
        return store if looks is False or store.anchors else replace(store, kind="unknown")
    if store.anchors or store.untold or Path(paths.openssl_cafile).is_file():
        return store
    error = "this Python's OpenSSL finds neither its default file nor certificates in its default directory"
    return replace(store, source="system", location=paths.openssl_cafile, kind="file", problem="not-found", error=error)


def _overridden(incident: Incident, store: TrustStore) -> str | None:
    """Return which source would have been in force without the one that is."""
    if store.source in {"certifi", "system"}:
        return None
    if isinstance(incident.verify_session, str) and incident.verify_session != store.location:
        return "session.verify"
    default = "certifi" if incident.library in _OBEDIENT else "system"
    variable = next((name for name in _read_by(incident) if os.environ.get(name)), None)
    return variable if variable and store.source not in {*_REQUESTS, *_OPENSSL} else default


def _others(incident: Incident, store: TrustStore) -> Iterator[TrustStore]:
    found = [certifi_store(), system_store()]
    found += [_from_variable(name) for name in (*_REQUESTS, *_OPENSSL) if os.environ.get(name)]
    if isinstance(incident.verify_session, str):
        found.append(store_at(incident.verify_session, "session.verify"))
    taken = {_place(store)}
    for other in found:
        if _place(other) not in taken and (other.source, store.source) != ("system", "system"):
            taken.add(_place(other))
            yield other


def _place(store: TrustStore) -> str:
    try:
        return os.path.realpath(store.location) if store.location else store.source
    except ValueError:  # no file can have such a name
        return store.source
