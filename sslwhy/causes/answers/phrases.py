"""The phrases of TLS libraries as they print them: facts, compared case-sensitively and whole.

They stand in ``phrases.json``. The translations are those of .NET Framework's and WCF's language packs for
``WebExceptionStatus.TrustFailure``, ``SecureChannelFailure`` and ``SslStream``'s ``AuthenticationException``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from sslwhy.causes.answers.tables import table


if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["class", "sentence", "weak"]
"""``class``: an exception's name; ``sentence``: words that only a TLS library prints; ``weak``: words that other
certificate software prints too, so that they count only after one of the others or after a call to a URL."""

TRUST_REASONS = frozenset({"trust", "untrusted", "name", "expired", "store"})
"""The reasons that make a failure one of trust; the others make it one of the protocol."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase.

    Attributes:
        text: the phrase; one that ends with a space or an opening mark goes on with foreign words.
        reason: what it says, a reason of ``AnswerVerdict``.
        platform: whose words they are.
        kind: how much surrounding it needs.
        shared: whether the words are printed for something else too, such as the signature of a message.
        also: what must stand later in the same passage.
        begins: where the statement starts, at most 24 characters before the phrase.
        then: words with which the sentence may go on.
    """

    text: str
    reason: str
    platform: str
    kind: Kind = "sentence"
    shared: bool = False
    also: str = ""
    begins: str = ""
    then: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def phrases() -> tuple[Phrase, ...]:
    """Return all phrases."""
    return tuple(phrase for group in table("phrases") for phrase in _group(group))


def _group(group: dict[str, Any]) -> Iterator[Phrase]:
    common = {key: group[key] for key in ("platform", "reason", "kind", "shared") if key in group}
    then = tuple(group.get("then", ()))
    for entry in group["phrases"]:
        fields = {"text": entry} if isinstance(entry, str) else entry
        yield Phrase(then=then, **common, **fields)
