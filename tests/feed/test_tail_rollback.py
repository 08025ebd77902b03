"""The tail when Redis has lost events that it had read, while its process goes on."""

import pytest

from hero_router.feed import audit
from tests.feed.stream import WINDOW, MemoryStream, Scene, balances, resyncs
from tests.feed.world import FakeSink, position


@pytest.fixture
def scene() -> Scene:
    return Scene(MemoryStream(WINDOW))


async def test_a_stream_that_went_back_is_noticed_and_told_though_redis_says_nothing(
    scene: Scene,
) -> None:
    """The next events get other positions only if their writer knows of the lost ones."""
    scene.stream.publish(5)
    await scene.tail.load()
    sink = scene.subscribe()
    scene.stream.go_back(3)
    assert await scene.follow()
    assert scene.feed.ring.head == position(3)
    assert (resyncs(sink), sink.seqs()) == ([(None, "store_changed")], [1, 2, 3])
    scene.stream.publish(3)
    assert not await scene.follow()
    assert sink.seqs() == [1, 2, 3, 4, 5, 6]
    balances(scene)


async def test_other_events_at_the_positions_of_lost_ones_are_told_by_the_next_load(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """A reading that goes on passes over them; a client that is slow is told when it reads on."""
    scene.stream.at = 1_000
    scene.stream.publish(5)
    await scene.tail.load()
    sink, slow = scene.subscribe(), FakeSink()
    blocked = scene.feed.hub.subscribe(slow, None, "slow")
    scene.stream.go_back(3)
    scene.stream.at = 2_000
    scene.stream.publish(3)
    slow.stalled = True
    assert not await scene.follow()
    assert (resyncs(sink), sink.seqs()) == ([], [6])
    await scene.tail.load()
    assert (resyncs(sink), sink.seqs()) == ([(None, "store_changed")], [6, 1, 2, 3, 4, 5, 6])
    assert "Redis has lost sent events" in caplog.text
    slow.stalled = False
    slow.take()
    scene.feed.hub.writable(blocked)
    assert (resyncs(slow), slow.seqs()) == ([(None, "store_changed")], [6, 1, 2, 3, 4, 5, 6])
    assert scene.services() == scene.stream.services
    balances(scene)
    await scene.tail.load()
    assert len(resyncs(sink)) == 1


async def test_lost_events_are_told_once_more_as_another_worker_may_not_have_noticed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "AGAIN_SECONDS", 0.0)
    scene.stream.publish(5)
    await scene.tail.load()
    sink = scene.subscribe()
    scene.stream.go_back(3)
    await scene.tail.load()
    assert await scene.tail._audit_if_due()
    assert resyncs(sink) == [(None, "store_changed")] * 2
