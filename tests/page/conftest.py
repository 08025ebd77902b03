"""One Chromium and one server of the page's files for all tests here: each needs only a page."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from tests.e2e.conftest import CHROMIUM, FLAGS
from tests.page.stage import Stage
from tests.page.store import PageStore
from tests.page.view import PageView
from tests.support.wait import PATIENCE_SECONDS

PATIENCE_MS = 1000 * PATIENCE_SECONDS

session = pytest_asyncio.fixture(scope="session", loop_scope="session")
each = pytest_asyncio.fixture(loop_scope="session")


@session
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium, headless."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS, timeout=PATIENCE_MS
        )
        yield running
        await running.close()


@session
async def served() -> AsyncIterator[Stage]:
    """The one server."""
    async with Stage() as stage:
        yield stage


@each
async def stage(served: Stage) -> AsyncIterator[Stage]:
    """The server, with no stream open."""
    yield served
    served.clear()


@each
async def page(browser: Browser, stage: Stage) -> AsyncIterator[Page]:
    """A blank page of the server's origin, under the product's own security headers."""
    opened = await browser.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    await opened.goto(stage.url)
    yield opened
    await opened.context.close()


@session
async def quiet(browser: Browser, served: Stage) -> AsyncIterator[Page]:
    """A blank page for modules without a document and without a network: it is never spoiled."""
    opened = await browser.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    await opened.goto(served.url)
    yield opened
    await opened.context.close()


@session
async def looked_at(browser: Browser) -> AsyncIterator[Page]:
    """The page in which the view is shown; each test loads it anew."""
    opened = await browser.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    yield opened
    await opened.context.close()


@each
async def store(quiet: Page) -> PageStore:
    """A new Store."""
    return await PageStore.new(quiet)


@each
async def view(looked_at: Page, stage: Stage) -> PageView:
    """The page before it has heard anything."""
    await looked_at.set_viewport_size({"width": 1280, "height": 800})
    return await PageView.at(looked_at, stage)
