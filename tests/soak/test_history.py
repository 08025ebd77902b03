"""What the soak judges by: Redis's own file, and frames as a browser reads them."""

import os
import shutil
from collections.abc import Iterator

import pytest

from hero_router.position import Position
from hero_router.store.client import connect
from hero_router.store.keys import Keys
from hero_router.store.stream_reader import Stream
from tests.soak.aof import ONE_FILE, cut_off, history, mend
from tests.soak.log import Frames
from tests.soak.truth import Event
from tests.support.hand import Hand
from tests.support.redis import RedisServer, redis7_binary

WINDOW = 4


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """One that keeps all history, as the soak's does."""
    durable = ("--appendonly", "yes", "--appendfsync", "always")
    server = RedisServer(redis7_binary(), *durable, *ONE_FILE)
    try:
        yield server.start()
    finally:
        server.close()


async def test_the_file_has_every_event_also_those_that_were_trimmed(redis: RedisServer) -> None:
    """Over a kill too, after which an epoch begins."""
    hand = Hand(redis.url, WINDOW)
    await hand.begin()
    for name in "abcdefg":
        await hand.change(name)
    redis.restart()
    await hand.begin()
    head = await hand.remove("a")
    await hand.close()
    events = list(history(redis.folder))
    assert [event.kind for event in events] == ["service_updated"] * 7 + ["service_removed"]
    assert [event.place.seq for event in events] == [1, 2, 3, 4, 5, 6, 7, 1]
    assert events[-1].place == head
    assert events[-WINDOW:] == await kept(redis)


async def kept(redis: RedisServer) -> list[Event]:
    """The events that the stream holds."""
    client = connect(redis.url, name="truth")
    window = (await Stream(client, Keys()).load()).window
    await client.aclose()
    return [Event(item.position, item.type or "", item.data, item.at) for item in window]


async def test_what_a_loss_of_power_takes_is_known(redis: RedisServer) -> None:
    """Redis mends its file and forgets the last events; they are those that the cut has given."""
    hand = Hand(redis.url, WINDOW)
    await hand.begin(services=5)
    before = list(history(redis.folder))
    redis.kill()
    near = list(cut_off(redis.folder, 1_500))
    redis.start()
    after = list(history(redis.folder))
    assert near == before
    assert 0 < len(after) < len(before)
    assert after == before[: len(after)]
    await hand.close()


@pytest.mark.parametrize("torn", [2, 10, 20, 200])
async def test_a_step_that_a_kill_has_torn_is_never_executed(redis: RedisServer, torn: int) -> None:
    """Not at the next start, and not at the one after it."""
    hand = Hand(redis.url, WINDOW)
    await hand.begin(services=5)
    before = list(history(redis.folder))
    redis.kill()
    (file,) = (redis.folder / "appendonlydir").glob("*.incr.aof")
    os.truncate(file, file.stat().st_size - torn)
    mend(redis.folder)
    assert list(history(redis.folder)) == before[:-1]
    for epoch in (1, 2):
        redis.restart()
        await hand.begin()
        await hand.change("s0")
        assert list(history(redis.folder))[:-epoch] == before[:-1]
        assert await kept(redis) == list(history(redis.folder))[-WINDOW:]
    await hand.close()


async def test_a_history_in_several_files_is_refused(redis: RedisServer) -> None:
    """What was rewritten is gone: to judge by the rest would be to judge by chance."""
    folder = redis.folder / "appendonlydir"
    (first,) = folder.glob("*.incr.aof")
    shutil.copy(first, folder / "appendonly.aof.2.incr.aof")
    with pytest.raises(AssertionError, match="one file"):
        list(history(redis.folder))


def test_a_frame_becomes_an_entry_that_all_logs_share() -> None:
    frames = Frames()
    frame = b'retry: 900\nid: 1-2\nevent: hello\ndata: {"run_id":"x"}'
    entry, retry_ms = frames.read(frame)
    assert entry is not None
    assert (entry.kind, entry.place, entry.data) == ("hello", Position(1, 2), '{"run_id":"x"}')
    assert retry_ms == 900
    assert frames.read(bytes(frame))[0] is entry


def test_a_frame_without_an_event_only_tells_when_to_return() -> None:
    assert Frames().read(b"retry: 250") == (None, 250)


def test_an_id_that_is_no_position_is_refused() -> None:
    with pytest.raises(AssertionError, match="no position"):
        Frames().read(b"id: x\nevent: ping\ndata: {}")
