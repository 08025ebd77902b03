"""Bytes that the kernel does not take at once: nothing overtakes them, on real sockets.

An event that is written past them lies in the middle of another frame: the body's chunks are broken
then, and an `id` may lie in torn bytes.
"""

import errno
import json
import os
import select
import socket
from collections.abc import Callable, Sequence

import pytest
from aiohttp import web

from hero_router.feed.conditions import Condition
from hero_router.feed.subscribers import SubscriberState
from hero_router.sse import Message
from hero_router.web import stream_connection
from tests.feed.world import position
from tests.support.wait import PATIENCE_SECONDS
from tests.web.conftest import Act
from tests.web.stage import LARGE_BYTES, Raw, Stage

SMALL = 16 * 1024
"""A client's receive buffer: with the server's own a few hundred kilobytes are on their way."""


def lost(number: int, size: int) -> tuple[Condition, ...]:
    """So many nodes are lost at once, each told in so many bytes."""
    return tuple(Condition("scanner", f"n{each}", each, "x" * size) for each in range(number))


async def until(raw: Raw, seq: int) -> Sequence[Message]:
    """All messages up to an event; each chunk's data is JSON, or the body is torn."""
    found = list[Message]()
    while not found or found[-1].last_id != str(position(seq)) or found[-1].event == "ping":
        found += await raw.messages(1)
    for message in found:
        json.loads(message.data)
    return found


def seqs(messages: Sequence[Message]) -> list[int]:
    return [
        int(each.last_id.partition("-")[2]) for each in messages if each.event == "service_updated"
    ]


@pytest.mark.parametrize(("number", "size"), [(60, 60_000), (1, 4_000_000)])
def test_an_event_after_doubts_that_do_not_fit_comes_after_them(
    act: Act, number: int, size: int
) -> None:
    async def scene(made: Stage) -> None:
        raw = await made.connect(receive_bytes=SMALL)
        made.hub.send_conditions(lost(number, size))
        assert made.hub.subscribers.count(SubscriberState.BLOCKED) == 1
        made.publish(6, 40)
        found = await until(raw, 40)
        assert [each.event for each in found[: number + 1]] == ["hello", *["stale"] * number]
        assert seqs(found) == list(range(6, 41))

    act(scene)


def test_doubts_that_come_at_the_end_of_a_catch_up_and_do_not_fit_are_whole_too(act: Act) -> None:
    async def scene(made: Stage) -> None:
        raw = await made.connect(receive_bytes=SMALL)
        raw.writer.transport.pause_reading()  # type: ignore[attr-defined] # it is one that reads
        last = 5
        while not made.hub.subscribers.count(SubscriberState.BLOCKED):
            last += 1
            made.publish(last, last, pad=60_000)
            assert last < 2_000
        made.hub.send_conditions(lost(60, 60_000))
        raw.writer.transport.resume_reading()  # type: ignore[attr-defined]
        client = next(iter(made.hub.subscribers))
        found = list(await until(raw, last))
        while sum(each.event == "stale" for each in found) < 60:
            if client.state is SubscriberState.LIVE or not client.sink.buffered():
                made.publish(last + 1, last + 1)
                last += 1
            found += await raw.messages(1)
        made.publish(last + 1, last + 3)
        found += await until(raw, last + 3)
        assert seqs(found) == list(range(6, last + 4))

    act(scene)


def test_a_head_that_still_waits_is_not_overtaken_by_the_first_frame(act: Act) -> None:
    """A client may send its next request before it has read the last answer."""

    async def scene(made: Stage) -> None:
        own = socket.create_server(("127.0.0.1", 0))
        own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL // 4)
        await web.SockSite(made.runner, own).start()
        made.port = own.getsockname()[1]
        raw = await made.open(receive_bytes=SMALL)
        raw.writer.transport.pause_reading()  # type: ignore[attr-defined] # it is one that reads
        read, file = bytearray(), raw.writer.get_extra_info("socket").fileno()

        def read_some() -> None:
            """The kernel has room again."""
            select.select([file], [], [], PATIENCE_SECONDS)
            read.extend(os.read(file, SMALL))

        made.once_large = read_some
        host = b"HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        raw.send(b"GET /large " + host + b"GET /api/events " + host)
        await made.left(1)
        assert made.hub.subscribers.count(SubscriberState.BLOCKED), (
            "the head did not wait: nothing was tried"
        )
        made.publish(6, 8)
        raw.writer.transport.resume_reading()  # type: ignore[attr-defined]
        body = bytes(read).partition(b"\r\n\r\n")[2]
        rest = await raw.reader.readexactly(LARGE_BYTES - len(body))
        assert body + rest == b"x" * LARGE_BYTES
        assert (await raw.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        assert seqs(await until(raw, 8)) == [6, 7, 8]

    act(scene)


@pytest.mark.parametrize("number", [errno.ENOBUFS, errno.EIO])
def test_a_write_that_fails_ends_the_stream_so_that_its_client_comes_back(
    act: Act, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Nobody knows what has gone: going on would lose it in silence."""

    async def scene(made: Stage) -> None:
        raw, other = await made.connect(), await made.connect()
        await raw.messages(1)
        await other.messages(1)
        failing = [True]

        def write(file: int, data: bytes) -> int:
            if failing.pop() if failing else False:
                raise OSError(number, os.strerror(number))
            return os.write(file, data)

        monkeypatch.setattr(stream_connection, "os", Failing(write))
        made.publish(6, 6)
        made.publish(7, 7)
        await made.left(1)
        survivors = [each for each in (raw, other) if not each.reader.at_eof()]
        assert made.hub.stats.closed == {"left": 1}
        assert survivors

    act(scene)


class Failing:
    """The module `os` with another `write`."""

    def __init__(self, write: Callable[[int, bytes], int]) -> None:
        self.write, self.writev = write, os.writev
