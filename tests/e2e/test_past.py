"""The past of services on the page, over a real router and a real history."""

import time

import pytest
from playwright.async_api import Browser, Locator, Request, expect

from tests.e2e.dashboard import Dashboard
from tests.e2e.router import routing
from tests.support.hand import NODE
from tests.support.records import record
from tests.support.redis import RedisServer

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def kinds(bars: Locator) -> list[str]:
    """Which kinds of bars are shown, once some are."""
    await expect(bars.locator("path").first).to_be_attached()
    found: list[str] = await bars.locator("path").evaluate_all(
        "all => all.map((path) => path.dataset.kind)"
    )
    return sorted(found)


async def test_list_fleet_and_service_show_the_past_and_one_request_is_for_all(
    browser: Browser, redis7: RedisServer
) -> None:
    async with routing(redis7.url, services=3) as (web, hand):
        await hand.past(s0="hhhhhhhh", s1="hhuuhhhh")
        dashboard = Dashboard(await browser.new_page(viewport={"width": 1200, "height": 800}))
        page, asked = dashboard.page, list[str]()

        def note(request: Request) -> None:
            if "/api/history" in request.url:
                asked.append(request.url.partition("?")[2])

        page.on("request", note)
        began = time.monotonic()
        await page.goto(web.url)
        fleet = await kinds(page.locator("[data-hour] .bars"))
        assert "unhealthy" in fleet
        row = page.locator('[data-service="{}"] .bars'.format(record("s1", NODE).id))
        assert "unhealthy" in await kinds(row)
        await page.locator(f'[data-service="{record("s1", NODE).id}"]').click()
        past = page.locator("[data-past]")
        await expect(past.locator("[data-uptime]")).to_contain_text("since its history began")
        assert "unhealthy" in await kinds(past.locator("[data-bars]"))
        await expect(past.locator("[data-latency-text]")).to_contain_text("median")
        await past.locator('[data-span="1h"]').click()
        await expect(past.locator('[data-span="1h"]')).to_have_attribute("aria-current", "true")
        await expect(past.locator("[data-bars]")).to_have_attribute("viewBox", "0 0 60 1")
        mine = f"&service={record('s1', NODE).id}"
        # On a slow machine each is asked for again: after a minute, or 10 s after an error.
        again = 2 * int((time.monotonic() - began) / 10)
        assert list(dict.fromkeys(asked)) == ["span=1h", f"span=1d{mine}", f"span=1h{mine}"]
        assert len(asked) <= 3 + again
        assert dashboard.errors == []
