"""No view breaks a rule of axe: WCAG 2.2 AA and good practice, in all colours, wide and narrow.

Nor does a view hide anything in a narrow window: each is loaded once and looked at in every way,
as loading it costs more than looking.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.e2e.accessibility.axe import COLOURS, TAGS, violations
from tests.e2e.accessibility.fleet import Fleet
from tests.e2e.accessibility.probes import faults, loose
from tests.e2e.accessibility.views import PARTS, REPORT, View, reach, sees
from tests.e2e.stall import StallProxy
from tests.support.wait import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

DESKTOP = ViewportSize(width=1280, height=800)
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
COARSE = "matchMedia('(pointer: coarse)').matches"


@dataclass(frozen=True, slots=True)
class Look:
    """What a person has set in the system, and the rules that may then find something else."""

    scheme: Literal["light", "dark"]
    forced: Literal["active", "none"]
    rules: Sequence[str]


LIGHT = Look("light", "none", TAGS)
DARK = Look("dark", "none", COLOURS)
FORCED = Look("dark", "active", COLOURS)
ON_DESKTOP = {"light": LIGHT, "dark": DARK, "forced colours": FORCED}
ON_PHONE = {"light": LIGHT, "dark": DARK}
"""Forced colours are the system's, on a phone as on a desktop."""


@asynccontextmanager
async def on_a_phone(page: Page) -> AsyncIterator[None]:
    """The page as it is, on a narrow screen that is touched."""
    device = await page.context.new_cdp_session(page)
    await device.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    await device.send("Emulation.setDeviceMetricsOverride", PHONE)
    await holds(page, f"{COARSE} && screen.width === {PHONE['width']}")
    yield
    await device.detach()
    await page.set_viewport_size(DESKTOP)
    await holds(page, f"!{COARSE} && innerWidth === {DESKTOP['width']}")


async def holds(page: Page, condition: str) -> None:
    """Wait until this is so in the page: the browser tells it of another screen some time later."""

    async def so() -> bool:
        return bool(await page.evaluate(condition))

    await eventually(so, message=condition)


async def in_looks(page: Page, where: str, looks: dict[str, Look]) -> list[str]:
    """What axe finds in the page as it is, in each look."""
    found = []
    for name, look in looks.items():
        await page.emulate_media(color_scheme=look.scheme, forced_colors=look.forced)
        found += await violations(page, f"{where}, {name}", look.rules)
    return found


async def in_all_looks(page: Page, where: str) -> list[str]:
    """The same, on a desktop and on a phone."""
    found = await in_looks(page, f"{where}, desktop", ON_DESKTOP)
    async with on_a_phone(page):
        return found + await in_looks(page, f"{where}, phone", ON_PHONE)


async def of_views(page: Page, url: str, *views: View) -> list[str]:
    """What is wrong in these views of a router.

    WCAG 1.4.10: a window of 1280 px at 400 % has 320 of them.
    """
    found = []
    for view in views:
        await reach(page, url, view)
        found += await in_all_looks(page, view.name)
        for width in (1280, 320):
            found += await faults(page, view.name, width)
        found += await loose(page, view.name)
        await page.set_viewport_size(DESKTOP)
    return found


@pytest.mark.parametrize("part", PARTS)
async def test_no_view_breaks_a_rule_or_hides_a_text(
    browser: Browser, shown: Fleet, part: str
) -> None:
    """And no name swaps its neighbours."""
    page = await shown.open(browser, viewport=DESKTOP)
    found = await of_views(page, shown.url, *PARTS[part])
    assert not found, "\n".join(found)


async def test_no_report_breaks_a_rule(browser: Browser, shown: Fleet, tmp_path: Path) -> None:
    """The file that opens without a router."""
    page = await shown.open(browser, viewport=DESKTOP)
    file = tmp_path / "report.html"
    file.write_bytes(await (await page.request.get(f"{shown.url}/api/report")).body())
    found = await of_views(page, file.as_uri(), *REPORT)
    assert not found, "\n".join(found)


async def test_no_state_of_doubt_breaks_a_rule(browser: Browser, shown: Fleet) -> None:
    """One node is in doubt; then the router is away; and a router that knows nothing."""
    page = await shown.open(browser, viewport=DESKTOP)
    doubtful = View("a node in doubt", "#/", sees("[data-bands] li"))
    await shown.doubt(begins=True)
    try:
        found = await of_views(page, shown.url, doubtful)
    finally:
        await shown.doubt(begins=False)
    async with StallProxy(shown.port) as proxy:
        await page.goto(f"http://127.0.0.1:{proxy.port}/#/")
        await page.locator("[data-causes] .cause").first.wait_for()
    await expect(page.locator("[data-strip]")).to_have_attribute("data-link", "reconnecting")
    found += await in_all_looks(page, "reconnecting")
    views = (
        View("no services", "#/", sees("[data-none]")),
        View("no nodes", "#/nodes", sees("main")),
    )
    found += await of_views(page, shown.empty, *views)
    assert not found, "\n".join(found)


async def test_no_page_without_scripts_breaks_a_rule(browser: Browser, shown: Fleet) -> None:
    """Pages of their own: what failed, the summary, and the ways to sign in.

    The summary loads itself again, which a person can end (WCAG 2.2.1).
    """
    page = await shown.open(browser, viewport=DESKTOP)
    styled = {
        "summary": f"{shown.url}/status?reload=off",
        "summary of nothing": f"{shown.empty}/status?reload=off",
        "sign in": f"{shown.url}/sign-in",
        "no sign-in": f"{shown.empty}/sign-in",
    }
    # These have the browser's own colours, which axe does not know.
    bare = {
        "no such service": f"{shown.url}/nobody/page/",
        "service that is down": f"{shown.url}/many0/rpc/",
        "a page with a host name of its own": f"{shown.url}/shop/page/",
    }
    found = []
    for name, url in bare.items():
        await page.goto(url)
        found += await violations(page, name)
        async with on_a_phone(page):
            found += await violations(page, f"{name}, phone")
    for name, url in styled.items():
        await page.goto(url)
        found += await in_all_looks(page, name)
    await page.context.clear_cookies()
    await page.goto(f"{shown.url}/sign-in")
    await page.locator("#token").fill("wrong-0123456789abc")
    await page.keyboard.press("Enter")
    await page.get_by_role("alert").wait_for()
    found += await in_all_looks(page, "refused")
    await page.goto(f"{shown.url}/#/")
    await page.locator("[data-signed-out]").wait_for()
    found += await in_all_looks(page, "not signed in")
    assert not found, "\n".join(found)
