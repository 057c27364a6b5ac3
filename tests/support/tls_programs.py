"""TLS servers of other makes: nginx, openssl s_server, gnutls-serv and tlslite-ng.

with nginx(folder, identity, "ssl_protocols TLSv1.2;") as port: ...
"""

from __future__ import annotations

import contextlib
import importlib
import shutil
import socket
import subprocess
import time
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from sslwhy.demo.loopback import Listener


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sslwhy.demo.pki import Identity


def program(name: str) -> str:
    """The path of a program; a test that needs one that is not installed says so and is skipped."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


@contextlib.contextmanager
def running(command: Sequence[str], port: int) -> Iterator[int]:
    """Run a server until the end of the block; begins once it accepts connections.

    Raises:
        RuntimeError: it ended, or did not listen within ten seconds.
    """
    with subprocess.Popen(  # its input stays open: s_server and gnutls-serv end with it
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as server:
        try:
            _await(server, port)
            yield port
        finally:
            server.terminate()
            server.communicate(timeout=10)


def _await(server: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if server.poll() is not None:
            said = server.stderr.read() if server.stderr else b""
            raise RuntimeError(f"the server ended: {said.decode(errors='replace')}")
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.02)
    raise RuntimeError("the server does not listen")


def _files(folder: Path, identity: Identity, name: str = "server") -> tuple[str, str]:
    chain, key = folder / f"{name}.pem", folder / f"{name}.key"
    chain.write_text("".join(one.pem for one in _issuers(identity)), encoding="ascii")
    key.write_text(identity.key_pem, encoding="ascii")
    return str(chain), str(key)


def _issuers(identity: Identity) -> Iterator[Identity]:
    one: Identity | None = identity
    while one and one.issuer is not None:
        yield one
        one = one.issuer


@contextlib.contextmanager
def nginx(folder: Path, *identities: Identity, settings: str = "") -> Iterator[int]:
    """Run nginx with its default suites, one `ssl_certificate` for each identity, and more `settings`."""
    port = free_port()
    files = [_files(folder, identity, f"server{at}") for at, identity in enumerate(identities)]
    lines = "\n".join(f"ssl_certificate {chain}; ssl_certificate_key {key};" for chain, key in files)
    (folder / "nginx.conf").write_text(
        f"""daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr crit;
        events {{ worker_connections 256; }}
        http {{ access_log off; client_body_temp_path {folder}/t; proxy_temp_path {folder}/t;
          fastcgi_temp_path {folder}/t; uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
          server {{ listen 127.0.0.1:{port} ssl; {lines} {settings} }} }}
        """,
        encoding="ascii",
    )
    command = [program("nginx"), "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with running(command, port):
        yield port


@contextlib.contextmanager
def s_server(folder: Path, identity: Identity, *options: str) -> Iterator[int]:
    """Run `openssl s_server -www`."""
    port = free_port()
    chain, key = _files(folder, identity)
    command = [program("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-quiet"]
    with running([*command, "-cert", chain, "-cert_chain", chain, "-key", key, *options], port):
        yield port


@contextlib.contextmanager
def gnutls(folder: Path, identity: Identity, priority: str = "NORMAL", *options: str) -> Iterator[int]:
    """Run gnutls-serv with a priority string."""
    port = free_port()
    chain, key = _files(folder, identity)
    command = [program("gnutls-serv"), "--http", "--quiet", "--port", str(port), "--priority", priority]
    with running([*command, "--x509certfile", chain, "--x509keyfile", key, *options], port):
        yield port


def dh_params(folder: Path, bits: int) -> str:
    """The path of new Diffie-Hellman parameters; 512 bits take a moment, 2048 would take a minute."""
    path = folder / f"dh{bits}.pem"
    command = [program("openssl"), "dhparam", "-dsaparam", "-out", str(path), str(bits)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return str(path)


class TlsliteServer(Listener):
    """tlslite-ng: the one implementation at hand that still serves SSLv3 and RC4."""

    def __init__(self, identity: Identity, **settings: Any) -> None:
        super().__init__()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            self._api: Any = importlib.import_module("tlslite.api")
            self._errors: Any = importlib.import_module("tlslite.errors")
        self._chain = self._api.X509CertChain()
        self._chain.parsePemList(identity.pem)
        self._key = self._api.parsePEMKey(identity.key_pem, private=True)
        self._settings = self._api.HandshakeSettings()
        for name, value in settings.items():
            setattr(self._settings, name, value)

    def serve(self, connection: socket.socket) -> None:
        """Shake hands, whatever comes of it."""
        with contextlib.suppress(self._errors.BaseTLSException, ValueError, SyntaxError):
            self._api.TLSConnection(connection).handshakeServer(
                certChain=self._chain, privateKey=self._key, settings=self._settings
            )
