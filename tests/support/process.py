"""Servers that are programs of their own, each in a temporary folder that goes with it."""

from __future__ import annotations

import contextlib
import random
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from support.isolation import find


if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from typing_extensions import Self


_START = 20.0  # seconds for a program to listen


class ProcessServer:
    """A child process that listens on loopback; a context manager.

    It has no count of its connections: put a `relays.Balancer` in front to count them.
    Subclasses write their files into `folder` and return the command from `command`.

    Raises:
        RuntimeError: On entering, when the program does not start; its output is in the message.
    """

    program = ""
    host = "127.0.0.1"
    environment: dict[str, str] | None = None  # None: the parent's

    def __init__(self) -> None:
        self.port = 0

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as undo:
            self.folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="sslwhy-")))
            for _ in range(3):  # another process may have taken the port meanwhile
                self.port = free_port()
                if self._start():
                    undo.callback(self._stop)
                    self._undo = undo.pop_all()
                    return self
            raise RuntimeError(f"{self.program} does not start: {self.output()}")

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()

    @property
    def url(self) -> str:
        """The server's base URL by name, without a trailing slash."""
        return f"https://localhost:{self.port}"

    def command(self) -> Sequence[str]:
        """The program's arguments, for `self.port`."""
        raise NotImplementedError

    def output(self) -> str:
        """What the program has printed so far."""
        return (self.folder / "output").read_text(encoding="utf-8", errors="replace")

    def _start(self) -> bool:
        program = find(self.program)
        assert program, f"{self.program} is not installed; mark the test with needs()"
        with (self.folder / "output").open("wb") as output:
            self._process = subprocess.Popen(
                [program, *self.command()],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        end = time.monotonic() + _START
        while time.monotonic() < end and self._process.poll() is None:
            if self._listens():
                return True
            time.sleep(0.02)
        self._stop()
        return False

    def _listens(self) -> bool:
        """Ask the kernel, for a connection of ours would be the server's first."""
        wanted = f":{self.port:04X} 00000000:0000 0A"
        table = Path("/proc/net/tcp")
        if table.exists():
            return wanted in table.read_text(encoding="ascii")
        with socket.socket() as probe:  # not Linux
            return probe.connect_ex((self.host, self.port)) == 0

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def free_port() -> int:
    """A port that nobody listens on, outside the range that the kernel hands out by itself."""
    while True:
        port = random.SystemRandom().randrange(12_000, 30_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
