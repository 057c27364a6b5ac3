"""What the operator of the service has to do, per platform, where the service's own TLS call failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes.answers.platforms import family
from sslwhy.report.values import SERVICE_OWNER, YOU, Remedy


if TYPE_CHECKING:
    from sslwhy.facts.answer import AnswerVerdict

_JAVA_ROOT = (
    "import the root that issued the certificate of the server behind the service into the trust store that the "
    "service's JVM uses, then restart it",
    "keytool -importcert -trustcacerts -cacerts -alias partner-root -file ca.pem",
)
# How a trust anchor is added: (what to do, command or None), by product, else by family.
_ADD_ROOT: dict[str, tuple[tuple[str, str | None], ...]] = {
    ".NET": (
        (
            "import the root that issued the certificate of the server behind the service into Trusted Root "
            "Certification Authorities of the local computer, not of a user (certlm.msc), then recycle the "
            "application pool",
            "certutil -addstore -f Root ca.cer",
        ),
    ),
    "OutSystems": (
        (
            "self-managed OutSystems: import the root that issued the certificate of the consumed service into Trusted "
            "Root Certification Authorities of the local computer on every front-end and on the deployment controller, "
            "then restart IIS and the OutSystems services",
            "certutil -addstore -f Root ca.cer",
        ),
        (
            "OutSystems Cloud: open a support case that asks for this root to be added to the environment's trusted "
            "root store, and attach the root",
            None,
        ),
    ),
    "Java": (_JAVA_ROOT,),
    "CXF": (
        _JAVA_ROOT,
        (
            "where the CXF conduit has its own tlsClientParameters, add the root to the trustManagers key store named "
            "there instead: cacerts is not read then",
            None,
        ),
    ),
    "IBM Java": (
        (
            "WebSphere: add the root to NodeDefaultTrustStore (CellDefaultTrustStore in a cell) under SSL certificate "
            "and key management, Key stores and certificates, Signer certificates; Retrieve from port reads it from "
            "the server behind: compare its fingerprint before saving, then restart",
            None,
        ),
        (
            "IBM Java without WebSphere: import the root into the JVM's own cacerts, then restart",
            "keytool -importcert -trustcacerts -alias partner-root -file ca.pem -keystore $JAVA_HOME/lib/security/cacerts",
        ),
    ),
    "WebLogic": (
        (
            "import the root into the trust key store that the managed server is configured with (Keystores tab), "
            "then restart it",
            "keytool -importcert -trustcacerts -alias partner-root -file ca.pem -keystore trust.jks",
        ),
    ),
    "SAP": (
        (
            "import the root into the TrustedCAs view of NetWeaver's Key Storage (Java, PI/PO), or into the SSL client "
            "PSE with transaction STRUST (ABAP), then restart the ICM or the adapter's channel",
            None,
        ),
    ),
    "Mule": (
        (
            "add the root to the trust store of the HTTP request's tls:context, or to the JVM's, then redeploy",
            None,
        ),
        _JAVA_ROOT,
    ),
    "Apigee": (("upload the root to the trust store that the target endpoint's SSLInfo refers to", None),),
    "Envoy": (
        (
            "add the root to the file that the upstream TLS context names in validation_context.trusted_ca (Istio: the "
            "DestinationRule's caCertificates), and check match_typed_subject_alt_names",
            None,
        ),
    ),
    "nginx": (
        (
            "add the root to the file of proxy_ssl_trusted_certificate, set proxy_ssl_server_name on and "
            "proxy_ssl_name to a name in the certificate, then reload",
            "nginx -t && nginx -s reload",
        ),
    ),
    "Apache": (
        (
            "add the root to the file of SSLProxyCACertificateFile, then reload; the error log has the exact reason",
            "apachectl configtest && apachectl graceful",
        ),
    ),
    "Squid": (
        (
            "add the root to the file of tls_outgoing_options cafile=, then reconfigure",
            "squid -k reconfigure",
        ),
    ),
    "Cloudflare": (
        (
            "the zone's mode is Full (strict): renew or replace the origin's certificate by one that is in date, "
            "carries the host name and comes from a public CA or from Cloudflare's Origin CA, with its intermediates",
            None,
        ),
    ),
    "Fastly": (
        (
            "renew the origin's certificate, or set the CA certificate and certificate host name of the backend",
            None,
        ),
    ),
    "Oracle Database": (
        (
            "add the root to the wallet that the session sets with UTL_HTTP.SET_WALLET",
            "orapki wallet add -wallet /path/to/wallet -trusted_cert -cert ca.pem",
        ),
    ),
    "Node": (("name a file with the root in NODE_EXTRA_CA_CERTS before the process starts", None),),
    "Python": (
        (
            "add the root to the bundle that the service verifies with (REQUESTS_CA_BUNDLE, SSL_CERT_FILE)",
            None,
        ),
    ),
    "PHP": (
        ("add the root to the file of openssl.cafile and curl.cainfo in php.ini, then restart PHP", None),
    ),
}
_ADD_ROOT_TO_SYSTEM: tuple[tuple[str, str | None], ...] = (
    (
        "add the root that issued the certificate of the server behind the service to the system's trust store, then "
        "restart the service",
        "cp ca.pem /usr/local/share/ca-certificates/partner-root.crt && update-ca-certificates",
    ),
)
_CHAIN = (
    "first see what the server behind the service presents: where an intermediate is missing, or the certificate is "
    "expired or wrongly named, that server's operator has to mend it, and no root helps",
    "openssl s_client -connect HOST:443 -servername HOST -showcerts",
)
_STRONG_CRYPTO = (
    "let .NET Framework use the TLS versions of Windows: set SchUseStrongCrypto and SystemDefaultTlsVersions to 1 here "
    "and under Wow6432Node, enable TLS 1.2 in SCHANNEL, then restart",
    r'reg add "HKLM\SOFTWARE\Microsoft\.NETFramework\v4.0.30319" /v SchUseStrongCrypto /t REG_DWORD /d 1 /f',
)
_VERSIONS: dict[str, tuple[tuple[str, str | None], ...]] = {
    ".NET": (_STRONG_CRYPTO,),
    "Java": (
        (
            "run the service on a current Java release, and see that jdk.tls.client.protocols and https.protocols do "
            "not keep it from TLS 1.2 and 1.3; javax.net.debug=ssl:handshake shows where the two part",
            None,
        ),
    ),
    "Cloudflare": (
        (
            "see that the origin listens for TLS on port 443, has a certificate for the host name that Cloudflare sends "
            "as SNI, and shares a TLS version and cipher with Cloudflare",
            None,
        ),
    ),
}
_VERSIONS_ANYWHERE: tuple[tuple[str, str | None], ...] = (
    (
        "see which TLS versions and ciphers the service and the server behind it have in common, and bring the old up",
        None,
    ),
)
_BY_REASON: dict[str, tuple[tuple[str, str | None], ...]] = {
    "name": (
        (
            "call the server behind the service by a name that its certificate carries, or have that certificate "
            "re-issued with the name in use as a SAN",
            None,
        ),
    ),
    "expired": (
        (
            "have the certificate of the server behind the service renewed by its operator; check the clock of the "
            "service's machine",
            None,
        ),
    ),
    "store": (
        (
            "the JVM found no trust anchors at all: point javax.net.ssl.trustStore to an existing store with the right "
            "type, or install the distribution's CA certificates for Java",
            None,
        ),
    ),
    "client-certificate": (
        (
            "the server behind refused the client certificate of the service: configure one with its private key and "
            "intermediates, in date, issued by a CA that the server behind accepts",
            None,
        ),
    ),
    "plaintext": (
        (
            "the address behind the service says https but the port does not speak TLS: correct the scheme or port",
            None,
        ),
    ),
}
_TRUST_ANYHOW = ("trust", "untrusted")


def upstream_remedies(verdict: AnswerVerdict) -> tuple[Remedy, ...]:
    """Return what to do about an ``upstream-*`` verdict, the service owner's steps first."""
    platform = verdict.platform
    if verdict.reason in _TRUST_ANYHOW:
        steps = (_CHAIN, *(_ADD_ROOT.get(platform) or _ADD_ROOT.get(family(platform)) or _ADD_ROOT_TO_SYSTEM))
    else:
        versions = _VERSIONS.get(family(platform), _VERSIONS_ANYWHERE)
        steps = _BY_REASON.get(verdict.reason, (_CHAIN, *versions))
    command_host = verdict.host.partition(":")[0] if verdict.host else "HOST"
    owner = [
        Remedy(SERVICE_OWNER, text, command=command and command.replace("HOST", command_host))
        for text, command in steps
    ]
    return (
        *owner,
        Remedy(YOU, "nothing to change in your client: send the service's owner the message below"),
    )
