"""What a person has set in the system: colours of their own, and no motion."""

import pytest
from playwright.async_api import Browser, Locator, expect

from hero_router.model import Status
from tests.e2e.accessibility.fleet import Fleet
from tests.e2e.accessibility.views import SHOP

pytestmark = pytest.mark.asyncio(loop_scope="session")

MOVING = """() => document.getAnimations()
  .filter(({ playState, effect }) => playState === "running" && effect.getComputedTiming().duration > 0)
  .map((one) => `${one.animationName ?? one.transitionProperty}: ${one.effect.target.className}`)"""  # noqa: E501 - JavaScript


async def border(element: Locator) -> str:
    """How an element is bordered."""
    found: str = await element.evaluate(
        "one => (({ border, borderLeft }) => border + borderLeft)(getComputedStyle(one))"
    )
    return found


async def test_in_forced_colours_shapes_tell_the_statuses_apart(
    browser: Browser, shown: Fleet
) -> None:
    page = await shown.open(browser, forced_colors="active")
    await page.goto(f"{shown.url}/#/")
    marks = [page.locator(f'[data-count="{status}"] .mark') for status in Status]
    await marks[0].wait_for()
    assert len({await mark.evaluate("one => getComputedStyle(one).color") for mark in marks}) == 1
    assert len({await mark.screenshot() for mark in marks}) == len(marks)


async def test_in_forced_colours_borders_tell_what_is_chosen(
    browser: Browser, shown: Fleet
) -> None:
    page = await shown.open(browser, forced_colors="active")
    await page.goto(f"{shown.url}/{SHOP}/methods/place_order?q=status:degraded")
    await expect(page.locator(".method-list a[aria-current]")).to_be_visible()
    for chosen, others in (
        ('.count[aria-pressed="true"]', '.count[aria-pressed="false"]'),
        ('.row[aria-current="true"]', '.row[aria-current="false"]'),
        (".tabs a[aria-current]", ".tabs a:not([aria-current])"),
        (".method-list a[aria-current]", ".method-list a:not([aria-current])"),
    ):
        told = [await border(page.locator(each).first) for each in (chosen, others)]
        assert told[0] != told[1], chosen


async def test_nothing_moves_for_who_wants_no_motion(browser: Browser, shown: Fleet) -> None:
    """Neither while the page waits for the router, nor when a service changes."""
    page = await shown.open(browser, reduced_motion="reduce")
    await page.route("**/api/events*", lambda route: route.abort())
    await page.goto(f"{shown.url}/#/")
    await page.locator(".row").first.wait_for()
    assert await page.locator("body").get_attribute("data-trust") == "none"
    assert await page.evaluate(MOVING) == []
    await page.unroute_all()
    await page.reload()
    await page.locator('[data-strip][data-link="live"]').wait_for()
    await shown.hand.change("mover", status="healthy")
    await shown.hand.change("mover", status="unhealthy")
    await page.locator('[data-status="unhealthy"] .name', has_text="mover").wait_for()
    assert await page.evaluate(MOVING) == []
