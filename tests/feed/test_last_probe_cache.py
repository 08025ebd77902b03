"""The live figures: Redis is asked once a second for each service, and nobody waits for it long."""

import asyncio
from typing import Any

import pytest

from hero_router.errors import StoreUnreachable
from hero_router.feed import last_probe_cache
from hero_router.feed.last_probe_cache import FRESH_SECONDS, LastProbeCache
from hero_router.store.keys import Keys
from hero_router.store.stream_reader import NodeReader
from tests.support.fake_redis import fake_redis
from tests.support.wait import eventually


class CountingNodes(NodeReader):
    """Answers with figures when released, or with an error; counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__(fake_redis(), Keys())
        self.asked: list[tuple[str, str]] = []
        self.release = asyncio.Event()
        self.error: Exception | None = None

    async def probe(self, node: str, service: str) -> Any | None:
        """The figures, in time."""
        self.asked.append((node, service))
        await self.release.wait()
        if self.error is not None:
            raise self.error
        return {"checked_at": len(self.asked), "sockets": {}}


class Clock:
    """Monotonic seconds that pass when told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_all_who_look_at_a_service_at_once_share_one_question() -> None:
    nodes = CountingNodes()
    figures = LastProbeCache(nodes, Clock())
    looks = [asyncio.create_task(figures.latest("n1", "s1")) for _ in range(20)]
    other = asyncio.create_task(figures.latest("n2", "s2"))
    await eventually(lambda: len(nodes.asked) == 2, message="nobody asked")
    nodes.release.set()
    assert {(await look or {})["checked_at"] for look in looks} == {2}
    await other
    assert nodes.asked == [("n1", "s1"), ("n2", "s2")]


async def test_the_figures_are_kept_for_a_moment_and_then_read_anew() -> None:
    nodes, clock = CountingNodes(), Clock()
    nodes.release.set()
    figures = LastProbeCache(nodes, clock)
    for passed, asked in ((0.0, 1), (FRESH_SECONDS * 0.9, 1), (FRESH_SECONDS, 2)):
        clock.now = 100.0 + passed
        assert (await figures.latest("n1", "s1") or {})["checked_at"] == asked


async def test_what_nobody_looks_at_any_more_is_dropped() -> None:
    nodes, clock = CountingNodes(), Clock()
    nodes.release.set()
    figures = LastProbeCache(nodes, clock)
    for number in range(50):
        clock.now += FRESH_SECONDS
        await figures.latest("n1", f"s{number}")
    assert len(figures._reads._flights) == 1


async def test_without_redis_there_are_no_figures_and_it_is_not_asked_at_once_again() -> None:
    nodes = CountingNodes()
    nodes.release.set()
    nodes.error = StoreUnreachable("Redis cannot be reached")
    figures = LastProbeCache(nodes, Clock())
    assert [await figures.latest("n1", "s1") for _ in range(5)] == [None] * 5
    assert len(nodes.asked) == 1


async def test_a_redis_that_hangs_holds_nobody_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_probe_cache, "WAIT_SECONDS", 0.02)
    nodes = CountingNodes()
    figures = LastProbeCache(nodes, Clock())
    assert await figures.latest("n1", "s1") is None
    monkeypatch.undo()
    nodes.release.set()
    assert await figures.latest("n1", "s1") is not None


async def test_an_unforeseen_error_is_not_hidden() -> None:
    nodes = CountingNodes()
    nodes.release.set()
    nodes.error = RuntimeError("a bug")
    with pytest.raises(RuntimeError, match="a bug"):
        await LastProbeCache(nodes, Clock()).latest("n1", "s1")
