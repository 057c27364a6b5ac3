"""Revocation: a certificate was withdrawn, or nobody can say whether it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes.certificates.remedies import reissue
from sslwhy.causes.certificates.view import PathCause
from sslwhy.causes.verify_codes import VerifyCode, causes_of, verify_message
from sslwhy.report.values import ADMINISTRATOR, YOU, Remedy


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sslwhy.causes.case import Case
    from sslwhy.facts.observed import Observed
    from sslwhy.report.values import Finding


class _Revocation(PathCause):
    topic = "content"
    specificity = 51

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the verify code speaks of revocation; without one nothing else does."""
        return cls.code in causes_of(observed.verify_code)


class CertificateRevoked(_Revocation):
    """The issuer has withdrawn the certificate.

    Seen as:
        ``certificate verify failed: certificate revoked`` (verify code 23).

    What it is:
        A certificate revocation list that the program loaded into its context names the certificate: its key leaked,
        it was replaced, or it was issued wrongly.

    How it is found:
        OpenSSL says so; it only looks where the flag ``VERIFY_CRL_CHECK_LEAF`` or ``VERIFY_CRL_CHECK_CHAIN`` is set.

    What to do:
        The server's operator replaces the certificate, and its key.
    """

    code = "certificate-revoked"

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where OpenSSL reports a revoked certificate."""
        if not cls.explains(case.evidence.observed):
            return
        yield cls.finding(
            f"a certificate of {case.evidence.target.authority} was revoked by its issuer",
            expected="certificates that no revocation list names",
            actual="a revocation list in force names one",
            remedies=[reissue("replace the certificate together with its key")],
        )


class RevocationUnknown(_Revocation):
    """Revocation was to be checked, but there is no usable revocation list.

    Seen as:
        ``certificate verify failed: unable to get certificate CRL`` (verify code 3), ``CRL has expired`` (12) and
        others that speak of a CRL.

    What it is:
        The context checks CRLs, but OpenSSL never downloads one: the list of every issuer concerned has to be loaded
        into the context, and renewed before it expires.

    How it is found:
        The verify code, and the flags of the context that failed.

    What to do:
        Load current lists with ``load_verify_locations``, or take the flag off.
    """

    code = "revocation-unknown"

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where OpenSSL reports that revocation cannot be checked."""
        observed = case.evidence.observed
        if observed.verify_code is None or not cls.explains(observed):
            return
        yield cls.finding(
            f"revocation of the certificate of {case.evidence.target.authority} cannot be checked",
            depth=0,
            expected="a current revocation list of the issuer in the context",
            actual=verify_message(observed.verify_code),
            remedies=_crl_remedies(observed.verify_code),
        )


def _crl_remedies(code: int) -> Iterator[Remedy]:
    loaded = code != VerifyCode.UNABLE_TO_GET_CRL
    what = "renew the issuer's revocation list" if loaded else "download the issuer's revocation list"
    yield Remedy(
        ADMINISTRATOR,
        f"{what} and convert it to PEM; OpenSSL never fetches one by itself",
        command="openssl crl -inform DER -in issuer.crl -out issuer-crl.pem",
    )
    yield Remedy(YOU, "load the list into the context", snippet=_WITH_LIST)
    yield Remedy(YOU, "or do not ask for the check where no list can be kept current")


_WITH_LIST = """\
import ssl

context = ssl.create_default_context()
context.load_verify_locations("issuer-crl.pem")
context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
"""
