"""The tables of this package, JSON files beside the code, each read on first use only."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any


@lru_cache(maxsize=8)
def table(name: str) -> Any:
    """Return one table.

    Args:
        name: ``phrases`` (what TLS software prints), ``wrappers`` (what error handlers and what businesses write
            around it), ``elements`` (where in a document errors stand) or ``steps`` (what an operator does).
    """
    return json.loads(files("sslwhy.causes.answers").joinpath(f"{name}.json").read_text(encoding="utf-8"))


@lru_cache(maxsize=32)
def words(name: str, key: str) -> tuple[str, ...]:
    """Return one list of a table."""
    return tuple(table(name)[key])


@lru_cache(maxsize=32)
def word_set(name: str, key: str) -> frozenset[str]:
    """Return one list of a table for look-ups."""
    return frozenset(table(name)[key])
