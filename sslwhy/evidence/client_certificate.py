"""The client certificate that a call carried: where it was named, what its file holds, whether its key fits."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sslwhy.evidence.stores import certificates_in
from sslwhy.facts.client import ClientCertificate
from sslwhy.facts.missing import Missing


if TYPE_CHECKING:
    from sslwhy.evidence.incident import Incident


def client_certificate_of(incident: Incident) -> ClientCertificate | Missing:
    """Return the client certificate of the failed call."""
    cert = incident.cert
    if not cert:
        return Missing("the call carried no client certificate that is named by a file")
    certificate, key = (cert, None) if isinstance(cert, (str, os.PathLike)) else (cert[0], cert[1] if len(cert) > 1 else None)
    try:
        content = Path(certificate).read_bytes()
    except OSError as problem:
        return ClientCertificate(
            source="cert", certificate_path=str(certificate), key_path=key, problem="not-found", detail=problem.strerror
        )
    return ClientCertificate(
        source="cert", certificate_path=str(certificate), key_path=key, certificates=certificates_in(content)
    )
