"""One run of work for each animation frame, in pieces that never keep the page's reader waiting."""

from collections.abc import Sequence
from typing import Any

import pytest
from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="session")

PLAY = """async (steps) => {
  const { FrameScheduler } = await import("/static/js/ui/frame_scheduler.js");
  let now = 0;
  const [log, frames] = [[], []];
  const lengths = [];
  function* work() {
    log.push("begin");
    for (const ms of lengths) {
      now += Math.abs(ms);
      log.push(`${Math.abs(ms)} ms`);
      yield ms < 0;
    }
    log.push("end");
  }
  const frame = new FrameScheduler({
    request: (run) => frames.push(run), now: () => now, work, first: () => log.push("first"),
  });
  const play = {
    work: (...pieces) => lengths.splice(0, lengths.length, ...pieces),
    ask: () => frame.ask(),
    frame: () => { log.push(`frames ${frames.length}`); frames.shift()(); },
    finish: () => frame.finish(),
  };
  for (const [name, ...words] of steps) play[name](...words);
  return [log, frames.length];
}"""

FRAME = ("frame",)


async def played(page: Page, *steps: Sequence[Any]) -> tuple[str, int]:
    """What happened in order, and how many frames are still asked for."""
    log, left = await page.evaluate(PLAY, steps)
    return ", ".join(log), left


async def test_many_changes_are_one_run_of_one_frame(quiet: Page) -> None:
    asked = [("ask",)] * 5
    told = await played(quiet, ("work", 1, 2), *asked, FRAME)
    assert told == ("frames 1, first, begin, 1 ms, 2 ms, end", 0)


async def test_long_work_is_cut_after_eight_milliseconds(quiet: Page) -> None:
    told = await played(quiet, ("work", 5, 5, 20, 1), ("ask",), FRAME, FRAME, FRAME)
    assert told == (
        "frames 1, first, begin, 5 ms, 5 ms, frames 1, first, 20 ms, frames 1, first, 1 ms, end",
        0,
    )


async def test_work_may_ask_that_the_browser_paints_first(quiet: Page) -> None:
    told = await played(quiet, ("work", -1, 1), ("ask",), FRAME, FRAME)
    assert told == ("frames 1, first, begin, 1 ms, frames 1, first, 1 ms, end", 0)


async def test_what_changes_meanwhile_is_worked_on_after_that(quiet: Page) -> None:
    told = await played(quiet, ("work", 9), ("ask",), FRAME, ("ask",), FRAME, FRAME)
    assert told == (
        "frames 1, first, begin, 9 ms, frames 1, first, end, frames 1, first, begin, 9 ms",
        1,
    )


async def test_a_hidden_tab_works_at_once(quiet: Page) -> None:
    told = await played(quiet, ("work", 9, -9, 9), ("finish",))
    assert told == ("first, begin, 9 ms, 9 ms, 9 ms, end", 0)
