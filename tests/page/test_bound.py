"""The promise of the page as a law: it is never trusted while it lacks a change older than a bound.

Whatever comes in whatever order: frames, silence, a stream that is held back, slow answers, errors,
sleep, a clock that is set, gaps, doubts, and a worker that hangs without knowing it.
"""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="session")

WORLD = (Path(__file__).parent / "world.js").read_text("utf-8").partition("async (")
PLAY = WORLD[1] + WORLD[2].rstrip().rstrip(";")

PING_MS = 15_000
LATE_MS = 3_000
SLOW_MS = 1_000
"""The longest way of an answer here: by so much the router's time may be misjudged."""

BOUND_MS = PING_MS + 2 * LATE_MS + SLOW_MS + 500
"""A frame may come late by the limit, and the next one be overdue by it; time goes in steps."""

PROOF_MS = 15_000
HUNG_MS = BOUND_MS + PROOF_MS
"""Where a worker hangs without knowing it, only the age of its own proof tells."""

Steps = Sequence[Sequence[Any]]

times = st.sampled_from([500, 2_000, 3_500, 8_000, 15_000, 18_500, 60_000])
changes = st.tuples(st.just("change"))
passing = st.tuples(st.just("pass"), times)
deliveries = st.tuples(st.just("deliver"), st.sampled_from([1, 1, 2, 5, 100, 100]))
answers = st.tuples(st.just("answer"), st.sampled_from([0, 50, SLOW_MS]))
rare = [
    *(st.tuples(st.just(name)) for name in ("cut", "connect", "resync", "aim", "error")),
    *(st.tuples(st.just(name)) for name in ("stale", "fresh")),
    st.tuples(st.just("sleep"), st.sampled_from([10_000, 3_600_000])),
    st.tuples(st.just("set"), st.sampled_from([-3_600_000, 3_600_000])),
]
often = [changes, passing, deliveries, deliveries, answers]
alone = st.one_of(*often, *often, *rare).map(lambda step: [step])

OUTAGE = [("cut",), ("change",), ("pass", 30_000), ("connect",)]
GAP = [("change",), ("change",), ("resync",), ("pass", 30_000), ("deliver", 100)]
CALM = [("deliver", 100), ("answer", 0), ("pass", 15_000), ("deliver", 100)]
LULL = [("change",), ("pass", 60_000)]
HANG = [("hang", True), ("change",), ("pass", 60_000), ("deliver", 100), ("hang", False)]
troubles = st.sampled_from([OUTAGE, GAP, CALM, CALM, LULL])


def plays(*more: Steps) -> st.SearchStrategy[Steps]:
    """Single steps among troubles that are made of several."""
    parts = st.one_of(alone, troubles, *([st.sampled_from(list(more))] if more else []))
    return st.lists(parts, min_size=3, max_size=20).map(lambda all_: [*chain(*all_)])


START: Steps = [("answer", 0), ("connect",), ("deliver", 1), ("aim",)]


async def trusted(page: Page, steps: Steps, bound: int) -> int:
    """Play the steps; how often the page was trusted. Fails where it should not have been."""
    found = await page.evaluate(PLAY, {"steps": [*START, *steps], "ping": PING_MS, "bound": bound})
    assert found["wrong"] == []
    return int(found["trusted"])


@settings(max_examples=300)
@given(steps=plays())
async def test_a_page_is_never_trusted_while_it_lacks_an_old_change(
    quiet: Page, steps: Steps
) -> None:
    assert await trusted(quiet, steps, BOUND_MS) > 0


@settings(max_examples=150)
@given(steps=plays(HANG))
@example([("stale",), *HANG[:-1], ("hang", False), ("fresh",), ("resync",), ("deliver", 100)])
async def test_nor_where_a_worker_hangs_and_does_not_know_it(quiet: Page, steps: Steps) -> None:
    await trusted(quiet, steps, HUNG_MS)


async def test_an_event_that_is_sent_again_does_not_end_a_silence(quiet: Page) -> None:
    """It may have been on its way all the time, with later ones behind it."""
    again = [("change",), ("sleep", 10_000), ("deliver", 1), ("aim",)]
    held = [("change",), ("pass", 60_000), ("deliver", 1)]
    await trusted(quiet, [*again, *held], BOUND_MS)
    hung = [("hang", True), ("change",), ("pass", 60_000), ("deliver", 100), ("hang", False)]
    await trusted(quiet, [*again, *hung], HUNG_MS)


async def test_an_answer_of_a_router_that_doubts_itself_completes_no_stream(quiet: Page) -> None:
    hung = [("stale",), ("hang", True), ("change",), ("pass", 60_000), ("deliver", 100)]
    woken = [("hang", False), ("sleep", 10_000), ("deliver", 1), ("answer", 0)]
    await trusted(quiet, [*hung, *woken], HUNG_MS)


async def test_a_page_that_is_kept_up_to_date_is_trusted_all_the_time(quiet: Page) -> None:
    """A law that never trusts would hold as well."""
    steps = [("change",), ("deliver", 100), ("pass", 15_000), ("deliver", 100)] * 20
    checks = 20 * (1 + 30 + 1 + 1)
    assert await trusted(quiet, steps, BOUND_MS) >= checks


async def test_a_stream_that_is_held_back_is_trusted_only_until_its_first_frame_comes(
    quiet: Page,
) -> None:
    held = [("change",), ("pass", 10_000), ("deliver", 1)]
    first = await trusted(quiet, held, BOUND_MS)
    assert await trusted(quiet, held * 20, BOUND_MS) <= first + 2
