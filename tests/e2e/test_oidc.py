"""Signing in at an OpenID provider in a real browser: the provider is another site for it."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from hero_router.model import SocketState, Status
from tests.e2e.dashboard import Dashboard
from tests.e2e.router import routing
from tests.e2e.test_sign_in import REFUSED, shop
from tests.support.hand import NODE
from tests.support.oidc_provider import CLIENT_ID, SECRET, providing
from tests.support.records import put
from tests.support.redis import RedisServer

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_person_signs_in_at_a_provider_and_comes_back_to_each_kind_of_page(
    browser: Browser, redis7: RedisServer, tmp_path: Path
) -> None:
    """The page, a service by path, which leads to its own host name, and that host name itself."""
    async with providing() as provider, shop(tmp_path / "shop/web_page.sock"):
        provider.asks_person = True
        provider.user |= {"groups": ["ops"]}
        settings: dict[str, Any] = {
            "ROUTER_OIDC_ISSUER": provider.issuer, "ROUTER_OIDC_CLIENT_ID": CLIENT_ID,
            "ROUTER_OIDC_CLIENT_SECRET": SECRET, "ROUTER_OIDC_ROLES_CLAIM": "groups",
            "ROUTER_OIDC_ADMIN_VALUES": "ops", "ROUTER_SESSION_KEY": "session-key-0123456789",
            "ROUTER_NODE": NODE, "ROUTER_SOCKET_DIR": str(tmp_path),
        }  # fmt: skip
        async with routing(redis7.url, **settings) as (router, hand):
            sockets = (SocketState("web_page", "web_page", "shop/web_page.sock", Status.HEALTHY),)
            await hand.write(put("shop", node=NODE, sockets=sockets))
            url = router.url.replace("127.0.0.1", "localhost")
            origin = url.replace("localhost", "shop.localhost")

            async def sign_in(dashboard: Dashboard) -> None:
                await dashboard.page.get_by_role("link", name="Sign in with 127.0.0.1").click()
                await expect(dashboard.page.locator("h1")).to_have_text("provider")
                await dashboard.page.get_by_role("link", name="Allow").click()

            dashboard = Dashboard(await (await browser.new_context()).new_page())
            await dashboard.page.goto(f"{url}/#s0")
            await dashboard.says("You are not signed in")
            await dashboard.page.locator("[data-sign-in]").click()
            await sign_in(dashboard)
            await dashboard.fresh("live")
            await dashboard.says("signed in as anna")
            await expect(dashboard.page.locator('[data-field="title"]')).to_have_text("s0")
            await dashboard.page.locator("[data-sign-out]").click()
            await expect(dashboard.page.locator("#token")).to_have_count(0)
            assert [error for error in dashboard.errors if REFUSED not in error] == []

            for address in (f"{url}/shop/page/deep?a=1", f"{origin}/deep?a=1"):
                profile = await browser.new_context()
                dashboard = Dashboard(await profile.new_page())
                await dashboard.page.goto(address)
                await sign_in(dashboard)
                await expect(dashboard.page.locator("p")).to_have_text("cookie none, /deep")
                assert dashboard.page.url == f"{origin}/deep?a=1"
                await expect(dashboard.page).to_have_title("ran")


async def test_where_a_page_cannot_work_by_path_a_person_is_told_and_may_see_it_all_the_same(
    browser: Browser, redis7: RedisServer, tmp_path: Path
) -> None:
    token = "admin-0123456789abc"
    folder = str(tmp_path)
    async with (
        shop(tmp_path / "shop/web_page.sock"),
        routing(redis7.url, ROUTER_TOKEN=token, ROUTER_NODE=NODE, ROUTER_SOCKET_DIR=folder) as (
            router,
            hand,
        ),
    ):
        sockets = (SocketState("web_page", "web_page", "shop/web_page.sock", Status.HEALTHY),)
        await hand.write(put("shop", node=NODE, sockets=sockets))
        page = await (await browser.new_context()).new_page()
        await page.goto(f"{router.url}/shop/page/deep?a=1")
        await page.locator("#token").fill(token)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.locator("h1")).to_have_text("This page needs its own host name")
        there = router.url.replace("127.0.0.1", "shop.localhost")
        await expect(page.get_by_role("link").first).to_have_attribute("href", f"{there}/deep?a=1")
        await page.get_by_role("link", name="Show it here all the same").click()
        await expect(page.locator("h1")).to_have_text("shop")
        await page.reload()
        await expect(page.locator("h1")).to_have_text("shop")
