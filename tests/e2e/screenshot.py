"""Takes the picture of the page that the README shows: `make screenshot`. No test."""

import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import ViewportSize, async_playwright

from tests.e2e.conftest import FLAGS
from tests.support.serving import Serving

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "dashboard.png"
SIZE: ViewportSize = {"width": 1280, "height": 800}
CHOSEN = "links"
"""A sample service whose whole detail fits in the picture."""

TOLD_MS = 60_000
"""Until the sample that hangs has failed often enough, and the one that flaps has flapped."""


async def take(url: str) -> None:
    """Open the page, wait until its samples have shown what they can do, choose one."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = await browser.new_page(viewport=SIZE, color_scheme="light")
        await page.goto(url)
        for told in ('[data-service][data-status="unhealthy"]', '[data-event="status_change"]'):
            await page.locator(told).first.wait_for(timeout=TOLD_MS)
        await page.locator("[data-service]", has_text=CHOSEN).click()
        await page.locator("[data-probe]", has_text="probed").wait_for()
        await page.mouse.move(SIZE["width"] // 2, SIZE["height"] - 1)
        await page.screenshot(path=PICTURE)
        await browser.close()


def main() -> None:
    """Serve the samples, take the picture, end all."""
    with tempfile.TemporaryDirectory() as folder:
        serving = Serving(Path(folder), ROUTER_NODE="host1")
        try:
            asyncio.run(take(serving.start("--demo").url))
        finally:
            serving.close()


if __name__ == "__main__":
    main()
