"""What a server speaks: every version and every cipher suite, over as few connections as that takes."""

from __future__ import annotations

import time
from functools import cache, partial
from typing import TYPE_CHECKING

from sslwhy.evidence.prober.elimination import MAX_LISTS, Elimination
from sslwhy.evidence.prober.engine import LIMIT, Engine
from sslwhy.evidence.wire.client_hello import (
    CLASSIC_GROUPS,
    CLASSIC_SIGNATURES,
    TLS13_GROUPS,
    TLS13_SIGNATURES,
    HelloSpec,
)
from sslwhy.facts.peer import (
    PeerClosed,
    PeerSurvey,
    ServerFlight,
    VersionSurvey,
)
from sslwhy.facts.tls.names import TLS_1_2, TLS_1_3, VERSIONS, version_name
from sslwhy.facts.tls.suites import CipherSuite, suites


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.evidence.prober.route import Route


_EXCHANGES = ("ECDHE_RSA", "RSA", "ECDHE_ECDSA", "DHE_RSA")
_CIPHERS = (
    "AES_128_GCM",
    "AES_256_GCM",
    "CHACHA20",
    "AES_256_CBC",
    "AES_128_CBC",
    "3DES",
    "CCM",
    "CAMELLIA",
    "ARIA",
    "RC4",
)
# TLS 1.2 is nearly always there, so its first round may already be dealt out to several lists.
_FIRST_LISTS = {TLS_1_2: 5}
# TLS 1.3 has so few suites that one list is through before the many of TLS 1.2 are.
_MOST_LISTS = {TLS_1_3: 1}


def _likelihood(suite: CipherSuite) -> int:
    exchange = _EXCHANGES.index(suite.key_exchange) if suite.key_exchange in _EXCHANGES else 12
    cipher = next((at for at, name in enumerate(_CIPHERS) if suite.cipher.startswith(name)), len(_CIPHERS) + 2)
    odd = suite.export or suite.anonymous or suite.name.endswith("_DRAFT")
    return 5 * exchange + 2 * cipher + 60 * odd


@cache
def candidates(version: int) -> tuple[int, ...]:
    """Return every cipher suite that a version can negotiate, the likeliest first."""
    fitting = [suite for suite in suites().values() if suite.tls13 == (version == TLS_1_3)]
    old_enough = (suite for suite in fitting if suite.minimum_version <= version or "PSK" in suite.key_exchange)
    return tuple(suite.code for suite in sorted(old_enough, key=_likelihood))


def hello_for(version: int, offered: tuple[int, ...], server_name: str | None = None) -> HelloSpec:
    """Return a ClientHello of exactly one version that leaves nothing but the suites to be refused."""
    return HelloSpec(
        suites=offered,
        version=version,
        minimum_version=version,
        server_name=server_name,
        groups=TLS13_GROUPS if version == TLS_1_3 else CLASSIC_GROUPS,
        signature_schemes=TLS13_SIGNATURES if version == TLS_1_3 else CLASSIC_SIGNATURES,
    )


def _suite_in(version: int, flight: ServerFlight) -> int | None:
    return flight.suite if flight.version == version else None


def _unclear(found: Elimination, *, alive: bool) -> str | None:
    # Closing the connection refuses a version only where another one was answered; else nobody may be there.
    if found.unclear is None and isinstance(found.first, PeerClosed) and not alive:
        return "the peer closed the connection"
    return found.unclear


def _version_survey(version: int, found: Elimination, *, alive: bool) -> VersionSurvey:
    unclear = _unclear(found, alive=alive)
    refused = None if unclear else False
    return VersionSurvey(
        version=version,
        accepted=True if found.accepted else refused,
        suites=found.ranked,
        order=found.order,
        answer=found.first,
        complete=unclear is None and found.exhausted,
    )


def _distinct(values: Iterable[int | None]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(value for value in values if value is not None))


def survey(
    route: Route,
    server_name: str | None,
    *,
    versions: Iterable[int] = tuple(VERSIONS),
    deadline: float = 10.0,
    timeout: float = 3.0,
    connections_limit: int = LIMIT,
    all_suites: bool = True,
) -> PeerSurvey:
    """Learn which versions a server negotiates and which cipher suites in each.

    All versions are asked at the same time.  No handshake is finished; nothing but ClientHellos and closing
    alerts is sent.

    Args:
        route: the way to the server.
        server_name: the name for SNI, or ``None`` for none.
        versions: the versions to ask for, as code points.
        deadline: seconds for everything.
        timeout: seconds for one connection.
        connections_limit: how many connections may be opened.
        all_suites: whether to find every suite; otherwise one ClientHello for each version must do.

    Raises:
        ValueError: the server name cannot be put into SNI.
    """
    started = time.monotonic()
    engine = Engine(route, timeout=timeout, deadline=deadline, limit=connections_limit)
    hunts: dict[int, Elimination] = {}
    for version in sorted(versions):
        hello = partial(hello_for, version, server_name=server_name)
        hunts[version] = Elimination(
            engine,
            candidates(version),
            hello,
            partial(_suite_in, version),
            lists=_FIRST_LISTS.get(version, 1) if all_suites else 1,
            most=_MOST_LISTS.get(version, MAX_LISTS),
            once=not all_suites,
        )
        hunts[version].start()
    engine.run()
    return _summary(hunts, engine, time.monotonic() - started)


def _summary(hunts: dict[int, Elimination], engine: Engine, seconds: float) -> PeerSurvey:
    flights = [flight for hunt in reversed(hunts.values()) for flight in hunt.flights]
    plain = [flight for flight in flights if flight.version < TLS_1_3]
    requests = (flight.certificate_request for flight in plain if flight.certificate_request)
    alive = bool(flights)
    unclear = ((version, _unclear(hunt, alive=alive)) for version, hunt in hunts.items())
    primes = [flight.dh_bits for flight in plain if flight.dh_bits is not None]
    return PeerSurvey(
        by_version=tuple(_version_survey(version, hunt, alive=alive) for version, hunt in hunts.items()),
        groups=_distinct(flight.group for flight in flights),
        signature_schemes=_distinct(flight.signature_scheme for flight in plain),
        dh_bits=min(primes, default=None),
        secure_renegotiation=plain[0].secure_renegotiation if plain else None,
        certificate_request=next(requests, None),
        chain=next((flight.chain for flight in plain if flight.chain), ()),
        connections=engine.connections,
        rounds=engine.rounds,
        seconds=seconds,
        inconclusive=tuple(f"{version_name(version)}: {reason}" for version, reason in unclear if reason),
    )
