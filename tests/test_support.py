"""The support itself: every server makes a real handshake, every oddity is really in the certificate."""

from __future__ import annotations

import socket
import ssl
import time
from typing import TYPE_CHECKING

import pytest
import requests
import zeep
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from support import der, keys, pki, raw, relays, sites
from support.handshake import connected, shake, trusting
from support.tls import TlsServer

from sslwhy.demo import loopback, soap_service
from sslwhy.demo import pki as demo_pki
from sslwhy.demo.pki import named


if TYPE_CHECKING:
    from pathlib import Path


def session(ca_file: str) -> requests.Session:
    """A session that trusts `ca_file`."""
    made = requests.Session()
    made.verify = ca_file
    return made


def refused(context: ssl.SSLContext, port: int) -> ssl.SSLCertVerificationError:
    """The verification error that a handshake with the port ends in."""
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        shake(port, context)
    return caught.value


# PKI


@pytest.mark.parametrize("kind", ["p256", "p384", "p521", "ed25519", "ed448", "rsa-1024", "rsa-2048"])
def test_every_key_kind_serves_a_handshake(root: pki.Authority, kind: str) -> None:
    """A certificate of each key kind is accepted where OpenSSL allows its strength."""
    leaf = root.issue("localhost", dns=["localhost"], key=kind)
    with TlsServer(leaf) as server:
        agreed = shake(server.port, trusting(root, ciphers="ALL"))
    assert agreed.certificate == leaf.der


def test_a_key_for_pss_only(root: pki.Authority) -> None:
    """A certificate and key marked RSASSA-PSS belong together and serve TLS 1.3."""
    leaf = root.issue_pss("localhost", dns=["localhost"])
    with TlsServer(leaf) as server:
        assert shake(server.port, trusting(root)).certificate == leaf.der


def test_rsa_keys_repeat_but_neighbours_differ() -> None:
    """The pool hands out different keys in turn, so that no issuer shares its subject's key."""
    made = [keys.new("rsa-1024").public_key() for _ in range(7)]
    assert made[0] == made[6]
    assert made[0] != made[1]


@pytest.mark.parametrize(
    ("odd", "code"),
    [
        ({"not_after": -pki.DAY}, 10),
        ({"not_before": pki.DAY}, 9),
        ({"broken_signature": True}, 7),
        ({"eku": [pki.CLIENT_AUTH]}, 26),
        ({"extra": [pki.unknown_extension()]}, 34),
        ({"digest": "sha1", "key": "rsa-2048"}, 0),
        ({"edits": [der.version_1]}, 62),
    ],
)
def test_oddities_meet_their_verify_code(odd: pki.Oddities, code: int) -> None:
    """OpenSSL reports the fault that was built in, and 0 stands for acceptance."""
    root = pki.Authority.root(key="rsa-2048")
    with TlsServer(root.issue("localhost", dns=["localhost"], **odd)) as server:
        if code:
            assert refused(trusting(root, ciphers="ALL"), server.port).verify_code == code
        else:
            assert shake(server.port, trusting(root, ciphers="ALL")).version == "TLSv1.3"


@pytest.mark.parametrize(
    ("odd", "code"),
    [
        ({"not_after": -pki.DAY}, 10),
        ({"ca": False}, 79),
        ({"permitted": ["dns:example.com"]}, 47),
        ({"excluded": ["dns:localhost"]}, 48),
        ({"omit": ["bc"]}, 79),
        ({"usage": ["digital_signature"]}, 79),
    ],
)
def test_oddities_of_an_intermediate(odd: pki.Oddities, code: int) -> None:
    """A fault in the intermediate is found there."""
    root = pki.Authority.root()
    leaf = root.intermediate("Issuing CA", **odd).issue("localhost", dns=["localhost"])
    with TlsServer(leaf) as server:
        assert refused(trusting(root), server.port).verify_code == code


def test_path_length_and_cross_sign() -> None:
    """pathlen 0 forbids a further CA; a cross-signed CA gives a second way to another root."""
    root, other = pki.Authority.root("One"), pki.Authority.root("Two")
    short = root.intermediate("Short", path_length=0)
    leaf = short.intermediate("Too deep").issue("localhost", dns=["localhost"])
    with TlsServer(leaf) as server:
        assert refused(trusting(root), server.port).verify_code == 25
    good = short.issue("localhost", dns=["localhost"])
    with TlsServer(good, chain=[short.der, other.cross_sign(root).der]) as server:
        assert shake(server.port, trusting(other)).certificate == good.der


