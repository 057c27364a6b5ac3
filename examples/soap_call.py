"""A SOAP client whose log says why TLS failed.

python examples/soap_call.py https://partner.example/service?wsdl
"""

from __future__ import annotations

import logging
import sys

import requests

from sslwhy import Client, DiagnosedError


def main(wsdl: str) -> int:
    """Call ``Ping`` once; 0 when it was answered."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", stream=sys.stdout)
    log = logging.getLogger("shop.orders")
    try:
        print(Client(wsdl).service.Ping())
    except requests.exceptions.RequestException as error:
        log.error("%s", error)  # noqa: TRY400 - one line is enough: it names the cause
        if isinstance(error, DiagnosedError):
            print(error.report)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
