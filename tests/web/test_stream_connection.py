"""A stream's connection after aiohttp has let go of it: on both event loops, with real sockets.

These tests also hold that a new aiohttp still lets its transports be taken over.
"""

import asyncio
import gc
import os
import ssl
import stat
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from hero_router.feed.batch_builder import SLICE_BYTES
from hero_router.feed.subscribers import Subscriber, SubscriberState
from hero_router.sse import Message
from hero_router.web.stream_connection import MAX_STRAY_BYTES, Chunks, Connection
from tests.feed.world import events as numbered
from tests.feed.world import position
from tests.support.certificates import certificate
from tests.support.wait import eventually
from tests.web.conftest import Act
from tests.web.stage import Stage


def handlers() -> list[RequestHandler]:
    """What is left of aiohttp's side of any connection."""
    gc.collect()
    return [each for each in gc.get_objects() if isinstance(each, RequestHandler)]


def test_a_stream_is_one_chunked_answer_and_aiohttp_has_forgotten_it(act: Act) -> None:
    others = handlers()

    async def scene(made: Stage) -> None:
        raw = await made.connect()
        assert "Transfer-Encoding: chunked" in raw.head
        assert "X-Request-Id" in raw.head
        assert "Content-Security-Policy" in raw.head
        hello = (await raw.messages(1))[0]
        assert (hello.event, hello.last_id) == ("hello", str(position(5)))
        await eventually(
            lambda: all(any(each is other for other in others) for each in handlers()),
            message="aiohttp holds nothing for it",
        )
        made.publish(6, 7)
        assert [each.last_id for each in await raw.messages(2)] == [
            str(position(seq)) for seq in (6, 7)
        ]

    act(scene)


def test_slices_that_are_sent_in_turns_are_framed_once() -> None:
    chunks, slices = Chunks(), [bytes([number]) * 20 for number in range(Chunks.MAX_CACHED)]
    first = [chunks([data]).parts[0] for data in slices]
    assert first == [b"14\r\n" + data + b"\r\n" for data in slices]
    again = chunks(slices)
    assert all(part is chunk for part, chunk in zip(again.parts, first, strict=True))
    assert again.size == sum(map(len, first))
    assert chunks(slices) is again


def test_no_slice_is_taken_for_another_however_many_there_are() -> None:
    chunks = Chunks()
    for number in range(1000):
        framed = chunks([b"%d" % number])
        assert framed.parts == (b"%x\r\n%d\r\n" % (len(str(number)), number),)


def test_http_1_0_gets_the_same_without_chunks(act: Act) -> None:
    async def scene(made: Stage) -> None:
        raw = await made.connect(version="1.0")
        raw.chunked = False
        assert "chunked" not in raw.head
        made.publish(6, 6)
        assert [each.event for each in await raw.messages(2)] == ["hello", "service_updated"]
        made.hub.close()
        assert (await raw.reader.read()).startswith(b"retry: ")

    act(scene)


def test_a_client_that_leaves_is_forgotten_whichever_way_it_goes(act: Act) -> None:
    async def scene(made: Stage) -> None:
        closed, half_closed, reset = [await made.connect() for _ in range(3)]
        closed.writer.close()
        await made.left(2)
        half_closed.writer.write_eof()
        await made.left(1)
        reset.reset()
        await made.left(0)
        assert made.hub.stats.closed == {"left": 3}
        await made.connections.wait_closed(1)

    act(scene)


def test_what_a_client_sends_into_its_stream_is_read_over_and_too_much_ends_it(act: Act) -> None:
    async def scene(made: Stage) -> None:
        raw = await made.connect()
        await raw.messages(1)
        raw.send(b"GET /secret HTTP/1.1\r\nHost: x\r\n\r\n" * 10)
        made.publish(6, 6)
        assert [each.event for each in await raw.messages(1)] == ["service_updated"]
        raw.send(b"x" * (MAX_STRAY_BYTES + 1))
        await made.left(0)

    act(scene)


def test_a_worker_that_ends_finishes_each_answer_cleanly(act: Act) -> None:
    async def scene(made: Stage) -> None:
        raw = await made.connect()
        await raw.messages(1)
        made.hub.close()
        assert (await raw.chunk()).startswith(b"retry: ")
        assert await raw.chunk() == b""
        assert await raw.reader.read() == b""
        await made.connections.wait_closed(2)
        assert made.hub.stats.closed == {"shutdown": 1}

    act(scene)


