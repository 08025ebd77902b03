"""The tail: follows the stream, notices every jump, and says exactly what was missed."""

import asyncio
import json
import logging
from itertools import pairwise

import pytest

from hero_router.feed import stream_timers
from hero_router.feed import tail as tail_module
from hero_router.feed.tail import follows
from hero_router.model import Event
from hero_router.position import ORIGIN
from tests.feed.stream import EPOCH, WINDOW, MemoryStream, Scene, balances, resyncs
from tests.feed.world import FakeSink, event, events, position
from tests.support.hand import Hand
from tests.support.wait import eventually


@pytest.fixture
def scene() -> Scene:
    return Scene(MemoryStream(WINDOW))


async def test_a_worker_loads_what_there_is_and_sends_new_clients_only_what_comes(
    scene: Scene,
) -> None:
    scene.stream.publish(5)
    await scene.tail.load()
    assert scene.tail.synced
    assert scene.services() == scene.stream.services
    assert scene.feed.mirror.head == scene.feed.ring.head == position(5)
    sink = scene.subscribe()
    scene.stream.publish(2)
    assert not await scene.follow()
    assert sink.seqs() == [6, 7]
    assert scene.services() == scene.stream.services


async def test_a_stream_that_was_never_written_is_no_condition(scene: Scene) -> None:
    await scene.tail.load()
    assert not await scene.follow()
    assert (scene.feed.ring.head, scene.conditions, scene.tail.synced) == (ORIGIN, [], True)
    sink = scene.subscribe()
    scene.stream.publish(2)
    assert not await scene.follow()
    assert sink.names() == ["hello", "service_updated", "service_updated"]


