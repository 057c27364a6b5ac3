"""Compare our verdict on generated chains with OpenSSL's.

    python benchmarks/agreement.py [--chains 2400] [--seed 1]

Every chain is presented in a real TLS handshake in memory to the `ssl` module's client, and judged offline
with the same trust anchors, name and flags (strict profile and partial chains on and off). For each verify
code of OpenSSL's the table says how many chains there were, on how many our analysis expects the same code
first, and which primary causes we name. The exit status is 1 unless we agree on every chain: the same code, a
finding where and only where OpenSSL refuses, and a primary that explains the code.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import ssl
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple


sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]

from support import odd_chains, oracle  # noqa: E402 - both come from the tests

from sslwhy.causes.case import Case  # noqa: E402
from sslwhy.causes.judge import judge  # noqa: E402
from sslwhy.causes.path.analysis import PathAnalysis  # noqa: E402
from sslwhy.causes.verify_codes import causes_of, verify_message  # noqa: E402
from sslwhy.facts.client import ClientOffer  # noqa: E402
from sslwhy.facts.evidence import Evidence  # noqa: E402
from sslwhy.facts.machine import Machine  # noqa: E402
from sslwhy.facts.observed import Observed, Target  # noqa: E402
from sslwhy.facts.trust import Trust, TrustStore  # noqa: E402


class Outcome(NamedTuple):
    """Two verdicts on one chain."""

    openssl: int
    expected: int
    primary: str | None

    @property
    def verdict(self) -> bool:
        """Whether both accept or both refuse."""
        return (self.openssl == 0) == (self.primary is None)

    @property
    def same(self) -> bool:
        """Whether we agree altogether."""
        explained = self.openssl == 0 or self.primary in causes_of(self.openssl)
        return self.verdict and self.openssl == self.expected and explained


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
    return 0 if all(one.same for one in outcomes) else 1


def _compare(seed: int, directory: Path) -> Outcome | None:
    now = dt.datetime.now(dt.timezone.utc)
    sample = odd_chains.Generator(seed, now, servable=True).sample()
    pick = random.Random(seed)
    evidence = Evidence(
        target=Target(None, sample.host, None, sample.host),
        chain=sample.chain,
        offer=ClientOffer(
            strict=pick.random() < 0.4,
            partial_chain=pick.random() < 0.4,
            check_hostname=sample.host is not None,
            common_name_fallback=sample.common_names,
        ),
        trust=Trust(store=TrustStore(source="trust_anchors", kind="memory", anchors=sample.anchors)),
        machine=Machine(now=now),
    )
    return _outcome(evidence, sample, directory)


def _outcome(evidence: Evidence, sample: odd_chains.Sample, directory: Path) -> Outcome | None:
    case = Case(evidence)
    try:
        server = oracle.serving(sample.chain, sample.key_pem, directory)
        code = oracle.handshake(server, sample.anchors, case.rules, case.reference)
    except (ssl.SSLError, ValueError):
        return None  # no server of this kind can present the chain at all
    seen = Observed(stage="handshake", reason="CERTIFICATE_VERIFY_FAILED", verify_code=code) if code else Observed()
    found = judge(replace(evidence, observed=seen)).findings
    assert isinstance(case.path, PathAnalysis)
    return Outcome(code, case.path.verify_code, found[0].code if found else None)


def _print(outcomes: list[Outcome], skipped: int) -> None:
    print(f"{ssl.OPENSSL_VERSION}, security level 2")
    print(f"{'code':>4} {'chains':>6} {'agreed':>6}  OpenSSL's words -> our primary")
    for code in sorted({one.openssl for one in outcomes}):
        these = [one for one in outcomes if one.openssl == code]
        primaries = Counter(one.primary or "no finding" for one in these)
        named = ", ".join(f"{name} {count}" for name, count in primaries.most_common())
        print(f"{code:>4} {len(these):>6} {sum(one.same for one in these):>6}  {verify_message(code)} -> {named}")
    total = len(outcomes)
    for words, count in (
        ("accept or refuse", sum(one.verdict for one in outcomes)),
        ("first verify code", sum(one.openssl == one.expected for one in outcomes)),
        ("altogether", sum(one.same for one in outcomes)),
    ):
        print(f"{words}: {count} of {total} ({count / total:.2%})")
    print(f"left out, for no server can present them: {skipped}")


if __name__ == "__main__":
    sys.exit(main())
