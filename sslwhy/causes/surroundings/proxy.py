"""Proxy causes: the way to the server leads through a proxy, and the failure happened there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes import offers
from sslwhy.causes.base import Cause
from sslwhy.causes.chosen_proxy import chosen_by, configured, named_in
from sslwhy.causes.surroundings.proxy_tls import ProxySchemeMismatch
from sslwhy.causes.variables import export
from sslwhy.facts import questions
from sslwhy.facts.peer import NotTls
from sslwhy.report.values import PROXY_OPERATOR, YOU, Remedy
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.case import Case
    from sslwhy.facts.observed import Observed
    from sslwhy.report.values import Finding

_AUTHENTICATION = 407


class ProxyAuthenticationRequired(Cause):
    """The proxy wants credentials.

    Seen as:
        ``Tunnel connection failed: 407 Proxy Authentication Required``.

    What it is:
        The proxy opens tunnels only for known users. Either no credentials were given, or wrong ones.

    How it is found:
        The proxy answered CONNECT with the status 407.

    What to do:
        Put user and password into the proxy's URL, percent-encoded (``urllib.parse.quote`` with ``safe=""``). NTLM
        and Kerberos need a local helper that authenticates in the program's place.
    """

    code = "proxy-authentication-required"
    topic = "proxy"
    subject = "proxy"
    specificity = 90

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the proxy answered 407."""
        return observed.stage == "tunnel" and observed.status == _AUTHENTICATION

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the proxy answered 407."""
        route = case.evidence.route
        if not cls.explains(case.evidence.observed):
            return
        given = "those in the proxy's URL were refused" if route.credentials else "the proxy's URL carries none"
        yield cls.finding(
            f"the proxy {route.authority} wants credentials; {given}",
            expected="an open tunnel",
            actual=f"status 407 from {chosen_by(case)}",
            remedies=[
                configured(
                    case,
                    "put user and password into the proxy's URL, each percent-encoded",
                    offers.with_credentials(route, always=True),
                ),
                Remedy(
                    PROXY_OPERATOR,
                    "tell callers which authentication the proxy takes; requests and httpx know Basic only",
                ),
            ],
        )


class ProxyRefusedTunnel(Cause):
    """The proxy did not open the tunnel.

    Seen as:
        ``Tunnel connection failed: 403 Forbidden``, ``502 Bad Gateway``, ``503``, ``504``.

    What it is:
        The proxy was reached and understood, and refused: its rules do not allow this host or port, or it could not
        reach the server itself.

    How it is found:
        The status with which it answered CONNECT.

    What to do:
        For 403 and 405, the proxy's rules are changed, or the host is exempted through ``NO_PROXY``. For 502 to 504,
        the proxy could not reach the server.
    """

    code = "proxy-refused-tunnel"
    topic = "proxy"
    subject = "proxy"
    specificity = 85

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the proxy answered CONNECT with another status than 407."""
        return observed.stage == "tunnel" and observed.status not in {None, _AUTHENTICATION}

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the proxy refused the tunnel."""
        seen, target, route = case.evidence.observed, case.evidence.target, case.evidence.route
        if not cls.explains(seen):
            return
        why, remedy = _reason(seen.status)
        yield cls.finding(
            f"the proxy {route.authority} opened no tunnel to {target.authority}: status {seen.status}{why}",
            expected="status 200 to CONNECT",
            actual=f"status {seen.status} from {chosen_by(case)}",
            remedies=[
                Remedy(PROXY_OPERATOR, remedy.format(target.authority)),
                Remedy(YOU, "if the host can be reached without the proxy, exempt it", command=_exempt(case)),
            ],
        )


def _exempt(case: Case) -> str:
    existing = case.evidence.machine.variable("NO_PROXY") or case.evidence.machine.variable("no_proxy")
    return export(case, "NO_PROXY", ",".join(filter(None, (existing, case.evidence.target.host))))


def _reason(status: int | None) -> tuple[str, str]:
    """Return what a status says about why no tunnel was opened, and what the proxy's operator can do about it."""
    if status in {502, 503, 504}:
        return ", it could not reach it", "check whether the proxy can reach {}"
    if status in {403, 405}:
        return ", it does not allow it", "allow CONNECT to {}"
    return "", "look up in the proxy's log why it answered CONNECT to {} so"


class ProxyUnreachable(Cause):
    """The proxy could not be reached, or it never answered.

    Seen as:
        ``ProxyError``: Unable to connect to proxy; a timeout or a reset before the tunnel was open.

    What it is:
        The connection ended at the proxy: its name does not resolve, nothing listens there, or it took the connection
        and was silent. The server behind it was not asked.

    How it is found:
        The failure came before the proxy had opened a tunnel.

    What to do:
        Correct or remove the proxy where it is configured; the report names the variable or the argument.
    """

    code = "proxy-unreachable"
    topic = "proxy"
    subject = "proxy"
    specificity = 80

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the failure came at the proxy, without an answer from it."""
        return observed.proxy and observed.status is None and observed.verify_code is None

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the failure came at the proxy."""
        seen, route = case.evidence.observed, case.evidence.route
        if not cls.explains(seen) or route.proxy is None or any(list(ProxySchemeMismatch.find(case))):
            return
        yield cls.finding(
            f"the proxy {route.authority} {_fate(seen)}",
            expected="a proxy that answers CONNECT",
            actual=f"{clean(seen.root_type or '')} at {chosen_by(case)}" + _probed(case),
            remedies=[
                Remedy(YOU, f"correct or remove the proxy in {named_in(case)}"),
                Remedy(PROXY_OPERATOR, "check whether the proxy runs and accepts connections from this machine"),
            ],
        )


def _fate(seen: Observed) -> str:
    if seen.stage == "resolve":
        return "has a name that does not resolve"
    if seen.root_type == "ConnectionRefusedError":
        return "refused the connection"
    if seen.stage == "connect":
        return "could not be connected to"
    return "accepted the connection and never answered" if seen.timed_out else "broke the connection off"


def _probed(case: Case) -> str:
    heard = offers.survey_of(case).answer(questions.PROXY_TLS)
    return f"; it sent {clean(heard.data.decode('latin-1'), 60)}" if isinstance(heard, NotTls) else ""
