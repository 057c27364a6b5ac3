"""Path building as OpenSSL 3 does it: trust store first, then the presented certificates, without backtracking."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sslwhy.causes.path.faults import Link, Path, Skipped
from sslwhy.causes.path.signatures import is_readable, signed_by
from sslwhy.causes.verify_codes import VerifyCode


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sslwhy.causes.path.faults import PathRules
    from sslwhy.facts.x509.certificate import Certificate

_REPORTED = 8


class Anchors:
    """A trust store, indexed by subject."""

    def __init__(self, certificates: Iterable[Certificate]) -> None:
        self._by_subject: dict[bytes, list[Certificate]] = defaultdict(list)
        seen = set()
        for certificate in certificates:
            if certificate.unreadable is None and certificate.der not in seen:
                seen.add(certificate.der)
                self._by_subject[certificate.subject_name.canonical].append(certificate)

    def issuers(self, certificate: Certificate) -> Sequence[Certificate]:
        """Return the anchors that bear the issuer's name, in the order of the store."""
        return self._by_subject.get(certificate.issuer_name.canonical, ())

    def holds(self, certificate: Certificate) -> bool:
        """Return whether the certificate itself is in the store."""
        return certificate in self._by_subject.get(certificate.subject_name.canonical, ())


def build(presented: Sequence[Certificate], anchors: Anchors, rules: PathRules) -> Path:
    """Build the path that OpenSSL would (``build_chain`` with ``X509_V_FLAG_TRUSTED_FIRST``)."""
    return _Builder(presented, anchors, rules).build()