async def test_a_worker_that_trimming_overtook_sends_every_client_one_resync_with_its_exact_gap(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.stream.publish(5)
    await scene.tail.load()
    sinks = [scene.subscribe() for _ in range(3)]
    scene.stream.publish(20)
    with caplog.at_level(logging.WARNING):
        assert await scene.follow()
    for sink in sinks:
        assert resyncs(sink) == [(12, "trimmed")]
        assert sink.seqs() == list(range(18, 26))
    assert caplog.text.count("missed 12 events (trimmed)") == 3
    assert scene.services() == scene.stream.services


async def test_a_worker_that_was_only_slow_reports_no_gap(scene: Scene) -> None:
    await scene.tail.load()
    sink = scene.subscribe()
    scene.stream.publish(WINDOW)
    assert not await scene.follow()
    assert (resyncs(sink), sink.seqs()) == ([], list(range(1, WINDOW + 1)))


@pytest.mark.parametrize("step", ["poll", "audit"])
async def test_on_a_busy_stream_a_position_that_redis_never_had_is_told_as_unknown(
    scene: Scene, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No read is empty there: each one that reaches the head confirms the newest position."""
    monkeypatch.setattr(stream_timers, "AHEAD_SECONDS", 0.0)
    scene.stream.publish(5)
    await scene.tail.load()
    sink = FakeSink()
    scene.feed.hub.subscribe(sink, "1000-99", "test")
    scene.feed.hub.tick()
    assert resyncs(sink) == []
    scene.stream.publish()
    assert await getattr(scene.tail, step)()
    scene.feed.hub.tick()
    assert resyncs(sink) == [(None, "unknown_position")]
    assert sink.seqs() == [1, 2, 3, 4, 5, 6]


async def test_a_read_that_does_not_reach_the_head_says_nothing_of_a_position_ahead(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_timers, "AHEAD_SECONDS", 0.0)
    monkeypatch.setattr(tail_module, "READ_BATCH", 2)
    await scene.tail.load()
    sink = FakeSink()
    scene.feed.hub.subscribe(sink, "1000-3", "test")
    scene.stream.publish(2)
    assert not await scene.follow()
    scene.feed.hub.tick()
    scene.stream.publish(2)
    assert not await scene.follow()
    assert (resyncs(sink), sink.seqs()) == ([], [4])


async def test_more_events_at_once_than_a_worker_keeps_all_reach_its_clients() -> None:
    """As where the scanner keeps a larger window than this worker."""
    scene = Scene(MemoryStream(100), window=8)
    await scene.tail.load()
    sink = scene.subscribe()
    scene.stream.publish(100)
    assert not await scene.follow()
    assert (resyncs(sink), sink.seqs()) == ([], list(range(1, 101)))


async def test_a_new_epoch_is_a_gap_of_unknown_size(scene: Scene) -> None:
    scene.stream.publish(5)
    await scene.tail.load()
    sink = scene.subscribe()
    scene.stream.vanish()
    scene.stream.publish(2, epoch=EPOCH + 1)
    assert await scene.follow()
    assert resyncs(sink) == [(None, "store_changed")]
    assert [each.last_id for each in sink.messages[-2:]] == ["1001-1", "1001-2"]
    assert scene.services() == scene.stream.services


async def test_while_the_stream_is_gone_clients_wait_and_get_the_reason(scene: Scene) -> None:
    scene.stream.publish(5)
    await scene.tail.load()
    sink = scene.subscribe()
    scene.stream.vanish()
    assert await scene.follow()
    assert not await scene.follow()
    assert scene.conditions == ["the stream of events is gone from Redis"]
    assert sink.names() == ["hello", "stale"]
    stale = json.loads(sink.messages[-1].data)
    assert (stale["reason"], stale["node"]) == ("redis", None)
    scene.stream.publish(1, epoch=EPOCH + 1)
    assert not await scene.follow()
    assert scene.conditions == []
    assert sorted(sink.names()[2:4]) == ["fresh", "resync"]
    assert resyncs(sink) == [(None, "store_changed")]
    assert sink.messages[-1].last_id == "1001-1"


async def test_another_process_that_is_behind_may_still_be_reading_what_was_sent(
    scene: Scene,
) -> None:
    """As a replica that is promoted: its own next event begins a new epoch."""
    scene.stream.publish(5)
    await scene.tail.load()
    sink = scene.subscribe()
    lost = scene.stream.events[3:]
    scene.stream.go_back(3)
    scene.stream.run_id = "b" * 40
    await scene.tail.load()
    assert resyncs(sink) == []
    for each in lost:
        scene.stream.add(each)
    scene.stream.publish()
    assert not await scene.follow()
    assert (resyncs(sink), sink.seqs()) == ([], [6])
    balances(scene)


async def test_a_stream_trimmed_to_nothing_by_a_foreign_hand_is_a_gap(scene: Scene) -> None:
    """Redis says nothing of it: the stream is empty, and its last id lies ahead."""
    scene.stream.publish(5)
    await scene.tail.load()
    sink = scene.subscribe()
    scene.stream.publish(2)
    scene.stream.events = []
    assert await scene.follow()
    assert scene.feed.ring.head == position(7)
    assert resyncs(sink) == [(2, "trimmed")]
    assert scene.services() == scene.stream.services
    assert not await scene.follow()


async def test_events_that_come_between_two_questions_are_no_jump(scene: Scene) -> None:
    scene.stream.publish(5)
    await scene.tail.load()
    sink = scene.subscribe()
    ask = scene.stream.head

    async def publish_and_ask() -> object:
        scene.stream.publish(1)
        return await ask()

    scene.stream.head = publish_and_ask
    assert not await scene.follow()
    assert not await scene.follow()
    assert (resyncs(sink), sink.seqs()) == ([], [6])


async def test_foreign_entries_are_counted_and_keep_their_position(scene: Scene) -> None:
    await scene.tail.load()
    sink = scene.subscribe()
    scene.stream.publish()
    scene.stream.add(Event(scene.stream.next(), None, "", "", {}, "{}"))
    scene.stream.publish()
    assert not await scene.follow()
    assert scene.tail.invalid_entries == 1
    sent = [(each.event, each.last_id) for each in sink.messages[1:]]
    updated = "service_updated"
    assert sent == [(updated, "1000-1"), ("ping", "1000-2"), (updated, "1000-3")]


@pytest.mark.parametrize("overtaken", [False, True])
async def test_a_scan_reply_is_delivered_from_the_stream_and_from_a_loaded_window(
    scene: Scene, overtaken: bool
) -> None:
    scene.stream.publish(3)
    await scene.tail.load()
    scene.feed.scan_replies.expect("r1")
    scene.stream.publish(20 if overtaken else 0)
    data = {"requests": ["r1"], "discovered": 4}
    scene.stream.add(Event(scene.stream.next(), "scan", "n1", "", data, json.dumps(data)))
    assert await scene.follow() is overtaken
    assert await scene.feed.scan_replies.collect("r1", ["n1"], 0.1) == {"n1": data}


async def test_a_worker_that_is_overtaken_all_the_time_does_not_load_all_the_time(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail_module, "RELOAD_SECONDS", 0.2)
    load, loop, times = scene.stream.load, asyncio.get_running_loop(), list[float]()

    async def load_and_be_overtaken() -> object:
        times.append(loop.time())
        found = await load()
        scene.stream.publish(2 * WINDOW)
        return found

    scene.stream.load = load_and_be_overtaken
    async with scene.running():
        await eventually(lambda: len(times) >= 4, message="four loads")
    assert all(later - earlier >= 0.1 for earlier, later in pairwise(times))


def test_events_follow_only_without_a_jump() -> None:
    assert follows(position(5), events(6, 9))
    assert not follows(position(5), events(7, 9))
    assert not follows(position(5), [event(6), event(8)])
    assert not follows(position(5), [event(6), event(6)])
    assert not follows(position(5), [event(5)])


def test_a_new_epoch_is_a_jump_unless_nothing_was_there_before() -> None:
    """Only the whole window can tell whether events of the old epoch were trimmed."""
    assert not follows(position(5), [event(1, epoch=2_000)])
    assert not follows(position(5), [event(6), event(1, epoch=2_000)])
    assert follows(ORIGIN, [event(1), event(2)])
    assert not follows(ORIGIN, [event(2)])
    assert not follows(ORIGIN, [event(1), event(1, epoch=2_000)])


async def test_a_real_redis_trims_in_silence_and_the_gap_is_exact_all_the_same(
    on_redis: tuple[Scene, Hand],
) -> None:
    scene, hand = on_redis
    await scene.tail.load()
    sink = scene.subscribe()
    seen = scene.feed.ring.head
    last = await hand.changes("s1", 100)
    assert await scene.follow()
    assert resyncs(sink) == [(100 - WINDOW, "trimmed")]
    assert sink.seqs() == list(range(last.seq - WINDOW + 1, last.seq + 1))
    assert last.seq == seen.seq + 100
    truth = await hand.statuses()
    assert {key: item["status"] for key, item in scene.services().items()} == truth
