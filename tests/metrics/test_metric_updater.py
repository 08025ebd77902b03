"""`/metrics` of one worker: its counts, its stream, delays, HTTP requests and its process."""

import math
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from hero_router.feed.feed import Feed
from hero_router.feed.stream_timing import StreamTiming
from hero_router.metrics import metric_updater, process
from hero_router.metrics.declarations import Declarations
from hero_router.metrics.exposition import Exposition
from hero_router.metrics.http_request_counts import RequestCounts
from hero_router.metrics.metric_updater import MetricUpdater
from hero_router.metrics.proxied_request_counts import Figures, ProxiedCounts
from hero_router.store.client import connect
from hero_router.store.clock import RedisClock
from hero_router.store.keys import Keys
from hero_router.web import client_list_publisher
from tests.feed.world import event
from tests.support.hand import Hand
from tests.support.records import record
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
    monkeypatch.setattr(metric_updater, "TICK_SECONDS", 0.02)
    monkeypatch.setattr(client_list_publisher, "PUBLISH_SECONDS", 0.05)
    async with working(redis7.url) as worker:
        await eventually(worker.is_ready)
        yield worker


async def scrape(live: Live) -> Scrape:
    async with live._session.get(f"{live.url}/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        return Scrape(await answer.text())


async def becomes(live: Live, value: float, name: str, **labels: str) -> None:
    """Wait for a metric to have a value."""

    async def does() -> bool:
        return (await scrape(live)).values(name, **labels) == [value]

    await eventually(does, message=f"{name} {labels} is {value}")


async def test_a_lone_event_is_late_by_no_more_than_was_waited_for_it_in_both_stages(
    live: Live, hand: Hand
) -> None:
    def settled() -> bool:
        return not live.feed.tail.reads

    async with live.listening() as listener:
        await eventually(settled)
        before, began = await scrape(live), time.monotonic()
        await listener.hears(await hand.change("s0"))
        for stage in ("read", "written"):
            count = before.total("delay_seconds_count", stage=stage)
            await becomes(live, count + 1, "delay_seconds_count", stage=stage)
        after = await scrape(live)
        late = after.total("delay_seconds_sum") - before.total("delay_seconds_sum")
    assert 0 < late <= 2 * (time.monotonic() - began)
    assert abs(after.total("redis_clock_ahead_seconds")) < 5, "it is the clock of this machine"


async def test_the_window_and_the_position_are_told(live: Live, hand: Hand) -> None:
    began = time.monotonic()
    for _ in range(12):
        last = await hand.change("s0")
    await becomes(live, last.seq, "tail_seq")
    now = await scrape(live)
    assert now.total("tail_epoch") == last.epoch
    assert now.total("ring_events") == now.total("ring_limit_events") == 8
    assert 0 < now.total("ring_span_seconds") <= time.monotonic() - began


async def test_a_redis_that_is_away_is_counted_and_doubted(live: Live, redis7: RedisServer) -> None:
    redis7.kill()
    try:
        await becomes(live, 0, "workers_ready")
        await becomes(live, 1, "stale", reason="redis")
        assert (await scrape(live)).total("redis_errors_total", code="store_unreachable") > 0
    finally:
        redis7.start()
    await becomes(live, 1, "workers_ready")
    await becomes(live, 0, "stale", reason="redis")


async def test_entries_of_strangers_are_counted(live: Live, redis7: RedisServer) -> None:
    place = live.feed.ring.head.next()
    with closing(client(redis7.url)) as stranger:
        stranger.xadd(Keys().events, {"hello": "world"}, id=str(place))
    await becomes(live, 1, "junk_entries_total")


class Bench:
    """The metrics of a feed that does not run."""

    def __init__(self) -> None:
        nowhere: Any = None
        self.feed = Feed(
            nowhere,
            nowhere,
            window=8,
            timing=StreamTiming(15, 60),
            max_delay=0,
            hello_fields=dict,
        )
        self.requests, self.proxied = RequestCounts(), ProxiedCounts()
        self.tunnels = list[object]()
        self.clock = RedisClock(connect("redis://127.0.0.1:1/0", name="nowhere"))
        metrics = Declarations()
        figures = Figures(self.requests, self.proxied, self.tunnels)
        self.recorder = MetricUpdater(metrics, self.feed, figures, self.clock)
        self.exposition = Exposition(metrics.registry, self.feed.mirror, self.clock)

    def scrape(self) -> Scrape:
        """What is answered after one tick."""
        self.recorder.tick()
        return Scrape(self.exposition.text(self.exposition.view()).decode())


def test_the_windows_reach_grows_while_nothing_comes_and_is_endless_until_it_is_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.time", lambda: 1_010.0)
    bench = Bench()
    hub, at = bench.feed.hub, int(NOW_MS)
    hub.publish([event(seq)._replace(at=at) for seq in range(1, 8)])
    assert bench.scrape().values("ring_reach_seconds") == [math.inf]
    hub.publish([event(8)._replace(at=at + 500)])
    assert math.isnan(bench.scrape().total("ring_reach_seconds")), "no clock was compared yet"
    bench.clock.ahead = 2.0
    assert bench.scrape().total("ring_reach_seconds") == 12.0
    assert bench.scrape().total("ring_span_seconds") == 0.5


def test_a_delay_is_not_made_up_where_the_clocks_or_the_time_are_unknown() -> None:
    bench = Bench()
    bench.feed.tail.reads.extend([(1_001.5, NOW_MS), (1_002.0, 0)])
    assert bench.scrape().total("delay_seconds_count", stage="read") == 0
    bench.clock.ahead = -1.0
    told = bench.scrape()
    assert told.total("delay_seconds_count", stage="read") == 1
    assert told.total("delay_seconds_sum", stage="read") == pytest.approx(0.5)


def test_what_was_counted_is_added_once() -> None:
    bench = Bench()
    bench.feed.hub.stats.delivered = 5
    bench.feed.hub.stats.resyncs["of a newer version"] = 2
    for _ in range(3):
        told = bench.scrape()
    assert told.total("deliveries_completed_total", outcome="delivered") == 5
    assert told.total("resyncs_total", reason="of a newer version") == 2
    assert told.total("resyncs_total", reason="lagged") == 0


def test_a_total_that_was_a_guess_and_shrinks_does_not_end_the_figures() -> None:
    bench = Bench()
    for owed, told in ((9, 9), (4, 9), (7, 9), (12, 12)):
        bench.feed.hub.stats.expected = owed
        assert bench.scrape().total("deliveries_expected_total") == told


def test_changes_of_status_are_counted_by_the_new_status() -> None:
    bench, item = Bench(), record("a")
    seen = [("degraded", 1), ("unhealthy", 2), ("degraded", 3), ("newer", 4)]
    for status, seq in seen:
        payload = {"from": "healthy", "to": status, "service": item.to_json()}
        change = event(seq)._replace(type="status_change", service=item.id, payload=payload)
        bench.feed.mirror.apply(change)
    bench.feed.mirror.apply(event(5)._replace(type="service_updated"))
    told = bench.scrape()
    counts = {
        status: told.total("status_transitions_total", to=status)
        for status in ("degraded", "unhealthy", "unknown", "healthy")
    }
    assert counts == {"degraded": 2, "unhealthy": 1, "unknown": 1, "healthy": 0}


def test_requests_are_counted_by_method_and_class_of_status() -> None:
    bench = Bench()
    for method, status in (("GET", 200), ("GET", 204), ("GET", 404), ("BREW", 501)):
        bench.requests.count(method, status)
    told = bench.scrape()
    assert told.values("http_requests_total", method="GET", status="2xx") == [2]
    assert told.values("http_requests_total", method="GET", status="4xx") == [1]
    assert told.values("http_requests_total", method="other", status="5xx") == [1]
    assert told.values("http_requests_total", method="POST", status="2xx") == [0]


def test_the_process_is_measured_as_the_system_shows_it() -> None:
    told = Bench().scrape()
    own = psutil.Process()
    assert 0 < told.total("worker_cpu_seconds_total") <= time.process_time()
    resident = told.total("worker_resident_memory_bytes")
    assert resident == pytest.approx(own.memory_info().rss, rel=0.2)
    assert told.total("worker_open_files") == pytest.approx(own.num_fds(), abs=5)
    assert told.total("worker_max_open_files") >= told.total("worker_open_files")
    assert abs(told.total("worker_start_timestamp_seconds") - time.time()) < 60


def test_where_the_system_says_nothing_of_a_process_nothing_is_made_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("STATM", "FILES"):
        monkeypatch.setattr(process, name, tmp_path / "none")
    told = Bench().scrape()
    assert math.isnan(told.total("worker_resident_memory_bytes"))
    assert math.isnan(told.total("worker_open_files"))


async def test_requests_to_the_worker_are_counted_those_before_any_route_too(live: Live) -> None:
    before = await scrape(live)
    await live.get("/api/services/nowhere")
    async with live._session.get(f"{live.url}/health", headers={"Host": "evil.example"}) as refused:
        assert refused.status == 421
    async with live.listening():
        known = before.total("http_requests_total", method="GET", status="4xx")
        await becomes(live, known + 2, "http_requests_total", method="GET", status="4xx")
        after = await scrape(live)
    streams = after.total("http_requests_total", method="GET", status="2xx")
    assert streams > before.total("http_requests_total", method="GET", status="2xx")
