"""What screen readers are told by themselves: each change of a status once and politely, a burst as
a number, and nothing that only counts on.
"""

import asyncio

import pytest
from playwright.async_api import Browser, Page

from tests.e2e.accessibility.fleet import Fleet
from tests.support.hand import NODE
from tests.support.records import record
from tests.support.wait import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

LISTEN = """() => {
  window.said = [];
  const live = "[role=status], [role=alert], [role=log], [aria-live]:not([aria-live=off]), output";
  new MutationObserver((changes) => {
    const nodes = changes.map(({ target }) => (target instanceof Element ? target : target.parentElement));
    for (const place of new Set(nodes.map((one) => one?.closest(live)).filter(Boolean))) {
      const role = place.getAttribute("role");
      if (place.textContent.trim()) window.said.push([role, place.textContent.trim()]);
    }
  }).observe(document, { subtree: true, childList: true, characterData: true });
}"""  # noqa: E501 - JavaScript
"""Notes each text that a live region of the page says."""

HELD = """
window.moments = [];
const later = window.setTimeout;
window.setTimeout = (run, ms, ...more) =>
  ms === 2_000 ? window.moments.push(run) : later(run, ms, ...more);
"""
"""The moment in which changes are gathered ends only when the test says so: on a busy machine those
of a burst may be seconds apart."""

ALSO = "the-last-one"


async def listening(page: Page, shown: Fleet) -> None:
    """The page is there, and from now on what it says is noted."""
    await page.goto(f"{shown.url}/#/")
    await page.locator('[data-strip][data-link="live"]').wait_for()
    await page.locator("[data-service]").first.wait_for()
    await page.evaluate(LISTEN)


async def heard(page: Page, words: str) -> list[str]:
    """All that was said, once this was said."""

    async def texts() -> list[list[str]]:
        said: list[list[str]] = await page.evaluate("window.said")
        return said if any(words in text for _, text in said) else []

    said = await eventually(texts, message=f"{words!r} is said")
    assert {role for role, _ in said} == {"status"}, "it interrupts"
    return [text for _, text in said]


async def test_a_change_of_status_is_said_once(browser: Browser, shown: Fleet) -> None:
    """And nothing else is, though the page counts seconds meanwhile."""
    page = await shown.open(browser)
    await shown.hand.change("caller", status="healthy")
    await shown.hand.change(ALSO, status="healthy")
    await listening(page, shown)
    await shown.hand.change("caller", status="unhealthy")
    assert await heard(page, "caller") == ["caller is unhealthy"]
    await shown.hand.change(ALSO, status="unhealthy")
    assert await heard(page, ALSO) == ["caller is unhealthy", f"{ALSO} is unhealthy"]


async def test_a_burst_is_said_as_a_number(browser: Browser, shown: Fleet) -> None:
    """Though the page draws each of the changes on its own."""
    page = await shown.open(browser)
    await page.add_init_script(HELD)
    names = [f"burst{number}" for number in range(12)]
    await asyncio.gather(*[shown.hand.change(name, status="healthy") for name in names])
    await listening(page, shown)
    for name in names:
        await shown.hand.change(name, status="degraded")
        row = f'[data-service="{record(name, NODE).id}"][data-status="degraded"]'
        await page.locator(row).wait_for(state="attached")
    assert await page.evaluate("window.moments.length") == 1
    await page.evaluate("window.moments.pop()()")
    first = ", ".join(f"{name} is degraded" for name in names[:3])
    assert await heard(page, " more") == [f"{first}, and 9 more"]
    for name in names:
        await shown.hand.remove(name)
