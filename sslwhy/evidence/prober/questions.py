"""Single questions to a server: one ClientHello, a few side by side, or one property at a time."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sslwhy.evidence.prober.connection import Question
from sslwhy.evidence.prober.elimination import Elimination
from sslwhy.evidence.prober.engine import LIMIT, Engine
from sslwhy.evidence.prober.survey import candidates, hello_for
from sslwhy.evidence.wire.client_hello import (
    CLASSIC_GROUPS,
    CLASSIC_SIGNATURES,
    MODERN_GROUPS,
    TLS13_GROUPS,
    TLS13_SIGNATURES,
    HelloSpec,
)
from sslwhy.facts.peer import Abandoned, HelloAnswer, ServerFlight
from sslwhy.facts.tls.names import TLS_1_2, TLS_1_3
from sslwhy.facts.tls.suites import suites


if TYPE_CHECKING:
    from collections.abc import Mapping

    from sslwhy.evidence.prober.route import Route


LARGE = 1900
"""The size of a ClientHello that no longer fits one Ethernet frame, in bytes, as post-quantum ones do not."""

_X25519MLKEM768 = 0x11EC
_KEY_SHARES = (0x001D, 0x0017)
_ALL_SHARES = (0x001D, 0x0017, 0x0018, 0x001E)
_SIGNED = {"ECDHE_RSA", "ECDHE_ECDSA", "DHE_RSA", "DHE_DSS"}
# The suites that every server of the last fifteen years has some of.
_USUAL_SUITES = (0x1301, 0x1302, 0x1303, 0xC02F, 0xC030, 0xC02B, 0xC02C, 0xCCA8, 0xCCA9, 0x009E, 0x009F)
_OLDER_SUITES = (0xC013, 0xC014, 0xC009, 0xC00A, 0x009C, 0x009D, 0x002F, 0x0035, 0x000A)


def usual_hello(server_name: str | None = None, *, minimum_version: int = TLS_1_2) -> HelloSpec:
    """Return a ClientHello like those of today's clients: TLS 1.2 and 1.3, modern suites, two key shares."""
    return HelloSpec(
        suites=_USUAL_SUITES + _OLDER_SUITES,
        minimum_version=minimum_version,
        server_name=server_name,
        key_shares=_KEY_SHARES,
    )


def small_hello(server_name: str | None = None) -> HelloSpec:
    """Return a ClientHello that stays below 512 bytes."""
    return replace(usual_hello(server_name), suites=_USUAL_SUITES, key_shares=_KEY_SHARES[:1])


def large_hello(server_name: str | None = None) -> HelloSpec:
    """Return a ClientHello as large as a post-quantum key share makes it: more than one network packet."""
    return replace(
        usual_hello(server_name),
        groups=(_X25519MLKEM768, *MODERN_GROUPS),
        key_shares=(_X25519MLKEM768, *_KEY_SHARES),
        pad_to=LARGE,
    )


def probe_hellos(
    route: Route, hellos: Mapping[str, HelloSpec | None], *, timeout: float = 3.0, hello_only: bool = False
) -> dict[str, HelloAnswer]:
    """Ask several ClientHellos at the same time, one connection each.

    Args:
        route: the way to the server.
        hellos: the ClientHellos, each under a name of the caller's; ``None`` in place of one sends nothing
            and waits for a greeting.
        timeout: seconds for each connection, and for all of them together.
        hello_only: whether to stop reading after the ServerHello.

    Returns:
        The answers under the same names.

    Raises:
        ValueError: a ClientHello cannot be written, e.g. because its server name is none.
    """
    answers: dict[str, HelloAnswer] = {name: Abandoned("the deadline passed") for name in hellos}
    # One deadline for each connection: the engine's own must not turn a time-out into "not awaited".
    engine = Engine(route, timeout=timeout, deadline=timeout + 1.0)
    for name, hello in hellos.items():
        engine.ask(Question(hello, partial(answers.__setitem__, name), hello_only))
    engine.run()
    return answers


