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


async def newest(page: Page, *steps: Sequence[Any]) -> int | None:
    """When the newest event happened, after these steps."""
    found: int | None = (await page.evaluate(PLAY, list(steps)))["newest"]
    return found


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


async def test_a_window_that_comes_twice_is_listed_once(quiet: Page) -> None:
    """As after a reconnect; also where the stream has told a part of it, or tells it again."""
    window = ("fill", [old("1-1", 10), old("1-2", 20)])
    wanted = ["1-3 @30", "1-2 @20", "1-1 @10"]
    assert await play(quiet, window, window) == wanted[1:]
    assert await play(quiet, add("1-3", 30), window, ("fill", []), window) == wanted
    assert await play(quiet, add("1-2", 20), add("1-3", 30), window, add("1-3", 30)) == wanted
    assert await play(quiet, window, ("fill", []), add("1-2", 20), add("1-3", 30)) == wanted


async def test_the_last_event_is_the_one_that_happened_last(quiet: Page) -> None:
    """In whatever order events come; one without a time does not count."""
    assert await newest(quiet) is None
    assert await newest(quiet, add("1-1", 90)) == 90
    assert await newest(quiet, add("1-1", 90), add("1-2", 20)) == 90
    assert await newest(quiet, add("1-1", 20), add("1-2", 90)) == 90
    untimed = {"event": "service_updated", "id": "1-1", "data": {}}
    assert await newest(quiet, ("fill", [untimed])) is None
    assert await newest(quiet, add("1-2", 90), ("fill", [untimed])) == 90


async def test_what_comes_again_stands_below_a_rule_that_grows(quiet: Page) -> None:
    away = ("away", {"from": 10, "to": 60})
    steps = [add("1-1", 10), away, add("1-2", 20), add("1-3", 50), add("1-4", 60), add("1-5", 70)]
    assert await play(quiet, *steps) == [
        "1-5 @70", "1-4 @60", "away 2 @60", "1-3 @50", "1-2 @20", "1-1 @10",
    ]  # fmt: skip
    assert await play(quiet, add("1-1", 10), away, add("1-2", 61)) == ["1-2 @61", "1-1 @10"]


async def test_each_absence_has_a_rule_of_its_own(quiet: Page) -> None:
    first, second = ("away", {"from": 10, "to": 30}), ("away", {"from": 30, "to": 60})
    steps = [first, add("1-1", 20), second, add("1-2", 40), add("1-3", 50)]
    assert await play(quiet, *steps) == [
        "away 2 @60", "1-3 @50", "1-2 @40", "away 1 @30", "1-1 @20",
    ]  # fmt: skip


async def test_an_absence_is_over_with_the_first_event_after_it(quiet: Page) -> None:
    """One that comes later is news, though the clock has gone back meanwhile."""
    steps = [("away", {"from": 10, "to": 60}), add("1-1", 20), add("1-2", 60), add("1-3", 50)]
    assert await play(quiet, *steps) == ["1-3 @50", "1-2 @60", "away 1 @60", "1-1 @20"]


async def test_positions_that_begin_anew_stand_above_those_of_before(quiet: Page) -> None:
    """Redis was restored from an older dump: its positions lie below those that were listed."""
    missed = ("missed", "1-2", {"dropped": None, "reason": "store_changed"}, 95)
    steps = [add("1-90", 90), ("forget",), missed, add("1-3", 30), add("1-4", 96)]
    assert await play(quiet, *steps) == ["1-4 @96", "1-3 @30", "missed @95", "1-90 @90"]


async def test_a_clock_that_goes_back_does_not_change_the_order(quiet: Page) -> None:
    assert await play(quiet, add("1-1", 90), add("1-2", 20)) == ["1-2 @20", "1-1 @90"]
