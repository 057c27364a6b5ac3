"""Client certificate causes on this side: a file that is missing, of the wrong kind, or does not fit."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from sslwhy.causes import snippets
from sslwhy.causes.base import Cause
from sslwhy.causes.one_host import one_host
from sslwhy.facts.tls import reasons
from sslwhy.facts.x509.certificate import Certificate
from sslwhy.report.values import ADMINISTRATOR, YOU, Remedy
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.case import Case
    from sslwhy.facts.client import ClientCertificate
    from sslwhy.facts.observed import Observed
    from sslwhy.report.values import Finding

_UNREADABLE = {"unreadable", "directory", "no-certificate", "no-key", "der", "pkcs12"}


class _OwnFile(Cause):
    """What the causes share that lie in a file of this side and show before there is a connection."""

    topic = "client certificate"
    subject = "client"
    specificity = 85

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the failure came while the context was being built."""
        return observed.stage == "setup" and observed.verify_code is None


def _carried(case: Case) -> ClientCertificate | None:
    return case.evidence.client_certificate or None


def _named(mine: ClientCertificate) -> str:
    return clean(mine.certificate_path or "the client certificate")


class ClientCertificateNotFound(_OwnFile):
    """The client certificate's or the key's file does not exist.

    Seen as:
        ``OSError``: Could not find the TLS certificate file, invalid path; Could not find the TLS key file;
        ``FileNotFoundError`` without a name.

    What it is:
        ``cert`` names a file that is not there. A relative path counts from the directory that the program was started
        in, not from the one that it lies in.

    How it is found:
        The file is looked up, as the program sees it.

    What to do:
        Give an absolute path, and check that the program's user may see the directory.
    """

    code = "client-certificate-not-found"

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where a file is missing."""
        mine = _carried(case)
        if mine is None or mine.problem != "not-found":
            return
        yield cls.finding(
            f"the client certificate's file was not found: {clean(mine.detail or '')}",
            expected=f"the files that {mine.source} names",
            actual=clean(mine.detail or ""),
            remedies=[Remedy(YOU, f"correct the path in {mine.source}; use an absolute one")],
        )


class ClientCertificateUnreadable(_OwnFile):
    """The client certificate's file is not what requests and httpx can load.

    Seen as:
        ``[SSL] PEM lib``, ``[PEM: NO_START_LINE]``, ``PermissionError``.

    What it is:
        Python loads certificate and key as PEM text. The file is something else: DER, a PKCS #12 container (.pfx,
        .p12), empty, without the private key, or not readable for the program's user.

    How it is found:
        The file's first bytes and PEM headers are looked at. No key is decrypted or kept.

    What to do:
        Convert the file, once; the report prints the command. Where it is not readable, let the program's user read it.
    """

    code = "client-certificate-unreadable"

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the file's kind is wrong."""
        mine = _carried(case)
        if mine is None or mine.problem not in _UNREADABLE:
            return
        yield cls.finding(
            f"the client certificate {_named(mine)} cannot be loaded: "
            + clean((mine.detail or "").removeprefix(f"{mine.certificate_path}: ")),
            expected="PEM text: the certificate, its intermediates, and the private key there or in a second file",
            actual=clean(mine.detail or ""),
            remedies=[_conversion(case, mine)],
        )


def _conversion(case: Case, mine: ClientCertificate) -> Remedy:
    path = shlex.quote(mine.certificate_path or "client")
    if mine.problem == "pkcs12":
        return Remedy(
            YOU,
            "convert it to PEM; the new file holds the bare private key, so let only the program's user read it; "
            "OpenSSL 3 needs -legacy for old containers (RC2)",
            command=f"umask 077; openssl pkcs12 -in {path} -out client.pem -nodes",
            snippet=snippets.with_certificate(case, "client.pem"),
        )
    if mine.problem == "der":
        return Remedy(
            YOU,
            "convert the certificate to PEM, and name the key's PEM file beside it",
            command=f"openssl x509 -inform DER -in {path} -out client.pem",
            snippet=snippets.with_certificate(case, "client.pem", mine.key_path or "client-key.pem"),
        )
    if mine.problem == "no-key" and mine.key_path:
        return Remedy(
            YOU,
            f"give {mine.source} the private key in PEM, and only the program's user the right to read it",
            command=f"umask 077; openssl pkey -in {shlex.quote(mine.key_path)} -out client-key.pem",
            snippet=snippets.with_certificate(case, str(mine.certificate_path), "client-key.pem"),
        )
    if mine.problem == "no-key":
        return Remedy(
            YOU,
            "name the private key's file, too",
            snippet=snippets.with_certificate(case, str(mine.certificate_path), "/path/to/client-key.pem"),
        )
    if mine.problem == "directory":
        return Remedy(YOU, f"name the file in {mine.source}, not the directory that it lies in")
    if mine.problem == "unreadable":
        windows = case.evidence.machine.platform == "win32"
        command = None if windows else f"chown PROGRAM_USER {path} && chmod 400 {path}"
        return Remedy(ADMINISTRATOR, "let the program's user read the file, and nobody else", command=command)
    return Remedy(YOU, f"give {mine.source} the PEM file that holds the certificate")


