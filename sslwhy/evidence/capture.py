"""The failing handshake testifies: a TLS socket that, when its handshake fails, leaves what it saw on the error.

CPython asks ``SSLContext.sslsocket_class`` and ``SSLContext.sslobject_class`` which class to build. While a guarded
call runs they are the classes below. A handshake that succeeds passes through one extra frame and nothing else.
"""

from __future__ import annotations

import os
import ssl
import threading
from typing import Any

from sslwhy.policy import switched_off


_ATTRIBUTE = "_sslwhy_testimony"


class Testimony:
    """What a TLS socket or object still knows at the moment of its failure.

    Attributes:
        context: the context in use, with the trust anchors in force; ``None`` after pickling.
        server_name: the reference identity, or ``None``.
        chain: the presented certificates in DER, the end-entity first; empty where none had come.
        address: the peer's IP address, or ``None``.
        port: the peer's TCP port, or ``None``.
        standing: whether the connection still stood, so that an empty chain means that none had come.
        established: whether the handshake had completed (the failure came at the first read or later).
        forked: whether the failure came in another process than the one that opened the connection.
    """

    def __init__(self, tls: ssl.SSLSocket | ssl.SSLObject, *, established: bool, forked: bool = False) -> None:
        self.context: ssl.SSLContext | None = tls.context
        self.server_name = tls.server_hostname
        self.chain = _presented(tls)
        self.address, self.port = _peer(tls)
        self.standing = getattr(tls, "_sslobj", None) is not None
        self.established = established
        self.forked = forked

    def __getstate__(self) -> dict[str, Any]:
        """Drop the context: it cannot be pickled, and an error that carries a testimony must stay picklable."""
        return {**self.__dict__, "context": None}


def _presented(tls: ssl.SSLSocket | ssl.SSLObject) -> tuple[bytes, ...]:
    source: Any = tls if hasattr(tls, "get_unverified_chain") else getattr(tls, "_sslobj", None)
    try:
        chain = source.get_unverified_chain() or ()
    except (AttributeError, ValueError, ssl.SSLError):
        return ()
    return tuple(c if isinstance(c, bytes) else c.public_bytes(_ENCODING_DER) for c in chain)


_ENCODING_DER = 2
"""``_ssl.ENCODING_DER``: what the certificate objects of CPython 3.10-3.12 take to give DER."""


def _peer(tls: ssl.SSLSocket | ssl.SSLObject) -> tuple[str | None, int | None]:
    if not isinstance(tls, ssl.SSLSocket):
        return None, None
    try:
        address = tls.getpeername()
    except OSError:
        # A reset connection has no peer any more; it had one when the handshake began.
        return getattr(tls, "_sslwhy_peer", (None, None))
    return (address[0], address[1]) if isinstance(address, tuple) else (None, None)


def testify(error: BaseException, tls: ssl.SSLSocket | ssl.SSLObject, *, established: bool, pid: int) -> None:
    """Attach a :class:`Testimony` to an error; never raises, for the error must reach its caller unharmed."""
    if switched_off():
        return
    if isinstance(error, (ssl.SSLWantReadError, ssl.SSLWantWriteError)):
        return  # no failure: a non-blocking connection waits for its peer
    try:
        setattr(error, _ATTRIBUTE, Testimony(tls, established=established, forked=pid != os.getpid()))
    except Exception:  # noqa: BLE001 - whatever goes wrong here, the caller's own error matters more
        return


def testimony_of(error: BaseException) -> Testimony | None:
    """Return what :func:`testify` attached to this very error, or ``None``."""
    found = getattr(error, _ATTRIBUTE, None)
    return found if isinstance(found, Testimony) else None


