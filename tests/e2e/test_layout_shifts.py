"""While the page loads nothing moves that a person may be about to click."""

import asyncio
import re
import time

import pytest
from playwright.async_api import Browser, Route, expect

from tests.e2e.dashboard import Dashboard
from tests.e2e.router import routing
from tests.support.hand import NODE
from tests.support.records import put
from tests.support.redis import RedisServer

SHIFTS = """
window.shifts = [];
const place = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join();
const told = ({ node, previousRect, currentRect }) =>
  `${node?.outerHTML?.slice(0, 60)} ${place(previousRect)} -> ${place(currentRect)}`;
new PerformanceObserver((list) => {
  for (const { value, sources } of list.getEntries()) {
    window.shifts.push([value, ...sources.map(told)]);
  }
}).observe({ type: "layout-shift", buffered: true });
"""
"""Notes how far which parts moved: https://wicg.github.io/layout-instability/."""

pytestmark = pytest.mark.asyncio(loop_scope="session")

MOST = 0.1
"""The sum of all shifts up to which https://web.dev/articles/cls calls a page good."""

SIZES = {"desktop": (1440, 900), "tablet": (820, 1100), "phone": (390, 844)}

LATE = re.compile(r"/later\.(css|html)|/api/(events|history)")
"""What may come after the rest of the page."""

LATE_SECONDS = 0.5


async def slowly(route: Route) -> None:
    """Let a request through as on a slow line."""
    await asyncio.sleep(LATE_SECONDS)
    await route.continue_()


@pytest.mark.parametrize(
    ("size", "late"),
    [("desktop", False), ("tablet", False), ("phone", False), ("phone", True)],
    ids=lambda value: value if isinstance(value, str) else "late" if value else "at once",
)
async def test_nothing_moves_while_the_page_loads(
    browser: Browser, redis7: RedisServer, size: str, late: bool
) -> None:
    width, height = SIZES[size]
    async with routing(redis7.url, services=12) as (web, hand):
        now = int(time.time() * 1000)
        await hand.past(s0="hhhhhhhh", s1="hhuuhhuu", s2="hhhhhhhh")
        for name, reason in (("s1", "no answer in 2 s"), ("s2", "health check answers 503")):
            await hand.write(put(name, now, NODE, status="unhealthy", reason=reason))
        service = "#/s/default/s1"
        for place, last in (
            ("", ".fleet [data-live-only]"),
            (service, "[data-uptime]:not(:empty)"),
            ("#/nodes", "[data-nodes] .card"),
            ("#/timeline", ".timeline [data-event]"),
        ):
            page = await browser.new_page(viewport={"width": width, "height": height})
            dashboard = Dashboard(page)
            await page.add_init_script(SHIFTS)
            if late:
                await page.route(LATE, slowly)
            await page.goto(f"{web.url}/{place}")
            await dashboard.fresh("live")
            await expect(page.locator(last).first).to_be_visible()
            shifts = await page.evaluate("window.shifts")
            told = "\n".join(f"{value:.4f} {'; '.join(moved)}" for value, *moved in shifts)
            assert sum(value for value, *_ in shifts) < MOST, f"{place}\n{told}"
            await page.close()
