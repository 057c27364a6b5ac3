"""Protocol causes below the negotiation: the peer speaks no TLS, says nothing, or hangs up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes import offers
from sslwhy.causes.base import Cause
from sslwhy.causes.one_host import one_host
from sslwhy.causes.service.soap import ForcedHttps
from sslwhy.facts import questions
from sslwhy.facts.peer import AlertReceived, NotTls, PeerClosed
from sslwhy.facts.tls import reasons
from sslwhy.report.values import NETWORK_OPERATOR, SERVER_OPERATOR, YOU, Remedy
from sslwhy.text import clean


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
        if not cls.explains(case.evidence.observed) or case.evidence.machine.forked or any(ForcedHttps.find(case)):
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
        lost = copy is not None and all(isinstance(answer, PeerClosed) for answer in offers.copies(case))
        nameless = survey.answer(questions.WITHOUT_SNI)
        if not lost or offers.wavers(case) or not offers.accepts(small) or any(map(offers.accepts, (padded, nameless))):
            return
        proven = isinstance(padded, PeerClosed)
        size = offers.offer_of(case).hello_size
        yield cls.finding(
            f"a ClientHello of {size or 'this'} bytes to {case.evidence.target.authority} is lost, a small one arrives",
            expected="an answer to a ClientHello of any size",
            actual=f"the small one was answered, this client's {offers.fate(copy)}, the small one padded to that size "
            + (offers.fate(padded) if proven else "was not"),
            confidence="confirmed" if proven else "likely",
            alternatives=[] if proven else ["the server objects to something in the offer itself"],
            remedies=[
                Remedy(
                    NETWORK_OPERATOR,
                    "let a ClientHello of more than one packet pass, and check the MTU of the path",
                ),
                one_host(
                    case,
                    "until then, send a smaller ClientHello to this one host; it costs the post-quantum key exchange",
                    'context.set_ciphers("ECDHE+AESGCM")',
                    'context.set_ecdh_curve("prime256v1")',
                    "context.options &= ~0x10  # SSL_OP_TLSEXT_PADDING",
                ),
            ],
        )
