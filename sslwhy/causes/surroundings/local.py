"""Local causes: the TLS library and its key log, a connection shared by two processes, a late patch of ssl."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes import offers
from sslwhy.causes.base import Cause
from sslwhy.causes.variables import unset
from sslwhy.facts.tls import reasons
from sslwhy.report.values import ADMINISTRATOR, YOU, Remedy
from sslwhy.text import clean, listed


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.case import Case
    from sslwhy.facts.observed import Observed
    from sslwhy.report.values import Finding

_BAD_RECORD_MAC = 20
_KEY_LOG = "SSLKEYLOGFILE"
_NO_FORK = (
    "two threads used one connection at once",
    "something on the way, or a faulty machine, changes what is sent",
)
_ANEW = """\
import os

import requests

session = requests.Session()


def make_session_anew():
    global session
    session = requests.Session()


os.register_at_fork(after_in_child=make_session_anew)
"""


class TlsLibraryMisconfigured(Cause):
    """The TLS library of this machine has nothing to offer.

    Seen as:
        ``LIBRARY_HAS_NO_CIPHERS``, ``NO_CIPHERS_AVAILABLE``, ``NO_CIPHER_MATCH``, ``NO_PROTOCOLS_AVAILABLE``.

    What it is:
        Versions, cipher list and security policy leave no suite or no version: a FIPS provider that is not loaded, a
        policy in ``openssl.cnf``, a cipher string without any known name, a minimum version above the maximum.

    How it is found:
        OpenSSL refuses to build the context or the ClientHello. No byte has left this machine.

    What to do:
        Correct the OpenSSL configuration that the report names, or the cipher string and versions of the context.
    """

    code = "tls-library-misconfigured"
    topic = "local"
    subject = "local"
    specificity = 88

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the library itself refused before anything was sent."""
        return observed.reason in reasons.LIBRARY and observed.stage in {"setup", "handshake"}

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the library has nothing to offer."""
        seen, offer, machine = case.evidence.observed, offers.offer_of(case), case.evidence.machine
        silent = offer.hello_problem is not None and offer.hello_size is None
        if not cls.explains(seen) or not (silent or seen.stage == "setup"):
            return
        named = machine.variable("OPENSSL_CONF")
        policy = f"; {clean(offer.policy_file)}: {listed(offer.policy)}" if offer.policy_file and offer.policy else ""
        yield cls.finding(
            "the TLS library of this machine has no cipher suite or no version to offer",
            expected="at least one version and one suite that policy and context leave",
            actual=f"{seen.reason}" + (f"; OPENSSL_CONF={clean(named)}" if named else "") + policy,
            remedies=[
                Remedy(
                    YOU,
                    "check minimum_version, maximum_version and set_ciphers where the program sets them",
                ),
                Remedy(
                    ADMINISTRATOR,
                    f"correct the OpenSSL configuration {clean(named or offer.policy_file or 'openssl.cnf')}; "
                    "see what it leaves",
                    command="openssl ciphers -s -v",
                ),
            ],
        )


class KeyLogFileUnusable(Cause):
    """The file that SSLKEYLOGFILE names cannot be written.

    Seen as:
        ``ConnectionError`` with ``FileNotFoundError``, ``PermissionError`` or ``IsADirectoryError`` inside, for every
        https call.

    What it is:
        The variable makes Python write the keys of every TLS connection into a file, for tools such as Wireshark. Left
        over from a debugging session, or set by an antivirus product, it names a place that cannot be written, and then
        no TLS connection comes about.

    How it is found:
        The variable is set, its file cannot be opened for appending, and the operating system's error number is that of
        the file.

    What to do:
        Remove the variable. Whoever reads that file can read the traffic.
    """

    code = "key-log-file-unusable"
    topic = "local"
    subject = "local"
    specificity = 88

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether a file could not be opened while the connection was set up."""
        return observed.stage == "setup" and observed.key_log_problem is not None and observed.errno is not None

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the key log's file cannot be written."""
        seen, path = case.evidence.observed, case.evidence.machine.variable(_KEY_LOG) or ""
        if seen.key_log_problem is None:
            return
        yield cls.finding(
            f"{_KEY_LOG} names a file that cannot be written: {clean(path)}",
            expected=f"a file that can be appended to, or no {_KEY_LOG} at all",
            actual=f"{seen.key_log_problem}; {clean(seen.root_type or '')}",
            remedies=[
                Remedy(
                    YOU,
                    f"remove {_KEY_LOG} from the environment; whoever reads that file can read the traffic",
                    command=unset(case, (_KEY_LOG,)),
                ),
                Remedy(
                    ADMINISTRATOR,
                    "if an antivirus product sets the variable, switch off its inspection of this program",
                ),
            ],
        )


