"""What services say of themselves is shown as text, whatever it is, and does nothing else."""

import os
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from hero_router.model import SocketState, Status
from hero_router.sanitize import readable
from tests.e2e.dashboard import Dashboard
from tests.e2e.router import routing
from tests.scan.places import bind
from tests.scan.test_paths import HOSTILE as NAMES
from tests.support.hand import NODE
from tests.support.records import record
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.live import scanning

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = [
    "<img src=x onerror=window.owned=1>",
    "</script><script>window.owned=1</script>",
    "javascript:window.owned=1",
    "data:text/html,<script>window.owned=1</script>",
    "\u202egnp.exe",
    "n" * 255,
    "[link](javascript:window.owned=1) <svg onload=window.owned=1><script>window.owned=1</script>",
    "</style><style>body{display:none}</style><iframe srcdoc='<script>parent.owned=1</script>'>",
    "\"' onmouseover=window.owned=1 style=background:url(//evil.example/x) ",
    "line\r\nline\u2028line\u2029line\0line",
    "${window.owned=1}{{window.owned=1}}",
]

TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""Until the page has drawn, and scrolled to where the list was left."""

STRAYS = "[onerror], [onload], [onclick], [onmouseover], iframe, [style*=evil]"
"""What would be in the page if a text had become more than text."""


async def harmless(page: Dashboard) -> None:
    """Nothing ran, nothing was made of a text, and no link leads anywhere but to a web page."""
    assert await page.page.evaluate("window.owned") is None
    assert await page.page.locator(STRAYS).count() == 0
    links = await page.page.locator("a[href]").evaluate_all(
        "found => found.map(one => [new URL(one.href).protocol, one.target, one.rel])"
    )
    for protocol, target, rel in links:
        assert protocol in ("http:", "https:")
        assert not target or "noopener" in rel
    assert page.errors == []


async def test_hostile_texts_are_only_text_and_the_layout_holds(
    browser: Browser, redis7: RedisServer
) -> None:
    async with routing(redis7.url, services=0) as (web, hand):
        for text in HOSTILE:
            socket = SocketState(text, "other", text, Status.DEGRADED, 1.5, text)
            texts = ("title", "description", "reason", "version", "protocol", "context", "source")
            told = dict.fromkeys((*texts, "source_kind", "spec_error", "conflict"), text)
            await hand.change(text, **told, methods=(text,), sockets=(socket,), socket_path=text)
        page = await Dashboard.open(browser, web.url, width=360)
        await page.shows(await hand.statuses())
        for text in HOSTILE:
            row = page.page.locator(f'[data-service="{record(text, NODE).id}"]')
            assert await row.locator(".name").text_content() == text
            await row.click()
            await shows_title(page, text)
            assert await page.page.evaluate("document.documentElement.scrollWidth") <= 360
            await page.page.locator("[data-back]").click()
            await expect(page.page.locator("[data-detail] .fleet")).to_be_attached()
            await page.page.evaluate(TWO_FRAMES)
        await harmless(page)


async def shows_title(page: Dashboard, text: str) -> None:
    """Wait until the detail pane has exactly this title."""
    title = page.page.locator('[data-field="title"]')

    async def same() -> bool:
        return await title.text_content() == text

    await eventually(same, message=f"the title is {text!r}")


async def test_hostile_texts_in_events_and_doubts_are_only_text(
    browser: Browser, redis7: RedisServer
) -> None:
    """The page is open while they come, one after the other."""
    async with routing(redis7.url, services=1) as (web, hand):
        page = await Dashboard.open(browser, web.url)
        for text in HOSTILE:
            await hand.change("s0", reason=text, context=text)
        await page.shows(await hand.statuses())
        await harmless(page)


async def test_hostile_file_names_reach_the_page_as_text(
    browser: Browser, redis7: RedisServer, tmp_path: Path
) -> None:
    """From a real folder through scanner and Redis: all are listed, each as what it is."""
    for name in NAMES:
        bind(os.fsencode(tmp_path) + b"/" + name + b"/rpc.sock")
    async with (
        routing(redis7.url, services=0) as (web, hand),
        scanning(redis7.url, tmp_path, lease_seconds=PATIENCE_SECONDS),
    ):
        page = await Dashboard.open(browser, web.url)

        async def all_are_there() -> bool:
            shown = await page.statuses()
            return len(shown) == len(NAMES) and shown == await hand.statuses()

        await eventually(all_are_there, message="all are listed")
        listed = await page.page.locator("[data-service] .name").all_text_contents()
        assert sorted(listed) == sorted(map(readable, NAMES))
        await harmless(page)


async def test_every_answer_has_the_strict_headers(browser: Browser, redis7: RedisServer) -> None:
    async with routing(redis7.url, services=0) as (web, _):
        page = await browser.new_page()
        script = "script[type=module]"
        await page.goto(web.url)
        module = await page.locator(script).get_attribute("src")
        for path in ("/", f"/{module}", "/api/services", "/no/such/page"):
            answer = await page.goto(f"{web.url}{path}")
            assert answer is not None
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"


async def test_the_page_loads_nothing_from_elsewhere(browser: Browser, redis7: RedisServer) -> None:
    async with routing(redis7.url) as (web, _):
        asked: list[str] = []
        page = Dashboard(await browser.new_page())
        page.page.on("request", lambda request: asked.append(request.url))
        await page.page.goto(web.url)
        await page.fresh("live")
        assert asked
        assert [url for url in asked if not url.startswith(web.url)] == []
        assert page.errors == []
