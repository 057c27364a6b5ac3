"""From an incident to evidence, under one deadline: what the failure holds first, what must be asked last."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sslwhy.evidence.client_certificate import client_certificate_of
from sslwhy.evidence.context import offer_of
from sslwhy.evidence.errors import observe
from sslwhy.evidence.machine import machine_of
from sslwhy.evidence.remarks import remarks_of
from sslwhy.evidence.route import route_of
from sslwhy.evidence.trust.provenance import trust_of
from sslwhy.facts.evidence import Evidence
from sslwhy.facts.missing import Missing
from sslwhy.facts.observed import Target
from sslwhy.text import plain_url


if TYPE_CHECKING:
    from sslwhy.evidence.incident import Incident
    from sslwhy.facts.client import ClientOffer
    from sslwhy.policy import Policy

_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass
class Budget:
    """How much a collection may still spend, and what it has spent.

    Attributes:
        policy: the caller's limits.
        ends: when it is over, on :func:`time.monotonic`'s clock.
        connections: how many connections were opened outside of the survey of the peer.
    """

    policy: Policy
    ends: float
    connections: int = 0

    @classmethod
    def starting_now(cls, policy: Policy) -> Budget:
        """Return a budget whose deadline counts from now."""
        return cls(policy, time.monotonic() + policy.deadline)

    @property
    def seconds(self) -> float:
        """Return the seconds left, never below zero."""
        return max(0.0, self.ends - time.monotonic())


def collect(incident: Incident) -> Evidence:
    """Collect what can be known of an incident without opening a connection."""
    testimony = incident.testimony
    return Evidence(
        target=target_of(incident),
        operation=incident.operation,
        observed=observe(incident),
        chain=_chain(incident),
        verified=bool(testimony and testimony.established) or incident.progress == "established",
        offer=_offer(incident),
        trust=trust_of(incident),
        route=route_of(incident),
        client_certificate=client_certificate_of(incident),
        machine=machine_of(incident),
        answer=incident.answer,
        remarks=remarks_of(incident),
    )


def target_of(incident: Incident) -> Target:
    """Return the server that the call was meant for."""
    testimony = incident.testimony
    host, port = incident.host, incident.port
    if incident.url:
        try:
            parts = urlsplit(incident.url)
            host, port = parts.hostname or host, parts.port or _DEFAULT_PORTS.get(parts.scheme, port)
        except ValueError:
            host = host or None
    if testimony is not None:
        host, port = host or testimony.server_name or testimony.address, port or testimony.port
    return Target(
        url=plain_url(incident.url) if incident.url else None,
        host=host,
        port=port,
        server_name=(testimony.server_name if testimony else None) or host,
        address=None if route_of(incident).proxy else ((testimony and testimony.address) or incident.address),
    )


def _chain(incident: Incident) -> tuple[bytes, ...] | Missing:
    testimony = incident.testimony
    if testimony is None or not (testimony.chain or testimony.standing):
        return Missing("the failing handshake left no record of the presented certificates")
    return testimony.chain or Missing("the server presented no certificate before the handshake failed")


def _offer(incident: Incident) -> ClientOffer | Missing:
    context = (incident.testimony.context if incident.testimony else None) or incident.context
    if context is None:
        return Missing("the TLS context of the failed call is not known")
    return offer_of(context, target_of(incident).server_name)
