"""`/metrics` and `/api/clients` over real gunicorn workers, while clients do what clients do."""

import asyncio
import json
import os
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from tests.deploy.judge import worker_process
from tests.deploy.web import Stream, Web, counted
from tests.metrics.conftest import WINDOW
from tests.support.hand import Hand
from tests.support.redis import RedisServer
from tests.support.scrape import Scrape
from tests.support.wait import eventually
from tests.web.raw import ask, get

LONG = "x" * 2_000
"""A description that makes an event large, so that a stalled client is soon behind."""


async def scraped(web: Web, what: str, **expected: float) -> Scrape:
    """Wait for a scrape in which the sums of these metrics are as expected."""

    async def found() -> Scrape | None:
        scrape = await web.scrape()
        same = all(scrape.total(name) == value for name, value in expected.items())
        return scrape if same else None

    scrape = await eventually(found, message=what)
    assert scrape is not None
    return scrape


async def on_both(web: Web, stack: AsyncExitStack) -> list[Stream]:
    """Clients, at least one on each worker: if one has taken all, it is paused for the next one."""
    streams = await stack.enter_async_context(web.streaming(4))
    workers = {stream.worker for stream in streams}
    if len(workers) == 1:
        (busy,) = workers
        os.kill(busy, signal.SIGSTOP)
        try:
            streams += await stack.enter_async_context(web.streaming())
        finally:
            os.kill(busy, signal.SIGCONT)
    return streams


async def test_a_scrape_of_any_worker_tells_of_all(web: Web, writer: Hand) -> None:
    async with AsyncExitStack() as stack:
        streams = await on_both(web, stack)
        await scraped(web, "all clients are counted", clients=len(streams))
        before = (await web.scrape()).total("deliveries_completed_total", outcome="delivered")
        last = await writer.change("a")
        for stream in streams:
            await stream.until("service_updated", last)

        async def all_counted() -> bool:
            scrape = await web.scrape()
            now = scrape.total("deliveries_completed_total", outcome="delivered")
            return now - before == len(streams) and scrape.values("tail_seq") == [last.seq] * 2

        await eventually(all_counted, message="both workers' deliveries are in one sum")
    await scraped(web, "all have left", clients=0)


def open_streams(scrape: Scrape) -> float:
    """Streams that began, and neither have ended nor are there."""
    joined, closed = scrape.total("clients_joined_total"), scrape.total("streams_closed_total")
    return joined - closed - scrape.total("clients")


async def test_a_killed_worker_has_no_clients_but_what_it_did_still_counts(
    web: Web, writer: Hand
) -> None:
    """Its streams have ended with it: its master tells so, from the last figures that it wrote."""
    async with AsyncExitStack() as stack:
        streams = await on_both(web, stack)
        killed = streams[0].worker
        others = [stream for stream in streams if stream.worker != killed]
        last = await writer.change("b")
        for stream in streams:
            await stream.until("service_updated", last)
        before = await scraped(web, "all is settled", clients=len(streams), deliveries_pending=0)
        assert len(before.values("unaccounted", pid=str(killed))) == 1
        assert open_streams(before) == 0
        os.kill(killed, signal.SIGKILL)
        after = await scraped(web, "its clients are gone", clients=len(others), workers=2)
        assert after.values("unaccounted", pid=str(killed)) == []
        assert after.total("worker_starts_total") == before.total("worker_starts_total") + 1
        now = counted(after)
        assert all(now[name] >= value for name, value in counted(before).items())
        assert now["deliveries_completed_total"] == now["deliveries_expected_total"]
        assert open_streams(after) == 0
        lost = {"streams_closed_total": len(streams) - len(others), "worker_ends_total": 1}
        for name, number in lost.items():
            grown = after.total(name, cause="crashed") - before.total(name, cause="crashed")
            assert grown == number, name


async def test_a_file_that_a_starting_worker_has_not_filled_yet_disturbs_nobody(web: Web) -> None:
    (folder,) = web.shared
    empty = [folder / name for name in ("counter_1.db", "gauge_liveall_1.db", "histogram_1.db")]
    for file in empty:
        file.touch()
    assert (await web.scrape()).values("workers") == [2]
    for file in empty:
        file.unlink()


class Watched:
    """Scrapes the balance again and again while a story is told."""

    def __init__(self, web: Web, start: Scrape) -> None:
        self._web, self._start = web, start

    async def holds(self) -> Scrape:
        """No worker's balance is anything but 0 now."""
        scrape = await self._web.scrape()
        assert scrape.values("unaccounted") == [0, 0]
        return scrape

    async def ended(self, outcome: str) -> None:
        """Wait until some deliveries have ended so."""

        async def some() -> bool:
            now = (await self.holds()).total("deliveries_completed_total", outcome=outcome)
            return now > self._start.total("deliveries_completed_total", outcome=outcome)

        await eventually(some, message=f"some deliveries are {outcome}")


