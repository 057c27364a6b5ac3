"""The report: a diagnosis in all its forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sslwhy.report.block import render_block
from sslwhy.report.line import render_line
from sslwhy.report.record import fingerprint, log_fields, to_dict
from sslwhy.report.values import Diagnosis


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Diagnosis):
    """A diagnosis.

    ``str(report)`` is the block for people, :meth:`line` the one-line form, :meth:`to_dict` the JSON form. What it
    tells stands in the attributes of :class:`sslwhy.report.values.Diagnosis`.
    """

    @property
    def fingerprint(self) -> str:
        """Return the stable id of (code, subject, host, port, offending certificate)."""
        return fingerprint(self)

    def line(self) -> str:
        """Return the one-line form: no newline, starts with what failed, ends with the code in brackets."""
        return render_line(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form, ``schema_version`` 1: only dicts, lists, strings, numbers, booleans and ``None``."""
        return to_dict(self)

    def log_fields(self) -> dict[str, Any]:
        """Return flat ``tls.*`` keys for ``logging``'s ``extra=`` and structured logs."""
        return log_fields(self)

    def __str__(self) -> str:
        return render_block(self)