class ClientKeyEncrypted(_OwnFile):
    """The client certificate's private key is encrypted.

    Seen as:
        ``Client private key is encrypted, password is required``; a program that hangs at ``Enter PEM pass phrase``.

    What it is:
        The key's file is protected by a password, and neither requests nor zeep has a place to give one.

    How it is found:
        The PEM header of the key says that it is encrypted. Nothing is decrypted.

    What to do:
        Load the key into a context of its own, with the password, and mount that for the host.
    """

    code = "client-key-encrypted"

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the key is encrypted."""
        mine = _carried(case)
        if mine is None or mine.problem != "encrypted":
            return
        loading = f"context.load_cert_chain({mine.certificate_path!r}, {mine.key_path!r}, password=getpass.getpass)"
        yield cls.finding(
            f"the private key of the client certificate {_named(mine)} is encrypted, and no password was given",
            expected="an unencrypted key, or a context that was given the password",
            actual=clean(mine.detail or ""),
            remedies=[
                one_host(case, "load the key with its password into a context for this one host", loading),
                Remedy(
                    YOU,
                    "or store the key without a password in a file that only the program's user can read",
                    command=f"umask 077; openssl pkey -in {shlex.quote(mine.key_path or mine.certificate_path or '')}"
                    " -out client-key.pem",
                ),
            ],
        )


class ClientKeyMismatch(_OwnFile):
    """The private key does not belong to the client certificate.

    Seen as:
        ``[X509: KEY_VALUES_MISMATCH]``.

    What it is:
        Certificate and key come from different pairs: a renewed certificate beside the old key, or the intermediate
        before the end-entity certificate in the file.

    How it is found:
        OpenSSL compares the public keys while it loads them. Where the key is not encrypted, the report's own
        comparison says the same.

    What to do:
        Put the pair together; the two commands in the report then print the same digest.
    """

    code = "client-key-mismatch"

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the key belongs to another certificate."""
        mine, seen = _carried(case), case.evidence.observed
        told = seen.reason == "KEY_VALUES_MISMATCH"
        if not told and (mine is None or mine.problem != "mismatch"):
            return
        path = clean(mine.certificate_path or "") if mine else "the client certificate"
        yield cls.finding(
            f"the private key does not belong to the client certificate {path}",
            expected="the key whose public half stands in the first certificate of the file",
            actual="another public key"
            + "; the first certificate of the file is a CA's" * _begins_with_authority(mine),
            remedies=[
                Remedy(
                    YOU,
                    "put the client's own certificate first in the file, before its intermediates"
                    if _begins_with_authority(mine)
                    else "name the key that belongs to this certificate; both commands then print the same digest",
                    command=_comparison(mine),
                )
            ],
        )


def _begins_with_authority(mine: ClientCertificate | None) -> bool:
    return bool(mine and mine.certificates and Certificate.from_der(mine.certificates[0]).is_ca)


def _comparison(mine: ClientCertificate | None) -> str:
    certificate = shlex.quote((mine and mine.certificate_path) or "client.pem")
    key = shlex.quote((mine and (mine.key_path or mine.certificate_path)) or "client-key.pem")
    public = (f"openssl x509 -in {certificate} -noout -pubkey", f"openssl pkey -in {key} -pubout")
    return "\n".join(f"{command} | openssl sha256" for command in public)


class ClientCertificateWeak(_OwnFile):
    """This client's own security level refuses its certificate.

    Seen as:
        ``EE_KEY_TOO_SMALL``, ``CA_KEY_TOO_SMALL``, ``CA_MD_TOO_WEAK`` before any connection.

    What it is:
        OpenSSL's security level 2 wants RSA keys of 2048 bits and signatures with SHA-256 or better, for the client's
        own certificate as well.

    How it is found:
        OpenSSL names it while it loads the certificate.

    What to do:
        Have the certificate issued again with a key of 2048 bits or more. Until then a context of security level 0 or 1
        can load it, mounted for the one host that takes it.
    """

    code = "client-certificate-weak"

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where OpenSSL refused to load the certificate for that."""
        seen, mine = case.evidence.observed, _carried(case)
        if seen.reason not in reasons.WEAK_OWN_CERTIFICATE or not cls.explains(seen):
            return
        path = _named(mine) if mine else "the client certificate"
        yield cls.finding(
            f"the client certificate {path} is too weak for this client's own security level",
            expected="an RSA key of 2048 bits or more, and signatures with SHA-256 or better",
            actual=f"{seen.reason}" + (f": {_strength(mine)}" if mine and mine.certificates else ""),
            remedies=[
                Remedy(YOU, "have the certificate issued again with a key of 2048 bits and a SHA-256 signature"),
                one_host(
                    case,
                    "until then, load it at security level 0 for this one host; that allows the server weak keys, too",
                    'context.set_ciphers("DEFAULT@SECLEVEL=0")',
                ),
            ],
        )


def _strength(mine: ClientCertificate) -> str:
    certificate = Certificate.from_der(mine.certificates[0])
    return f"{certificate.key.kind} {certificate.key.bits} bits, signed with {certificate.signature_algorithm.name}"
