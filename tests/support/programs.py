"""GnuTLS, OpenSSL's s_server and Java's JSSE as servers: each words its refusals differently."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from support.pki import bundle
from support.process import ProcessServer


if TYPE_CHECKING:
    from collections.abc import Sequence

    from sslwhy.demo.pki import Identity


class GnutlsServer(ProcessServer):
    """gnutls-serv in HTTP mode.

    `priority` is a GnuTLS priority string. `clients` are the CAs of client certificates, which are then
    required. `arguments` are passed on. It listens on every interface: it knows no other way.
    """

    program = "gnutls-serv"

    def __init__(
        self,
        identity: Identity,
        *,
        priority: str = "NORMAL",
        clients: Sequence[Identity] = (),
        arguments: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._identity = identity
        self._clients = clients
        self._arguments = [f"--priority={priority}", *arguments]

    def command(self) -> Sequence[str]:
        """gnutls-serv's arguments."""
        files = self._identity.write(self.folder)
        command = ["--http", "--quiet", "-p", str(self.port), *self._arguments]
        command += ["--x509certfile", str(files.chain), "--x509keyfile", str(files.key)]
        if not self._clients:
            return [*command, "--disable-client-cert"]
        anchors = bundle(self.folder / "clients.pem", *self._clients)
        return [*command, "--x509cafile", anchors, "--require-client-cert", "--verify-client-cert"]


class OpensslServer(ProcessServer):
    """`openssl s_server -www`; `arguments` are its own, for example `-sigalgs`, `-groups`, `-dhparam`."""

    program = "openssl"

    def __init__(self, identity: Identity, *arguments: str, clients: Sequence[Identity] = ()) -> None:
        super().__init__()
        self._identity = identity
        self._arguments = arguments
        self._clients = clients

    def command(self) -> Sequence[str]:
        """s_server's arguments."""
        files = self._identity.write(self.folder)
        command = ["s_server", "-www", "-quiet", "-accept", f"{self.host}:{self.port}"]
        command += ["-cert", str(files.certificate), "-cert_chain", str(files.chain), "-key", str(files.key)]
        if self._clients:
            anchors = bundle(self.folder / "clients.pem", *self._clients)
            command += ["-CAfile", anchors, "-Verify", "5", "-verify_return_error"]
        return [*command, *self._arguments]


class JavaServer(ProcessServer):
    """Java's JSSE, HTTP 200 to everything.

    `versions` and `suites` are Java's names (empty: its defaults). `clients` are the CAs of client
    certificates, which are then needed. `legacy` lifts Java's ban on TLS 1.0 and 1.1, RC4, 3DES and the like.
    """

    program = "java"

    def __init__(
        self,
        identity: Identity,
        *,
        versions: Sequence[str] = (),
        suites: Sequence[str] = (),
        clients: Sequence[Identity] = (),
        legacy: bool = False,
    ) -> None:
        super().__init__()
        self._identity = identity
        self._versions = versions
        self._suites = suites
        self._clients = clients
        self._legacy = legacy

    def command(self) -> Sequence[str]:
        """The JVM's arguments and the server's."""
        (self.folder / "identity.p12").write_bytes(_pkcs12(self._identity))
        anchors = bundle(self.folder / "clients.pem", *self._clients)
        security = self.folder / "java.security"
        lifted = "jdk.tls.disabledAlgorithms=\njdk.certpath.disabledAlgorithms=\n" if self._legacy else ""
        security.write_text(lifted, encoding="ascii")
        return [
            "-XX:TieredStopAtLevel=1",
            "-Xmx64m",
            "-Djava.net.preferIPv4Stack=true",
            f"-Djava.security.properties={security}",
            str(Path(__file__).with_name("JsseServer.java")),
            str(self.port),
            str(self.folder / "identity.p12"),
            anchors if self._clients else "",
            ",".join(self._versions),
            ",".join(self._suites),
        ]


def _pkcs12(identity: Identity) -> bytes:
    issuers = [one.certificate for one in identity.path()[1:] if one.issuer]
    encryption = BestAvailableEncryption(b"changeit")
    return pkcs12.serialize_key_and_certificates(b"server", identity.key, identity.certificate, issuers, encryption)
