"""What to do where another store, or a better bundle, would have verified the server: text that runs as it stands."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from sslwhy.causes import snippets
from sslwhy.causes.trust.view import VARIABLES, described, named
from sslwhy.causes.variables import export, unset
from sslwhy.report.values import ADMINISTRATOR, YOU, Remedy, TrustChange
from sslwhy.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.causes.case import Case
    from sslwhy.causes.trust.view import Distrust, Vouched
    from sslwhy.facts.x509.certificate import Certificate

CERTIFI = TrustChange(replace_with="certifi")
_READ = {"requests": ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")}
_OPENSSL = ("SSL_CERT_FILE", "SSL_CERT_DIR")


_HANDED_ON = "# and hand it on: Client(wsdl, transport=Transport(session=session))"


def verifying_with(case: Case, path: str) -> str:
    """Return Python that makes the client of the failed call verify with a bundle.

    Args:
        case: the evidence; it names the client library and the variables that would beat ``session.verify``.
        path: a Python expression for the bundle's path.
    """
    needs = ["import certifi"] if path.startswith("certifi.") else []
    client = case.evidence.trust.client if case.evidence.trust else "requests"
    if client == "requests":
        freed = _freed(case)
        imports = [*(["import os", ""] if freed else []), *needs, "import requests", ""]
        lines = [*imports, *freed, "session = requests.Session()", f"session.verify = {path}"]
        lines += [_HANDED_ON] * snippets.is_soap(case)
        return "\n".join(lines)
    context = f"context = ssl.create_default_context({_parameter(case, path)}={path})"
    if client == "httpx":
        made = snippets.httpx_client(case, "verify=context")
        return "\n".join(["import ssl", "", *needs, *snippets.httpx_imports(case), "", context, *made])
    return "\n".join(["import ssl", "", *([*needs, ""] if needs else []), context, snippets.hand_over(case)])


def _parameter(case: Case, path: str) -> str:
    trust = case.evidence.trust
    stores = (trust.store, *trust.others) if trust else ()
    folders = {repr(store.location) for store in stores if store.kind == "directory"}
    return "capath" if path in folders else "cafile"


def _freed(case: Case) -> list[str]:
    # The environment beats session.verify, and behind the first variable waits the second.
    machine = case.evidence.machine
    return [f'os.environ.pop("{name}", None)' for name in _READ["requests"] if machine.variable(name)]


def variable_of(client: str) -> str:
    """Return the environment variable by which a client library is given a bundle."""
    return _READ.get(client, _OPENSSL)[0]


_WITH_DEFAULTS = """\
import ssl

