"""Audits: a foreign change of the registry is found and reported to each client in time."""

import json
from typing import Any

import pytest

from hero_router.feed import audit, tail
from hero_router.feed.audit import AGAIN_SECONDS, AUDIT_SECONDS, Schedule
from hero_router.model import Event
from hero_router.position import ORIGIN
from hero_router.store.stream_reader import BLOCK_SECONDS
from tests.feed.stream import WINDOW, MemoryStream, Scene, resyncs
from tests.feed.world import FakeSink, position
from tests.support.wait import eventually

UNKNOWN = (None, "store_changed")


@pytest.fixture
async def scene() -> Scene:
    """A worker at the head of a stream of five events."""
    made = Scene(MemoryStream(WINDOW))
    made.stream.publish(5)
    await made.tail.load()
    return made


def take_one(stream: MemoryStream) -> str:
    """HDEL."""
    key = next(iter(stream.services))
    del stream.services[key]
    return str(key)


def change_one(stream: MemoryStream) -> str:
    """HSET."""
    key = next(iter(stream.services))
    stream.services[key] = {**stream.services[key], "status": "degraded"}
    return str(key)


def is_true(scene: Scene) -> None:
    """The worker shows what Redis holds, and no delivery vanished."""
    assert scene.services() == scene.stream.services
    hub = scene.feed.hub
    assert hub.stats.expected == hub.stats.completed + hub.pending


@pytest.mark.parametrize("harm", [take_one, change_one])
async def test_a_difference_without_an_event_is_put_right_and_reported_to_live_clients(
    scene: Scene, harm: Any, caplog: pytest.LogCaptureFixture
) -> None:
    sink = scene.subscribe()
    harm(scene.stream)
    revision = scene.feed.mirror.revision
    assert await scene.tail.audit()
    assert resyncs(sink) == [UNKNOWN]
    assert sink.messages[-1].last_id == "1000-5", "its position is good: nothing is sent again"
    assert scene.feed.mirror.revision > revision
    assert "1 services differ from the registry in Redis" in caplog.text
    is_true(scene)
    scene.stream.publish()
    assert not await scene.follow()
    assert sink.seqs() == [6]


async def test_an_audit_without_a_difference_sends_nothing(scene: Scene) -> None:
    sink = scene.subscribe()
    for _ in range(3):
        assert await scene.tail.audit()
    assert sink.names() == ["hello"]
    assert scene.feed.mirror.head == position(5)


async def test_events_that_came_meanwhile_are_taken_first_so_both_are_at_one_position(
    scene: Scene,
) -> None:
    sink = scene.subscribe()
    scene.stream.publish(3)
    assert await scene.tail.audit()
    assert (resyncs(sink), sink.seqs()) == ([], [6, 7, 8])
    is_true(scene)


async def test_an_audit_that_meets_a_jump_is_a_new_start(scene: Scene) -> None:
    scene.stream.publish(20)
    assert not await scene.tail.audit()
    scene.stream.go_back(2)
    assert not await scene.tail.audit()


async def test_a_blocked_client_gets_its_resync_when_it_reads_on(scene: Scene) -> None:
    sink = FakeSink()
    client = scene.feed.hub.subscribe(sink, None, "slow")
    sink.stalled = True
    scene.stream.publish()
    assert not await scene.follow()
    scene.feed.flusher.flush()
    assert sink.buffered()
    take_one(scene.stream)
    assert await scene.tail.audit()
    is_true(scene)
    sink.stalled = False
    sink.take()
    scene.feed.hub.writable(client)
    assert resyncs(sink) == [UNKNOWN]
    is_true(scene)


async def test_a_client_that_is_ahead_gets_its_resync_too(scene: Scene) -> None:
    sink = FakeSink()
    scene.feed.hub.subscribe(sink, "1000-7", "from the future")
    take_one(scene.stream)
    assert await scene.tail.audit()
    assert resyncs(sink) == [UNKNOWN]
    is_true(scene)


async def test_a_client_whose_kernel_takes_nothing_is_blocked_and_gets_one_resync(
    scene: Scene,
) -> None:
    sink = FakeSink()
    client = scene.feed.hub.subscribe(sink, None, "test")
    sink.stalled = True
    take_one(scene.stream)
    assert await scene.tail.audit()
    scene.stream.publish()
    assert not await scene.follow()
    scene.feed.flusher.flush()
    assert sink.waiting.count(b"event: ") == 1, "nothing is queued behind it"
    sink.stalled = False
    sink.take()
    scene.feed.hub.writable(client)
    assert (resyncs(sink), sink.seqs()) == ([UNKNOWN], [6])
    is_true(scene)


