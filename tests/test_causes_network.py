"""No connection at all: real refusals, timeouts and names that do not resolve."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from support.asking import WAYS, failed, primary


if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def full() -> Iterator[int]:
    """The port of a listener whose queue is full, so that a connection request gets no answer."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        yield port
        for each in waiting:
            each.close()


@pytest.mark.scenario("name-resolution-failed")
@pytest.mark.parametrize("way", WAYS)
def test_a_name_that_nobody_knows(way: str) -> None:
    """The resolver's error names the host, and nothing was connected to."""
    report = failed("https://nowhere.example/", way)
    assert primary(report) == "name-resolution-failed confirmed network"
    assert report.primary
    assert "nowhere.example" in report.primary.headline
    assert report.connections == 0


@pytest.mark.scenario("connection-refused")
@pytest.mark.parametrize("way", WAYS)
def test_a_port_without_a_listener(way: str) -> None:
    """The refusal names host and port."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        report = failed(f"https://localhost:{port}/", way)
    assert primary(report) == "connection-refused confirmed network"
    assert report.primary
    assert f"localhost:{port}" in report.primary.headline


@pytest.mark.scenario("connect-timeout")
@pytest.mark.parametrize("way", WAYS)
def test_a_connection_request_without_an_answer(way: str, full: int) -> None:
    """A timeout before there is a connection is told from one in the handshake."""
    report = failed(f"https://127.0.0.1:{full}/", way, timeout=0.5)
    assert primary(report) == "connect-timeout confirmed network"
    assert report.connections == 0
