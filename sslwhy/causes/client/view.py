"""What is known of the client certificate in a failure: ours, and what the server demands and accepts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sslwhy.causes import offers
from sslwhy.facts import questions
from sslwhy.facts.peer import AlertReceived, ServerFlight
from sslwhy.facts.tls.names import TLS_1_3
from sslwhy.facts.x509 import der
from sslwhy.facts.x509.certificate import Certificate
from sslwhy.facts.x509.names import DistinguishedName
from sslwhy.text import clean, listed


if TYPE_CHECKING:
    from sslwhy.causes.case import Case
    from sslwhy.facts.client import ClientCertificate
    from sslwhy.facts.observed import Observed
    from sslwhy.facts.peer import CertificateRequest

CERTIFICATE_REQUIRED = 116
HANDSHAKE_FAILURE = 40
REFUSALS = frozenset({HANDSHAKE_FAILURE, 41, 42, 43, 44, 45, 46, 48, 49, 50, 51, CERTIFICATE_REQUIRED})
"""Alerts with which servers refuse a client certificate, or the lack of one (RFC 8446 section 6.2).

RFC 5246 leaves the lack of one to handshake_failure (40); Java and Go send bad_certificate (42), GnuTLS decode_error
(50).
"""
OF_CERTIFICATES = frozenset({41, 42, 43, 44, 45, 46, 48, 49, CERTIFICATE_REQUIRED})
"""Those of them that speak of a certificate, or of who its holder is, and of nothing else."""
ABSENT = frozenset({HANDSHAKE_FAILURE, 41, 42, 50, CERTIFICATE_REQUIRED})
"""Alerts that, in answer to no certificate at all after the server asked for one, have no other meaning."""

_PATH_LIMIT = 10


def may_concern_client_certificate(observed: Observed) -> bool:
    """Return whether an error can come from the client certificate: an alert, or a connection that just ended."""
    if observed.stage not in {"handshake", "read"} or observed.proxy or observed.verify_code is not None:
        return False
    return observed.alert in REFUSALS or observed.closed or observed.reset


@dataclass(frozen=True)
class ClientView:
    """A case, seen from the side of the client certificate."""

    case: Case

    @property
    def mine(self) -> ClientCertificate | None:
        """Return the certificate that the call carried, if it could be loaded."""
        mine = self.case.evidence.client_certificate or None
        return mine if mine and mine.problem is None and mine.certificates else None

    @property
    def request(self) -> CertificateRequest | None:
        """Return the server's demand, where TLS 1.2 let it be read."""
        return offers.survey_of(self.case).certificate_request

    @property
    def _told(self) -> int | None:
        """Return the alert that a handshake without a certificate was answered with."""
        heard = offers.survey_of(self.case).answer(questions.AFTER_HANDSHAKE)
        return heard.number if isinstance(heard, AlertReceived) else None

    @property
    def proven_demand(self) -> bool:
        """Return whether the server said that it goes on with a certificate only."""
        return self._told in ABSENT or self.case.evidence.observed.alert == CERTIFICATE_REQUIRED

    @property
    def demanded(self) -> bool:
        """Return whether the server asked for a certificate, be it optional or not."""
        return self.proven_demand or self._told in REFUSALS or self.request is not None

    @property
    def undemanded(self) -> bool:
        """Return whether the server ended its flight to a probe without a demand (TLS 1.2): it asks later or never."""
        heard = (answer for _, answer in offers.survey_of(self.case).variants)
        shown = any(isinstance(each, ServerFlight) and each.version < TLS_1_3 and each.complete for each in heard)
        return shown and not self.demanded

    @property
    def after_server_certificate(self) -> bool:
        """Return whether the failure came after the server had shown its own certificate: negotiation had succeeded."""
        return self.case.evidence.verified or bool(self.case.evidence.chain)

    @property
    def refused(self) -> bool:
        """Return whether the server refused the certificate that the call carried."""
        seen = self.case.evidence.observed
        if self.mine is None or not may_concern_client_certificate(seen) or not self.after_server_certificate:
            return False
        told = seen.alert is not None and seen.alert != HANDSHAKE_FAILURE
        return told or self.demanded

    @cached_property
    def certificates(self) -> tuple[Certificate, ...]:
        """Return the certificates of the file, read."""
        return tuple(map(Certificate.from_der, self.mine.certificates)) if self.mine else ()

    @cached_property
    def path(self) -> tuple[Certificate, ...]:
        """Return the path that the file holds: the end-entity and each issuer that is there."""
        return tuple(_path(list(self.certificates)))

    @cached_property
    def left_out(self) -> tuple[tuple[str, Certificate], ...]:
        """Return the intermediates that the file lacks and this machine holds, with where they are, nearest first."""
        if not self.path:
            return ()
        found: list[tuple[str, Certificate]] = []
        top = self.path[-1]
        while len(found) < _PATH_LIMIT and not top.is_self_issued and (link := self._issuer_of(top)):
            found.append(link)
            top = link[1]
        return tuple(link for link in found if not link[1].is_self_issued)

    def _issuer_of(self, certificate: Certificate) -> tuple[str, Certificate] | None:
        evidence = self.case.evidence
        held = [("the chain that the server itself presents", each) for each in evidence.chain or ()]
        held += list(self.mine.nearby) if self.mine else []
        if evidence.trust:
            held += [
                (evidence.trust.store.location or "the trust store", each) for each in evidence.trust.store.anchors
            ]
        return next(((where, c) for where, each in held if _issued(c := Certificate.from_der(each), certificate)), None)

    @cached_property
    def accepted(self) -> tuple[bytes, ...]:
        """Return the canonical names of the CAs that the server accepts; empty where it named none."""
        return tuple(name for each in (self.request.authorities if self.request else ()) if (name := _canonical(each)))

    @property
    def accepted_names(self) -> str:
        """Return these names as text, capped."""
        return listed(self.request.authority_names) if self.request and self.request.authority_names else ""

    def accepts_issuer(self, certificate: Certificate) -> bool:
        """Return whether the server named the certificate's issuer."""
        return certificate.issuer_name.canonical in self.accepted

    @property
    def describes_ours(self) -> str:
        """Return our certificate in words: subject, serial number and issuer."""
        if not self.certificates:
            return "the client certificate"
        first = self.certificates[0]
        subject = clean(first.subject) or "(empty subject)"
        return f"{subject}, serial number {first.serial:X}, issued by {clean(first.issuer)}"


def _path(certificates: list[Certificate]) -> list[Certificate]:
    path = certificates[:1]
    while path and not path[-1].is_self_issued and len(path) < _PATH_LIMIT:
        issuer = next((each for each in certificates if _issued(each, path[-1])), None)
        if issuer is None or issuer in path:
            break
        path.append(issuer)
    return path


def _issued(issuer: Certificate, certificate: Certificate) -> bool:
    same = issuer.subject_name.canonical == certificate.issuer_name.canonical
    return same and issuer.is_ca and issuer != certificate and certificate.names_as_issuer(issuer)


def _canonical(name: bytes) -> bytes:
    try:
        return DistinguishedName.from_element(der.read(name)).canonical
    except der.DerError:
        return b""
