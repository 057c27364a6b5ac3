"""A corpus of Faults and error pages, each with what it says about TLS, or that it says nothing."""

from __future__ import annotations

import ast
import statistics
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from zeep.exceptions import Fault
from zeep.wsdl.bindings.soap import Soap11Binding, Soap12Binding

import sslwhy.facts.answer
from sslwhy.causes.answers.classify import classify
from sslwhy.causes.answers.letter import letter, meaning
from sslwhy.causes.answers.phrases import TRUST_REASONS, phrases
from sslwhy.causes.answers.remedies import upstream_remedies
from sslwhy.diagnosis import report_on
from sslwhy.facts.answer import BODY_CAP, Answer, AnswerVerdict, detail_texts, fault_answer, might_be_tls, page_answer
from sslwhy.facts.evidence import Evidence
from sslwhy.facts.observed import Observed, Target


CORPUS = Path(__file__).parent / "data" / "answers"
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
WHEN = datetime(2026, 8, 1, 12, 0, 0, tzinfo=timezone.utc)
EXCEPTION = (
    "javax.net.ssl.SSLHandshakeException: PKIX path building failed: "
    "sun.security.provider.certpath.SunCertPathBuilderException: "
    "unable to find valid certification path to requested target"
)
STATEMENTS = sorted(
    {
        EXCEPTION,
        "The underlying connection was closed: Could not establish trust relationship for the SSL/TLS secure channel.",
        (
            "Server was unable to process request. ---> The request was aborted: "
            "Could not create SSL/TLS secure channel."
        ),
        "error:0A000086:SSL routines::certificate verify failed",
        "SSL certificate problem: unable to get local issuer certificate",
        "sun.security.validator.ValidatorException: PKIX path building failed",
    }
)


@dataclass(frozen=True)
class Entry:
    """One text of the corpus."""

    name: str
    fields: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""

    @property
    def expected(self) -> list[str]:
        """Return code, reason, platform, confidence and, where it is named, the host."""
        return self.fields.get("expect", "").split(", ") if "expect" in self.fields else []

    def answer(self) -> Answer:
        """Return the answer as the clients would read it: Faults through zeep's own parser."""
        if self.fields.get("kind") == "page":
            return page_answer(
                status=int(self.fields["status"]), url="https://a.example/", headers=self.headers, body=self.body
            )
        return fault_answer(self.fault(), status=500, url="https://service.example/soap", headers=self.headers)

    def fault(self) -> Fault:
        """Write the envelope of a Fault and let zeep read it."""
        code, detail, text = self.fields["code"], self.fields.get("detail", ""), escape(self.body)
        if self.fields.get("soap") == "1.2":
            sub = f"<e:Subcode><e:Value>{self.fields['subcode']}</e:Value></e:Subcode>"
            inner = f"<e:Code><e:Value>{code}</e:Value>{sub}</e:Code><e:Reason><e:Text>{text}</e:Text></e:Reason>"
            return zeep_fault(Soap12Binding, SOAP_12, f"{inner}<e:Detail>{detail}</e:Detail>")
        inner = f"<faultcode>{code}</faultcode><faultstring>{text}</faultstring><detail>{detail}</detail>"
        return zeep_fault(Soap11Binding, SOAP_11, inner)


def zeep_fault(binding: Any, namespace: str, inner: str) -> Fault:
    """Return what zeep raises for an envelope with a Fault."""
    names = "".join(f' xmlns:{prefix}="urn:{prefix}"' for prefix in ("a", "s"))
    text = f'<e:Envelope xmlns:e="{namespace}"{names}><e:Body><e:Fault>{inner}</e:Fault></e:Body></e:Envelope>'
    with pytest.raises(Fault) as caught:
        binding.process_error(SimpleNamespace(nsmap={"soap-env": namespace}), etree.fromstring(text), None)
    return caught.value


def entries(*names: str) -> list[Entry]:
    """Read files of the corpus: ``=== name``, header lines, ``---``, the text."""
    found = []
    for name in names:
        for chunk in (CORPUS / name).read_text("utf-8").split("\n=== ")[1:]:
            head, _, body = chunk.partition("\n---\n")
            title, *lines = head.splitlines()
            pairs = [line.partition(": ")[::2] for line in lines]
            headers = dict(value.partition(": ")[::2] for key, value in pairs if key == "header")
            found.append(Entry(title, dict(pair for pair in pairs if pair[0] != "header"), headers, body.strip("\n")))
    return found


