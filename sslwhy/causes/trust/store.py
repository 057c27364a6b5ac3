"""The store in force is the wrong one, an old one or an empty one: another store would have verified the chain."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sslwhy.causes.trust import remedies
from sslwhy.causes.trust.view import Distrust, DistrustCause, Vouched, described, distrust_in, named, named_in_vain
from sslwhy.facts.missing import Missing
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.case import Case
    from sslwhy.facts.observed import Observed
    from sslwhy.facts.trust import TrustStore
    from sslwhy.facts.x509.certificate import Certificate
    from sslwhy.report.values import Finding

_PUBLIC = 20
"""From how many anchors in common with certifi on a store counts as a copy of the public roots."""

_AGE = timedelta(days=30)
"""How much older a copy has to be; what is copied keeps the time of the copying, not of the content."""

EXPIRED = 10
"""``X509_V_ERR_CERT_HAS_EXPIRED``."""


class TrustStoreEmpty(DistrustCause):
    """The store in force holds no trust anchor at all.

    Seen as:
        ``unable to get local issuer certificate`` (verify code 20) or ``self-signed certificate`` (18, 19)
        for every host, public ones too.

    What it is:
        Containers without the package ``ca-certificates``; the macOS build of Python before its "Install
        Certificates" was run; a virtual environment or conda environment whose OpenSSL looks in a directory
        that does not exist; a TLS context of the program's own into which nobody loaded anchors.

    How it is found:
        The context of the failed handshake holds no anchor, and a search in memory shows that it does not
        look into a directory either.

    What to do:
        Give the context anchors: the operating system's package, certifi, or
        ``context.load_default_certs()``.
    """

    code = "trust-store-empty"
    specificity = 92

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the store in force is empty."""
        distrust = distrust_in(case)
        if distrust is None or not is_empty(distrust.store) or named_in_vain(distrust.store):
            return
        store = distrust.store
        sure = store.kind != "unknown" or distrust.vouched_by(distrust.trust.other("system"))
        where = store.error or f"none in {described(store)}"
        yield cls.finding(
            "no trust anchor at all was in force, so no server can be verified",
            expected="trust anchors: the certificate authorities that this program is to trust",
            actual=clean(where, 300),
            confidence="confirmed" if sure else "likely",
            alternatives=() if sure else ("the context looks into a directory of its own",),
            remedies=remedies.fill_store(distrust),
        )


class TrustStoreOutdated(DistrustCause):
    """The store in force is a copy of the public roots that lacks, or holds an expired copy of, the one needed.

    Seen as:
        ``unable to get local issuer certificate`` (20) or ``self-signed certificate in certificate chain``
        (19) from some public servers only; ``certificate has expired`` (10) at the root.

    What it is:
        Public authorities renew and add roots. An old image, an old distribution package, or a bundle that
        was copied once and never again does not have them. More rarely a distribution's package dropped a
        root by mistake.

    How it is found:
        The store has many roots in common with certifi, the installed certifi would have verified the chain,
        and certifi is the newer of the two.

    What to do:
        Update the store, or use certifi in its place.
    """

    code = "trust-store-outdated"
    specificity = 84

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the path reached no anchor, or an expired one."""
        return super().explains(observed) or observed.verify_code == EXPIRED

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where certifi has what an older copy of the public roots lacks."""
        distrust = distrust_in(case) or _expired_anchor(case)
        found = outdated(distrust) if distrust else None
        if distrust is None or found is None:
            return
        store, anchor = distrust.store, found.anchor
        now = case.evidence.machine.now
        old = _age(store, anchor, found.store)
        yield cls.finding(
            f'{_chosen(store)} lacks the root "{clean(anchor.label, 80)}", which {_chosen(found.store)} has',
            expected=f"a current copy of the public roots: {described(found.store, now)}",
            actual=f"{described(store, now)}",
            confidence="confirmed" if old else "likely",
            alternatives=() if old else ("the root was taken out of this store on purpose",),
            remedies=remedies.renew_store(distrust, found),
        )


