"""All causes, found in the modules of this package."""

from __future__ import annotations

import functools
import importlib

from sslwhy.causes.base import Cause


MODULES = (
    "certificates.clock",
    "certificates.content",
    "certificates.identity",
    "certificates.missing_issuer",
    "certificates.profile",
    "certificates.revocation",
    "certificates.trust_path",
    "certificates.validity",
    "client.certificate",
    "client.demand",
    "client.files",
    "handshake.groups",
    "handshake.parameters",
    "handshake.protocol",
    "handshake.transport",
    "handshake.unanswered",
    "interception.proxy",
    "service.answered",
    "service.soap",
    "surroundings.local",
    "surroundings.network",
    "surroundings.proxy",
    "surroundings.proxy_tls",
    "trust.bundle",
    "trust.files",
    "trust.store",
    "unclassified",
)
"""The topic modules, one line each; a new cause in one of them needs no entry of its own."""

RETIRED: frozenset[str] = frozenset()
"""Codes that were given out once and are never used again."""


@functools.cache
def all_causes() -> tuple[type[Cause], ...]:
    """Return every cause class, by code."""
    found: list[type[Cause]] = []
    for name in MODULES:
        module = importlib.import_module(f"sslwhy.causes.{name}")
        found += [
            each
            for each in vars(module).values()
            if isinstance(each, type)
            and issubclass(each, Cause)
            and each.__module__ == module.__name__
            and "code" in vars(each)
        ]
    return tuple(sorted(found, key=lambda cause: cause.code))


def cause_named(code: str) -> type[Cause] | None:
    """Return the cause with this code, or ``None``."""
    return next((cause for cause in all_causes() if cause.code == code), None)
