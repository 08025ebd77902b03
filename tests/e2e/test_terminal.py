"""The commands beside an operator's views: run as they stand, they show what the view shows."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.dashboard import Dashboard
from tests.e2e.router import Web, routing
from tests.support.hand import NODE
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOT = "/run/hero/sockets"


async def commands(page: Page) -> tuple[str, str]:
    """The command of hero_router and that of Redis, as a person reads them."""
    shown = page.locator("[data-detail] [data-commands] code")
    await expect(shown).to_have_count(2)
    ours, redis = await shown.all_inner_texts()
    assert ours.startswith("hero_router ")
    assert redis.startswith("redis-cli ")
    return ours, redis


async def printed(line: str, web: Web, folder: Path) -> str:
    """What a shell prints for a command line; `hero_router` is the one under test."""
    program = folder / "hero_router"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m hero_router "$@"\n')
    program.chmod(0o700)
    clean = {name: value for name, value in os.environ.items() if "ROUTER" not in name}
    running = await asyncio.create_subprocess_shell(
        line,
        env={**clean, "PATH": f"{folder}:{clean['PATH']}", "ROUTER_URL": web.url, "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        out, _ = await running.communicate()
    assert running.returncode == 0
    return out.decode()


async def test_each_command_shows_what_its_view_shows(
    browser: Browser, redis7: RedisServer, tmp_path: Path
) -> None:
    async with routing(redis7.url, services=2) as (web, hand):
        await hand.report(root=ROOT)
        await hand.change("s1", status="unhealthy", reason="on fire")
        dashboard = await Dashboard.open(browser, f"{web.url}/#/nodes")
        page, detail = dashboard.page, dashboard.page.locator("[data-detail]")

        async def both(*words: str) -> None:
            """These words are in the view, and in what each of its commands prints."""
            for line in await commands(page):
                found = await printed(
                    line.replace("--tail 100", "--tail 100 --no-follow"), web, tmp_path
                )
                for word in words:
                    await expect(detail).to_contain_text(word)
                    assert word in found, line

        await expect(detail).to_contain_text(ROOT)
        ours, redis = await commands(page)
        assert "s1" in await printed(ours, web, tmp_path)
        assert ROOT in await printed(redis, web, tmp_path)
        await both(NODE)
        await page.goto(f"{web.url}/#/streams")
        await expect(detail.locator("[data-streams] tbody tr")).to_have_count(1)
        address = await detail.locator("[data-streams] tbody td:nth-child(3)").inner_text()
        await both(address)
        await page.goto(f"{web.url}/#/timeline")
        await expect(detail.locator(".timeline")).to_be_visible()
        await both("s1", "unhealthy")
        await page.goto(f"{web.url}/#/s/default/s1")
        await expect(detail.locator("[data-next-steps]")).to_be_visible()
        await both("s1", "on fire")
        assert dashboard.errors == []


async def test_a_command_is_copied_by_its_button(browser: Browser, redis7: RedisServer) -> None:
    async with routing(redis7.url) as (web, _):
        dashboard = await Dashboard.open(browser, f"{web.url}/#/nodes")
        page = dashboard.page
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        _, redis = await commands(page)
        await page.locator("[data-copy-command]").last.click()
        await expect(page.locator("#toast")).to_have_text("The command is copied.")
        assert await page.evaluate("navigator.clipboard.readText()") == redis
        assert redis7.socket.as_posix() in redis


async def test_a_viewer_is_not_told_where_redis_is(browser: Browser, redis7: RedisServer) -> None:
    """Only administrators are: it is no address for others."""
    tokens = "a" * 20, "v" * 20
    async with routing(redis7.url, ROUTER_TOKEN=tokens[0], ROUTER_VIEWER_TOKEN=tokens[1]) as (
        web,
        _,
    ):
        page = await browser.new_page()
        await page.goto(f"{web.url}/sign-in")
        await page.locator("#token").fill(tokens[1])
        # It is asked once, as soon as the page is live; to go elsewhere before ends the sign-in.
        async with page.expect_response("**/api/redis-cli") as answered:
            await page.get_by_role("button", name="Sign in").click()
        told = await answered.value
        assert await told.json() == {"command": None, "prefix": None}
        await page.goto(f"{web.url}/#/nodes")
        await expect(page.locator("[data-detail] [data-commands] code")).to_have_count(1)
        await expect(page.locator("[data-detail]")).not_to_contain_text("redis-cli")