def probe_hello(route: Route, hello: HelloSpec, *, timeout: float = 3.0, hello_only: bool = False) -> HelloAnswer:
    """Ask one ClientHello over one connection.

    Raises:
        ValueError: it cannot be written, e.g. because the server name is none.
    """
    return probe_hellos(route, {"": hello}, timeout=timeout, hello_only=hello_only)[""]


def read_banner(route: Route, *, timeout: float = 1.0) -> HelloAnswer:
    """Connect, send nothing, and return what the peer says of its own accord.

    SSH, SMTP, FTP, POP3 and IMAP servers greet first (``NotTls``); TLS and HTTP servers stay silent, which is
    the answer ``PeerClosed("timeout")``.
    """
    return probe_hellos(route, {"": None}, timeout=timeout)[""]


def _found(engine: Engine, hunt: Elimination) -> tuple[int, ...]:
    hunt.start()
    engine.run()
    return hunt.ranked


def accepted_groups(
    route: Route,
    server_name: str | None = None,
    *,
    version: int = TLS_1_3,
    timeout: float = 3.0,
    deadline: float = 10.0,
    connections_limit: int = LIMIT,
) -> tuple[int, ...]:
    """Return the named groups that a server agrees to in one version.

    The preferred ones come first, as far as that shows.
    TLS 1.3 answers with HelloRetryRequests, which cost it nothing.  TLS 1.2 and older answer with a key
    exchange; a server with an ECDSA certificate there needs its certificate's own curve among those offered
    (RFC 8422 section 5.1), so that only this curve may show.

    Raises:
        ValueError: the server name cannot be put into SNI.
    """

    def hello(offered: tuple[int, ...]) -> HelloSpec:
        return replace(hello_for(version, chosen, server_name), groups=offered)

    curves = tuple(code for code in candidates(version) if suites()[code].ephemeral_ec)
    chosen = candidates(TLS_1_3) if version == TLS_1_3 else curves
    engine = Engine(route, timeout=timeout, deadline=deadline, limit=connections_limit)
    offers = TLS13_GROUPS if version == TLS_1_3 else CLASSIC_GROUPS
    return _found(engine, Elimination(engine, offers, hello, partial(_group_in, version)))


def _group_in(version: int, flight: ServerFlight) -> int | None:
    return flight.group if flight.version == version else None


def accepted_signature_schemes(
    route: Route,
    server_name: str | None = None,
    *,
    version: int = TLS_1_2,
    timeout: float = 3.0,
    deadline: float = 10.0,
    connections_limit: int = LIMIT,
) -> tuple[int, ...]:
    """Return the signature schemes that a server can sign with in TLS 1.2 or TLS 1.3.

    TLS 1.2 names its choice in plain text.  TLS 1.3 encrypts it, so each scheme is offered alone there, over
    a connection of its own, and all of them at the same time.

    Raises:
        ValueError: the server name cannot be put into SNI.
    """

    def hello(offered: tuple[int, ...]) -> HelloSpec:
        every = hello_for(version, chosen, server_name)
        return replace(every, signature_schemes=offered, key_shares=_ALL_SHARES)

    engine = Engine(route, timeout=timeout, deadline=deadline, limit=connections_limit)
    if version < TLS_1_3:
        chosen = tuple(code for code in candidates(version) if suites()[code].key_exchange in _SIGNED)
        return _found(engine, Elimination(engine, CLASSIC_SIGNATURES, hello, lambda flight: flight.signature_scheme))
    chosen = candidates(TLS_1_3)
    answers: dict[int, HelloAnswer] = {}
    for scheme in TLS13_SIGNATURES:
        engine.ask(Question(hello((scheme,)), partial(answers.__setitem__, scheme), hello_only=True))
    engine.run()
    return tuple(scheme for scheme in TLS13_SIGNATURES if isinstance(answers.get(scheme), ServerFlight))
