"""Proxy causes: the way to the server leads through a proxy, and the failure happened there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes import offers
from sslwhy.causes.base import Cause
from sslwhy.facts import questions, reasons
from sslwhy.facts.peer import AlertReceived, NotTls, TunnelRefused
from sslwhy.report.text import clean
from sslwhy.report.values import PROXY_OPERATOR, YOU, Remedy


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.case import Case
    from sslwhy.facts.observed import Observed
    from sslwhy.report.values import Finding

_AUTHENTICATION = 407


def chosen_by(case: Case) -> str:
    """Return the proxy and where it came from, and what keeps other hosts from it."""
    route, machine = case.evidence.route, case.evidence.machine
    exempt = machine.variable("NO_PROXY") or machine.variable("no_proxy")
    return f"{clean(route.proxy or '')} (from {route.source or 'proxies'}" + (
        f"; NO_PROXY={clean(exempt)})" if exempt else ")"
    )


def _configure(case: Case, url: str) -> Remedy:
    """Return the remedy that names the other proxy URL at the place where this one came from."""
    source = case.evidence.route.source or "proxies"
    if source == "proxies":
        return Remedy(YOU, f"name the proxy as {url}", snippet=f'proxies = {{"https": {url!r}, "http": {url!r}}}')
    return Remedy(YOU, f"name the proxy as {url} in {source}", command=f"export {source}={url}")


class ProxySchemeMismatch(Cause):
    """The proxy's URL has the wrong scheme.

    Seen as:
        ``ProxyError``: Your proxy appears to only use HTTP and not HTTPS; ``WRONG_VERSION_NUMBER``; a timeout or a reset
        before the tunnel was opened; ``check_hostname requires server_hostname``.

    What it is:
        The scheme of a proxy's URL says how to speak to the proxy, not which URLs go through it. An ordinary proxy is
        ``http://`` for https URLs as well; ``https://`` means TLS to the proxy itself.

    How it is found:
        The proxy is asked in the other way: a plain CONNECT that it answers in HTTP, or a ClientHello that it answers in
        TLS. No credentials are sent.

    What to do:
        Correct the scheme where the proxy is configured; the report names the variable or the argument.
    """

    code = "proxy-scheme-mismatch"
    topic = "proxy"
    subject = "proxy"
    specificity = 90

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the conversation with the proxy broke before a tunnel was there."""
        return observed.proxy and observed.stage in {"tunnel", "handshake"} and observed.verify_code is None

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the proxy was seen to speak the other protocol, or said so."""
        evidence, survey = case.evidence, offers.survey_of(case)
        route, seen = evidence.route, evidence.observed
        if not cls.explains(seen) or seen.status is not None:
            return
        plain = survey.answer(questions.PROXY_CONNECT)
        if route.scheme == "https":
            proven = offers.accepts(plain) or (isinstance(plain, TunnelRefused) and plain.data.startswith(b"HTTP/"))
            if proven or isinstance(plain, AlertReceived) or seen.reason in reasons.FOREIGN:
                yield _scheme_finding(case, "http", "TLS", "plain HTTP", proven=proven)
        elif offers.accepts(survey.answer(questions.PROXY_TLS)):
            yield _scheme_finding(case, "https", "plain HTTP", "TLS", proven=True)


def _scheme_finding(case: Case, scheme: str, told: str, spoken: str, *, proven: bool) -> Finding:
    route = case.evidence.route
    url = f"{scheme}://{route.authority}"
    return ProxySchemeMismatch.finding(
        f"the proxy {route.authority} speaks {spoken}, but its URL says {route.scheme}",
        expected=f"{url} for this proxy",
        actual=f"{chosen_by(case)}, which makes this client speak {told} to it",
        confidence="confirmed" if proven else "likely",
        alternatives=[] if proven else ["the proxy was out of order just then"],
        remedies=[_configure(case, url)],
    )


class ProxyCertificateUntrusted(Cause):
    """The TLS connection to the proxy itself failed on the proxy's certificate.

    Seen as:
        ``ProxyError`` with ``CERTIFICATE_VERIFY_FAILED`` inside.

    What it is:
        With an ``https://`` proxy there are two TLS connections. The one to the proxy failed; the server was not reached
        yet. The certificate in the report is the proxy's.

    How it is found:
        The failed handshake was the one with the proxy: its reference identity is the proxy's name.

    What to do:
        Trust the CA of the proxy, or write ``http://`` in the proxy's URL if that is what it speaks. The other findings
        of the report say what is wrong with the certificate.
    """

    code = "proxy-certificate-untrusted"
    topic = "proxy"
    subject = "proxy"
    specificity = 95

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the proxy's certificate was refused."""
        return observed.proxy and observed.verify_code is not None

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the proxy's certificate was refused."""
        seen, route = case.evidence.observed, case.evidence.route
        if not cls.explains(seen):
            return
        yield cls.finding(
            f"the certificate of the proxy {route.authority} was refused: {clean(seen.verify_message or '')}",
            depth=0,
            expected=f"a certificate for {clean(route.host or '')} that this client trusts",
            actual=f"OpenSSL verify code {seen.verify_code}, {clean(seen.verify_message or '')}; proxy {chosen_by(case)}",
            remedies=[
                Remedy(
                    PROXY_OPERATOR, f"give the proxy a certificate for {clean(route.host or '')} with its full chain"
                ),
                Remedy(YOU, "add the CA that issued the proxy's certificate to the bundle that verify names"),
            ],
        )


class ProxyAuthenticationRequired(Cause):
    """The proxy wants credentials.

    Seen as:
        ``Tunnel connection failed: 407 Proxy Authentication Required``.

    What it is:
        The proxy opens tunnels only for known users. Either no credentials were given, or wrong ones.

    How it is found:
        The proxy answered CONNECT with the status 407.

    What to do:
        Put user and password into the proxy's URL, percent-encoded. NTLM and Kerberos need a local helper that
        authenticates in the program's place.
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
                Remedy(
                    YOU,
                    "put user and password into the proxy's URL, each percent-encoded (urllib.parse.quote with safe='')",
                    command=f"export {route.source if route.source not in {None, 'proxies'} else 'HTTPS_PROXY'}="
                    f"{route.scheme or 'http'}://USER:PASSWORD@{route.authority}",
                ),
                Remedy(PROXY_OPERATOR, "say which authentication the proxy takes; requests and httpx know Basic only"),
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
        For 403 and 405, the proxy's rules are changed, or the host is exempted through ``NO_PROXY``. For 502 to 504, the
        proxy could not reach the server.
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
        unreached = seen.status in {502, 503, 504}
        why = "could not reach it" if unreached else "does not allow it"
        yield cls.finding(
            f"the proxy {route.authority} opened no tunnel to {target.authority}: status {seen.status}, it {why}",
            expected="status 200 to CONNECT",
            actual=f"status {seen.status} from {chosen_by(case)}",
            remedies=[
                Remedy(PROXY_OPERATOR, f"check whether the proxy can reach {target.authority}")
                if unreached
                else Remedy(PROXY_OPERATOR, f"allow CONNECT to {target.authority}"),
                Remedy(YOU, "if the host can be reached without the proxy, exempt it", command=_exempt(case)),
            ],
        )


def _exempt(case: Case) -> str:
    existing = case.evidence.machine.variable("NO_PROXY") or case.evidence.machine.variable("no_proxy")
    return "export NO_PROXY=" + ",".join(filter(None, (existing, case.evidence.target.host)))


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
                Remedy(YOU, f"correct or remove the proxy in {route.source or 'proxies'}"),
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
