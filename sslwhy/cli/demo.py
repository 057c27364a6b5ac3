"""``sslwhy demo``: real failures of local servers, as an application's log shows them before and after."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from sslwhy.cli.status import FINE, PROBLEM


if TYPE_CHECKING:
    import argparse

    import requests

    from sslwhy.demo.faults import Scene

_CLEARED = (
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "SSLKEYLOGFILE"),
    *("SSLWHY", "SSLWHY_DEADLINE", "SSLWHY_CONNECT", "SSLWHY_FETCH_ISSUERS"),
)


def command(options: argparse.Namespace) -> int:
    """Play every scene with ``zeep.Client`` and with ``sslwhy.Client``; 0 when each ended as it should."""
    del options
    for name in _CLEARED:
        os.environ.pop(name, None)
        os.environ.pop(name.lower(), None)
    from sslwhy.demo.faults import scenes

    logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(name)s: %(message)s", force=True)
    for noisy in ("urllib3", "zeep", "sslwhy"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    with scenes() as cast:
        healthy, *faulty = cast
        ended = [_healthy(healthy), *(_faulty(number, scene) for number, scene in enumerate(faulty, 1))]
    return FINE if all(ended) else PROBLEM


def _healthy(scene: Scene) -> bool:
    import sslwhy

    print(f"== {scene.title}\n")
    with _session(scene) as session:
        client = sslwhy.Client(scene.wsdl, transport=sslwhy.Transport(session=session))
        answer = client.service.Ping()
    print(f"sslwhy.Client: Ping() -> {answer!r}\n")
    return bool(answer == "pong")


def _faulty(number: int, scene: Scene) -> bool:
    """Show one fault twice; return whether both clients failed and the second one said why."""
    import requests
    import zeep

    import sslwhy

    log = logging.getLogger("shop.orders")
    print(f"== {number}. {scene.title}\n")
    plain = enriched = None
    with _session(scene) as session:
        print("-- before: from zeep import Client")
        try:
            zeep.Client(scene.wsdl, transport=zeep.Transport(session=session))
        except requests.exceptions.SSLError as error:
            plain = error
            log.error("%s", error)  # noqa: TRY400 - a log that keeps one line is what the demo shows
        print("\n-- after: from sslwhy import Client")
        try:
            sslwhy.Client(scene.wsdl, transport=sslwhy.Transport(session=session))
        except requests.exceptions.SSLError as error:
            enriched = error
            log.error("%s", error)  # noqa: TRY400 - likewise
    report = getattr(enriched, "report", None)
    print(f"\n{report}\n")
    return plain is not None and report is not None and report.code != "unclassified"


def _session(scene: Scene) -> requests.Session:
    import requests

    session = requests.Session()
    session.verify = scene.verify
    return session
