"""The lease and the store: who may write, who stands by, and Redis coming and going."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

import pytest

from hero_router.errors import StoreLoading, StoreUnreachable
from hero_router.position import Position
from tests.scan.fakes import MemoryLease
from tests.scan.node import Node
from tests.scan.services import Services, good, http, says, silent
from tests.scan.waiting import holds, until
from tests.support.wait import PATIENCE_SECONDS


@pytest.mark.usefixtures("whole_scans")
async def test_one_scans_the_other_stands_by_and_takes_over(node: Node, services: Services) -> None:
    node.settings["lease_seconds"] = 2.0
    await services.start("a.sock", good())
    async with node.running("two-b"):
        async with node.running("one-a"):
            await until(lambda: node.scanned, "the first scan")
            first = node.store.nodes["n"].scanner
            await node.quiet()
            assert node.store.nodes["n"].scanner == first
            if first == "two-b":
                return
        await until(lambda: node.store.nodes["n"].scanner == "two-b", "the other took over")
    assert node.store.types() == ["service_added"]


async def test_the_lease_is_released_on_the_way_out(node: Node) -> None:
    async with node.running():
        await until(lambda: node.store.holder, "the lease is held")
    assert node.store.holder is None


@pytest.mark.usefixtures("whole_scans")
async def test_a_scanner_without_the_lease_stops_writing_at_once(
    node: Node, services: Services
) -> None:
    """As after SIGSTOP and SIGCONT, with another scanner in its place meanwhile."""
    await services.start("a.sock", good())
    async with node.running():
        await until(lambda: node.store.records, "a is up")
        node.store.holder = "other:99"
        await services.start("b.sock", good())
        scan = node.store.nodes["n"].scan
        await holds(
            lambda: "b" not in node.store.statuses() and node.store.nodes["n"].scan == scan,
            "nothing is written without the lease",
            1.0,
        )
        node.store.expire_lease()
        await until(lambda: "b" in node.store.statuses(), "it took the lease again")
    assert node.store.types() == ["service_added", "service_added"]


async def test_the_lease_is_renewed_while_a_scan_is_long(node: Node, services: Services) -> None:
    """A scan may last many lifetimes of the lease."""
    node.settings |= {"lease_seconds": 0.5}
    await services.talk("hung.sock", silent)
    renewed: list[bool] = []

    class Counting(MemoryLease):
        async def renew(self, grant: Any) -> Position | None:
            renewed.append(True)
            return await super().renew(grant)

    worker = node.worker()
    worker._lease = Counting(node.store, "n", "one")
    task = asyncio.create_task(worker.run())
    await until(lambda: len(renewed) >= 4, "renewals while one probe hangs")
    assert not node.scanned
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_each_renewal_tells_how_far_others_have_written(
    node: Node, services: Services
) -> None:
    """If Redis loses what they wrote, this scanner gives their positions to no other events."""
    node.settings |= {"lease_seconds": 0.5, "scan_seconds": 3600}
    await services.start("a.sock", good())
    async with node.running():
        await until(lambda: node.scanned, "a scan")
        before = node.store.head
        node.store.events += node.store.events[:1]
        await until(lambda: before.next() in node.store.noted, "the next renewal")


@pytest.mark.usefixtures("whole_scans")
async def test_what_another_scanner_found_counts_for_more_than_old_memory(
    node: Node, services: Services
) -> None:
    """Whoever takes the lease again after a pause starts from the registry, not from its past."""
    node.settings["probe_timeout"] = 1.0
    await services.start("a.sock", good())
    await services.start("b.sock", good())
    stale = services.stale("stale.sock")
    first, second = node.worker("first"), node.worker("second")
    await first.scan_once()
    await services.stop("a.sock", "b.sock", unlink=True)
    await services.talk("a.sock", silent)
    await services.start("c.sock", good())
    for _ in range(3):
        await second.scan_once()
    truth = {"a": "unhealthy", "c": "healthy", "stale": "inactive"}
    assert node.store.statuses() == truth
    events = len(node.store.types())
    node.clock.ahead += 61
    await first.scan_once()
    assert node.store.statuses() == truth
    assert len(node.store.types()) == events
    assert stale.exists()


async def test_memory_is_kept_while_no_other_scanner_ruled(node: Node, services: Services) -> None:
    """Giving the lease back and taking it again does not count failures from one."""
    node.settings["probe_timeout"] = 0.4
    await services.talk("a.sock", silent)
    worker = node.worker()
    for _ in range(3):
        await worker.scan_once()
    assert node.store.statuses() == {"a": "unhealthy"}


@pytest.mark.usefixtures("whole_scans")
async def test_both_services_of_one_name_show_the_conflict(node: Node, services: Services) -> None:
    """The claim is an event of its own, and so is its end."""
    node.settings["probe_timeout"] = 3.0
    await services.start("foo.sock", good())
    worker = node.worker()
    await worker.scan_once()
    await services.start("foo/rpc.sock", good())
    await worker.scan_once()
    conflicts = sorted(str(record.conflict) for record in node.store.records.values())
    assert conflicts == ["its name is also claimed by foo.sock", "its name is taken by foo/"]
    assert sorted(node.store.types()) == ["service_added", "service_added", "service_updated"]
    await services.stop("foo/rpc.sock", unlink=True)
    await worker.scan_once()
    assert [record.conflict for record in node.store.records.values()] == [None]


async def test_redis_may_be_away_at_the_start(node: Node, services: Services) -> None:
    """Told once for each state, then it goes on by itself."""
    await services.start("a.sock", good())
    node.store.trouble = StoreUnreachable("no connection")
    async with node.running():
        await holds(lambda: not node.store.records, "nothing can be written", 0.3)
        node.store.trouble = None
        await until(lambda: node.store.statuses() == {"a": "healthy"}, "a is published")


def of_agent(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Level and text of each line of the main loop."""
    names = ("hero_router.scan.scan_loop", "hero_router.store.outage")
    lines = (item for item in caplog.records if item.name in names)
    told = [(item.levelname, item.getMessage()) for item in lines]
    return [each for each in told if "history" not in each[1]]