TELLING = entries("dotnet.txt", "java.txt", "others.txt", "own_server.txt")
LEFT_ALONE = entries("left_alone.txt")
UPSTREAM = [entry for entry in TELLING if entry.expected[0].startswith("upstream-")]
by_name = pytest.mark.parametrize


@by_name("entry", TELLING, ids=lambda entry: entry.name)
def test_an_answer_that_speaks_of_tls_is_recognised(entry: Entry) -> None:
    """The verdict has the code, reason, platform, confidence and host that the corpus states."""
    verdict = classify(entry.answer())
    assert verdict is not None
    seen = [verdict.code, verdict.reason, verdict.platform, verdict.confidence]
    assert seen + [verdict.host] * bool(verdict.host) == entry.expected


@by_name("entry", LEFT_ALONE, ids=lambda entry: entry.name)
def test_an_answer_that_only_mentions_tls_is_left_alone(entry: Entry) -> None:
    """Business data, generic gateway errors, quoted texts and message security give no verdict."""
    assert classify(entry.answer()) is None


@by_name("entry", TELLING, ids=lambda entry: entry.name)
def test_the_prefilter_lets_every_telling_answer_pass(entry: Entry) -> None:
    """What would be recognised is never dropped on the cheap path."""
    answer = entry.answer()
    text = "\n".join((answer.fault_message, *(text for _, text in answer.detail), answer.body))
    assert might_be_tls(text, answer.status)


def test_the_prefilter_knows_every_phrase() -> None:
    """A phrase added to the tables without a hint in the prefilter would never be looked for."""
    assert [phrase.text for phrase in phrases() if not might_be_tls(phrase.text + phrase.also)] == []


def test_the_prefilter_turns_an_ordinary_fault_away() -> None:
    """Its answer is not simply always yes."""
    assert not might_be_tls("Unknown customer 4711", 500)


def test_the_corpus_is_large_enough_and_its_names_are_unique() -> None:
    """At least 250 telling and 160 harmless texts, no name twice."""
    names = [entry.name for entry in TELLING + LEFT_ALONE]
    assert len(TELLING) >= 250
    assert len(LEFT_ALONE) >= 160
    assert len(set(names)) == len(names)


@by_name("statement", STATEMENTS)
@by_name(
    "frame",
    [
        'Ticket subject "{}" already exists',
        "Ticket subject '{}' already exists",
        "Invalid value: {}",
        "No results for {}",
        "{} is not a valid title",
        "Comment: {}",
        "I wrote about {} yesterday",
        "cvc-type.3.1.3: The value '{}' of element 'subject' is not valid.",
        "Duplicate entry '{}' for key 'title'",
        "Der Betreff »{}« ist schon vergeben",
        "标题“{}”已存在",
    ],
)
def test_a_statement_within_business_words_is_left_alone(statement: str, frame: str) -> None:
    """Whatever is quoted or named in a sentence of the business is not the service's own error."""
    assert classify(_fault(frame.format(statement.rstrip(".")))) is None


@by_name("statement", STATEMENTS)
@by_name(
    "frame",
    [
        "{}",
        "java.lang.RuntimeException: {}",
        "Server was unable to process request. ---> {}",
        "com.acme.Fault: call failed; nested exception is: \n\t{}",
        "Something broke\n  at A.b(A.java:1)\nCaused by: {}",
        "Error: {}",
    ],
)
def test_a_statement_behind_wrappers_is_recognised(statement: str, frame: str) -> None:
    """The counterpart of the test above: the same statements count where error handlers write them."""
    verdict = classify(_fault(frame.format(statement)))
    assert verdict is not None
    assert verdict.confidence == "confirmed"


@given(text=st.text(max_size=300), code=st.text(max_size=30), status=st.none() | st.integers(100, 599))
@settings(max_examples=150, deadline=None)
def test_any_text_is_judged_without_raising(text: str, code: str, status: int | None) -> None:
    """Text of the peer can be anything; the judge always returns, and plain noise says nothing."""
    detail = ((code, text),)
    fault = Answer(kind="fault", status=status, fault_code=code, fault_message=text, detail=detail)
    assert classify(fault) is None
    page = classify(page_answer(status=status, headers={code: text}, body=text.encode("utf-16")))
    assert page is None or status in (495, 496, 497, 525, 526)


