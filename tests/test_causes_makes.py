"""One cause, many makes: each words its refusal in its own way, and the verdict is the same, by session and by check.

The rows are codes, the columns makes of server; where a make cannot be brought to a fault, its place is empty.
nginx's demand for a client certificate is an answer, see test_causes_client_certificate.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pytest
from support import legacy
from support.asking import WAYS, failed, primary
from support.isolation import needs
from support.nginx import Nginx
from support.programs import GnutlsServer, JavaServer, OpensslServer
from support.tls import TlsServer


if TYPE_CHECKING:
    from collections.abc import Callable

    from support import pki

    from sslwhy.demo.pki import Identity


class Given(NamedTuple):
    """What the servers are made from."""

    leaf: Identity
    issuing: pki.Authority
    dh_1024: str


Make: TypeAlias = "Callable[[Given], Any]"
PROGRAMS = {"nginx": "nginx", "openssl": "openssl", "gnutls": "gnutls-serv", "jsse": "java"}
RSA_ONLY = "NONE:+VERS-TLS1.2:+AES-128-CBC:+SHA1:+RSA:+SIGN-ALL:+COMP-ALL:+GROUP-ALL"
ANCIENT = "NORMAL:-VERS-ALL:+VERS-TLS1.0:%COMPAT"
BRAINPOOL = ["ssl_ecdh_curve brainpoolP256r1;"]
SHA1 = ["ssl_conf_command SignatureAlgorithms RSA+SHA1;"]
WEAKER = "ALL:@SECLEVEL=0"

MAKES: dict[str, dict[str, Make]] = {
    "protocol-version-mismatch confirmed server": {
        "ssl": lambda given: TlsServer(given.leaf, versions=("1.0", "1.0")),
        "nginx": lambda given: Nginx(given.leaf, protocols="TLSv1", ciphers=WEAKER),
        "openssl": lambda given: OpensslServer(given.leaf, "-tls1", "-cipher", WEAKER),
        "gnutls": lambda given: GnutlsServer(given.leaf, priority=ANCIENT),
        "jsse": lambda given: JavaServer(given.leaf, versions=["TLSv1"], legacy=True),
        "tlslite": lambda given: legacy.OldServer(given.leaf, versions=("1.0", "1.0")),
        "raw": lambda given: legacy.FirstFlight(0x0301, [0xC014, 0x0035], given.leaf.chain()),
    },
    "no-shared-cipher confirmed server": {
        "ssl": lambda given: TlsServer(given.leaf, versions=("1.2", "1.2"), ciphers="AES128-SHA"),
        "nginx": lambda given: Nginx(given.leaf, protocols="TLSv1.2", ciphers="AES128-SHA"),
        "openssl": lambda given: OpensslServer(given.leaf, "-tls1_2", "-cipher", "AES128-SHA"),
        "gnutls": lambda given: GnutlsServer(given.leaf, priority=RSA_ONLY),
        "jsse": lambda given: JavaServer(
            given.leaf, versions=["TLSv1.2"], suites=["TLS_RSA_WITH_AES_128_CBC_SHA"], legacy=True
        ),
        "tlslite": lambda given: legacy.OldServer(given.leaf, versions=("1.2", "1.2"), key_exchanges=["rsa"]),
        "raw": lambda given: legacy.FirstFlight(0x0303, [0x0008, 0x0003], given.leaf.chain()),
    },
    "no-shared-group confirmed server": {
        "ssl": lambda given: TlsServer(given.leaf, versions=("1.2", "1.2"), curve="brainpoolP256r1"),
        "nginx": lambda given: Nginx(given.leaf, protocols="TLSv1.2", ciphers="ECDHE", directives=BRAINPOOL),
        "openssl": lambda given: OpensslServer(given.leaf, "-tls1_2", "-cipher", "ECDHE", "-groups", "brainpoolP256r1"),
    },
    "no-shared-signature-algorithm confirmed server": {
        "nginx": lambda given: Nginx(given.leaf, protocols="TLSv1.2", ciphers="ECDHE:@SECLEVEL=0", directives=SHA1),
        "openssl": lambda given: OpensslServer(
            given.leaf, "-tls1_2", "-sigalgs", "RSA+SHA1", "-cipher", "ECDHE:@SECLEVEL=0"
        ),
    },
    "weak-dh-parameters confirmed server": {
        "ssl": lambda given: TlsServer(given.leaf, versions=("1.2", "1.2"), ciphers="DHE", dh_params=given.dh_1024),
        "nginx": lambda given: Nginx(
            given.leaf,
            protocols="TLSv1.2",
            ciphers="DHE:@SECLEVEL=0",
            directives=[f"ssl_dhparam {given.dh_1024};"],
        ),
        "openssl": lambda given: OpensslServer(
            given.leaf, "-tls1_2", "-dhparam", given.dh_1024, "-cipher", "DHE:@SECLEVEL=0"
        ),
    },
    "unrecognized-server-name confirmed server": {
        "ssl": lambda given: TlsServer(given.leaf, refuse_name=lambda name: 112 if name else None),
        "nginx": lambda given: Nginx(given.leaf, directives=["ssl_reject_handshake on;"]),
        "gnutls": lambda given: GnutlsServer(
            given.leaf, arguments=["--sni-hostname=other.example", "--sni-hostname-fatal"]
        ),
    },
    "alpn-mismatch confirmed server": {
        "openssl": lambda given: OpensslServer(given.leaf, "-alpn", "h2"),
        "gnutls": lambda given: GnutlsServer(given.leaf, arguments=["--alpn=h2", "--alpn-fatal"]),
    },
    "legacy-renegotiation confirmed server": {
        "tlslite": lambda given: legacy.OldServer(given.leaf, versions=("1.2", "1.2"), secure_renegotiation=False),
        "raw": lambda given: legacy.FirstFlight(0x0303, [0xC02F, 0xC030], given.leaf.chain()),
    },
    "client-certificate-required confirmed client": {
        "ssl": lambda given: TlsServer(given.leaf, clients=[given.issuing], client_auth="required"),
        "openssl": lambda given: OpensslServer(given.leaf, "-tls1_2", clients=[given.issuing]),
        "gnutls": lambda given: GnutlsServer(given.leaf, clients=[given.issuing]),
        "jsse": lambda given: JavaServer(given.leaf, clients=[given.issuing]),
    },
}


def _cases() -> list[Any]:
    return [
        pytest.param(
            verdict, server, id=f"{verdict.split()[0]}-{make}", marks=needs(*filter(None, [PROGRAMS.get(make)]))
        )
        for verdict, servers in MAKES.items()
        for make, server in servers.items()
    ]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("verdict", "server"), _cases())
def test_the_verdict_is_the_same_whoever_refuses(
    verdict: str,
    server: Callable[[Given], Any],
    way: str,
    rsa_leaf: Identity,
    issuing: pki.Authority,
    dh_1024: str,
    ca_file: str,
) -> None:
    """The primary finding, how sure it is and whose fault it is do not depend on the make of the server."""
    with server(Given(rsa_leaf, issuing, dh_1024)) as running:
        report = failed(f"https://localhost:{running.port}/", way, verify=ca_file)
    assert primary(report) == verdict
