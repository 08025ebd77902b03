"""Large text hides nothing, and no page scrolls sideways; `test_axe.py` looks at narrow windows.

Where there is room, what belongs together stands in columns.
"""

import pytest
from playwright.async_api import Browser

from tests.e2e.accessibility.fleet import Fleet
from tests.e2e.accessibility.probes import faults, scrolls_sideways
from tests.e2e.accessibility.views import PARTS, reach

pytestmark = pytest.mark.asyncio(loop_scope="session")


COLUMNS = """(causes) => {
  const lefts = (part) => new Set(causes.map((one) => one.querySelector(part).getBoundingClientRect().left));
  return [".mark", ".reason", ".name", ".age"].map((part) => [...lefts(part)]);
}"""  # noqa: E501 - JavaScript
"""Where each part of the causes begins: once for each column."""


@pytest.mark.parametrize("part", PARTS)
async def test_text_of_twice_the_size_hides_nothing(
    large: Browser, shown: Fleet, part: str
) -> None:
    """WCAG 1.4.4."""
    page = await shown.open(large)
    found = []
    for view in PARTS[part]:
        await reach(page, shown.url, view)
        for width in (1280, 1920):
            found += await faults(page, f"{view.name}, large text", width)
    await page.context.close()
    assert not found, "\n".join(found)


WIDTHS = "all => all.filter((one) => one.textContent).map((one) => one.offsetWidth)"


async def test_a_long_name_leaves_room_for_what_stands_beside_it(
    browser: Browser, shown: Fleet
) -> None:
    """In the timeline, and on the page without scripts, which also fits a phone."""
    page = await shown.open(browser, viewport={"width": 1280, "height": 800})
    places = {"#/timeline": ".timeline .text", "status?reload=off": "td:last-child"}
    for place, told in places.items():
        await page.goto(f"{shown.url}/{place}")
        await page.locator(told, has_text="rrr").wait_for()
        assert min(await page.locator(told).evaluate_all(WIDTHS)) > 80, place
        assert not await scrolls_sideways(page), place
    await page.set_viewport_size({"width": 320, "height": 720})
    assert not await scrolls_sideways(page)


async def test_all_causes_share_their_columns(browser: Browser, shown: Fleet) -> None:
    page = await shown.open(browser, viewport={"width": 1280, "height": 800})
    await page.goto(f"{shown.url}/#/")
    causes = page.locator(".cause")
    await causes.nth(5).wait_for()
    mark, reason, *others = await causes.evaluate_all(COLUMNS)
    assert [len(each) for each in (mark, reason, *others)] == [1, 1, 1, 1]
    assert reason[0] - mark[0] < 40
