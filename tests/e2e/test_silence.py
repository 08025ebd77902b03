"""A stream from which no byte comes any more: the page says so, and polls until it is back."""

import time

import pytest
from playwright.async_api import Browser

from tests.e2e.dashboard import ALONE, Dashboard
from tests.e2e.router import routing
from tests.e2e.stall import StallProxy
from tests.support.redis import RedisServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

PING = "0.3"
"""Seconds between keepalives: a page is late after one and 3 s, reconnects after one and 6 s."""

LATE_SECONDS, SPARE_SECONDS = 3, 2
"""How much later than it should a frame may come, and what the page and a busy machine may add."""

WATCHED_SECONDS = 25

PATIENCE_MS = 11_000
"""The page's own time after which it polls; its clock is put forward."""


async def test_a_page_whose_stream_falls_silent_says_so_and_polls(
    browser: Browser, redis7: RedisServer
) -> None:
    """No end of the connection ever arrives, as with a half-open one.

    The page's clock is not a shared worker's, so the page has a stream of its own.
    """
    async with (
        routing(redis7.url, ROUTER_PING_SECONDS=PING) as (web, hand),
        StallProxy(web.port) as proxy,
    ):
        page = Dashboard(await browser.new_page())
        await page.page.add_init_script(ALONE)
        await page.page.clock.install()
        await page.page.goto(f"http://127.0.0.1:{proxy.port}/")
        await page.fresh("live")
        proxy.stall()
        await page.says("nothing received from the router since")
        assert await page.freshness() != "live"
        await hand.change("s0")
        await hand.remove("s1")
        await page.page.clock.run_for(PATIENCE_MS)
        await page.fresh("polling")
        await page.shows(await hand.statuses())
        proxy.flow()
        await page.page.clock.run_for(PATIENCE_MS)
        await page.fresh("live")
        await hand.change("s0")
        await page.shows(await hand.statuses())
        assert page.errors == []


async def test_a_page_behind_a_proxy_that_holds_streams_back_polls(
    browser: Browser, redis7: RedisServer
) -> None:
    """It waits for the end of each answer, so that no event ever comes through."""
    async with routing(redis7.url) as (web, hand), StallProxy(web.port) as proxy:
        proxy.stall()
        page = Dashboard(await browser.new_page())
        await page.page.clock.install()
        await page.page.goto(f"http://127.0.0.1:{proxy.port}/")
        await page.shows(await hand.statuses())
        await page.fresh("polling")
        await hand.change("s0")
        await hand.remove("s1")
        await page.page.clock.run_for(PATIENCE_MS)
        await page.shows(await hand.statuses())
        assert await page.freshness() == "polling"


async def test_behind_a_proxy_that_passes_the_stream_on_in_blocks_nothing_wrong_looks_live_for_long(
    browser: Browser, redis7: RedisServer
) -> None:
    """A block holds some seconds of keepalives: bytes come again and again, and each is old."""
    async with (
        routing(redis7.url, ROUTER_PING_SECONDS=PING) as (web, hand),
        StallProxy(web.port, block=2_048) as proxy,
    ):
        page = Dashboard(await browser.new_page())
        await page.page.goto(f"http://127.0.0.1:{proxy.port}/")
        await page.fresh("live", within=30)
        began, late, wrong, longest = time.monotonic(), False, 0.0, 0.0
        while time.monotonic() - began < WATCHED_SECONDS:
            await hand.change("s0")
            truth, until = await hand.statuses(), time.monotonic() + 5
            wrong = time.monotonic()
            while time.monotonic() < until and await page.statuses() != truth:
                fresh = await page.freshness()
                late = late or fresh in ("late", "polling")
                if fresh == "live":
                    longest = max(longest, time.monotonic() - wrong)
        assert late
        assert longest < float(PING) + LATE_SECONDS + SPARE_SECONDS
