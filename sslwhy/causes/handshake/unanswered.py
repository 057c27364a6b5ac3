"""What is left where a connection just ended: closed, reset or silent, with no sign of what would be accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes import offers
from sslwhy.causes.base import Cause
from sslwhy.causes.client.certificate import ClientCertificateExpired, ClientCertificateRejected
from sslwhy.causes.client.demand import ClientCertificateRequired
from sslwhy.causes.handshake.groups import NoSharedGroup, NoSharedSignatureAlgorithm
from sslwhy.causes.handshake.parameters import UnrecognizedServerName
from sslwhy.causes.handshake.protocol import NoSharedCipher, ProtocolVersionMismatch
from sslwhy.causes.handshake.transport import LargeClientHelloDropped, PlainHttpToTlsPort
from sslwhy.facts import questions
from sslwhy.facts.peer import AlertReceived, HelloAnswer, PeerClosed
from sslwhy.facts.tls.alerts import alert_name
from sslwhy.report.values import NETWORK_OPERATOR, PROXY_OPERATOR, SERVER_OPERATOR, YOU, Remedy


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.case import Case
    from sslwhy.facts.observed import Observed
    from sslwhy.report.values import Finding

_BETTER: tuple[type[Cause], ...] = (
    ClientCertificateExpired,
    ClientCertificateRejected,
    ClientCertificateRequired,
    LargeClientHelloDropped,
    NoSharedCipher,
    NoSharedGroup,
    NoSharedSignatureAlgorithm,
    PlainHttpToTlsPort,
    ProtocolVersionMismatch,
    UnrecognizedServerName,
)
"""Causes that explain an end without a word: where one of them is found, the end is its symptom."""


def _left_open(case: Case) -> bool:
    """Return whether no better cause explains the end of this connection."""
    return not case.evidence.machine.forked and not any(list(cause.find(case)) for cause in _BETTER)


class HandshakeClosed(Cause):
    """The server closed the connection instead of answering the ClientHello.

    Seen as:
        ``UNEXPECTED_EOF_WHILE_READING``: EOF occurred in violation of protocol.

    What it is:
        Something accepted the TCP connection and hung up in the middle of the handshake, without an alert: a load
        balancer without a backend, a filter that does not like the name or the country, a server that does not say why.

    How it is found:
        The failing connection ended with an orderly close, and the probes with other names, sizes, versions and suites
        did not show what would have been accepted.

    What to do:
        The server's log, or that of the device in front of it, says why.
    """

    code = "handshake-closed"
    topic = "protocol"
    specificity = 20

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the connection closed during the handshake."""
        return observed.stage == "handshake" and not observed.proxy and observed.closed

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where nothing better explains the close."""
        if not cls.explains(case.evidence.observed) or not _left_open(case):
            return
        survey, authority = offers.survey_of(case), case.evidence.target.authority
        asked = [survey.answer(name) for name in (questions.COPY, questions.SMALL, questions.WITHOUT_SNI)]
        always = all(map(_ends, asked)) and not offers.wavers(case)
        yield cls.finding(
            f"{authority} closed the connection during the handshake",
            expected="a ServerHello or an alert",
            actual="the connection was closed without either"
            + ("; so were all ClientHellos of the probes" if always else _otherwise(case)),
            confidence="confirmed" if always else "likely",
            alternatives=_CLOSED_BY if always else [*_CLOSED_BY, "the server refuses something in this client's offer"],
            remedies=[
                Remedy(SERVER_OPERATOR, "look up in the log of the server, or of the load balancer, why it closed"),
                Remedy(YOU, "ask whether this address may be reached from here; a filter may close without a word"),
            ],
        )


def _otherwise(case: Case) -> str:
    """Return what the probes met that the call did not."""
    if offers.wavers(case):
        return "; asked again, the server answered"
    if offers.accepts(offers.survey_of(case).answer(questions.SMALL)):
        return "; one with few suites, two groups, no key share and no ALPN was answered"
    return ""


_CLOSE_NOTIFY = 0


def _ends(answer: HelloAnswer | None) -> bool:
    return isinstance(answer, PeerClosed) or (isinstance(answer, AlertReceived) and answer.number == _CLOSE_NOTIFY)


_CLOSED_BY = ("a firewall or filter between here and the server", "a load balancer without a working server behind it")


class HandshakeTimeout(Cause):
    """The TCP connection was accepted, but the handshake never went on.

    Seen as:
        ``ReadTimeout``: Read timed out; ``ConnectTimeout``: The handshake operation timed out.

    What it is:
        The peer took the connection and was silent after the ClientHello: an overloaded server, a port that expects
        another protocol, a filter or a path that swallows packets. A slow answer is something else: there the handshake
        had been completed.

    How it is found:
        The timeout fired while the handshake was under way. Smaller ClientHellos, other versions and no SNI were met
        with silence, too.

    What to do:
        The server's operator looks at its load and at the filters in front of it.
    """

    code = "handshake-timeout"
    topic = "protocol"
    specificity = 25

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the time ran out during the handshake."""
        return observed.stage == "handshake" and observed.timed_out and not observed.proxy

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding; through a proxy it accuses neither the proxy nor the server."""
        if not cls.explains(case.evidence.observed) or not _left_open(case):
            return
        evidence, survey = case.evidence, offers.survey_of(case)
        again = survey.answer(questions.COPY)
        silent = offers.refused_again(case) and isinstance(again, PeerClosed) and again.how == "timeout"
        proxied = evidence.route.proxy is not None
        where = (
            f"{evidence.target.authority} through the proxy {evidence.route.authority}"
            if proxied
            else evidence.target.authority
        )
        yield cls.finding(
            f"{where} accepted the connection and did not answer the ClientHello"
            + " in time" * offers.accepted_once(case),
            expected="a ServerHello",
            actual=_silence(again),
            subject="network" if proxied else "server",
            confidence="confirmed" if silent and not proxied else "likely",
            alternatives=_proxied_silence(case) if proxied else [_LOST if silent else _ONE_OF_SEVERAL, _SLOW],
            remedies=_timeout_remedies(case),
        )


_ONE_OF_SEVERAL = "one of several servers behind this address does not answer"
_SLOW = "the server is slow to answer: it takes longer than this call, or a probe, waited"
_LOST = "large packets get lost on the way back (MTU), as in some VPNs and container networks"


def _silence(again: HelloAnswer | None) -> str:
    if again is None:
        return "silence until the timeout"
    if isinstance(again, AlertReceived):
        return f"silence until the timeout; asked again, alert {alert_name(again.number)}"
    if isinstance(again, PeerClosed):
        return f"silence until the timeout; asked again, the ClientHello {offers.fate(again)}"
    return "silence until the timeout; asked again, the server answered"


def _proxied_silence(case: Case) -> list[str]:
    return [
        f"the proxy {case.evidence.route.authority} opened the tunnel and carries nothing",
        f"{case.evidence.target.authority} itself is silent",
    ]


def _timeout_remedies(case: Case) -> list[Remedy]:
    evidence = case.evidence
    remedies = [
        Remedy(SERVER_OPERATOR, "check the server's load, and the filters in front of it, for stalled handshakes")
    ]
    if evidence.route.proxy:
        remedies.insert(0, Remedy(PROXY_OPERATOR, f"check whether the proxy reaches {evidence.target.authority}"))
    remedies += offers.checks(case, "see whether the server answers at all, given a minute", "--timeout", "60")
    if evidence.operation.kind == "operation":
        text = "keep the operation_timeout on zeep's transport; without one, its default, this call would have hung"
        remedies.append(Remedy(YOU, text))
    return remedies


class ConnectionReset(Cause):
    """The connection was torn down.

    Seen as:
        ``ConnectionResetError``: Connection reset by peer; ``BrokenPipeError``.

    What it is:
        A reset (RST) ended the connection at once: a server that crashed or was overloaded, or a device on the way that
        does not like the name, the country or the protocol.

    How it is found:
        The operating system's error number. Where the reset answered the ClientHello, the probes did not show what
        would have been accepted.

    What to do:
        The log of the server, or of the firewall on the way, says who sent it.
    """

    code = "connection-reset"
    topic = "network"
    subject = "network"
    specificity = 18

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the connection was reset."""
        return observed.stage in {"connect", "handshake", "read"} and observed.reset and not observed.proxy

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where nothing better explains the reset."""
        evidence = case.evidence
        if not cls.explains(evidence.observed) or not _left_open(case):
            return
        begun = "after the handshake" if evidence.verified else "during the handshake"
        begun = "as it began" if evidence.observed.stage == "connect" else begun
        begun = begun if evidence.target.url is None or evidence.target.url.startswith("https") else "before an answer"
        yield cls.finding(
            f"the connection to {offers.addressed(case)} was reset {begun}",
            expected="an answer",
            actual=f"a reset (errno {evidence.observed.errno})" + _otherwise(case),
            confidence="likely",
            alternatives=[
                "a firewall or filter on the way sent the reset in the server's name",
                "the server refuses something in this client's offer and does not say what",
            ],
            remedies=[
                Remedy(
                    SERVER_OPERATOR,
                    "look up in the log of the server, or of the load balancer, who reset the connection",
                ),
                Remedy(NETWORK_OPERATOR, "check whether a filter between here and the server resets such connections"),
            ],
        )
