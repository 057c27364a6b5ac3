"""Remarks: what the caller's set-up shows, put as a remedy or an alternative on the finding that it explains.

A remark never makes a finding of its own: a session that stands unused is no fault where nothing else is wrong.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sslwhy.causes.registry import cause_named
from sslwhy.causes.service.soap import address_of_a_file
from sslwhy.facts.missing import Missing
from sslwhy.report.values import YOU, Remedy
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.case import Case
    from sslwhy.facts.remark import Remark
    from sslwhy.report.values import Finding

_OF_TRUST = {"path", "trust store"}
_DEMAND = "client-certificate-required"
_OVERRIDE = "trust-store-override"


def with_remarks(case: Case, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings, each remark added to the first one that it bears on."""
    found = list(findings)
    for remark in case.evidence.remarks:
        for place, finding in enumerate(found):
            if (more := _remarked(case, remark, finding)) is not None:
                found[place] = more
                break
    if found and (elsewhere := address_of_a_file(case.evidence)):
        found[0] = replace(found[0], remedies=(*found[0].remedies, elsewhere))
    return tuple(found)


def _remarked(case: Case, remark: Remark, finding: Finding) -> Finding | None:
    """Return the finding with what the remark adds, or ``None`` where it does not bear on this one."""
    if finding.code == _OVERRIDE and remark.word in {"unused-session", "set-later"}:
        return None  # what replaced the setting in use would replace that one, too
    cause = cause_named(finding.code)
    trust, demand = cause is not None and cause.topic in _OF_TRUST, finding.code == _DEMAND
    helps = (trust and _would_verify(case, remark)) or (demand and remark.certificate)
    if remark.word in {"unused-session", "other-client"}:
        remedy = _session(case, remark) if remark.word == "unused-session" else _client(remark)
        return replace(finding, remedies=(remedy, *finding.remedies)) if helps else None
    if remark.word == "set-later" and (trust or demand):
        return replace(finding, remedies=(_EARLIER[remark.name == "cert"], *finding.remedies))
    if remark.word == "loaded-before" and trust:
        return replace(finding, alternatives=(*finding.alternatives, _LOADED))
    if remark.word == "message-signature" and demand:
        return replace(finding, remedies=(_signature(remark), *finding.remedies))
    return None


def _would_verify(case: Case, remark: Remark) -> bool:
    """Return whether the presented chain verifies against the anchors of the object that was not in use."""
    if not remark.anchors:
        return False
    path = case.path_against(remark.anchors)
    return not isinstance(path, Missing) and path.verify_code == 0


def _session(case: Case, remark: Remark) -> Remedy:
    name = clean(remark.name)
    settings = "client certificate is" if remark.certificate else "CA bundle is"
    text = f"hand over the session {name}; its {settings} what this call lacks, and the call was made without it"
    if case.evidence.operation.kind == "request":
        return Remedy(YOU, text, snippet=f"response = {name}.get(url)  # not requests.get(url)")
    return Remedy(
        YOU, text, snippet=f"client = Client(wsdl, transport=Transport(session={name}))  # both from sslwhy or zeep"
    )


def _client(remark: Remark) -> Remedy:
    used = "wsdl_client" if remark.name == "client" else "client"
    return Remedy(YOU, _TWO_CLIENTS.format(used=used, name=remark.name), snippet=_BOTH)


_TWO_CLIENTS = (
    "give {used} the trust settings of {name}; zeep loads the WSDL with one httpx client and calls the operations with "
    "the other, and verify_ssl reaches none that you pass yourself"
)
_BOTH = """\
transport = AsyncTransport(
    client=httpx.AsyncClient(verify=context),
    wsdl_client=httpx.Client(verify=context),
)
"""
_BEFORE = """\
session = requests.Session()
session.{name} = {value}  # before the client is made: making it loads the WSDL
client = Client(wsdl, transport=Transport(session=session))
"""
_EARLIER = {
    certificate: Remedy(
        YOU,
        f"set {name} before the call; this program sets it only after the call that failed",
        snippet=_BEFORE.format(name=name, value=value),
    )
    for certificate, name, value in ((False, "verify", '"ca.pem"'), (True, "cert", '("client.pem", "client.key")'))
}
_LOADED = (
    "the WSDL was loaded from this very server before: the session's settings were changed since then, or another "
    "server answers at this address now"
)


def _signature(remark: Remark) -> Remedy:
    return Remedy(
        YOU,
        f"give the session a client certificate as well; {clean(remark.name)} signs the SOAP message and does not "
        "authenticate the TLS connection",
        snippet='session.cert = ("client.pem", "client.key")',
    )