class TrustStoreOverride(DistrustCause):
    """An environment variable, ``verify`` or a context replaced the store that would have verified the server.

    Seen as:
        ``unable to get local issuer certificate`` (20) or ``self-signed certificate in certificate chain``
        (19), often from one host while others work, or since a variable was set for another program.

    What it is:
        ``REQUESTS_CA_BUNDLE``, ``CURL_CA_BUNDLE``, ``SSL_CERT_FILE`` and ``verify="..."`` replace the default
        store, they never add to it. In requests the environment also beats ``session.verify``; only a path
        that is passed with the single request beats the environment.

    How it is found:
        The analysis is run again with the store that would have been in force otherwise, and the path is then
        complete.

    What to do:
        Unset what replaced the store, or put both sets of anchors into one bundle.
    """

    code = "trust-store-override"
    specificity = 82

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the replaced store would have verified the chain."""
        distrust = distrust_in(case)
        found = replaced(distrust) if distrust else None
        if distrust is None or found is None:
            return
        now = case.evidence.machine.now
        yield cls.finding(
            f"{_chosen(distrust.store)} replaced {named(found.store)}, which trusts {_certificate(distrust)}",
            expected=f'{described(found.store, now)}, which holds "{clean(found.anchor.label, 80)}"',
            actual=f"{described(distrust.store, now)} instead, which does not",
            remedies=remedies.restore_store(distrust, found),
        )


class TrustedBySystemOnly(DistrustCause):
    """Another store of this machine trusts the server; the store in force does not.

    Seen as:
        ``unable to get local issuer certificate`` (20) or ``self-signed certificate in certificate chain``
        (19), while browsers, curl and other programs on the same machine connect.

    What it is:
        requests and httpx trust certifi, not the operating system. A private authority that an administrator
        installed on the machine is unknown to them. The same happens where a variable names the right bundle
        but this client reads another one: requests reads ``REQUESTS_CA_BUNDLE`` and ``CURL_CA_BUNDLE``;
        httpx, aiohttp and Python's own ``ssl`` read ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``.

    How it is found:
        The analysis is run again with the operating system's store, and with every store that the environment
        names, and the path is then complete.

    What to do:
        Let the program use that store: the package ``truststore``, ``session.verify``, or the variable that
        this client reads.
    """

    code = "trusted-by-system-only"
    specificity = 80

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where another store of this machine would have verified the chain."""
        distrust = distrust_in(case)
        if distrust is None or is_empty(distrust.store) or outdated(distrust) or replaced(distrust):
            return
        found = distrust.elsewhere()
        if found is None:
            return
        now = case.evidence.machine.now
        unread = found.store.source in distrust.trust.ignored
        yield cls.finding(
            _system_headline(distrust, found, unread=unread),
            expected=f'"{clean(found.anchor.label, 80)}" among the trust anchors in force',
            actual=f"in force: {described(distrust.store, now)}; it is in {described(found.store, now)}",
            remedies=remedies.use_store(distrust, found),
        )


def is_empty(store: TrustStore) -> bool:
    """Return whether a store in force shows no certificate at all."""
    return not (store.anchors or store.unhashed or store.untold)


def outdated(distrust: Distrust) -> Vouched | None:
    """Return certifi, where it would have verified the chain and the store in force is another copy of its roots."""
    certifi, store = distrust.trust.other("certifi"), distrust.store
    if certifi is None or is_empty(store):
        return None
    copied = len(set(certifi.anchors) & set(store.anchors)) >= _PUBLIC
    return distrust.vouched_by(certifi) if copied or store.source == "system" else None


def replaced(distrust: Distrust) -> Vouched | None:
    """Return the default store, where somebody's choice replaced it and it would have verified the chain.

    A context or bundle chosen for ``ssl`` or urllib3 replaced the system's store; certifi's public roots are what its
    author may have meant as well.
    """
    store = distrust.store
    if is_empty(store) or store.source in {"certifi", "system"} or outdated(distrust):
        return None
    return distrust.instead() or distrust.vouched_by(distrust.trust.other("certifi"))


def _expired_anchor(case: Case) -> Distrust | None:
    """Return the distrust of a path that ends in an expired anchor: a renewed root may be elsewhere."""
    trust, path = case.evidence.trust, case.path
    if isinstance(trust, Missing) or isinstance(path, Missing):
        return None
    return Distrust(case, trust, path) if any(fault.anchor for fault in path.of_kind("expired")) else None


def _age(store: TrustStore, anchor: Certificate, newer: TrustStore) -> bool:
    """Return whether the store is provably the older one."""
    if store.modified is None:
        return False
    if anchor.not_before is not None and anchor.not_before > store.modified:
        return True
    dated = newer.released or newer.modified
    return dated is not None and dated - store.modified > _AGE


def _chosen(store: TrustStore) -> str:
    """Return a store in words, short enough for a headline."""
    if store.source in {"certifi", "context", "system"}:
        return named(store) + (f" {store.version}" if store.version else "")
    return f"{store.source}={clean(store.location or '', 120)}"


def _certificate(distrust: Distrust) -> str:
    return f"the certificate of {distrust.case.evidence.target.authority}"


def _system_headline(distrust: Distrust, found: Vouched, *, unread: bool) -> str:
    trusted = f"{_certificate(distrust)} is trusted by {_chosen(found.store)}"
    if unread:
        client = distrust.trust.client
        return f"{trusted}, which {'this client' if client == 'unknown' else client} does not read"
    return f"{trusted}, but not by {_chosen(distrust.store)}, which was in force"