@pytest.mark.parametrize(
    ("signer", "digest", "name"),
    [
        ("rsa-2048", "md5", "md5"),
        ("rsa-2048", "sha1", "sha1"),
        ("rsa-2048", "pss", "sha256"),
        ("p256", "sha1", "sha1"),
    ],
)
def test_signatures_verify(signer: str, digest: str, name: str) -> None:
    """A certificate that was signed by hand carries a valid signature of the algorithm asked for."""
    root = pki.Authority.root(key=signer)
    odd = root.issue("localhost", digest=digest).certificate
    assert odd.signature_hash_algorithm is not None
    assert odd.signature_hash_algorithm.name == name
    key, algorithm = root.certificate.public_key(), odd.signature_algorithm_parameters
    if isinstance(key, rsa.RSAPublicKey):
        scheme = algorithm if isinstance(algorithm, padding.PSS) else padding.PKCS1v15()
        key.verify(odd.signature, odd.tbs_certificate_bytes, scheme, odd.signature_hash_algorithm)
    else:
        assert isinstance(key, ec.EllipticCurvePublicKey)
        key.verify(odd.signature, odd.tbs_certificate_bytes, ec.ECDSA(odd.signature_hash_algorithm))


def test_der_edits_do_what_they_say(root: pki.Authority) -> None:
    """Each edit is visible to a parser, or stops it."""
    odd = root.issue("x", edits=[der.empty_issuer, der.empty_subject]).certificate
    assert not [*odd.issuer, *odd.subject]
    twice = root.issue("x", dns=["a"], edits=[der.duplicate_extension(pki.OIDS["san"])]).certificate
    with pytest.raises(x509.DuplicateExtension):
        _ = twice.extensions
    spoilt = root.issue("x", dns=["a"], edits=[der.spoil_extension(pki.OIDS["san"])]).certificate
    with pytest.raises(ValueError, match="error parsing asn1 value"):
        _ = spoilt.extensions
    other = root.issue("x", edits=[der.issuer_named(named("Other"))]).certificate
    assert other.issuer == named("Other")
    weak = root.issue("x", key="rsa-512")
    assert weak.key.public_key() == weak.certificate.public_key()


def test_ten_thousand_names_break_the_handshake(root: pki.Authority) -> None:
    """A certificate message above OpenSSL's limit is refused by the client."""
    names = [f"host-{number}.partner.example" for number in range(10_000)]
    leaf = root.issue("localhost", dns=["localhost", *names])
    with TlsServer(leaf) as server, pytest.raises(ssl.SSLError, match="EXCESSIVE_MESSAGE_SIZE"):
        shake(server.port, trusting(root))


def test_written_files_serve_requests(tmp_path: Path, root: pki.Authority) -> None:
    """`write` gives a chain and a key that load, readable by the owner only."""
    files = root.client().write(tmp_path, "me")
    assert files.key.stat().st_mode & 0o077 == 0
    ssl.create_default_context().load_cert_chain(files.chain, files.key)


# The demo's own parts


def test_demo_pki_satisfies_strict_verification(tmp_path: Path) -> None:
    """What `sslwhy demo` issues passes X509_STRICT, and its faults are faults."""
    root = demo_pki.Authority.root("Demo Root")
    issuing = root.intermediate("Demo Issuing CA")
    context = trusting(root)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    good = issuing.issue("localhost", dns=["localhost"], ips=["127.0.0.1"])
    with TlsServer(good, send_root=True) as server:
        shake(server.port, context)
        shake(server.port, context, "127.0.0.1")
    assert [one.der for one in good.path()] == [good.der, issuing.der, root.der]
    assert good.write(tmp_path).chain.read_text() == good.pem + issuing.pem
    own = demo_pki.self_signed("localhost", dns=["localhost"])
    old = issuing.issue("localhost", dns=["localhost"], not_after=-demo_pki.DAY / 2)
    for identity, code in ((own, 18), (old, 10)):
        with TlsServer(identity) as server:
            assert refused(context, server.port).verify_code == code


def test_demo_service_refuses_what_is_not_soap() -> None:
    """Junk is answered with a Fault or 404, at any path and method."""
    with loopback.HttpServer(soap_service.SoapService()) as server:
        assert requests.get(f"{server.url}/", timeout=5).status_code == 404
        for junk in (b"<", b"<a/>", b""):
            answer = requests.post(f"{server.url}/service", data=junk, timeout=5)
            assert (answer.status_code, b"not a SOAP envelope" in answer.content) == (500, True)


# Servers on `ssl`


