"""Error pages of the server that was called itself, whole lines of text with the status they come with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.facts.answer import AnswerVerdict


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.answers.passages import Passage
    from sslwhy.facts.answer import Answer, Confidence

# (line, statuses, code, reason, platform); the line may also follow the status or "Reason:".
_LINES = (
    ("No required SSL certificate was sent", (400, 496), "client-certificate-required", "required", "nginx"),
    ("The SSL certificate error", (400, 495), "client-certificate-rejected", "rejected", "nginx"),
    (
        "The plain HTTP request was sent to HTTPS port",
        (400, 497),
        "plain-http-to-tls-port",
        "scheme",
        "nginx",
    ),
    (
        "You're speaking plain HTTP to an SSL-enabled server port",
        (400,),
        "plain-http-to-tls-port",
        "scheme",
        "Apache",
    ),
    ("Client sent an HTTP request to an HTTPS server", (400,), "plain-http-to-tls-port", "scheme", "Go"),
    ("This combination of host and port requires TLS", (400,), "plain-http-to-tls-port", "scheme", "Tomcat"),
    (
        "The client sent a plain HTTP request, but this server only speaks HTTPS on this port",
        (400,),
        "plain-http-to-tls-port",
        "scheme",
        "Python",
    ),
    ("No required TLS certificate was sent", (401,), "client-certificate-required", "required", "Kong"),
    ("TLS certificate failed verification", (401,), "client-certificate-rejected", "rejected", "Kong"),
)
# IIS says which sub-status it is at the start of a line only.
_IIS = (
    ("403.7", "client-certificate-required", "required", "confirmed"),
    ("403.13", "client-certificate-rejected", "revoked", "likely"),
    ("403.16", "client-certificate-untrusted", "rejected", "likely"),
    ("403.17", "client-certificate-expired", "expired", "likely"),
)
_WINHTTP_SECURE_FAILURE = "0x80072f8f"
_FASTLY = (
    ("certificate has expired", "expired"),
    ("hostname doesn't match against certificate", "name"),
    ("unable to get local issuer certificate", "untrusted"),
    ("self signed certificate", "untrusted"),
    ("SSL handshake error", "handshake"),
)
# Statuses that mean one thing to all servers that use them, and which servers those are.
_STATUSES = {
    495: ("client-certificate-rejected", "rejected", "nginx", "SSL Certificate Error"),
    496: ("client-certificate-required", "required", "nginx", "SSL Certificate Required"),
    497: ("plain-http-to-tls-port", "scheme", "nginx", "HTTP Request Sent to HTTPS Port"),
    525: ("upstream-tls-failure", "handshake", "Cloudflare", "SSL handshake failed"),
    526: ("upstream-trust-failure", "trust", "Cloudflare", "Invalid SSL certificate"),
}
_FAMILY = {
    "nginx": ("nginx", "openresty", "tengine", "cloudflare", "kong", "application-gateway"),
    "Cloudflare": ("cloudflare",),
}


def page_verdict(answer: Answer, found: Iterable[Passage]) -> AnswerVerdict | None:
    """Recognise a page that the called server, or the edge in front of it, wrote about the call itself."""
    status = answer.status
    if status is None:
        return None
    lines = [line.strip() for passage in found for line in passage.text.splitlines()]
    return _by_line(status, lines) or _iis(status, lines) or _fastly(answer, lines) or _by_status(answer, lines)


def _by_line(status: int, lines: list[str]) -> AnswerVerdict | None:
    for text, statuses, code, reason, platform in _LINES:
        if status in statuses and any(_says(line, text, status) for line in lines):
            return _verdict(code, reason, platform, text)
    return None


def _says(line: str, text: str, status: int) -> bool:
    line = line.rstrip(". ")
    return line in (text, f"{status} {text}", f"Reason: {text}", f"Bad Request {text}")


def _iis(status: int, lines: list[str]) -> AnswerVerdict | None:
    if (
        status == 502
        and _WINHTTP_SECURE_FAILURE in lines
        and any(line.startswith("HTTP Error 502.3") for line in lines)
    ):
        return _verdict("upstream-tls-failure", "handshake", "IIS", _WINHTTP_SECURE_FAILURE)
    if status != 403:
        return None
    for number, code, reason, confidence in _IIS:
        start = f"HTTP Error {number} "
        if any(line.startswith((f"{start}- Forbidden", f"{start}Forbidden")) for line in lines):
            return _verdict(code, reason, "IIS", f"HTTP Error {number}", confidence)
    return None


def _fastly(answer: Answer, lines: list[str]) -> AnswerVerdict | None:
    if answer.status != 503 or "Varnish cache server" not in lines:
        return None
    for text, reason in _FASTLY:
        if f"Error 503 {text}" in lines:
            code = "upstream-tls-failure" if reason == "handshake" else "upstream-trust-failure"
            return _verdict(code, reason, "Fastly", f"Error 503 {text}")
    return None


def _by_status(answer: Answer, lines: list[str]) -> AnswerVerdict | None:
    if answer.status not in _STATUSES:
        return None
    code, reason, platform, text = _STATUSES[answer.status]
    family = _FAMILY[platform]
    signed = any(name in answer.header("Server").lower() for name in family)
    named = any(line == f"error code: {answer.status}" or line.endswith(text) for line in lines)
    return _verdict(code, reason, platform, f"{answer.status} {text}", "confirmed" if signed or named else "likely")


def _verdict(code: str, reason: str, platform: str, phrase: str, confidence: str = "confirmed") -> AnswerVerdict:
    sure: Confidence = "confirmed" if confidence == "confirmed" else "likely"
    return AnswerVerdict(code=code, reason=reason, platform=platform, phrase=phrase, confidence=sure)
