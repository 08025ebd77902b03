"""Many tabs of one browser: all live over one stream, and each says the truth when it fails."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext

from tests.e2e.dashboard import ALONE, Dashboard
from tests.e2e.router import routing
from tests.e2e.stall import StallProxy
from tests.page.tab import kill_workers
from tests.support.hand import Hand
from tests.support.redis import RedisServer
from tests.support.wait import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

TABS = 8
"""Chromium opens at most six connections to a host over HTTP/1.1."""

PING = "0.5"


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser's profile: its tabs share a worker."""
    opened = await browser.new_context()
    yield opened
    await opened.close()


async def open_tabs(context: BrowserContext, url: str, number: int = TABS) -> Sequence[Dashboard]:
    """So many tabs, all live."""
    tabs = [Dashboard(await context.new_page()) for _ in range(number)]
    await asyncio.gather(*(tab.page.goto(url) for tab in tabs))
    await asyncio.gather(*(tab.fresh("live") for tab in tabs))
    return tabs


async def all_show(tabs: Sequence[Dashboard], hand: Hand) -> None:
    """Every tab shows the registry and says that it is live."""
    truth = await hand.statuses()
    await asyncio.gather(*(tab.shows(truth) for tab in tabs))
    await asyncio.gather(*(tab.fresh("live") for tab in tabs))


async def test_eight_tabs_are_all_live_over_one_stream(
    context: BrowserContext, redis7: RedisServer
) -> None:
    async with routing(redis7.url) as (web, hand), StallProxy(web.port) as proxy:
        tabs = await open_tabs(context, f"http://127.0.0.1:{proxy.port}/")
        assert proxy.streams == 1
        for number in range(20):
            await hand.change(f"s{number % 6}")
        await hand.remove("s5")
        await hand.change("newcomer")
        await all_show(tabs, hand)
        first = tabs[0].page.locator("[data-service]").first
        await first.click()
        await tabs[0].page.get_by_role("link", name="Sockets").click()
        await tabs[0].page.locator("[data-socket]").wait_for()
        assert [tab.warnings + tab.errors for tab in tabs] == [[]] * TABS


async def test_when_web_is_killed_every_tab_says_so_and_goes_on_without_a_loss(
    context: BrowserContext, redis7: RedisServer
) -> None:
    async with routing(redis7.url) as (web, hand):
        tabs = await open_tabs(context, web.url)
        await web.kill()
        for tab in tabs:
            await tab.fresh("reconnecting", "polling")
        await hand.change("s0")
        await web.start()
        await all_show(tabs, hand)
        assert [tab.warnings for tab in tabs] == [[]] * TABS


async def test_a_stream_that_falls_silent_is_noticed_in_every_tab(
    context: BrowserContext, redis7: RedisServer
) -> None:
    async with (
        routing(redis7.url, ROUTER_PING_SECONDS=PING) as (web, hand),
        StallProxy(web.port) as proxy,
    ):
        tabs = await open_tabs(context, f"http://127.0.0.1:{proxy.port}/", 3)
        proxy.stall()
        for tab in tabs:
            await tab.says("nothing received from the router since")
        await hand.change("s0")
        proxy.flow()
        await all_show(tabs, hand)


async def test_a_worker_that_died_is_noticed_by_each_tab_and_replaced(
    browser: Browser, context: BrowserContext, redis7: RedisServer
) -> None:
    async with routing(redis7.url) as (web, hand), StallProxy(web.port) as proxy:
        tabs = await open_tabs(context, f"http://127.0.0.1:{proxy.port}/", 2)
        await kill_workers(browser)
        # The next worker's may be there by now.
        await eventually(
            lambda: proxy.open == 0 or proxy.streams > 1, message="the stream died with its worker"
        )
        await hand.change("s0")
        truth = await hand.statuses()
        await asyncio.gather(*(tab.shows(truth) for tab in tabs))
        await all_show(tabs, hand)
        assert proxy.streams == 2
        assert [tab.warnings for tab in tabs] == [[]] * 2


async def test_without_shared_workers_each_tab_has_a_stream_of_its_own(
    context: BrowserContext, redis7: RedisServer
) -> None:
    await context.add_init_script(ALONE)
    async with routing(redis7.url) as (web, hand), StallProxy(web.port) as proxy:
        tabs = await open_tabs(context, f"http://127.0.0.1:{proxy.port}/", 2)
        assert proxy.streams == 2
        await hand.change("s0")
        await all_show(tabs, hand)
