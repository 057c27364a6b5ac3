"""``python -m sslwhy`` is the command ``sslwhy``."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; see :mod:`sslwhy.cli.main`."""
    from sslwhy.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
