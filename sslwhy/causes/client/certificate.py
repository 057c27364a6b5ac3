"""Client certificate causes on the server's side: demanded and absent, or presented and refused."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from sslwhy.causes.client.demand import Refusal, in_words
from sslwhy.causes.client.view import CERTIFICATE_REQUIRED, OF_CERTIFICATES, ClientView
from sslwhy.facts.tls.alerts import alert_name
from sslwhy.report.values import SERVER_OPERATOR, YOU, Remedy
from sslwhy.text import clean, span, utc


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sslwhy.causes.case import Case
    from sslwhy.facts.observed import Observed
    from sslwhy.facts.x509.certificate import Certificate
    from sslwhy.report.values import Confidence, Finding

_EXPIRED, _REVOKED, _UNKNOWN_CA, _ACCESS_DENIED = 45, 44, 48, 49


class ClientCertificateExpired(Refusal):
    """The client certificate is not valid now.

    Seen as:
        ``SSLV3_ALERT_CERTIFICATE_EXPIRED``, ``SSLV3_ALERT_CERTIFICATE_UNKNOWN``, ``SSLV3_ALERT_BAD_CERTIFICATE``.

    What it is:
        The period of the client certificate, or of an intermediate sent with it, is over or has not begun.

    How it is found:
        The dates in the certificate's file are compared with the local clock.

    What to do:
        Renew the certificate and deploy it to every machine that calls the service.
    """

    code = "client-certificate-expired"
    specificity = 68
    supersedes = frozenset({"client-certificate-rejected"})

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the file holds an outdated certificate, or the server says so."""
        view, now = ClientView(case), case.evidence.machine.now
        if not view.refused:
            return
        outdated = next((each for each in view.path if each.not_after and each.not_after < now), None)
        early = next((each for each in view.path if each.not_before and each.not_before > now), None)
        if bad := outdated or early:
            yield _outdated(case, bad, late=outdated is not None)
        elif case.evidence.observed.alert == _EXPIRED:
            yield _expired_elsewhere(view)


def _outdated(case: Case, bad: Certificate, *, late: bool) -> Finding:
    now = case.evidence.machine.now
    view, moment = ClientView(case), (bad.not_after if late else bad.not_before) or now
    when = f"expired {utc(moment)} ({span(now - moment)} ago)" if late else f"is valid only from {utc(moment)}"
    own = bad == view.path[0]
    role = "the client certificate" if own else "the intermediate sent with the client certificate,"
    return ClientCertificateExpired.finding(
        f'{role} "{clean(bad.label)}"{"" if own else ","} {when}',
        expected="a client certificate and intermediates that are valid now",
        actual=f"{'notAfter' if late else 'notBefore'} {utc(moment)}; now {utc(now)} (local clock); "
        f"{_met(case.evidence.observed)}",
        confidence="likely" if view.undemanded else "confirmed",
        alternatives=_UNASKED * view.undemanded,
        certificate=bad.sha256,
        remedies=_outdated_remedies(case, own=own, late=late),
    )


def _outdated_remedies(case: Case, *, own: bool, late: bool) -> Iterator[Remedy]:
    path = _path_of(case)
    if not late:
        yield Remedy(YOU, "use the previous client certificate until then; see that the local clock is right")
    elif own:
        yield Remedy(YOU, "have the client certificate renewed and deploy it to every machine that calls the service")
    else:
        yield Remedy(YOU, f"replace the intermediate in {path} by the issuer's current one")
    if own:
        dates = f"openssl x509 -in {shlex.quote(path)} -noout -dates"
        yield Remedy(YOU, "see the dates of the file in use", command=dates)


def _path_of(case: Case) -> str:
    mine = case.evidence.client_certificate or None
    return clean((mine and mine.certificate_path) or "client.pem")


def _met(seen: Observed) -> str:
    return f"alert {alert_name(seen.alert)}" if seen.alert is not None else "the connection ended without an alert"


