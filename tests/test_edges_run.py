"""``sslwhy run``: a program whose source nobody touches ends as it would, and its uncaught TLS failure says why."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import zipfile
from typing import TYPE_CHECKING

import pytest
from support import pki, tls


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def expired(issuing: pki.Authority) -> Iterator[tls.TlsServer]:
    """A server whose certificate has expired."""
    with tls.TlsServer(issuing.issue("x", dns=["localhost"], not_after=-3 * pki.DAY)) as server:
        yield server


def python(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, with the package of this checkout, and return what came of it."""
    paths = os.pathsep.join(path for path in sys.path if path)
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def write(folder: Path, source: str, name: str = "program.py") -> str:
    """Write a program; return its name."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    return name


FAILING = """\
    import sys
    import requests

    def order(url, bundle):
        return requests.get(url, verify=bundle, timeout=5)

    order(sys.argv[1], sys.argv[2])
"""


@pytest.mark.parametrize("how", [["program.py"], ["-m", "program"], ["-m", "package.program"]], ids=" ".join)
def test_uncaught_failure(how: list[str], tmp_path: Path, expired: tls.TlsServer, ca_file: str) -> None:
    """The traceback shows the program's own lines, the exception's class and the report; the status is Python's."""
    write(tmp_path, FAILING)
    write(tmp_path, FAILING, "package/program.py")
    done = python("-m", "sslwhy", "run", *how, expired.url, ca_file, folder=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "order(sys.argv[1], sys.argv[2])" in done.stderr
    last = next(line for line in done.stderr.splitlines() if line.startswith("requests.exceptions.SSLError: TLS to"))
    assert last.endswith("[certificate-expired]")
    assert ("error[certificate-expired]:" in done.stderr) == (sys.version_info >= (3, 11))
    assert "sslwhy/cli/program.py" not in done.stderr.split("direct cause")[-1]


THREADED = """\
    import sys, threading, time
    import requests

    def order(url, bundle):
        time.sleep(float(sys.argv[3]))
        requests.get(url, verify=bundle, timeout=5)

    def settle():
        raise KeyError("x")

    def leave():
        sys.exit(3)

    for work, args in ((order, sys.argv[1:3]), (settle, []), (leave, [])):
        thread = threading.Thread(target=work, args=args, name=work.__name__)
        thread.start()
        if sys.argv[3] == "0":
            thread.join()
"""


# CPython 3.12.0 and 3.12.1 start no thread, so no diagnosis either, once the program's code has ended (gh-113964).
no_late_threads = pytest.mark.skipif((3, 12) <= sys.version_info < (3, 12, 2), reason="no thread starts that late")


@pytest.mark.parametrize(
    "pause",
    [pytest.param("0", id="meanwhile"), pytest.param("0.5", id="afterwards", marks=no_late_threads)],
)
def test_uncaught_failure_in_a_thread(pause: str, tmp_path: Path, expired: tls.TlsServer, ca_file: str) -> None:
    """What ends another thread is told there, during the program's code and after it; all else is Python's own."""
    name = write(tmp_path, THREADED)
    arguments = [name, expired.url, ca_file, pause]
    plain, ours = python(*arguments, folder=tmp_path), python("-m", "sslwhy", "run", *arguments, folder=tmp_path)
    assert (ours.returncode, ours.stdout) == (plain.returncode, plain.stdout) == (0, "")
    told = [line for line in ours.stderr.splitlines() if line.endswith("[certificate-expired]")]
    assert [line.partition(": TLS to")[0] for line in told] == ["requests.exceptions.SSLError"]
    for line in ("Exception in thread order:", "Exception in thread settle:", "KeyError: 'x'"):
        assert ours.stderr.splitlines().count(line) == plain.stderr.splitlines().count(line) == 1
    assert "sslwhy/cli/program.py" not in ours.stderr
    assert "leave" not in ours.stderr


def test_a_programs_own_hook_for_threads(tmp_path: Path) -> None:
    """A hook that the program puts in place is called in the place of ours, and may call the one before it."""
    source = """\
        import threading
        before = threading.excepthook
        def hook(args):
            print("hooked", type(args.exc_value).__name__, args.thread.name)
            before(args)
        threading.excepthook = hook
        def fail():
            raise ValueError("x")
        threading.Thread(target=fail, name="worker").start()
    """
    name = write(tmp_path, source)
    plain, ours = python(name, folder=tmp_path), python("-m", "sslwhy", "run", name, folder=tmp_path)
    assert plain.stdout == "hooked ValueError worker\n"
    assert (ours.returncode, ours.stdout, ours.stderr) == (plain.returncode, plain.stdout, plain.stderr)


STANDING = """\
    import __main__, json, os, sys
    print(json.dumps([
        sys.argv, __name__, os.path.basename(__file__), __main__.__file__ == __file__, os.path.realpath(sys.path[0]),
    ]))
"""


@pytest.mark.parametrize("how", [["tools/show.py"], ["-m", "tools.show"]], ids=" ".join)
def test_stands_as_under_python(how: list[str], tmp_path: Path) -> None:
    """``sys.argv``, ``__name__``, ``__file__``, ``__main__`` and ``sys.path[0]`` are what Python itself makes them."""
    write(tmp_path, STANDING, "tools/show.py")
    arguments = [*how, "--json", "-x", "--", "a b"]
    plain = python(*arguments, folder=tmp_path)
    ours = python("-m", "sslwhy", "run", *arguments, folder=tmp_path)
    assert ours.returncode == plain.returncode == 0, ours.stderr
    assert ours.stdout == plain.stdout


@pytest.mark.parametrize(
    "ending",
    [
        "sys.exit()",
        "sys.exit(0)",
        "sys.exit(7)",
        "sys.exit('all wrong')",
        "raise KeyError('x')",
        "raise BrokenPipeError(32, 'x')",
        "sys.stdout.write('done')",
        "x = (",
        "import atexit; atexit.register(print, 'later'); sys.exit(3)",
        "sys.excepthook = lambda *_: print('hooked'); raise ValueError",
    ],
)
def test_endings(ending: str, tmp_path: Path) -> None:
    """Exit status, output and traceback are what Python itself gives, to the letter."""
    name = write(tmp_path, f"import sys\n{ending}\n")
    plain, ours = python(name, folder=tmp_path), python("-m", "sslwhy", "run", name, folder=tmp_path)
    assert (ours.returncode, ours.stdout) == (plain.returncode, plain.stdout)
    assert ours.stderr == plain.stderr


def test_interrupted(tmp_path: Path) -> None:
    """Control-C ends the program with a traceback and the status that shells give it."""
    name = write(tmp_path, "raise KeyboardInterrupt\n")
    done = python("-m", "sslwhy", "run", name, folder=tmp_path)
    assert done.returncode == 130
    assert done.stderr.endswith("KeyboardInterrupt\n")


def test_what_the_program_catches_is_its_own(tmp_path: Path, expired: tls.TlsServer, ca_file: str) -> None:
    """A program that handles its failure sees the exception that it would see without sslwhy."""
    source = """\
        import sys, requests
        try:
            requests.get(sys.argv[1], verify=sys.argv[2], timeout=5)
        except requests.exceptions.SSLError as error:
            print(type(error).__mro__[1].__name__, hasattr(error, "report"))
    """
    name = write(tmp_path, source)
    done = python("-m", "sslwhy", "run", name, expired.url, ca_file, folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "ConnectionError False\n"), done.stderr


def test_source_is_untouched(tmp_path: Path) -> None:
    """Nothing is written beside the program."""
    name = write(tmp_path, "print('hello')\n")
    before = (tmp_path / name).read_bytes()
    assert python("-m", "sslwhy", "run", name, folder=tmp_path).stdout == "hello\n"
    assert (tmp_path / name).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_missing_program(tmp_path: Path) -> None:
    """A program that is not there ends with Python's status and one line that names it."""
    for how in (["nowhere.py"], ["-m", "nowhere"], ["-m", "nowhere.at.all"]):
        plain, ours = python(*how, folder=tmp_path), python("-m", "sslwhy", "run", *how, folder=tmp_path)
        assert ours.returncode == plain.returncode
        assert how[-1].partition(".")[0] in ours.stderr


LIVING_ON = """\
    import atexit, multiprocessing, pickle, threading, time

    class Order:
        pass

    def work(number):
        return number * number

    def later(name):
        time.sleep(0.3 if name == "thread" else 0)
        print(name, work(3), type(pickle.loads(pickle.dumps(Order()))).__module__, flush=True)

    if __name__ == "__main__":
        atexit.register(later, "exit")
        for how in ("spawn", "fork"):
            with multiprocessing.get_context(how).Pool(1) as pool:
                print(how, pool.map(work, [1, 2]), flush=True)
        threading.Thread(target=later, args=["thread"]).start()
"""


@pytest.mark.parametrize("how", [["package/living.py"], ["-m", "package.living"]], ids=" ".join)
def test_threads_children_and_exit_handlers(how: list[str], tmp_path: Path) -> None:
    """``__main__`` is there for child processes, and after its code has ended for threads and exit handlers."""
    write(tmp_path, LIVING_ON, "package/living.py")
    plain, ours = python(*how, folder=tmp_path), python("-m", "sslwhy", "run", *how, folder=tmp_path)
    assert plain.stdout.split("\n")[-3:] == ["thread 9 __main__", "exit 9 __main__", ""]
    assert (ours.returncode, ours.stdout, ours.stderr) == (plain.returncode, plain.stdout, plain.stderr)


@pytest.mark.parametrize("form", ["folder", "archive.zip"])
def test_folders_and_archives(form: str, tmp_path: Path) -> None:
    """A folder or an archive with a ``__main__.py`` in it is run as Python runs it."""
    write(tmp_path, STANDING, "folder/__main__.py")
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.write(tmp_path / "folder" / "__main__.py", "__main__.py")
    plain, ours = python(form, "-x", folder=tmp_path), python("-m", "sslwhy", "run", form, "-x", folder=tmp_path)
    assert plain.returncode == 0
    assert (ours.returncode, ours.stdout, ours.stderr) == (plain.returncode, plain.stdout, plain.stderr)


def test_switched_off(tmp_path: Path, expired: tls.TlsServer, ca_file: str) -> None:
    """With ``SSLWHY=off`` the traceback is Python's own."""
    write(tmp_path, FAILING)
    done = python("-m", "sslwhy", "run", "program.py", expired.url, ca_file, folder=tmp_path, SSLWHY="off")
    assert done.returncode == 1
    assert "certificate-expired" not in done.stderr
