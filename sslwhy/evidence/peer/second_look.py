"""The fallback: where the failing handshake left no chain, the same context asks once more."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import TYPE_CHECKING

from sslwhy.evidence.capture import TestifyingSocket, testimony_of


if TYPE_CHECKING:
    import ssl

    from sslwhy.evidence.capture import Testimony
    from sslwhy.evidence.collect import Budget
    from sslwhy.evidence.incident import Incident
    from sslwhy.facts.evidence import Evidence

_SECONDS = 2.0


def look_again(evidence: Evidence, incident: Incident, budget: Budget) -> Evidence:
    """Repeat the handshake with the context that failed and keep the chain that it presents.

    Verification stays as strict as it was: the handshake is expected to fail again, and nothing is sent after it.
    Through a proxy nothing is asked: the answer could be another server's.
    """
    target, context = evidence.target, incident.context
    if context is None or target.host is None or target.port is None or evidence.route.proxy:
        return evidence
    address = (target.address or target.host, target.port)
    testimony = ask(context, address, target.server_name, min(_SECONDS, budget.seconds))
    if testimony is None or not testimony.chain:
        return replace(evidence, connections=evidence.connections + 1)
    return replace(
        evidence,
        chain=testimony.chain,
        target=replace(target, address=testimony.address),
        connections=evidence.connections + 1,
    )


def ask(context: ssl.SSLContext, address: tuple[str, int], server_name: str | None, seconds: float) -> Testimony | None:
    """Make one handshake and return what its failure testified; ``None`` where it succeeded or never began.

    A client certificate in the context is safe: it is sent only after the server's chain has been verified.
    """
    try:
        with socket.create_connection(address, timeout=seconds) as plain:
            tls = TestifyingSocket._create(  # type: ignore[attr-defined]  # noqa: SLF001 - what wrap_socket calls
                sock=plain, server_hostname=server_name, context=context
            )
            tls.close()
    except OSError as error:
        return testimony_of(error)
    return None
