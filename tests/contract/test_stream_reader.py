"""`Stream`: blocking reads from a position, the head, and a connection that can be dropped."""

import asyncio
import time

import pytest

from hero_router.errors import StoreUnreachable
from hero_router.position import ORIGIN
from hero_router.store import client
from hero_router.store.keys import READ_BATCH
from hero_router.store.stream_reader import Stream
from tests.contract.world import BLOCK_SECONDS, KEYS, WINDOW, Store
from tests.support.records import put
from tests.support.wait import PATIENCE_SECONDS, eventually

LONG_SECONDS = 2 * PATIENCE_SECONDS
"""A read blocks until something happens, however long that takes."""


@pytest.fixture(autouse=True)
def as_patient(patient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for an answer waits longer than a read blocks."""
    monkeypatch.setattr(client, "ANSWER_SECONDS", 2 * LONG_SECONDS)


async def test_reading_gives_what_follows_a_position_in_order(store: Store) -> None:
    grant = await store.grant()
    first = await store.registry.apply(grant, [put("a", 1)])
    await store.registry.apply(grant, [put("a", 2), put("a", 3)])
    events = await store.stream.read(first)
    assert [event.position for event in events] == [first.next(), first.next().next()]
    assert events == list(await store.window())[1:]


async def test_an_empty_stream_is_read_from_the_origin(store: Store) -> None:
    assert await store.stream.read(ORIGIN) == []
    head = await store.registry.apply(await store.grant(), [put()])
    assert [event.position for event in await store.stream.read(ORIGIN)] == [head]


async def test_reading_at_the_head_waits_no_longer_than_it_may(store: Store) -> None:
    head = await store.registry.apply(await store.grant(), [put()])
    started = time.monotonic()
    assert await store.stream.read(head) == []
    assert BLOCK_SECONDS * 0.5 < time.monotonic() - started < PATIENCE_SECONDS


async def test_a_blocked_read_gets_the_event_as_it_happens(store: Store) -> None:
    grant = await store.grant()
    head = await store.registry.apply(grant, [put("a", 1)])
    follower = Stream(store.client(), KEYS, block_seconds=LONG_SECONDS)
    reading = asyncio.create_task(follower.read(head))
    await asyncio.sleep(0)
    await store.registry.apply(grant, [put("a", 2)])
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert [event.position for event in await reading] == [head.next()], "nothing until its end"


async def test_redis_itself_does_not_report_a_gap(store: Store) -> None:
    """The reader must compare positions: a read from a trimmed one starts at the oldest event."""
    grant = await store.grant()
    first = await store.registry.apply(grant, [put("a", 1)])
    await store.registry.apply(grant, [put("a", n) for n in range(2, 3 * WINDOW)])
    events = await store.stream.read(first)
    assert events[0].position.seq == 2 * WINDOW
    assert len(events) == WINDOW


async def test_one_read_is_bounded_and_the_next_goes_on(store: Store) -> None:
    registry = store.writer(window=10_000)
    changes = [put("a", number) for number in range(1, READ_BATCH + 11)]
    await registry.apply(await store.grant(), changes)
    first = await store.stream.read(ORIGIN)
    assert len(first) == READ_BATCH
    second = await store.stream.read(first[-1].position)
    assert [event.position.seq for event in second] == list(range(READ_BATCH + 1, READ_BATCH + 11))


async def test_the_head_survives_that_the_last_entry_was_deleted(store: Store) -> None:
    head = await store.registry.apply(await store.grant(), [put()])
    await store.raw.xdel(KEYS.events, str(head))
    assert await store.stream.head() == head


async def test_a_dropped_connection_is_made_anew_by_the_next_read(real: Store) -> None:
    head = await real.registry.apply(await real.grant(), [put()])
    for _ in range(3):
        await real.stream.disconnect()
        assert await real.stream.head() == head


async def test_a_server_that_dies_under_a_blocked_read_is_noticed(real: Store) -> None:
    head = await real.registry.apply(await real.grant(), [put()])
    follower = Stream(real.client(), KEYS, block_seconds=LONG_SECONDS)
    reading = asyncio.create_task(follower.read(head))

    async def blocked() -> bool:
        return any(item["cmd"] == "xread" for item in await real.raw.client_list())

    await eventually(blocked, message="the read blocks")
    await real.restart()
    with pytest.raises(StoreUnreachable):
        await reading
    assert await real.stream.head() == head
