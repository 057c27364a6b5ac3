"""The ClientHellos that a diagnosis sends, made from what the failing client itself offered."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import TYPE_CHECKING

from sslwhy.evidence.prober.survey import candidates, hello_for
from sslwhy.evidence.wire.client_hello import (
    CLASSIC_GROUPS,
    CLASSIC_SIGNATURES,
    MODERN_GROUPS,
    MODERN_SIGNATURES,
    TLS13_GROUPS,
    TLS13_SIGNATURES,
    HelloSpec,
)
from sslwhy.facts import questions
from sslwhy.facts.client import ClientOffer
from sslwhy.facts.tls.names import TLS_1_0, TLS_1_2, TLS_1_3
from sslwhy.facts.tls.suites import suite_named


if TYPE_CHECKING:
    from sslwhy.facts.evidence import Evidence

_RECORD_HEADER = 5
_FEW = 8
_SMALL_GROUPS = (0x001D, 0x0017)
_ALL_SIGNATURES = tuple(dict.fromkeys(CLASSIC_SIGNATURES + TLS13_SIGNATURES))
_SMALL_SIGNATURES = (0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501)


def server_name_of(evidence: Evidence) -> str | None:
    """Return the name for SNI; an IP address is never sent (RFC 6066 section 3)."""
    name = evidence.target.server_name or evidence.target.host
    try:
        ipaddress.ip_address(name or "")
    except ValueError:
        return name or None
    return None


def own_offer(evidence: Evidence) -> HelloSpec:
    """Return this client's ClientHello: what it offered, in the size that it had."""
    offer = evidence.offer or ClientOffer()
    named = (suite_named(name) for name in offer.ciphers)
    suites = (
        offer.suites or tuple(suite.code for suite in named if suite) or candidates(TLS_1_3) + candidates(TLS_1_2)[:24]
    )
    return HelloSpec(
        suites=suites,
        version=offer.maximum_version,
        minimum_version=offer.minimum_version,
        server_name=server_name_of(evidence),
        alpn=offer.alpn,
        groups=offer.groups or MODERN_GROUPS,
        signature_schemes=offer.signature_schemes or MODERN_SIGNATURES,
        key_shares=offer.key_shares or (0x001D,),
        pad_to=(offer.hello_size or _RECORD_HEADER) - _RECORD_HEADER,
    )


def hello_named(name: str, evidence: Evidence) -> HelloSpec | None:
    """Return the ClientHello of a question of :mod:`sslwhy.facts.questions`; ``None`` sends nothing.

    Raises:
        KeyError: no question has this name.
    """
    own = own_offer(evidence)
    small = replace(
        own,
        suites=_few(own),
        groups=_SMALL_GROUPS,
        signature_schemes=_SMALL_SIGNATURES,
        alpn=(),
        key_shares=(),
        pad_to=0,
    )
    hellos = {
        **dict.fromkeys((questions.COPY, *questions.AGAIN), own),
        questions.WITHOUT_SNI: replace(own, server_name=None),
        questions.SMALL: small,
        questions.PADDED: replace(small, pad_to=own.pad_to),
        questions.ALL_GROUPS: replace(_older(own), groups=CLASSIC_GROUPS),
        questions.ALL_NEW_GROUPS: replace(own, groups=TLS13_GROUPS, key_shares=()),
        questions.ALL_SIGNATURES: replace(own, signature_schemes=_ALL_SIGNATURES),
        questions.TLS12: _older(own),
        questions.GREETING: None,
        questions.PROXY_TLS: replace(own, server_name=evidence.route.host),
        questions.PROXY_CONNECT: own,
    }
    return hellos[name]


def _few(own: HelloSpec) -> tuple[int, ...]:
    modern = tuple(code for code in own.suites if code >> 8 in {0x13, 0xC0, 0xCC})
    return (modern or own.suites)[:_FEW]


def _older(own: HelloSpec) -> HelloSpec:
    suites = tuple(code for code in own.suites if code >> 8 != 0x13) or candidates(TLS_1_2)[:64]
    lowest = min(own.minimum_version, TLS_1_2)
    return replace(own, version=TLS_1_2, minimum_version=max(lowest, TLS_1_0), suites=suites, key_shares=(), pad_to=0)


def version_hello(version: int, evidence: Evidence) -> HelloSpec:
    """Return a ClientHello of one version with everything that this version knows."""
    return hello_for(version, candidates(version), server_name_of(evidence))
