"""The bundle that was named holds the wrong certificates: half of a path, or the client's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes.path.identity import matches
from sslwhy.causes.trust import file_remedies as remedies
from sslwhy.causes.trust.view import Distrust, DistrustCause, described, distrust_in
from sslwhy.facts.x509.certificate import Certificate
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.case import Case
    from sslwhy.report.values import Finding

CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
SERVER_AUTH = "1.3.6.1.5.5.7.3.1"


class CaBundleIncomplete(DistrustCause):
    """The bundle holds the server's certificate or an intermediate, but not the root above it.

    Seen as:
        ``unable to get issuer certificate`` (2) for an intermediate; ``unable to get local issuer
        certificate`` (20) for the end-entity.

    What it is:
        OpenSSL wants a path up to a self-signed root, unless the flag ``X509_V_FLAG_PARTIAL_CHAIN`` allows it
        to end in any certificate of the store. Python sets that flag from 3.13 on; curl always does.

    How it is found:
        The store in force holds a certificate of the presented path that is not self-signed, and the path
        ends there.

    What to do:
        Put the root into the bundle; the flag is the way out where the root cannot be had.
    """

    code = "ca-bundle-incomplete"
    specificity = 86

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the store holds a part of the path only."""
        distrust = distrust_in(case, offline=True)
        held = _held(distrust) if distrust else None
        if distrust is not None and held is not None:
            yield cls._proven(distrust, held)
        elif distrust is not None and distrust.store.untold and not distrust.store.anchors:
            yield cls._guessed(distrust)

    @classmethod
    def _proven(cls, distrust: Distrust, held: Certificate) -> Finding:
        role = "the end-entity" if held == distrust.path.presented[0] else "the intermediate"
        name, store = clean(held.label, 80), described(distrust.store)
        return cls.finding(
            f'the trust store holds {role} "{name}", but not the root above it',
            expected="the root at the end of the path among the trust anchors",
            actual=f"{store} without {role}'s issuer {clean(held.issuer, 120)}",
            certificate=held.sha256,
            remedies=remedies.complete_bundle(distrust, remedies.root_above(distrust, held)),
        )

    @classmethod
    def _guessed(cls, distrust: Distrust) -> Finding:
        count = distrust.store.untold
        return cls.finding(
            "the trust store in force holds no certificate authority",
            expected="the root at the end of the path among the trust anchors",
            actual=f"a context with {count} certificate{'s' * (count > 1)} and no CA certificate among them",
            confidence="likely",
            alternatives=("what it holds has nothing to do with this server",),
            remedies=remedies.complete_bundle(distrust, None),
        )


class ClientCertificateAsCaBundle(DistrustCause):
    """The client certificate was given as ``verify`` instead of ``cert``.

    Seen as:
        ``unable to get local issuer certificate`` (20) since ``verify`` was set to the file that the partner
        sent.

    What it is:
        ``verify`` says whom the program trusts; ``cert`` says who the program is. A file with a client
        certificate holds no authority that issues server certificates.

    How it is found:
        The file in force holds a private key or a certificate for client authentication, no root, and nothing
        of the presented chain but an issuer that both certificates may share.

    What to do:
        Give the file as ``cert``, and leave ``verify`` to the authority of the server.
    """

    code = "client-certificate-as-ca-bundle"
    specificity = 93
    # Against a store that was never meant to be one, what else is said of trust says nothing.
    supersedes = frozenset({"ca-bundle-incomplete", "unknown-issuer", "untrusted-root"})

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the store in force is a client certificate."""
        distrust = distrust_in(case)
        mine = _client_certificate(distrust) if distrust else None
        if distrust is None or mine is None:
            return
        with_key = " and its private key" if distrust.store.private_key else ""
        yield cls.finding(
            f'{distrust.store.source} names the client certificate "{clean(mine.label, 80)}", not a CA bundle',
            expected="the authority that issued the server's certificate",
            actual=f'{described(distrust.store)}: the client certificate "{clean(mine.label, 80)}"{with_key}',
            remedies=remedies.swap(distrust),
        )


def _held(distrust: Distrust) -> Certificate | None:
    """Return the certificate of the path that the store holds, where nothing above it is trusted."""
    if any(distrust.path.of_kind("chain-too-long")):
        return None  # issuers in a circle have no root above them
    top, end_entity = distrust.path.path[-1], distrust.path.presented[0]
    if top.anchor and not top.certificate.is_self_signed:
        return top.certificate
    pinned = end_entity.der in distrust.store.anchors and not end_entity.is_self_signed
    return end_entity if pinned else None


def _client_certificate(distrust: Distrust) -> Certificate | None:
    store = distrust.store
    if store.kind != "file" or not store.anchors or store.source in {"certifi", "system"}:
        return None
    held = [Certificate.from_der(encoding) for encoding in store.anchors]
    if any(certificate.is_ca and certificate.is_self_signed for certificate in held) or _of_the_server(distrust):
        return None
    return next((each for each in held if not each.is_ca and _is_the_clients(each, distrust)), None)


def _of_the_server(distrust: Distrust) -> bool:
    """Return whether the store holds what the server presented, save for an issuer that client and server share."""
    presented = distrust.path.presented[: 1 if distrust.store.private_key else None]
    return any(certificate.der in distrust.store.anchors for certificate in presented)


def _is_the_clients(certificate: Certificate, distrust: Distrust) -> bool:
    """Return whether a certificate is for clients by its purposes, or by its key and no purpose or name against it."""
    purposes, reference = set(certificate.extensions.extended_key_usage or ()), distrust.case.reference
    if CLIENT_AUTH in purposes and SERVER_AUTH not in purposes:
        return True
    of_the_host = reference is not None and matches(certificate, reference)
    return distrust.store.private_key and purposes != {SERVER_AUTH} and not of_the_host
