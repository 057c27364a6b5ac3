"""The classes that ``ssl`` builds: ours while a guard is open, whoever else has changed them, and never afterwards."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import textwrap
import threading
from typing import TYPE_CHECKING, Any

import pytest
import requests
import truststore
import urllib3
from support import pki, tls
from support.edges import assert_enriched, raised_by

from sslwhy import diagnosing


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.demo.pki import Identity


@pytest.fixture
def expired(issuing: Any) -> Iterator[tls.TlsServer]:
    """A server whose certificate has expired."""
    with tls.TlsServer(issuing.issue("x", dns=["localhost"], not_after=-3 * pki.DAY)) as server:
        yield server


def of_ssl() -> tuple[type, type]:
    """The classes that a context builds."""
    return ssl.SSLContext.sslsocket_class, ssl.SSLContext.sslobject_class


OTHERS = """\
    import ssl, sys

    theirs = ssl.SSLSocket

    class Socket(theirs):  # as gevent's, without the parameters of ssl's
        def do_handshake(self):
            super().do_handshake()

        def read(self, nbytes=2014):
            return super().read(nbytes)

        def recv_into(self, buffer, nbytes=None, flags=0):
            data = self.read(nbytes or len(buffer))
            buffer[:len(data)] = data
            return len(data)

    if sys.argv[3] == "before":
        ssl.SSLSocket = Socket
    from sslwhy import DiagnosedError, diagnosing
    diagnosing  # it is loaded now, and has taken the classes of ssl for its own
    ssl.SSLSocket = theirs  # ssl's own constructor wants it
    ssl.SSLContext.sslsocket_class = Socket

    import requests

    good, bad = sys.argv[1:3]
    bundle = sys.argv[4]
    with diagnosing():
        while_open = ssl.SSLContext.sslsocket_class.__mro__
        print(requests.get(good, verify=bundle, timeout=5).status_code)
    try:
        with diagnosing():
            requests.get(bad, verify=bundle, timeout=5)
    except requests.exceptions.SSLError as error:
        print(isinstance(error, DiagnosedError) and error.code)
    print(Socket in while_open, while_open[0] is Socket, ssl.SSLContext.sslsocket_class is Socket)
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_classes_of_others(when: str, leaf: Identity, expired: tls.TlsServer, ca_file: str) -> None:
    """gevent puts classes with other parameters in place: good calls stay good, failures are diagnosed all the same."""
    with tls.TlsServer(leaf) as good:
        command = [sys.executable, "-c", textwrap.dedent(OTHERS), good.url, expired.url, when, ca_file]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["200", "certificate-expired", f"True {when == 'after'} True"]


LATE = """\
    import sys, warnings
    import requests
    import sslwhy
    from support.edges import assert_enriched, raised_by

    import gevent.monkey

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # gevent says that it comes late
        gevent.monkey.patch_all()

    url, bundle = sys.argv[1:3]

    def with_session():
        with sslwhy.Session() as session:
            session.get(url, verify=bundle, timeout=5)

    def with_client():
        sslwhy.Client(url + "/service?wsdl")

    @sslwhy.diagnosing()
    def with_theirs():
        requests.get(url, verify=bundle, timeout=5)

    for work in (with_session, with_client, with_theirs):
        error = assert_enriched(raised_by(work), "ssl-patched-twice", RecursionError)
        print(work.__name__, error.report.operation.kind, error.report.connections)
"""


def test_gevent_that_patches_late(leaf: Identity, ca_file: str) -> None:
    """gevent after urllib3: the bare RecursionError of the TLS set-up leaves enriched, whichever way the call went."""
    with tls.TlsServer(leaf) as server:
        command = [sys.executable, "-c", textwrap.dedent(LATE), server.url, ca_file]
        paths = os.pathsep.join(path for path in sys.path if path)
        environment = {**os.environ, "PYTHONPATH": paths}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["with_session request 0", "with_client wsdl 0", "with_theirs request 0"]


class TestTruststore:
    """truststore puts a context class of its own in the place of ``ssl``'s."""

    @pytest.fixture(autouse=True)
    def extracted(self) -> Iterator[None]:
        """Whatever a test does, ``ssl`` has its own class back afterwards."""
        yield
        truststore.extract_from_ssl()

    def test_injected_inside(self) -> None:
        """Injected while a guard is open: ``ssl``'s own class is as before all the same when it ends."""
        before = of_ssl()
        with diagnosing():
            truststore.inject_into_ssl()
        assert of_ssl() == before
        truststore.extract_from_ssl()
        assert of_ssl() == before

    def test_extracted_inside(self) -> None:
        """And extracted while it is open."""
        before = of_ssl()
        truststore.inject_into_ssl()
        with diagnosing():
            truststore.extract_from_ssl()
        assert of_ssl() == before
        truststore.inject_into_ssl()
        assert of_ssl() == before

    def test_its_context(self, expired: tls.TlsServer) -> None:
        """It builds socket classes of its own; a failure is diagnosed by a second look."""
        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        with urllib3.PoolManager(ssl_context=context, retries=False) as pool:
            error = raised_by(diagnosing()(lambda: pool.request("GET", expired.url, timeout=5)))
        assert assert_enriched(error, "unknown-issuer", urllib3.exceptions.SSLError).report.connections > 0


def test_exception_on_the_way_in() -> None:
    """A guard whose context manager beside it fails to open ends all the same."""
    before = of_ssl()

    class Broken:
        def __enter__(self) -> None:
            raise OSError("cannot be opened")

        def __exit__(self, *_: object) -> None:
            raise AssertionError("it was never open")

    def work() -> None:
        with diagnosing(), Broken():
            raise AssertionError("it was not opened")

    assert type(raised_by(work)) is OSError
    assert of_ssl() == before


def test_storm(expired: tls.TlsServer, ca_file: str) -> None:
    """Many threads that fail at once: each failure is diagnosed, no thread is left, and ``ssl`` is itself again."""
    before, threads = of_ssl(), threading.active_count()
    found: list[BaseException] = []

    def fail() -> None:
        found.append(raised_by(diagnosing()(lambda: requests.get(expired.url, verify=ca_file, timeout=20))))

    callers = [threading.Thread(target=fail) for _ in range(24)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(60)
    assert len(found) == len(callers)
    for error in found:
        assert_enriched(error, "certificate-expired")
    assert of_ssl() == before
    assert threading.active_count() <= threads


FORKING = """\
    import os, ssl, sys, threading
    from sslwhy import diagnosing

    opened, go_on = threading.Event(), threading.Event()

    def hold():
        with diagnosing():
            opened.set()
            go_on.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    opened.wait(10)

    def child(inside):
        pid = os.fork()
        if not pid:
            kept = ssl.SSLContext.sslsocket_class is not ssl.SSLSocket
            with diagnosing():  # the switch works in the child
                used = ssl.SSLContext.sslsocket_class is not ssl.SSLSocket
            os._exit(0 if (kept, used) == (inside, True) else 1)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    outside = child(False)
    with diagnosing():
        inside = child(True)
    go_on.set()
    holder.join()
    print(outside, inside, ssl.SSLContext.sslsocket_class is ssl.SSLSocket)
"""


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="there is no fork")
def test_forks() -> None:
    """A child process has the guards of the thread that forked, not those of the threads that it does not have."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(FORKING)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stderr, done.stdout) == ("", "0 0 True\n")