def test_a_client_that_stops_reading_is_blocked_with_little_and_catches_up_to_the_last(
    act: Act,
) -> None:
    async def scene(made: Stage) -> None:
        raw = await made.connect()
        await raw.messages(1)
        raw.writer.transport.pause_reading()  # type: ignore[attr-defined] # it is one that reads
        seq = 5
        while not made.hub.subscribers.count(SubscriberState.BLOCKED):
            made.publish(seq + 1, seq + 1, pad=60_000)
            seq += 1
            await asyncio.sleep(0)
            assert seq < 2_000
        blocked = next(iter(made.hub.subscribers))
        held = blocked.sink.buffered()
        made.publish(seq + 1, seq + 20, pad=60_000)
        assert blocked.sink.buffered() <= held <= 64 * 1024 + 16
        raw.writer.transport.resume_reading()  # type: ignore[attr-defined]
        found = list[Message]()
        while not found or found[-1].last_id != str(position(seq + 20)):
            found += await raw.messages(1)
        assert [each.event for each in found if each.event == "resync"] == []
        places = [int(each.last_id.partition("-")[2]) for each in found]
        assert places == list(range(6, seq + 21))

    act(scene)


def test_of_a_burst_a_client_that_does_not_read_holds_one_slice_and_gets_all_of_it_later(
    act: Act,
) -> None:
    async def scene(made: Stage) -> None:
        raw = await made.connect()
        raw.writer.transport.pause_reading()  # type: ignore[attr-defined] # it is one that reads
        seq = 5
        while not made.hub.subscribers.count(SubscriberState.BLOCKED):
            made.hub.publish(numbered(seq + 1, seq + 32, pad=10_000))
            seq += 32
            assert seq < 20_000
        blocked = next(iter(made.hub.subscribers))
        assert 0 < blocked.sink.buffered() <= SLICE_BYTES + 16
        assert blocked.cursor < position(seq), "it is not taken for one that has all"
        raw.writer.transport.resume_reading()  # type: ignore[attr-defined]
        found = list[Message]()
        while not found or found[-1].last_id != str(position(seq)):
            found += await raw.messages(1)
        places = [int(each.last_id.partition("-")[2]) for each in found if each.event != "hello"]
        assert places == list(range(6, seq + 1))

    act(scene)


def test_a_socket_stays_open_until_the_hub_has_forgotten_its_client(act: Act) -> None:
    """The hub's bytes go to the socket's number: they would reach whoever got that number next."""

    async def scene(made: Stage) -> None:
        leave, lost = made.hub.unsubscribe, list[bool]()

        def noting(subscriber: Subscriber) -> None:
            assert isinstance(subscriber.sink, Connection)
            lost.append(stat.S_ISSOCK(os.fstat(subscriber.sink._descriptor or -1).st_mode))
            leave(subscriber)

        made.hub.unsubscribe = noting  # type: ignore[method-assign] # to look over its shoulder
        leaving, reset, dropped, ended = [await made.connect() for _ in range(4)]
        leaving.writer.close()
        await made.left(3)
        reset.reset()
        await made.left(2)
        dropped.send(b"x" * (MAX_STRAY_BYTES + 1))
        await made.left(1)
        made.hub.close()
        await ended.reader.read()
        await eventually(lambda: lost == [True] * 4, message="all four are told")

    act(scene)


def test_a_reset_that_only_a_write_finds_ends_that_stream_alone(act: Act) -> None:
    async def scene(made: Stage) -> None:
        gone, other = await made.connect(), await made.connect()
        gone.reset()
        for seq in range(6, 26):  # in this very moment, before any loop has heard of the reset
            made.publish(seq, seq)
        await made.left(1)
        assert len(await other.messages(21)) == 21
        assert made.hub.stats.closed == {"left": 1}

    act(scene)


def test_an_encrypted_stream_is_written_by_its_transport_alone(act: Act, tmp_path: Path) -> None:
    shown = certificate(tmp_path, "router")
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(shown.file, shown.key)

    async def scene(made: Stage) -> None:
        site = web.TCPSite(made.runner, "127.0.0.1", 0, ssl_context=server)
        await site.start()
        made.port = made.runner.addresses[-1][1]
        raw = await made.connect(tls=ssl.create_default_context(cafile=str(shown.file)))
        made.publish(6, 40, pad=20_000)
        found = await raw.messages(36)
        assert [each.last_id for each in found] == [str(position(seq)) for seq in range(5, 41)]

    act(scene)


def test_head_gets_the_same_head_and_no_stream(act: Act) -> None:
    async def scene(made: Stage) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", made.port)
        writer.write(b"HEAD /api/events HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await reader.read()
        assert head.startswith(b"HTTP/1.1 200")
        assert b"text/event-stream" in head
        assert head.endswith(b"\r\n\r\n")
        writer.close()
        assert len(made.hub.subscribers) == 0

    act(scene)


@pytest.mark.parametrize(
    "wish", ["types=nothing", "conflate=true", "conflate=", "types=status_change&conflate=1"]
)
def test_a_wish_that_means_nothing_is_refused_in_words(act: Act, wish: str) -> None:
    async def scene(made: Stage) -> None:
        raw = await made.connect(f"/api/events?{wish}")
        assert raw.head.startswith("HTTP/1.1 400")
        assert len(made.hub.subscribers) == 0

    act(scene)
