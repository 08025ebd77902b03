"""A worker's feed as a whole: when it is ready, and what ends it."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from hero_router.errors import StoreUnreachable
from hero_router.feed import node_monitor
from hero_router.feed.conditions import NO_SCANNER
from hero_router.feed.feed import Feed, Samples
from hero_router.feed.stream_timing import TICK, StreamTiming
from hero_router.feed.subscribers import SubscriberState
from hero_router.position import Position
from hero_router.store.stream_reader import NodeStatus, StreamStatus
from tests.feed.stream import WINDOW, MemoryStream
from tests.feed.world import FakeSink
from tests.support.wait import PATIENCE_SECONDS, eventually


class NoNodes:
    """`store.stream.NodeReader` where no node ever reported. Set `trouble` to let the call fail."""

    trouble: Exception | None = None

    def __init__(self, stream: MemoryStream) -> None:
        self._stream = stream

    async def list(self) -> Mapping[str, NodeStatus]:
        """See `NodeReader`."""
        if self.trouble is not None:
            raise self.trouble
        return {}

    async def stream_status(self, _first: Position, _most: int) -> StreamStatus:
        """See `NodeReader`: it is the stream that the tail reads."""
        return StreamStatus(self._stream.run_id, self._stream.head_, {})


class Scene:
    """A feed on fakes, as the worker runs it."""

    def __init__(self) -> None:
        self.stream = MemoryStream()
        self.nodes = NoNodes(self.stream)
        stream: Any = self.stream
        nodes: Any = self.nodes
        times = StreamTiming(ping_seconds=1_000, stall_seconds=1_000)
        self.feed = Feed(stream, nodes, window=WINDOW, timing=times, max_delay=0, hello_fields=dict)

    def listen(self) -> FakeSink:
        sink = FakeSink()
        self.feed.hub.subscribe(sink, None, "test")
        return sink


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_a_worker_is_ready_only_while_it_follows(scene: Scene) -> None:
    feed = scene.feed
    scene.stream.trouble = StoreUnreachable("away")
    task = asyncio.create_task(feed.run())
    await eventually(lambda: bool(feed.conditions.current), message="the condition")
    assert not feed.ready
    scene.stream.trouble = None
    await eventually(lambda: feed.ready, message="it follows")
    scene.stream.trouble = StoreUnreachable("away again")
    await eventually(lambda: not feed.ready, message="it is lost")
    scene.stream.trouble = None
    await eventually(lambda: feed.ready, message="it follows again")
    feed.drain()
    assert not feed.ready
    task.cancel()


async def test_a_worker_is_not_ready_before_it_knows_of_the_nodes(scene: Scene) -> None:
    """Else it would vouch for the services of a node whose scanner is gone."""
    scene.nodes.trouble = StoreUnreachable("away")
    task = asyncio.create_task(scene.feed.run())
    started = asyncio.create_task(scene.feed.wait_loaded())
    await eventually(lambda: scene.feed.tail.synced, message="the state is loaded")
    assert not scene.feed.ready
    assert not started.done()
    assert scene.feed.status()["reason"] == "not yet read from Redis"
    scene.nodes.trouble = None
    await asyncio.wait_for(started, PATIENCE_SECONDS)
    assert scene.feed.status()["ready"] is True
    task.cancel()


async def test_a_worker_that_cannot_check_the_nodes_says_so_and_is_ready(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_monitor, "GRACE_SECONDS", 0.0)
    scene.nodes.trouble = StoreUnreachable("away")
    task = asyncio.create_task(scene.feed.run())
    await eventually(lambda: scene.feed.ready, message="the condition is told")
    assert [item.reason for item in scene.feed.conditions.current] == [NO_SCANNER]
    task.cancel()


@pytest.mark.parametrize("part", ["tail", "nodes", "tick"])
async def test_an_unforeseen_error_of_any_part_ends_the_feed(
    scene: Scene, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that no longer follows, or no longer pings, must not go on as if it did."""
    bug = RuntimeError("a bug")

    def fail() -> None:
        raise bug

    if part == "tick":
        monkeypatch.setattr(scene.feed.hub, "tick", fail)
    elif part == "tail":
        scene.stream.trouble = bug
    else:
        scene.nodes.trouble = bug
    with pytest.raises(ExceptionGroup) as failed:
        await asyncio.wait_for(scene.feed.run(), PATIENCE_SECONDS)
    assert failed.value.exceptions == (bug,)


async def test_a_condition_changes_the_state_and_reaches_the_clients(scene: Scene) -> None:
    """The state of the API contains the conditions, so it is another one with them."""
    await scene.feed.tail.load()
    sink, revision = scene.listen(), scene.feed.mirror.revision
    scene.feed.conditions.set("scanner", "n1", "gone")
    assert scene.feed.mirror.revision == revision + 1
    scene.feed.conditions.clear("scanner", "n1")
    assert scene.feed.mirror.revision == revision + 2
    assert sink.names() == ["hello", "stale", "fresh"]


async def test_closing_ends_every_stream_within_its_time(scene: Scene) -> None:
    task = asyncio.create_task(scene.feed.run())
    await eventually(lambda: scene.feed.ready, message="it follows")
    sinks = [scene.listen() for _ in range(20)]
    scene.feed.drain(seconds=4 * TICK)
    assert 0 < scene.feed.hub.subscribers.count(SubscriberState.LIVE) < 20
    await asyncio.wait_for(scene.feed.wait_drained(2 * PATIENCE_SECONDS), PATIENCE_SECONDS)
    assert [sink.calls for sink in sinks] == [["end"]] * 20
    assert all(b"retry: " in sink.raw.split(b"\n\n")[-2] for sink in sinks)
    task.cancel()


async def test_delays_are_taken_once_and_reads_are_kept_until_the_clocks_are_compared(
    scene: Scene,
) -> None:
    feed = scene.feed
    feed.tail.reads.extend([(1_001.5, 1_000_000), (1_002.0, 0), (999.0, 1_000_000)])
    feed.flusher.delays.append(0.25)
    assert feed.take_samples(None) == Samples([], (0.25,))
    assert feed.take_samples(-1.0) == Samples([0.5, 0], ())
    assert feed.take_samples(-1.0) == Samples([], ())


async def test_it_says_how_much_of_the_stream_it_holds(scene: Scene) -> None:
    scene.stream.publish(3)
    await scene.feed.tail.load()
    status = scene.feed.window_status()
    assert (status.events, status.limit, status.full) == (3, WINDOW, False)
    assert status.head == scene.feed.ring.head == scene.feed.mirror.head
