"""Exception groups: members are enriched, the group stays of its kind, and what has nothing to do with TLS passes."""

from __future__ import annotations

import ssl
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import trio
from support import pki, tls
from support.edges import assert_enriched, raised_by

from sslwhy import DiagnosedError, diagnosing, explain


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

if sys.version_info < (3, 11):
    from exceptiongroup import ExceptionGroup


@pytest.fixture
def expired(issuing: Any) -> Iterator[tls.TlsServer]:
    """A server whose certificate has expired."""
    with tls.TlsServer(issuing.issue("x", dns=["localhost"], not_after=-3 * pki.DAY)) as server:
        yield server


@pytest.fixture
def context(ca_file: str) -> ssl.SSLContext:
    """A client context that trusts the test root."""
    return ssl.create_default_context(cafile=ca_file)


@pytest.fixture
def failed(expired: tls.TlsServer, context: ssl.SSLContext) -> Callable[[], httpx.ConnectError]:
    """Make a failure at the expired certificate, with its traceback."""

    def fail() -> httpx.ConnectError:
        with httpx.Client(verify=context) as client, diagnosing():  # so that the handshake testifies
            error = raised_by(client.get, expired.url)
        assert isinstance(error, httpx.ConnectError)
        return error

    return fail


class Batch(ExceptionGroup[Exception]):
    """A group that does not say how to make another of its kind."""


def leaving(group: Exception) -> Any:
    """What leaves a guard that a group is raised in."""

    def fail() -> None:
        raise group

    return raised_by(diagnosing()(fail))


def test_nursery(expired: tls.TlsServer, context: ssl.SSLContext) -> None:
    """The tasks of a nursery that fail at TLS: ``except*`` finds them enriched, each chained from its original."""

    async def call() -> None:
        async with httpx.AsyncClient(verify=context) as client:
            await client.get(expired.url)

    async def work() -> None:
        async with diagnosing(), trio.open_nursery() as nursery:
            nursery.start_soon(call)

    group: Any = raised_by(trio.run, work)
    assert type(group) is ExceptionGroup
    (member,) = group.exceptions
    assert_enriched(member, "certificate-expired", httpx.ConnectError)
    assert type(member.__cause__) is httpx.ConnectError
    assert member.__traceback__ is not None


def test_members_that_have_nothing_to_do_with_it(failed: Callable[[], Exception]) -> None:
    """The others are the very same objects, at their places; message, notes and cause of the group stay."""
    mine, reason = KeyError("order"), OSError("x")
    group = ExceptionGroup("several", [mine, ExceptionGroup("inner", [failed(), mine])])
    group.__cause__ = reason
    group.colour = "red"  # type: ignore[attr-defined]
    left = leaving(group)
    assert (left.message, left.colour) == ("several", "red")
    assert left.__cause__ is reason
    assert left.exceptions[0] is mine
    assert left.exceptions[1].exceptions[1] is mine
    assert_enriched(left.exceptions[1].exceptions[0], "certificate-expired")
    assert not isinstance(group.exceptions[1].exceptions[0], DiagnosedError)


def test_no_failure_of_tls() -> None:
    """A group without any passes as the same object."""
    group = ExceptionGroup("several", [KeyError("order"), ValueError("x")])
    assert leaving(group) is group


def test_a_class_that_cannot_be_made_again(failed: Callable[[], Exception]) -> None:
    """A subclass without ``derive`` would turn into a plain group: it passes as the same object."""
    group = Batch("batch", [failed()])
    assert leaving(group) is group


def test_many(failed: Callable[[], Exception]) -> None:
    """Of many alike the first eight are diagnosed."""
    error = failed()
    left = leaving(ExceptionGroup("storm", [error.with_traceback(error.__traceback__), *(failed() for _ in range(11))]))
    assert [isinstance(member, DiagnosedError) for member in left.exceptions] == [True] * 8 + [False] * 4


def test_explained(failed: Callable[[], Exception]) -> None:
    """A report for a group in hand, and for an exception that was raised on account of one."""
    group = ExceptionGroup("several", [KeyError("order"), failed()])
    wrapper = RuntimeError("the batch failed")
    wrapper.__cause__ = group
    assert explain(group).code == explain(wrapper).code == "certificate-expired"
    assert_enriched(leaving(wrapper), "certificate-expired", RuntimeError)
