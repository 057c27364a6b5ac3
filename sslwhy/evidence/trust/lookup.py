"""Whether a TLS context looks into a directory: the one thing about its anchors that it does not tell."""

from __future__ import annotations

import contextlib
import ssl
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path


_ROUNDS = 6
_NOBODY = "nobody.invalid"


def looks_up(context: ssl.SSLContext, anchor: bytes) -> bool | None:
    """Return whether the context finds this anchor in a directory.

    OpenSSL opens a directory's file only when it seeks the issuer of that name, and keeps what it found. So
    the context is shown, in memory, a throw-away certificate that names the anchor as its issuer;
    verification fails, as it must, and the context then holds the anchor or does not. Nothing is connected
    to, and the context learns nothing that it would not load by itself.

    Returns:
        ``None`` where no certificate came to be verified, e.g. because the context offers no usable cipher
        suite.
    """
    try:
        server = _impostor(anchor)
        _shake(context, server)
    except ssl.SSLCertVerificationError:
        return anchor in context.get_ca_certs(binary_form=True)
    except (OSError, ValueError):
        return None
    return None


def _shake(context: ssl.SSLContext, server: ssl.SSLContext) -> None:
    upward, downward = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(downward, upward, server_hostname=_NOBODY)
    other = server.wrap_bio(upward, downward, server_side=True)
    for _ in range(_ROUNDS):
        for side in (client, other):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()


def _impostor(anchor: bytes) -> ssl.SSLContext:
    """Return a server context whose certificate claims to be issued by the anchor; its own key signed it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(timezone.utc)
    certificate = x509.CertificateBuilder(
        issuer_name=x509.load_der_x509_certificate(anchor).subject,
        subject_name=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, _NOBODY)]),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(days=1),
        not_valid_after=now + timedelta(days=1),
    ).sign(key, hashes.SHA256())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "impostor.pem")
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
        context.load_cert_chain(file)
    return context
