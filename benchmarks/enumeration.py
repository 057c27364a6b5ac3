"""How long, and over how many connections, every version and every cipher suite of one nginx takes to find.

    python benchmarks/enumeration.py [--runs N] [--all]

nginx serves TLS 1.2 and 1.3 with its default suites and an RSA certificate. Our survey runs inside this process,
the other tools as commands; each is measured on loopback and through a forwarder (a process of its own) that adds
50 ms to every round trip. The forwarder's kernel completes the TCP handshake at once, so there are two columns: one
without any delay for the handshake, and one where a connection's first bytes wait for the 50 ms that its handshake
would have taken. Connections are counted by the forwarder; nmap's SYN scan comes on top. Tools that are not
installed are left out.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import shutil
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any


ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.nginx import Nginx  # noqa: E402
from support.pki import Authority  # noqa: E402
from support.process import free_port  # noqa: E402

from sslwhy.evidence.prober.route import Route  # noqa: E402
from sslwhy.evidence.prober.survey import candidates, survey  # noqa: E402


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DELAY = 0.05
TLS12, TLS13 = 0x0303, 0x0304

_SSLYZE = ("--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3")
"""Of all its scans, those that enumerate."""
TOOLS = {
    "nmap": ["nmap", "-Pn", "-n", "--script", "ssl-enum-ciphers", "-p", "{port}", "127.0.0.1"],
    "sslscan": ["sslscan", "--no-colour", "127.0.0.1:{port}"],
    "sslyze": ["sslyze", *_SSLYZE, "127.0.0.1:{port}"],
    "testssl.sh": ["testssl", "--quiet", "--color", "0", "-p", "-E", "127.0.0.1:{port}"],
}
USUAL = ("nmap", "sslscan")


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float, first: float) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.time() + first
    queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            due, data = await queue.get()
            await asyncio.sleep(due - loop.time())
            if not data:
                writer.close()
                return
            writer.write(data)

    delivery = asyncio.create_task(deliver())
    data = b"-"
    while data:
        try:
            data = await reader.read(65536)
        except OSError:
            data = b""
        queue.put_nowait((max(loop.time(), ready) + delay, data))
    await delivery


def forward(port: int, backend: int, delay: float, handshake: bool, count: Any) -> None:
    """Carry connections from `port` to `backend`, every round trip `delay` seconds longer, and count them."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        count.value += 1
        there, back = await asyncio.open_connection("127.0.0.1", backend)
        first = delay if handshake else 0.0
        await asyncio.gather(_pipe(reader, back, delay / 2, first), _pipe(there, writer, delay / 2, 0.0))

    async def serve() -> None:
        server = await asyncio.start_server(connection, "127.0.0.1", port, backlog=256)
        await server.serve_forever()

    asyncio.run(serve())


@contextmanager
def forwarder(backend: int, delay: float, *, handshake: bool = False) -> Iterator[tuple[int, Any]]:
    """Run :func:`forward` in a process of its own; gives its port and its count of connections."""
    context = multiprocessing.get_context("spawn")
    port, count = free_port(), context.Value("i", 0)
    process = context.Process(target=forward, args=(port, backend, delay, handshake, count), daemon=True)
    process.start()
    _await(port)
    count.value = 0
    try:
        yield port, count
    finally:
        process.terminate()
        process.join()


def _await(port: int) -> None:
    import socket

    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            time.sleep(0.2)
            return


def ours(port: int) -> None:
    """Our survey."""
    survey(Route("127.0.0.1", port), "localhost")


def command(name: str) -> Callable[[int], None]:
    """A tool as a function of the port."""

    def run(port: int) -> None:
        arguments = [part.format(port=port) for part in TOOLS[name]]
        subprocess.run(arguments, capture_output=True, check=False, timeout=300, stdin=subprocess.DEVNULL)

    return run


def seconds(run: Callable[[int], None], port: int, runs: int) -> float:
    """The median of several runs."""
    taken = []
    for _ in range(runs):
        started = time.perf_counter()
        run(port)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def measure(run: Callable[[int], None], port: int, runs: int) -> tuple[float, float, float, int]:
    """Seconds on loopback, with delay, with delay for the handshake, too; connections."""
    with forwarder(port, 0.0) as (through, count):
        run(through)
        connections = count.value
    loopback = seconds(run, port, runs)
    with forwarder(port, DELAY) as (through, _):
        delayed = seconds(run, through, runs)
    with forwarder(port, DELAY, handshake=True) as (through, _):
        slow = seconds(run, through, runs)
    return loopback, delayed, slow, connections


def compare(port: int, runs: int, names: list[str]) -> None:
    """Print the table."""
    found = survey(Route("127.0.0.1", port), "localhost")
    classic, modern = len(found.suites(TLS12)), len(found.suites(TLS13))
    least = (classic + 1) + (modern + 1) + 3
    print(f"nginx: {classic} suites in TLS 1.2, {modern} in TLS 1.3; others refused\n")
    print(f"{'':12}{'loopback':>10}{'+50 ms':>10}{'+50 ms with connect':>22}{'connections':>14}")
    rows = {"sslwhy": measure(ours, port, max(runs, 5))}
    rows |= {name: measure(command(name), port, runs) for name in names}
    base = rows["sslwhy"]
    for name, (loopback, delayed, slow, connections) in rows.items():
        print(f"{name:12}{loopback:>9.3f}s{delayed:>9.3f}s{slow:>21.3f}s{connections:>14}")
        if name != "sslwhy":
            ratios = [f"1/{other / own:.1f}" for own, other in zip(base[:3], (loopback, delayed, slow), strict=True)]
            print(f"{'  we take':12}{ratios[0]:>10}{ratios[1]:>10}{ratios[2]:>22}")
    everything = len(candidates(TLS12)) + len(candidates(TLS13)) + 3
    print(f"\nconnections: {found.connections}; no strategy can do with fewer than {least} (one for each suite,")
    print("  one refusal for each version)")
    print(f"rounds of connections that wait for each other: {found.rounds}, that is {2 * found.rounds} round trips;")
    print(f"  the fewest connections would take {classic + 1} rounds, the fewest rounds (1) {everything} connections")


def main() -> None:
    """Run nginx and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--all", action="store_true", help="sslyze and testssl.sh, too (slow)")
    options = parser.parse_args()
    names = [name for name in (TOOLS if options.all else USUAL) if shutil.which(TOOLS[name][0])]
    identity = Authority.root().issue("localhost", dns=["localhost"], key="rsa-2048")
    with Nginx(identity) as server:
        compare(server.port, options.runs, names)


if __name__ == "__main__":
    main()
