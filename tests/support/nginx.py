"""nginx with TLS: versions, suites, client certificates, and a real service behind it."""

from __future__ import annotations

import http.client
import re
import socket
from typing import TYPE_CHECKING

from support.pki import bundle
from support.process import ProcessServer


if TYPE_CHECKING:
    from collections.abc import Sequence

    from sslwhy.demo.loopback import Listener
    from sslwhy.demo.pki import Identity


_CONFIGURATION = """
daemon off;
master_process off;
pid nginx.pid;
error_log error.log info;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {{ listen unix:{folder}/status; location / {{ stub_status; }} }}
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate identity-chain.pem;
    ssl_certificate_key identity-key.pem;
    {directives}
    location / {{ {answer} }}
  }}
}}
"""


class Nginx(ProcessServer):
    """nginx for one identity.

    `protocols` and `ciphers` are nginx's own words (None: its defaults, TLS 1.2 and 1.3 since 1.23.4).
    `clients` are the CAs of client certificates, `verify` is on, optional or optional_no_ca; without a
    certificate nginx answers 400. `behind` is a plain HTTP server that answers the requests.
    `directives` go into the server block as they are.
    """

    program = "nginx"

    def __init__(
        self,
        identity: Identity,
        *,
        protocols: str | None = "TLSv1.2 TLSv1.3",
        ciphers: str | None = None,
        clients: Sequence[Identity] = (),
        verify: str = "on",
        behind: Listener | None = None,
        directives: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._identity = identity
        self._clients = clients
        self._asked = 0
        self._behind = behind
        self._directives = [
            *([f"ssl_protocols {protocols};"] if protocols else []),
            *([f"ssl_ciphers {ciphers};"] if ciphers else []),
            *([f"ssl_client_certificate clients.pem; ssl_verify_client {verify};"] if clients else []),
            *directives,
        ]

    @property
    def connections(self) -> int:
        """Connections accepted so far."""
        self._asked += 1
        status = _Local(f"{self.folder}/status")
        try:
            status.request("GET", "/")
            counts = re.findall(rb"\d+", status.getresponse().read())
        finally:
            status.close()
        return int(counts[1]) - self._asked

    def command(self) -> Sequence[str]:
        """Write the configuration and say how nginx finds it."""
        self._identity.write(self.folder)
        bundle(self.folder / "clients.pem", *self._clients)
        answer = f"proxy_pass http://127.0.0.1:{self._behind.port};" if self._behind else "return 200 hello;"
        if self._behind:
            answer += " proxy_set_header Host $http_host;"
        text = _CONFIGURATION.format(
            folder=self.folder, port=self.port, directives="\n    ".join(self._directives), answer=answer
        )
        (self.folder / "nginx.conf").write_text(text, encoding="ascii")
        return ["-p", str(self.folder), "-c", "nginx.conf", "-e", "error.log"]

    def output(self) -> str:
        """nginx's error log."""
        return super().output() + (self.folder / "error.log").read_text(encoding="utf-8", errors="replace")


class _Local(http.client.HTTPConnection):
    """HTTP over a socket in the file system."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=5)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(5)
        self.sock.connect(self._path)
