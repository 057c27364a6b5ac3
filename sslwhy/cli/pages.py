"""``sslwhy explain`` and ``sslwhy causes``: what the cause classes say of themselves."""

from __future__ import annotations

import inspect
import json
import sys
from typing import TYPE_CHECKING

from sslwhy.cli.status import FINE, USAGE


if TYPE_CHECKING:
    import argparse

    from sslwhy.causes.base import Cause


def explain(options: argparse.Namespace) -> int:
    """Print the documentation page of one cause."""
    import difflib

    from sslwhy.causes.registry import all_causes, cause_named

    cause = cause_named(options.code)
    if cause is None:
        near = difflib.get_close_matches(options.code, [each.code for each in all_causes()], 3)
        hint = f"; did you mean {', '.join(near)}?" if near else "; sslwhy causes lists them all"
        print(f"sslwhy: no cause has the code {options.code!r}{hint}", file=sys.stderr)
        return USAGE
    print(f"{cause.code} [{cause.subject}]\n\n{_page(cause)}")
    return FINE


def causes(options: argparse.Namespace) -> int:
    """Print one line for each cause."""
    from sslwhy.causes.registry import all_causes

    found = all_causes()
    if options.json:
        print(
            json.dumps([{"code": c.code, "topic": c.topic, "subject": c.subject, "summary": summary(c)} for c in found])
        )
        return FINE
    width = max(len(cause.code) for cause in found)
    for cause in found:
        print(f"{cause.code:<{width}}  {summary(cause)}")
    return FINE


def summary(cause: type[Cause]) -> str:
    """Return the first line of a cause's page."""
    return _page(cause).partition("\n")[0]


def _page(cause: type[Cause]) -> str:
    return (inspect.getdoc(cause) or "").replace("``", "`")
