"""Times in words: the day is named where it is not today."""

import pytest
from playwright.async_api import Page

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
