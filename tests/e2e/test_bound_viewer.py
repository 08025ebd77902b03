"""A person who may see one context only, while another context is busy."""

from collections.abc import Mapping
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.dashboard import WITNESS, Dashboard
from tests.e2e.router import routing
from tests.e2e.test_sign_in import REFUSED, TOKEN, sign_in
from tests.support.hand import NODE
from tests.support.records import put, record
from tests.support.redis import RedisServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

VIEWING = "viewer-0123456789ab"

SETTINGS: Mapping[str, Any] = {
    "ROUTER_TOKEN": TOKEN,
    "ROUTER_VIEWER_TOKEN": VIEWING,
    "ROUTER_VIEWER_CONTEXTS": "shop",
    "ROUTER_PING_SECONDS": "0.3",
}

NOTE_DOUBTS = """
window.doubts = [];
new MutationObserver(() => {
  const { trust } = document.body.dataset;
  const link = document.querySelector("[data-strip]").dataset.link;
  if (trust !== "all" || link !== "live") window.doubts.push(`${link} ${trust}`);
}).observe(document, { subtree: true, attributeFilter: ["data-trust", "data-link"] });
"""
"""Notes each time that the page says that it is not live."""


async def test_what_is_hidden_from_a_person_is_never_called_missed_and_the_page_stays_live(
    browser: Browser, redis7: RedisServer
) -> None:
    async with routing(redis7.url, services=2, **SETTINGS) as (router, hand):
        await hand.write(put("till", 1, NODE, context="shop"))
        dashboard = Dashboard(await browser.new_page())
        page = dashboard.page
        await page.add_init_script(WITNESS)
        await page.goto(f"{router.url}/sign-in")
        await sign_in(page, VIEWING)
        await dashboard.fresh("live")
        await page.evaluate(NOTE_DOUBTS)
        for number in range(2, 12):
            await hand.changes("s0", 5)
            await dashboard.reaches(await hand.write(put("till", number, NODE, context="shop")))
        await dashboard.shows({record("till", NODE).id: "healthy"})
        assert await page.evaluate("window.doubts") == []
        assert "missed" not in await dashboard.strip()
        assert dashboard.warnings == []


async def test_where_another_person_signs_in_open_tabs_show_only_what_they_may_see(
    browser: Browser, redis7: RedisServer
) -> None:
    async with routing(redis7.url, services=2, **SETTINGS) as (router, hand):
        await hand.write(put("till", 1, NODE, context="shop"))
        profile = await browser.new_context()
        tabs = [Dashboard(await profile.new_page()) for _ in range(2)]
        await tabs[0].page.goto(f"{router.url}/sign-in")
        await sign_in(tabs[0].page, TOKEN)
        await tabs[1].page.goto(router.url)
        for tab in tabs:
            await tab.shows(await hand.statuses())
        other = await profile.new_page()
        await other.goto(f"{router.url}/sign-in")
        await sign_in(other, VIEWING)
        for tab in tabs:
            # Said once the page has loaded anew; nothing can be read of it while it does.
            await expect(tab.page.locator("[data-account]")).to_contain_text("as viewer")
            await tab.shows({record("till", NODE).id: "healthy"})
            await tab.fresh("live")
            assert [error for error in tab.errors if REFUSED not in error] == []
