"""A page that was put away: in the back/forward cache, or frozen; it comes back with the truth."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, async_playwright, expect

from tests.e2e.conftest import launched
from tests.e2e.dashboard import ALONE, Dashboard
from tests.e2e.router import routing
from tests.e2e.stall import StallProxy
from tests.support.redis import RedisServer
from tests.support.wait import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

SERVICES = 6

SEEN = "window.addEventListener('pageshow', ({ persisted }) => { window.persisted = persisted; });"

FREEZE, RESUME = (f"document.dispatchEvent(new Event('{name}'))" for name in ("freeze", "resume"))
HIDE, SHOW = (
    f"window.dispatchEvent(new PageTransitionEvent('{name}', {{ persisted: true }}))"
    for name in ("pagehide", "pageshow")
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A browser that keeps pages in its back/forward cache, as people's browsers do."""
    async with async_playwright() as playwright:
        running = await launched(playwright, without=["--disable-back-forward-cache"])
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="session", params=["shared", "alone"])
async def context(
    browser: Browser, request: pytest.FixtureRequest
) -> AsyncIterator[BrowserContext]:
    """A profile whose tabs share a stream, and one in which each has its own."""
    opened = await browser.new_context()
    await opened.add_init_script(SEEN)
    if request.param == "alone":
        await opened.add_init_script(ALONE)
    yield opened
    await opened.close()


async def test_a_page_from_the_back_forward_cache_has_missed_nothing(
    context: BrowserContext, redis7: RedisServer
) -> None:
    async with (
        routing(redis7.url, services=SERVICES) as (web, hand),
        StallProxy(web.port) as proxy,
    ):
        page = Dashboard(await context.new_page())
        await page.page.goto(f"http://127.0.0.1:{proxy.port}/")
        await page.fresh("live")
        # The page is live before it has asked for the older events, and it draws a few at a time.
        lines = page.page.locator("[data-events] li")
        await expect(lines).to_have_count(SERVICES)
        await page.page.goto(f"{web.url}/health")
        await eventually(lambda: proxy.open == 0, message="a page put away holds no stream")
        await hand.change("s0")
        await hand.remove("s1")
        await page.page.go_back(wait_until="commit")
        await page.shows(await hand.statuses())
        await page.fresh("live")
        assert await page.page.evaluate("window.persisted")
        # The two that came meanwhile, and above them the rule that says so.
        await expect(lines).to_have_count(SERVICES + 3)
        assert len(await page.events("away")) == 1
        assert page.warnings == []


@pytest.mark.parametrize(("away", "back"), [(FREEZE, RESUME), (HIDE, SHOW)], ids=["freeze", "hide"])
async def test_a_page_put_away_holds_no_stream_and_goes_on_where_it_was(
    context: BrowserContext, redis7: RedisServer, away: str, back: str
) -> None:
    """Not every browser tells of both, and one without a screen freezes nothing by itself."""
    async with routing(redis7.url) as (web, hand), StallProxy(web.port) as proxy:
        page = Dashboard(await context.new_page())
        await page.page.goto(f"http://127.0.0.1:{proxy.port}/")
        await page.fresh("live")
        await page.page.evaluate(away)
        await eventually(lambda: proxy.open == 0, message="a page put away holds no stream")
        await hand.change("s0")
        await hand.remove("s1")
        await page.page.evaluate(back)
        await page.shows(await hand.statuses())
        await page.fresh("live")
        assert page.warnings == []