async def test_the_balance_holds_whatever_becomes_of_clients(web: Web, writer: Hand) -> None:
    """They come, filter, stall, conflate, fall out of the window, and leave."""
    watched = Watched(web, await web.scrape())
    async with AsyncExitStack() as stack:
        good, filtering, slow, conflating = [
            (await stack.enter_async_context(web.streaming(2, query)))
            for query in ("", "types=service_removed", "", "conflate=1")
        ]
        for _ in range(6 * WINDOW):
            last = await writer.change("c", description=LONG)
        for stream in good:
            await stream.until("service_updated", last)
        await watched.ended("delivered")
        await watched.ended("filtered")

        async def blocked() -> bool:
            nonlocal last
            last = await writer.change("c", description=LONG)
            scrape = await watched.holds()
            # Who conflates may be sent so little by a busy worker that it never stalls.
            stalled = scrape.total("clients", state="blocked") >= len(slow)
            return stalled and scrape.total("cursor_lag_events") > WINDOW

        await eventually(blocked, message="the stalled ones are blocked, and have lost their place")
        for _ in range(2 * WINDOW):  # the other one, which may lag less, loses its place too
            last = await writer.change("c", description=LONG)
        for stream in (*slow, *conflating):
            await stream.until("service_updated", last)
        await watched.ended("dropped")
        await watched.ended("superseded")
        async with web.streaming(2) as leaving:

            async def stalled() -> bool:
                for _ in range(WINDOW):
                    await writer.change("c", description=LONG)
                scrape = await watched.holds()
                waiting = scrape.total("deliveries_pending") > 0
                return waiting and scrape.total("clients", state="blocked") >= len(leaving)

            await eventually(stalled, message="both are blocked, and events wait for them")
        await watched.ended("abandoned")
        assert (await watched.holds()).total("resyncs_total", reason="lagged") >= len(slow)
        assert len(filtering) == 2
    end = await scraped(web, "all have left", clients=0, deliveries_pending=0)
    assert end.total("deliveries_expected_total") == end.total("deliveries_completed_total")


async def test_any_worker_of_any_instance_lists_the_clients_of_all(
    web: Web, writer: Hand, redis: RedisServer, tmp_path: Path
) -> None:
    """Also who is blocked, why, since when, and how far behind."""
    other = Web(tmp_path, redis.url, ROUTER_WORKERS="1", ROUTER_SSE_BUFFER=str(WINDOW))
    try:
        await other.ready(workers=1)
        async with web.streaming(2), other.streaming(1) as (stalled,):
            for _ in range(6 * WINDOW):
                await writer.change("d", description=LONG)

            async def told() -> bool:
                answers = [await each.clients() for each in (web, other)]
                states = [answer["states"] for answer in answers]
                return states == [{"live": 0, "blocked": 3, "ahead": 0}] * 2

            await eventually(told, message="both instances tell of all three")

            async def far_behind() -> Any:
                # Its kernel may take some more first: then it is told its gap, and blocked anew.
                await writer.change("d", description=LONG)
                answer = await web.clients()
                workers = {worker_process(each["worker"]): each for each in answer["workers"]}
                (entry,) = workers[stalled.worker]["listed"]
                return (answer, entry) if entry["behind"] > WINDOW else None

            answer, entry = await eventually(far_behind, message="all that it missed is told")
            assert entry["connected_at"] <= entry["blocked_at"] <= answer["now"]
            assert "are buffered" in entry["reason"]
            assert answer["pending"] >= entry["behind"]
    finally:
        other.process.stop()


async def test_requests_to_services_and_their_errors_are_told_by_any_worker_for_all(
    web: Web, writer: Hand
) -> None:
    """Over many connections, so that both workers pass some of them on."""
    await writer.change("far")

    refusals = 0

    async def listed() -> set[str]:
        found = json.loads(await web.get("/api/services/far/errors"))
        assert found["complete"]
        return {each["worker"] for each in found["errors"]}

    async def refused() -> bool:
        nonlocal refusals
        status = (await ask(web.port, get("/far/rpc/x"))).status
        refusals += status == 503
        return status == 503

    async def known() -> bool:
        return all(await asyncio.gather(*[refused() for _ in range(20)]))

    await eventually(known, message="both workers know the service")

    async def both_refused() -> bool:
        await known()
        return len(await listed()) == 2

    await eventually(both_refused, message="both workers have refused some")

    async def counted_all() -> bool:
        scrape = await web.scrape()
        series = {"service": "far", "status": "5xx", "cause": "unreachable"}
        told = scrape.values("proxied_requests_total", **series)
        return told == [refusals] and scrape.total("proxied_open") == 0

    await eventually(counted_all, message="all are in one sum")

    async def all_list_all() -> bool:
        return all([len(await listed()) == 2 for _ in range(8)])

    await eventually(all_list_all, message="each worker tells of the errors on both")