async def test_a_record_that_is_junk_is_not_shown_and_is_no_difference_for_ever(
    scene: Scene,
) -> None:
    sink = scene.subscribe()
    key = next(iter(scene.stream.services))
    scene.stream.services[key] = {"id": key}
    for _ in range(3):
        assert await scene.tail.audit()
    assert key not in scene.services()
    assert resyncs(sink) == [UNKNOWN]


async def test_a_strangers_event_that_has_no_record_is_put_right(scene: Scene) -> None:
    """It looks like one of ours, but the registry does not hold what it says."""
    sink = scene.subscribe()
    item = {**next(iter(scene.stream.services.values())), "status": "degraded"}
    data = {"service": item}
    scene.stream.add(
        Event(scene.stream.next(), "status_change", "n1", item["id"], data, json.dumps(data))
    )
    assert not await scene.follow()
    assert scene.services() != scene.stream.services
    assert await scene.tail.audit()
    assert resyncs(sink) == [UNKNOWN]
    is_true(scene)


async def test_a_load_at_the_same_position_reports_a_difference_without_an_event(
    scene: Scene,
) -> None:
    """As after a lost connection: the position is good, and the state was not."""
    sink = scene.subscribe()
    take_one(scene.stream)
    scene.stream.publish()
    await scene.tail.load()
    assert resyncs(sink) == [UNKNOWN]
    assert sink.seqs() == [6]
    is_true(scene)
    await scene.tail.load()
    assert resyncs(sink) == [UNKNOWN]


async def test_a_load_after_a_gap_reports_only_the_gap(scene: Scene) -> None:
    sink = scene.subscribe()
    scene.stream.publish(20)
    await scene.tail.load()
    assert resyncs(sink) == [(12, "trimmed")]


async def test_a_running_worker_audits_in_time_and_reports_a_difference_once_more(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some clients may have fetched the state from a worker that had not noticed yet."""
    for name, seconds in (("AUDIT_SECONDS", 0.2), ("AGAIN_SECONDS", 0.5)):
        monkeypatch.setattr(audit, name, seconds)
    scene.tail._audits = Schedule()
    async with scene.running():
        sink = scene.subscribe()
        take_one(scene.stream)
        await eventually(lambda: resyncs(sink), message="it is reported")
        is_true(scene)
        await eventually(lambda: resyncs(sink) == [UNKNOWN] * 2, message="it is reported again")
        loads = scene.stream.loads
        await eventually(lambda: scene.stream.loads > loads + 4, message="audits go on")
        assert resyncs(sink) == [UNKNOWN] * 2


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
def test_audits_are_spread_over_half_of_their_time(jitter: float) -> None:
    clock = Clock()
    schedule = Schedule(clock.read, lambda: jitter)
    clock.now = AUDIT_SECONDS / 2 - 0.1
    early = schedule.due
    clock.now = AUDIT_SECONDS * (0.5 + jitter / 2)
    assert (early, schedule.due) == (False, True)
    assert clock.now <= AUDIT_SECONDS


def test_a_difference_is_reported_again_once_after_every_worker_has_audited() -> None:
    clock = Clock()
    schedule = Schedule(clock.read)
    schedule.differed()
    clock.now = AUDIT_SECONDS + BLOCK_SECONDS
    assert not schedule.take_repetition(), "another one may still be about to notice"
    clock.now = AGAIN_SECONDS
    assert schedule.take_repetition()
    assert not schedule.take_repetition()


class Clock:
    """Seconds as the test says."""

    def __init__(self) -> None:
        self.now = 0.0

    def read(self) -> float:
        return self.now


async def test_where_there_is_no_stream_an_audit_is_quiet() -> None:
    scene = Scene(MemoryStream(WINDOW))
    await scene.tail.load()
    sink = scene.subscribe()
    assert await scene.tail.audit()
    assert (scene.feed.ring.head, sink.names()) == (ORIGIN, ["hello"])
    assert tail.follows(ORIGIN, [])
