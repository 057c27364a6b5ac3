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
        if operation.origin not in {"wsdl-address", "forced-https"} or not operation.document:
            return
        if not _elsewhere(evidence) or any(ForcedHttps.find(case)):
            return
        address = clean(evidence.target.url or evidence.target.authority)
        yield cls.finding(
            f"the address {address} was written in the WSDL, not in your code",
            expected=f"a soap:address at {_authority(operation.document)}, where the WSDL came from",
            actual=f"soap:address {address} in {clean(operation.document)}",
            confidence="likely",
            alternatives=("the service does live at that address, and the fault there is all that is wrong",),
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
            alternatives=("the WSDL itself names this https address, and the port is the wrong one",),
            remedies=[
                *_other_address(evidence),
                Remedy(
                    YOU,
                    "only where the service is to be had over plain HTTP and holds nothing secret: stop the rewriting",
                    snippet=_UNENCRYPTED,
                ),
            ],
        )


def _elsewhere(evidence: Evidence) -> bool:
    target = evidence.target
    return _authority(evidence.operation.document or "") != f"{target.host}:{target.port}"


def _authority(url: str) -> str:
    parts = urlsplit(url)
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


def _other_address(evidence: Evidence) -> list[Remedy]:
    operation, target = evidence.operation, evidence.target
    binding = operation.binding or "{namespace}BindingName"
    path = urlsplit(target.url or "").path
    address = f"https://{_authority(operation.document or '').removesuffix(':443')}{path}"
    return [
        Remedy(
            YOU,
            "call the address that you were given for the service instead of the one in the WSDL",
            snippet=(_ASYNC_SERVICE if _asynchronous(evidence) else _SERVICE).format(clean(binding), clean(address)),
        ),
        Remedy(SERVER_OPERATOR, "correct the soap:address in the WSDL to the address that clients can reach"),
    ]
