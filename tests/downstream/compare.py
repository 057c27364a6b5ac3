"""Two runs of one suite, test by test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class Outcome:
    """What came of one test.

    Attributes:
        outcome: `passed`, `failed`, `skipped`, `xfailed` or `xpassed`.
        reason: Why, where it did not pass.
        outside: Whether it asked for a name or an address outside the loopback.
    """

    outcome: str
    reason: str = ""
    outside: bool = False


@dataclass(frozen=True)
class Comparison:
    """A suite's two runs.

    Attributes:
        suite: The suite's name and version.
        theirs: What came of each test with the library's classes, by the test's id.
        ours: The same with ours in their place.
        guarded: How many calls went through our guard in the second run.
        enriched: How many failures left it enriched.
        fails_over_tls: Whether there were failures to enrich.
        worded: Tests that fail with ours because they compare the whole of `str(exception)`, and for nothing else.
        unsteady: Tests that failed with ours at first and passed when they were run again.
    """

    suite: str
    theirs: Mapping[str, Outcome]
    ours: Mapping[str, Outcome]
    guarded: int
    enriched: int
    fails_over_tls: bool = True
    worded: frozenset[str] = frozenset()
    unsteady: frozenset[str] = frozenset()

    @property
    def regressions(self) -> list[str]:
        """The tests that fare worse with our classes: a test that is gone, or skipped all at once, counts too."""
        return [name for name in worse(self.theirs, self.ours) if name not in self.worded | self.unsteady]

    @property
    def proves_something(self) -> bool:
        """Whether tests passed with theirs, and ours were in use and diagnosed what they should."""
        return bool(_count(self.theirs, "passed") and self.guarded and (self.enriched or not self.fails_over_tls))

    @property
    def outside(self) -> list[str]:
        """The tests that fail both ways for want of a network outside."""
        return [name for name, one in self.theirs.items() if one.outside and one.outcome == "failed"]


def worse(theirs: Mapping[str, Outcome], ours: Mapping[str, Outcome]) -> list[str]:
    """The tests that fail with ours only, and those that passed with theirs and were skipped or gone with ours."""
    gone = Outcome("gone")
    return [
        name
        for name, one in theirs.items()
        if (other := ours.get(name, gone).outcome) != one.outcome
        and one.outcome != "failed"
        and (other in {"failed", "gone"} or one.outcome == "passed")
    ]


def table(comparisons: Iterable[Comparison]) -> str:
    """The comparison as text: one line for each suite."""
    head = (
        "suite",
        "tests",
        "passed, theirs",
        "passed, ours",
        "regressions",
        "message",
        "outside",
        "skipped",
        "guarded",
        "enriched",
    )
    rows = [head, *(_row(each) for each in comparisons)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def _row(one: Comparison) -> tuple[str, ...]:
    numbers = (
        len(one.theirs),
        _count(one.theirs, "passed"),
        _count(one.ours, "passed"),
        len(one.regressions),
        len(one.worded),
        len(one.outside),
        _count(one.theirs, "skipped"),
        one.guarded,
        one.enriched,
    )
    return (one.suite, *map(str, numbers))


def notes(one: Comparison) -> list[str]:
    """What the table cannot say: each regression, each failure, each reason for skipping."""
    said = [] if one.proves_something else ["this proves nothing: our classes were not in use, or diagnosed nothing"]
    said += [f"regression: {name}\n{_last_line(one.ours.get(name))}" for name in one.regressions]
    said += [
        f"message: {name} compares an exception's whole text, and passes but for that" for name in sorted(one.worded)
    ]
    said += [f"unsteady: {name} passed with ours when it was run again" for name in sorted(one.unsteady)]
    said += [f"outside: {name} asks for a network and fails with both" for name in one.outside]
    failing = [name for name, each in one.theirs.items() if each.outcome == "failed" and not each.outside]
    said += [f"fails with theirs: {name}\n{_last_line(one.theirs[name])}" for name in failing]
    reasons: dict[str, int] = {}
    for each in one.theirs.values():
        if each.outcome == "skipped":
            reasons[_last_line(each)] = reasons.get(_last_line(each), 0) + 1
    return [f"{one.suite}: {note}" for note in said + [f"skipped {n}: {why}" for why, n in reasons.items()]]


def _last_line(one: Outcome | None) -> str:
    return one.reason.strip().rpartition("\n")[2] if one else "it was not collected"


def _count(outcomes: Mapping[str, Outcome], wanted: str) -> int:
    return sum(each.outcome == wanted for each in outcomes.values())
