"""What was noticed about the set-up, frozen: live contexts and paths become trust anchors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.evidence.context import anchors_of
from sslwhy.evidence.trust.stores import store_at
from sslwhy.facts.remark import Remark


if TYPE_CHECKING:
    from sslwhy.evidence.incident import Incident, Noticed


def remarks_of(incident: Incident) -> tuple[Remark, ...]:
    """Return the remarks on an incident's set-up."""
    return tuple(
        Remark(word=each.word, name=each.name, anchors=_anchors(each), certificate=each.certificate)
        for each in incident.noticed
    )


def _anchors(noticed: Noticed) -> tuple[bytes, ...]:
    if noticed.context is not None:
        return anchors_of(noticed.context)
    return store_at(noticed.verify, noticed.name).anchors if noticed.verify else ()
