"""Arguments in, exit status out."""

from __future__ import annotations

import argparse
import sys
import threading
from typing import TYPE_CHECKING

from sslwhy.cli.status import FINE


if TYPE_CHECKING:
    from collections.abc import Sequence

_INTERRUPTED = 130
"""128 + SIGINT, as shells report it."""


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe has seen enough; Python would complain once more when it flushes at exit.
        sys.stderr.close()
        return FINE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sslwhy", description="Says why TLS failed, and who has to do what about it.")
    parser.add_argument("--version", action=_Version, help="show the version and exit")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_check(commands)
    _add_explain(commands)
    _add_causes(commands)
    _add_demo(commands)
    _add_trust(commands)
    _add_run(commands)
    return parser


def _seconds(text: str) -> float:
    """Return a number of seconds that a person typed.

    Raises:
        argparse.ArgumentTypeError: it is no positive number, or more than a socket can wait.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= threading.TIMEOUT_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number of seconds")
    return seconds


def _path(text: str) -> str:
    """Return a path that a person typed.

    Raises:
        argparse.ArgumentTypeError: it is empty, as a variable of the shell is that was never set.
    """
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    return text


class _Version(argparse.Action):
    """Print the version only when it is asked for: reading it costs time."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:  # noqa: A002 - argparse's own name
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        import sslwhy

        print(f"sslwhy {sslwhy.__version__}")
        parser.exit()


Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse gives its subparsers no public type


def _add(commands: Commands[argparse.ArgumentParser], name: str, words: str) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.")


def _add_check(commands: Commands[argparse.ArgumentParser]) -> None:
    from sslwhy.cli.check import command

    parser = _add(commands, "check", "check endpoints the way requests would reach them")
    parser.epilog = (
        "The exit status is 0 when all is fine, 1 when a problem was found, 2 when nothing could be learned."
    )
    parser.add_argument("targets", nargs="+", metavar="URL|HOST[:PORT]", help="an https address or a host")
    parser.add_argument("--json", action="store_true", help="print each report as one line of JSON")
    parser.add_argument(
        "--html", type=_path, metavar="FILE", help="also write the reports to an HTML page (needs sslwhy[cli])"
    )
    parser.add_argument("--verify", type=_path, metavar="PATH", help="CA bundle file or directory, as requests' verify")
    parser.add_argument("--cert", type=_path, metavar="PATH", help="client certificate file, as requests' cert")
    parser.add_argument("--key", type=_path, metavar="PATH", help="private key file of the client certificate")
    parser.add_argument("--proxy", metavar="URL", help="proxy for https addresses")
    _add_timeout(parser)
    parser.add_argument(
        "--deadline", type=_seconds, default=10, metavar="SECONDS", help="seconds for each diagnosis (default: 10)"
    )
    parser.add_argument("--all-addresses", action="store_true", help="check and compare every address of a host")
    parser.add_argument("--no-fetch-issuers", action="store_true", help="do not fetch a missing issuer (AIA)")
    parser.add_argument("--private-issuers", action="store_true", help="fetch one from private addresses, too")
    parser.set_defaults(command=command)


def _add_timeout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timeout", type=_seconds, default=10, metavar="SECONDS", help="seconds for each connection (default: 10)"
    )


def _add_explain(commands: Commands[argparse.ArgumentParser]) -> None:
    from sslwhy.cli.pages import explain

    parser = _add(commands, "explain", "explain a cause code")
    parser.add_argument("code", metavar="CODE", help="the word in square brackets, such as certificate-expired")
    parser.set_defaults(command=explain)


def _add_causes(commands: Commands[argparse.ArgumentParser]) -> None:
    from sslwhy.cli.pages import causes

    parser = _add(commands, "causes", "list all cause codes")
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    parser.set_defaults(command=causes)


def _add_demo(commands: Commands[argparse.ArgumentParser]) -> None:
    from sslwhy.cli.demo import command

    parser = _add(commands, "demo", "show real failures of local servers, before and after")
    parser.set_defaults(command=command)


def _add_trust(commands: Commands[argparse.ArgumentParser]) -> None:
    from sslwhy.cli.trust import command

    parser = _add(commands, "trust", "write a CA bundle with which an endpoint's certificate verifies")
    parser.add_argument("url", metavar="URL", help="an https address or a host")
    parser.add_argument("--out", type=_path, required=True, metavar="FILE", help="the bundle to write")
    parser.add_argument(
        "--fingerprint",
        action="append",
        metavar="SHA256",
        help="add the certificate with this fingerprint without asking; may be given more than once",
    )
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")
    _add_timeout(parser)
    parser.set_defaults(command=command)


def _add_run(commands: Commands[argparse.ArgumentParser]) -> None:
    from sslwhy.cli.program import command

    parser = _add(commands, "run", "run a Python program; its uncaught TLS failure is explained")
    parser.add_argument("-m", dest="module", action="store_true", help="run a module, as python -m does")
    parser.add_argument("program", metavar="SCRIPT|MODULE", help="the program; after -m the name of a module")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...", help="the program's own arguments")
    parser.set_defaults(command=command)
