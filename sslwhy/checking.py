"""One endpoint, actively checked the way requests would reach it."""

from __future__ import annotations

import functools
import ssl
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import requests.adapters
import urllib3

from sslwhy.causes.answers.classify import classify
from sslwhy.causes.judge import judge
from sslwhy.clients.traces.reading import read_incident
from sslwhy.diagnosis import assemble
from sslwhy.evidence.capture import Testimony, watch
from sslwhy.evidence.collect import Budget, collect, target_of
from sslwhy.evidence.deepen import deepen
from sslwhy.evidence.incident import Incident
from sslwhy.evidence.rehearsal import rehearse
from sslwhy.facts.answer import page_answer
from sslwhy.facts.missing import Missing
from sslwhy.facts.observed import Operation
from sslwhy.inquiry import unexplained
from sslwhy.journal import own_trouble
from sslwhy.policy import Policy
from sslwhy.text import clean, plain_url, redact


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sslwhy.facts.answer import Answer
    from sslwhy.report.report import Report

_CHECK = Operation("check")


def check(
    url: str,
    *,
    verify: bool | str = True,
    cert: str | tuple[str, str] | None = None,
    proxies: Mapping[str, str] | None = None,
    timeout: float = 10,
    address: str | None = None,
    diagnosis: Policy | None = None,
) -> Report:
    """Check one endpoint: one real handshake the way requests makes it, and what explains its failure.

    After a handshake that verified the server one HEAD request is sent, without credentials, because TLS 1.3 servers
    refuse a client certificate only then; and where its status is one that servers refuse a certificate with, one GET
    request for the page that says so. A server that was not verified is sent nothing.

    Args:
        url: an https address; ``host``, ``host:port`` and IP addresses are taken as https.
        verify: as in requests.
        cert: as in requests.
        proxies: as in requests.
        timeout: seconds for the connection, and again for the handshake.
        address: the IP address to connect to, where the host has several; name and SNI stay those of the URL.
        diagnosis: how far the diagnosis may go; ``None`` for what the environment says. Connections are always allowed.

    Returns:
        The report; ``report.primary`` is ``None`` when nothing is wrong.

    Raises:
        TypeError: the address is not text.
        ValueError: the address is not one that TLS could be spoken to, or another argument is of no use to requests.
    """
    target = https_address(url)
    if not 0 < timeout <= threading.TIMEOUT_MAX:
        raise ValueError(f"timeout must be a positive number of seconds, not {timeout!r}")
    policy = replace(diagnosis or Policy.from_environment(), connect=True)
    with requests.Session() as session:
        if address is not None:
            session.mount("https://", _Pinned(address))
        incident = _attempt(session, target, verify=verify, cert=cert, proxies=dict(proxies or {}), timeout=timeout)
    report = _report(incident, policy)
    if report.code == "unclassified" and _refused_unsent(incident.error):
        raise ValueError(f"{redact(url)!r} cannot be checked: {clean(redact(str(incident.error)), 300)}")
    return report


def https_address(text: str) -> str:
    """Return an https URL for what a person typed: a URL, ``host``, ``host:port``, an IP address.

    Raises:
        TypeError: it is not text.
        ValueError: it is not an address that TLS could be spoken to.
    """
    if not isinstance(text, str):
        raise TypeError(f"an address is a str, not {type(text).__name__}")
    typed = text.strip()
    if "://" not in typed:
        bare = typed.split("/", 1)[0]
        typed = f"https://[{typed}]" if bare.count(":") > 1 and not bare.startswith("[") else f"https://{typed}"
    try:
        parts = urlsplit(typed)
        usable = bool(parts.hostname) and parts.port != 0 and not any(each.isspace() for each in typed)
        requests.PreparedRequest().prepare_url(typed, None)
        (parts.hostname or "").encode("idna")  # the resolver's own limits of a label
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(f"{redact(text)!r} is not an address: give https://HOST[:PORT]/ or HOST[:PORT]")
    if parts.scheme != "https":
        raise ValueError(f"{redact(text)!r} is not an https address: there is no TLS to check")
    return typed


class _Pinned(requests.adapters.HTTPAdapter):
    """An adapter that connects to one given address, whatever the host name resolves to."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: bool | str, cert: Any = None
    ) -> tuple[Any, Any]:
        """Swap the host to connect to and keep the name to verify; see requests."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        return {**host, "host": self._address}, {**pool, "server_hostname": host["host"]}


