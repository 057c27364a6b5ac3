"""The ClientHello that is written, read back by an independent implementation and by a real server."""

from __future__ import annotations

import importlib
import ssl
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tls import server_context

from sslwhy.evidence.wire.client_hello import (
    CLASSIC_GROUPS,
    CLASSIC_SIGNATURES,
    ENTROPY,
    TLS13_GROUPS,
    TLS13_SIGNATURES,
    HelloSpec,
    encode_client_hello,
)
from sslwhy.evidence.wire.flight import Flight
from sslwhy.facts.peer import ServerFlight


if TYPE_CHECKING:
    from sslwhy.demo.pki import Identity


TLS13 = HelloSpec(suites=(0x1301, 0x1302), minimum_version=0x0304, server_name="a.example", key_shares=(29, 23))
TLS12 = HelloSpec(suites=(0xC02F, 0x009C), version=0x0303, server_name="a.example", alpn=("h2", "http/1.1"))
SSL3 = HelloSpec(suites=(0x000A,), version=0x0300)


def read_back(spec: HelloSpec) -> Any:
    """The hello as tlslite-ng understands it."""
    data = encode_client_hello(spec, bytes(range(ENTROPY)))
    message = b""
    while data:
        assert data[0] == 22
        length = int.from_bytes(data[3:5], "big")
        message, data = message + data[5 : 5 + length], data[5 + length :]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        codec: Any = importlib.import_module("tlslite.utils.codec")
        messages: Any = importlib.import_module("tlslite.messages")
    parser = codec.Parser(bytearray(message))
    assert parser.get(1) == 1
    return messages.ClientHello().parse(parser)


def test_tls12_hello_says_what_the_spec_says() -> None:
    """Suites, SNI, ALPN, groups and signature schemes arrive in order; TLS 1.3's extensions stay away."""
    hello = read_back(TLS12)
    assert hello.client_version == (3, 3)
    assert tuple(hello.cipher_suites) == TLS12.suites
    assert bytes(hello.server_name) == b"a.example"
    assert [bytes(name) for name in hello.getExtension(16).protocol_names] == [b"h2", b"http/1.1"]
    assert tuple(hello.getExtension(10).groups) == TLS12.groups
    assert [a * 256 + b for a, b in hello.getExtension(13).sigalgs] == list(TLS12.signature_schemes)
    assert hello.getExtension(43) is None
    assert len(hello.session_id) == 0


def test_tls13_hello_says_what_the_spec_says() -> None:
    """Versions and key shares are there; what only TLS 1.2 knows stays away when TLS 1.2 is not offered."""
    hello = read_back(TLS13)
    assert hello.getExtension(43).versions == [(3, 4)]
    assert [share.group for share in hello.getExtension(51).client_shares] == [29, 23]
    assert hello.getExtension(23) is None
    assert hello.getExtension(0xFF01) is None
    assert len(hello.session_id) == 32


def test_ssl3_hello_has_no_extensions_but_the_renegotiation_signal() -> None:
    """SSLv3 servers may not know extensions: RFC 5746's signal travels as a suite number."""
    hello = read_back(SSL3)
    assert hello.client_version == (3, 0)
    assert list(hello.cipher_suites) == [0x000A, 0x00FF]
    assert not hello.extensions


@pytest.mark.parametrize("extension", [0, 10, 11, 13, 23, 0xFF01])
def test_extensions_can_be_left_out(extension: int) -> None:
    """A spec without names, groups, schemes and signals makes a hello without these extensions."""
    bare = replace(
        TLS12,
        server_name=None,
        groups=(),
        signature_schemes=(),
        renegotiation_info=False,
        extended_master_secret=False,
    )
    assert read_back(bare).getExtension(extension) is None
    assert read_back(TLS12).getExtension(extension) is not None


@pytest.mark.parametrize("size", [512, 1500, 1900, 20000])
def test_padding_reaches_the_size_asked_for(size: int) -> None:
    """`pad_to` is exact as soon as there is something to pad, also beyond one record."""
    message = len(encode_client_hello(replace(TLS13, pad_to=size), bytes(ENTROPY)))
    records = 1 + (size > 1 << 14)
    assert message == size + 5 * records


@pytest.mark.parametrize("name", ["ä.example", "xn--4ca.example"])
def test_international_names_travel_as_a_labels(name: str) -> None:
    """RFC 6066 section 3: SNI carries the A-label."""
    assert bytes(read_back(replace(TLS12, server_name=name)).server_name) == b"xn--4ca.example"


@pytest.mark.parametrize(
    "spec",
    [
        replace(TLS12, server_name="ä" * 300),
        replace(TLS12, alpn=("x" * 256,)),
        replace(TLS12, suites=(1,) * 40000),
        replace(TLS12, suites=(0x10000,)),
    ],
    ids=["name", "alpn", "suites", "number"],
)
def test_what_does_not_fit_is_refused(spec: HelloSpec) -> None:
    """A hello that cannot be written is a ValueError, never a wrong hello."""
    with pytest.raises(ValueError, match=r".+"):
        encode_client_hello(spec, bytes(ENTROPY))


@pytest.mark.parametrize(
    "spec",
    [
        replace(TLS12, groups=CLASSIC_GROUPS, signature_schemes=CLASSIC_SIGNATURES),
        replace(TLS13, groups=TLS13_GROUPS, signature_schemes=TLS13_SIGNATURES),
        replace(TLS13, key_shares=(24,)),
        replace(TLS13, key_shares=(30,)),
        replace(TLS13, key_shares=()),
    ],
    ids=["classic", "modern", "P-384", "x448", "retry"],
)
def test_openssl_takes_every_group_scheme_and_key_share(rsa_leaf: Identity, spec: HelloSpec) -> None:
    """OpenSSL answers hellos with all that we know, and accepts the fixed key shares."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context(rsa_leaf).wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(encode_client_hello(spec, bytes(ENTROPY)))
    with pytest.raises(ssl.SSLWantReadError):
        server.do_handshake()
    answer = Flight().feed(outgoing.read())
    assert isinstance(answer, ServerFlight)
    assert answer.complete
    assert answer.retry == (spec.version == 0x0304 and not spec.key_shares)


@given(
    st.builds(
        HelloSpec,
        suites=st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=400).map(tuple),
        version=st.sampled_from([0x0301, 0x0302, 0x0303, 0x0304]),
        server_name=st.none() | st.from_regex(r"[a-z]{1,20}(\.[a-z]{1,20}){0,3}", fullmatch=True),
        alpn=st.lists(st.from_regex(r"[a-z0-9/.]{1,10}", fullmatch=True), max_size=3).map(tuple),
        groups=st.lists(st.integers(1, 0xFFFF), max_size=40, unique=True).map(tuple),
        key_shares=st.lists(st.sampled_from([29, 23, 24, 30, 0x11EC]), max_size=5, unique=True).map(tuple),
        pad_to=st.integers(0, 5000),
    )
)
def test_any_hello_reads_back(spec: HelloSpec) -> None:
    """Whatever is asked for, an independent parser finds the suites, the name and the sizes in order."""
    hello = read_back(spec)
    assert tuple(hello.cipher_suites) == spec.suites
    assert bytes(hello.server_name).decode() == (spec.server_name or "")
    assert len(encode_client_hello(spec, bytes(ENTROPY))) >= spec.pad_to
