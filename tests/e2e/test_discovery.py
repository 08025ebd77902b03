"""From a socket in a folder to the browser, through everything that is real."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, expect

from tests.e2e.dashboard import Dashboard
from tests.support.serving import Serving

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def offer(path: Path, apart: Path) -> web.AppRunner:
    """A healthy service on a socket, which listens before it is at its place.

    The scanner may look between the bind and the listen, and no other look is due for an hour.
    """

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    app = web.Application()
    app.router.add_get("/health", health)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    path.parent.mkdir(parents=True, exist_ok=True)
    await web.UnixSite(runner, str(apart)).start()
    await asyncio.to_thread(apart.rename, path)
    return runner


async def test_a_new_socket_and_the_end_of_one_are_in_the_browser_without_a_scan(
    browser: Browser, tmp_path: Path
) -> None:
    """The watch of the folder alone finds them: no scan is due for an hour."""
    serving = Serving(tmp_path, ROUTER_SCAN_SECONDS="3600")
    try:
        await asyncio.to_thread(serving.start)
        page = await Dashboard.open(browser, serving.url)
        row = page.page.locator("[data-service]")
        service = await offer(serving.root / "api" / "admin.sock", tmp_path / "s")
        await expect(row).to_have_attribute("data-status", "healthy")
        left = serving.root / "api" / "admin.sock"
        await service.cleanup()
        left.rename(tmp_path / "kept")
        (tmp_path / "kept").rename(left)
        await expect(row).to_have_attribute("data-status", "inactive")
    finally:
        serving.close()
