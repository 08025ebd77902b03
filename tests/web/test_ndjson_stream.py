"""The event stream as NDJSON: the same events by the same law, at a real worker and by curl."""

import asyncio
import json
from typing import Any

import pytest

from hero_router.access.concurrency_limits import ConcurrencyLimit, Limits
from hero_router.feed.batch_builder import SLICE_BYTES
from hero_router.feed.subscribers import SubscriberState
from tests.feed.world import events as numbered
from tests.feed.world import position
from tests.support.hand import Hand
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS
from tests.web.conftest import Act
from tests.web.live import working
from tests.web.stage import Raw, Stage

NDJSON = "Accept: application/x-ndjson\r\n"


async def lines(raw: Raw, number: int) -> list[Any]:
    """At least so many lines."""
    found = b""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while found.count(b"\n") < number:
            data = await raw.chunk() if raw.chunked else await raw.reader.read(65_536)
            assert data, "the stream ended"
            found += data
    return [json.loads(line) for line in found.splitlines()]


def test_clients_of_both_formats_get_the_same_events(act: Act) -> None:
    async def scene(made: Stage) -> None:
        plain = await made.connect()
        raw, older = [await made.connect(fields=NDJSON, version=each) for each in ("1.1", "1.0")]
        older.chunked = False
        assert "Content-Type: application/x-ndjson; charset=utf-8" in raw.head
        assert "Vary: Accept" in raw.head
        made.publish(6, 8)
        made.hub.publish(numbered(9, 12))
        messages = await plain.messages(8)
        assert [each.event for each in messages][:2] == ["hello", "service_updated"]
        for client in (raw, older):
            told = await lines(client, 8)
            assert [(each["id"], each["event"], each["data"]) for each in told][1:] == [
                (each.last_id, each.event, json.loads(each.data)) for each in messages[1:]
            ]
            assert told[0]["event"] == "hello"
            assert told[0]["retry_ms"] > 0
        made.hub.close()
        (last,) = await lines(raw, 1)
        assert (last["event"], last["retry_ms"] > 0) == ("retry", True)
        assert await raw.chunk() == b""

    act(scene)


def test_a_client_resumes_after_its_position_or_learns_its_gap(act: Act) -> None:
    async def scene(made: Stage) -> None:
        header = f"Last-Event-ID: {position(3)}\r\n"
        by_header = await made.connect(fields=NDJSON + header)
        by_query = await made.connect(f"/api/events?after={position(3)}", fields=NDJSON)
        for raw in (by_header, by_query):
            told = await lines(raw, 3)
            assert [each["id"] for each in told[1:]] == [str(position(4)), str(position(5))]
        told = await lines(await made.connect("/api/events?after=junk", fields=NDJSON), 7)
        assert [each["event"] for each in told][:2] == ["hello", "resync"]
        assert (told[0]["id"], told[1]["data"]["dropped"]) == (None, None)
        assert [each["id"] for each in told[2:]] == [str(position(seq)) for seq in range(1, 6)]

    act(scene)


def test_a_client_that_stops_reading_holds_one_slice_and_gets_all_whole_later(act: Act) -> None:
    async def scene(made: Stage) -> None:
        raw = await made.connect(fields=NDJSON)
        raw.writer.transport.pause_reading()  # type: ignore[attr-defined] # it is one that reads
        seq = 5
        while not made.hub.subscribers.count(SubscriberState.BLOCKED):
            made.hub.publish(numbered(seq + 1, seq + 32, pad=10_000))
            seq += 32
            assert seq < 20_000
        blocked = next(iter(made.hub.subscribers))
        assert 0 < blocked.sink.buffered() <= SLICE_BYTES + 1024
        raw.writer.transport.resume_reading()  # type: ignore[attr-defined]
        told = await lines(raw, seq - 4)
        assert [each["id"] for each in told[1:]] == [
            str(position(each)) for each in range(6, seq + 1)
        ]

    act(scene)


async def test_curl_prints_the_events_line_by_line(redis7: RedisServer, hand: Hand) -> None:
    async with working(redis7.url) as live:
        process = await asyncio.create_subprocess_exec(
            "curl", "-sN", "-H", "Accept: application/x-ndjson",
            f"{live.url}/api/events?types=status_change,service_updated&service=a",
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                hello = json.loads(await process.stdout.readline())
                await hand.change("b")
                place = await hand.change("a")
                told = json.loads(await process.stdout.readline())
        finally:
            process.kill()
            await process.wait()
    assert hello["event"] == "hello"
    assert (told["id"], told["data"]["service"]["name"]) == (str(place), "a")


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "text/event-stream"),
        ("application/*", "application/x-ndjson"),
        ("text/event-stream;q=0.5, application/x-ndjson", "application/x-ndjson"),
        ("application/x-ndjson, text/event-stream", "text/event-stream"),
    ],
)
def test_the_client_chooses_the_format(act: Act, accept: str, media_type: str) -> None:
    async def scene(made: Stage) -> None:
        raw = await made.connect(fields=f"Accept: {accept}\r\n")
        assert f"Content-Type: {media_type}; charset=utf-8" in raw.head

    act(scene)


def test_one_stream_too_many_ends_with_a_line_that_names_a_later_time(act: Act) -> None:
    async def scene(made: Stage) -> None:
        full = ConcurrencyLimit(Limits(1, 1))
        assert full.take("127.0.0.2")
        made.connections.quota = full
        raw = await made.connect(fields=NDJSON)
        (told,) = await lines(raw, 1)
        assert told["event"] == "retry"
        assert told["retry_ms"] >= 30_000

    act(scene)