class SessionSharedAcrossProcesses(Cause):
    """One TLS connection is used by two processes.

    Seen as:
        ``DECRYPTION_FAILED_OR_BAD_RECORD_MAC``, ``SSLV3_ALERT_BAD_RECORD_MAC``, ``WRONG_VERSION_NUMBER``, an EOF; now
        and then.

    What it is:
        A session was opened before ``fork`` (gunicorn's ``preload``, celery, multiprocessing). Parent and child write
        records with the same keys and numbers into one connection, and the peer cannot make sense of them.

    How it is found:
        The connection was opened in another process than the one in which it failed. In the process that opened it,
        records that fit no key of the connection make it possible.

    What to do:
        Make the session, or the zeep client, in the child: in gunicorn's ``post_fork``, celery's
        ``worker_process_init``, or on first use.
    """

    code = "session-shared-across-processes"
    topic = "local"
    subject = "client"
    specificity = 92

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether records came that do not fit the connection's keys."""
        mixed = observed.reason in reasons.MIXED_UP or observed.alert == _BAD_RECORD_MAC
        return observed.stage in {"read", "handshake"} and (
            mixed or observed.closed or observed.reset or observed.timed_out
        )

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the connection came from another process, or what came fits no key of it."""
        seen, forked = case.evidence.observed, case.evidence.machine.forked
        garbled = seen.reason in reasons.MIXED_UP - reasons.FOREIGN or seen.alert == _BAD_RECORD_MAC
        if not forked and not (seen.stage == "read" and garbled):
            return
        connection = f"the connection to {case.evidence.target.authority}"
        yield cls.finding(
            f"{connection} was opened in another process" if forked else f"records fit no key of {connection}",
            expected="a session of its own in each process",
            actual="a TLS connection that was opened before fork and used after it"
            if forked
            else f"{clean(seen.reason or '')} on a connection of this process, after its handshake",
            confidence="confirmed" if forked else "possible",
            alternatives=() if forked else _NO_FORK,
            remedies=[
                Remedy(
                    YOU,
                    "make the session or client after the fork; where it is global, replace it in the child",
                    snippet=_ANEW,
                ),
            ],
        )


class SslPatchedTwice(Cause):
    """The ssl module was replaced after other modules had taken parts of it.

    Seen as:
        ``RecursionError``: maximum recursion depth exceeded, in ``ssl.py``, in the setters of ``SSLContext``.

    What it is:
        gevent, eventlet or truststore replace ``ssl.SSLContext``. urllib3 was imported before and keeps the old class,
        whose setters look up the new one by its name and so call themselves for ever.

    How it is found:
        The recursion runs through ``ssl.py`` while a context is being built.

    What to do:
        Patch first: ``gevent.monkey.patch_all()`` as the very first lines of the program, before requests, urllib3 or
        zeep is imported; and patch once.
    """

    code = "ssl-patched-twice"
    topic = "local"
    subject = "client"
    specificity = 88

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the program ran into a recursion while a context was being built."""
        return observed.root_type == "RecursionError" and observed.stage == "setup"

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where the recursion was seen."""
        if not cls.explains(case.evidence.observed):
            return
        yield cls.finding(
            "ssl.SSLContext was replaced after urllib3 had been imported",
            expected="one patch of ssl, before anything else is imported",
            actual="a setter of ssl.SSLContext that calls itself for ever",
            remedies=[
                Remedy(
                    YOU,
                    "patch before every other import, in the first lines of the program",
                    snippet="from gevent import monkey\n\nmonkey.patch_all()\n\nimport requests  # and zeep, only now",
                ),
            ],
        )
