"""Applications for the servers: pages by path, error pages of real products, WSDLs spread over hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.demo import soap_service
from sslwhy.demo.loopback import Application, Response
from sslwhy.demo.soap_service import NAMESPACE, SoapService, document


if TYPE_CHECKING:
    from sslwhy.demo.loopback import Request


class Site:
    """Pages by path (with the query); anything else goes to `otherwise`, a SOAP service by default.

    `pages` may be filled after the server has started, when its port is known.
    """

    def __init__(self, otherwise: Application | None = None) -> None:
        self.pages: dict[str, Response] = {}
        self.otherwise = otherwise or SoapService()

    def __call__(self, request: Request) -> Response:
        """The page for the request's path."""
        return self.pages.get(request.path) or self.otherwise(request)


def always(response: Response) -> Application:
    """An application that gives the same answer to every request."""
    return lambda request: response  # noqa: ARG005 - whatever was asked


def faulty(text: str, *, version: str = "1.1", detail: str = "") -> Application:
    """A SOAP service whose WSDL loads and whose operations all answer with this Fault."""
    return faulty_with(soap_service.fault(text, version=version, detail=detail))


def faulty_with(response: Response) -> Application:
    """A SOAP service whose WSDL loads and whose operations all give this response, say an error page."""
    service = SoapService()
    return lambda request: response if request.method == "POST" else service(request)


def redirect(url: str, status: int = 302) -> Response:
    """Go elsewhere."""
    return Response(status, headers={"Location": url})


def page(status: int, title: str, text: str = "", server: str = "nginx") -> Response:
    """An HTML error page."""
    body = (
        f"<html><head><title>{status} {title}</title></head><body><center><h1>{status} {title}</h1></center>"
        f"<center>{text}</center><hr><center>{server}</center></body></html>"
    )
    return Response(status, body.encode(), "text/html; charset=utf-8", {"X-Served-By": server})


PAGES = {  # what products say with HTTP when TLS is the trouble
    "nginx-no-certificate": page(400, "Bad Request", "No required SSL certificate was sent"),
    "nginx-bad-certificate": page(400, "Bad Request", "The SSL certificate error"),
    "nginx-495": page(495, "SSL Certificate Error", "The SSL certificate error"),
    "nginx-496": page(496, "SSL Certificate Required", "No required SSL certificate was sent"),
    "nginx-497": page(400, "Bad Request", "The plain HTTP request was sent to HTTPS port"),
    "nginx-502": page(502, "Bad Gateway"),
    "apache-403": page(403, "Forbidden", "You don't have permission to access this resource.", "Apache"),
    "apache-502": page(
        502,
        "Proxy Error",
        "The proxy server could not handle the request<p>Reason: <strong>Error during SSL Handshake with remote server"
        "</strong></p>",
        "Apache",
    ),
    "go-502": Response(
        502,
        b'Get "https://ledger.internal.example/q.xsd": tls: failed to verify certificate: x509: certificate signed by '
        b"unknown authority\n",
        "text/plain",
    ),
    "iis-403.7": page(403, "Forbidden: Access is denied", "403.7 - Client certificate required", "IIS"),
    "cloudflare-525": page(525, "SSL handshake failed", "", "cloudflare"),
    "cloudflare-526": page(526, "Invalid SSL certificate", "", "cloudflare"),
}


def spread(wsdl: tuple[Site, str], schema: tuple[Site, str], endpoint: str) -> str:
    """A WSDL on one host that imports its schema from a second and names an endpoint on a third.

    Takes a site and the base URL it is served at, twice, and the endpoint's address.
    Returns the WSDL's URL.
    """
    schema_url = f"{schema[1]}/quotes.xsd"
    schema[0].pages["/quotes.xsd"] = document(soap_service.schema())
    wsdl[0].pages["/service?wsdl"] = document(soap_service.wsdl(endpoint, schema_url=schema_url))
    return f"{wsdl[1]}/service?wsdl"


def spread_wsdl(outer: tuple[Site, str], inner: tuple[Site, str], endpoint: str) -> str:
    """A WSDL that imports its abstract part from a WSDL on a second host; returns its URL."""
    inner[0].pages["/quotes.wsdl"] = document(soap_service.definitions(soap_service.interface()))
    imported = f'<wsdl:import namespace="{NAMESPACE}" location="{inner[1]}/quotes.wsdl"/>'
    whole = soap_service.definitions(imported + soap_service.service(endpoint))
    outer[0].pages["/service?wsdl"] = document(whole)
    return f"{outer[1]}/service?wsdl"
