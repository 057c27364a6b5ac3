"""OpenSSL's verdict alone: what it stands for where nobody kept the certificates that it was spoken on."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from sslwhy.causes import offers
from sslwhy.causes.registry import cause_named
from sslwhy.causes.verify_codes import causes_of
from sslwhy.facts.missing import Missing
from sslwhy.report.values import YOU, Remedy
from sslwhy.text import clean


if TYPE_CHECKING:
    from sslwhy.causes.base import Cause
    from sslwhy.causes.case import Case
    from sslwhy.report.values import Finding

_LOOK = "check the server from this machine, which shows the certificates and tells these apart"


def by_verdict(case: Case) -> Finding | None:
    """Return the finding that the verify code alone speaks for, or ``None``.

    An exception of plain requests that is explained later has lost the presented chain, but not OpenSSL's number. It
    proves no more than one of a few causes, so each of the others is named.
    """
    seen, target = case.evidence.observed, case.evidence.target
    causes = [cause for code in causes_of(seen.verify_code) if (cause := cause_named(code))]
    if seen.proxy or not isinstance(case.chain, Missing) or not causes or not causes[0].specificity:
        return None
    words = clean(seen.verify_message or "").rstrip(".")
    return causes[0].finding(
        f"a certificate of {target.authority} was refused: {words}",
        expected="certificates that OpenSSL accepts",
        actual=f"verify code {seen.verify_code}, {words}; {case.chain.reason}",
        confidence="possible" if causes[1:] else "confirmed",
        alternatives=[f"{_in_words(cause)} ({cause.code})" for cause in causes[1:]],
        remedies=offers.checks(case, _LOOK) or [Remedy(YOU, _LOOK)],
    )


def _in_words(cause: type[Cause]) -> str:
    line = (inspect.getdoc(cause) or "").partition("\n")[0].replace("``", "").rstrip(".")
    return line[:1].lower() + line[1:]