def test_soap_service_through_zeep(leaf: pki.Identity, ca_file: str) -> None:
    """zeep loads the WSDL, calls both operations and gets a Fault, over verified TLS."""
    with TlsServer(leaf, soap_service.SoapService()) as server, session(ca_file) as made:
        client = zeep.Client(f"{server.url}/service?wsdl", transport=zeep.Transport(session=made))
        assert client.service.Ping() == "pong"
        assert str(client.service.GetQuote("ACME")) == "12.50"
        with pytest.raises(zeep.exceptions.Fault, match="no quote for <x>"):
            client.service.GetQuote("<x>")
    assert [request.method for request in server.requests] == ["GET", "POST", "POST", "POST"]
    assert server.application_bytes > sum(len(request.body) for request in server.requests) > 0
    assert (server.connections, server.errors) == (1, [])


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_faults_of_both_soap_versions(leaf: pki.Identity, ca_file: str, version: str) -> None:
    """A Fault with any text reaches zeep under either SOAP version."""
    site = sites.Site(sites.always(soap_service.fault("behind & <beyond>", version=version)))
    with TlsServer(leaf, site) as server, session(ca_file) as made:
        page = soap_service.wsdl(f"{server.url}/service", version=version)
        site.pages["/service?wsdl"] = soap_service.document(page)
        client = zeep.Client(f"{server.url}/service?wsdl", transport=zeep.Transport(session=made))
        with pytest.raises(zeep.exceptions.Fault, match="behind & <beyond>"):
            client.service.Ping()


def test_wsdl_schema_and_endpoint_on_three_hosts(leaf: pki.Identity, ca_file: str) -> None:
    """A WSDL imports from a second host and its operations run on a third."""
    one, two = sites.Site(), sites.Site()
    with (
        TlsServer(leaf, one) as first,
        TlsServer(leaf, two) as second,
        TlsServer(leaf, soap_service.SoapService()) as third,
        session(ca_file) as made,
    ):
        address = f"{third.url}/service"
        transport = zeep.Transport(session=made)
        for build in (sites.spread, sites.spread_wsdl):
            url = build((one, first.url), (two, second.url), address)
            assert zeep.Client(url, transport=transport).service.Ping() == "pong"
    assert [len(server.requests) for server in (first, second, third)] == [2, 2, 2]


def test_error_pages_and_redirects(leaf: pki.Identity, ca_file: str) -> None:
    """Every page arrives with its status; a redirect is followed; HEAD has no body."""
    site = sites.Site(sites.always(sites.PAGES["cloudflare-526"]))
    with TlsServer(leaf, site) as server, session(ca_file) as made:
        site.pages["/old"] = sites.redirect(f"{server.url}/new")
        assert made.get(f"{server.url}/old").status_code == 526
        assert made.head(f"{server.url}/new").content == b""


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.3"])
def test_one_version_servers(leaf: pki.Identity, root: pki.Authority, version: str) -> None:
    """A server can be limited to one version, down to TLS 1.0."""
    with TlsServer(leaf, versions=(version, version)) as server:
        agreed = shake(server.port, trusting(root, version=version, ciphers="ALL"))
        other = "1.2" if version != "1.2" else "1.3"
        with pytest.raises(ssl.SSLError):
            shake(server.port, trusting(root, version=other, ciphers="ALL"))
    assert agreed.version == f"TLSv{version}".removesuffix(".0")
    assert len(server.handshakes) == 1


def test_suite_group_and_alpn(rsa_leaf: pki.Identity, root: pki.Authority) -> None:
    """Suites, curve and ALPN of a server are those that were set."""
    settings = {"versions": ("1.2", "1.2"), "ciphers": "AES128-SHA", "alpn": ["http/1.1"]}
    with TlsServer(rsa_leaf, **settings) as server:  # type: ignore[arg-type]
        context = trusting(root, ciphers="ALL")
        context.set_alpn_protocols(["http/1.1"])
        with connected(server.port, context) as connection:
            assert connection.selected_alpn_protocol() == "http/1.1"
    assert server.handshakes == [("TLSv1.2", "AES128-SHA")]
    with TlsServer(rsa_leaf, curve="secp521r1") as server:
        context = trusting(root)
        context.set_ecdh_curve("prime256v1")
        with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
            shake(server.port, context)


