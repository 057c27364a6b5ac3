"""Which software wrote an answer: it decides where a trust anchor is added."""

from __future__ import annotations

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from sslwhy.facts.answer import Answer

# Marks of a product on the platform whose library printed the phrase; the first that is found wins.
_PRODUCTS = {
    "Java": (
        ("com.ibm.jsse2", "IBM Java"),
        ("com.ibm.ws", "IBM Java"),
        ("com.ibm.websphere", "IBM Java"),
        ("CWPKI", "IBM Java"),
        ("weblogic.", "WebLogic"),
        ("[Security:090", "WebLogic"),
        ("BEA-38", "WebLogic"),
        ("iaik.security", "SAP"),
        ("com.sap.", "SAP"),
        ("messaging.adaptors.http", "Apigee"),
        ("org.mule", "Mule"),
        ("HTTP POST on resource '", "Mule"),
        ("org.apache.cxf", "CXF"),
    ),
    ".NET": (
        ("OutSystems.", "OutSystems"),
        ("Microsoft.BizTalk", "BizTalk"),
        ("Microsoft.XLANGs", "BizTalk"),
    ),
    "OpenSSL": (
        ("OPENSSL_internal", "Envoy"),
        ("SSL_connect returned=", "Ruby"),
        ("SoapClient", "PHP"),
        ("SoapFault exception", "PHP"),
        ("[SSL: ", "Python"),
        ("EPROTO", "Node"),
        ("AxiosError: ", "Node"),
        ("failed, reason: ", "Node"),
        ("x509: ", "Go"),
        ("cURL error", "PHP"),
    ),
    "curl": (("cURL error", "PHP"),),
}
_SERVERS = (("openresty", "nginx"), ("nginx", "nginx"), ("envoy", "Envoy"), ("microsoft-iis", "IIS"))


def platform_of(answer: Answer, text: str, library: str) -> str:
    """Return the product whose operator has to act, given the library that printed the phrase in a text."""
    for mark, product in _PRODUCTS.get(library, ()):
        if mark in text:
            return product
    if library == "OpenSSL":
        server = answer.header("Server").lower()
        return next((name for mark, name in _SERVERS if mark in server), library)
    return library


def family(platform: str) -> str:
    """Return the platform whose trust store a product uses: ``.NET``, ``Java`` or the product itself."""
    for library in ("Java", ".NET"):
        if any(platform == product for _, product in _PRODUCTS[library]):
            return library
    return platform
