"""Keys can do what a mouse can: in a sensible order, with a focus that is seen and stays."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.accessibility.fleet import FILLED, Fleet
from tests.e2e.accessibility.probes import focused
from tests.e2e.accessibility.views import PARTS, SHOP, View, answered, reach, send
from tests.support.wait import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

MOST_STOPS = 120
SEARCHED = "new Promise((done) => setTimeout(done, 50))"
"""A slow search goes on in pieces after what waits already, and its end chooses the first line.
Timers run in their order, so this ends after it."""

NOWHERE = "the focus is nowhere"
WALKED = [
    *[view for view in PARTS["all services"] if view.name in ("fleet", "nodes", "wall")],
    *[view for view in PARTS["a service"] if view.name in ("overview", "sockets", "docs")],
    *[view for view in PARTS["console"] if view.name == "console, answer"],
]


async def walk(page: Page, where: str) -> list[str]:
    """Go from the first to the last stop of the tab key; what is wrong on the way."""
    await page.evaluate("document.activeElement.blur()")
    wrong, last = [], -1
    for _ in range(MOST_STOPS):
        await page.keyboard.press("Tab")
        stop = await focused(page)
        if stop is None or stop["at"] <= last:
            break
        last = stop["at"]
        wrong += [f"{where}: no outline: {stop['what']}"] if not stop["outlined"] else []
        wrong += [f"{where}: hidden below something: {stop['what']}"] if not stop["seen"] else []
    assert last > 0, f"{where}: {NOWHERE}"
    return wrong


@pytest.mark.parametrize("width", [1280, 320])
async def test_each_stop_of_the_tab_key_is_seen(browser: Browser, shown: Fleet, width: int) -> None:
    """WCAG 2.4.7 and 2.4.11; no element has a place in the order of its own."""
    page = await shown.open(browser, viewport={"width": width, "height": 640})
    wrong = []
    for view in WALKED:
        await reach(page, shown.url, view)
        wrong += await walk(page, f"{view.name}, {width} px")
        assert await page.locator("[tabindex]:not([tabindex='0'], [tabindex='-1'])").count() == 0
    assert not wrong, "\n".join(wrong)


async def test_on_a_narrow_page_the_order_of_the_keys_is_that_of_the_eyes(
    browser: Browser, shown: Fleet
) -> None:
    """The causes stand above the list there, though they come after it in the document."""
    page = await shown.open(browser, viewport={"width": 320, "height": 640})
    await reach(page, shown.url, View("fleet", "#/?q=status:degraded"))
    await page.locator("[data-causes] .cause").first.wait_for()
    await page.locator(".count").last.focus()
    await page.keyboard.press("Tab")
    assert "data-cause=" in (await focused(page) or {})["what"]


async def test_the_palette_is_used_by_keys_alone(browser: Browser, shown: Fleet) -> None:
    page = await shown.open(browser)
    await page.goto(f"{shown.url}/#/")
    search, palette = page.locator("[data-open-palette]"), page.locator("[data-palette]")
    await search.focus()
    await page.keyboard.press("Enter")
    await page.keyboard.type("many")
    chosen = palette.locator("[aria-selected=true]")
    await expect(palette.locator("[role=option]")).not_to_have_count(0)
    await page.evaluate(SEARCHED)
    await page.keyboard.press("ArrowDown")
    field = palette.locator("input")
    await expect(field).to_be_focused()
    name = await chosen.get_attribute("id")
    await expect(field).to_have_attribute("aria-activedescendant", name or "")
    assert name == "offer-1"
    await page.keyboard.press("Escape")
    await expect(field).to_have_value("")
    await page.keyboard.press("Escape")
    await expect(search).to_be_focused()
    await page.keyboard.press("Control+k")
    await page.keyboard.type("nothing of this name")
    await expect(palette.get_by_role("status")).to_have_text("Nothing found.")
    await field.fill("the-healthy-one")
    await expect(chosen).to_contain_text("the-healthy-one")
    await page.keyboard.press("Enter")
    await expect(page.locator('[data-field="title"]')).to_have_text("the-healthy-one")
    assert await focused(page), NOWHERE


async def until(page: Page, words: str) -> None:
    """Press the tab key until this has the focus."""
    for _ in range(MOST_STOPS):
        await page.keyboard.press("Tab")
        stop = await focused(page)
        if stop and words in stop["what"]:
            return
    raise AssertionError(f"the tab key does not reach {words!r}")


async def test_a_method_is_called_by_keys_alone(browser: Browser, shown: Fleet) -> None:
    """From the list to the answer, and back."""
    page = await shown.open(browser)
    await page.goto(f"{shown.url}/#/?q=method:place_order")
    await page.locator("[data-service]").first.wait_for()
    await page.keyboard.press("/")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await until(page, 'data-to-tab="methods"')
    await page.goto(f"{shown.url}/{SHOP}/methods")
    await page.locator(".method-list a").first.wait_for()
    await until(page, "methods/place_order")
    await page.keyboard.press("Enter")
    await expect(page.locator(".method h3")).to_have_text("place_order")
    await until(page, "<textarea")
    await page.keyboard.type("Paris")
    await until(page, "add to items")
    await page.keyboard.press("Enter")
    await until(page, "<textarea")
    await page.keyboard.type("joke book")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator('[aria-invalid="true"]:focus')).to_be_visible()
    await send(page, FILLED)
    await expect(page.locator(".outcome")).to_contain_text("result 200")
    await until(page, 'aria-label="Answer"')
    await page.keyboard.press("Escape")
    await expect(page.locator("[data-overview]")).to_be_visible()
    await eventually(lambda: focused(page), message="something has the focus")


async def test_what_is_done_never_loses_the_focus(browser: Browser, shown: Fleet) -> None:
    """Buttons that go, or are made anew, by what they do."""
    page = await shown.open(browser)
    await page.goto(f"{shown.url}/{SHOP}/methods/place_order")
    await answered(page)

    async def press(name: str) -> None:
        await page.get_by_role("button", name=name, exact=True).first.focus()
        await page.keyboard.press("Enter")
        assert await focused(page), f"{name}: {NOWHERE}"

    await press("text")
    await press("tree")
    for _ in range(2):
        await press("add to batch")
    await press("remove request 2")
    await press("remove request 1")
    await press("remove items 1")
    await press("add to items")
    await page.locator(".past summary").click()
    await press("forget these")
    await press("clear")


async def test_the_list_keeps_the_focus_when_its_row_goes(browser: Browser, shown: Fleet) -> None:
    for name in ("gone1", "gone2"):
        await shown.hand.change(name, context="leaving")
    page = await shown.open(browser)
    await page.goto(f"{shown.url}/#/?q=ctx:leaving&sort=name")
    await page.locator("[data-service]").nth(1).wait_for()
    await page.keyboard.press("/")
    await page.keyboard.press("ArrowDown")
    for left in (1, 0):
        stop = await focused(page)
        assert stop, NOWHERE
        await shown.hand.remove("gone1" if left else "gone2")
        await expect(page.locator("[data-service]")).to_have_count(left)

    async def somewhere() -> bool:
        return await focused(page) is not None

    await eventually(somewhere, message="something has the focus")
