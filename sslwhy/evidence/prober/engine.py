"""Many probing connections at once, in one thread, under one deadline."""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from typing import TYPE_CHECKING

from sslwhy.evidence.prober.connection import Connection, Question, connect, encoded, failed
from sslwhy.facts.peer import Abandoned


if TYPE_CHECKING:
    from sslwhy.evidence.prober.route import Route


WIDTH = 16
"""How many connections are open at the same time at most."""
LIMIT = 200
"""How many connections one set of questions may open at most."""


class Engine:
    """Asks questions until none is left, the deadline passes, or the limit of connections is reached.

    Attributes:
        connections: how many connections were opened so far.
        rounds: the longest run of connections that had to wait for each other so far.
    """

    def __init__(
        self,
        route: Route,
        *,
        timeout: float = 3.0,
        deadline: float = 10.0,
        width: int = WIDTH,
        limit: int = LIMIT,
    ) -> None:
        """Prepare; nothing is opened before :meth:`run`.

        Args:
            route: the way to the server.
            timeout: seconds for one connection, from connect to answer.
            deadline: seconds for everything.
            width: how many connections are open at the same time at most.
            limit: how many connections are opened at most.
        """
        self.connections = 0
        self.rounds = 0
        self._route = route
        self._timeout = timeout
        self._deadline = time.monotonic() + deadline
        self._width = width
        self._limit = limit
        self._queue: deque[tuple[Question, bytes, int]] = deque()
        self._depth = 0
        self._open: set[Connection] = set()
        self._address: tuple[socket.AddressFamily, object] | None = None
        self._unresolved: OSError | None = None

    def ask(self, question: Question) -> None:
        """Put a question into the queue.

        Raises:
            ValueError: its ClientHello cannot be written, e.g. because the server name is none.
        """
        self._queue.append((question, encoded(question), self._depth + 1))

    def run(self) -> None:
        """Ask everything in the queue and all that the answers lead to; return when there is nothing left."""
        with selectors.DefaultSelector() as selector:
            try:
                while self._queue or self._open:
                    self._launch(selector)
                    self._turn(selector)
            finally:
                for connection in self._open:
                    connection.close()
                self._open.clear()

    def _launch(self, selector: selectors.BaseSelector) -> None:
        while self._queue and len(self._open) < self._width:
            question, hello, depth = self._queue.popleft()
            self._depth = depth
            if self.connections >= self._limit:
                question.told(Abandoned(f"the limit of {self._limit} connections was reached"))
            elif time.monotonic() >= self._deadline:
                question.told(Abandoned("the deadline passed"))
            else:
                self._begin(selector, question, hello, depth)

    def _begin(self, selector: selectors.BaseSelector, question: Question, hello: bytes, depth: int) -> None:
        until = min(time.monotonic() + self._timeout, self._deadline)
        try:
            family, address = self._resolved()
            self.connections += 1
            self.rounds = max(self.rounds, depth)
            sock = connect(self._route, address, family, until - time.monotonic())
        except OSError as error:
            question.told(failed(error))
            return
        connection = Connection(question, hello, sock, self._route, depth, until)
        self._open.add(connection)
        selector.register(sock, selectors.EVENT_WRITE, connection)

    def _resolved(self) -> tuple[socket.AddressFamily, object]:
        if self._unresolved is not None:
            raise self._unresolved
        if self._address is None:
            try:
                self._address = (socket.AF_UNSPEC, None) if self._route.opener else self._route.resolve()
            except OSError as error:
                self._unresolved = error
                raise
        return self._address

    def _turn(self, selector: selectors.BaseSelector) -> None:
        if not self._open:
            return
        wait = min(connection.deadline for connection in self._open) - time.monotonic()
        for key, _ in selector.select(max(wait, 0)):
            connection: Connection = key.data
            before = connection.writing
            answer = connection.advance()
            if answer is not None:
                self._finish(selector, connection)
                connection.question.told(answer)
            elif connection.writing != before:
                event = selectors.EVENT_WRITE if connection.writing else selectors.EVENT_READ
                selector.modify(connection.socket, event, connection)
        self._expire(selector)

    def _expire(self, selector: selectors.BaseSelector) -> None:
        now = time.monotonic()
        for connection in [each for each in self._open if each.deadline <= now]:
            self._finish(selector, connection)
            answer = connection.expire()
            if now >= self._deadline:
                answer = Abandoned("the deadline passed")
            connection.question.told(answer)

    def _finish(self, selector: selectors.BaseSelector, connection: Connection) -> None:
        selector.unregister(connection.socket)
        connection.close()
        self._open.discard(connection)
        self._depth = connection.depth
