"""Servers that shake hands up to a point and then refuse with an alert of the test's choice."""

# tlslite-ng is untyped:
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import contextlib
import ssl
import warnings
from typing import TYPE_CHECKING

from sslwhy.demo.loopback import Listener
from support.legacy import VERSIONS
from support.raw import drain
from support.tls import server_context


with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it imports asyncore
    from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey
    from tlslite.constants import AlertLevel
    from tlslite.messages import Alert

if TYPE_CHECKING:
    import socket

    from sslwhy.demo.pki import Identity


class RefusesTheClient(Listener):
    """TLS 1.2: shows its certificate, asks for the client's if there are `clients`, and answers what comes by an alert.

    Up to there everything is in plain text, the alert as well.
    """

    def __init__(self, identity: Identity, number: int, clients: tuple[Identity, ...] = ()) -> None:
        super().__init__()
        self._alert = bytes([21, 3, 3, 0, 2, 2, number])
        self._context = server_context(identity, versions=("1.2", "1.2"), clients=clients, client_auth="optional")

    def serve(self, connection: socket.socket) -> None:
        """Let `ssl` write the flight, and refuse without it."""
        received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self._context.wrap_bio(received, sent, server_side=True)
        received.write(connection.recv(65536))
        with contextlib.suppress(ssl.SSLError):
            tls.do_handshake()
        connection.sendall(sent.read())
        if connection.recv(65536):
            connection.sendall(self._alert)
            drain(connection)


class RefusesAfterwards(Listener):
    """tlslite-ng: completes the handshake, asking for a certificate or not, and sends the alert as its first record."""

    def __init__(self, identity: Identity, number: int, version: str, *, asks: bool) -> None:
        super().__init__()
        self._number, self._asks = number, asks
        self._chain = X509CertChain()
        self._chain.parsePemList(identity.chain_pem())
        self._key = parsePEMKey(identity.key_pem, private=True, implementations=["python"])
        self._settings = HandshakeSettings()
        self._settings.minVersion = self._settings.maxVersion = VERSIONS[version]

    def serve(self, connection: socket.socket) -> None:
        """Shake hands and refuse; a probe leaves before."""
        tls = TLSConnection(connection)
        with contextlib.suppress(Exception):  # whatever tlslite-ng finds wrong with a probe that leaves
            tls.handshakeServer(
                certChain=self._chain,
                privateKey=self._key,
                settings=self._settings,
                reqCert=self._asks,
                alpn=[b"http/1.1"],
            )
            for _ in tls._sendMsg(Alert().create(self._number, AlertLevel.fatal)):
                pass
            drain(connection)
