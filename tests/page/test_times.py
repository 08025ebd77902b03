"""Times in words: the day is named where it is not today."""

import pytest
from playwright.async_api import Page, expect

from tests.page.store import NOW, service
from tests.page.view import PageView

pytestmark = pytest.mark.asyncio(loop_scope="session")

OTHER_DAY = """async ([ms, now]) => {
  const { otherDay } = await import("/static/js/fleet/times.js");
  return otherDay(Date.parse(ms), Date.parse(now));
}"""


@pytest.mark.parametrize(
    ("ms", "now", "shown"),
    [
        ("2026-11-29T00:00:01", "2026-11-29T23:59:59", ""),
        ("2026-11-28T23:59:59", "2026-11-29T00:00:01", "Nov 28"),
        ("2026-11-30T00:00:01", "2026-11-29T23:59:59", "Nov 30"),
        ("2025-11-29T12:00:00", "2026-11-29T12:00:00", "Nov 2025"),
    ],
)
async def test_the_day_of_a_time_is_short_and_empty_for_today(
    quiet: Page, ms: str, now: str, shown: str
) -> None:
    assert await quiet.evaluate(OTHER_DAY, [ms, now]) == shown


async def test_what_a_page_that_stays_open_tells_of_an_earlier_day_has_that_day(
    view: PageView,
) -> None:
    await view.started("1-5", service("a"))
    await view.put("1-6", "a", "degraded", event_at=NOW)
    await view.stale("redis", since=NOW, detail="Redis is away")
    listed = view.page.locator("[data-events] time").first
    await expect(listed).not_to_contain_text("Jan 1 ")
    for part in ("[data-overview-title]", "[data-last-event]", "[data-dated]", "[data-bands]"):
        await expect(view.page.locator(part)).not_to_contain_text("Jan 1 ")
    await view.handle.evaluate("({ outside, draw }) => { outside.now += 2 * 86400000; draw(); }")
    for part in ("[data-overview-title]", "[data-last-event]", "[data-dated]", "[data-bands]"):
        await expect(view.page.locator(part)).to_contain_text("Jan 1 ")
    await expect(listed).to_contain_text("Jan 1 ")


async def test_an_absence_that_began_on_another_day_says_so(view: PageView) -> None:
    await view.started("1-5", service("a"))
    await view.resync("1-6", 1)
    await view.handle.evaluate("({ outside, draw }) => { outside.now += 2 * 86400000; draw(); }")
    await view.stream(heardAt=NOW + 2 * 86_400_000)
    await view.frame("ping", "1-6", now=NOW + 2 * 86_400_000, as_of=NOW + 2 * 86_400_000)
    await view.snapshot("1-6", service("a", "degraded"), now=NOW + 2 * 86_400_000)
    when = view.page.locator("[data-away] [data-when]")
    await expect(when).to_contain_text("Jan 1 ")
    await expect(when).not_to_contain_text("Jan 3 ")
    await view.handle.evaluate("({ outside, draw }) => { outside.now += 86400000; draw(); }")
    await expect(when).to_contain_text("Jan 3 ")
