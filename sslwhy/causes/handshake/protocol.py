"""Protocol causes: client and server have no version, cipher suite, group or signature algorithm in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes import offers
from sslwhy.causes.base import Cause, doubt
from sslwhy.causes.handshake import directives
from sslwhy.causes.handshake.unsteady import unsteady_finding
from sslwhy.causes.one_host import one_host
from sslwhy.facts import questions
from sslwhy.facts.missing import Missing
from sslwhy.facts.tls import reasons
from sslwhy.facts.tls.alerts import alert_name
from sslwhy.facts.tls.names import TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3, version_name
from sslwhy.facts.tls.suites import suites
from sslwhy.report.values import SERVER_OPERATOR, YOU, Remedy


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.case import Case
    from sslwhy.facts.observed import Observed
    from sslwhy.report.values import Finding

_HANDSHAKE_FAILURE, _PROTOCOL_VERSION, _INSUFFICIENT_SECURITY, _INAPPROPRIATE_FALLBACK = 40, 70, 71, 86
_ENUM = {TLS_1_0: "TLSv1", TLS_1_1: "TLSv1_1", TLS_1_2: "TLSv1_2", TLS_1_3: "TLSv1_3"}


class ProtocolVersionMismatch(Cause):
    """Client and server speak no common version of TLS.

    Seen as:
        ``TLSV1_ALERT_PROTOCOL_VERSION``, ``UNSUPPORTED_PROTOCOL``, and from some servers
        ``SSLV3_ALERT_HANDSHAKE_FAILURE``, an EOF or a reset.

    What it is:
        Each side has a lowest and a highest version, and the two ranges do not overlap. The alert does not tell which
        side is the old one: a server that knows TLS 1.0 only answers a modern client with the very alert that a modern
        server sends to an old client.

    How it is found:
        One ClientHello for each version, SSLv3 to TLS 1.3, shows what the server accepts. This client's range is read
        from the context of the failed call.

    What to do:
        The old side is brought up to date; nearly always that is the server. Until then a context with a lower
        ``minimum_version`` can be mounted for this one host. TLS 1.0 and 1.1 have known weaknesses (RFC 8996).
    """

    code = "protocol-version-mismatch"
    topic = "protocol"
    specificity = 75

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the server turned the offer away, or this client the server's version."""
        return observed.reason in reasons.TOO_OLD or offers.turned_away(observed)

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the accepted versions are known and ours are not among them, or where it is said."""
        seen, accepted = case.evidence.observed, offers.accepted_versions(case)
        told = seen.alert in {_PROTOCOL_VERSION, _INAPPROPRIATE_FALLBACK} and cls.explains(seen)
        said = told or seen.reason in reasons.TOO_OLD
        wavers = offers.wavers(case)
        if accepted and not offers.shared_versions(case) and cls.explains(seen) and not wavers:
            yield _version_finding(case, accepted)
        elif _intolerant(case):
            yield _intolerance(case)
        elif said and wavers:
            yield unsteady_finding(cls, case, f"one of this client's versions: {_offered_versions(case)}")
        elif said and not accepted and not seen.proxy:
            yield _version_said(case)


def _offered_versions(case: Case) -> str:
    return offers.version_names(offers.offer_of(case).versions)


def _version_finding(case: Case, accepted: tuple[int, ...]) -> Finding:
    offer, authority = offers.offer_of(case), case.evidence.target.authority
    old_server = max(accepted) < offer.minimum_version
    ours = _offered_versions(case)
    asked = {entry.version: entry.accepted for entry in offers.survey_of(case).by_version}
    open_still = [version for version in offer.versions if asked.get(version) is None]
    theirs = offers.version_names(accepted)
    says = f"speaks nothing newer than {version_name(max(accepted))}" if old_server else f"wants {theirs}"
    return ProtocolVersionMismatch.finding(
        f"{authority} {says}, this client offers {ours}",
        expected=f"a version that both know; this client offers {ours} ({offers.why_so_little(case)})",
        actual=f"the server accepts {theirs}",
        subject="server" if old_server else "client",
        confidence="likely" if open_still else "confirmed",
        alternatives=[f"{offers.version_names(open_still)} may be spoken, too: that was not answered"]
        * bool(open_still),
        remedies=_old_server(case, max(accepted)) if old_server else _old_client(case, min(accepted)),
    )


def _old_server(case: Case, newest: int) -> list[Remedy]:
    text = "enable TLS 1.2 and TLS 1.3; TLS 1.0 and 1.1 are deprecated (RFC 8996)"
    operator = Remedy(SERVER_OPERATOR, text, command=directives.VERSIONS)
    if newest < TLS_1_0:
        return [operator, Remedy(YOU, "wait for the server: no current TLS library speaks SSLv3 any more")]
    name = version_name(newest)
    weak = ", and security level 0 with it (OpenSSL 3 refuses its SHA-1 signatures otherwise)" * (newest < TLS_1_2)
    mounted = one_host(
        case,
        f"until then, allow {name} for this one host{weak}; an attacker on the way may break its protection",
        f"context.minimum_version = ssl.TLSVersion.{'MINIMUM_SUPPORTED' if weak else _ENUM[newest]}",
        *(['context.set_ciphers("DEFAULT@SECLEVEL=0")'] if weak else []),
    )
    return [operator, mounted]


def _old_client(case: Case, oldest: int) -> list[Remedy]:
    name = version_name(oldest)
    return [
        one_host(
            case,
            f"allow {name} in this client's context; it costs nothing in security",
            f"context.maximum_version = ssl.TLSVersion.{_ENUM.get(oldest, 'MAXIMUM_SUPPORTED')}",
        ),
        Remedy(
            YOU, "where the TLS library is too old for that, use a Python that is linked against OpenSSL 1.1.1 or later"
        ),
    ]


def _intolerant(case: Case) -> bool:
    """Return whether the mere offer of TLS 1.3 is refused, though what else is offered would do."""
    survey = offers.survey_of(case)
    small, older, nameless = map(survey.answer, (questions.SMALL, questions.TLS12, questions.WITHOUT_SNI))
    both = {TLS_1_2, TLS_1_3} <= set(offers.offer_of(case).versions)
    return both and offers.refused_again(case) and offers.accepts(older) and all(map(offers.refuses, (small, nameless)))


def _intolerance(case: Case) -> Finding:
    authority = case.evidence.target.authority
    return ProtocolVersionMismatch.finding(
        f"{authority} refuses a ClientHello that offers TLS 1.3, though it speaks TLS 1.2",
        expected="TLS 1.2 in answer to an offer of TLS 1.2 and 1.3 (RFC 8446 section 4.2.1)",
        actual="with TLS 1.3 in the offer the ClientHello is refused, without it it is answered",
        remedies=[
            Remedy(SERVER_OPERATOR, "enable TLS 1.3, or update the server, or the load balancer or filter before it"),
            one_host(
                case,
                "until then, offer TLS 1.2 at most to this one host; it costs what TLS 1.3 would have hidden",
                "context.maximum_version = ssl.TLSVersion.TLSv1_2",
            ),
        ],
    )


def _version_said(case: Case) -> Finding:
    seen, authority = case.evidence.observed, case.evidence.target.authority
    ours = _offered_versions(case)
    refused_by_us = seen.reason in reasons.TOO_OLD
    words = f"alert {alert_name(seen.alert)}" if seen.alert is not None else f"reason {seen.reason}"
    asked = offers.survey_of(case).by_version
    head = "chose a version that this client does not allow" if refused_by_us else f"accepts none of {ours}"
    return ProtocolVersionMismatch.finding(
        f"{authority} {head}",
        expected=f"a version that both know; this client offers {ours} ({offers.why_so_little(case)})",
        actual=f"the handshake ended with {words}",
        confidence="confirmed" if refused_by_us else "possible" if asked else "likely",
        alternatives=[] if refused_by_us else [_untold(case)],
        remedies=[
            Remedy(SERVER_OPERATOR, "enable TLS 1.2 and TLS 1.3", command=directives.VERSIONS),
            *offers.checks(case, "see which versions the server accepts"),
        ],
    )


def _untold(case: Case) -> str:
    """Return why the probes do not tell which side is the old one."""
    asked, peer = offers.survey_of(case).by_version, case.evidence.peer
    if asked and all(entry.accepted is False for entry in asked):
        return _REFUSES_ALL
    why = "; ".join([peer.reason] if isinstance(peer, Missing) else peer.inconclusive) or "they were not answered"
    return f"the server may be newer or older than this client; probes told nothing: {why}"


_REFUSES_ALL = "the server, or a filter in front of it, refused every version that a probe offered"


class NoSharedCipher(Cause):
    """Client and server have no cipher suite in common.

    Seen as:
        ``SSLV3_ALERT_HANDSHAKE_FAILURE``, ``TLSV1_ALERT_INSUFFICIENT_SECURITY``, and from some servers an EOF or a
        reset.

    What it is:
        The server's configuration holds only suites that this client no longer offers (plain RSA key exchange, 3DES,
        RC4), or only suites that this client does not know yet. The same alert also stands for a missing client
        certificate, an unwanted version or an unknown name.

    How it is found:
        The server is offered every registered suite. What it picks is compared with the ClientHello of the failed
        context. No handshake is finished for that.

    What to do:
        The server enables current suites, ECDHE with AES-GCM or ChaCha20. Until then the one suite can be enabled for
        this one host, at the cost that the report names.
    """

    code = "no-shared-cipher"
    topic = "protocol"
    specificity = 70

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the server turned the offer away, or chose what was not offered."""
        return observed.reason in reasons.CIPHER or offers.turned_away(observed)

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the accepted suites are known and disjoint from ours."""
        survey, seen = offers.survey_of(case), case.evidence.observed
        ours = set(offers.offered_suites(case))
        theirs = {v: survey.suites(v) for v in offers.shared_versions(case)}
        disjoint = bool(theirs) and all(codes and not ours & set(codes) for codes in theirs.values())
        if disjoint and offers.refused_again(case):
            whole = all(entry.complete for entry in survey.by_version if entry.version in theirs)
            found = _cipher_finding(case, tuple(code for codes in theirs.values() for code in codes))
            yield (
                found if whole else doubt(found, "likely", "a limit was reached before every suite had been asked for")
            )
        elif seen.alert in {_HANDSHAKE_FAILURE, _INSUFFICIENT_SECURITY} and seen.stage == "handshake":
            yield from _cipher_suspected(case)


def _cipher_finding(case: Case, theirs: tuple[int, ...]) -> Finding:
    ours = [code for code in offers.offered_suites(case) if _fits(code, max(offers.shared_versions(case)))]
    authority = case.evidence.target.authority
    return NoSharedCipher.finding(
        f"{authority} accepts only cipher suites that this client does not offer: {offers.suite_names(theirs)}",
        expected=f"one of this client's {len(ours)} suites: {offers.suite_names(ours)} ({offers.why_so_little(case)})",
        actual=f"the server accepts {offers.suite_names(theirs)}",
        remedies=_cipher_remedies(case, theirs),
    )


def _fits(code: int, version: int) -> bool:
    suite = suites().get(code)
    return suite is None or suite.tls13 == (version == TLS_1_3)


def _cipher_remedies(case: Case, theirs: tuple[int, ...]) -> list[Remedy]:
    text = "enable suites with ECDHE and AES-GCM or ChaCha20 (RFC 9325 section 4.2)"
    operator = Remedy(SERVER_OPERATOR, text, command=directives.SUITES)
    table = suites()
    usable = [table[code] for code in theirs if code in table and table[code].openssl and table[code].bits >= 112]
    usable = [suite for suite in usable if not suite.anonymous]
    if not usable:
        return [operator, Remedy(YOU, "wait for the server: what it accepts protects nothing")]
    best = max(usable, key=lambda suite: (suite.ephemeral_ec, suite.ephemeral_dh, suite.aead, suite.bits))
    cost = "past traffic can be read once the server's key leaks" if best.key_exchange == "RSA" else "it is weaker"
    level = "" if best.bits > 112 else "@SECLEVEL=1"
    mounted = one_host(
        case,
        f"until then, offer {best.openssl} to this one host; {cost}",
        f'context.set_ciphers("{best.openssl}:DEFAULT{level}")',
    )
    return [operator, mounted]


def _cipher_suspected(case: Case) -> Iterable[Finding]:
    """Yield what the bare alert allows to say where no probe, or none conclusively, was sent."""
    expected = f"one of this client's suites: {offers.suite_names(offers.offered_suites(case))}"
    unseen = not case.evidence.offer and offers.survey_of(case).certificate_request
    if case.evidence.chain or unseen:  # the server's certificate had come, or a demand that this library did not show
        return
    if offers.wavers(case):
        yield unsteady_finding(NoSharedCipher, case, expected)
    elif not offers.copies(case):
        yield NoSharedCipher.finding(
            f"{case.evidence.target.authority} turned this client's offer away",
            expected=expected,
            actual=f"alert {alert_name(case.evidence.observed.alert or 0)}",
            confidence="possible",
            alternatives=_SAME_ALERT,
            remedies=[
                Remedy(SERVER_OPERATOR, "look up in the TLS log why the handshake was refused"),
                *offers.checks(case, "compare what both sides offer"),
            ],
        )


_SAME_ALERT = (
    "the server wants a client certificate (client-certificate-required)",
    "the server speaks another version (protocol-version-mismatch)",
    "the server does not know the name asked for (unrecognized-server-name)",
)