def _attempt(session: requests.Session, url: str, **settings: Any) -> Incident:
    """Reach the server once and return what happened as an incident."""
    watch.begin()
    try:
        return _reach(session, url, **settings)
    except Exception as error:  # noqa: BLE001 - whatever fails is the answer to the question
        incident = read_incident(error, kind="check")
        incident.operation = _CHECK
        incident.url = incident.url or url
        return incident
    finally:
        watch.end()


def _reach(
    session: requests.Session,
    url: str,
    *,
    verify: bool | str,
    cert: str | tuple[str, str] | None,
    proxies: dict[str, str],
    timeout: float,
) -> Incident:
    request = session.prepare_request(requests.Request("HEAD", url, auth=_no_credentials))
    merged = session.merge_environment_settings(request.url, proxies, False, verify, cert)
    merged["verify"] = merged["verify"] or False  # requests verifies nothing for an empty string or 0 either
    adapter: Any = session.get_adapter(request.url or url)
    arrived = functools.partial(
        Incident,
        library="requests",
        url=url,
        verify=merged["verify"],
        verify_asked=verify,
        cert=merged["cert"],
        proxies=merged["proxies"],
        proxies_asked=proxies,
        operation=_CHECK,
    )
    pool = adapter.get_connection_with_tls_context(
        request, merged["verify"], proxies=merged["proxies"], cert=merged["cert"]
    )
    seen = _witness(pool)
    if merged["verify"] is False:
        _only_connect(pool, timeout)
        return arrived(testimony=seen[-1] if seen else None)
    send = functools.partial(session.send, timeout=timeout, allow_redirects=False, **merged)
    response = send(request)
    return arrived(
        testimony=seen[-1] if seen else None,
        server_date=response.headers.get("Date"),
        answer=_said(session, url, send) if response.status_code in _TELLING else _NO_ANSWER,
    )


def _witness(pool: Any) -> list[Testimony]:
    """Have the connections of a pool testify as soon as they stand; return the list that this fills."""
    seen: list[Testimony] = []

    class Witness(pool.ConnectionCls):  # type: ignore[misc]
        def connect(self) -> None:
            super().connect()
            if isinstance(self.sock, ssl.SSLSocket):  # TLS inside TLS has another kind
                seen.append(Testimony(self.sock, established=True))

    pool.ConnectionCls = Witness
    return seen


def _only_connect(pool: Any, timeout: float) -> None:
    """Connect and send nothing, for which requests has no way of its own."""
    connection = pool._get_conn()  # noqa: SLF001
    connection.timeout = timeout
    try:
        if pool.proxy is None:
            connection.connect()
        else:
            pool._prepare_proxy(connection)  # noqa: SLF001 - asks for the tunnel and connects
    finally:
        connection.close()


_NO_ANSWER = Missing("the answer does not speak of TLS")
_TELLING = {400, 403, 495, 496, 525, 526}
"""Statuses with which a service refuses a client certificate, or the lack of one, or speaks of a server behind it."""
_PAGE = 64 * 1024


def _said(session: requests.Session, url: str, send: Callable[..., requests.Response]) -> Answer | Missing:
    """Return the page of such a status, which HEAD has not, if it speaks of TLS; any other is no matter of a check."""
    request = session.prepare_request(requests.Request("GET", url, auth=_no_credentials))
    try:
        with send(request, stream=True) as response:
            body = response.raw.read(_PAGE, decode_content=True)
    except (OSError, urllib3.exceptions.HTTPError):
        return _NO_ANSWER
    answer = page_answer(status=response.status_code, url=plain_url(url), headers=response.headers, body=body)
    return answer if classify(answer) else _NO_ANSWER


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests from adding credentials that a .netrc file holds."""
    request.headers.pop("Authorization", None)
    return request


def _report(incident: Incident, policy: Policy) -> Report:
    """Diagnose what happened; where the diagnosis itself fails, the report of a failure holds just the error."""
    budget = Budget.starting_now(policy)
    try:
        evidence = deepen(collect(incident), incident, budget)
        verdict = judge(evidence)
        findings, connections = rehearse(evidence, verdict.findings, budget)
        report = assemble(replace(verdict, findings=findings))
    except Exception:
        if incident.error is None:
            raise
        own_trouble("the diagnosis failed")
        return unexplained(incident.error, target_of(incident))
    return replace(report, connections=report.connections + connections)


def _refused_unsent(error: BaseException | None) -> bool:
    """Return whether requests found its arguments unusable: a host that is no name, a proxy without a known scheme."""
    return isinstance(error, ValueError) and not isinstance(error, ssl.SSLError)