def test_names_choose_or_refuse(root: pki.Authority, leaf: pki.Identity) -> None:
    """SNI picks the certificate, or is refused with an alert."""
    other = root.issue("other", dns=["soap.partner.example"])
    alert = ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
    with TlsServer(
        leaf,
        by_name={"soap.partner.example": other},
        refuse_name=lambda name: alert if name == "bad.example" else None,
    ) as server:
        assert shake(server.port, trusting(root)).certificate == leaf.der
        assert shake(server.port, trusting(root), "soap.partner.example").certificate == other.der
        with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
            shake(server.port, trusting(root), "bad.example")
    assert server.names == ["localhost", "soap.partner.example", "bad.example"]


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_client_certificate_demanded(
    leaf: pki.Identity, root: pki.Authority, client_identity: pki.Identity, tmp_path: Path, version: str
) -> None:
    """Without a client certificate the server refuses; with one it says whose."""
    files = client_identity.write(tmp_path)
    with TlsServer(leaf, clients=[root], versions=(version, version)) as server:
        with pytest.raises(OSError):
            shake(server.port, trusting(root), request=True)
        shake(server.port, trusting(root, client=files), request=True)
    assert server.client_certificates == [client_identity.der]


def test_unverified_server_receives_nothing(leaf: pki.Identity) -> None:
    """The counter that proves silence: a client that does not trust the server sends no byte."""
    with TlsServer(leaf) as server, requests.Session() as made, pytest.raises(requests.exceptions.SSLError):
        made.post(server.url, data=b"secret")
    assert (server.connections, server.application_bytes, server.requests) == (1, 0, [])


# Hostile peers


@pytest.mark.parametrize(
    ("behaviour", "error", "text"),
    [
        (raw.close_at_once, ssl.SSLEOFError, "EOF"),
        (raw.close_after_hello, ssl.SSLEOFError, "EOF"),
        (raw.reset_at_once, ConnectionResetError, "reset"),
        (raw.reset_after_hello, ConnectionResetError, "reset"),
        (raw.silent, TimeoutError, "timed out"),
        (raw.banner(raw.SSH), ssl.SSLError, "WRONG_VERSION_NUMBER"),
        (raw.banner(raw.SMTP), ssl.SSLError, "WRONG_VERSION_NUMBER"),
        (raw.say(b"HTTP/1.1 400 Bad Request\r\n\r\n"), ssl.SSLError, "WRONG_VERSION_NUMBER"),
        (raw.say(b"\x00\xff" * 40, first=True), ssl.SSLError, "SSL"),
        (raw.alert(40), ssl.SSLError, "HANDSHAKE_FAILURE"),
        (raw.alert(80), ssl.SSLError, "INTERNAL_ERROR"),
        (raw.drip(b"\x16\x03\x03\x40\x00", pause=0.01), TimeoutError, "timed out"),
        (raw.endless(raw.HUGE_CERTIFICATE), ssl.SSLError, "SSL"),
    ],
)
def test_hostile_peer(behaviour: raw.Behaviour, error: type[OSError], text: str, root: pki.Authority) -> None:
    """Each hostile peer causes the failure that it stands for."""
    with raw.RawServer(behaviour) as server, pytest.raises(error, match=text):
        shake(server.port, trusting(root), timeout=0.3)
    assert server.connections == 1


def test_raw_server_takes_turns() -> None:
    """Several behaviours are shown one after the other."""
    with raw.RawServer(raw.banner(b"a"), raw.banner(b"b")) as server:
        heard = []
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
                heard.append(connection.recv(1))
    assert heard == [b"a", b"b", b"a"]


def test_plain_http_on_the_port(root: pki.Authority) -> None:
    """An HTTP server answers a ClientHello with something that is not TLS."""
    with loopback.HttpServer(soap_service.SoapService()) as server:
        with pytest.raises(ssl.SSLError, match="WRONG_VERSION_NUMBER"):
            shake(server.port, trusting(root))
        assert requests.get(f"{server.url}/service?wsdl", timeout=5).status_code == 200


# Relays


def test_balancer_alternates(leaf: pki.Identity, root: pki.Authority, ca_file: str) -> None:
    """Every second connection meets the bad backend."""
    bad = root.issue("localhost", dns=["localhost"], not_after=-pki.DAY)
    with TlsServer(leaf) as good, TlsServer(bad) as worse, relays.Balancer(good, worse) as balancer:
        for _ in range(2):
            assert requests.get(balancer.url, verify=ca_file, timeout=5).text == "hello"
            assert refused(trusting(root), balancer.port).verify_code == 10


def test_balancer_delays(leaf: pki.Identity, root: pki.Authority) -> None:
    """A delay is felt at least once each way."""
    with TlsServer(leaf) as server, relays.Balancer(server, delay=0.05) as slow:
        started = time.monotonic()
        shake(slow.port, trusting(root))
        assert time.monotonic() - started >= 0.1


def test_balancer_passes_a_reset(leaf: pki.Identity, root: pki.Authority) -> None:
    """A backend that resets is a reset for the client."""
    with (
        raw.RawServer(raw.reset_after_hello) as bad,
        relays.Balancer(bad) as balancer,
        pytest.raises(ConnectionResetError),
    ):
        shake(balancer.port, trusting(root))


