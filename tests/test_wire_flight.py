"""Reading a server's flight: well-formed ones of every version, hostile ones, and any bytes at all."""

from __future__ import annotations

import contextlib

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from sslwhy.evidence.wire import messages
from sslwhy.evidence.wire.flight import Flight, protocol_of
from sslwhy.evidence.wire.names import rfc4514
from sslwhy.evidence.wire.reader import ParseError, vector
from sslwhy.facts.peer import AlertReceived, HelloAnswer, NotTls, PeerClosed, ServerFlight
from sslwhy.facts.tls.suites import suites


RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")


def record(body: bytes, kind: int = 22, version: int = 0x0303) -> bytes:
    return bytes([kind]) + version.to_bytes(2, "big") + vector(2, body)


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + vector(3, body)


def extension(kind: int, body: bytes) -> bytes:
    return kind.to_bytes(2, "big") + vector(2, body)


def server_hello(suite: int, *extensions: bytes, version: int = 0x0303, random: bytes = bytes(32)) -> bytes:
    tail = vector(2, b"".join(extensions)) if extensions else b""
    body = version.to_bytes(2, "big") + random + b"\0" + suite.to_bytes(2, "big") + b"\0" + tail
    return message(2, body)


def answer(*pieces: bytes, hello_only: bool = False) -> HelloAnswer:
    """The answer to these records, followed by the end of the connection."""
    flight = Flight(hello_only=hello_only)
    for piece in pieces:
        if flight.feed(piece):
            break
    return flight.end("eof")


DHE = server_hello(0x0033, extension(0xFF01, b"\0"), extension(23, b""), extension(16, vector(2, vector(1, b"h2"))))
CHAIN = message(11, vector(3, vector(3, b"leaf") + vector(3, b"issuer")))
DH_1024 = message(
    12, vector(2, b"\0" + b"\xff" * 128) + vector(2, b"\2") + vector(2, b"\7") + b"\4\1" + vector(2, b"s")
)
NAME = x509.Name.from_rfc4514_string("CN=Test,O=Ex\\, Inc").public_bytes()
REQUEST = message(13, vector(1, b"\1\x40") + vector(2, b"\4\1\4\3") + vector(2, vector(2, NAME) + vector(2, b"junk")))
DONE = message(14, b"")


def test_whole_tls12_flight() -> None:
    """Version, suite, chain, prime, signature, CA names and extensions are read from plain text."""
    got = answer(record(DHE + CHAIN + DH_1024 + REQUEST + DONE))
    assert isinstance(got, ServerFlight)
    assert (got.version, got.suite, got.alpn, got.complete) == (0x0303, 0x0033, "h2", True)
    assert (got.secure_renegotiation, got.extended_master_secret) == (True, True)
    assert got.chain == (b"leaf", b"issuer")
    assert (got.dh_bits, got.group, got.signature_scheme) == (1024, None, 0x0401)
    assert got.certificate_request
    assert got.certificate_request.types == (1, 64)
    assert got.certificate_request.signature_schemes == (0x0401, 0x0403)
    assert got.certificate_request.authority_names == ("CN=Test,O=Ex\\, Inc", "#" + b"junk".hex())


def test_flight_in_single_bytes_and_split_messages() -> None:
    """Neither the network's pieces nor the records' borders matter to the messages."""
    whole = DHE + CHAIN + DH_1024 + DONE
    stream = b"".join(record(whole[at : at + 7]) for at in range(0, len(whole), 7))
    assert answer(*(bytes([byte]) for byte in stream)) == answer(record(whole))


@pytest.mark.parametrize(
    ("version", "body", "scheme"),
    [(0x0303, b"\3\0\x17\1x\4\3\0\1s", 0x0403), (0x0301, b"\3\0\x17\1x\0\1s", None), (0x0303, b"\1\0", None)],
)
def test_named_curve(version: int, body: bytes, scheme: int | None) -> None:
    """The curve is read; only TLS 1.2 names the signature; explicit curves are passed over."""
    hello = server_hello(0xC02F, version=version)
    got = answer(record(hello + message(12, body) + DONE, version=version))
    assert isinstance(got, ServerFlight)
    assert got.signature_scheme == scheme
    assert got.group == (0x17 if body[0] == 3 else None)


def test_tls13_needs_the_server_hello_only() -> None:
    """What follows in TLS 1.3 is encrypted: the answer is there before it."""
    hello = server_hello(0x1301, extension(43, b"\3\4"), extension(51, b"\0\x1d" + vector(2, bytes(32))))
    got = answer(record(hello))
    assert isinstance(got, ServerFlight)
    assert (got.version, got.group, got.retry, got.complete) == (0x0304, 0x1D, False, True)


def test_hello_retry_request() -> None:
    """RFC 8446 section 4.1.4: a ServerHello with a special random names suite and group."""
    hello = server_hello(0x1302, extension(43, b"\3\4"), extension(51, b"\0\x18"), random=RETRY)
    got = answer(record(hello))
    assert isinstance(got, ServerFlight)
    assert (got.suite, got.group, got.retry) == (0x1302, 0x18, True)


