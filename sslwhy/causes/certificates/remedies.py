"""What to do about a path that does not reach a trust anchor: the server's side first, then trust, tried on paper."""

from __future__ import annotations

import base64
import shlex
import textwrap
from typing import TYPE_CHECKING

from sslwhy.causes.trust.remedies import install_in_system, variable_of, verifying_with
from sslwhy.facts.missing import Missing
from sslwhy.report.values import SERVER_OPERATOR, YOU, Remedy, TrustChange
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.causes.case import Case
    from sslwhy.facts.x509.certificate import Certificate

_FULL_CHAIN = (
    "cat server.crt intermediate.crt > fullchain.pem  # end-entity first, no root\n"
    "# nginx: ssl_certificate fullchain.pem;  Apache 2.4.8+: SSLCertificateFile fullchain.pem;  then reload\n"
    "# IIS: certutil -addstore CA intermediate.crt, then restart the site"
)
_BUNDLE = "bundle.pem"


def serve_full_chain() -> Remedy:
    """Return the server operator's remedy for an intermediate that is not sent."""
    text = "serve the end-entity followed by every intermediate (RFC 8446 section 4.4.2)"
    return Remedy(SERVER_OPERATOR, text, command=_FULL_CHAIN)


def avoid_detour(case: Case) -> Iterator[Remedy]:
    """Yield the server operator's remedy where another presented issuer of the same name would do."""
    path = case.path
    if isinstance(path, Missing) or path.detour is None:
        return
    name = clean(path.presented[path.detour].label, 80)
    text = (
        f'take certificate {path.detour} ("{name}") out of the served chain; OpenSSL follows it first and never comes '
        "back for the other one of that name, with which the path would verify"
    )
    yield Remedy(SERVER_OPERATOR, text)


def reissue(text: str) -> Remedy:
    """Return the server operator's remedy of a new certificate."""
    return Remedy(SERVER_OPERATOR, text)


def trust(case: Case, certificate: Certificate) -> Iterator[Remedy]:
    """Yield how to trust a certificate, if that is enough to make the path verify; else nothing.

    The text asks first to compare the fingerprint with the issuer's, over another channel than this connection.
    """
    path = case.path_with(certificate.der)
    if isinstance(path, Missing) or path.faults:
        return
    needed = tuple(dict.fromkeys([certificate, *(link.certificate for link in path.path if link.anchor)]))
    change = TrustChange(add=(certificate.der,))
    name = clean(certificate.label, 80) or "this certificate"
    yield Remedy(
        YOU,
        f'ask the owner of "{name}" for its SHA-256 fingerprint over another channel than this connection; if it is '
        f"{_colons(certificate.sha256)}, verify with a bundle of certifi and this certificate",
        command=_command(case, certificate),
        snippet=_snippet(case, certificate, needed),
        change=change,
    )
    yield Remedy(
        YOU,
        f"or name that bundle in {_variable(case)} for the whole process; it replaces the default store",
        command=_export(case),
        change=change,
    )
    if certificate.is_self_issued:
        yield install_in_system(case, certificate)


def _variable(case: Case) -> str:
    return variable_of(case.evidence.trust.client if case.evidence.trust else "requests")


def _export(case: Case) -> str:
    if case.evidence.machine.platform == "win32":
        return f'$env:{_variable(case)} = "$PWD\\{_BUNDLE}"'
    return f'export {_variable(case)}="$PWD/{_BUNDLE}"'


def _command(case: Case, certificate: Certificate) -> str | None:
    target = case.evidence.target
    if target.host is None:
        return None
    url = shlex.quote(target.url or target.authority)
    return f"sslwhy trust {url} --fingerprint {certificate.sha256} --out {_BUNDLE}"


def _snippet(case: Case, certificate: Certificate, needed: tuple[Certificate, ...]) -> str:
    lines = [
        "from pathlib import Path",
        "",
        "import certifi",
        "",
        f"# Go on only if the owner of {clean(certificate.label, 80) or 'this certificate'} confirms this SHA-256:",
        *(f"# {line}" for line in textwrap.wrap(_colons(certificate.sha256), 48)),
        'MISSING = """\\',
        "".join(_pem(one) for one in needed) + '"""',
        f'bundle = Path("{_BUNDLE}")',
        'bundle.write_text(Path(certifi.where()).read_text(encoding="utf-8") + MISSING, encoding="utf-8")',
        "",
        verifying_with(case, f'"{_BUNDLE}"'),
    ]
    return "\n".join(lines)


def _pem(certificate: Certificate) -> str:
    body = "\n".join(textwrap.wrap(base64.b64encode(certificate.der).decode("ascii"), 64))
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"


def _colons(fingerprint: str) -> str:
    return ":".join(textwrap.wrap(fingerprint.upper(), 2))
