"""Reports on request: check(), explain() and diagnose_chain(), and the limits that a policy sets."""

from __future__ import annotations

import pickle
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import requests
from support import pki, raw, tls

import sslwhy
from sslwhy import Policy
from sslwhy.demo.loopback import Response
from sslwhy.demo.soap_service import SoapService


class TestCheck:
    """``check()`` reaches an endpoint the way requests would."""

    def test_healthy(self, leaf: Any, ca_file: str) -> None:
        """A healthy endpoint has no finding; the report shows chain, trust and every check; one request is sent."""
        with tls.TlsServer(leaf) as server:
            report = sslwhy.check(server.url, verify=ca_file)
            assert [request.method for request in server.requests] == ["HEAD"]
        assert report.primary is None
        assert report.code is None
        assert report.connections == 0
        assert [link.role for link in report.chain] == ["end-entity", "intermediate", "trust anchor"]
        assert {check.result for check in report.checks} <= {"ok", "skipped"}
        assert report.trust is not None
        assert (report.trust.source, report.trust.anchors) == ("verify", 1)

    def test_a_server_that_closes_after_its_answer(self, leaf: Any, ca_file: str) -> None:
        """The chain is taken while the connection stands, whatever the server does with it afterwards."""
        headers = {"Connection": "close"}
        with tls.TlsServer(leaf, lambda _: Response(200, b"", headers=headers)) as server:
            report = sslwhy.check(server.url, verify=ca_file)
        assert report.primary is None
        assert len(report.chain) == 3

    def test_nothing_is_sent_to_a_server_that_was_not_verified(self, leaf: Any) -> None:
        """Neither a failing check nor one that was told not to verify sends an application byte."""
        with tls.TlsServer(leaf) as server:
            failed = sslwhy.check(server.url)
            for nothing in (bool(0), 0, ""):  # each of them switches requests' verification off
                unverified = sslwhy.check(server.url, verify=nothing)  # type: ignore[arg-type]
                assert unverified.primary is None
                assert "unchecked validity, path" in str(unverified)
            assert server.application_bytes == 0
        assert failed.code == "unknown-issuer"

    def test_credentials_stay_home(self, leaf: Any, ca_file: str, tmp_path: Any, monkeypatch: Any) -> None:
        """Neither user info of the URL nor a .netrc entry leaves this machine, or enters the report."""
        netrc = tmp_path / "netrc"
        netrc.write_text("machine localhost login bob password hunter2\n", encoding="ascii")
        monkeypatch.setenv("NETRC", str(netrc))
        with tls.TlsServer(leaf) as server:
            report = sslwhy.check(f"https://eve:s3cret@localhost:{server.port}/x?key=1", verify=ca_file)
            assert "Authorization" not in server.requests[0].headers
        text = str(report) + str(report.to_dict())
        assert "s3cret" not in text
        assert "key=1" not in text

    def test_remedies_are_tried(self, tmp_path: Any) -> None:
        """A remedy that a real handshake confirmed says so; the connections are counted."""
        identity = pki.self_signed("localhost", dns=["localhost"])
        with tls.TlsServer(identity) as server:
            report = sslwhy.check(server.url)
            assert server.application_bytes == 0
            assert server.connections == 1 + report.connections
        assert report.primary is not None
        assert "verified" in {remedy.proof for remedy in report.primary.remedies}
        assert report.connections > 0

    @pytest.mark.parametrize(
        "url", ["http://localhost/", "localhost:0", "https://", "https://[::1", 17 * "x" + ":port"]
    )
    def test_what_is_no_address(self, url: str) -> None:
        """An address without TLS is a ValueError that names it."""
        with pytest.raises(ValueError, match="address"):
            sslwhy.check(url)

    @pytest.mark.parametrize("url", [None, b"https://localhost/", 443])
    def test_what_is_no_text(self, url: Any) -> None:
        """What is no text at all is a TypeError."""
        with pytest.raises(TypeError, match="str"):
            sslwhy.check(url)


class Unspeakable:
    """An object that has no text."""

    def __str__(self) -> str:
        raise RuntimeError


class UnspeakableError(Unspeakable, Exception):
    """An exception without one."""