def test_large_hello_is_swallowed(leaf: pki.Identity, root: pki.Authority) -> None:
    """The middlebox lets an ordinary ClientHello through and says nothing to a large one."""
    with TlsServer(leaf) as backend, relays.DropsLargeHello(backend, 1400) as box:
        assert shake(box.port, trusting(root)).version == "TLSv1.3"
        large = trusting(root)
        large.set_alpn_protocols([f"protocol-{number:03}" * 10 for number in range(16)])
        with pytest.raises(TimeoutError):
            shake(box.port, large, timeout=0.3)


@pytest.mark.parametrize("secure", [False, True])
def test_connect_proxy(leaf: pki.Identity, issuing: pki.Authority, ca_file: str, *, secure: bool) -> None:
    """A proxy, plain or behind TLS, carries TLS to a host that only it can resolve."""
    origin_name = "soap.partner.example"
    origin = issuing.issue(origin_name, dns=[origin_name])
    with (
        TlsServer(origin) as server,
        relays.Proxy(routes={"soap.partner.example": server.port}, identity=leaf if secure else None) as proxy,
    ):
        proxies = {"https": proxy.url}
        answer = requests.get("https://soap.partner.example/x", proxies=proxies, verify=ca_file, timeout=5)
    assert (answer.text, proxy.tunnels) == ("hello", ["soap.partner.example:443"])


def test_proxy_forwards_plain_requests() -> None:
    """A request for an http:// URL goes through the proxy in absolute form."""
    with loopback.HttpServer(soap_service.SoapService()) as server, relays.Proxy() as proxy:
        answer = requests.get(f"{server.url}/service?wsdl", proxies={"http": proxy.url}, timeout=5)
    assert (answer.status_code, len(proxy.heads), proxy.tunnels) == (200, 1, [])


def test_proxy_refusals(leaf: pki.Identity, ca_file: str) -> None:
    """407 until the credentials come, any other status for good, 502 for a host out of reach."""
    with TlsServer(leaf) as server, relays.Proxy(credentials="me:secret") as proxy:
        with pytest.raises(requests.exceptions.ProxyError, match="407"):
            requests.get(server.url, proxies={"https": proxy.url}, verify=ca_file, timeout=5)
        known = {"https": proxy.url.replace("//", "//me:secret@")}
        assert requests.get(server.url, proxies=known, verify=ca_file, timeout=5).text == "hello"
        with relays.Proxy(status=403) as strict, pytest.raises(requests.exceptions.ProxyError, match="403"):
            requests.get(server.url, proxies={"https": strict.url}, verify=ca_file, timeout=5)
        with pytest.raises(requests.exceptions.ProxyError, match="502"):
            requests.get("https://far.example", proxies=known, verify=ca_file, timeout=5)


@pytest.mark.parametrize("stall", ["connect", "tunnel"])
def test_stalled_proxy(leaf: pki.Identity, stall: str) -> None:
    """A proxy that stalls, before or after its answer, makes the client time out."""
    failures = (requests.exceptions.ReadTimeout, requests.exceptions.ProxyError)
    with TlsServer(leaf) as server, relays.Proxy(stall=stall) as proxy, pytest.raises(failures):
        requests.get(server.url, proxies={"https": proxy.url}, timeout=0.3)
    assert server.connections == 0


@pytest.mark.parametrize(("send_root", "code"), [(True, 19), (False, 20)])
def test_intercepting_proxy(tmp_path: Path, ca_file: str, root: pki.Authority, *, send_root: bool, code: int) -> None:
    """The proxy answers in the origin's place with a certificate of its own authority."""
    own = pki.Authority.root("Zscaler Root CA")
    service = soap_service.SoapService("https://soap.partner.example/service")
    with relays.InterceptingProxy(own.intermediate("Zscaler CA"), service, send_root=send_root) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as connection:
            connection.sendall(b"CONNECT soap.partner.example:443 HTTP/1.1\r\n\r\n")
            assert b" 200 " in connection.recv(100)
            with pytest.raises(ssl.SSLCertVerificationError) as caught:
                trusting(root).wrap_socket(connection, server_hostname="soap.partner.example")
        assert caught.value.verify_code == code
        bundle = pki.bundle(tmp_path / "own.pem", own)
        with session(bundle) as made:
            made.proxies = {"https": proxy.url}
            client = zeep.Client("https://soap.partner.example/?wsdl", transport=zeep.Transport(session=made))
            assert client.service.Ping() == "pong"
