"""Shell commands that set and unset environment variables, on the platform at hand."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from sslwhy.causes.case import Case


def unset(case: Case, names: tuple[str, ...]) -> str:
    """Return the shell command that unsets environment variables."""
    if case.evidence.machine.platform == "win32":
        return "\n".join(f"Remove-Item Env:{name}" for name in names)
    return "unset " + " ".join(names)


def export(case: Case, name: str, value: str) -> str:
    """Return the shell command that sets an environment variable."""
    if case.evidence.machine.platform == "win32":
        return f'$env:{name} = "{value}"'
    return f"export {name}={shlex.quote(value)}"