class TestExplain:
    """``explain()`` reads what is in hand and never raises."""

    def test_plain_exception(self, leaf: Any) -> None:
        """An exception of plain requests is explained from its traceback, without a connection."""
        with tls.TlsServer(leaf) as server:
            with pytest.raises(requests.exceptions.SSLError) as caught:
                requests.get(server.url, timeout=5)
            before = server.connections
            report = sslwhy.explain(caught.value)
            assert server.connections == before
            deeper = sslwhy.explain(caught.value, connect=True)
        assert report.observed.verify_code == 20
        assert report.connections == 0
        assert deeper.code == "unknown-issuer"
        assert deeper.connections > 0
        assert deeper.chain

    @pytest.mark.parametrize(
        ("odd", "codes"),
        [
            ({"not_after": -pki.DAY}, ["certificate-expired", "intermediate-expired", "root-expired"]),
            ({"dns": ["other.example"]}, ["hostname-mismatch", "missing-subject-alternative-name"]),
        ],
    )
    def test_the_verdict_alone(self, odd: dict[str, Any], codes: list[str], issuing: Any, ca_file: str) -> None:
        """Without the certificates OpenSSL's number says what may be wrong, and nothing false about the server."""
        with tls.TlsServer(issuing.issue("localhost", **{"dns": ["localhost"], **odd})) as server:
            with pytest.raises(requests.exceptions.SSLError) as caught:
                requests.get(server.url, timeout=5, verify=ca_file)
            report = sslwhy.explain(caught.value)
        assert report.primary
        assert report.primary.confidence == "possible"
        said = [report.code, *(each.rpartition("(")[2].rstrip(")") for each in report.primary.alternatives)]
        assert said[: len(codes)] == codes
        assert [check.reason for check in report.checks if check.name == "path"] == [
            "the failing handshake left no record of the presented certificates"
        ]

    def test_enriched_exception(self, leaf: Any) -> None:
        """An enriched exception gives the very report that it carries, also after a process boundary."""
        with (
            tls.TlsServer(leaf) as server,
            sslwhy.Session() as session,
            pytest.raises(requests.exceptions.SSLError) as caught,
        ):
            session.get(server.url, timeout=5)
        assert sslwhy.explain(caught.value) is caught.value.report  # type: ignore[attr-defined]
        thawed = pickle.loads(pickle.dumps(caught.value))
        assert sslwhy.explain(thawed) == caught.value.report  # type: ignore[attr-defined]

    @pytest.mark.parametrize(
        "subject", [ValueError("x"), KeyboardInterrupt(), None, 17, "text", object(), Unspeakable(), UnspeakableError()]
    )
    def test_anything(self, subject: Any) -> None:
        """Whatever is handed in, the answer is a report."""
        report = sslwhy.explain(subject)
        assert report.code == "unclassified"
        assert report.line()


class TestDiagnoseChain:
    """``diagnose_chain()`` is pure and offline."""

    def test_good_chain(self, root: Any, leaf: Any) -> None:
        """A chain that OpenSSL accepts has no finding, by name, by address and without a name."""
        for hostname in ("localhost", "127.0.0.1", None):
            report = sslwhy.diagnose_chain(leaf.chain(), trust_anchors=[root.der], hostname=hostname)
            assert report.findings == ()
            assert report.trust is not None
            assert report.trust.anchors == 1

    @pytest.mark.parametrize("hostname", ["exa\nmple", "\x1b[31mred", "\u202eevil"])
    def test_an_odd_name_stays_on_its_line(self, hostname: str, root: Any, leaf: Any) -> None:
        """Control characters of a host name are escaped in every text of the finding."""
        primary = sslwhy.diagnose_chain(leaf.chain(), trust_anchors=[root.der], hostname=hostname).primary
        assert primary
        assert primary.code == "hostname-mismatch"
        assert (primary.headline + primary.expected + primary.actual).isprintable()

    def test_an_address_in_brackets(self, root: Any) -> None:
        """An IPv6 address is the same with the brackets that it has in a URL."""
        leaf = root.issue("x", ips=["::1"])
        for hostname in ("::1", "[::1]"):
            assert not sslwhy.diagnose_chain([leaf.der], trust_anchors=[root.der], hostname=hostname).findings

    def test_no_name_is_not_an_empty_name(self, root: Any, leaf: Any) -> None:
        """Names stay unchecked only where that was asked for, and the report says that they were."""
        with pytest.raises(ValueError, match="hostname"):
            sslwhy.diagnose_chain(leaf.chain(), trust_anchors=[root.der], hostname="")
        report = sslwhy.diagnose_chain(leaf.chain(), trust_anchors=[root.der])
        assert "unchecked identity" in str(report)

    def test_moment(self, root: Any, leaf: Any) -> None:
        """``now`` decides about validity; a naive moment is UTC."""
        later = datetime.now(timezone.utc) + timedelta(days=120)
        for now in (later, later.replace(tzinfo=None)):
            report = sslwhy.diagnose_chain(leaf.chain(), trust_anchors=[root.der], hostname="localhost", now=now)
            assert report.code == "certificate-expired"
            assert report.observed.verify_code == 10

    def test_strict(self, root: Any) -> None:
        """``strict`` applies the profile that Python 3.13 sets by default."""
        leaf = root.issue("x", dns=["localhost"], omit=["aki"])
        lax = sslwhy.diagnose_chain([leaf.der], trust_anchors=[root.der], hostname="localhost")
        strict = sslwhy.diagnose_chain([leaf.der], trust_anchors=[root.der], hostname="localhost", strict=True)
        assert lax.findings == ()
        assert strict.code == "strict-profile-violation"

    @pytest.mark.parametrize("chain", [[], [b""], [b"junk"], [b"\x30\x82" * 9]])
    def test_junk(self, chain: list[bytes], root: Any) -> None:
        """Bytes that are no certificate are a finding, not an error."""
        assert sslwhy.diagnose_chain(chain, trust_anchors=[root.der]).findings
        assert sslwhy.diagnose_chain(chain, trust_anchors=[]).findings

    def test_an_anchor_that_is_none(self, root: Any, leaf: Any) -> None:
        """An anchor that is no certificate is the caller's mistake: it must not make the server seem at fault."""
        for junk, words in ((b"", "truncated"), (root.der[:-1], "truncated"), (root.pem.encode(), "PEM_cert_to_DER")):
            report = sslwhy.diagnose_chain(leaf.chain(), trust_anchors=[junk], hostname="localhost")
            assert report.code == "ca-bundle-unreadable"
            assert "trust_anchors[0] is no certificate in DER" in report.findings[0].actual
            assert words in report.findings[0].actual
            assert not sslwhy.diagnose_chain(leaf.chain(), trust_anchors=[root.der, junk]).findings

    @pytest.mark.parametrize("end", ["0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"])
    @pytest.mark.parametrize("hours", [None, -23, 0, 23])
    def test_the_ends_of_the_calendar(self, root: Any, leaf: Any, end: str, hours: int | None) -> None:
        """No moment is too early or too late, in whatever time zone; the report can be told in every form."""
        now = datetime.fromisoformat(end)
        now = now if hours is None else now.replace(tzinfo=timezone(timedelta(hours=hours)))
        report = sslwhy.diagnose_chain(leaf.chain(), trust_anchors=[root.der], hostname="localhost", now=now)
        assert report.code == ("local-clock-wrong" if now.year == 1 else "certificate-expired")
        assert report.to_dict()
        assert str(report)

    def test_partial_chain(self, issuing: Any, leaf: Any) -> None:
        """``partial_chain`` lets a path end in an intermediate, as Python 3.13 does."""
        given: dict[str, Any] = {"trust_anchors": [issuing.der], "hostname": "localhost"}
        assert sslwhy.diagnose_chain(leaf.chain(), **given).code == "ca-bundle-incomplete"
        assert not sslwhy.diagnose_chain(leaf.chain(), **given, partial_chain=True).findings

    @pytest.mark.parametrize("chain", [b"der", "pem", ["pem"], [None]])
    def test_wrong_types(self, chain: Any, root: Any) -> None:
        """What is no sequence of bytes is a TypeError that says so."""
        with pytest.raises(TypeError, match="DER"):
            sslwhy.diagnose_chain(chain, trust_anchors=[root.der])