def _expired_elsewhere(view: ClientView) -> Finding:
    return ClientCertificateExpired.finding(
        "the server says that the client certificate has expired, though its dates are good",
        expected="a client certificate that is valid by the server's clock",
        actual=f"{view.describes_ours}: valid by this machine's clock",
        confidence="likely",
        alternatives=["the server's clock is wrong", "an intermediate or CRL that the server uses has expired"],
        remedies=[
            Remedy(SERVER_OPERATOR, "check the clock and the expiry of the CA certificates and CRLs for callers")
        ],
    )


class ClientChainIncomplete(Refusal):
    """The client certificate was sent without its intermediate.

    Seen as:
        ``TLSV1_ALERT_UNKNOWN_CA``, and from some servers ``SSLV3_ALERT_BAD_CERTIFICATE`` or
        ``SSLV3_ALERT_CERTIFICATE_UNKNOWN``.

    What it is:
        The server trusts a root, and between that and the client certificate stands an intermediate that only the
        client can send. The certificate's file holds the end-entity alone.

    How it is found:
        The path in the file ends below a CA that the server accepts. The missing intermediate is found in a file
        beside, in the trust store or in the server's own chain.

    What to do:
        Append the intermediate to the certificate's file, after the client certificate.
    """

    code = "client-chain-incomplete"
    specificity = 67

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where an intermediate is missing that leads on to what the server accepts."""
        view = ClientView(case)
        if not view.refused or not view.left_out or view.accepts_issuer(view.path[-1]):
            return
        leads = any(view.accepts_issuer(link) for _, link in view.left_out)
        if view.accepted and not leads:
            return
        where, link = view.left_out[0]
        names = view.accepted_names
        yield cls.finding(
            f'the client certificate was sent without its intermediate "{clean(link.label)}"',
            expected="the client certificate, then each intermediate up to a CA that the server accepts"
            + (f": {names}" if names else ""),
            actual=f"{len(view.certificates)} certificate{'s' * (len(view.certificates) > 1)} sent; "
            f"{view.describes_ours}; {_met(case.evidence.observed)}",
            confidence="confirmed" if leads else "likely",
            alternatives=[] if leads else ["the server does not trust this CA at all (client-certificate-untrusted)"],
            certificate=view.path[0].sha256,
            remedies=[
                Remedy(
                    YOU,
                    f'append the intermediate "{clean(link.label)}" to {_path_of(case)}; it is in {clean(where)}',
                ),
                Remedy(SERVER_OPERATOR, "or add the intermediate to the CAs that are accepted for callers"),
            ],
        )


class ClientCertificateUntrusted(Refusal):
    """The server does not trust the CA of the client certificate.

    Seen as:
        ``TLSV1_ALERT_UNKNOWN_CA``.

    What it is:
        The server looked for the issuer of the client certificate among the CAs that it accepts and did not find it: a
        certificate of another environment, of another partner, or self-made. The same alert comes where only our
        intermediate is missing.

    How it is found:
        The names of the accepted CAs are read from the server's CertificateRequest, in TLS 1.2 plain text, and put
        beside the issuer of ours.

    What to do:
        Use the certificate that was issued for this service and environment, or have the server's operator accept the
        CA of yours.
    """

    code = "client-certificate-untrusted"
    specificity = 66

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the server names an unknown CA."""
        view = ClientView(case)
        if not view.refused or case.evidence.observed.alert != _UNKNOWN_CA or any(ClientChainIncomplete.find(case)):
            return
        named = bool(view.accepted) and not any(map(view.accepts_issuer, view.path))
        whole = bool(view.path) and view.path[-1].is_self_issued
        names, sure = view.accepted_names, (whole and not view.undemanded) or (named and len(view.path) > 1)
        yield cls.finding(
            f"{case.evidence.target.authority} does not trust the CA of the client certificate",
            expected=f"a client certificate issued by one of: {names}"
            if names
            else "a client certificate issued by a CA that the server trusts",
            actual=f"{view.describes_ours}; alert {alert_name(_UNKNOWN_CA)}",
            confidence="confirmed" if sure else "likely",
            alternatives=[]
            if sure
            else ["an intermediate is missing from the certificate's file (client-chain-incomplete)"],
            certificate=view.path[0].sha256 if view.path else None,
            remedies=[
                Remedy(YOU, "use the client certificate that was issued for this service and this environment"),
                Remedy(SERVER_OPERATOR, "or add the CA of this certificate to those that are accepted for callers"),
            ],
        )


