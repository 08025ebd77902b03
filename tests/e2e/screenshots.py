"""Takes the pictures of the page that README and docs show: `make screenshots`. No test.

`python -m tests.e2e.screenshots nodes wall` takes only these.
"""

import asyncio
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from playwright.async_api import Page, ViewportSize, async_playwright
from redis import Redis

from hero_router.store.keys import Keys
from tests.e2e.conftest import FLAGS
from tests.e2e.generated_past import write_past
from tests.support.serving import Serving
from tests.support.wait import eventually

FOLDER = Path(os.environ.get("XDG_RUNTIME_DIR", "/run")) / "hero"
"""Where the samples run: the pictures show it, so it is a place as a real one has."""

DOCS = Path(__file__).resolve().parents[2] / "docs"
SIZE: ViewportSize = {"width": 1280, "height": 800}
TOLD = {"sleeper": 2, "flapper": 2}
"""How often the status of each sample has changed before its picture is taken: by then the one that
hangs is unhealthy, and the one that flaps is healthy again."""

PLACES = {
    "dashboard": "#/",
    "service": "#/s/default/flapper?span=1d",
    "console": "#/s/shop/petstore/methods/get_pet_by_id",
    "nodes": "#/nodes",
    "wall": "#/wall",
}
"""Addresses within the page, by the name of the picture."""

THERE = {
    "dashboard": "[data-hour] .bars path",
    "service": "[data-past] [data-bars] path",
    "console": ".console input",
    "nodes": "body:has([data-service] .bars path) [data-nodes] [data-commands] p + p",
    "wall": "[data-tiles] li",
}
"""What is in sight once the view is drawn."""


async def take(url: str, redis_socket: Path, names: Sequence[str]) -> None:
    """Wait until the samples have shown what they can do, give them a past, take these pictures.

    Nobody asks for the past before it is written: a worker reads it once a minute.
    """
    with closing(Redis(unix_socket_path=str(redis_socket))) as redis:
        await eventually(partial(have_changed, redis), message="the samples have changed")
        write_past(redis)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = await browser.new_page(viewport=SIZE, color_scheme="light")
        for name in names:
            await page.goto(f"{url}/{PLACES[name]}")
            await page.locator(THERE[name]).first.wait_for(state="attached")
            await page.evaluate("document.activeElement.blur()")
            if name == "console":
                await call(page)
            await page.mouse.move(SIZE["width"] // 2, SIZE["height"] - 1)
            await page.screenshot(path=DOCS / f"{name}.png")
        await browser.close()


def have_changed(redis: Redis) -> bool:
    """Whether each sample of `TOLD` has changed as often as it says."""
    entries: Any = redis.xrange(Keys().events)
    changes = [event[b"data"] for _, event in entries if event[b"type"] == b"status_change"]
    names = Counter(json.loads(each)["service"]["name"] for each in changes)
    return all(names[name] >= often for name, often in TOLD.items())


async def call(page: Page) -> None:
    """Call the method that the console shows."""
    await page.get_by_label("id").first.fill("2")
    await page.keyboard.press("Control+Enter")
    await page.locator(".outcome", has_text="result").wait_for()


def main() -> None:
    """Serve the samples, take the pictures, end all."""
    FOLDER.mkdir()
    serving = Serving(FOLDER, ROUTER_NODE="host1")
    try:
        serving.start("--demo")
        names = sys.argv[1:] or list(PLACES)
        asyncio.run(take(serving.url, serving.redis_socket, names))
    finally:
        serving.close()
        shutil.rmtree(FOLDER)


if __name__ == "__main__":
    main()
