"""From a socket in a folder to the browser, through everything that is real."""

import asyncio
import time
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, expect

from tests.e2e.dashboard import Dashboard
from tests.support.serving import Serving

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROBE_SECONDS = 0.5
SPARE_SECONDS = 4.0
"""What a machine with two busy cores may need on top of the promise."""


async def offer(path: Path) -> web.AppRunner:
    """A healthy service on a socket."""

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    app = web.Application()
    app.router.add_get("/health", health)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    path.parent.mkdir(parents=True, exist_ok=True)
    await web.UnixSite(runner, str(path)).start()
    return runner


async def test_a_new_socket_is_in_the_browser_within_a_second_and_a_killed_one_says_so(
    browser: Browser, tmp_path: Path
) -> None:
    serving = Serving(tmp_path, ROUTER_PROBE_TIMEOUT=str(PROBE_SECONDS))
    try:
        await asyncio.to_thread(serving.start)
        page = await Dashboard.open(browser, serving.url)
        row = page.page.locator("[data-service]")
        began = time.monotonic()
        service = await offer(serving.root / "api" / "admin.sock")
        await expect(row).to_have_attribute("data-status", "healthy", timeout=10_000)
        assert time.monotonic() - began < 1 + SPARE_SECONDS
        left = serving.root / "api" / "admin.sock"
        left.rename(left.with_suffix(".kept"))
        await service.cleanup()
        left.with_suffix(".kept").rename(left)
        began = time.monotonic()
        await expect(row).to_have_attribute("data-status", "inactive", timeout=10_000)
        assert time.monotonic() - began < 1 + PROBE_SECONDS + SPARE_SECONDS
    finally:
        serving.close()
