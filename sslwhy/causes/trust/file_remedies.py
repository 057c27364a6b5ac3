"""What to do about a bundle or directory that is missing, no bundle at all, or only half of one."""

from __future__ import annotations

import posixpath
import shlex
from typing import TYPE_CHECKING

from sslwhy.causes.one_host import one_host
from sslwhy.causes.trust.remedies import CERTIFI, verifying_with
from sslwhy.causes.trust.view import VARIABLES
from sslwhy.causes.variables import unset
from sslwhy.facts.x509.certificate import Certificate
from sslwhy.report.values import ADMINISTRATOR, YOU, Remedy, TrustChange
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.causes.case import Case
    from sslwhy.causes.trust.view import Distrust
    from sslwhy.facts.trust import StoreProblem, TrustStore

_WHAT: dict[StoreProblem, str] = {
    "not-permitted": "a file that this process may not read",
    "empty": "empty",
    "der": "one certificate in DER (binary), not PEM",
    "pkcs7": "a PKCS #7 file (.p7b), not PEM certificates",
    "pkcs12": "a PKCS #12 file (.pfx, .p12), not PEM certificates",
    "keystore": "a Java keystore, not PEM certificates",
    "html": "a web page that was saved under this name",
    "private-key": "a private key without any certificate",
    "request": "a certificate signing request, not a certificate",
    "utf-16": "text in UTF-16, which OpenSSL does not read",
    "one-line": "PEM without its line breaks",
    "indented": "PEM with indented lines, which OpenSSL passes over",
    "garbled": "PEM with a truncated or garbled block, for which OpenSSL refuses the whole file",
    "no-certificate": "a file without any certificate in it",
}
_CONVERSION: dict[StoreProblem, str] = {
    "der": "openssl x509 -inform der -in {file} -out {result}",
    "pkcs7": "openssl pkcs7 -print_certs -in {file} -out {result} || "
    "openssl pkcs7 -inform der -print_certs -in {file} -out {result}",
    "pkcs12": "openssl pkcs12 -in {file} -cacerts -nokeys -out {result}",
    "keystore": "keytool -list -rfc -keystore {file} > {result}",
    "utf-16": "iconv -f utf-16 -t ascii {file} > {result}",
    "one-line": r"sed 's/\\n/\n/g; s/\(-----BEGIN CERTIFICATE-----\)\([^\n]\)/\1\n\2/g; "
    r"s/\([^\n]\)\(-----END CERTIFICATE-----\)/\1\n\2/g' {file} > {result}",
    "indented": "sed 's/^[ \\t]*//' {file} > {result}",
}


def what_it_is(store: TrustStore) -> str:
    """Return in words what a store is that could not be loaded."""
    if store.kind == "memory" and store.error:
        return f"damaged: {clean(store.error, 200)}"
    return _WHAT.get(store.problem or "no-certificate", "not a CA bundle")


def name_another(case: Case, store: TrustStore) -> Iterator[Remedy]:
    """Yield what to do about a bundle that does not exist."""
    if store.source in VARIABLES:
        text = f"set {store.source} to an existing file by its absolute path, or unset it where this program runs"
        yield Remedy(YOU, text, command=unset(case, (store.source,)), change=CERTIFI)
    elif store.source == "certifi":
        text = "install certifi again; keep the directory of a frozen program from being cleaned while it runs"
        yield Remedy(YOU, text, command="python -m pip install --force-reinstall certifi")
    else:
        text = f"give {store.source} an existing file by its absolute path, or use certifi"
        yield Remedy(YOU, text, snippet=verifying_with(case, "certifi.where()"), change=CERTIFI)


def convert(case: Case, store: TrustStore) -> Iterator[Remedy]:
    """Yield what turns a file into a bundle, or gets a sound one."""
    command = _CONVERSION.get(store.problem or "empty")
    if command and store.location:
        result = _converted(store.location)
        text = f"convert it to PEM and name the result instead: {clean(result, 120)}"
        yield Remedy(YOU, text, command=command.format(file=shlex.quote(store.location), result=shlex.quote(result)))
    elif store.source == "system":
        text = "remove the damaged certificate from the store (certlm.msc), or use a newer Python, which skips it"
        yield Remedy(ADMINISTRATOR, text)
    elif store.problem == "not-permitted":
        yield Remedy(ADMINISTRATOR, "let the account that runs this program read the file")
    else:
        yield Remedy(YOU, "obtain the CA certificates again, as PEM, from whoever provides them")
    if store.source in VARIABLES:
        text = f"or unset {store.source} where this program runs, to use the default store"
        yield Remedy(YOU, text, command=unset(case, (store.source,)), change=CERTIFI)


_FORMATS = frozenset({".cer", ".crt", ".der", ".jks", ".keystore", ".p12", ".p7b", ".p7c", ".pfx", ".txt"})


def _converted(location: str) -> str:
    """Return a name for the PEM file made of another one, which it must not be itself."""
    stem, suffix = posixpath.splitext(location)
    if suffix.lower() == ".pem":
        return f"{stem}-converted.pem"
    return f"{stem if suffix.lower() in _FORMATS else location}.pem"


def rehash(distrust: Distrust, anchor: Certificate | None) -> Iterator[Remedy]:
    """Yield what makes OpenSSL see the certificates of a directory."""
    separator = ";" if distrust.case.evidence.machine.platform == "win32" else ":"
    folders = (distrust.store.location or ".").split(separator)
    text = "give the files the names by which OpenSSL looks certificates up"
    change = TrustChange(add=(anchor.der,)) if anchor else None
    yield Remedy(YOU, text, command=f"openssl rehash {shlex.join(folders)}", change=change)


def root_above(distrust: Distrust, held: Certificate) -> Certificate | None:
    """Return a root above a certificate that the store holds, from the presented chain or from another store."""
    presented = [certificate for certificate in distrust.path.presented if certificate.is_self_signed]
    others = [Certificate.from_der(encoding) for store in distrust.trust.others for encoding in store.anchors]
    fetched = [Certificate.from_der(encoding) for encoding in distrust.case.evidence.issuers or ()]
    for candidate in (*presented, *others, *fetched):
        if candidate != held and candidate.is_self_signed and distrust.vouched_by(distrust.store, candidate.der):
            return candidate
    return None


def complete_bundle(distrust: Distrust, root: Certificate | None) -> Iterator[Remedy]:
    """Yield what completes a bundle that lacks the root."""
    case = distrust.case
    if root is not None:
        text = (
            f'add the root "{clean(root.label, 80)}" to the bundle; before that, compare its SHA-256 fingerprint with '
            f"the authority's: {root.sha256}"
        )
        yield Remedy(YOU, text, change=TrustChange(add=(root.der,)))
    else:
        yield Remedy(YOU, "obtain the root above it from whoever runs the server and add it to the bundle")
    text = "where the root is not to be had: let paths to this host end in any certificate of the bundle"
    yield one_host(case, text, "context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN")


def swap(distrust: Distrust) -> Iterator[Remedy]:
    """Yield what puts the client certificate where it belongs."""
    path, found = distrust.store.location, distrust.elsewhere()
    text = "give this file as cert, and name the authority of the server's certificate as verify"
    if distrust.trust.client != "requests" or not distrust.store.private_key or not (found and found.store.location):
        yield Remedy(YOU, text)
        return
    snippet = f"{verifying_with(distrust.case, repr(found.store.location))}\nsession.cert = {path!r}"
    yield Remedy(YOU, text, snippet=snippet, change=TrustChange(replace_with=found.store.source))
