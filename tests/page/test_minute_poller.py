"""How often the page asks for the past: once a minute and after a change, while it is wanted."""

from typing import Any

import pytest
from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="session")

PLAY = """async (steps) => {
  const { MinutePoller } = await import("/static/js/live/minute_poller.js");
  let now = 0, failure = null;
  const [asked, told, held] = [[], [], []];
  const ask = (...words) => {
    asked.push(`${now}: ${words.join(" ")}`);
    return new Promise((done, failed) =>
      held.push(() => (failure === null ? done(words.join(" ")) : failed(failure))));
  };
  const hear = (...all) => told.push(all);
  const repeated = new MinutePoller(() => now, ask, hear);
  const play = {
    want: (words) => repeated.want(...[words].flat()),
    pass: (ms) => { now += ms; },
    fail: (text) => { failure = text ?? new Error("away"); },
    answer: async () => { held.shift()(); await null; await null; await null; },
  };
  for (const [name, word] of steps) await play[name](word);
  return { asked, told };
}"""


async def played(page: Page, *steps: Any) -> dict[str, list[Any]]:
    """What was asked; and what was told: the answer, the error, and what it was about."""
    found: dict[str, list[Any]] = await page.evaluate(PLAY, [list(step) for step in steps])
    return found


async def test_it_is_asked_once_a_minute_and_only_while_it_is_wanted(quiet: Page) -> None:
    want, none, soon, then = ("want", "1h"), ("want", None), ("pass", 59_999), ("pass", 1)
    found = await played(
        quiet, none, want, want, ("answer",), soon, none, want, then, want, ("answer",),
        ("pass", 600_000), none,
    )  # fmt: skip
    assert found == {"asked": ["0: 1h", "60000: 1h"], "told": [["1h", "", "1h"]] * 2}


async def test_something_else_is_asked_for_at_once_and_the_old_answer_is_dropped(
    quiet: Page,
) -> None:
    found = await played(quiet, ("want", "1h a"), ("want", "1d a"), ("answer",), ("answer",))
    assert found == {"asked": ["0: 1h a", "0: 1d a"], "told": [["1d a", "", "1d a"]]}


async def test_what_has_changed_is_asked_for_at_once_and_the_answer_before_it_is_dropped(
    quiet: Page,
) -> None:
    before, after = ("want", ["1d a", "healthy"]), ("want", ["1d a", "inactive"])
    found = await played(quiet, before, before, after, after, ("answer",), ("answer",))
    assert found == {"asked": ["0: 1d a", "0: 1d a"], "told": [["1d a", "", "1d a"]]}


async def test_after_an_error_it_is_asked_again_sooner(quiet: Page) -> None:
    found = await played(
        quiet, ("fail",), ("want", "1h"), ("answer",), ("pass", 9_999), ("want", "1h"),
        ("pass", 1), ("want", "1h"),
    )  # fmt: skip
    assert found == {"asked": ["0: 1h", "10000: 1h"], "told": [[None, "away", "1h"]]}


async def test_what_is_thrown_is_told_whatever_it_is(quiet: Page) -> None:
    found = await played(quiet, ("fail", "no words"), ("want", "1h"), ("answer",))
    assert found["told"] == [[None, "no words", "1h"]]
