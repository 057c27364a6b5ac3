"""The bundle or directory that was named cannot do what it was named for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes.base import Cause
from sslwhy.causes.trust import file_remedies as remedies
from sslwhy.causes.trust.store import is_empty
from sslwhy.causes.trust.view import VARIABLES, DistrustCause, described, distrust_in
from sslwhy.facts.missing import Missing
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.case import Case
    from sslwhy.facts.observed import Observed
    from sslwhy.facts.trust import TrustStore
    from sslwhy.report.values import Finding


class CaBundleNotFound(DistrustCause):
    """The CA bundle that was named does not exist.

    Seen as:
        ``OSError: Could not find a suitable TLS CA certificate bundle, invalid path`` from requests;
        ``FileNotFoundError: [Errno 2] No such file or directory``, without the path, from httpx and ``ssl``;
        for a directory, ``unable to get local issuer certificate`` (20).

    What it is:
        A path that is relative to another directory, a variable left behind by a program that is gone, a
        volume that is not mounted, or the temporary directory of a frozen program that was cleaned up under
        it.

    How it is found:
        The path that was in force, and who named it, are looked up on disk.

    What to do:
        Name an existing file by its absolute path, or unset the variable.
    """

    code = "ca-bundle-not-found"
    specificity = 94

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the TLS set-up failed; a missing directory shows only as distrust."""
        return observed.stage == "setup" or super().explains(observed)

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the named bundle is not there."""
        store = _named_in_vain(case)
        if store is None:
            return
        location = clean(store.location or "", 200)
        yield cls.finding(
            f"the CA {_noun(store)} {location} that {store.source} names does not exist",
            expected=f"a {_noun(store)} of CA certificates at {location}",
            actual=store.error or "nothing there",
            remedies=remedies.name_another(case, store),
        )


class CaBundleUnreadable(Cause):
    """OpenSSL cannot load the CA bundle that was named.

    Seen as:
        ``[X509: NO_CERTIFICATE_OR_CRL_FOUND] no certificate or crl found``, ``[X509] PEM lib``; on Windows
        ``[ASN1: NOT_ENOUGH_DATA]`` or ``[ASN1] nested asn1 error`` while the default context is made.

    What it is:
        A bundle is PEM text: one or more blocks that begin with ``-----BEGIN CERTIFICATE-----``. A file in
        DER, PKCS #7, PKCS #12 or a Java keystore, a saved web page, a private key, an empty, truncated or
        garbled file is not one. One garbled block spoils the whole file. On Windows one malformed member of
        the certificate store spoils it for every host.

    How it is found:
        OpenSSL is given the same file again, and the file's first bytes tell what it is instead.

    What to do:
        Convert the file to PEM, or obtain it again.
    """

    code = "ca-bundle-unreadable"
    topic = "trust store"
    subject = "local"
    specificity = 94

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the TLS set-up failed."""
        return observed.stage == "setup"

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the store in force could not be loaded."""
        trust = case.evidence.trust
        if isinstance(trust, Missing) or trust.store.problem in {None, "not-found"}:
            return
        if not cls.explains(case.evidence.observed):
            return
        store = trust.store
        what = remedies.what_it_is(store)
        bundle = f"bundle {clean(store.location, 200)}" if store.location else "store"
        yield cls.finding(
            f"the CA {bundle} ({store.source}) cannot be loaded: it is {what}",
            expected="PEM text with at least one intact CERTIFICATE block" if store.location else "certificates in DER",
            actual=what,
            remedies=remedies.convert(case, store),
        )


class CaDirectoryNotHashed(DistrustCause):
    """The directory of CA certificates was not prepared for OpenSSL.

    Seen as:
        ``unable to get local issuer certificate`` (20) or ``self-signed certificate in certificate chain``
        (19) although the right certificate lies in the directory.

    What it is:
        OpenSSL looks a certificate up by the hash of its subject: the file must be called like
        ``5ed36f99.0``. Files with any other name are never opened.

    How it is found:
        The directory's certificates are read under any name, and with them the path would be complete.

    What to do:
        Run ``openssl rehash`` on the directory, or name one bundle file instead.
    """

    code = "ca-directory-not-hashed"
    specificity = 92

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where certificates of the directory are not seen."""
        distrust = distrust_in(case)
        if distrust is None or not distrust.store.unhashed:
            return
        store = distrust.store
        helps = distrust.vouched_by(store, *store.unhashed)
        if not helps and store.anchors:
            return
        unseen = len(store.unhashed)
        doubt = "none of them issued this chain: something else is wrong as well"
        yield cls.finding(
            f"OpenSSL does not see {unseen} certificate{'s' * (unseen > 1)} in {clean(store.location or '', 200)}: "
            "the file names are no subject hashes",
            expected="file names such as 5ed36f99.0 (openssl rehash)",
            actual=f"{described(store)}, and {unseen} more under other names",
            confidence="confirmed" if helps else "likely",
            alternatives=() if helps else (doubt,),
            remedies=remedies.rehash(distrust, helps.anchor if helps else None),
        )


def _named_in_vain(case: Case) -> TrustStore | None:
    trust = case.evidence.trust
    if isinstance(trust, Missing):
        return None
    if trust.store.problem == "not-found" and trust.store.source != "system":
        return trust.store
    distrust = distrust_in(case)
    if distrust is None or not is_empty(distrust.store):
        return None
    # OpenSSL passes over a missing default in silence; then the empty store is all that is to be seen.
    read = [store for store in trust.others if store.source in VARIABLES and store.source not in trust.ignored]
    return next((store for store in read if store.problem == "not-found"), None)


def _noun(store: TrustStore) -> str:
    return "directory" if store.kind == "directory" else "bundle"
