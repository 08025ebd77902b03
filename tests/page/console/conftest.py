"""The console in the page that all tests here share."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Page

from tests.page.console.view import ConsoleView
from tests.page.stage import Stage


@pytest_asyncio.fixture(loop_scope="session")
async def console(looked_at: Page, stage: Stage) -> AsyncIterator[ConsoleView]:
    """A console that is not opened yet, in a browser that has sent nothing before."""
    await looked_at.set_viewport_size({"width": 1280, "height": 900})
    await looked_at.goto(stage.url)
    await looked_at.evaluate("localStorage.clear()")
    yield ConsoleView(looked_at, stage)
    await looked_at.unroute_all()
