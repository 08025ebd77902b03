"""Using the page: filter, counts, keyboard, detail, many services."""

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.dashboard import Dashboard
from tests.e2e.router import routing
from tests.support.hand import NODE
from tests.support.records import record
from tests.support.redis import RedisServer

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_filter_counts_and_keyboard(browser: Browser, redis7: RedisServer) -> None:
    async with routing(redis7.url, services=12) as (web, hand):
        page = await Dashboard.open(browser, web.url)
        rows = page.page.locator("[data-service]")
        await expect(rows).to_have_count(12)
        await page.page.keyboard.press("/")
        await page.page.keyboard.type("S11")
        await expect(rows).to_have_count(1)
        await page.page.keyboard.press("ArrowDown")
        await page.page.keyboard.press("Enter")
        chosen = record("s11", NODE).id
        detail = page.page.locator("[data-detail]")
        await expect(detail).to_have_attribute("data-shown", chosen)
        await expect(detail.locator('[data-field="title"]')).to_have_text("s11")
        await page.page.locator("[data-filter]").fill("")
        truth = await hand.statuses()
        for status in set(truth.values()):
            number = list(truth.values()).count(status)
            count = page.page.locator(f'[data-count="{status}"]')
            await expect(count.locator("b")).to_have_text(str(number))
            await count.click()
            await expect(rows).to_have_count(number)
            await count.click()


async def test_the_detail_shows_each_socket_and_why(browser: Browser, redis7: RedisServer) -> None:
    async with routing(redis7.url) as (web, hand):
        await hand.change("s0", reason="health check answers 503", methods=("add", "sub"))
        page = await Dashboard.open(browser, web.url)
        await page.page.locator(f'[data-service="{record("s0", NODE).id}"]').click()
        detail = page.page.locator("[data-detail]")
        await expect(detail.locator('[data-field="reason"]')).to_have_text(
            "health check answers 503"
        )
        await expect(detail.locator('[data-socket="rpc"]')).to_contain_text("s0/rpc.sock")
        await expect(detail.locator("[data-methods] li")).to_have_text(["add", "sub"])
        await hand.remove("s0")
        await expect(detail).to_contain_text("has left the registry")


async def test_the_address_names_the_service_for_reload_sharing_and_back(
    browser: Browser, redis7: RedisServer
) -> None:
    async with routing(redis7.url) as (web, _):
        page = (await Dashboard.open(browser, web.url)).page
        title = page.locator('[data-field="title"]')
        for name in ("s1", "s2"):
            await page.locator(f'[data-service="{record(name, NODE).id}"]').click()
            await expect(title).to_have_text(name)
            assert page.url == f"{web.url}/#{record(name, NODE).id}"
        await page.reload()
        await expect(title).to_have_text("s2")
        await page.go_back()
        await expect(page.locator("[data-overview]")).to_be_visible()
        assert page.url == f"{web.url}/"
        await page.go_forward()
        await expect(title).to_be_visible()
        await expect(title).to_have_text("s2")
        await page.locator("[data-back]").click()
        await expect(page.locator("[data-overview]")).to_be_visible()
        assert page.url == f"{web.url}/"
        await page.go_forward()
        await expect(title).to_be_visible()
        await expect(title).to_have_text("s2")
        await page.goto(f"{web.url}/#nobody")
        await expect(page.locator("[data-gone]")).to_be_visible()


async def test_a_thousand_services_stay_usable(browser: Browser, redis7: RedisServer) -> None:
    async with routing(redis7.url, services=1_000) as (web, hand):
        page = await Dashboard.open(browser, web.url)
        await page.page.evaluate(
            """() => {
                window.longest = 0;
                new PerformanceObserver((list) => {
                    const longest = list.getEntries().map((one) => one.duration);
                    window.longest = Math.max(window.longest, ...longest);
                }).observe({ entryTypes: ["longtask"] });
            }"""
        )
        for number in range(200):
            await hand.change(f"s{number * 5}")
        await page.shows(await hand.statuses())
        # A page that drew every event on its own, or rebuilt its list, would take seconds.
        assert await page.page.evaluate("window.longest") < 1_000
