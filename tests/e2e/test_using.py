"""Using the page: filter, counts, keyboard, detail, many services."""

import pytest
from playwright.async_api import Browser, Page, expect

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
        await hand.change("s0", reason="health check answers 503")
        page = await Dashboard.open(browser, web.url)
        await page.page.locator(f'[data-service="{record("s0", NODE).id}"]').click()
        detail = page.page.locator("[data-detail]")
        await expect(detail.locator('[data-field="reason"]')).to_have_text(
            "health check answers 503"
        )
        await expect(detail.locator('[data-hop="socket"]')).to_contain_text("s0/rpc.sock")
        await page.page.locator('[data-to-tab="sockets"]').click()
        await expect(detail.locator('[data-socket="rpc"]')).to_contain_text("s0/rpc.sock")
        await hand.remove("s0")
        await expect(detail).to_contain_text("has left the registry")


USED_AT_ONCE = """([sort, use]) => {
  const select = document.querySelector("[data-sort]");
  select.value = sort;
  select.dispatchEvent(new Event("change", { bubbles: true }));
  const links = ["[data-list] a", "[data-causes] a"].map((place) => document.querySelector(place));
  const read = () => links.map((link) => link.getAttribute("href"));
  const drawn = read();
  for (const link of links) link.dispatchEvent(new MouseEvent(use, { bubbles: true }));
  return [drawn, read()];
}"""
"""Sort the list, and use links before anything is drawn again."""


@pytest.mark.parametrize("use", ["click", "auxclick", "contextmenu", "dragstart"])
async def test_a_link_that_was_drawn_earlier_leads_to_the_list_as_it_is_now(
    browser: Browser, redis7: RedisServer, use: str
) -> None:
    """The cause of many services has a filter of its own, which it keeps."""
    async with routing(redis7.url) as (web, hand):
        for number in range(9):
            await hand.change(f"s{number}", status="degraded", reason="r")
        page = (await Dashboard.open(browser, f"{web.url}/#/?q=s")).page
        row = f"#/s/default/s0@{NODE}?q=s"
        await page.locator("[data-cause]", has_text="9 services").wait_for()
        await expect(page.locator("[data-list] a").first).to_have_attribute("href", row)
        drawn, used = await page.evaluate(USED_AT_ONCE, ["name", use])
        cause = f"#/?q=status:%22degraded%22+node:%22{NODE}%22+%22r%22"
        assert drawn == [row, cause]
        assert used == [f"{row}&sort=name", f"{cause}&sort=name"]


async def test_reload_back_and_another_browser_show_the_same_from_the_address_alone(
    browser: Browser, redis7: RedisServer
) -> None:
    """Service, tab, filter, sort and shut groups."""
    async with routing(redis7.url) as (web, hand):
        await hand.change("s1", context="shop")
        page = (await Dashboard.open(browser, web.url)).page
        title = page.locator('[data-field="title"]')
        rows = page.locator("[data-service] .name")
        await page.locator("[data-filter]").press_sequentially("S")
        await page.locator("[data-sort]").select_option("name")
        await page.locator('[data-context="shop"] button').click()
        for name in ("s4", "s2"):
            await page.locator(f'[data-service="{record(name, NODE).id}"]').click()
            await expect(title).to_have_text(name)
        await page.locator('[data-to-tab="raw"]').click()
        await expect(page.locator(".raw code")).to_contain_text('"name": "s2"')
        address = f"{web.url}/#/s/default/s2@{NODE}/raw?q=S&shut=shop&sort=name"
        await expect(page).to_have_url(address)
        listed = ["s0", "s2", "s3", "s4", "s5", "s1"]
        await expect(rows).to_have_text(listed)

        async def same(other: Page) -> None:
            await expect(other.locator(".raw code")).to_contain_text('"name": "s2"')
            await expect(other.locator("[data-filter]")).to_have_value("S")
            await expect(other.locator("[data-sort]")).to_have_value("name")
            await expect(other.locator("[data-service] .name")).to_have_text(listed)

        await page.reload()
        await same(page)
        elsewhere = await browser.new_context()
        other = await elsewhere.new_page()
        await other.goto(address)
        await same(other)
        await page.go_back()
        await expect(page.locator("[data-facts]")).to_be_visible()
        await page.go_back()
        await expect(title).to_have_text("s4")
        await page.go_forward()
        await expect(title).to_have_text("s2")
        await page.locator("[data-back]").click()
        await expect(page.locator("[data-overview]")).to_be_visible()
        await expect(page).to_have_url(f"{web.url}/#/?q=S&shut=shop&sort=name")
        await page.goto(f"{web.url}/#{record('s3', NODE).id}")
        await expect(title).to_have_text("s3")
        await expect(page).to_have_url(f"{web.url}/#/s/default/s3@{NODE}")
        await page.goto(f"{web.url}/#nobody")
        await expect(page.locator("[data-gone]")).to_be_visible()


async def test_a_preference_is_kept_and_put_into_an_address_that_says_nothing(
    browser: Browser, redis7: RedisServer
) -> None:
    async with routing(redis7.url) as (web, _):
        page = (await Dashboard.open(browser, web.url)).page
        await page.locator("[data-group]").select_option("node")
        await page.locator("[data-theme-button]").click()
        await expect(page.locator("html")).to_have_attribute("data-theme", "light")
        await page.goto(web.url)
        await expect(page).to_have_url(f"{web.url}/#/?group=node")
        await expect(page.locator("[data-context]")).to_contain_text(NODE)
        await expect(page.locator("html")).to_have_attribute("data-theme", "light")


async def test_a_thousand_services_stay_usable(browser: Browser, redis7: RedisServer) -> None:
    async with routing(redis7.url, services=1_000) as (web, hand):
        dashboard = await Dashboard.open(browser, web.url)
        page = dashboard.page
        await page.evaluate(
            """() => {
                window.added = 0;
                new MutationObserver((changes) => {
                    for (const { addedNodes } of changes) window.added += addedNodes.length;
                }).observe(document.body, { childList: true, subtree: true });
            }"""
        )
        assert len(await dashboard.statuses()) < 100, "only the rows in sight are in the document"
        for number in range(200):
            await hand.change(f"s{number * 5}")
        truth = list((await hand.statuses()).values())
        for status in set(truth):
            count = page.locator(f'[data-count="{status}"] b')
            await expect(count).to_have_text(str(truth.count(status)))
        await page.locator("[data-filter]").fill("s99")
        found = [record(name, NODE).id for name in ("s99", *(f"s99{n}" for n in range(10)))]
        await dashboard.shows({one: (await hand.statuses())[one] for one in found})
        await page.locator("[data-filter]").fill("")
        await page.locator("[data-sort]").select_option("name")
        names = page.locator("[data-service] .name")
        await expect(names.first).to_have_text("s0")
        await expect(names.nth(1)).to_have_text("s1")
        await page.locator("[data-filter]").press("ArrowDown")
        await page.keyboard.press("End")
        last = page.locator(f'[data-service="{record("s999", NODE).id}"]')
        await expect(last).to_be_focused()
        await expect(last).to_be_in_viewport()
        added = await page.evaluate("window.added")
        assert added < 1_000, "the list is not built anew for each event"
