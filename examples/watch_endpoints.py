"""Check a list of endpoints, as a nightly job would, and say who has to act.

python examples/watch_endpoints.py partner.example other.example:8443
"""

from __future__ import annotations

import sys

from sslwhy import check


def main(targets: list[str]) -> int:
    """Check every target; 0 when all are fine."""
    troubled = 0
    for target in targets:
        report = check(target)
        troubled += bool(report.findings)
        print(report.line())
        for finding in report.findings:
            for remedy in finding.remedies:
                print(f"  {remedy.actor}: {remedy.text}")
    return 1 if troubled else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
