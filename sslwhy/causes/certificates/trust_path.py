"""Path: the chain does not reach a trust anchor, or a link of it does not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes.certificates import remedies
from sslwhy.causes.certificates import view as path_view
from sslwhy.causes.certificates.issuer_clues import passed_over, vouched_elsewhere
from sslwhy.causes.certificates.view import PathCause
from sslwhy.facts.missing import Missing
from sslwhy.report.values import SERVER_OPERATOR, YOU, Remedy
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sslwhy.causes.case import Case
    from sslwhy.causes.path.faults import Fault
    from sslwhy.facts.observed import Observed
    from sslwhy.report.values import Finding

OWN_CA = "hand the root to your clients in a safe way, or use a certificate from an authority that they trust already"
"""What whoever runs a private authority can do."""


class SelfSignedCertificate(PathCause):
    """The server's certificate is signed by its own key and is no trust anchor.

    Seen as:
        ``certificate verify failed: self-signed certificate`` (verify code 18).

    What it is:
        Nobody but the server itself vouches for the certificate: the default of appliances, IIS, ESXi, cameras and
        test systems.

    How it is found:
        Subject and issuer of the end-entity are one name, and the trust store does not hold this very certificate.

    What to do:
        The server's operator uses a certificate from an authority that its clients trust. Until then the certificate
        itself can be trusted, after its fingerprint was compared with its owner's.
    """

    code = "self-signed-certificate"
    topic = "path"
    specificity = 60

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding for a self-signed end-entity."""
        for fault in path_view.faults(case, "self-signed"):
            if fault.certificate is None or vouched_elsewhere(case):
                continue
            yield cls.finding(
                f"{path_view.role_of(fault, case)} is self-signed, and no trust anchor",
                depth=fault.depth,
                expected=fault.expected,
                actual=f"{clean(fault.certificate.subject, 200) or '(no name)'}, signed by its own key",
                confidence=path_view.confidence(case),
                certificate=fault.certificate.sha256,
                remedies=[
                    remedies.reissue(
                        "use a certificate from a public authority, or from your own CA that clients trust"
                    ),
                    *remedies.trust(case, fault.certificate),
                ],
            )


class UntrustedRoot(PathCause):
    """The path ends in a root that the trust store does not hold.

    Seen as:
        ``certificate verify failed: self-signed certificate in certificate chain`` (verify code 19).

    What it is:
        The server sends its whole chain, root included, and that root belongs to a private authority, to an
        inspecting product on the way, or to a public one that the store does not know.

    How it is found:
        The last certificate of the path is self-signed, was presented, and is not among the trust anchors in force.

    What to do:
        Trust the root after its fingerprint was compared with its owner's, or have the server use an authority that
        is trusted already.
    """

    code = "untrusted-root"
    topic = "path"
    specificity = 60

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding for a presented root that is not trusted."""
        for fault in path_view.faults(case, "untrusted-root"):
            if fault.certificate is None or vouched_elsewhere(case):
                continue
            yield cls.finding(
                f"{case.evidence.target.authority} presents a chain to the root "
                f"{path_view.name_of(fault.certificate)}, which is no trust anchor",
                depth=fault.depth,
                expected=fault.expected,
                actual=f"the path ends in {clean(fault.certificate.subject, 160)}{passed_over(case, fault)}",
                confidence=path_view.confidence(case),
                certificate=fault.certificate.sha256,
                remedies=[
                    *remedies.avoid_detour(case),
                    Remedy(SERVER_OPERATOR, OWN_CA),
                    *remedies.trust(case, fault.certificate),
                ],
            )


class ChainTooLong(PathCause):
    """The path has more certificates than the client follows.

    Seen as:
        ``certificate verify failed: certificate chain too long`` (verify code 22); ``EXCESSIVE_MESSAGE_SIZE`` in the
        middle of the handshake.

    What it is:
        Issuers that lead on to further issuers, in practice certificates of a trust store that name each other in a
        circle, or a hostile server. Or the Certificate message itself is over OpenSSL's limit of 100 KiB
        (``SSL_MAX_CERT_LIST_DEFAULT``): too many certificates, or one with thousands of names.

    How it is found:
        The path that OpenSSL builds passes its depth limit without an end. The size of the message is read from a
        ClientHello of TLS 1.2.

    What to do:
        Take the circle of cross-signed certificates out of the bundle, or out of the served chain.
    """

    code = "chain-too-long"
    topic = "path"
    specificity = 60

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the verify code says so, or the Certificate message was refused for its size."""
        return observed.reason == _OVERSIZED or super().explains(observed)

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the path passes the limit, or the Certificate message does."""
        if case.evidence.observed.reason == _OVERSIZED:
            yield _oversized(case)
        for fault in path_view.faults(case, "chain-too-long"):
            side = YOU if fault.anchor else SERVER_OPERATOR
            where = "the trust store" if fault.anchor else "the served chain"
            yield cls.finding(
                f"certificate path of {case.evidence.target.authority} does not end within the depth limit",
                subject="local" if fault.anchor else "server",
                depth=fault.depth,
                expected=fault.expected,
                actual=fault.actual,
                confidence=path_view.confidence(case),
                certificate=path_view.fingerprint_of(fault),
                remedies=[Remedy(side, f"take certificates that name each other in a circle out of {where}")],
            )


_OVERSIZED = "EXCESSIVE_MESSAGE_SIZE"
_MESSAGE_LIMIT = 100 * 1024


def _oversized(case: Case) -> Finding:
    chain = case.evidence.peer.chain if case.evidence.peer else ()
    size = f"{len(chain)} certificates of {sum(map(len, chain))} bytes" if chain else "more than that"
    return ChainTooLong.finding(
        f"the Certificate message of {case.evidence.target.authority} is over OpenSSL's limit",
        expected=f"a Certificate message of at most {_MESSAGE_LIMIT} bytes",
        actual=f"{size}; {_OVERSIZED}",
        remedies=[Remedy(SERVER_OPERATOR, "serve a certificate with fewer names, and no certificate more than needed")],
    )


class InvalidSignature(PathCause):
    """A signature on the path was not made by the issuer's key.

    Seen as:
        ``certificate verify failed: certificate signature failure`` (verify code 7).

    What it is:
        A certificate was changed after it was signed, or the issuer with the right name has another key: an authority
        was set up anew under its old name, and old and new certificates got mixed.

    How it is found:
        The signature is checked with the public key of the next certificate on the path.

    What to do:
        The server's operator serves the certificates that belong together; an outdated root of that name is replaced
        in the trust store.
    """

    code = "invalid-signature"
    topic = "path"
    specificity = 50

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield a finding for each signature that its issuer's key does not verify."""
        for fault in path_view.faults(case, "signature"):
            yield cls.finding(
                f"signature of {path_view.role_of(fault, case)} does not verify",
                depth=fault.depth,
                expected=fault.expected,
                actual=clean(fault.actual, 240),
                confidence=path_view.confidence(case),
                certificate=path_view.fingerprint_of(fault),
                remedies=[
                    *remedies.avoid_detour(case),
                    Remedy(SERVER_OPERATOR, "serve a certificate and an issuer that belong together, or re-issue it"),
                    *_outdated_anchor(case, fault),
                ],
            )


def _outdated_anchor(case: Case, fault: Fault) -> Iterator[Remedy]:
    above = () if isinstance(case.path, Missing) else case.path.path[fault.depth + 1 :]
    if above and above[0].anchor:
        name = path_view.name_of(above[0].certificate)
        yield Remedy(
            YOU, f"if {name} in the trust store is outdated, replace it by the authority's current certificate"
        )