class TestifyingSocket(ssl.SSLSocket):
    """``ssl.SSLSocket`` whose failures testify."""

    _sslwhy_pid = 0
    _sslwhy_peer: tuple[str | None, int | None] = (None, None)

    # Parameters are passed on as they come: gevent's SSLSocket, put in place of ssl's, has others.

    def do_handshake(self, *args: Any, **kwargs: Any) -> None:
        """Perform the handshake; see :meth:`ssl.SSLSocket.do_handshake`."""
        self._sslwhy_pid = os.getpid()
        self._sslwhy_peer = _peer(self)
        try:
            super().do_handshake(*args, **kwargs)
        except OSError as error:
            testify(error, self, established=False, pid=self._sslwhy_pid)
            raise

    def read(self, *args: Any, **kwargs: Any) -> Any:
        """Read; see :meth:`ssl.SSLSocket.read`. TLS 1.3 servers refuse a client certificate only here."""
        try:
            return super().read(*args, **kwargs)
        except OSError as error:
            testify(error, self, established=True, pid=self._sslwhy_pid)
            raise

    def send(self, *args: Any, **kwargs: Any) -> int:
        """Send; see :meth:`ssl.SSLSocket.send`. A peer that refuses after the handshake may hang up meanwhile."""
        try:
            return super().send(*args, **kwargs)
        except OSError as error:
            testify(error, self, established=True, pid=self._sslwhy_pid)
            raise


class TestifyingObject(ssl.SSLObject):
    """``ssl.SSLObject`` (asyncio, trio, TLS in TLS) whose failures testify."""

    _sslwhy_pid = 0

    def do_handshake(self) -> None:
        """Perform the handshake; see :meth:`ssl.SSLObject.do_handshake`."""
        self._sslwhy_pid = os.getpid()
        try:
            super().do_handshake()
        except OSError as error:
            testify(error, self, established=False, pid=self._sslwhy_pid)
            raise

    def read(self, *args: Any, **kwargs: Any) -> Any:
        """Read; see :meth:`ssl.SSLObject.read`."""
        try:
            return super().read(*args, **kwargs)
        except OSError as error:
            testify(error, self, established=True, pid=self._sslwhy_pid)
            raise

    def write(self, data: Any) -> int:
        """Write; see :meth:`ssl.SSLObject.write`."""
        try:
            return super().write(data)
        except OSError as error:
            testify(error, self, established=True, pid=self._sslwhy_pid)
            raise


_OURS: dict[str, type] = {"sslsocket_class": TestifyingSocket, "sslobject_class": TestifyingObject}


class Watch:
    """The switch: how many guarded calls are under way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers = 0
        self._replaced: list[tuple[type, str, type]] = []

    def begin(self) -> None:
        """Count one more guarded call."""
        with self._lock:
            self._watchers += 1
            if self._watchers == 1:
                self._replace()

    def end(self) -> None:
        """Count one guarded call less; after the last one ``ssl`` builds its own classes again."""
        with self._lock:
            self._watchers = max(0, self._watchers - 1)
            if not self._watchers:
                self._put_back()

    def forked(self, watchers: int) -> None:
        """Begin anew in a child process: the calls of the other threads are not under way in it.

        Args:
            watchers: how many guarded calls the thread that forked is in.
        """
        self._lock = threading.Lock()  # the old one may be held by a thread that is no more
        self._watchers = watchers
        if not watchers:
            self._put_back()

    def _replace(self) -> None:
        for name, ours in _OURS.items():
            # truststore and gevent put a subclass in the place of ssl.SSLContext; it may inherit the attribute.
            home = next(kind for kind in ssl.SSLContext.__mro__ if name in vars(kind))
            if vars(home)[name] is ours.__base__:
                setattr(home, name, ours)
                self._replaced.append((home, name, ours))

    def _put_back(self) -> None:
        # The very class that was changed, for ssl.SSLContext may be another one meanwhile.
        while self._replaced:
            home, name, ours = self._replaced.pop()
            if vars(home)[name] is ours:
                setattr(home, name, ours.__base__)


watch = Watch()
"""While at least one guarded call is under way, each TLS socket and object that this process builds testifies.

Where another library has put classes of its own in that place, they stay: a diagnosis then makes do with the error's
traceback and a bounded connection of its own.
"""
