"""Finding everything that a server accepts, over few connections and in few rounds.

A server answers a list with one choice.  Offering everything, striking out the choice and offering the rest
again finds n accepted items over n + 1 connections, and no strategy can do with fewer: each item has to be
chosen once, and one refusal has to prove that nothing is left.  But each of those connections waits for the
one before.  Dealing the candidates out to several lists that are asked at the same time divides the waiting
and costs one refusal for each list that runs dry, so the number of lists follows the yield: more while every
list is answered, fewer once some are refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sslwhy.evidence.prober.connection import Question
from sslwhy.facts.peer import AlertReceived, HelloAnswer, PeerClosed, ServerFlight


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sslwhy.evidence.prober.engine import Engine
    from sslwhy.evidence.wire.client_hello import HelloSpec


MAX_LISTS = 12
"""How many lists are asked at the same time at most."""
_GROWTH = 3
# Some old servers look no further than this, or drop a longer ClientHello; a silent refusal is asked again
# with so many.
_SECOND_OPINION = 64
_TURNED = 32

Order = Literal["server", "client", "unknown"]


class Elimination:
    """One enumeration: which of the candidates does the server choose, given the chance?

    Attributes:
        accepted: what was chosen, in the order of the answers.
        flights: the server's flights, likewise.
        first: the answer to the first question, whichever answer came in first.
        unclear: why something may be missing from ``accepted``, or ``None``.
    """

    def __init__(
        self,
        engine: Engine,
        candidates: Sequence[int],
        hello: Callable[[tuple[int, ...]], HelloSpec],
        choice: Callable[[ServerFlight], int | None],
        *,
        lists: int = 1,
        most: int = MAX_LISTS,
        once: bool = False,
    ) -> None:
        """Prepare; :meth:`start` asks the first questions.

        Args:
            engine: what asks.
            candidates: what the server may accept, the likeliest first.
            hello: makes the ClientHello that offers some of the candidates, in that order.
            choice: reads the server's choice; ``None`` where it took something else (another version).
            lists: how many lists to begin with.
            most: how many lists to ask at the same time at most.
            once: whether one round is all that is wanted.
        """
        self.accepted: list[int] = []
        self.flights: list[ServerFlight] = []
        self.first: HelloAnswer | None = None
        self.unclear: str | None = None
        self._engine = engine
        self._rank = {candidate: at for at, candidate in enumerate(candidates)}
        self._hello = hello
        self._choice = choice
        self._lists = lists
        self._most = most
        self._once = once
        self._pool: list[int] = list(candidates)
        self._waiting = 0
        self._answered = 0
        self._opening: tuple[int, ...] | None = None
        self._seen: list[tuple[tuple[int, ...], int]] = []

    def start(self) -> None:
        """Ask the next round of questions."""
        pool = sorted(self._pool, key=self._rank.__getitem__)
        self._pool = []
        self._lists = max(1, min(self._lists, len(pool)))
        self._waiting, self._answered = self._lists, 0
        for at in range(self._lists):
            members = pool[at :: self._lists]
            # Every other list is offered the other way round at its head: only so does the order of the
            # choices show whose preference decides.
            turned = (at + len(self._seen)) % 2
            head = members[:_TURNED][::-1] if turned else members[:_TURNED]
            offered = (*head, *members[_TURNED:])
            self._opening = self._opening or offered
            self._ask(offered, again=False)

    def _ask(self, offered: tuple[int, ...], *, again: bool) -> None:
        def told(answer: HelloAnswer) -> None:
            self._told(offered, answer, again=again)

        self._engine.ask(Question(self._hello(offered), told))

    def _told(self, offered: tuple[int, ...], answer: HelloAnswer, *, again: bool) -> None:
        if self.first is None or offered is self._opening:
            self.first = answer
        closed = isinstance(answer, PeerClosed) and answer.how != "timeout"
        if closed and not again:
            likeliest = sorted(offered, key=self._rank.__getitem__)[:_SECOND_OPINION]
            self._ask(tuple(likeliest), again=True)
            return
        self._waiting -= 1
        if isinstance(answer, ServerFlight):
            self._chosen(offered, answer)
        elif not closed and not isinstance(answer, AlertReceived):
            self.unclear = self.unclear or _words(answer)
        if not self._waiting and self._pool and not self._once:
            self._lists = self._next_lists()
            self.start()

    def _chosen(self, offered: tuple[int, ...], flight: ServerFlight) -> None:
        choice = self._choice(flight)
        if choice is None:
            return
        if choice not in offered:
            self.unclear = f"the server chose 0x{choice:04x}, which was not offered"
            return
        self._answered += 1
        self.accepted.append(choice)
        self.flights.append(flight)
        self._seen.append((offered, choice))
        self._pool.extend(candidate for candidate in offered if candidate != choice)

    def _next_lists(self) -> int:
        if self._answered == self._lists:
            return min(self._most, _GROWTH * self._lists)
        return max(1, self._answered // 2)

    @property
    def exhausted(self) -> bool:
        """Return whether nothing is left that was neither chosen nor refused."""
        return not self._pool

    @property
    def order(self) -> Order:
        """Return whose preference decides, as far as the choices show it."""
        accepted = set(self.accepted)
        contested = 0
        for offered, choice in self._seen:
            rivals = [candidate for candidate in offered if candidate in accepted]
            if rivals[0] != choice:
                return "server"
            contested += len(rivals) > 1
        return "client" if contested > 1 else "unknown"

    @property
    def ranked(self) -> tuple[int, ...]:
        """Return what was accepted, the preferred first as far as the choices show it."""
        beaten_by: dict[int, set[int]] = {item: set() for item in self.accepted}
        for offered, choice in self._seen if self.order == "server" else ():
            for loser in beaten_by.keys() & set(offered) - {choice}:
                beaten_by[loser].add(choice)
        left, ranked = sorted(beaten_by, key=self._rank.__getitem__), []
        while left:
            best = next((item for item in left if not beaten_by[item] & set(left)), left[0])
            left.remove(best)
            ranked.append(best)
        return tuple(ranked)


def _words(answer: HelloAnswer) -> str:
    if isinstance(answer, PeerClosed):
        return "the server did not answer in time"
    return str(getattr(answer, "reason", "")) or str(getattr(answer, "message", "")) or "the peer did not answer in TLS"
