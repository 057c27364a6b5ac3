"""Protocol causes below the negotiation: the peer speaks no TLS, says nothing, or hangs up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes import offers
from sslwhy.causes.base import Cause
from sslwhy.causes.one_host import one_host
from sslwhy.facts import questions, reasons
from sslwhy.facts.alerts import alert_name
from sslwhy.facts.peer import AlertReceived, HelloAnswer, NotTls, PeerClosed
from sslwhy.report.text import clean
from sslwhy.report.values import NETWORK_OPERATOR, PROXY_OPERATOR, SERVER_OPERATOR, YOU, Remedy


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.case import Case
    from sslwhy.facts.observed import Observed
    from sslwhy.report.values import Finding

_SPOKEN = {
    "http": "plain HTTP",
    "ssh": "SSH",
    "smtp": "SMTP, which begins TLS only after STARTTLS",
    "ftp": "FTP, which begins TLS only after AUTH TLS",
    "imap": "IMAP, which begins TLS only after STARTTLS",
    "pop3": "POP3, which begins TLS only after STLS",
    "sslv2": "SSL 2.0, which no current library speaks",
}
_SHOWN = 60


class NotTlsAtAll(Cause):
    """What answers on this port does not speak TLS.

    Seen as:
        ``WRONG_VERSION_NUMBER``, ``RECORD_LAYER_FAILURE``, ``UNKNOWN_PROTOCOL``, ``PACKET_LENGTH_TOO_LONG``.

    What it is:
        The URL says https, and the peer answers the ClientHello with something else: plain HTTP, the greeting of an SSH
        or mail server, the error page of a proxy. OpenSSL takes the first bytes for a version number.

    How it is found:
        The same ClientHello is sent once more and the answer is read as what it is; a second connection that sends
        nothing waits for a greeting.

    What to do:
        Correct the port or the scheme of the URL. Where zeep wrote https into an http address of the WSDL, see
        ``sslwhy explain forced-https``.
    """

    code = "not-tls"
    topic = "protocol"
    specificity = 60

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether bytes came that are not TLS."""
        return observed.reason in reasons.FOREIGN and observed.stage == "handshake" and not observed.proxy

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where a probe read what the peer speaks, or where the library could not read it."""
        if not cls.explains(case.evidence.observed) or case.evidence.machine.forked:
            return
        survey, target = offers.survey_of(case), case.evidence.target
        heard = [survey.answer(name) for name in (questions.COPY, questions.GREETING)]
        foreign = [answer for answer in heard if isinstance(answer, NotTls)]
        spoken = next((_SPOKEN[each.protocol] for each in foreign if each.protocol), None)
        plain_http = any(each.protocol == "http" for each in foreign)
        yield cls.finding(
            f"{target.authority} speaks {spoken or 'no TLS'}",
            expected="a TLS record in answer to the ClientHello",
            actual=f"the peer sent {clean(_text(foreign[0].data), _SHOWN)}"
            if foreign
            else "bytes that are no TLS record",
            confidence="confirmed" if foreign else "likely",
            alternatives=[] if foreign else _ONCE if any(map(offers.accepts, heard)) else _UNREAD,
            remedies=[
                Remedy(YOU, _port(case, plain_http=plain_http)),
                Remedy(SERVER_OPERATOR, "serve TLS on this port, if it is meant to have it"),
            ],
        )


_ONCE = ("something on the way, or one of several servers, answered once in its own name: a second try got TLS",)
_UNREAD = ("the connection was damaged on the way",)


def _text(data: bytes) -> str:
    return data.decode("latin-1")


def _port(case: Case, *, plain_http: bool) -> str:
    port = case.evidence.target.port
    if plain_http:
        return f"correct the port in the URL; http:// would do for port {port}, but without any protection"
    return f"correct the port in the URL: port {port} is not an https port"


class PlainHttpToTlsPort(Cause):
    """The URL says http, and the port speaks TLS.

    Seen as:
        A reset, ``RemoteDisconnected``, ``BadStatusLine``; or an answer 400 with ``The plain HTTP request was sent to
        HTTPS port``.

    What it is:
        The program sent an HTTP request without TLS to a port that expects TLS. Whatever the request carried went over
        the network in the clear.

    How it is found:
        One ClientHello to the same port: it is answered in TLS.

    What to do:
        Write https in the URL. Treat a password or token that the request carried as disclosed.
    """

    code = "plain-http-to-tls-port"
    topic = "protocol"
    subject = "client"
    specificity = 60

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether a connection without TLS broke while reading, or the answer was an error page."""
        return observed.stage == "answer" or (observed.stage == "read" and not observed.timed_out)

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the port was seen to speak TLS."""
        url = case.evidence.target.url or ""
        if (verdict := case.answer) and verdict.code == cls.code:
            yield plain_http_finding(case, f"{clean(verdict.platform)} answered: {clean(verdict.phrase)}")
        answer = offers.survey_of(case).answer(questions.COPY)
        if url.startswith("http:") and (offers.accepts(answer) or isinstance(answer, AlertReceived)):
            yield plain_http_finding(case, "the port answers a ClientHello in TLS; the plain request got no answer")


def plain_http_finding(case: Case, actual: str) -> Finding:
    """Return the finding that an http URL leads to a TLS port, with what was seen as ``actual``."""
    target = case.evidence.target
    url = clean((target.url or f"http://{target.authority}/").replace("http:", "https:", 1))
    return PlainHttpToTlsPort.finding(
        f"{target.authority} speaks TLS, but the URL says http",
        expected="an https URL for a TLS port",
        actual=actual,
        remedies=[
            Remedy(YOU, f"write https in the URL: {url}"),
            Remedy(
                YOU, "treat credentials that the request carried as disclosed: they went over the network in the clear"
            ),
        ],
    )


class LargeClientHelloDropped(Cause):
    """Something on the way drops a ClientHello for its size.

    Seen as:
        A handshake that times out, an EOF or a reset, while older clients reach the same server.

    What it is:
        A ClientHello with a post-quantum key share (OpenSSL 3.5), many cipher suites or a long session ticket no longer
        fits one packet. Some firewalls and load balancers wait for it in one piece, or the path drops large packets.

    How it is found:
        A small ClientHello is answered. The same one, padded to the size of this client's, is not.

    What to do:
        The device on the way is corrected. Until then this client's offer can be made smaller for this one host.
    """

    code = "large-client-hello-dropped"
    topic = "protocol"
    subject = "network"
    specificity = 73

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the ClientHello found no answer."""
        return offers.turned_away(observed) and observed.alert is None

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the size makes the difference."""
        survey = offers.survey_of(case)
        copy, small, padded = map(survey.answer, (questions.COPY, questions.SMALL, questions.PADDED))
        if not (isinstance(copy, PeerClosed) and offers.accepts(small)) or offers.accepts(
            survey.answer(questions.WITHOUT_SNI)
        ):
            return
        proven = isinstance(padded, PeerClosed)
        size = offers.offer_of(case).hello_size
        yield cls.finding(
            f"a ClientHello of {size or 'this'} bytes to {case.evidence.target.authority} gets no answer, a small one does",
            expected="an answer to a ClientHello of any size",
            actual=f"the small one was answered, this client's {_fate(copy)}, the small one padded to that size "
            + (_fate(padded) if proven else "was answered"),
            confidence="confirmed" if proven else "likely",
            alternatives=[] if proven else ["the server objects to something in the offer itself"],
            remedies=[
                Remedy(
                    NETWORK_OPERATOR, "let a ClientHello pass that takes more than one packet; check the path's MTU"
                ),
                one_host(
                    case,
                    "until then, send a smaller ClientHello to this one host; it costs the post-quantum key exchange",
                    'context.set_ciphers("ECDHE+AESGCM")',
                    'context.set_ecdh_curve("prime256v1")',
                    "context.options |= ssl.OP_NO_TICKET",
                ),
            ],
        )


def _fate(answer: HelloAnswer | None) -> str:
    if isinstance(answer, PeerClosed):
        return {"timeout": "met silence", "eof": "was closed upon", "reset": "was reset"}[answer.how]
    return "was not answered in TLS"


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
        return observed.stage == "handshake" and not observed.proxy and (observed.closed or observed.alert == 0)

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where nothing better explains the close."""
        if not cls.explains(case.evidence.observed):
            return
        survey, authority = offers.survey_of(case), case.evidence.target.authority
        asked = [survey.answer(name) for name in (questions.COPY, questions.SMALL, questions.WITHOUT_SNI)]
        always = all(isinstance(answer, PeerClosed) for answer in asked)
        transient = offers.accepts(asked[0])
        yield cls.finding(
            f"{authority} closed the connection during the handshake",
            expected="a ServerHello or an alert",
            actual="the connection was closed without either"
            + (
                "; so were all ClientHellos of the probes"
                if always
                else "; asked again, the server answered" * transient
            ),
            confidence="confirmed" if always else "likely",
            alternatives=_CLOSED_BY if always else [*_CLOSED_BY, "the server refuses something in this client's offer"],
            remedies=[
                Remedy(SERVER_OPERATOR, "look up in the log of the server, or of the load balancer, why it closed"),
                Remedy(YOU, "ask whether this address is meant to be reached from here: a filter may close silently"),
            ],
        )


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
        if not cls.explains(case.evidence.observed):
            return
        evidence, survey = case.evidence, offers.survey_of(case)
        again = survey.answer(questions.COPY)
        silent = isinstance(again, PeerClosed) and again.how == "timeout"
        proxied = evidence.route.proxy is not None
        where = (
            f"{evidence.target.authority} through the proxy {evidence.route.authority}"
            if proxied
            else evidence.target.authority
        )
        yield cls.finding(
            f"{where} accepted the connection and did not answer the ClientHello",
            expected="a ServerHello",
            actual=_silence(again),
            subject="network" if proxied else "server",
            confidence="confirmed" if silent and not proxied else "likely",
            alternatives=_proxied_silence(case) if proxied else [] if silent else ["the server was slow just then"],
            remedies=_timeout_remedies(case),
        )


def _silence(again: HelloAnswer | None) -> str:
    if again is None:
        return "silence until the timeout"
    if isinstance(again, AlertReceived):
        return f"silence until the timeout; asked again, alert {alert_name(again.number)}"
    if isinstance(again, PeerClosed):
        return f"silence until the timeout; asked again, the ClientHello {_fate(again)}"
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
    if evidence.operation.kind == "operation":
        text = "keep an operation_timeout on zeep's Transport: without one, its default, this call would have hung for ever"
        remedies.append(Remedy(YOU, text, snippet="Transport(session=session, operation_timeout=30)"))
    return remedies
