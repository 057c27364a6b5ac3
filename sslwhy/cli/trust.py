"""``sslwhy trust``: a bundle of certifi's roots and the certificate that makes one endpoint's path complete."""

from __future__ import annotations

import contextlib
import hmac
import os
import ssl
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sslwhy.cli.status import FINE, PROBLEM, USAGE
from sslwhy.facts.missing import Missing
from sslwhy.text import clean, utc


if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from sslwhy.causes.case import Case
    from sslwhy.facts.client import ClientOffer
    from sslwhy.facts.x509.certificate import Certificate
    from sslwhy.report.report import Report

_FINGERPRINT_DIGITS = 64
_READABLE = 0o644


class TrustError(Exception):
    """Why no bundle is written, in words, with the exit status."""

    def __init__(self, message: str, status: int = PROBLEM) -> None:
        super().__init__(message)
        self.status = status


def command(options: argparse.Namespace) -> int:
    """Run the command as it was typed."""
    return run(options.url, options.out, options.fingerprint, force=options.force, timeout=options.timeout)


def run(
    url: str,
    out: str,
    fingerprints: Sequence[str] | None = None,
    *,
    force: bool = False,
    timeout: float = 10,
    ask: Callable[[str], str] | None = None,
    allow_private: bool = False,
) -> int:
    """Write a bundle with which the endpoint verifies, after the certificates to add were shown and agreed to.

    The server is sent nothing before it was verified with the new bundle.

    Args:
        url: the endpoint, as for ``sslwhy check``.
        out: the file to write.
        fingerprints: the SHA-256 fingerprints of what may be added; ``None`` asks.
        force: whether an existing file may be replaced.
        timeout: seconds for each connection.
        ask: how to ask; ``None`` for a person at the terminal.
        allow_private: whether issuers may be fetched from private addresses (AIA).

    Returns:
        The exit status: 0 where the bundle is there or none is needed, 1 where none could be made, 2 where the command
        could not be used as given.
    """
    try:
        wanted = None if fingerprints is None else [_normal(each) for each in fingerprints]
        _leave_alone(out, force=force)
        case = _look(url, timeout)
        if case is None:
            print("certifi trusts this server as it is: no bundle is needed")
            return FINE
        added = _missing(case, timeout, allow_private=allow_private)
        _foresee(case, added)
        _show(added)
        _agree(added, wanted, ask)
        _write(out, added, url, force=force, timeout=timeout)
    except TrustError as problem:
        print(f"sslwhy: {clean(str(problem), 2000)}", file=sys.stderr)
        return problem.status
    return FINE


def _leave_alone(out: str | Path, *, force: bool) -> None:
    if os.path.lexists(out) and not force:
        raise TrustError(f"{out} exists; give another file, or --force to replace it", USAGE)


def _normal(fingerprint: str) -> str:
    digits = fingerprint.lower().replace(":", "").replace(" ", "").removeprefix("sha256=")
    if len(digits) != _FINGERPRINT_DIGITS or not set(digits) <= set("0123456789abcdef"):
        raise TrustError(f"{fingerprint!r} is no SHA-256 fingerprint: it has 64 hexadecimal digits", USAGE)
    return digits


def _look(url: str, timeout: float) -> Case | None:
    """Return the case of a handshake that certifi's roots do not verify, or ``None`` where they do."""
    import certifi
    import requests

    from sslwhy.causes.case import Case
    from sslwhy.checking import https_address
    from sslwhy.clients.traces.reading import read_incident
    from sslwhy.evidence.capture import watch
    from sslwhy.evidence.collect import collect

    try:
        address = https_address(url)
    except ValueError as problem:
        raise TrustError(str(problem), USAGE) from problem
    watch.begin()
    try:
        # The identity function as auth keeps requests from adding what a .netrc file holds.
        requests.head(
            address, verify=certifi.where(), timeout=timeout, allow_redirects=False, auth=lambda request: request
        )
    except (OSError, ValueError) as error:
        evidence = collect(read_incident(error, kind="check"))
        if not evidence.chain or not evidence.trust or evidence.observed.verify_code is None:
            raise TrustError(_line(error), PROBLEM) from error
        return Case(replace(evidence, offer=_full_paths(evidence.offer)))
    finally:
        watch.end()
    return None


def _full_paths(offer: ClientOffer | Missing) -> ClientOffer | Missing:
    """Return the offer without partial chains, so that the bundle holds a root and serves every Python."""
    return replace(offer, partial_chain=False) if offer else offer


def _line(error: Exception) -> str:
    from sslwhy.inquiry import explain

    return explain(error, connect=True).line()


