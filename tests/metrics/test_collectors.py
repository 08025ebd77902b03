"""`/metrics` of one worker: delays, nodes, errors of Redis, and what strange reports may hold."""

import math
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import pytest

from hero_router.feed.feed import Feed
from hero_router.feed.timing import StreamTiming
from hero_router.metrics import collectors
from hero_router.metrics.collectors import Metrics
from hero_router.position import Position
from hero_router.store.client import connect
from hero_router.store.clock import RedisClock
from hero_router.store.keys import Keys
from hero_router.web import presence
from tests.feed.world import event
from tests.support.hand import NODE, Hand
from tests.support.records import record, report
from tests.support.redis import RedisServer, client
from tests.support.scrape import Scrape
from tests.support.wait import eventually
from tests.web.live import Live, working

NOW_MS = 1_000_000


@pytest.fixture
async def live(
    redis7: RedisServer, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Live]:
    """A worker whose figures are new fifty times a second."""
    monkeypatch.setattr(collectors, "TICK_SECONDS", 0.02)
    monkeypatch.setattr(presence, "PUBLISH_SECONDS", 0.05)
    async with working(redis7.url) as worker:
        await eventually(worker.is_ready)
        yield worker


async def scrape(live: Live) -> Scrape:
    async with live._session.get(f"{live.url}/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        return Scrape(await answer.text())


async def becomes(live: Live, value: float, name: str, within: float = 5, **labels: str) -> None:
    """Wait for a metric to have a value."""

    async def does() -> bool:
        return (await scrape(live)).values(name, **labels) == [value]

    await eventually(does, within, f"{name} {labels} is {value}")


async def test_a_lone_event_is_late_by_little_in_both_stages(live: Live, hand: Hand) -> None:
    def settled() -> bool:
        return not live.feed.tail.reads

    async with live.listening() as listener:
        await eventually(settled)
        before = await scrape(live)
        await listener.hears(await hand.change("s0"))
        for stage in ("read", "written"):
            count = before.total("delay_seconds_count", stage=stage)
            await becomes(live, count + 1, "delay_seconds_count", stage=stage)
        after = await scrape(live)
        late = after.total("delay_seconds_sum") - before.total("delay_seconds_sum")
    assert 0 < late < 0.5
    assert abs(after.total("redis_clock_ahead_seconds")) < 0.1


async def test_the_window_and_the_position_are_told(live: Live, hand: Hand) -> None:
    for _ in range(12):
        last = await hand.change("s0")
    await becomes(live, last.seq, "tail_seq")
    now = await scrape(live)
    assert now.total("tail_epoch") == last.epoch
    assert now.total("ring_events") == now.total("ring_limit_events") == 8
    assert 0 < now.total("ring_span_seconds") < 5


async def test_a_redis_that_is_away_is_counted_and_doubted(live: Live, redis7: RedisServer) -> None:
    redis7.kill()
    try:
        await becomes(live, 0, "workers_ready")
        await becomes(live, 1, "doubts", reason="redis")
        assert (await scrape(live)).total("redis_errors_total", code="store_unreachable") > 0
    finally:
        redis7.start()
    await becomes(live, 1, "workers_ready", within=10)
    await becomes(live, 0, "doubts", reason="redis", within=10)


async def test_entries_of_strangers_are_counted(live: Live, redis7: RedisServer) -> None:
    place = live.feed.ring.head.next()
    with closing(client(redis7.url)) as stranger:
        stranger.xadd(Keys().events, {"hello": "world"}, id=str(place))
    await becomes(live, 1, "junk_entries_total")


class Bench:
    """The metrics of a feed that does not run, and whose nodes the test sets."""

    def __init__(self) -> None:
        nowhere: Any = None
        self.feed = Feed(
            nowhere, nowhere, window=8, timing=StreamTiming(15, 60), max_delay=0, hello_fields=dict
        )
        self.clock = RedisClock(connect("redis://127.0.0.1:1/0", name="nowhere"))
        self.metrics = Metrics(self.feed, self.clock)

    def sees(self, *nodes: Any, lost: bool = False) -> Scrape:
        """What is told once the worker knows these reports; are their scanners `lost`?"""
        names = frozenset(node.node for node in nodes)
        reports = {node.node: node for node in nodes}
        self.feed.mirror.set_nodes(names if lost else frozenset(), reports)
        self.metrics.tick()
        return Scrape(self.metrics.text().decode())


def test_a_nodes_figures_are_told_until_it_is_gone() -> None:
    bench = Bench()
    state = report(
        node=NODE, duration_ms=1_500, scan_seconds=5.0, probe_ms={"median": 2.5, "longest": 40}
    )
    told = bench.sees(state)
    assert told.values("scan_duration_seconds", node=NODE) == [1.5]
    assert told.values("scan_interval_seconds", node=NODE) == [5]
    assert told.values("probe_duration_seconds", node=NODE, of="longest") == [0.04]
    assert told.total("scan_age_seconds", node=NODE) > 0
    gone = bench.sees()
    for name in ("scan_age", "scan_interval", "scan_duration", "probe_duration"):
        assert all(math.isnan(value) for value in gone.values(f"{name}_seconds", node=NODE)), name
    assert all(math.isnan(value) for value in gone.values("services", node=NODE))
    assert not math.isnan(bench.sees(state).total("scan_age_seconds", node=NODE))


def test_services_are_counted_as_pages_show_them() -> None:
    """Whatever their scanner said last: of a lost node nobody knows how they are."""
    bench = Bench()
    shown = [record("a", NODE), record("b", NODE), record("c", NODE, status="newer")]
    services = {item.id: item.to_json() for item in shown}
    bench.feed.mirror.reset(services, {}, Position(1, 3))
    state = report(node=NODE, counts={"healthy": 7})

    def counts(told: Scrape) -> list[float]:
        names = ("healthy", "unknown", "unhealthy")
        return [told.total("services", node=NODE, status=name) for name in names]

    assert counts(bench.sees(state)) == [2, 1, 0]
    assert counts(bench.sees(state, lost=True)) == [0, 3, 0]
    assert counts(bench.sees()) == [2, 1, 0], "its report is gone, its services are not"


@pytest.mark.parametrize("strange", ["soon", None, [1], 10**400, -(10**30), {}])
def test_strange_figures_in_a_report_are_no_figures(strange: object) -> None:
    told = Bench().sees(
        report(node=NODE, duration_ms=10**400, last_scan=10**400, probe_ms={"median": strange})
    )
    assert math.isnan(told.total("probe_duration_seconds", of="median"))
    assert math.isnan(told.total("scan_duration_seconds"))
    assert math.isnan(told.total("scan_age_seconds"))


def test_the_windows_reach_grows_while_nothing_comes_and_is_endless_until_it_is_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.time", lambda: 1_010.0)
    bench = Bench()
    hub, at = bench.feed.hub, int(NOW_MS)
    hub.publish([event(seq)._replace(at=at) for seq in range(1, 8)])
    assert bench.sees().values("ring_reach_seconds") == [math.inf]
    hub.publish([event(8)._replace(at=at + 500)])
    assert math.isnan(bench.sees().total("ring_reach_seconds")), "no clock was compared yet"
    bench.clock.ahead = 2.0
    assert bench.sees().total("ring_reach_seconds") == 12.0
    assert bench.sees().total("ring_span_seconds") == 0.5


def test_a_delay_is_not_made_up_where_the_clocks_or_the_time_are_unknown() -> None:
    bench = Bench()
    bench.feed.tail.reads.extend([(1_001.5, NOW_MS), (1_002.0, 0)])
    assert bench.sees().total("delay_seconds_count", stage="read") == 0
    bench.clock.ahead = -1.0
    told = bench.sees()
    assert told.total("delay_seconds_count", stage="read") == 1
    assert told.total("delay_seconds_sum", stage="read") == pytest.approx(0.5)


def test_what_was_counted_is_added_once() -> None:
    bench = Bench()
    bench.feed.hub.stats.delivered = 5
    bench.feed.hub.stats.resyncs["of a newer version"] = 2
    for _ in range(3):
        told = bench.sees()
    assert told.total("deliveries_settled_total", outcome="delivered") == 5
    assert told.total("resyncs_total", reason="of a newer version") == 2
    assert told.total("resyncs_total", reason="lagged") == 0


def test_a_total_that_was_a_guess_and_shrinks_does_not_end_the_figures() -> None:
    bench = Bench()
    for owed, told in ((9, 9), (4, 9), (7, 9), (12, 12)):
        bench.feed.hub.stats.expected = owed
        assert bench.sees().total("deliveries_owed_total") == told
