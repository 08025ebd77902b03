"""Scan requests through Redis: all nodes' answers as one, and no caller gets an older scan's."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

import pytest

from hero_router.errors import ScanTimeout, StoreUnreachable
from hero_router.feed.rescan import ScanCoordinator, summed
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.world import World, record

Answers = Mapping[str, Mapping[str, Any]]
Collect = Callable[[str, Collection[str], float], Awaitable[Answers]]


@pytest.fixture
async def world() -> World:
    """A fresh Redis and a worker that does not run yet."""
    return World()


def patient(world: World) -> ScanCoordinator:
    """It waits for an answer for longer than a test may take."""
    return ScanCoordinator(
        world.feed.mirror, world.feed.scan_replies, world.requests, seconds=10 * PATIENCE_SECONDS
    )


async def test_the_answers_of_all_nodes_are_summed(world: World) -> None:
    await world.add(record("a"), record("b", node="n2"))
    counts = {"discovered": 2, "added": 1, "removed": 0, "changed": 1, "duration_ms": 7}
    async with world.following(), world.scanners(["n1", "n2"], **counts):
        await world.caught_up()
        found = await ScanCoordinator(
            world.feed.mirror, world.feed.scan_replies, world.requests
        ).scan()
    assert found == {
        "discovered": 4,
        "added": 2,
        "removed": 0,
        "changed": 2,
        "duration_ms": 7,
        "nodes": {"n1": counts, "n2": counts},
        "missing": [],
        "conditions": [],
    }
    assert [(item.kind, item.node) for item in world.asked] == [("scan", None)]


async def test_a_node_that_does_not_answer_in_time_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.add(record("a"), record("b", node="n2"))
    async with world.following(), world.scanners(["n1"], discovered=1):
        await world.caught_up()
        monkeypatch.setattr(world.feed.scan_replies, "collect", until_one(world))
        found = await patient(world).scan()
    assert (found["discovered"], found["missing"]) == (1, ["n2"])


def until_one(world: World) -> Collect:
    """The time is over as soon as one node has answered, however long that takes."""
    collect = world.feed.scan_replies.collect

    async def collected(request: str, _: Collection[str], seconds: float) -> Answers:
        return await collect(request, (), seconds)

    return collected


async def test_nobody_waits_for_a_lost_node(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.add(record("a"), record("b", node="n2"))
    async with world.following(), world.scanners(["n1"], discovered=1):
        await world.caught_up()
        await world.lose("n2", monkeypatch)
        found = await asyncio.wait_for(patient(world).scan(), PATIENCE_SECONDS)
    assert found["missing"] == []


async def test_a_first_scanner_that_has_not_yet_reported_is_heard(world: World) -> None:
    async with world.following(), world.scanners(["n1"], discovered=3):
        found = await asyncio.wait_for(patient(world).scan(), PATIENCE_SECONDS)
    assert found["discovered"] == 3


async def test_where_nobody_listens_the_caller_is_told_at_once(world: World) -> None:
    scanning = ScanCoordinator(world.feed.mirror, world.feed.scan_replies, world.requests)
    with pytest.raises(ScanTimeout, match="no scanner is running"):
        await asyncio.wait_for(scanning.scan(), PATIENCE_SECONDS)
    with pytest.raises(ScanTimeout, match="no scanner is running"):
        await asyncio.wait_for(scanning.scan(), PATIENCE_SECONDS)


async def test_where_nobody_answers_the_caller_is_told_after_the_stated_time(world: World) -> None:
    async with world.following(), world.scanners([]):
        with pytest.raises(ScanTimeout, match=r"no scanner answered within 0\.05 s"):
            await ScanCoordinator(
                world.feed.mirror, world.feed.scan_replies, world.requests, seconds=0.05
            ).scan()


async def test_without_redis_the_caller_is_told_so_and_nothing_is_kept(world: World) -> None:
    world.server.connected = False
    scanning = ScanCoordinator(world.feed.mirror, world.feed.scan_replies, world.requests)
    with pytest.raises(StoreUnreachable):
        await scanning.scan()
    assert world.feed.scan_replies._waiting == {}


async def test_calls_that_come_together_are_one_request(world: World) -> None:
    await world.add(record("a"))
    async with world.following(), world.scanners(["n1"], discovered=1):
        scanning = ScanCoordinator(world.feed.mirror, world.feed.scan_replies, world.requests)
        found = await asyncio.gather(*(scanning.scan() for _ in range(10)))
    assert [each["discovered"] for each in found] == [1] * 10
    assert len(world.asked) == 1


async def test_calls_that_come_while_a_scan_is_under_way_share_the_next_one(world: World) -> None:
    """The one under way may have passed their socket already."""
    async with world.following(), world.scanners([]):
        scanning = ScanCoordinator(
            world.feed.mirror, world.feed.scan_replies, world.requests, seconds=0.3
        )
        first = asyncio.create_task(scanning.scan())
        await eventually(lambda: len(world.asked) == 1, message="the first request was not sent")
        later = [asyncio.create_task(scanning.scan()) for _ in range(5)]
        outcomes = await asyncio.gather(first, *later, return_exceptions=True)
        await eventually(lambda: len(world.asked) > 1, message="the second request was not sent")
    assert [type(outcome) for outcome in outcomes] == [ScanTimeout] * 6
    assert len(world.asked) == 2


async def test_callers_that_leave_take_their_request_with_them(world: World) -> None:
    async with world.following(), world.scanners([]):
        scanning = ScanCoordinator(world.feed.mirror, world.feed.scan_replies, world.requests)
        tasks = [asyncio.create_task(scanning.scan()) for _ in range(3)]
        await eventually(lambda: len(world.asked) == 1, message="the request was not sent")
        tasks.append(asyncio.create_task(scanning.scan()))
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await eventually(
            lambda: not world.feed.scan_replies._waiting, message="the request is still waited for"
        )
    async with world.following(), world.scanners(["n1"], discovered=1):
        assert (await asyncio.wait_for(scanning.scan(), PATIENCE_SECONDS))["discovered"] == 1


def test_counts_that_are_not_numbers_count_nothing() -> None:
    junk = {"discovered": "9", "added": None, "removed": [1], "changed": 2.5}
    found = summed({"n1": junk, "n2": {"discovered": 1}}, ["z", "y"])
    assert (found["discovered"], found["added"], found["changed"]) == (1, 0, 0)
    assert found["missing"] == ["y", "z"]


def test_what_scanners_could_not_see_is_told_with_their_nodes() -> None:
    answers: dict[str, dict[str, Any]] = {
        "n2": {"conditions": {"root": "away"}},
        "n1": {"conditions": {"root": "shut", "permission": 5}},
        "older": {"discovered": 1},
        "junk": {"conditions": ["root"]},
    }
    assert summed(answers, [])["conditions"] == [
        {"node": "n1", "reason": "root", "detail": "shut"},
        {"node": "n1", "reason": "permission", "detail": ""},
        {"node": "n2", "reason": "root", "detail": "away"},
    ]
