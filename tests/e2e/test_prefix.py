"""The page below a prefix that a proxy strips."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.e2e.dashboard import ALONE, Dashboard
from tests.e2e.router import routing
from tests.support.ports import free_port
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS, eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

HAPROXY = """
global
    stats timeout 2s
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
frontend door
    bind 127.0.0.1:{port}
    http-request return status 404 unless {{ path_beg /a/b/ }}
    http-request replace-path /a/b/(.*) /\\1
    default_backend web
backend web
    server web 127.0.0.1:{upstream}
"""

NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    proxy_max_temp_file_size 0;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location /a/b/ {{
            proxy_pass http://127.0.0.1:{upstream}/;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
        }}
    }}
}}
"""


@asynccontextmanager
async def proxy(kind: str, upstream: int, folder: Path) -> AsyncIterator[str]:
    """A real proxy that serves the router below `/a/b/` and nowhere else; its address."""
    port = free_port()
    config = folder / f"{kind}.conf"
    text = HAPROXY if kind == "haproxy" else NGINX
    config.write_text(text.format(port=port, upstream=upstream, folder=folder))
    program = shutil.which(kind) or f"/usr/sbin/{kind}"
    flag = "-f" if kind == "haproxy" else "-c"
    process = await asyncio.create_subprocess_exec(
        *(program, flag, str(config)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )

    async def up() -> bool:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return True
        return False

    try:
        await eventually(up, message=f"{kind} listens")
        yield f"http://127.0.0.1:{port}/a/b/"
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), PATIENCE_SECONDS)


@pytest.mark.parametrize("alone", [False, True], ids=["shared", "alone"])
@pytest.mark.parametrize("kind", ["haproxy", "nginx"])
async def test_the_page_works_below_a_prefix_that_the_proxy_strips(
    browser: Browser, redis7: RedisServer, tmp_path: Path, kind: str, alone: bool
) -> None:
    """Files, API, stream, shared worker and icon are all found relative to the page."""
    async with routing(redis7.url) as (web, hand), proxy(kind, web.port, tmp_path) as url:
        page = Dashboard(await browser.new_page())
        if alone:
            await page.page.add_init_script(ALONE)
        asked: list[str] = []
        page.page.on("request", lambda request: asked.append(request.url))
        await page.page.goto(url)
        await page.fresh("live")
        await hand.change("s0")
        await page.shows(await hand.statuses())
        await page.page.locator("[data-service]").first.click()
        await page.page.get_by_role("link", name="Sockets").click()
        await page.page.locator("[data-socket]").first.wait_for()
        assert [each for each in asked if not each.startswith(url)] == []
        assert page.page.url.startswith(f"{url}#")
        assert page.errors == []
