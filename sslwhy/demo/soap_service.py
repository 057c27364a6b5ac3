"""A small SOAP 1.1 document/literal service: its WSDL, and the operations Ping and GetQuote.

``SoapService`` is an application for ``sslwhy.demo.loopback``'s servers. The WSDL is put together from
functions of its own, so that its parts can also be served from several hosts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from sslwhy.demo.loopback import Response


if TYPE_CHECKING:
    from sslwhy.demo.loopback import Request


NAMESPACE = "urn:sslwhy:quotes"
ENVELOPE = {  # by SOAP version
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}
CONTENT_TYPE = {"1.1": "text/xml; charset=utf-8", "1.2": "application/soap+xml; charset=utf-8"}
QUOTES = {"ACME": "12.50", "ÆGIR": "7.25"}

_BINDING = {
    "1.1": "http://schemas.xmlsoap.org/wsdl/soap/",
    "1.2": "http://schemas.xmlsoap.org/wsdl/soap12/",
}
_OPERATIONS = ("Ping", "GetQuote")


class SoapService:
    """Answers ``GET /service?wsdl`` and the two operations posted to ``/service``.

    ``address`` is the ``soap:address`` that the WSDL names; without it, the host that the client asked.
    """

    def __init__(self, address: str | None = None) -> None:
        self.address = address

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        if request.method == "POST":
            return self.answer(request)
        if request.path.lower().endswith("?wsdl"):
            address = self.address or f"https://{request.headers['Host']}/service"
            return document(wsdl(address))
        return Response(404, b"nothing here; the WSDL is at /service?wsdl")

    def answer(self, request: Request) -> Response:
        """Carry out the operation in the request's body, or answer with a Fault."""
        try:
            root = etree.fromstring(request.body, etree.XMLParser(resolve_entities=False, no_network=True))
            operation = root[-1][0]
        except (etree.XMLSyntaxError, IndexError):
            return fault("the request is not a SOAP envelope", code="Client")
        version = "1.2" if etree.QName(root).namespace == ENVELOPE["1.2"] else "1.1"
        name = etree.QName(operation).localname
        if name == "Ping":
            return envelope(_element("PingResponse", "result", "pong"), version)
        symbol = operation.findtext(f"{{{NAMESPACE}}}symbol") or ""
        if name == "GetQuote" and symbol in QUOTES:
            return envelope(_element("GetQuoteResponse", "price", QUOTES[symbol]), version)
        return fault(f"no quote for {symbol}", code="Client", version=version)


def document(text: str) -> Response:
    """An XML document as an HTTP response."""
    return Response(200, text.encode(), CONTENT_TYPE["1.1"])


def envelope(body: str, version: str = "1.1", status: int = 200) -> Response:
    """``body`` (XML) in a SOAP envelope of the version given."""
    text = f'<s:Envelope xmlns:s="{ENVELOPE[version]}"><s:Body>{body}</s:Body></s:Envelope>'
    return Response(status, text.encode(), CONTENT_TYPE[version])


def fault(text: str, *, code: str = "Server", version: str = "1.1", detail: str = "") -> Response:
    """A SOAP Fault with HTTP status 500; ``detail`` is text too."""
    text, detail = escape(text), escape(detail)
    if version == "1.2":
        code = {"Server": "Receiver", "Client": "Sender"}[code]
        body = f'<s:Code><s:Value>s:{code}</s:Value></s:Code><s:Reason><s:Text xml:lang="en">{text}</s:Text></s:Reason>'
        body += f'<s:Detail><d xmlns="">{detail}</d></s:Detail>' if detail else ""
    else:
        body = f"<faultcode>s:{code}</faultcode><faultstring>{text}</faultstring>"
        body += f"<detail><d>{detail}</d></detail>" if detail else ""
    return envelope(f"<s:Fault>{body}</s:Fault>", version, status=500)


def schema() -> str:
    """The XML schema of the messages, as a document of its own."""
    elements = (
        _message("Ping"),
        _message("PingResponse", result="string"),
        _message("GetQuote", symbol="string"),
        _message("GetQuoteResponse", price="decimal"),
    )
    return (
        f'<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" targetNamespace="{NAMESPACE}"'
        f' elementFormDefault="qualified">{"".join(elements)}</xsd:schema>'
    )


def wsdl(address: str, *, schema_url: str | None = None, version: str = "1.1") -> str:
    """The WSDL of the service at ``address``; with ``schema_url`` it imports the schema from there."""
    return definitions(interface(schema_url, version) + service(address, version))


def definitions(content: str) -> str:
    """A WSDL document around its parts."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"'
        f' xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:tns="{NAMESPACE}"'
        f' targetNamespace="{NAMESPACE}">{content}</wsdl:definitions>'
    )


def interface(schema_url: str | None = None, version: str = "1.1") -> str:
    """The WSDL's abstract part and its binding: types, messages, port type."""
    location = quoteattr(schema_url or "")
    imported = f'<xsd:schema><xsd:import namespace="{NAMESPACE}" schemaLocation={location}/></xsd:schema>'
    names = [name + suffix for name in _OPERATIONS for suffix in ("", "Response")]
    messages = (
        f'<wsdl:message name="{name}"><wsdl:part name="parameters" element="tns:{name}"/></wsdl:message>'
        for name in names
    )
    port_type = (
        f'<wsdl:operation name="{name}"><wsdl:input message="tns:{name}"/>'
        f'<wsdl:output message="tns:{name}Response"/></wsdl:operation>'
        for name in _OPERATIONS
    )
    body = '<soap:body use="literal"/>'
    binding = (
        f'<wsdl:operation name="{name}"><soap:operation soapAction="{NAMESPACE}/{name}"/>'
        f"<wsdl:input>{body}</wsdl:input><wsdl:output>{body}</wsdl:output></wsdl:operation>"
        for name in _OPERATIONS
    )
    return (
        f"<wsdl:types>{imported if schema_url else schema()}</wsdl:types>{''.join(messages)}"
        f'<wsdl:portType name="Quotes">{"".join(port_type)}</wsdl:portType>'
        f'<wsdl:binding name="QuotesBinding" type="tns:Quotes" xmlns:soap="{_BINDING[version]}">'
        '<soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>'
        f"{''.join(binding)}</wsdl:binding>"
    )


def service(address: str, version: str = "1.1") -> str:
    """The WSDL's concrete part: where the service lives."""
    return (
        f'<wsdl:service name="QuoteService" xmlns:soap="{_BINDING[version]}">'
        '<wsdl:port name="QuotePort" binding="tns:QuotesBinding">'
        f"<soap:address location={quoteattr(address)}/></wsdl:port></wsdl:service>"
    )


def _message(name: str, **parts: str) -> str:
    fields = "".join(f'<xsd:element name="{part}" type="xsd:{kind}"/>' for part, kind in parts.items())
    return (
        f'<xsd:element name="{name}"><xsd:complexType><xsd:sequence>{fields}</xsd:sequence>'
        "</xsd:complexType></xsd:element>"
    )


def _element(name: str, part: str, text: str) -> str:
    return f'<q:{name} xmlns:q="{NAMESPACE}"><q:{part}>{escape(text)}</q:{part}></q:{name}>'
