"""Servers behind one address that do not answer alike: what one of them refuses, another one takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes import offers
from sslwhy.facts.tls.alerts import alert_name
from sslwhy.report.values import SERVER_OPERATOR, YOU, Remedy


if TYPE_CHECKING:
    from sslwhy.causes.base import Cause
    from sslwhy.causes.case import Case
    from sslwhy.report.values import Finding


def unsteady_finding(cause: type[Cause], case: Case, expected: str) -> Finding:
    """Return the finding that an offer was refused and, asked again, accepted: of ``cause``, as far as the alert goes.

    Args:
        cause: what the alert stands for.
        case: the evidence, in which :func:`sslwhy.causes.offers.wavers`.
        expected: what the finding expects, this client's side of it.
    """
    seen, repeated = case.evidence.observed, offers.copies(case)
    mixed = any(map(offers.refuses, repeated)) or not offers.accepted_once(case)
    what = "both accepted and refused" if mixed else "accepted each time"
    authority = case.evidence.target.authority
    return cause.finding(
        f"{authority} turned this client's offer away once and accepted the same offer later"
        if offers.accepted_once(case)
        else f"{authority} does not answer the same ClientHello alike each time",
        expected=expected,
        actual=f"alert {alert_name(seen.alert or 0)}; asked again, the same offer was {what}",
        confidence="likely" if mixed else "possible",
        alternatives=_ALIKE[: 1 if mixed else None],
        remedies=[
            Remedy(SERVER_OPERATOR, "compare the TLS configuration of all servers behind this address"),
            *offers.checks(case, "compare what the servers accept, one by one", "--all-addresses"),
            Remedy(YOU, "repeat the call: another server may answer it"),
        ],
    )


_ALIKE = (
    "the servers behind this address differ in something else",
    "the server was being restarted or reconfigured, or it limits how often it is asked",
)