class TestPolicy:
    """How far a diagnosis goes is the caller's."""

    def test_a_late_diagnosis_is_dropped(self) -> None:
        """When the deadline passes, the original exception comes, unchanged and in time."""
        with raw.RawServer(raw.silent) as server, sslwhy.Session(diagnosis=Policy(deadline=0.2)) as session:
            began = time.monotonic()
            with pytest.raises(requests.exceptions.ReadTimeout) as caught:
                session.get(f"https://localhost:{server.port}/", timeout=0.2)
            assert time.monotonic() - began < 2
        assert not isinstance(caught.value, sslwhy.DiagnosedError) or caught.value.report

    def test_no_connections(self, leaf: Any, ca_file: str) -> None:
        """``connect=False`` opens none, and what was not asked is said to be open."""
        with (
            tls.TlsServer(leaf, application=SoapService(), versions=("1.0", "1.1"), ciphers="ALL") as server,
            sslwhy.Session(diagnosis=Policy(connect=False)) as session,
        ):
            session.verify = ca_file
            with pytest.raises(requests.exceptions.SSLError) as caught:
                session.get(server.url, timeout=5)
            assert server.connections == 1
        assert caught.value.report.connections == 0  # type: ignore[attr-defined]

    def test_off(self, leaf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """``SSLWHY=off`` gives the original exception."""
        monkeypatch.setenv("SSLWHY", "off")
        with (
            tls.TlsServer(leaf) as server,
            sslwhy.Session() as session,
            pytest.raises(requests.exceptions.SSLError) as caught,
        ):
            session.get(server.url, timeout=5)
        assert not isinstance(caught.value, sslwhy.DiagnosedError)

    def test_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The environment sets the default policy; what cannot be read leaves the default."""
        monkeypatch.delenv("SSLWHY_DEADLINE")
        assert Policy.from_environment() == Policy(3.0, connect=True, fetch_issuers=False)
        for name, value in (("DEADLINE", "1.5"), ("CONNECT", "0"), ("FETCH_ISSUERS", "yes")):
            monkeypatch.setenv(f"SSLWHY_{name}", value)
        assert Policy.from_environment() == Policy(1.5, connect=False, fetch_issuers=True)
        for junk in ("soon", "-1", "nan", "inf", ""):
            monkeypatch.setenv("SSLWHY_DEADLINE", junk)
            assert Policy.from_environment().deadline == 3.0
