"""The strip never lies: Redis away, web away, and both back."""

import pytest
from playwright.async_api import Browser

from tests.e2e.dashboard import ALONE, Dashboard
from tests.e2e.router import Web, routing
from tests.e2e.stall import StallProxy
from tests.support.hand import Hand
from tests.support.redis import RedisServer
from tests.support.wait import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_while_redis_is_away_the_page_says_why_and_keeps_the_last_state(
    browser: Browser, redis7: RedisServer
) -> None:
    async with routing(redis7.url) as (web, hand):
        page = await Dashboard.open(browser, web.url)
        truth = await hand.statuses()
        await page.shows(truth)
        redis7.kill()
        assert "Redis" in await page.fresh("stale")
        assert await page.statuses() == truth
        redis7.start()
        await page.fresh("live")
        await hand.change("s0")
        await page.shows(await hand.statuses())
        assert page.warnings == []


async def test_a_page_opened_while_redis_is_absent_says_why_and_recovers_by_itself(
    browser: Browser, redis7: RedisServer
) -> None:
    """The workers start all the same: they live, but are not ready."""
    redis7.kill()
    web, hand = Web(redis7.url), Hand(redis7.url, 1024)
    await web.start("/health")

    async def is_ready() -> bool:
        return await web.status("/ready") == 200

    try:
        assert await web.status("/ready") == 503
        page = Dashboard(await browser.new_page())
        await page.page.goto(web.url)
        await page.says("cannot be reached: ")
        assert await page.freshness() != "live"
        redis7.start()
        await hand.begin(services=3)
        await page.fresh("live")
        await page.shows(await hand.statuses())
        await eventually(is_ready, message="the worker is ready")
    finally:
        await web.kill()
        await hand.close()
        redis7.restart()


async def test_when_web_is_killed_the_page_says_so_and_goes_on_without_a_loss(
    browser: Browser, redis7: RedisServer
) -> None:
    async with routing(redis7.url) as (web, hand):
        page = await Dashboard.open(browser, web.url)
        await web.kill()
        assert "connection lost" in await page.fresh("reconnecting")
        for number in range(20):
            await hand.change(f"s{number % 6}")
        await web.start()
        await page.fresh("live")
        await page.shows(await hand.statuses())
        assert await page.events("resync") == []
        assert page.warnings == []


async def test_a_page_that_was_asleep_is_not_live_until_a_frame_proves_it(
    browser: Browser, redis7: RedisServer
) -> None:
    """Its own stream may have died in the sleep; one that is shared is its worker's to doubt."""
    async with routing(redis7.url) as (web, _), StallProxy(web.port) as proxy:
        page = Dashboard(await browser.new_page())
        await page.page.add_init_script(ALONE)
        await page.page.goto(f"http://127.0.0.1:{proxy.port}/")
        await page.fresh("live")
        streams = proxy.streams
        proxy.stall()
        await page.page.evaluate(
            "window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
        )
        await page.says("the page was asleep")
        await eventually(lambda: proxy.streams > streams, message="the stream is opened anew")
        assert await page.freshness() == "asleep"
        proxy.flow()
        await page.fresh("live")
