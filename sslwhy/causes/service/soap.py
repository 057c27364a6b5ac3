"""Causes of SOAP itself: the failing address was written by somebody else than the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sslwhy.causes.base import Cause
from sslwhy.facts.peer import NotTls
from sslwhy.report.values import SERVER_OPERATOR, YOU, Remedy
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.case import Case
    from sslwhy.facts.evidence import Evidence
    from sslwhy.facts.observed import Observed
    from sslwhy.report.values import Finding

_UNENCRYPTED = """\
from zeep import Settings

settings = Settings(force_https=False)  # the operations are sent unencrypted
"""


class WsdlAddressMismatch(Cause):
    """The failing address was written in the WSDL, not in the caller's code.

    Seen as:
        The WSDL loads and every operation fails, at a host that appears nowhere in the program: a name that does not
        resolve, a refused connection, a name mismatch.

    What it is:
        A WSDL names the address of its service (``soap:address``). Behind a gateway it often names an internal host.

    How it is found:
        The operation went to the address of the WSDL's own port, and that host or port is not the one that the WSDL
        was loaded from. Where nobody can be reached at that address, this is the finding that explains it. Where a
        server answers there, its fault comes first, and this finding says where the address came from.

    What to do:
        Call the address that you were given: ``create_service`` takes it. The service's owner can correct the WSDL.
    """

    code = "wsdl-address-mismatch"
    topic = "soap"
    specificity = 62

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether nobody was reached at the address; what a server there does wrong is another finding."""
        return observed.stage in {"resolve", "connect"} and not observed.proxy

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the WSDL came from one place and names another."""
        evidence = case.evidence
        operation = evidence.operation
        source = _authority(operation.document)
        if operation.origin not in {"wsdl-address", "forced-https"} or source is None:
            return
        if source == f"{evidence.target.host}:{evidence.target.port}" or any(ForcedHttps.find(case)):
            return
        address = clean(evidence.target.url or evidence.target.authority)
        rewritten = operation.origin == "forced-https"
        yield cls.finding(
            f"the address {address} was written in the WSDL, not in your code",
            expected=f"a soap:address at {source}, where the WSDL came from",
            actual=f"soap:address {address} in {clean(operation.document or '')}",
            confidence="likely",
            alternatives=(
                *(("zeep's force_https rewrote an http address of the WSDL (forced-https)",) if rewritten else ()),
                "the service does live there, and only what failed there is wrong",
            ),
            remedies=_other_address(evidence),
        )


class ForcedHttps(Cause):
    """zeep's ``force_https`` rewrote an http address to https.

    Seen as:
        ``WRONG_VERSION_NUMBER`` at an address such as ``https://host:8080/`` that nobody wrote.

    What it is:
        ``Settings.force_https`` (on by default) turns every http ``soap:address`` of a WSDL that came over https into
        an https address and keeps its port. That port speaks plain HTTP.

    How it is found:
        The WSDL came over https, the setting is on, and the peer answered a ClientHello in plain HTTP.

    What to do:
        Call the service's real https address with ``create_service``, or have the WSDL corrected. Where the service
        is only to be had over plain HTTP, ``Settings(force_https=False)`` sends everything unencrypted.
    """

    code = "forced-https"
    topic = "soap"
    subject = "client"
    specificity = 80

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the failure is one that a port without TLS gives."""
        return observed.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "HTTP_REQUEST"}

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where zeep may have rewritten the address and the port speaks plain HTTP."""
        evidence = case.evidence
        if evidence.operation.origin != "forced-https" or not cls.explains(evidence.observed):
            return
        spoken = _speaks_http(evidence)
        if spoken is False:
            return
        seen = "the port answers a ClientHello in plain HTTP" if spoken else "the port does not speak TLS"
        yield cls.finding(
            f"{evidence.target.authority} speaks plain HTTP; force_https rewrote the WSDL's http address to https",
            expected="a soap:address with https",
            actual=f"{seen}; Settings.force_https is on and the WSDL came over https",
            confidence="likely",
            alternatives=("the WSDL itself names this https address with a wrong port",),
            remedies=[
                *_other_address(evidence),
                Remedy(
                    YOU,
                    "only where the service exists over plain HTTP alone and carries no secret: stop the rewriting",
                    snippet=_UNENCRYPTED,
                ),
            ],
        )


def _authority(url: str | None) -> str | None:
    """Return host and port of a document's URL, or ``None`` for a document from a file."""
    parts = urlsplit(url or "")
    if parts.scheme not in {"http", "https"}:
        return None
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def _speaks_http(evidence: Evidence) -> bool | None:
    """Return whether the peer answered a probe in plain HTTP; ``None`` where it was not asked or said nothing."""
    peer = evidence.peer
    if not peer:
        return None
    answers = [entry.answer for entry in peer.by_version] + [answer for _, answer in peer.variants]
    plain = [answer for answer in answers if isinstance(answer, NotTls)]
    if any(answer.protocol == "http" for answer in plain):
        return True
    return False if peer.versions else None


_SERVICE = 'service = client.create_service("{}", "{}")'
# zeep's create_service makes a synchronous service even for an AsyncClient.
_ASYNC_SERVICE = """\
from zeep.proxy import AsyncServiceProxy

service = AsyncServiceProxy(client, client.wsdl.bindings["{}"], address="{}")
"""


def _asynchronous(evidence: Evidence) -> bool:
    return (evidence.observed.type or "").startswith("httpx.")


def address_of_a_file(evidence: Evidence) -> Remedy | None:
    """Return what to do about an address that nobody was reached at and that a WSDL from a file names.

    A file says nothing of where the service lives, so that this is no finding of its own.
    """
    operation, seen = evidence.operation, evidence.observed
    if operation.origin != "wsdl-address" or not operation.document or _authority(operation.document):
        return None
    return _create_service(evidence, "HOST") if WsdlAddressMismatch.explains(seen) else None


def _other_address(evidence: Evidence) -> list[Remedy]:
    source = _authority(evidence.operation.document) or "HOST"
    return [
        _create_service(evidence, source.removesuffix(":443")),
        Remedy(SERVER_OPERATOR, "correct the soap:address in the WSDL to the address that clients can reach"),
    ]


def _create_service(evidence: Evidence, authority: str) -> Remedy:
    binding = evidence.operation.binding or "{namespace}BindingName"
    address = f"https://{authority}{urlsplit(evidence.target.url or '').path}"
    known = "call the address that you were given for the service, not the one in the WSDL"
    document = clean(evidence.operation.document or "")
    return Remedy(
        YOU,
        known if authority != "HOST" else f"if the service lives elsewhere: {known} {document}",
        snippet=(_ASYNC_SERVICE if _asynchronous(evidence) else _SERVICE).format(clean(binding), clean(address)),
    )
