"""One JSON object for each log record, with the flat ``tls.*`` keys of a diagnosis beside the message.

python examples/structured_log.py https://partner.example/
"""

from __future__ import annotations

import json
import logging
import sys

import requests

from sslwhy import DiagnosedError, Session


class JsonFormatter(logging.Formatter):
    """Formats a record as JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        fields = {key: value for key, value in vars(record).items() if key.startswith("tls.")}
        return json.dumps({"level": record.levelname, "message": record.getMessage(), **fields})


def main(url: str) -> int:
    """Get an address once; 0 when it was answered."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    log = logging.getLogger("shop.orders")
    log.addHandler(handler)
    try:
        with Session() as session:
            print(session.get(url, timeout=10).status_code)
    except requests.exceptions.RequestException as error:
        extra = error.report.log_fields() if isinstance(error, DiagnosedError) else {}
        log.error("the partner cannot be reached", extra=extra)  # noqa: TRY400 - the fields carry the cause
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
