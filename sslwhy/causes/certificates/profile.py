"""Content: certificates that OpenSSL cannot read, does not know all of, or that break the strict profile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sslwhy.causes.certificates import view as path_view
from sslwhy.causes.certificates.content import ContentCause
from sslwhy.causes.certificates.remedies import reissue
from sslwhy.causes.certificates.view import PathCause
from sslwhy.causes.one_host import one_host
from sslwhy.facts.missing import Missing
from sslwhy.report.values import SERVER_OPERATOR, Remedy, TrustChange
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sslwhy.causes.case import Case
    from sslwhy.causes.path.faults import Fault
    from sslwhy.facts.observed import Observed
    from sslwhy.report.values import Finding

_CAP = 240
_DETAIL_CAP = 100
_DECODING = frozenset({"ASN1_LIB", "CERT_LENGTH_MISMATCH"})
"""OpenSSL's reasons for giving up on a Certificate message before any path is built."""


class StrictProfileViolation(ContentCause):
    """A certificate lacks what the strict profile of RFC 5280 wants, which Python checks from 3.13 on.

    Seen as:
        ``Missing Authority Key Identifier``, ``Basic Constraints of CA cert not marked critical``, ``CA cert does not
        include key usage extension``, ``Missing Subject Key Identifier`` and others (verify codes 78, 80 to 93),
        since an update to Python 3.13.

    What it is:
        ``ssl.create_default_context()`` sets ``VERIFY_X509_STRICT`` there. Private authorities and inspecting
        products often leave out extensions that RFC 5280 demands; other clients, and Python before 3.13, do not mind.

    How it is found:
        The rules of OpenSSL's strict mode are applied to every certificate of the path, the trust anchor included;
        the finding names the certificate and the rule.

    What to do:
        Re-issue the certificate with the extension. Until then the flag can be taken off for this one host:
        signatures, names and dates are still verified.
    """

    code = "strict-profile-violation"
    kind = "strict-profile"
    problem = "breaks the strict profile of RFC 5280"

    @classmethod
    def remedies(cls, fault: Fault, case: Case) -> Iterator[Remedy]:
        """Yield the new certificate first; the dropped flag only where it is enough."""
        yield reissue(f"re-issue the certificate with {clean(fault.expected, 160)}")
        relaxed = case.path_unless_strict
        if not isinstance(relaxed, Missing) and not relaxed.faults:
            text = "until then, verify this one host without the strict profile, as Python did before 3.13"
            remedy = one_host(case, text, *_RELAX)
            yield replace(remedy, change=TrustChange(strict=False))


_RELAX = ("context.verify_flags &= ~ssl.VERIFY_X509_STRICT",)


class UnhandledCriticalExtension(ContentCause):
    """A certificate carries a critical extension that OpenSSL does not know.

    Seen as:
        ``certificate verify failed: unhandled critical extension`` (verify code 34).

    What it is:
        "Critical" means that a client which does not understand the extension must refuse the certificate (RFC 5280
        section 4.2). Besides private extensions, a key identifier marked critical counts here as well.

    How it is found:
        The critical extensions of every certificate on the path are compared with those that OpenSSL handles.

    What to do:
        Re-issue the certificate with the extension not marked critical.
    """

    code = "unhandled-critical-extension"
    specificity = 57
    kind = "critical-extension"
    problem = "has an extension that OpenSSL does not handle"

    @classmethod
    def remedies(cls, fault: Fault, case: Case) -> Iterator[Remedy]:
        """Yield the new certificate."""
        del fault, case
        yield reissue("re-issue the certificate without the extension, or with it not marked critical")


class MalformedCertificate(PathCause):
    """A certificate cannot be read, or parts of it that OpenSSL needs cannot.

    Seen as:
        An error of the ASN.1 decoder in the middle of the handshake where the certificate as a whole cannot be read;
        ``unable to get local issuer certificate`` (verify code 20) where an extension cannot be read or occurs twice,
        for OpenSSL then never finds an issuer; ``format error in certificate's notBefore field`` (13) or ``notAfter``
        (14).

    What it is:
        Home-made certificate software, a damaged file, or a hostile server.

    How it is found:
        Every certificate is read the way OpenSSL reads it, and what it would call invalid is named.

    What to do:
        Re-issue the certificate with sound software.
    """

    code = "malformed-certificate"
    topic = "content"
    specificity = 58

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the verify code, or the decoder that failed, speaks of an unreadable certificate."""
        return _cannot_decode(observed) or super().explains(observed)

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield a finding for each certificate that cannot be read."""
        if isinstance(case.path, Missing) and _cannot_decode(case.evidence.observed):
            yield cls.finding(
                f"{case.evidence.target.authority} sent a certificate that cannot be read",
                expected="certificates in DER (RFC 5280 section 4.1)",
                actual=f"OpenSSL's decoder gave up: {case.evidence.observed.reason}",
                confidence="likely",
                alternatives=("a device on the way damages the handshake",),
                remedies=_SOUND,
            )
        for fault in path_view.faults(case, "unreadable", "malformed", "empty-chain"):
            actual = clean(fault.actual, _CAP)
            missing = fault.certificate is None
            yield cls.finding(
                f"{case.evidence.target.authority} sent no certificate"
                if missing
                else f"{path_view.role_of(fault, case)} is malformed: {clean(actual, _DETAIL_CAP)}",
                depth=fault.depth,
                expected=fault.expected,
                actual=actual,
                confidence=path_view.confidence(case),
                certificate=path_view.fingerprint_of(fault),
                remedies=_NO_CERTIFICATE if missing else _SOUND,
            )


_NO_CERTIFICATE = (Remedy(SERVER_OPERATOR, "configure a certificate for this listener, and serve it"),)
_SOUND = (Remedy(SERVER_OPERATOR, "re-issue the certificate with sound software, and deploy it undamaged"),)


def _cannot_decode(observed: Observed) -> bool:
    return observed.stage == "handshake" and observed.reason in _DECODING