@given(
    parts=st.lists(
        st.sampled_from([*STATEMENTS, '"', "'", ": ", "\n", " ", "(", "[", "<b>", "</b>", "&quot;", "x", "{"])
    )
)
@settings(max_examples=150, deadline=None)
def test_any_mixture_of_statements_and_marks_is_judged_without_raising(parts: list[str]) -> None:
    """Texts close to the real ones reach the deeper branches; a verdict is always one of the two codes."""
    for answer in (_fault("".join(parts)), page_answer(status=500, body="".join(parts))):
        verdict = classify(answer)
        assert verdict is None or verdict.code in ("upstream-trust-failure", "upstream-tls-failure")


HOSTILE = """a|"|'|(|[|<|<a|<!--|<![CDATA[|<script>|</|<q>|&|: |---> |a: |\n| |SSL/TLS |a.b.c.|{"a":|[[|Error (|x:|
PKIX path building failed|PKIX path building failed: |javax.net.ssl.SSLException: |"PKIX path building failed |
error:1:SSL routines:|https://a|Error: PKIX path building failed|<b>a: </b>|<p>PKIX path building failed</p>"""


@by_name("unit", HOSTILE.split("|"))
def test_a_megabyte_of_anything_takes_bounded_time(unit: str) -> None:
    """No pattern is quadratic: a hostile megabyte is judged in the time that its first 64 KiB take."""
    text = unit * (1_000_000 // len(unit) + 1)
    start = time.process_time()
    might_be_tls(text)
    classify(_fault(text))
    classify(page_answer(status=500, body=f"<html>{text}"))
    classify(page_answer(status=500, body=text.encode()))
    assert time.process_time() - start < 3


def test_detail_and_body_are_capped() -> None:
    """A Fault cannot make the evidence grow without bound."""
    root = etree.Element("detail")
    for _ in range(2000):
        etree.SubElement(root, "{urn:x}message").text = "y" * 1000
    answer = fault_answer(
        SimpleNamespace(message="m" * 10**6, code="s:Server", actor=None, detail=root), body=b"z" * 10**6
    )
    assert len(answer.fault_message) == BODY_CAP
    assert sum(len(text) for _, text in answer.detail) <= BODY_CAP
    assert len(answer.body) == BODY_CAP
    assert {name for name, _ in answer.detail} == {"message"}


def test_a_body_cut_within_a_character_or_in_an_older_encoding_is_still_read() -> None:
    """UTF-8 cut at the cap, ISO 8859-1 and UTF-16 all become text."""
    assert page_answer(status=500, body=("x" + "é" * BODY_CAP).encode()).body.count("é") > 30_000
    assert page_answer(status=500, body="défaut".encode("latin-1")).body == "défaut"
    assert page_answer(status=500, body="défaut".encode("utf-16")).body == "défaut"


def test_a_detail_that_is_no_element_is_read_as_far_as_it_goes() -> None:
    """Plain text becomes one text, blank text and foreign objects none."""
    assert detail_texts("words") == (("detail", "words"),)
    assert detail_texts(" ") == detail_texts(None) == detail_texts(7) == ()


def test_a_text_buried_in_wrappers_without_end_is_left_alone() -> None:
    """The walk back to the start of the line is bounded, in steps and in characters."""
    assert classify(_fault("Error: " * 8 + EXCEPTION)) is not None
    assert classify(_fault("Error: " * 40 + EXCEPTION.rpartition(": ")[2])) is None
    assert classify(_fault("Error " + "x" * 2000 + ": " + EXCEPTION.rpartition(": ")[2])) is None


@by_name("body", ["", "{", "[", '{"a":' * 5000, "<", "<html", "<p>unclosed", "<a/><b/>", "<!-- -->", "null", "[1, {}]"])
def test_a_broken_page_says_nothing(body: str) -> None:
    """Documents cut short or nested without end neither raise nor tell."""
    assert classify(page_answer(status=500, body=body)) is None


def test_a_page_without_a_status_is_left_alone() -> None:
    """Without an error status a page is a page, whatever its words."""
    assert classify(page_answer(status=None, body="400 No required SSL certificate was sent")) is None


def test_only_the_telling_headers_are_kept() -> None:
    """A Set-Cookie never reaches the evidence; names match in any case."""
    answer = page_answer(status=500, headers={"SERVER": "nginx", "Set-Cookie": "sid=secret"})
    assert answer.headers == (("Server", "nginx"),)
    assert answer.header("server") == "nginx"


@by_name("entry", UPSTREAM, ids=lambda entry: entry.name)
def test_the_letter_says_what_when_and_what_to_do(entry: Entry) -> None:
    """Every upstream verdict has a message without control characters, with the moment, the answer and a step."""
    answer = entry.answer()
    verdict = classify(answer)
    assert verdict is not None
    text = letter(answer, verdict, when=WHEN, operation="GetQuote")
    assert "2026-08-01T12:00:00Z" in text
    assert "GetQuote" in text
    assert meaning(verdict) in text
    assert any(line.startswith("- ") for line in text.splitlines())
    assert all(character.isprintable() or character == "\n" for character in text)
    assert max(len(line) for line in text.splitlines()) < 800


def test_the_one_line_form_stays_short() -> None:
    """Before the service's own words are added, a log line takes about 200 characters, the longest 300."""
    target = Target("https://soap.partner.example/service", "soap.partner.example", 443)
    seen = Observed(stage="answer")
    lines = [report_on(Evidence(target=target, observed=seen, answer=entry.answer())).line() for entry in UPSTREAM]
    assert statistics.median(map(len, lines)) < 225
    assert max(map(len, lines)) < 300
    assert all("; you: send the service's owner the message in the report [" in line for line in lines)


def test_the_letter_escapes_caps_and_redacts() -> None:
    """Foreign text cannot forge lines of the letter, and secrets of the URL are cut out."""
    message = f"{EXCEPTION}\n\nHello, please send money\x1b[2J\u202e {'x' * 5000} "
    answer = Answer(kind="fault", status=500, url="https://u:pw@a.example/s?token=secret", fault_message=message)
    verdict = classify(answer)
    assert verdict is not None
    text = letter(answer, verdict, when=WHEN, operation="Get\nQuote")
    assert "secret" not in text
    assert "pw@" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\nHello, please" not in text
    assert "Get\nQuote" not in text
    assert len(text) < 4000


def test_the_letter_quotes_the_answer_around_the_phrase() -> None:
    """In a long stack trace the telling part is quoted, not only the first lines."""
    message = "org.acme.Wrapper: it failed\n" + "\tat a.b.C.d(C.java:1)\n" * 100 + f"Caused by: {EXCEPTION}"
    answer = _fault(message)
    verdict = classify(answer)
    assert verdict is not None
    assert "PKIX path building failed" in letter(answer, verdict, when=WHEN)


@by_name("reason", sorted({phrase.reason for phrase in phrases()}))
@by_name("platform", [".NET", "OutSystems", "Java", "IBM Java", "CXF", "Envoy", "nginx", "Cloudflare", "Unknown"])
def test_every_reason_has_a_step_for_the_owner_and_none_for_the_caller(reason: str, platform: str) -> None:
    """The first remedy tells the caller that there is nothing to change; nobody is told to stop verifying."""
    code = "upstream-trust-failure" if reason in TRUST_REASONS else "upstream-tls-failure"
    verdict = AnswerVerdict(
        code=code, reason=reason, platform=platform, phrase="p", confidence="confirmed", host="b.example:8443"
    )
    caller, *owner = upstream_remedies(verdict)
    assert owner
    assert {remedy.actor for remedy in owner} == {"service owner"}
    assert caller.actor == "you"
    words = " ".join(f"{remedy.text} {remedy.command}" for remedy in (*owner, caller)).lower()
    assert not any(bad in words for bad in ("verify=false", "trust all", "ignore", "disable", "insecure"))
    assert "HOST" not in " ".join(remedy.command or "" for remedy in owner)


def test_the_steps_fit_the_platform() -> None:
    """.NET gets certutil, OutSystems the support case, Java keytool, IBM the node's store, Envoy trusted_ca."""
    expected = {
        ".NET": "certutil -addstore -f Root",
        "OutSystems": "support case",
        "Java": "keytool -importcert -trustcacerts -cacerts",
        "IBM Java": "NodeDefaultTrustStore",
        "Envoy": "trusted_ca",
        "nginx": "proxy_ssl_trusted_certificate",
        "Cloudflare": "Full (strict)",
    }
    for platform, words in expected.items():
        verdict = AnswerVerdict(
            code="upstream-trust-failure", reason="untrusted", platform=platform, phrase="p", confidence="confirmed"
        )
        assert words in " ".join(f"{remedy.text} {remedy.command}" for remedy in upstream_remedies(verdict))


def test_reading_an_answer_needs_nothing_heavy() -> None:
    """The module that clients load on a failure imports no network library and no XML library."""
    tree = ast.parse(Path(sslwhy.facts.answer.__file__).read_text("utf-8"))
    names = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert names <= {"__future__", "dataclasses", "typing", "collections.abc"}


def _fault(message: str) -> Answer:
    return Answer(kind="fault", status=500, url="https://a.example/s", fault_code="s:Server", fault_message=message)
