"""The pain itself: a page that falls behind says so, and recovers by itself."""

from collections.abc import Mapping

import pytest
from playwright.async_api import Browser

from hero_router.position import Position
from tests.e2e.dashboard import Dashboard
from tests.e2e.router import routing
from tests.e2e.stall import StallProxy
from tests.support.hand import Hand
from tests.support.records import record
from tests.support.redis import RedisServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

BURST = 200
"""Changes while the page is stalled."""

CHOSEN, NEWCOMER = record("s1", "n2").id, record("newcomer", "n2").id
PAD = "x" * 1_900
"""Large records, so that a stalled connection is full after a few of them."""


async def burst(hand: Hand) -> tuple[Mapping[str, str], Position]:
    """Many changes; in the end one service leaves and one comes. Returns the truth after it, and
    the last event's position.
    """
    for number in range(BURST - 2):
        await hand.change(f"s{number % 6}", description=PAD, title=PAD)
    await hand.remove("s5")
    last = await hand.change("newcomer")
    return await hand.statuses(), last


async def test_a_stalled_page_says_what_it_missed_and_shows_the_registry_again(
    browser: Browser, redis7: RedisServer
) -> None:
    async with routing(redis7.url, window=4) as (web, hand), StallProxy(web.port) as proxy:
        page = await Dashboard.open(browser, f"http://127.0.0.1:{proxy.port}/")
        await page.page.locator(f'[data-service="{CHOSEN}"]').click()
        await page.page.locator("[data-filter]").fill("s")
        proxy.stall()
        truth, last = await burst(hand)
        proxy.flow()
        await page.shows({key: value for key, value in truth.items() if key != NEWCOMER})
        strip = await page.fresh("live")
        frames = await page.reaches(last)
        missed = [frame.dropped for frame in frames if frame.event == "resync"]
        assert missed
        assert None not in missed
        changes = sum(frame.event != "resync" for frame in frames)
        assert changes + sum(count or 0 for count in missed) == BURST
        assert "missed" in strip
        for warning, count in zip(page.warnings, missed, strict=True):
            assert f"missed {count} events" in warning
        assert await page.page.locator("[data-detail]").get_attribute("data-shown") == CHOSEN
        await page.page.locator("[data-filter]").fill("")
        await page.shows(truth)
        assert page.errors == []


async def test_with_a_larger_window_the_same_stall_loses_nothing(
    browser: Browser, redis7: RedisServer
) -> None:
    async with routing(redis7.url, window=1024) as (web, hand), StallProxy(web.port) as proxy:
        page = await Dashboard.open(browser, f"http://127.0.0.1:{proxy.port}/")
        proxy.stall()
        truth, last = await burst(hand)
        proxy.flow()
        await page.shows(truth)
        await page.reaches(last)
        await page.fresh("live")
        assert await page.events("resync") == []
        assert page.warnings == page.errors == []
