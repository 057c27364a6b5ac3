"""Servers for what no modern stack speaks: SSLv3, RC4, missing RFC 5746, export suites.

`OldServer` (tlslite-ng) finishes real handshakes. `FirstFlight` answers with a ServerHello of any
version and suite, and goes no further.
"""

# tlslite-ng is untyped:
# mypy: disable-error-code="no-untyped-call,attr-defined"

from __future__ import annotations

import itertools
import os
import socket
import ssl
import warnings
from typing import TYPE_CHECKING, Any

from sslwhy.demo.loopback import Listener
from support.raw import drain, read_record


with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it imports asyncore
    from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey
    from tlslite.constants import ExtensionType
    from tlslite.errors import TLSAbruptCloseError, TLSError
    from tlslite.messages import ServerHello

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sslwhy.demo.pki import Identity


VERSIONS = {"ssl3": (3, 0), "1.0": (3, 1), "1.1": (3, 2), "1.2": (3, 3), "1.3": (3, 4)}


class OldServer(Listener):
    """tlslite-ng: by default SSLv3 only. It needs an RSA identity for suites with RSA key exchange.

    `ciphers` are tlslite-ng's names, for example rc4, 3des, aes128; without `secure_renegotiation` the
    ServerHello lacks renegotiation_info (RFC 5746), which OpenSSL 3 refuses.
    """

    def __init__(
        self,
        identity: Identity,
        *,
        versions: tuple[str, str] = ("ssl3", "ssl3"),
        ciphers: Sequence[str] | None = None,
        key_exchanges: Sequence[str] | None = None,  # rsa, dhe_rsa, ecdhe_rsa, ...
        secure_renegotiation: bool = True,
        dh_params: tuple[int, int] | None = None,  # generator and prime
    ) -> None:
        super().__init__()
        self.handshakes = 0
        self.failures: list[TLSError] = []
        self._secure = secure_renegotiation
        self._chain = X509CertChain()
        self._chain.parsePemList(identity.chain_pem())
        self._key = parsePEMKey(identity.key_pem, private=True, implementations=["python"])
        self._settings = HandshakeSettings()
        self._settings.minVersion, self._settings.maxVersion = (VERSIONS[name] for name in versions)
        self._settings.dhParams = dh_params
        self._settings.macNames = ["sha", "md5", "sha256", "sha384", "aead"]
        if ciphers:
            self._settings.cipherNames = list(ciphers)
        if key_exchanges:
            self._settings.keyExchangeNames = list(key_exchanges)

    @property
    def url(self) -> str:
        """The server's base URL by name."""
        return f"https://localhost:{self.port}"

    def serve(self, connection: socket.socket) -> None:
        """Shake hands, answer one request."""
        tls = _Connection(connection, secure=self._secure)
        try:
            tls.handshakeServer(certChain=self._chain, privateKey=self._key, settings=self._settings)
            self.handshakes += 1
            tls.read(max=65536, min=1)
            tls.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
            tls.close()
        except (TLSError, TLSAbruptCloseError) as error:
            self.failures.append(error)
        drain(connection)


def shake(port: int, versions: tuple[str, str], ciphers: Sequence[str]) -> tuple[str, str]:
    """tlslite-ng's own handshake as a client; returns the version and the cipher agreed on."""
    settings = HandshakeSettings()
    settings.minVersion, settings.maxVersion = (VERSIONS[name] for name in versions)
    settings.cipherNames, settings.macNames = list(ciphers), ["sha", "md5"]
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        tls = TLSConnection(connection)
        tls.handshakeClientCert(settings=settings)
        version = next(name for name, number in VERSIONS.items() if number == tls.version)
        cipher = tls.getCipherName()
        tls.write(b"GET / HTTP/1.0\r\n\r\n")
        tls.read(max=5, min=5)
    return version, cipher


class _Connection(TLSConnection):
    """Leaves renegotiation_info out of its ServerHello unless told otherwise."""

    def __init__(self, connection: socket.socket, *, secure: bool) -> None:
        super().__init__(connection)
        self._secure = secure

    def _sendMsg(self, msg: Any, *args: Any, **kwargs: Any) -> Iterator[int]:  # noqa: N802
        if isinstance(msg, ServerHello) and not self._secure and msg.extensions:
            unwanted = ExtensionType.renegotiation_info
            msg.extensions = [one for one in msg.extensions if one.extType != unwanted]
        return super()._sendMsg(msg, *args, **kwargs)  # type: ignore[no-any-return]


class FirstFlight(Listener):
    """Answers a ClientHello with ServerHello, Certificate and ServerHelloDone, in plain text.

    It accepts `suites` (numbers) in the order given, for `version` (wire form, for example 0x0300) or
    higher offers, else it answers alert 40 or 70. `request` adds a CertificateRequest that names those CAs.
    """

    def __init__(
        self,
        version: int,
        suites: Sequence[int],
        chain: Sequence[bytes] = (),
        *,
        request: Sequence[Identity] = (),
    ) -> None:
        super().__init__()
        self.version = version
        self.suites = suites
        self._flight = [_message(11, _vector(3, *(_vector(3, der) for der in chain)))]
        if request:
            names = (_vector(2, one.certificate.subject.public_bytes()) for one in request)
            algorithms = _vector(2, b"\x04\x01\x04\x03") if version >= 0x0303 else b""
            self._flight.append(_message(13, _vector(1, b"\x01\x40") + algorithms + _vector(2, *names)))
        self._flight.append(_message(14, b""))

    def serve(self, connection: socket.socket) -> None:
        """Answer one ClientHello."""
        hello = read_record(connection)[9:]  # behind the record's and the message's headers
        offered = int.from_bytes(hello[:2], "big")
        session = 35 + hello[34]
        length = int.from_bytes(hello[session : session + 2], "big")
        listed = hello[session + 2 : session + 2 + length]
        theirs = {int.from_bytes(listed[at : at + 2], "big") for at in range(0, length, 2)}
        chosen = next(itertools.chain((suite for suite in self.suites if suite in theirs), [None]))
        wire = self.version.to_bytes(2, "big")
        if offered < self.version or chosen is None:
            alert = 70 if offered < self.version else 40
            connection.sendall(b"\x15" + wire + _vector(2, bytes([2, alert])))
        else:
            answer = wire + os.urandom(32) + b"\0" + chosen.to_bytes(2, "big") + b"\0"
            connection.sendall(b"\x16" + wire + _vector(2, _message(2, answer), *self._flight))
        drain(connection)


def _vector(width: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return len(content).to_bytes(width, "big") + content


def _message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + _vector(3, body)


LEGACY_CONNECT = getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)  # named since Python 3.12
