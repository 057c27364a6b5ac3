"""``sslwhy check``: one report for each target, as a block or as JSON."""

from __future__ import annotations

import json
import socket
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sslwhy.cli.status import FINE, PROBLEM, USAGE
from sslwhy.text import clean


if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from sslwhy.report.report import Report


def command(options: argparse.Namespace) -> int:
    """Check every target; the worst result decides the exit status."""
    if options.key and not options.cert:
        print("sslwhy: --key needs --cert", file=sys.stderr)
        return USAGE
    status = FINE
    reports: list[Report] = []
    for target in options.targets:
        first = len(reports)
        try:
            for report in _reports(target, options):
                reports.append(report)
                _show(report, options)
                status = max(status, PROBLEM if report.findings else FINE)
        except (ValueError, OSError) as problem:
            print(f"sslwhy: {clean(str(problem), 400)}", file=sys.stderr)
            status = USAGE
        if options.all_addresses and not options.json:
            _compare(reports[first:])
    return _write_html(reports, options, status)


def _reports(target: str, options: argparse.Namespace) -> Iterator[Report]:
    from sslwhy.checking import check, https_address
    from sslwhy.policy import Policy

    policy = Policy(
        deadline=options.deadline,
        fetch_issuers=not options.no_fetch_issuers,
        private_issuers=options.private_issuers,
    )
    cert = (options.cert, options.key) if options.cert and options.key else options.cert
    proxies = {"https": options.proxy} if options.proxy else None
    url = https_address(target)
    for address in _addresses(url) if options.all_addresses else [None]:
        yield check(
            url,
            verify=options.verify or True,
            cert=cert,
            proxies=proxies,
            timeout=options.timeout,
            address=address,
            diagnosis=policy,
        )


def _addresses(url: str) -> list[str] | list[None]:
    """Return every address of the URL's host; ``None`` alone where there is none: the check then says why."""
    parts = urlsplit(url)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return [None]
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _show(report: Report, options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(report.to_dict()), flush=True)
    else:
        from sslwhy.cli.terminal import show

        show(report)


def _compare(reports: list[Report]) -> None:
    """Print the addresses of one host side by side, each with its verdict, where there are several."""
    if len(reports) > 1:
        print(f"the {len(reports)} addresses of {reports[0].target.authority}")
        width = max(len(report.target.address or "") for report in reports)
        for report in reports:
            print(f"  {report.target.address or '':{width}}  {report.primary.code if report.primary else 'ok'}")
        print(flush=True)


def _write_html(reports: list[Report], options: argparse.Namespace, status: int) -> int:
    if not options.html:
        return status
    from sslwhy.report.page import render_page

    try:
        page = render_page(reports)
        with open(options.html, "w", encoding="utf-8") as file:  # noqa: PTH123 - a path as typed, "-" and all
            file.write(page)
    except (ImportError, OSError) as problem:
        print(f"sslwhy: {problem}", file=sys.stderr)
        return USAGE
    return status
