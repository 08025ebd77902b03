"""Metrics of the requests to services: what is counted, and that their number is bounded."""

import logging
import os
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from hero_router.metrics import multiproc_folder
from hero_router.metrics.proxied_request_counts import MAX_SOCKETS, OTHER, ProxiedCounts, SocketKey
from hero_router.metrics.proxied_request_metrics import ProxiedMetrics
from hero_router.proxy.call_record import CAUSES, Cause, ProxiedCall
from hero_router.upstream.outcome import Outcome
from hero_router.upstream.safe_connect import NoResponse
from tests.support.scrape import Scrape


class Clock:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def call(clock: Clock, name: str = "shop", role: str = "rpc", context: str = "lab") -> ProxiedCall:
    return ProxiedCall({"name": name, "context": context}, {"role": role}, clock)


class Bench:
    """Counts of one worker and the metrics that they come to."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        self.counts = ProxiedCounts(**options)
        self._registry = CollectorRegistry()
        self._metrics = ProxiedMetrics(self._registry)

    def answered(self, status: int = 200, seconds: float = 0.0, **labels: str) -> ProxiedCall:
        """A request that is answered at once, whose answer takes this time."""
        made = call(self.clock, **labels)
        made.first_byte(status)
        self.clock.now += seconds
        made.ended()
        self.counts.add(made)
        return made

    def scrape(self, tunnels: int = 0) -> Scrape:
        self._metrics.copy(self.counts, tunnels)
        return Scrape(generate_latest(self._registry).decode())


def test_a_request_counts_by_socket_status_and_how_it_ended() -> None:
    bench = Bench()
    for status in (200, 204, 404):
        bench.answered(status)
    broken = call(bench.clock, role="web_page")
    broken.failed(NoResponse(Outcome.REFUSED, "nothing listens"))
    broken.refused(Cause.UNREACHABLE, 503, "the service cannot be reached")
    broken.ended()
    bench.counts.add(broken)
    told = bench.scrape()
    for role, group, cause, number in (
        ("rpc", "2xx", "complete", 2),
        ("rpc", "4xx", "complete", 1),
        ("web_page", "5xx", "refused", 1),
    ):
        labels = {"service": "shop", "context": "lab", "role": role, "status": group}
        assert told.values("proxied_requests_total", **labels, cause=cause) == [number]
    assert told.total("proxied_requests_total", service="shop") == 4
    assert told.total("proxied_first_byte_seconds_count", service="shop") == 3
    assert told.total("proxied_duration_seconds_count", service="shop") == 4


def test_times_lie_in_their_buckets_and_bytes_are_summed() -> None:
    bench = Bench()
    bench.answered(seconds=0.001)
    bench.answered(seconds=0.3)
    bench.answered(seconds=1000).sent_bytes = 7
    made = call(bench.clock)
    made.sent_bytes, made.received_bytes = 10, 20
    made.ended()
    bench.counts.add(made)
    told = bench.scrape()
    name = "proxied_duration_seconds"
    assert told.total(f"{name}_bucket", service="shop", le="0.5") == 3
    assert told.total(f"{name}_bucket", service="shop", le="60.0") == 3
    assert told.total(f"{name}_bucket", service="shop", le="+Inf") == 4
    assert told.total(f"{name}_sum", service="shop") == pytest.approx(1000.301)
    assert told.total("proxied_bytes_total", service="shop", of="answers") == 10
    assert told.total("proxied_bytes_total", service="shop", of="requests") == 20


def test_what_was_counted_is_added_once_and_what_is_open_is_shown() -> None:
    bench = Bench()
    bench.answered()
    bench.counts.open = 3
    bench.scrape()
    told = bench.scrape(tunnels=2)
    assert told.total("proxied_requests_total", service="shop") == 1
    assert (told.total("proxied_open"), told.total("tunnels_open")) == (3, 2)


def test_only_so_many_sockets_have_series_and_the_rest_count_together() -> None:
    bench = Bench()
    for _ in range(2):
        for number in range(MAX_SOCKETS + 50):
            bench.answered(name=f"s{number}")
        bench.scrape()
    told = bench.scrape()
    sums = told.values("proxied_duration_seconds_count")
    assert len(sums) == MAX_SOCKETS + 1
    assert told.total("proxied_duration_seconds_count") == 2 * (MAX_SOCKETS + 50)
    assert told.values("proxied_duration_seconds_count", service="other") == [100]


@pytest.mark.parametrize("name", ["x" * 200, "é" * 30])
def test_a_socket_with_a_very_long_name_has_no_series(name: str) -> None:
    bench = Bench()
    bench.answered(name=name)
    assert set(bench.counts.take()) == {OTHER}


def test_without_room_for_more_series_a_new_socket_counts_as_other() -> None:
    asked = list[int]()

    def has_room(sockets: int) -> bool:
        asked.append(sockets)
        return sockets < 3

    bench = Bench(has_room=has_room)
    for name in "abcd":
        bench.answered(name=name)
    taken = bench.counts.take()
    assert set(taken) == {SocketKey("a", "lab", "rpc"), SocketKey("b", "lab", "rpc"), OTHER}
    bench.answered(name="e")
    assert asked == [1, 2, 3, 1], "after each tick the space in use is known again"


def test_room_is_reserved_before_a_file_grows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """prometheus_client would map a hole of the file: on a full disk that kills the worker."""
    monkeypatch.setenv(multiproc_folder.VARIABLE, str(tmp_path))
    used = 60_000
    for kind in ("counter", "histogram"):
        file = tmp_path / f"{kind}_{os.getpid()}.db"
        file.write_bytes(used.to_bytes(4, "little"))
    space = multiproc_folder.SocketSpace()
    assert space.has_room(2)
    sizes = {file.stat().st_size for file in tmp_path.iterdir()}
    assert sizes == {2 * (used + 2 * multiproc_folder.SOCKET_BYTES)}
    assert all(file.stat().st_blocks * 512 >= min(sizes) for file in tmp_path.iterdir())

    def full(_file: int, _size: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, caplog.at_level(logging.INFO):
        patch.setattr(multiproc_folder, "_allocate", full)
        assert not any(space.has_room(1) for _ in range(3))
    with caplog.at_level(logging.INFO):
        assert all(space.has_room(1) for _ in range(3))
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"], "each once"


def test_every_outcome_of_a_socket_is_a_cause() -> None:
    assert set(CAUSES) == set(Outcome) - {Outcome.ANSWERED}
