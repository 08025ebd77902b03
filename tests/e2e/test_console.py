"""The console through the real door: a person's rights, a real service, one address for all."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, expect

from hero_router.demo import endpoints
from hero_router.demo.endpoints import Service
from hero_router.demo.methods import Petstore
from hero_router.model import SocketState, Status
from tests.e2e.dashboard import Dashboard
from tests.e2e.router import Web, routing
from tests.e2e.test_sign_in import REFUSED, sign_in
from tests.support.hand import NODE
from tests.support.records import put
from tests.support.redis import RedisServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

DOCUMENT = (resources.files("hero_router.demo") / "openrpc/petstore-expanded.json").read_text()
ADMIN, VIEWER = "admin-0123456789abc", "viewer-0123456789abc"


@asynccontextmanager
async def petstore(redis: RedisServer, folder: Path) -> AsyncIterator[Web]:
    """A router with tokens, and a service with a document behind it."""
    sample = Service("petstore", "", json.loads(DOCUMENT), Petstore().functions())
    runner = web.AppRunner(endpoints.rpc(sample), access_log=None)
    await runner.setup()
    (folder / "petstore").mkdir()
    await web.UnixSite(runner, str(folder / "petstore/rpc.sock")).start()
    async with routing(
        redis.url,
        ROUTER_TOKEN=ADMIN,
        ROUTER_VIEWER_TOKEN=VIEWER,
        ROUTER_NODE=NODE,
        ROUTER_SOCKET_DIR=str(folder),
    ) as (router, hand):
        sockets = (SocketState("rpc", "rpc", "petstore/rpc.sock", Status.HEALTHY),)
        record = put("petstore", node=NODE, sockets=sockets, document="d1")
        await hand.write(record, d1=DOCUMENT)
        yield router
    await runner.cleanup()


async def signed_in(browser: Browser, url: str, token: str) -> Dashboard:
    """A profile of its own with a session."""
    dashboard = Dashboard(await (await browser.new_context()).new_page())
    await dashboard.page.goto(f"{url}/sign-in")
    await sign_in(dashboard.page, token)
    await dashboard.fresh("live")
    return dashboard


async def test_a_person_with_the_right_calls_a_service_and_one_without_is_told(
    browser: Browser, redis7: RedisServer, tmp_path: Path
) -> None:
    async with petstore(redis7, tmp_path) as router:
        dashboard = await signed_in(browser, router.url, ADMIN)
        page = dashboard.page
        await page.goto(f"{router.url}/#/s/default/petstore")
        async with page.expect_request("**/console/console.js"):
            await page.locator('[data-to-tab="methods"]').hover()
        await page.goto(f"{router.url}/#/s/default/petstore/methods/get_pet_by_id")
        await page.get_by_label("id").first.fill("2")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator(".outcome")).to_contain_text("result 200")
        await expect(page.locator(".answer")).to_contain_text("Tom")
        await page.wait_for_url("**?p=*")

        # The same address in another tab is the same form.
        other = await page.context.new_page()
        await other.goto(page.url)
        await expect(other.get_by_label("id").first).to_have_value("2")
        await other.reload()
        await expect(other.get_by_label("id").first).to_have_value("2")

        await page.get_by_label("id").first.fill("77")
        await page.get_by_role("button", name="Send").click()
        await expect(page.locator(".outcome")).to_contain_text(re.compile(r"-\d+ "))
        await expect(page.locator(".result .problems")).to_contain_text("there is no pet 77")
        assert [error for error in dashboard.errors if REFUSED not in error] == []

        viewer = await signed_in(browser, router.url, VIEWER)
        await viewer.page.goto(other.url)
        await expect(viewer.page.get_by_label("id").first).to_have_value("2")
        await expect(viewer.page.locator(".send")).to_be_disabled()
        await says(viewer.page, "you may look at this service, but not call it")


async def says(page: Page, text: str) -> None:
    """The console says this."""
    await expect(page.locator(".actions")).to_contain_text(text)
