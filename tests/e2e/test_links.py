"""From the page to a service: its links in a real browser, and its errors."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from hero_router.model import SocketState, Status
from tests.e2e.dashboard import Dashboard
from tests.e2e.router import Web, routing
from tests.support.hand import NODE, Hand
from tests.support.records import put, record
from tests.support.redis import RedisServer
from tests.web.upstream import answers, service

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCRIPT = b"<!doctype html><title>shop</title><script>document.title += self.origin</script>"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n"
PAGE = HEAD % len(SCRIPT) + SCRIPT


@asynccontextmanager
async def shop(redis_url: str, root: Path) -> AsyncIterator[tuple[Web, Hand]]:
    """A router that knows the service `shop`, which has one page."""
    socket = SocketState("web_page", "web_page", "shop/page.sock", Status.HEALTHY)
    async with routing(redis_url, services=0, ROUTER_NODE=NODE, ROUTER_SOCKET_DIR=str(root)) as (
        web,
        hand,
    ):
        await hand.write(put("shop", node=NODE, sockets=(socket,)))
        yield web, hand


async def detail(browser: Browser, web: Web) -> Page:
    """The router's page, with the sockets of the service."""
    page = (await Dashboard.open(browser, web.url)).page
    await page.locator(f'[data-service="{record("shop", NODE).id}"]').click()
    await page.locator('[data-to-tab="sockets"]').click()
    return page


async def opened(page: Page, number: int) -> Page:
    """The tab that one of the links opens."""
    link = page.locator('[data-socket="web_page"] a').nth(number)
    async with page.context.expect_page() as tab:
        await link.click()
    found = await tab.value
    await found.wait_for_load_state()
    return found


async def test_a_link_opens_the_service_at_an_origin_of_its_own(
    browser: Browser, redis7: RedisServer, tmp_path: Path
) -> None:
    async with shop(redis7.url, tmp_path) as (web, _):
        page = await detail(browser, web)
        async with service(tmp_path / "shop/page.sock", answers(PAGE)):
            own = await opened(page, 0)
            await expect(own).to_have_url(f"http://shop.localhost:{web.port}/")
            await expect(own).to_have_title(f"shophttp://shop.localhost:{web.port}")
            assert await own.evaluate("window.opener") is None
            shared = await opened(page, 1)
            await expect(shared).to_have_url(f"{web.url}/shop/page/")
            await expect(shared).to_have_title("shopnull")


async def test_a_request_that_fails_is_on_the_services_page(
    browser: Browser, redis7: RedisServer, tmp_path: Path
) -> None:
    async with shop(redis7.url, tmp_path) as (web, _):
        page = await detail(browser, web)
        refused = await opened(page, 0)
        await page.locator('[data-to-tab="logs"]').click()
        place = page.locator("[data-routing-errors]")
        await expect(refused).to_have_title(re.compile("503"))
        await expect(place.locator("li").first).to_contain_text("cannot be seen")
        await expect(place.locator("li").first).to_contain_text("GET /")
