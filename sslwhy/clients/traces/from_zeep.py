"""What the frames of zeep tell: which operation, which document was being loaded, and who named its address."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sslwhy.text import plain_url


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.clients.traces.frames import Frame
    from sslwhy.evidence.incident import Incident
    from sslwhy.facts.observed import OperationKind


def read(frames: Iterable[Frame], incident: Incident, kind: OperationKind) -> None:
    """Fill in the operation: its kind, its name and where the failing URL was written."""
    incident.operation = replace(incident.operation, kind=kind)
    importer: str | None = None
    for frame in frames:
        if frame.function in {"send", "send_async"} and frame.has("client", "options", "operation"):
            _read_call(frame.values, incident)
        elif frame.module == "zeep.wsdl.wsdl" and frame.function == "parse_imports":
            importer = getattr(frame.values.get("self"), "location", None)
        elif frame.module == "zeep.xsd.visitor" and frame.function in {"visit_import", "visit_include"}:
            importer = None
            incident.operation = replace(incident.operation, kind="schema")
        elif frame.module == "zeep.loader" and frame.function == "load_external":
            _read_load(frame.values, importer, incident)


def _read_call(values: dict[str, Any], incident: Incident) -> None:
    client, address = values["client"], (values["options"] or {}).get("address")
    location = getattr(getattr(client, "wsdl", None), "location", None)
    redirected = incident.operation.origin == "redirect"
    incident.url = incident.url or address
    if not redirected and not _same_place(incident.url, address):
        return  # a plug-in or an authenticator of this call was calling somebody else
    incident.operation = replace(
        incident.operation,
        kind="operation",
        name=str(values["operation"]),
        binding=str(getattr(values.get("self"), "name", "")) or None,
    )
    if redirected or not isinstance(location, str) or not _written_in(client, address):
        return
    shown = plain_url(location)
    forced = _forced(client, location, address)
    incident.operation = replace(
        incident.operation,
        origin="forced-https" if forced else "wsdl-address",
        document=shown,
        requested_url=shown,
        url_source=f"the soap:address in the WSDL {shown}",
    )


def _same_place(url: str | None, address: str | None) -> bool:
    """Return whether a request went to an address, whatever its query; requests and httpx spell hosts in lower case."""
    ours, theirs = urlsplit(url or ""), urlsplit(address or "")
    return (ours.hostname, ours.path or "/") == (theirs.hostname, theirs.path or "/")


def _written_in(client: Any, address: str | None) -> bool:
    """Return whether the address is the WSDL's own, not one that the caller gave to ``create_service``."""
    services = getattr(client.wsdl, "services", {}).values()
    return any(
        (port.binding_options or {}).get("address") == address
        for service in services
        for port in service.ports.values()
    )


def _forced(client: Any, location: str, address: str | None) -> bool:
    """Return whether ``Settings.force_https`` may have rewritten the address.

    It does so for every http address of a WSDL that came over https; the original is not kept.
    """
    parts = urlsplit(address or "")
    return (
        bool(getattr(client.settings, "force_https", False))
        and location.startswith("https:")
        and parts.scheme == "https"
        and parts.port not in {None, 443}
    )


def _read_load(values: dict[str, Any], importer: str | None, incident: Incident) -> None:
    url, base = values.get("url"), importer or values.get("base_url")
    if not isinstance(url, str):
        return
    incident.url = incident.url or url
    if values.get("_initial") or not isinstance(base, str) or base == url:
        incident.operation = replace(incident.operation, kind="wsdl")
        return
    operation, shown = incident.operation, plain_url(base)
    source = f"an import in {shown}"
    if operation.origin == "redirect":
        incident.operation = replace(operation, url_source=f"{operation.url_source}, which is {source}")
        return
    kind: OperationKind = "schema" if operation.kind == "schema" else "wsdl"
    incident.operation = replace(
        operation, kind=kind, origin="import", document=shown, requested_url=shown, url_source=source
    )
