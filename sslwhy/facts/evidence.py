"""Evidence: everything that a diagnosis may judge, frozen; what was not seen says why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sslwhy.facts.client import Route
from sslwhy.facts.machine import Machine
from sslwhy.facts.missing import Missing
from sslwhy.facts.observed import Observed, Operation, Target


if TYPE_CHECKING:
    from sslwhy.facts.answer import Answer
    from sslwhy.facts.client import ClientCertificate, ClientOffer
    from sslwhy.facts.peer import PeerSurvey
    from sslwhy.facts.remark import Remark
    from sslwhy.facts.trust import Trust

_NOT_SEEN = Missing("not part of this failure")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was seen of one failure (or of one healthy handshake).

    Attributes:
        target: the server that was meant.
        operation: what the program was doing.
        observed: the error.
        chain: the certificates that the server presented, DER, in the order presented.
        verified: whether the handshake completed and the chain was accepted.
        offer: the client's context.
        trust: the trust anchors in force and the other stores of this machine.
        peer: what extra probes learned of the server.
        route: direct, or through which proxy.
        client_certificate: the client certificate in use.
        machine: clock and environment.
        answer: what the service answered, where the failure is an answer.
        issuers: certificates fetched by following AIA caIssuers (RFC 5280 section 4.2.2.1), DER, nearest issuer first.
        remarks: what the caller's objects and code show of the set-up.
        connections: how many connections the diagnosis opened.
    """

    target: Target
    operation: Operation = field(default_factory=Operation)
    observed: Observed = field(default_factory=Observed)
    chain: tuple[bytes, ...] | Missing = _NOT_SEEN
    verified: bool = False
    offer: ClientOffer | Missing = _NOT_SEEN
    trust: Trust | Missing = _NOT_SEEN
    peer: PeerSurvey | Missing = _NOT_SEEN
    route: Route = field(default_factory=Route)
    client_certificate: ClientCertificate | Missing = _NOT_SEEN
    machine: Machine = field(default_factory=Machine)
    answer: Answer | Missing = _NOT_SEEN
    issuers: tuple[bytes, ...] | Missing = _NOT_SEEN
    remarks: tuple[Remark, ...] = ()
    connections: int = 0
