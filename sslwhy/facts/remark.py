"""Remarks on the set-up: what the caller's own objects and code show beside the failure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


RemarkWord = Literal["unused-session", "set-later", "other-client", "loaded-before", "message-signature"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing about the set-up that may explain the failure.

    Attributes:
        word: ``unused-session``: a session with settings of its own is in the caller's reach, but not in use;
            ``set-later``: the caller's code sets ``verify`` or ``cert`` only after the call that failed;
            ``other-client``: zeep's other httpx client has trust settings of its own;
            ``loaded-before``: the WSDL had come from the very server that was refused now;
            ``message-signature``: a WS-Security signature is configured.
        name: the variable, parameter or setting in question.
        anchors: the trust anchors of the object that was not in use, DER.
        certificate: whether that object carries a client certificate.
    """

    word: RemarkWord
    name: str = ""
    anchors: tuple[bytes, ...] = ()
    certificate: bool = False
