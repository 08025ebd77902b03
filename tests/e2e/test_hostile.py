"""Row 97: what services say is shown as text, whatever it is."""

from playwright.async_api import Browser

from tests.e2e.dashboard import Dashboard
from tests.e2e.router import routing
from tests.support.hand import NODE
from tests.support.records import record
from tests.support.redis import RedisServer

HOSTILE = [
    "<img src=x onerror=window.owned=1>",
    "</script><script>window.owned=1</script>",
    "javascript:window.owned=1",
    "\u202egnp.exe",
    "n" * 255,
    "[link](javascript:window.owned=1) <svg onload=window.owned=1>",
]


async def test_hostile_texts_are_only_text_and_the_layout_holds(
    browser: Browser, redis7: RedisServer
) -> None:
    async with routing(redis7.url, services=0) as (web, hand):
        for text in HOSTILE:
            await hand.change(text, title=text, description=text, reason=text, methods=(text,))
        page = await Dashboard.open(browser, web.url, width=360)
        await page.shows(await hand.statuses())
        for text in HOSTILE:
            row = page.page.locator(f'[data-service="{record(text, NODE).id}"]')
            assert await row.locator(".name").text_content() == text
            await row.click()
            title = page.page.locator('[data-field="title"]')
            assert await title.text_content() == text
            assert await page.page.evaluate("document.documentElement.scrollWidth") <= 360
            await page.page.locator("[data-back]").click()
        assert await page.page.evaluate("window.owned") is None
        assert await page.page.locator("[data-detail] a, [data-list] a").count() == 0
        assert page.errors == []


async def test_the_page_loads_nothing_from_elsewhere_and_sends_a_strict_policy(
    browser: Browser, redis7: RedisServer
) -> None:
    async with routing(redis7.url) as (web, _):
        asked: list[str] = []
        page = Dashboard(await browser.new_page())
        page.page.on("request", lambda request: asked.append(request.url))
        answer = await page.page.goto(web.url)
        assert answer is not None
        policy = answer.headers["content-security-policy"]
        await page.fresh("live")
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert [url for url in asked if not url.startswith(web.url)] == []
        assert page.errors == []
