"""HTTPS servers on the `ssl` module, with everything configurable that `ssl` can configure."""

from __future__ import annotations

import ssl
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, cast

from sslwhy.demo.loopback import Application, HttpsServer, Request, Response
from support import pki


if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping, Sequence

    from typing_extensions import Unpack

    from sslwhy.demo.pki import Identity


VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}


class Settings(TypedDict, total=False):
    """How a server differs from TLS 1.2 and 1.3, OpenSSL's default suites, no client certificate."""

    versions: tuple[str, str]  # lowest and highest, as in VERSIONS
    ciphers: str  # OpenSSL's list for TLS 1.2 and below
    seclevel: int  # default 0: a server that judges nothing
    chain: Sequence[bytes]  # DER to send after the end-entity, instead of its intermediates
    send_root: bool
    clients: Sequence[Identity]  # trust anchors for client certificates; `ssl` sends no CA names
    client_auth: str  # required (default when `clients` is given) or optional
    alpn: Sequence[str]
    by_name: Mapping[str, Identity]  # other certificates by SNI
    refuse_name: Callable[[str | None], int | None]  # an alert number for an unwanted SNI
    curve: str  # the only group for ECDHE in TLS 1.2 and below, and in TLS 1.3
    options: int  # ssl.OP_* to add
    dh_params: str  # path of a PEM file for DHE


def server_context(identity: Identity, **settings: Unpack[Settings]) -> ssl.SSLContext:
    """A server-side context that presents `identity`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    lowest, highest = settings.get("versions", ("1.2", "1.3"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.0 and 1.1
        context.minimum_version, context.maximum_version = VERSIONS[lowest], VERSIONS[highest]
    context.set_ciphers(f"{settings.get('ciphers', 'DEFAULT')}:@SECLEVEL={settings.get('seclevel', 0)}")
    context.options |= settings.get("options", 0)
    _load(context, identity, settings)
    if "alpn" in settings:
        context.set_alpn_protocols(settings["alpn"])
    if "curve" in settings:
        context.set_ecdh_curve(settings["curve"])
    if "dh_params" in settings:
        context.load_dh_params(settings["dh_params"])
    if clients := settings.get("clients"):
        context.load_verify_locations(cadata=b"".join(one.der for one in clients))
        optional = settings.get("client_auth") == "optional"
        context.verify_mode = ssl.CERT_OPTIONAL if optional else ssl.CERT_REQUIRED
    return context


def _load(context: ssl.SSLContext, identity: Identity, settings: Settings) -> None:
    chain = identity.chain(root=settings.get("send_root", False))
    if "chain" in settings:
        chain = [identity.der, *settings["chain"]]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "identity.pem")
        file.write_text("".join(map(ssl.DER_cert_to_PEM_cert, chain)) + identity.key_pem, encoding="ascii")
        context.load_cert_chain(file)


class _Counting(ssl.SSLSocket):
    """Tells its server how many decrypted bytes have arrived."""

    counter: TlsServer | None = None

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        count = super().recv_into(*args, **kwargs)
        if self.counter:
            self.counter.application_bytes += count
        return count


def hello(request: Request) -> Response:
    """Answer 200 to everything."""
    del request
    return Response(200, b"hello")


class TlsServer(HttpsServer):
    """An HTTPS server that remembers what its handshakes told.

    `names` holds the SNI of every ClientHello, `handshakes` version and suite of every finished one,
    `application_bytes` counts what was received after the handshake: 0 proves that a client sent nothing.
    """

    def __init__(
        self,
        identity: Identity,
        application: Application = hello,
        *,
        host: str = "127.0.0.1",
        talk: Callable[[ssl.SSLSocket], None] | None = None,
        **settings: Unpack[Settings],
    ) -> None:
        context = server_context(identity, **settings)
        # Assigned through Any: typeshed does not know that instances may differ.
        cast("Any", context).sslsocket_class = _Counting
        super().__init__(application, context, host)
        self.application_bytes = 0
        self.names: list[str | None] = []
        self.handshakes: list[tuple[str | None, str | None]] = []
        self.client_certificates: list[bytes | None] = []
        self._talk = talk  # instead of HTTP
        self._refuse = settings.get("refuse_name")
        self._contexts = {
            name: server_context(other, **settings) for name, other in settings.get("by_name", {}).items()
        }
        context.sni_callback = self._named

    def wrap(self, connection: socket.socket) -> socket.socket:
        """Put TLS on the connection and count what it receives."""
        wrapped = super().wrap(connection)
        assert isinstance(wrapped, _Counting)
        wrapped.counter = self
        return wrapped

    def serve(self, connection: socket.socket) -> None:
        """Shake hands, write down what was agreed, then talk."""
        assert isinstance(connection, ssl.SSLSocket)
        connection.do_handshake()
        suite = connection.cipher()
        self.handshakes.append((connection.version(), suite[0] if suite else None))
        self.client_certificates.append(connection.getpeercert(binary_form=True))
        if self._talk:
            self._talk(connection)
        else:
            super().serve(connection)

    def _named(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> int | None:
        del context
        self.names.append(name)
        if self._refuse and (alert := self._refuse(name)) is not None:
            return alert
        if name in self._contexts:
            connection.context = self._contexts[name]
        return None


def localhost(**odd: Unpack[pki.Oddities]) -> tuple[pki.Authority, Identity]:
    """A root and a certificate for localhost and 127.0.0.1 with an intermediate between them."""
    root = pki.Authority.root()
    return root, root.intermediate().issue("localhost", dns=["localhost"], ips=["127.0.0.1"], **odd)
