"""A kept connection between two answers: what the first leaves behind does not reach the second."""

import asyncio
from typing import Any

import pytest

from hero_router.upstream.answer_head_check import Field
from hero_router.upstream.connection import UpstreamConnection
from hero_router.upstream.safe_connect import NoResponse

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Wire(asyncio.Transport):
    """A transport that only notes what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.reads, self.closed = True, False

    def write(self, data: Any) -> None:
        """Drop it."""

    def is_closing(self) -> bool:
        """Whether it was given up."""
        return self.closed

    def pause_reading(self) -> None:
        """Note it."""
        self.reads = False

    def resume_reading(self) -> None:
        """Note it."""
        self.reads = True

    def abort(self) -> None:
        """Note it."""
        self.closed = True


class SlowClient:
    """Takes an answer, and wants to read nothing more each time that it got some."""

    def __init__(self, connection: UpstreamConnection) -> None:
        self.connection = connection
        self.body, self.ends, self.error = b"", 0, ""

    def informed(self, status: int, reason: bytes, fields: list[Field]) -> None:
        """Interim answers are not looked at."""

    def began(self, status: int, reason: bytes, fields: list[Field]) -> None:
        """The head is not looked at."""

    def received(self, data: bytes) -> None:
        """Keep it."""
        self.body += data

    def flush(self) -> None:
        """It is slow."""
        self.connection.pause_reading()

    def ended(self, trailers: list[Field]) -> None:
        """Count the ends."""
        assert not trailers
        self.ends += 1

    def upgraded(self, data: bytes) -> None:
        """Never."""

    def failed(self, error: NoResponse) -> None:
        """Note why."""
        self.error = str(error)


@pytest.fixture
def idle() -> list[UpstreamConnection]:
    return []


@pytest.fixture
def connection(idle: list[UpstreamConnection]) -> UpstreamConnection:
    made = UpstreamConnection(idle.append, lambda _: None)
    made.connection_made(Wire())
    return made


def asked(connection: UpstreamConnection, method: str = "GET") -> SlowClient:
    client = SlowClient(connection)
    connection.send(method, b"", client)
    return client


def wire(connection: UpstreamConnection) -> Wire:
    assert isinstance(connection.transport, Wire)
    return connection.transport


def test_a_connection_reads_again_after_an_answer_to_a_slow_client(
    connection: UpstreamConnection, idle: list[UpstreamConnection]
) -> None:
    client = asked(connection)
    connection.data_received(OK[:-1])
    assert not wire(connection).reads
    connection.data_received(OK[-1:])
    assert (client.body, client.ends) == (b"ok", 1)
    assert wire(connection).reads
    assert idle == [connection]


@pytest.mark.parametrize("more", [OK, b"x", b"\x00", b"HTTP/1.1 101 Yes\r\nUpgrade: t\r\n\r\n"])
def test_more_than_an_answer_makes_it_useless_but_spoils_no_answer(
    connection: UpstreamConnection, idle: list[UpstreamConnection], more: bytes
) -> None:
    client = asked(connection)
    connection.data_received(OK + more)
    assert (client.body, client.ends, client.error) == (b"ok", 1, "")
    assert wire(connection).closed
    assert not idle


@pytest.mark.parametrize(
    ("method", "answer", "is_kept"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", True),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n", False),
        ("GET", OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n"), False),
        ("GET", OK.replace(b"1.1", b"1.0"), False),
        ("GET", b"HTTP/1.1 204 No\r\n\r\n", True),
    ],
)
def test_it_is_kept_as_the_service_says(
    connection: UpstreamConnection,
    idle: list[UpstreamConnection],
    method: str,
    answer: bytes,
    is_kept: bool,
) -> None:
    client = asked(connection, method)
    connection.data_received(answer)
    assert client.ends == 1
    assert (idle == [connection]) == is_kept
    assert wire(connection).closed != is_kept


def test_an_answer_that_ends_with_the_connection_ends_an_upload(
    connection: UpstreamConnection,
) -> None:
    """A service that reads no more of it could else keep the connection for ever."""
    client = SlowClient(connection)
    connection.send("PUT", b"", client, has_body=True)
    connection.data_received(b"HTTP/1.1 200 OK\r\n\r\nok")
    connection.eof_received()
    assert (client.body, client.ends, client.error) == (b"ok", 1, "")
    assert wire(connection).closed
