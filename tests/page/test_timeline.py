"""The timeline: each event once, at its own time, the newest first."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="session")

PLAY = """async (steps) => {
  const { Lines } = await import("/static/js/live/timeline.js");
  const lines = new Lines();
  for (const [name, ...words] of steps) lines[name](...words);
  const shown = lines.all.map(({ id, event, at, data }) => {
    const name = event === "away" ? `away ${data.count}` : event === "resync" ? "missed" : id;
    return `${name} @${at}`;
  });
  return { shown, newest: lines.newestAt };
}"""


async def play(page: Page, *steps: Sequence[Any]) -> Sequence[str]:
    """What is listed after these steps."""
    found = await page.evaluate(PLAY, list(steps))
    return list(found["shown"])


def add(place: str, at: int) -> Sequence[Any]:
    """An event of the stream."""
    return "add", place, "service_updated", {"id": place}, at


def old(place: str, at: int) -> Mapping[str, Any]:
    """An event of the router's window."""
    return {"event": "service_updated", "id": place, "data": {"id": place, "at": at}}


async def test_the_newest_stands_on_top_and_each_is_listed_once(quiet: Page) -> None:
    shown = await play(quiet, add("1-1", 10), add("1-2", 20), add("1-2", 99), add("1-1", 99))
    assert shown == ["1-2 @20", "1-1 @10"]


async def test_the_window_fills_what_lies_before_the_stream(quiet: Page) -> None:
    """Whichever comes first; and nothing twice where they overlap."""
    window = [old("1-1", 10), old("1-2", 20), old("1-3", 30)]
    stream = [add("1-3", 30), add("1-4", 40)]
    wanted = ["1-4 @40", "1-3 @30", "1-2 @20", "1-1 @10"]
    assert await play(quiet, ("fill", window), *stream) == wanted
    assert await play(quiet, *stream, ("fill", window)) == wanted
    assert await play(quiet, ("fill", []), *stream) == wanted[:2]


async def test_what_comes_again_stands_below_a_rule_that_grows(quiet: Page) -> None:
    away = ("away", {"from": 10, "to": 60})
    steps = [add("1-1", 10), away, add("1-2", 20), add("1-3", 50), add("1-4", 60), add("1-5", 70)]
    assert await play(quiet, *steps) == [
        "1-5 @70", "1-4 @60", "away 2 @60", "1-3 @50", "1-2 @20", "1-1 @10",
    ]  # fmt: skip
    assert await play(quiet, add("1-1", 10), away, add("1-2", 61)) == ["1-2 @61", "1-1 @10"]


async def test_positions_that_begin_anew_stand_above_those_of_before(quiet: Page) -> None:
    """Redis was restored from an older dump: its positions lie below those that were listed."""
    missed = ("missed", "1-2", {"dropped": None, "reason": "store_changed"}, 95)
    steps = [add("1-90", 90), ("forget",), missed, add("1-3", 30), add("1-4", 96)]
    assert await play(quiet, *steps) == ["1-4 @96", "1-3 @30", "missed @95", "1-90 @90"]


async def test_a_clock_that_goes_back_does_not_change_the_order(quiet: Page) -> None:
    assert await play(quiet, add("1-1", 90), add("1-2", 20)) == ["1-2 @20", "1-1 @90"]
