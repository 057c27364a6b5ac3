"""The incident: what the rooms that know the client libraries hand over, before anything is looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sslwhy.facts.missing import Missing
from sslwhy.facts.observed import Operation


if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from sslwhy.evidence.capture import Testimony
    from sslwhy.facts.answer import Answer
    from sslwhy.facts.remark import RemarkWord

Library = Literal["requests", "httpx", "urllib3", "ssl", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Noticed:
    """One thing about the set-up that may explain the failure, with the live objects that decide it.

    Attributes:
        word: what it is; see :class:`sslwhy.facts.remark.Remark`.
        name: the variable, parameter or setting in question.
        verify: a CA bundle that another object of the caller's names, or ``None``.
        context: a TLS context that another object of the caller's uses, or ``None``.
        certificate: whether that other object carries a client certificate.
    """

    word: RemarkWord
    name: str = ""
    verify: str | None = None
    context: ssl.SSLContext | None = None
    certificate: bool = False


@dataclass(kw_only=True)
class Incident:
    """One failure, with the live objects around it. It never leaves the process and is never kept.

    Attributes:
        error: the exception that the caller will catch, or ``None`` for a check.
        library: whose rules about environment variables and defaults were in force.
        testimony: what the failing TLS socket left on the error.
        context: the TLS context in use, where only the traceback still holds it.
        url: the URL of the failing request, as it was asked for.
        host: the host that was connected to, where no URL is known.
        port: its TCP port.
        address: the IP address that was last tried, where the TLS connection itself does not tell.
        verify: what ``verify`` came to after the library's own merging, or ``None`` where that is not known.
        verify_asked: what the caller passed for this one request, or ``None``.
        verify_session: the session's own ``verify``, or ``None``.
        cert: what ``cert`` came to, or ``None``.
        proxies: what ``proxies`` came to.
        proxies_asked: what the caller configured, before the environment was merged in.
        trust_env: whether the library reads the environment.
        operation: what the program was doing.
        answer: what the service answered, where the failure is an answer.
        server_date: the ``Date`` of the peer's last answer, as it was written.
        secure: whether TLS was to be spoken, where no URL says so.
        progress: how far the frames show that the call had come: ``handshake`` once TCP stood, ``established`` once TLS
            stood, ``answered`` once the head of an answer had arrived.
        tunnelling: whether the frames show that a proxy had not answered CONNECT yet.
        noticed: what the caller's objects and code show of the set-up.
    """

    error: BaseException | None = None
    library: Library = "unknown"
    testimony: Testimony | None = None
    context: ssl.SSLContext | None = None
    url: str | None = None
    host: str | None = None
    port: int | None = None
    address: str | None = None
    verify: bool | str | None = None
    verify_asked: bool | str | None = None
    verify_session: bool | str | None = None
    cert: str | tuple[str, ...] | None = None
    proxies: Mapping[str, str] = field(default_factory=dict)
    proxies_asked: Mapping[str, str] = field(default_factory=dict)
    trust_env: bool = True
    operation: Operation = field(default_factory=Operation)
    answer: Answer | Missing = field(default_factory=lambda: Missing("the failure is not an answer"))
    server_date: str | None = None
    secure: bool = False
    progress: Literal["begun", "handshake", "established", "answered"] = "begun"
    tunnelling: bool = False
    noticed: tuple[Noticed, ...] = ()