def _missing(case: Case, timeout: float, *, allow_private: bool) -> tuple[Certificate, ...]:
    """Return the certificates that complete the path.

    Raises:
        TrustError: the path is complete without any, or nothing that is to be had completes it.
    """
    from sslwhy.causes.certificates.completion import completing, is_complete
    from sslwhy.evidence.aia import fetch_issuers
    from sslwhy.evidence.collect import Budget
    from sslwhy.policy import Policy

    evidence = case.evidence
    assert not isinstance(evidence.chain, Missing)
    assert not isinstance(evidence.trust, Missing)
    base = evidence.trust.store.anchors
    if is_complete(case, base):
        raise TrustError(f"certifi holds the root; verification fails for another reason: {_words(case)}")
    system = evidence.trust.other("system")
    local = system.anchors if system else ()
    found = completing(case, base, local)
    if not found or not found[0].is_ca:
        fetched = fetch_issuers(
            evidence.chain, Budget.starting_now(Policy(deadline=timeout)), allow_private=allow_private
        )
        found = completing(case, base, (*local, *(fetched or ()))) or found
        if not found:
            why = fetched.reason if isinstance(fetched, Missing) else "what it names does not complete the path"
            raise TrustError(
                f"{_sought(case)} is neither sent nor can it be fetched ({why}): obtain it from the server operator"
            )
    return found


def _words(case: Case) -> str:
    seen = case.evidence.observed
    return seen.verify_message or seen.message or "no reason given"


def _sought(case: Case) -> str:
    path = case.path
    return clean(path.sought, 120) if path and path.sought else "the certificate above the presented chain"


def _foresee(case: Case, added: Sequence[Certificate]) -> None:
    """Return where, on paper, the server verifies once these certificates are trusted.

    Raises:
        TrustError: another fault would remain, so that nobody need compare fingerprints.
    """
    from sslwhy.inquiry import foreseen

    trust = case.evidence.trust
    assert not isinstance(trust, Missing)
    store = replace(trust.store, anchors=(*trust.store.anchors, *(each.der for each in added)))
    _refuse(foreseen(replace(case.evidence, trust=replace(trust, store=store))))


def _refuse(report: Report) -> None:
    if report.primary is not None:
        raise TrustError(f"with a complete path the server still fails, so nothing is written: {report.line()}")


def _show(added: Sequence[Certificate]) -> None:
    print(f"To complete the path, {'this certificate is' if len(added) == 1 else 'these certificates are'} missing:\n")
    for certificate in added:
        print(f"  subject  {clean(certificate.subject)}")
        print(f"  issuer   {clean(certificate.issuer)}")
        first, last = certificate.not_before, certificate.not_after
        print(f"  valid    {utc(first) if first else '?'} to {utc(last) if last else '?'}")
        print(f"  SHA-256  {certificate.sha256}")
        print(f"  role     {_role(certificate)}\n")


def _role(certificate: Certificate) -> str:
    if certificate.is_ca:
        return "root" if certificate.is_self_signed else "intermediate"
    return "the server's own self-signed certificate: nobody else vouches for it"


def _agree(added: Sequence[Certificate], wanted: Sequence[str] | None, ask: Callable[[str], str] | None) -> None:
    """Return where all of them may be added.

    Raises:
        TrustError: one of them may not.
    """
    if wanted is not None:
        for certificate in added:
            if not any(hmac.compare_digest(certificate.sha256, each) for each in wanted):
                raise TrustError(f"no given fingerprint is that of {clean(certificate.label, 80)}: nothing is written")
        return
    if ask is None and not sys.stdin.isatty():
        raise TrustError("nobody is here to compare the fingerprint: give it with --fingerprint SHA256", USAGE)
    print("Compare the SHA-256 fingerprint with the one that its owner tells you over another channel.")
    try:
        answer = (ask or input)("Trust it? [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() not in {"y", "yes"}:
        raise TrustError("nothing is written")


def _write(out: str, added: Sequence[Certificate], url: str, *, force: bool, timeout: float) -> None:
    """Write the bundle beside its place, verify the server with it, and only then put it into its place.

    Raises:
        TrustError: the file cannot be written, or the server does not verify with it.
    """
    from sslwhy.checking import check

    place = Path(os.path.abspath(out))  # noqa: PTH100 - a symbolic link is replaced, not followed
    try:
        descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.", suffix=".pem")
    except OSError as problem:
        raise TrustError(f"{out} cannot be written: {problem.strerror}", USAGE) from problem
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(_bundle(added))
            file.flush()
            os.fsync(file.fileno())
        _refuse(check(url, verify=name, timeout=timeout))
        Path(name).chmod(_READABLE)
        _publish(name, place, force=force)
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
    print(f"{out} holds certifi's roots and {len(added)} more; a handshake with it has verified the server.")
    print(f"Use it: session.verify = {str(place)!r}")


def _bundle(added: Sequence[Certificate]) -> bytes:
    import certifi

    parts = [Path(certifi.where()).read_bytes().rstrip() + b"\n"]
    for certificate in added:
        name = clean(certificate.subject).encode("ascii", "backslashreplace")
        parts.append(b"\n# added by sslwhy trust: " + name + b"\n# SHA-256 " + certificate.sha256.encode() + b"\n")
        parts.append(ssl.DER_cert_to_PEM_cert(certificate.der).encode())
    return b"".join(parts)


def _publish(name: str, place: Path, *, force: bool) -> None:
    if not force:
        # A hard link, unlike a rename, never replaces what somebody else has put there meanwhile.
        with contextlib.suppress(OSError):
            os.link(name, place)
            return
        _leave_alone(place, force=False)
    try:
        Path(name).replace(place)
    except OSError as problem:
        raise TrustError(f"{place} cannot be written: {problem.strerror}", USAGE) from problem
