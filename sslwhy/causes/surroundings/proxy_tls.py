"""Proxy causes that lie in TLS to the proxy itself: the scheme of its URL, its certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes import offers
from sslwhy.causes.base import Cause
from sslwhy.causes.chosen_proxy import chosen_by, configured
from sslwhy.facts import questions
from sslwhy.facts.peer import AlertReceived, TunnelRefused
from sslwhy.facts.tls import reasons
from sslwhy.report.values import PROXY_OPERATOR, YOU, Remedy
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.case import Case
    from sslwhy.facts.observed import Observed
    from sslwhy.report.values import Finding


class ProxySchemeMismatch(Cause):
    """The proxy's URL has the wrong scheme.

    Seen as:
        ``ProxyError``: Your proxy appears to only use HTTP and not HTTPS; ``WRONG_VERSION_NUMBER``; a timeout or a
        reset before the tunnel was opened; ``check_hostname requires server_hostname``.

    What it is:
        The scheme of a proxy's URL says how to speak to the proxy, not which URLs go through it. An ordinary proxy is
        ``http://`` for https URLs as well; ``https://`` means TLS to the proxy itself.

    How it is found:
        The proxy is asked in the other way: a plain CONNECT that it answers in HTTP, or a ClientHello that it answers
        in TLS. No credentials are sent.

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
        alternatives=[] if proven else ["the proxy was out of order at that moment"],
        remedies=[configured(case, f"name the proxy as {url}", url)],
    )


class ProxyCertificateUntrusted(Cause):
    """The TLS connection to the proxy itself failed on the proxy's certificate.

    Seen as:
        ``ProxyError`` with ``CERTIFICATE_VERIFY_FAILED`` inside.

    What it is:
        With an ``https://`` proxy there are two TLS connections. The one to the proxy failed; the server was not
        reached yet. The certificate in the report is the proxy's.

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
            actual=f"verify code {seen.verify_code}, {clean(seen.verify_message or '')}; proxy {chosen_by(case)}",
            remedies=[
                Remedy(
                    PROXY_OPERATOR, f"give the proxy a certificate for {clean(route.host or '')} with its full chain"
                ),
                Remedy(
                    YOU, "add the CA of the proxy's certificate to the bundle in use, beside the CA of the server's"
                ),
            ],
        )
