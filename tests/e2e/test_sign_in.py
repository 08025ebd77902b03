"""Signing in and out in a real browser, at the router and at a service's own host name."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, Route, expect

from hero_router.model import SocketState, Status
from tests.e2e.dashboard import Dashboard
from tests.e2e.router import routing
from tests.support.hand import NODE
from tests.support.records import put
from tests.support.redis import RedisServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKEN = "admin-0123456789abc"
REFUSED = "Failed to load resource"
"""What the browser's console says of each request without a sign-in."""


async def sign_in(page: Page, token: str) -> None:
    await page.locator("#token").fill(token)
    await page.get_by_role("button", name="Sign in").click()


async def sign_out_by_palette(page: Page) -> None:
    """As on a phone, whose other views have no room for the button."""
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(f"{page.url.partition('#')[0]}#/nodes")
    await page.locator("[data-open-palette]").click()
    await page.locator("[data-palette] input").fill("sign out")
    await page.locator("[data-palette] [role=option]", has_text="Sign out").click()


@asynccontextmanager
async def shop(path: Path) -> AsyncIterator[None]:
    """A service whose page has a script, a link and a cookie of its own."""

    async def page(request: web.Request) -> web.Response:
        seen = request.cookies.get("theirs", "none")
        script = "<script>document.title = 'ran'</script>"
        text = f"<h1>shop</h1><p>cookie {seen}, {request.path}</p>{script}"
        answer = web.Response(text=text, content_type="text/html")
        answer.set_cookie("theirs", "1")
        return answer

    app = web.Application()
    app.router.add_get("/{rest:.*}", page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    path.parent.mkdir(parents=True)
    await web.UnixSite(runner, str(path)).start()
    try:
        yield
    finally:
        await runner.cleanup()


async def test_a_person_signs_in_sees_the_page_live_and_signs_out_of_all_tabs(
    browser: Browser, redis7: RedisServer, tmp_path: Path
) -> None:
    folder = str(tmp_path)
    async with (
        routing(redis7.url, ROUTER_TOKEN=TOKEN, ROUTER_NODE=NODE, ROUTER_SOCKET_DIR=folder) as (
            router,
            hand,
        ),
        shop(tmp_path / "shop/web_page.sock"),
    ):
        sockets = (SocketState("web_page", "web_page", "shop/web_page.sock", Status.HEALTHY),)
        await hand.write(put("shop", node=NODE, sockets=sockets))
        url = router.url.replace("127.0.0.1", "localhost")
        profile = await browser.new_context()
        dashboard = Dashboard(await profile.new_page())
        page = dashboard.page
        await page.goto(f"{url}/#s0")
        await dashboard.says("You are not signed in")
        assert await page.locator("[data-service]").count() == 0

        await page.locator("[data-sign-in]").click()
        await sign_in(page, "wrong-0123456789abc")
        await expect(page.get_by_role("alert")).to_have_text("the token is wrong")
        await sign_in(page, TOKEN)
        await dashboard.fresh("live")
        await dashboard.says("signed in as admin")
        await expect(page.locator('[data-field="title"]')).to_have_text("s0")

        own = await profile.new_page()
        origin = url.replace("localhost", "shop.localhost")
        await own.goto(f"{origin}/deep/link?a=1")
        await expect(own.locator("h1")).to_have_text("shop")
        assert own.url == f"{origin}/deep/link?a=1"
        await expect(own).to_have_title("ran")
        await own.reload()
        await expect(own.locator("p")).to_have_text("cookie 1, /deep/link")
        names = {cookie["name"] for cookie in await profile.cookies(origin)}
        assert {"theirs", "hero_session"} <= names
        assert await own.evaluate("document.cookie") == "theirs=1"

        other = Dashboard(await profile.new_page())
        await other.page.goto(url)
        await other.fresh("live")
        await page.locator("[data-sign-out]").click()
        await expect(page.locator("#token")).to_be_visible()
        await other.says("You are not signed in")
        await other.not_live()
        await own.reload()
        await expect(own.locator("#token")).to_be_visible()
        await sign_in(own, TOKEN)
        await expect(own.locator("p")).to_have_text("cookie 1, /deep/link")
        await other.fresh("live")
        await sign_out_by_palette(other.page)
        await expect(other.page.locator("#token")).to_be_visible()
        assert [error for error in dashboard.errors if REFUSED not in error] == []


async def test_an_open_palette_offers_to_sign_out_as_soon_as_it_is_known_who_the_person_is(
    browser: Browser, redis7: RedisServer
) -> None:
    async with routing(redis7.url, ROUTER_TOKEN=TOKEN) as (router, _):
        dashboard = Dashboard(await browser.new_page())
        page = dashboard.page
        await page.goto(f"{router.url}/sign-in")
        await sign_in(page, TOKEN)
        await dashboard.says("signed in as admin")
        answered = asyncio.Event()

        async def held(route: Route) -> None:
            await answered.wait()
            await route.continue_()

        await page.route("**/api/me", held)
        await page.reload()
        await dashboard.fresh("live")
        await page.locator("[data-open-palette]").click()
        await page.locator("[data-palette] input").fill("sign out")
        await expect(page.locator("[data-palette]")).to_contain_text("Nothing found.")
        answered.set()
        await expect(page.locator("[data-palette] [role=option]")).to_contain_text("Sign out")
        await page.unroute("**/api/me")


async def test_an_open_router_asks_for_nothing(browser: Browser, redis7: RedisServer) -> None:
    async with routing(redis7.url) as (router, _):
        dashboard = await Dashboard.open(browser, router.url)
        assert "sign" not in await dashboard.strip()
        assert dashboard.errors == []
