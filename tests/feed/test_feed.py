"""A worker's feed as a whole: when it is ready, and what ends it."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from hero_router.errors import StoreUnreachable
from hero_router.feed.feed import Feed
from hero_router.feed.subscribers import SubscriberState
from hero_router.feed.timing import TICK, StreamTiming
from hero_router.store.stream import NodeStatus
from tests.feed.stream import WINDOW, MemoryStream
from tests.feed.world import FakeSink
from tests.support.wait import eventually


class NoNodes:
    """`store.stream.NodeReader` where no node ever reported. Set `trouble` to let the call fail."""

    trouble: Exception | None = None

    async def list(self) -> Mapping[str, NodeStatus]:
        """See `NodeReader`."""
        if self.trouble is not None:
            raise self.trouble
        return {}


class Scene:
    """A feed on fakes, as the worker runs it."""

    def __init__(self) -> None:
        self.stream, self.nodes = MemoryStream(), NoNodes()
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
        await asyncio.wait_for(scene.feed.run(), 5)
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
    await asyncio.wait_for(scene.feed.wait_drained(5), 4)
    assert [sink.calls for sink in sinks] == [["end"]] * 20
    assert all(b"retry: " in sink.raw.split(b"\n\n")[-2] for sink in sinks)
    task.cancel()
