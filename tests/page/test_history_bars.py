"""The past as the page draws it: paths, their equivalent as text, and sentences as the CLI's."""

from typing import Any

import pytest
from playwright.async_api import Page

from hero_router.cli import history_text
from hero_router.history.letters import BEST_TO_WORST
from tests.history import cases

pytestmark = pytest.mark.asyncio(loop_scope="session")

CALL = """async ([name, ...args]) => {
  const [bars, texts] = await Promise.all([
    import("/static/js/fleet/history_bars.js"), import("/static/js/fleet/availability_text.js"),
  ]);
  const module = { ...bars, ...texts };
  return name === "LETTERS" ? module.LETTERS : module[name](...args);
}"""
SPAN = {"start": 1_764_284_400_000, "end": 1_764_284_700_000, "bucket_seconds": 60}


async def call(page: Page, name: str, *args: Any) -> Any:
    """What a function of the module returns."""
    return await page.evaluate(CALL, [name, *args])


async def test_every_letter_has_a_word_and_only_healthy_looks_healthy(page: Page) -> None:
    letters = await call(page, "LETTERS")
    assert set(letters) == set(BEST_TO_WORST)
    assert [key for key, item in letters.items() if item["kind"] == "healthy"] == ["h"]
    assert (await call(page, "meaning", "Z"))["kind"] == "unknown"


async def test_bars_are_one_path_for_each_kind_and_neighbours_one_rectangle(page: Page) -> None:
    found = await call(page, "paths", "--hhuhZ")
    assert found == [
        {"kind": "healthy", "d": "M2 0.75H4V1H2ZM5 0.75H6V1H5Z"},
        {"kind": "unhealthy", "d": "M4 0H5V1H4Z"},
        {"kind": "unknown", "d": "M6 0.75H7V1H6Z"},
    ]
    assert await call(page, "paths", "") == []


async def test_bars_are_told_as_text_too(page: Page) -> None:
    text = await call(page, "barsText", SPAN, "hhu?l")
    words = [part.rsplit(" ", 1)[0] for part in text.split(", ")]
    assert words == ["healthy", "unhealthy", "not known", "node lost"]
    assert text.count(history_text.TO) == 4


async def test_the_page_says_the_same_as_the_command_line(page: Page) -> None:
    for part, whole, text in cases.PERCENT:
        assert await call(page, "percent", part, whole) == text
    for up, watched, minutes, text in cases.AVAILABILITY:
        row = {"up_minutes": up, "watched_minutes": watched, "minutes": minutes}
        assert await call(page, "availability", row) == text
    for ms, text in cases.DURATION:
        assert await call(page, "duration", ms) == text


@pytest.mark.parametrize(
    "fields",
    [{}, {"ended": None, "duration_ms": None}, {"unwatched_ms": 120_000}, {"status": "gone"},
     {"reason": "", "status": "degraded"}, {"ended": 1_764_286_243_021, "duration_ms": 1}],
)  # fmt: skip
async def test_incidents_are_told_as_by_the_command_line(
    page: Page, fields: dict[str, Any]
) -> None:
    item = cases.incident(**fields)
    later = item["began"] + 400 * 86_400_000
    assert await call(page, "incidentText", item, later) == history_text.incident(item)
