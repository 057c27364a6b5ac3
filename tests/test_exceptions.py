"""Enriched exceptions: still of the class that callers catch, one line, picklable, with the original inside."""

from __future__ import annotations

import copy
import logging
import pickle
import socket
import ssl
import sys
from typing import Any

import httpx
import pytest
import requests
import urllib3
import zeep.exceptions

from sslwhy import DiagnosedError, Report
from sslwhy.exceptions import enriched
from sslwhy.facts.observed import Observed, Operation, Target
from sslwhy.report.values import Finding, Remedy


REPORT = Report(
    target=Target("https://api.example/x", "api.example", 443),
    operation=Operation("operation", "Ping"),
    observed=Observed(type="x", message="m", stage="handshake", verify_code=10, verify_message="expired"),
    findings=(
        Finding(
            "certificate-expired",
            "server certificate expired 3 days ago",
            depth=0,
            expected="now before notAfter",
            actual="notAfter in the past",
            remedies=(Remedy("server operator", "renew the certificate"),),
        ),
    ),
)


def _prepared() -> requests.PreparedRequest:
    return requests.Request("GET", "https://api.example/x?token=s3cret").prepare()


def _requests_error(kind: type[requests.RequestException]) -> requests.RequestException:
    pool = urllib3.HTTPSConnectionPool("api.example")
    reason = urllib3.exceptions.SSLError(ssl.SSLError(1, "[SSL] bad"))
    return kind(urllib3.exceptions.MaxRetryError(pool, "/x", reason), request=_prepared())


ORIGINALS = [
    _requests_error(requests.exceptions.SSLError),
    _requests_error(requests.exceptions.ConnectionError),
    _requests_error(requests.exceptions.ProxyError),
    _requests_error(requests.exceptions.ReadTimeout),
    _requests_error(requests.exceptions.ConnectTimeout),
    requests.exceptions.ChunkedEncodingError("broken"),
    OSError("Could not find a suitable TLS CA certificate bundle, invalid path: /nowhere"),
    FileNotFoundError(2, "No such file or directory", "/nowhere/ca.pem"),
    PermissionError(13, "Permission denied", "/key"),
    ConnectionResetError(104, "Connection reset by peer"),
    TimeoutError("timed out"),
    socket.gaierror(-2, "Name or service not known"),
    ValueError("check_hostname requires server_hostname"),
    RecursionError("maximum recursion depth exceeded"),
    ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)"),
    ssl.SSLCertVerificationError(1, "certificate verify failed"),
    ssl.SSLEOFError(8, "EOF occurred in violation of protocol"),
    urllib3.exceptions.SSLError("bad"),
    urllib3.exceptions.MaxRetryError(urllib3.HTTPSConnectionPool("api.example"), "/x", Exception("why")),
    httpx.ConnectError("[SSL] bad", request=httpx.Request("GET", "https://api.example/")),
    httpx.ReadError("alert"),
    httpx.ConnectTimeout("slow"),
    httpx.ProxyError("refused"),
    zeep.exceptions.Fault("no trust", code="Server", actor="me", detail=None, subcodes=["a"]),
    zeep.exceptions.TransportError("bad gateway", status_code=502, content=b"<html/>"),
]


@pytest.mark.parametrize("original", ORIGINALS, ids=lambda error: f"{type(error).__module__}.{type(error).__name__}")
class TestEveryClass:
    """What holds for each class of exception that TLS trouble comes as."""

    def test_is_the_class_that_callers_catch(self, original: BaseException) -> None:
        """``isinstance``, ``args`` and every attribute are those of the original."""
        twin = enriched(original, REPORT)
        assert isinstance(twin, type(original))
        assert isinstance(twin, DiagnosedError)
        assert type(twin).__name__ == type(original).__name__
        assert type(twin).__module__ == type(original).__module__
        assert twin.args == original.args
        for name, value in vars(original).items():
            assert vars(twin)[name] is value
        if isinstance(original, OSError):
            assert isinstance(twin, OSError)
            assert (twin.errno, twin.strerror) == (original.errno, original.strerror)
            assert (twin.filename, twin.filename2) == (original.filename, original.filename2)

    def test_is_one_line_with_the_original_message_and_the_code(self, original: BaseException) -> None:
        """``str`` never has a newline, starts with what failed, holds the original text and ends with the code."""
        text = str(enriched(original, REPORT))
        assert "\n" not in text
        assert text.startswith("TLS to api.example:443 failed: server certificate expired 3 days ago")
        assert text.endswith(" [certificate-expired]")
        assert str(original) in text

    def test_survives_pickle_and_copy(self, original: BaseException) -> None:
        """At every protocol the copy is an equal exception with an equal report."""
        twin = enriched(original, REPORT)
        copies = [(copy.copy(twin), type(original))]
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            # Below protocol 3 pickle itself turns OSError's subclasses into OSError.
            kind = type(pickle.loads(pickle.dumps(original, protocol)))
            copies.append((pickle.loads(pickle.dumps(twin, protocol)), kind))
        for each, kind in copies:
            assert isinstance(each, kind)
            assert isinstance(each, DiagnosedError)
            assert each.report == REPORT
            assert each.report.code == "certificate-expired"
            if not isinstance(original, urllib3.exceptions.HTTPError | requests.RequestException):
                assert str(each) == str(twin)

    def test_carries_the_block(self, original: BaseException) -> None:
        """The block is a note where Python has notes, and the report's text everywhere."""
        twin = enriched(original, REPORT)
        assert isinstance(twin, DiagnosedError)
        assert str(twin.report).startswith("error[certificate-expired]: server certificate expired")
        if sys.version_info >= (3, 11):
            assert twin.__notes__ == [str(REPORT)]
            assert not hasattr(original, "__notes__")


