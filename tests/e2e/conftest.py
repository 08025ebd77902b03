"""Debian's Chromium, headless: one for all tests, with fresh profiles for each."""

from collections.abc import AsyncIterator, Sequence

import pytest_asyncio
from playwright.async_api import Browser, Playwright, async_playwright, expect

from tests.support.wait import PATIENCE_SECONDS

PATIENCE_MS = 1000 * PATIENCE_SECONDS
expect.set_options(timeout=PATIENCE_MS)

CHROMIUM = "/usr/bin/chromium"

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


async def launched(playwright: Playwright, *flags: str, without: Sequence[str] = ()) -> Browser:
    """A browser with more flags, and `without` some of Playwright's own.

    Playwright waits 30 s for whatever it does. A busy machine needs up to 15 s for one page.
    """
    running = await playwright.chromium.launch(
        executable_path=CHROMIUM,
        args=[*FLAGS, *flags],
        ignore_default_args=list(without),
        timeout=2 * PATIENCE_MS,
    )
    running.on("context", lambda profile: profile.set_default_timeout(PATIENCE_MS))
    return running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The one browser."""
    async with async_playwright() as playwright:
        running = await launched(playwright)
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="session")
async def browser(chromium: Browser) -> AsyncIterator[Browser]:
    """The browser without a profile; those that the test makes end with it."""
    yield chromium
    for profile in chromium.contexts:
        await profile.close()
