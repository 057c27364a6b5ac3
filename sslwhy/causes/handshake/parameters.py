"""Protocol causes that show in one parameter: a short prime, no safe renegotiation, an unknown name, ALPN."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from sslwhy.causes import offers
from sslwhy.causes.base import Cause
from sslwhy.causes.handshake import directives
from sslwhy.causes.handshake.unsteady import unsteady_finding
from sslwhy.causes.one_host import one_host
from sslwhy.facts import questions
from sslwhy.facts.tls import reasons
from sslwhy.facts.tls.alerts import alert_name
from sslwhy.report.values import SERVER_OPERATOR, YOU, Remedy
from sslwhy.text import clean, listed


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.case import Case
    from sslwhy.facts.observed import Observed
    from sslwhy.report.values import Confidence, Finding

_INTERNAL_ERROR, _MISSING_EXTENSION, _UNRECOGNIZED_NAME, _NO_APPLICATION_PROTOCOL = 80, 109, 112, 120
_HANDSHAKE_FAILURE = 40
_NAMELESS: dict[int | None, Confidence] = {
    _HANDSHAKE_FAILURE: "possible",
    _INTERNAL_ERROR: "likely",
    _MISSING_EXTENSION: "likely",
    _UNRECOGNIZED_NAME: "confirmed",
}
"""How sure each alert makes it that a client without SNI is refused for that."""
_LEAST_PRIME = 2048


class WeakDhParameters(Cause):
    """The server's Diffie-Hellman prime is too short.

    Seen as:
        ``DH_KEY_TOO_SMALL``, ``BAD_DH_VALUE``.

    What it is:
        The server prefers a DHE suite and sends a prime of 1024 bits or less. OpenSSL's security level 2 wants 2048
        bits: a shorter prime can be broken by those who prepare for it once (the Logjam attack).

    How it is found:
        This client's own library refused the prime and says so. The prime's size is read from the ServerKeyExchange, in
        TLS 1.2 plain text.

    What to do:
        The server generates a prime of 2048 bits or drops DHE for ECDHE. Most of these servers know ECDHE or RSA as
        well: leaving DHE out of this client's offer, for this one host, costs less than lowering the security level.
    """

    code = "weak-dh-parameters"
    topic = "protocol"
    specificity = 80

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether this client's library refused the prime."""
        return observed.reason in reasons.WEAK_DH

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the prime was refused."""
        if not cls.explains(case.evidence.observed):
            return
        bits = offers.survey_of(case).dh_bits
        size = f"{bits} bits" if bits else "too few bits"
        yield cls.finding(
            f"{case.evidence.target.authority} uses a Diffie-Hellman prime of {size}",
            expected=f"at least {_LEAST_PRIME} bits (security level {offers.offer_of(case).security_level})",
            actual=f"a prime of {size} in the server's key exchange",
            remedies=[
                Remedy(
                    SERVER_OPERATOR,
                    "enable ECDHE, or use a prime of 2048 bits or more",
                    command=directives.DH_PRIME,
                ),
                one_host(
                    case,
                    "until then, leave DHE out for this one host; where the server then picks plain RSA, past traffic "
                    "can be read once its key leaks",
                    'context.set_ciphers("DEFAULT:!DH")',
                ),
                one_host(
                    case,
                    "only if the server knows nothing but DHE: allow security level 1 for this one host; a prime of "
                    "1024 bits is within reach of a well funded attacker",
                    'context.set_ciphers("DEFAULT@SECLEVEL=1")',
                ),
            ],
        )


class LegacyRenegotiation(Cause):
    """The server does not know safe renegotiation.

    Seen as:
        ``UNSAFE_LEGACY_RENEGOTIATION_DISABLED``.

    What it is:
        The server does not answer the ``renegotiation_info`` extension (RFC 5746, from 2010). An attacker on the way
        could put data of their own before the program's (CVE-2009-3555). OpenSSL 3 refuses such servers by default;
        OpenSSL 1.1.1 did not, so the error appears with an upgrade of Python or of the system.

    How it is found:
        This client's own library refused and says so; the server's ServerHello lacks the extension.

    What to do:
        The server, or the load balancer or filter in front of it, is updated. Until then
        ``SSL_OP_LEGACY_SERVER_CONNECT`` can be set for this one host.
    """

    code = "legacy-renegotiation"
    topic = "protocol"
    specificity = 80

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether this client's library refused the ServerHello for that."""
        return observed.reason == "UNSAFE_LEGACY_RENEGOTIATION_DISABLED"

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the library refused."""
        if not cls.explains(case.evidence.observed):
            return
        yield cls.finding(
            f"{case.evidence.target.authority} does not support secure renegotiation (RFC 5746)",
            expected="a ServerHello with the extension renegotiation_info",
            actual="a ServerHello without it",
            remedies=[
                Remedy(
                    SERVER_OPERATOR,
                    "update the TLS library of the server, or of the load balancer or filter in front of it",
                ),
                one_host(
                    case,
                    "until then, allow legacy renegotiation for this one host; an attacker on the way could put data "
                    "of their own before the program's (CVE-2009-3555)",
                    "context.options |= 0x4  # SSL_OP_LEGACY_SERVER_CONNECT",
                ),
            ],
        )


class UnrecognizedServerName(Cause):
    """The server has no site under the name that was asked for.

    Seen as:
        ``TLSV1_UNRECOGNIZED_NAME``, ``TLSV1_ALERT_INTERNAL_ERROR``, ``SSLV3_ALERT_HANDSHAKE_FAILURE``,
        ``TLSV13_ALERT_MISSING_EXTENSION``, an EOF or a reset.

    What it is:
        The client names the site that it wants (SNI, RFC 6066), and the server has no such site; or the URL names an IP
        address, for which no name can be sent, and the server refuses clients that name no site.

    How it is found:
        The alert ``unrecognized_name`` says it. Otherwise the same offer is sent without the name: a server that takes
        it, and takes no offer with the name, objects to the name.

    What to do:
        Correct the host name in the URL, or have the server answer to it. For an IP address, use the name that the
        server's certificate carries.
    """

    code = "unrecognized-server-name"
    topic = "protocol"
    specificity = 74

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the server turned the offer away."""
        return offers.turned_away(observed)

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the alert names the cause, or the name makes the difference."""
        seen, survey = case.evidence.observed, offers.survey_of(case)
        named = not _is_address(case.evidence.target.server_name or case.evidence.target.host)
        if not cls.explains(seen):
            return
        unknown = offers.refused_again(case) and not offers.accepted_versions(case)
        proven = unknown and offers.accepts(survey.answer(questions.WITHOUT_SNI))
        if named and seen.alert == _UNRECOGNIZED_NAME and offers.wavers(case):
            name = clean(case.evidence.target.server_name or case.evidence.target.host or "")
            yield unsteady_finding(cls, case, f"a site under the name {name} on every server")
        elif named and (seen.alert == _UNRECOGNIZED_NAME or proven):
            yield _name_finding(case, proven=proven)
        elif not named and seen.alert in _NAMELESS and not offers.wavers(case) and not offers.accepted_versions(case):
            yield _nameless_finding(case, _NAMELESS[seen.alert])


def _is_address(name: str | None) -> bool:
    try:
        ipaddress.ip_address(name or "")
    except ValueError:
        return False
    return True


def _name_finding(case: Case, *, proven: bool) -> Finding:
    target, seen = case.evidence.target, case.evidence.observed
    name = clean(target.server_name or target.host or "")
    met = f"alert {alert_name(seen.alert)}" if seen.alert is not None else "the connection closed"
    return UnrecognizedServerName.finding(
        f"{target.authority} does not serve the name {name}",
        expected=f"a site under the name {name}",
        actual=f"with SNI {name}: {met}" + ("; without SNI the server answers" if proven else ""),
        remedies=[
            Remedy(YOU, "check the host name in the URL; aliases and internal names are often unknown to the server"),
            Remedy(SERVER_OPERATOR, f"add {name} to the names of the site, and to its certificate"),
        ],
    )


def _nameless_finding(case: Case, confidence: Confidence) -> Finding:
    target, seen = case.evidence.target, case.evidence.observed
    return UnrecognizedServerName.finding(
        f"{target.authority} refuses a client that names no site",
        expected="a host name in the URL, sent as SNI; for an IP address none may be sent (RFC 6066 section 3)",
        actual=f"the URL names {clean(target.host or '')}; the server sent alert {alert_name(seen.alert or 0)}",
        subject="client",
        confidence=confidence,
        alternatives=[] if confidence == "confirmed" else ["the server failed for a reason of its own"],
        remedies=[
            Remedy(YOU, "use the host name of the service in the URL instead of its IP address"),
            Remedy(SERVER_OPERATOR, "configure a default site for clients without SNI"),
        ],
    )


class AlpnMismatch(Cause):
    """Client and server have no application protocol in common.

    Seen as:
        ``TLSV1_ALERT_NO_APPLICATION_PROTOCOL``.

    What it is:
        The client lists the application protocols that it speaks (ALPN, RFC 7301), mostly ``http/1.1``, and the server
        speaks only others, ``h2`` for gRPC for example.

    How it is found:
        The alert says it. The client's list is read from its own ClientHello.

    What to do:
        The server enables HTTP/1.1, or the program uses a client that speaks what the server wants: httpx with
        ``http2=True`` speaks HTTP/2.
    """

    code = "alpn-mismatch"
    topic = "protocol"
    specificity = 80

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the server sent the alert no_application_protocol."""
        return observed.alert == _NO_APPLICATION_PROTOCOL or observed.reason == "NO_APPLICATION_PROTOCOL"

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the alert came."""
        if not cls.explains(case.evidence.observed):
            return
        ours = listed(offers.offer_of(case).alpn) or "http/1.1"
        yield cls.finding(
            f"{case.evidence.target.authority} accepts none of the application protocols offered: {ours}",
            expected=f"{ours} (ALPN)",
            actual=f"alert {alert_name(_NO_APPLICATION_PROTOCOL)}",
            remedies=[
                Remedy(SERVER_OPERATOR, "enable HTTP/1.1 on this port"),
                Remedy(YOU, "check the port: this one may serve HTTP/2 only, as gRPC services do"),
            ],
        )
