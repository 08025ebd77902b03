"""An administrator signs others out from the page, over a real `serve` with two web workers."""

import asyncio
import shlex
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.dashboard import Dashboard
from tests.e2e.test_sign_in import REFUSED, TOKEN, sign_in
from tests.support.serving import Serving

pytestmark = pytest.mark.asyncio(loop_scope="session")


VIEWING = "viewer-0123456789ab"


@pytest_asyncio.fixture(loop_scope="session")
async def router(tmp_path: Path) -> AsyncIterator[Serving]:
    """A `serve` with tokens for an administrator and a viewer."""
    serving = Serving(tmp_path, ROUTER_TOKEN=TOKEN, ROUTER_VIEWER_TOKEN=VIEWING, ROUTER_WORKERS="2")
    try:
        await asyncio.to_thread(serving.start)
        yield serving
    finally:
        await asyncio.to_thread(serving.close)


async def signed_in(browser: Browser, url: str, token: str, place: str = "") -> Dashboard:
    """A browser of its own whose page is live after the sign-in."""
    profile = await browser.new_context()
    dashboard = Dashboard(await profile.new_page())
    await dashboard.page.goto(f"{url}/{place}")
    await dashboard.page.locator("[data-sign-in]").click()
    await sign_in(dashboard.page, token)
    await dashboard.fresh("live")
    return dashboard


def card(page: Page, whose: str) -> Locator:
    return page.locator("[data-sessions] li", has_text=whose)


async def led_to_sign_in(dashboard: Dashboard) -> None:
    """The page says that nobody is signed in, and leads to the form."""
    await expect(dashboard.page.locator("[data-sign-in]")).to_be_visible()
    await dashboard.page.locator("[data-sign-in]").click()
    await expect(dashboard.page.locator("#token")).to_be_visible()


async def test_an_administrator_signs_another_browser_out_and_it_is_led_to_the_sign_in(
    browser: Browser, router: Serving
) -> None:
    one = await signed_in(browser, router.url, TOKEN, "#/access")
    other = await signed_in(browser, router.url, VIEWING)
    page = one.page
    await expect(other.page.locator(".strip [data-views] a", has_text="Access")).to_be_hidden()
    await expect(card(page, "viewer")).to_be_visible()
    own = page.locator("[data-sessions] li", has=page.locator("[data-own]:not([hidden])"))
    await expect(own).to_contain_text("administrator")

    await card(page, "viewer").get_by_role("button").click()
    await page.locator("[data-confirm]").get_by_role("button", name="sign out").click()
    await led_to_sign_in(other)
    await expect(card(page, "viewer")).to_have_count(0)
    await one.fresh("live")
    assert [error for error in one.errors + other.errors if REFUSED not in error] == []


async def test_all_others_are_signed_out_at_once_and_the_own_session_goes_on(
    browser: Browser, router: Serving
) -> None:
    one = await signed_in(browser, router.url, TOKEN, "#/access")
    others = [await signed_in(browser, router.url, token) for token in (TOKEN, VIEWING)]
    page = one.page
    await expect(page.locator("[data-sessions] li")).to_have_count(3)
    await page.locator("[data-end-others]").click()
    await page.locator("[data-confirm]").get_by_role("button", name="sign out").click()
    await asyncio.gather(*(led_to_sign_in(each) for each in others))
    await expect(page.locator("[data-sessions] li")).to_have_count(1)
    await one.fresh("live")
    await page.reload()
    await one.fresh("live")


async def test_the_command_for_redis_that_the_page_shows_signs_out(
    browser: Browser, router: Serving
) -> None:
    one = await signed_in(browser, router.url, TOKEN, "#/access")
    other = await signed_in(browser, router.url, VIEWING)
    shown = card(one.page, "viewer")
    await shown.locator("summary").click()
    command = shlex.split(await shown.locator("code", has_text="ZADD").inner_text())
    assert command[0] == "redis-cli"
    answer = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "1"
    await led_to_sign_in(other)
    await expect(shown).to_have_count(0)