async def test_an_outage_is_logged_once_and_what_was_seen_is_published_after_it(
    node: Node, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hero_router")
    await services.start("a.sock", good())
    async with node.running():
        await until(lambda: node.scanned, "the first scan")
        node.store.trouble = StoreLoading("Redis is loading")
        await services.start("b.sock", good())
        await until(lambda: "b.sock" in node.probed, "probing goes on")
        await holds(lambda: "b" not in node.store.statuses(), "nothing is written", 0.8)
        node.store.trouble = None
        await until(lambda: "b" in node.store.statuses(), "b is published")
        await until(lambda: "Redis is back" in caplog.text, "the end is told")
    assert of_agent(caplog)[-2:] == [
        ("WARNING", "the scanner cannot publish changes now, and tries again: Redis is loading"),
        ("INFO", "Redis is back: the scanner can publish changes again"),
    ]
    assert [level for level, _ in of_agent(caplog)].count("WARNING") == 1


async def test_a_redis_that_takes_no_data_is_one_outage_though_it_prolongs_the_lease(
    node: Node, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    """As without memory: told once, tried less and less often, and over with the first write."""
    caplog.set_level(logging.INFO, "hero_router")
    async with node.running():
        await until(lambda: node.scanned, "the first scan")
        node.store.refusals = 1_000
        await services.start("a.sock", good())
        await holds(lambda: not node.store.records, "nothing is written", 2.0)
        assert node.store.refusals > 980
        node.store.refusals = 0
        await until(lambda: "Redis is back" in caplog.text, "the end is told")
        await until(lambda: node.store.statuses() == {"a": "healthy"}, "a is published")
    warnings = [text for level, text in of_agent(caplog) if level == "WARNING"]
    assert warnings == [
        "the scanner cannot publish changes now, and tries again: the request was lost"
    ]


async def test_an_emptied_redis_is_filled_within_one_scan(node: Node, services: Services) -> None:
    """No phantom, nothing missing, and history is kept."""
    await services.start("a.sock", good())
    async with node.running():
        await node.quiet()
        first = node.store.record("a").first_seen
        node.store.flush_all()
        await node.quiet()
        assert node.store.statuses() == {"a": "healthy"}
        assert node.store.record("a").first_seen == first


async def test_what_could_not_be_written_is_written_later(node: Node, services: Services) -> None:
    """Without a second look at the socket: nothing that was seen is forgotten."""
    node.settings |= {"scan_seconds": 3600}
    async with node.running():
        await until(lambda: node.scanned, "the first scan")
        node.store.refusals = 2
        await services.start("a.sock", good())
        await until(lambda: node.store.statuses() == {"a": "healthy"}, "a is published")
        assert node.probed == ["a.sock"]


@pytest.mark.usefixtures("whole_scans")
async def test_a_lost_reply_has_no_second_effect(node: Node, services: Services) -> None:
    await services.start("a.sock", good())
    node.store.lost_replies = 1
    async with node.running():
        await node.quiet()
    assert node.store.types() == ["service_added"]


async def test_a_hand_in_the_registry_is_put_right(node: Node, services: Services) -> None:
    await services.start("a.sock", good())
    async with node.running():
        await node.quiet()
        node.store.records.clear()
        await until(lambda: node.store.statuses() == {"a": "healthy"}, "a is back")


async def test_health_that_comes_and_goes_reaches_the_registry(
    node: Node, services: Services
) -> None:
    service = await services.start("a/rpc.sock", good())
    worker = node.worker()
    await worker.scan_once()
    service.answers["/health"] = (503, {})
    await worker.scan_once()
    assert node.store.record("a").reason == "health check answers 503"
    service.answers["/health"] = (200, {})
    await worker.scan_once()
    assert node.store.statuses() == {"a": "healthy"}


async def test_a_truncated_answer_is_a_failure(node: Node, services: Services) -> None:
    await services.talk("a.sock", says(http(b"{}")[:-1]))
    worker = node.worker()
    statuses = []
    for _ in range(3):
        await worker.scan_once()
        statuses.append(node.store.statuses()["a"])
    assert statuses == ["degraded", "degraded", "unhealthy"]


async def test_a_scanner_that_is_stopped_while_it_loses_the_lease_stops(
    node: Node, services: Services
) -> None:
    """A task group that ends for another reason swallows the cancellation."""
    started, ending = asyncio.Event(), asyncio.Event()

    def slow_to_end(_: Callable[..., Any]) -> Callable[..., Any]:
        async def probe(*_: object, **__: object) -> None:
            started.set()
            try:
                await asyncio.sleep(60)
            finally:
                ending.set()
                await asyncio.sleep(0.2)

        return probe

    await services.start("a.sock", good())
    task = asyncio.create_task(node.worker(wrap=slow_to_end).run())
    await asyncio.wait_for(started.wait(), PATIENCE_SECONDS)
    node.store.holder = "another:99"
    await asyncio.wait_for(ending.wait(), PATIENCE_SECONDS)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=PATIENCE_SECONDS)
    task.cancel()
    assert done, "the stopped scanner goes on"