def test_hello_only_stops_early() -> None:
    """Where the ServerHello is enough, nothing more is awaited."""
    got = answer(record(DHE), hello_only=True)
    assert isinstance(got, ServerFlight)
    assert got.complete


def test_alerts() -> None:
    """A fatal alert is the answer; a warning is remembered beside a ServerHello, or the answer if alone."""
    assert answer(record(b"\2\x28", 21)) == AlertReceived(40, 2, 0x0303)
    assert answer(record(b"\1\x70", 21)) == AlertReceived(112, 1)
    got = answer(record(b"\1\x70", 21), record(DHE + DONE))
    assert isinstance(got, ServerFlight)
    assert got.warnings == (112,)


@pytest.mark.parametrize(
    ("rest", "problem"),
    [
        (b"", "eof"),
        (record(b"\2\x50", 21), "alert 80"),
        (record(message(11, b"\0\0\5abc")), "5 bytes announced"),
        (b"HTTP/1.1 400", "leaves TLS"),
        (record(b"x", 23), "record of type 23"),
    ],
)
def test_what_was_read_survives_what_went_wrong_later(rest: bytes, problem: str) -> None:
    """A ServerHello is kept even if the flight breaks after it; the answer says how it broke."""
    got = answer(record(DHE), rest)
    assert isinstance(got, ServerFlight)
    assert not got.complete
    assert problem in (got.problem or "")


@pytest.mark.parametrize(
    "data",
    [
        record(b"\2", 21),
        b"\x16\x03\x03\xff\xff",
        record(message(11, b"")),
        record(b"\2\xff\xff\xff"),
        record(message(2, b"\3\3short")),
        record(server_hello(1, extension(0, b""), extension(0, b""))),
        record(server_hello(1, version=0x0203)),
        record(b"\1\x5a", 21) * 100,
    ],
    ids=["alert", "record", "order", "length", "short", "twice", "version", "warnings"],
)
def test_broken_tls_is_not_tls(data: bytes) -> None:
    """Bytes that begin like TLS and break its rules are an answer with a problem, never an exception."""
    got = answer(data)
    assert isinstance(got, NotTls)
    assert got.problem


def test_bounds() -> None:
    """Certificates, CA names and bytes in all are bounded."""
    with pytest.raises(ParseError, match="more than 100 certificates"):
        messages.certificate(vector(3, vector(3, b"x") * 101))
    with pytest.raises(ParseError, match="more than 5000"):
        messages.certificate_request(b"\0" + vector(2, vector(2, b"x") * 5001), 0x0302)
    flight = Flight()
    empty = record(b"") * 10000
    for _ in range(100):
        if flight.feed(empty):
            break
    assert isinstance(flight.answer, NotTls)


@pytest.mark.parametrize(
    ("data", "protocol"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "http"),
        (b"<html>\n", "http"),
        (b"SSH-2.0-OpenSSH\r\n", "ssh"),
        (b"220 mail ESMTP\r\n", "smtp"),
        (b"220 (vsFTPd 3.0.3)\r\n", "ftp"),
        (b"* OK IMAP\r\n", "imap"),
        (b"+OK POP3\r\n", "pop3"),
        (b"\x80\x2e\x04\0\2", "sslv2"),
        (b"whatever\n", None),
    ],
)
def test_other_protocols_are_recognised(data: bytes, protocol: str | None) -> None:
    """The first bytes tell what a peer speaks instead of TLS."""
    assert protocol_of(data) == protocol
    assert answer(data) == NotTls(data, protocol)


def test_silence() -> None:
    """No bytes, or the beginning of a record, are a closed connection."""
    assert answer() == PeerClosed("eof", 0)
    assert answer(b"\x16\x03\x01") == PeerClosed("eof", 3)


@given(st.lists(st.binary(max_size=200), max_size=10), st.booleans())
def test_any_bytes_have_an_answer(pieces: list[bytes], hello_only: bool) -> None:
    """Flight is total: any bytes in any pieces lead to an answer."""
    assert answer(*pieces, hello_only=hello_only) is not None


@given(st.lists(st.tuples(st.sampled_from([2, 11, 12, 13, 14, 99]), st.binary(max_size=100)), max_size=8))
def test_any_messages_have_an_answer(found: list[tuple[int, bytes]]) -> None:
    """The same with record and message headers in order, so that the message parsers are reached."""
    data = record(server_hello(0xC02F)) + b"".join(record(message(kind, body)) for kind, body in found)
    assert isinstance(answer(data), ServerFlight)


@given(st.binary(max_size=300), st.sampled_from(sorted(suites())), st.sampled_from([0x0300, 0x0301, 0x0303]))
def test_parsers_raise_parse_errors_only(data: bytes, suite: int, version: int) -> None:
    """Each parser reads any bytes or refuses them with ParseError."""
    parsers = (
        lambda: messages.server_hello(data),
        lambda: messages.certificate(data),
        lambda: messages.certificate_request(data, version),
        lambda: messages.server_key_exchange(data, suites()[suite], version),
        lambda: rfc4514(data),
    )
    for parse in parsers:
        with contextlib.suppress(ParseError):
            parse()
