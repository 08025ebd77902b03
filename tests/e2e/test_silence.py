"""A stream from which no byte comes any more: the page says so, and polls until it is back."""

import pytest
from playwright.async_api import Browser

from tests.e2e.dashboard import ALONE, Dashboard
from tests.e2e.router import routing
from tests.e2e.stall import StallProxy
from tests.support.redis import RedisServer
from tests.support.wait import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

PING = "0.3"
"""Seconds between keepalives: a page is late after one and 3 s, reconnects after one and 6 s."""

DELAY_SECONDS, OLD = 5.0, 10
"""Too old to be live, but not so old that the page opens another stream; and how often it comes."""

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
        await page.fresh("polling")
        assert await page.page.locator("body").get_attribute("data-trust") == "none"


async def test_what_comes_again_and_again_but_is_old_does_not_make_a_page_live(
    browser: Browser, redis7: RedisServer
) -> None:
    """As behind a proxy that holds some seconds of the stream back."""
    async with (
        routing(redis7.url, ROUTER_PING_SECONDS=PING) as (web, hand),
        StallProxy(web.port) as proxy,
    ):
        page = Dashboard(await browser.new_page())
        await page.page.goto(f"http://127.0.0.1:{proxy.port}/")
        await page.fresh("live")
        proxy.delay = DELAY_SECONDS
        await page.fresh("late", "polling")
        await eventually(lambda: proxy.passed > OLD, message="what is old comes")
        until = proxy.passed + OLD
        while proxy.passed < until:
            assert await page.freshness() != "live"
        await hand.change("s0")
        await page.shows(await hand.statuses())
        assert await page.freshness() != "live"