class PackedError(Exception):
    """Made from keywords, with a recipe of its own for copies, as botocore's are."""

    def __init__(self, **words: str) -> None:
        super().__init__(f"cannot reach {words['where']}")
        self.words = words

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpacked, (type(self), self.words)


def _unpacked(kind: type[PackedError], words: dict[str, str]) -> PackedError:
    return kind(**words)


class SlottedError(Exception):
    """Keeps something in a slot."""

    __slots__ = ("status",)

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


class HoldingError(Exception):
    """Holds what can be neither pickled nor copied, as aiohttp's and tenacity's do; its text is made from it."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(context, "refused")
        self.context = context

    def __str__(self) -> str:
        return f"refused with {self.context.minimum_version.name}"


@pytest.mark.parametrize(
    "original",
    [PackedError(where="there"), SlottedError(7), HoldingError(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))],
    ids=lambda error: type(error).__name__,
)
def test_odd_classes_survive_pickle_and_copy(original: Any) -> None:
    """Recipes, slots and things that cannot be pickled: a copy is of the same class and its text is whole."""
    twin = enriched(original, REPORT)
    assert str(original) in str(twin)
    for each in (copy.copy(twin), copy.deepcopy(twin), pickle.loads(pickle.dumps(twin))):
        assert isinstance(each, type(original))
        assert isinstance(each, DiagnosedError)
        assert each.report == REPORT
        assert str(each).endswith(" [certificate-expired]")
        assert getattr(each, "status", None) == getattr(original, "status", None)
        assert getattr(each, "words", None) == getattr(original, "words", None)
        assert each.args[-1] == original.args[-1]


def test_enriching_keeps_earlier_notes() -> None:
    """A note that the caller's code added stays in front, and the original is not touched."""
    if sys.version_info < (3, 11):
        pytest.skip("exceptions have no notes before Python 3.11")
    original = ValueError("x")
    original.add_note("while importing orders")
    twin = enriched(original, REPORT)
    assert twin.__notes__ == ["while importing orders", str(REPORT)]
    assert original.__notes__ == ["while importing orders"]


def test_secrets_stay_out_of_the_line() -> None:
    """User info and query of a URL in the original message are cut out; the WSDL's own query stays."""
    original = OSError("GET https://bob:hunter2@api.example/x?token=s3cret failed; see https://api.example/x?wsdl")
    text = str(enriched(original, REPORT))
    assert "hunter2" not in text
    assert "s3cret" not in text
    assert "https://api.example/x?wsdl" in text


def test_log_fields_go_into_a_record(caplog: pytest.LogCaptureFixture) -> None:
    """``extra=exc.report.log_fields()`` gives flat ``tls.*`` keys that logging accepts."""
    twin = enriched(ValueError("x"), REPORT)
    assert isinstance(twin, DiagnosedError)
    with caplog.at_level(logging.ERROR):
        logging.getLogger("app").error("%s", twin, extra=twin.report.log_fields())
    record = vars(caplog.records[-1])
    assert record["tls.code"] == "certificate-expired"
    assert record["tls.actor"] == "server operator"
    assert all(value is None or isinstance(value, str | int) for key, value in record.items() if key.startswith("tls."))


def test_a_class_that_cannot_be_rebuilt_raises_type_error() -> None:
    """The guard then keeps the original: enriching never half-works."""

    class Final(Exception):  # noqa: N818 - the name is the point
        def __init_subclass__(cls) -> None:
            raise TypeError("no subclasses")

    with pytest.raises(TypeError, match="no subclasses"):
        enriched(Final("x"), REPORT)


def test_remedies_and_report_are_at_hand() -> None:
    """``remedies`` are the primary finding's."""
    twin = enriched(ValueError("x"), REPORT)
    assert isinstance(twin, DiagnosedError)
    assert [remedy.text for remedy in twin.remedies] == ["renew the certificate"]