class _Builder:
    def __init__(self, presented: Sequence[Certificate], anchors: Anchors, rules: PathRules) -> None:
        self._anchors = anchors
        self._rules = rules
        self._links = [Link(presented[0], 0, anchor=False)]
        self._untrusted = 1
        self._rest: dict[bytes, list[Link]] = defaultdict(list)
        for position, certificate in enumerate(presented):
            link = Link(certificate, position, anchor=False)
            self._rest[certificate.subject_name.canonical].append(link)
        self._in_path = {presented[0].der}
        self._skipped: list[Skipped] = []

    def build(self) -> Path:
        trusted = self._extend()
        if not trusted and self._rules.partial_chain and self._untrusted == len(self._links) <= self._limit:
            trusted = self._pin()
        failure = VerifyCode.OK if trusted else self._failure()
        return Path(links=tuple(self._links), untrusted=self._untrusted, failure=failure, skipped=tuple(self._skipped))

    @property
    def _limit(self) -> int:
        return self._rules.depth_limit + 1

    def _extend(self) -> bool:
        # The store is asked at every step; the presented certificates only until it has helped once.
        ask_presented = True
        while True:
            grown = self._from_store()
            if grown:
                ask_presented = False
                top = self._links[-1].certificate
                if _self_signed(top) or self._rules.partial_chain:
                    return True
                continue
            if not ask_presented:
                return False
            ask_presented = self._from_presented()

    def _from_store(self) -> bool:
        current = self._links[-1].certificate
        issuer = self._store_issuer(current)
        if issuer is None:
            return False
        if not _self_signed(current):
            self._links.append(Link(issuer, self._position(issuer), anchor=True))
            return True
        if issuer != current:
            self._skip(issuer, None, "it has the same name but is another certificate")
            return False
        self._links[-1] = Link(issuer, self._links[-1].position, anchor=True)
        self._untrusted = len(self._links) - 1
        return True

    def _position(self, certificate: Certificate) -> int | None:
        links = self._rest[certificate.subject_name.canonical]
        return next((link.position for link in links if link.certificate == certificate), None)

    def _store_issuer(self, current: Certificate) -> Certificate | None:
        if len(self._links) > self._limit:
            return None
        candidates = (Link(candidate, None, anchor=True) for candidate in self._anchors.issuers(current))
        chosen = self._preferred(link for link in candidates if self._likely_issued(current, link))
        return chosen.certificate if chosen else None

    def _from_presented(self) -> bool:
        current = self._links[-1].certificate
        if _self_signed(current) or len(self._links) > self._limit:
            return False
        rest = self._rest[current.issuer_name.canonical]
        chosen = self._preferred(
            link for link in rest if self._likely_issued(current, link) and self._may_follow(current, link)
        )
        if chosen is None:
            self._note_loop(current)
            return False
        rest.remove(chosen)
        self._links.append(chosen)
        self._in_path.add(chosen.certificate.der)
        self._untrusted += 1
        return True

    def _may_follow(self, current: Certificate, link: Link) -> bool:
        # A self-issued end-entity may be its own issuer; nothing else comes twice.
        return link.certificate.der not in self._in_path or (current.is_self_issued and len(self._links) == 1)

    def _note_loop(self, current: Certificate) -> None:
        for link in self._links[:-1]:
            if link.certificate.subject_name.canonical == current.issuer_name.canonical:
                self._skip(link.certificate, link.position, "it is on the path already: the issuers form a loop")

    def _preferred(self, candidates: Iterable[Link]) -> Link | None:
        # The first that is valid now; else the first of those that expire last.
        best: Link | None = None
        for candidate in candidates:
            if self._valid_now(candidate.certificate):
                return candidate
            if best is None or _later(candidate.certificate, best.certificate):
                best = candidate
        return best

    def _valid_now(self, certificate: Certificate) -> bool:
        first, last = certificate.not_before, certificate.not_after
        return first is not None and last is not None and first <= self._rules.now < last

    def _likely_issued(self, subject: Certificate, candidate: Link) -> bool:
        issuer = candidate.certificate
        if issuer.problems:
            reason = f"it is invalid: {issuer.problems[0]}"
        elif subject.problems:
            reason = f"the certificate below it is invalid: {subject.problems[0]}"
        elif not subject.names_as_issuer(issuer):
            reason = "the authority key identifier below it names another certificate"
        elif subject.inner_algorithm.key_kind is None:
            reason = f"OpenSSL does not know the algorithm that signed what is below it: {subject.inner_algorithm.name}"
        elif not subject.signed_by_kind(issuer) or not is_readable(issuer.key):
            reason = "its key cannot make the signature of the certificate below it"
        else:
            return True
        self._skip(issuer, candidate.position, reason, malformed=bool(issuer.problems))
        return False

    def _skip(self, candidate: Certificate, position: int | None, reason: str, *, malformed: bool = False) -> None:
        depth = len(self._links) - 1
        known = any(one.certificate == candidate and one.depth == depth for one in self._skipped)
        if not known and len(self._skipped) < _REPORTED:
            signer = signed_by(self._links[-1].certificate, candidate) is True
            self._skipped.append(Skipped(candidate, position, depth, reason, malformed, signer))

    def _pin(self) -> bool:
        first = self._links[0]
        if not self._anchors.holds(first.certificate):
            return False
        self._links[0] = Link(first.certificate, first.position, anchor=True)
        self._untrusted = 0
        return True

    def _failure(self) -> VerifyCode:
        if len(self._links) > self._limit:
            return VerifyCode.CERT_CHAIN_TOO_LONG
        if _self_signed(self._links[-1].certificate):
            if len(self._links) == 1:
                return VerifyCode.DEPTH_ZERO_SELF_SIGNED_CERT
            return VerifyCode.SELF_SIGNED_CERT_IN_CHAIN
        if self._untrusted < len(self._links):
            return VerifyCode.UNABLE_TO_GET_ISSUER_CERT
        return VerifyCode.UNABLE_TO_GET_ISSUER_CERT_LOCALLY


def _self_signed(certificate: Certificate) -> bool:
    # X509_self_signed() gives up on a certificate that it calls invalid and on a key that it cannot read.
    return not certificate.problems and certificate.is_self_signed and is_readable(certificate.key)


def _later(one: Certificate, other: Certificate) -> bool:
    return one.not_after is not None and other.not_after is not None and one.not_after > other.not_after