context = ssl.create_default_context()  # loads them; a context made in another way: context.load_default_certs()
"""


def fill_store(distrust: Distrust) -> Iterator[Remedy]:
    """Yield what gives an empty store its anchors."""
    case, platform = distrust.case, distrust.case.evidence.machine.platform
    if distrust.vouched_by(distrust.trust.other("certifi")):
        text = "verify with certifi's copy of the public roots"
        yield Remedy(YOU, text, snippet=verifying_with(case, "certifi.where()"), change=CERTIFI)
    system = distrust.trust.other("system")
    if system is not None and system.anchors:
        yield Remedy(
            YOU,
            "load the operating system's trust anchors into the program's context",
            snippet=_WITH_DEFAULTS,
            change=TrustChange(replace_with="system") if distrust.vouched_by(system) else None,
        )
    else:
        yield from _install(platform)


def _install(platform: str) -> Iterator[Remedy]:
    if platform == "darwin":
        command = 'open "/Applications/Python $(python3 -c \'import sys; print("%d.%d" % sys.version_info[:2])\')'
        text = "run the Install Certificates command that python.org's Python brings; Homebrew's: brew postinstall"
        yield Remedy(YOU, text, command=command + '/Install Certificates.command"')
    elif platform != "win32":
        text = "install the operating system's certificate authorities in the machine or image"
        yield Remedy(ADMINISTRATOR, text, command=_INSTALL_PACKAGE)


def renew_store(distrust: Distrust, found: Vouched) -> Iterator[Remedy]:
    """Yield what brings a current copy of the public roots into force."""
    case, store = distrust.case, distrust.store
    if store.source in VARIABLES:
        text = f"unset {store.source}: this client then uses {described(found.store)}"
        yield Remedy(YOU, text, command=unset(case, _set_variables(distrust)), change=CERTIFI)
    text = "verify with certifi's copy of the public roots"
    yield Remedy(YOU, text, snippet=verifying_with(case, "certifi.where()"), change=CERTIFI)
    text = "update the operating system's package of certificate authorities, or the copied bundle"
    yield Remedy(ADMINISTRATOR, text, command=_UPGRADE)


_INSTALL_PACKAGE = (
    "{ apt-get update && apt-get install -y ca-certificates; } "
    "|| apk add ca-certificates || dnf install -y ca-certificates"
)
_UPGRADE = (
    "{ apt-get update && apt-get install -y --only-upgrade ca-certificates; } "
    "|| apk upgrade -U ca-certificates || dnf upgrade -y ca-certificates"
)


def restore_store(distrust: Distrust, found: Vouched) -> Iterator[Remedy]:
    """Yield what puts the replaced store back into force, or both stores into one bundle."""
    case, store = distrust.case, distrust.store
    change = TrustChange(replace_with=found.store.source)
    if store.source in VARIABLES:
        names = _set_variables(distrust)
        text = f"unset {' and '.join(names)} where this program runs"
        yield Remedy(YOU, text, command=unset(case, names), change=change)
    path = "certifi.where()" if found.store.source == "certifi" else repr(found.store.location)
    if found.store.location:
        text = f"verify with {named(found.store)}"
        yield Remedy(YOU, text, snippet=verifying_with(case, path), change=change)
    if store.kind == "file" and found.store.kind == "file" and store.location and found.store.location:
        yield _combined(distrust, found)


def _combined(distrust: Distrust, found: Vouched) -> Remedy:
    store, windows = distrust.store, distrust.case.evidence.machine.platform == "win32"
    files = [str(store.location), str(found.store.location)]
    if windows:
        quoted = ", ".join(f'"{file}"' for file in files)
        command = f"Get-Content {quoted} | Set-Content -Encoding ascii combined.pem"
    else:
        command = f"cat {' '.join(map(shlex.quote, files))} > combined.pem"
    text = "where both are needed, put them into one bundle: a bundle replaces the default, it never adds to it"
    if store.source in VARIABLES:
        command += (
            f'\n$env:{store.source} = "$PWD\\combined.pem"'
            if windows
            else f'\nexport {store.source}="$PWD/combined.pem"'
        )
    else:
        text += "; then name combined.pem in place of it"
    return Remedy(YOU, text, command=command, change=TrustChange(add=(found.anchor.der,)))


def _set_variables(distrust: Distrust) -> tuple[str, ...]:
    read = _READ.get(distrust.trust.client, _OPENSSL)
    machine = distrust.case.evidence.machine
    return tuple(name for name in read if machine.variable(name)) or (distrust.store.source,)


def use_store(distrust: Distrust, found: Vouched) -> Iterator[Remedy]:
    """Yield what lets the client use the store that trusts the server."""
    case, client, store = distrust.case, distrust.trust.client, found.store
    change = TrustChange(replace_with=store.source)
    if store.source in {"system", *_OPENSSL} and client != "ssl":
        yield truststore(change)
    if store.location and store.kind in {"file", "directory"}:
        text = f"verify with {named(store)}"
        yield Remedy(YOU, text, snippet=verifying_with(case, repr(store.location)), change=change)
        variable = variable_of(client)
        if variable != store.source:  # else it is named there, and the call passed the variable over
            text = f"or name it in {variable}, which this client reads; it replaces the default store"
            yield Remedy(YOU, text, command=export(case, variable, store.location), change=change)
    yield from _upgrade(distrust)


def truststore(change: TrustChange) -> Remedy:
    """Return the remedy that lets a program use the operating system's store."""
    return Remedy(
        YOU,
        "let the program use the operating system's trust store (pip install truststore)",
        snippet="import truststore\n\ntruststore.inject_into_ssl()  # before the first connection",
        change=change,
    )


_OLD_DAYS = 365


def _upgrade(distrust: Distrust) -> Iterator[Remedy]:
    store, now = distrust.store, distrust.case.evidence.machine.now
    if store.released is not None and (now - store.released).days > _OLD_DAYS:
        text = f"upgrade certifi: {store.version} may be older than the root"
        yield Remedy(YOU, text, command="python -m pip install --upgrade certifi")


def install_in_system(case: Case, anchor: Certificate) -> Remedy:
    """Return the remedy that puts an anchor into the operating system's store."""
    name = clean(anchor.label, 60) or "this certificate"
    return Remedy(
        ADMINISTRATOR,
        f'put "{name}" (SHA-256 {anchor.sha256}) into the system\'s store, from a file that you obtained safely',
        command=_INSTALL.get(case.evidence.machine.platform, _INSTALL_UNIX),
    )


_INSTALL = {
    "win32": "certutil -addstore -f Root private-ca.crt",
    "darwin": "sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain private-ca.crt",
}
_INSTALL_UNIX = (
    "# Debian, Ubuntu, Alpine\n"
    "sudo cp private-ca.crt /usr/local/share/ca-certificates/ && sudo update-ca-certificates\n"
    "# Fedora, RHEL\n"
    "sudo cp private-ca.crt /etc/pki/ca-trust/source/anchors/ && sudo update-ca-trust\n"
    "# SUSE\n"
    "sudo cp private-ca.crt /etc/pki/trust/anchors/ && sudo update-ca-certificates"
)
