"""What a call that succeeds costs with sslwhy: the ratio to the same call without it, on the loopback interface.

Both sides are measured in turn, so that what disturbs the machine disturbs both; medians and bests are compared.
"""

from __future__ import annotations

import contextlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
import zeep


sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]

from support import pki  # noqa: E402 - both come from the tests
from support.tls import TlsServer  # noqa: E402

import sslwhy  # noqa: E402
from sslwhy.demo.soap_service import SoapService  # noqa: E402


if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 300
IMPORTS = 15


class Prompt(TlsServer):
    """Sends each packet at once: with Nagle's algorithm, chance adds 40 ms to some answers."""

    def wrap(self, connection: socket.socket) -> socket.socket:
        """Set the option, then put TLS on the connection."""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return super().wrap(connection)


def durations(theirs: Callable[[], Any], ours: Callable[[], Any], rounds: int) -> tuple[list[float], list[float]]:
    """The durations of each, in seconds, measured in turn; who goes first changes from round to round."""
    taken: dict[Callable[[], Any], list[float]] = {theirs: [], ours: []}
    for number in range(rounds + 3):
        for call in (theirs, ours) if number % 2 else (ours, theirs):
            began = time.perf_counter()
            call()
            taken[call].append(time.perf_counter() - began)
    return taken[theirs][3:], taken[ours][3:]


def show(name: str, theirs: list[float], ours: list[float]) -> None:
    """Print one line of the table: the medians, and the best of each, which a busy machine disturbs least."""
    typical = statistics.median(theirs), statistics.median(ours)
    added = min(ours) - min(theirs)
    cells = (f"{typical[0] * 1000:10.3f}", f"{typical[1] * 1000:10.3f}", f"{typical[1] / typical[0]:7.3f}")
    print(f"{name:40} {' '.join(cells)} {added * 1e6:+12.0f}")


def imports(statement: str) -> Callable[[], object]:
    """A call that runs a statement in a fresh interpreter."""
    return lambda: subprocess.run([sys.executable, "-c", statement], check=True)


def main() -> None:
    """Measure and print."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        root = pki.Authority.root("Benchmark Root")
        leaf = root.issue("localhost", dns=["localhost"], ips=["127.0.0.1"])
        server = stack.enter_context(Prompt(leaf, SoapService()))
        bundle, document = pki.bundle(folder / "root.pem", root), f"{server.url}/service?wsdl"

        def anew(session_class: type[requests.Session]) -> Callable[[], object]:
            def call() -> None:
                with session_class() as session:
                    session.get(document, verify=bundle)

            return call

        def session(session_class: type[requests.Session]) -> requests.Session:
            made = stack.enter_context(session_class())
            made.verify = bundle
            made.trust_env = False  # a REQUESTS_CA_BUNDLE of the developer's would take the bundle's place
            return made

        def client(client_class: Any, transport_class: Any) -> Any:
            return client_class(document, transport=transport_class(session=session(requests.Session)))

        their_session, our_session = session(requests.Session), session(sslwhy.Session)
        their_client, our_client = client(zeep.Client, zeep.Transport), client(sslwhy.Client, sslwhy.Transport)
        print(f"{'median, milliseconds':40} {'without':>10} {'with':>10} {'ratio':>7} {'best, us':>12}")
        show("GET, a new session and connection", *durations(anew(requests.Session), anew(sslwhy.Session), ROUNDS))
        get = [lambda made=made: made.get(document) for made in (their_session, our_session)]
        show("GET, the connection kept", *durations(get[0], get[1], ROUNDS))
        show("SOAP call, the connection kept", *durations(their_client.service.Ping, our_client.service.Ping, ROUNDS))
    show("import requests | sslwhy", *durations(imports("import requests"), imports("import sslwhy"), IMPORTS))
    for library, name in (("requests", "Session"), ("zeep", "Client")):
        pair = imports(f"from {library} import {name}"), imports(f"from sslwhy import {name}")
        show(f"from {library} | sslwhy import {name}", *durations(*pair, IMPORTS))


if __name__ == "__main__":
    main()
