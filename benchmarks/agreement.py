"""Compare our primary finding with OpenSSL's verdict over generated chains.

    python benchmarks/agreement.py [--chains 2400] [--seed 1]

Every chain is presented in a real TLS handshake in memory to the `ssl` module's client, and analysed offline with the same
trust anchors, name and flags. The table counts, for each verify code, how often our verdict was the same, and which
primary cause we named. The exit status is 1 unless both agree on every chain.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import ssl
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple


sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]

from support import odd_chains, oracle

from sslwhy.causes.path.analysis import PathRules, analyze
from sslwhy.causes.path.identity import ReferenceIdentity
from sslwhy.causes.verify_codes import verify_message


class Outcome(NamedTuple):
    """Two verdicts on one chain."""

    openssl: int
    ours: int
    kind: str


def main() -> int:
    """Run the comparison and print the table."""
    parser = argparse.ArgumentParser(description="agreement with OpenSSL over generated chains")
    parser.add_argument("--chains", type=int, default=2400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    outcomes: list[Outcome] = []
    skipped = 0
    with tempfile.TemporaryDirectory() as directory:
        for number in range(options.chains * 2):
            outcome = _compare(options.seed * 1_000_000 + number, Path(directory))
            skipped += outcome is None
            outcomes += [outcome] if outcome else []
            if len(outcomes) == options.chains:
                break
    _print(outcomes, skipped)
    return 0 if all(one.openssl == one.ours for one in outcomes) else 1


def _compare(seed: int, directory: Path) -> Outcome | None:
    now = dt.datetime.now(dt.timezone.utc)
    sample = odd_chains.Generator(seed, now, servable=True).sample()
    pick = random.Random(seed)
    rules = PathRules(now=now, strict=pick.random() < 0.4, partial_chain=pick.random() < 0.4)
    reference = ReferenceIdentity(sample.host, sample.common_names) if sample.host else None
    try:
        server = oracle.serving(sample.chain, sample.key_pem, directory)
        verdict = oracle.handshake(server, sample.anchors, rules, reference)
    except (ssl.SSLError, ValueError):
        return None  # no server can present this chain at all
    analysis = analyze(sample.chain, sample.anchors, rules, reference)
    return Outcome(verdict, analysis.verify_code, analysis.faults[0].kind if analysis.faults else "-")


def _print(outcomes: list[Outcome], skipped: int) -> None:
    print(f"{ssl.OPENSSL_VERSION}; strict on and off, partial chains on and off, security level 2")
    print(f"{'code':>4}  {'chains':>6}  {'same':>6}  words")
    counts, same = Counter(one.openssl for one in outcomes), Counter(one.openssl for one in outcomes if one.openssl == one.ours)
    for code in sorted(counts):
        print(f"{code:>4}  {counts[code]:>6}  {same[code]:>6}  {verify_message(code)}")
    verdicts = sum((one.openssl == 0) == (one.ours == 0) for one in outcomes)
    total = len(outcomes)
    print(f"accept or refuse: {verdicts} of {total} ({verdicts / total:.2%})")
    print(f"first verify code: {sum(same.values())} of {total} ({sum(same.values()) / total:.2%})")
    print(f"chains that no server can present, left out: {skipped}")
    for one, count in Counter(one for one in outcomes if one.openssl != one.ours).items():
        print(f"DIFFERENT: OpenSSL {one.openssl}, ours {one.ours} ({one.kind}): {count}")


if __name__ == "__main__":
    sys.exit(main())
