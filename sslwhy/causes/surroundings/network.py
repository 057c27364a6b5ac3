"""Network causes: no connection came about, or it was torn down."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from sslwhy.causes import offers
from sslwhy.causes.base import Cause
from sslwhy.report.values import ADMINISTRATOR, NETWORK_OPERATOR, SERVER_OPERATOR, YOU, Remedy
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.case import Case
    from sslwhy.facts.observed import Observed
    from sslwhy.report.values import Finding


class NameResolutionFailed(Cause):
    """The host name could not be resolved to an address.

    Seen as:
        ``socket.gaierror``: Name or service not known; ``NameResolutionError``; getaddrinfo failed.

    What it is:
        The name does not exist, the name server was not reached, or the name is known inside another network only.

    How it is found:
        The resolver's own error; no connection was tried.

    What to do:
        Correct the name in the URL. Names of an internal network need the VPN or the name server of that network.
    """

    code = "name-resolution-failed"
    topic = "network"
    subject = "network"
    specificity = 60

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the resolver failed, and not for the proxy's name."""
        return observed.stage == "resolve" and not observed.proxy

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the resolver failed."""
        seen, host = case.evidence.observed, clean(case.evidence.target.host or "")
        if not cls.explains(seen):
            return
        yield cls.finding(
            f"the name {host} does not resolve",
            expected=f"an address for {host}",
            actual=_system_said(seen),
            remedies=[
                Remedy(
                    YOU,
                    f"check the spelling of {host}, and ask the name server",
                    command=f"{_lookup(case)} {shlex.quote(host)}",
                ),
                Remedy(
                    ADMINISTRATOR,
                    "check the name server of this machine; internal names need the VPN or the internal name server",
                ),
            ],
        )


def _lookup(case: Case) -> str:
    """Return the command that resolves a name as programs do, or, where there is none, that asks the name server."""
    return "nslookup" if case.evidence.machine.platform in {"win32", "darwin"} else "getent hosts"


def _system_said(seen: Observed) -> str:
    """Return the operating system's own words; they are shown, never judged."""
    words = re.search(r"\[Errno -?\d+\] (?P<words>[^'\")\]]+)", seen.message or "")
    return clean(words["words"]) if words else f"{clean(seen.root_type or '')} {seen.errno or ''}".strip()


class ConnectionRefused(Cause):
    """Nothing listens on this port.

    Seen as:
        ``ConnectionRefusedError``: Connection refused.

    What it is:
        The host was reached and answered that nothing listens there, or a firewall answered so in its name.

    How it is found:
        The operating system's error number for the failed connection.

    What to do:
        Correct the port, or start the service.
    """

    code = "connection-refused"
    topic = "network"
    subject = "network"
    specificity = 60

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the connection was refused, and not by the proxy."""
        return observed.stage == "connect" and observed.root_type == "ConnectionRefusedError" and not observed.proxy

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the connection was refused."""
        if not cls.explains(case.evidence.observed):
            return
        where = offers.addressed(case)
        yield cls.finding(
            f"{where} refused the connection",
            expected="a service that accepts connections on this port",
            actual=f"errno {case.evidence.observed.errno}: connection refused",
            remedies=[
                Remedy(SERVER_OPERATOR, "start the service, or open the port in the firewall of the host"),
                Remedy(YOU, "check host and port in the URL"),
            ],
        )


class ConnectTimeout(Cause):
    """No connection came about in time.

    Seen as:
        ``ConnectTimeout``, ``ConnectTimeoutError``; No route to host, Network is unreachable.

    What it is:
        The packets found no answer: a firewall drops them, the host is down, or there is no way to its network.

    How it is found:
        The timeout, or the operating system's error number, while the TCP connection was being made.

    What to do:
        Ask who runs the firewall between here and there; from inside a company the way may lead through a proxy only.
    """

    code = "connect-timeout"
    topic = "network"
    subject = "network"
    specificity = 55

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the connection did not come about, and was not refused."""
        if observed.root_type == "ConnectionRefusedError" or observed.reset:
            return False
        return observed.stage == "connect" and not observed.proxy

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where no connection came about."""
        seen = case.evidence.observed
        if not cls.explains(seen):
            return
        where = offers.addressed(case)
        yield cls.finding(
            f"{where} did not answer the attempt to connect",
            expected="an answer to the TCP connection request",
            actual="no answer until the timeout" if seen.errno is None else f"errno {seen.errno}: {_system_said(seen)}",
            remedies=[
                Remedy(NETWORK_OPERATOR, f"check routes and firewalls between this machine and {where}"),
                Remedy(YOU, "check whether a proxy or a VPN is needed to reach this network"),
            ],
        )