class ClientCertificateRejected(Refusal):
    """The server refused the client certificate.

    Seen as:
        ``SSLV3_ALERT_BAD_CERTIFICATE``, ``SSLV3_ALERT_CERTIFICATE_UNKNOWN``, ``SSLV3_ALERT_UNSUPPORTED_CERTIFICATE``,
        ``SSLV3_ALERT_CERTIFICATE_REVOKED``, ``TLSV1_ALERT_ACCESS_DENIED``, ``TLSV1_ALERT_DECRYPT_ERROR``.

    What it is:
        The server received the certificate and does not accept it: revoked, of the wrong purpose (its extended key
        usage lacks clientAuth), not registered for this service, or too weak for the server.

    How it is found:
        The alert, after a client certificate was sent that this side finds nothing wrong with, or whose extended key
        usage lacks clientAuth.

    What to do:
        Ask the server's operator what the log says about this certificate; the report names its subject, serial number
        and issuer.
    """

    code = "client-certificate-rejected"
    specificity = 60
    told_in_answers = True

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the server refused, for a reason that the alert hints at."""
        view, seen = ClientView(case), case.evidence.observed
        if (verdict := case.answer) and verdict.code == cls.code:
            yield rejected_finding(case, in_words(verdict), confidence=verdict.confidence)
        if not view.refused or seen.alert in {_UNKNOWN_CA, _EXPIRED, CERTIFICATE_REQUIRED}:
            return
        why, told = _why(view, seen), seen.alert in OF_CERTIFICATES
        unasked: Confidence = "likely" if told else "possible"
        asked: Confidence = "confirmed" if told or why else "likely"
        yield rejected_finding(case, _met(seen), why, confidence=unasked if view.undemanded else asked)


def rejected_finding(case: Case, met: str, why: str = "", *, confidence: Confidence = "confirmed") -> Finding:
    """Return the finding that the client certificate was refused; ``met`` says how, ``why`` begins with a colon."""
    view = ClientView(case)
    return ClientCertificateRejected.finding(
        f"{case.evidence.target.authority} refused the client certificate{why}",
        expected="a client certificate that the server accepts",
        actual=f"{view.describes_ours}; {met}" if view.certificates else met,
        confidence=confidence,
        alternatives=[] if confidence == "confirmed" else [*_ELSE, *_UNASKED * view.undemanded],
        certificate=view.certificates[0].sha256 if view.certificates else None,
        remedies=[
            *_REMEDY_FOR.get(why, ()),
            Remedy(SERVER_OPERATOR, "look up in the TLS log why this certificate was refused"),
            Remedy(YOU, "check that this certificate is the one registered with this very service and URL"),
        ],
    )


_ELSE = (
    "the server does not trust its CA (client-certificate-untrusted)",
    "an intermediate is missing from its file (client-chain-incomplete)",
    "the server refused the call for another reason of its own",
)
_UNASKED = ("the certificate was never asked for: a probe was not, though the server may ask later than that",)
_IS_REVOKED, _NOT_FOR_CLIENTS = ": it is revoked", ": its extended key usage lacks clientAuth"
_REMEDY_FOR = {
    _IS_REVOKED: (Remedy(YOU, "have a new client certificate issued, with a new key"),),
    _NOT_FOR_CLIENTS: (Remedy(YOU, "have the client certificate re-issued with extended key usage clientAuth"),),
}
_CLIENT_AUTH, _ANY_USAGE = "1.3.6.1.5.5.7.3.2", "2.5.29.37.0"


def _why(view: ClientView, seen: Observed) -> str:
    if seen.alert == _REVOKED:
        return _IS_REVOKED
    if seen.alert == _ACCESS_DENIED:
        return ": it may not use this service"
    usages = view.certificates[0].extensions.extended_key_usage
    if usages is not None and not {_CLIENT_AUTH, _ANY_USAGE} & set(usages):
        return _NOT_FOR_CLIENTS
    return ""
