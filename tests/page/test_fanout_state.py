"""What tabs are told of the stream's state, and how much is kept for them and sent ahead."""

from typing import Any

import pytest
from playwright.async_api import Page

from tests.page.script import Script
from tests.page.store import STREAM

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEPT, AHEAD, UNREAD = 2_048, 4_096, 6


async def states(script: Script, tab: int = 0) -> list[dict[str, Any]]:
    """The states that a tab was told, one after another."""
    return [message["state"] for message in (await script.logs())[tab] if "state" in message]


@pytest.mark.parametrize(
    ("field", "value"),
    [("connected", False), ("silentSince", 5), ("openAt", 5), ("nextTryAt", 5)],
)
async def test_tabs_are_told_at_once_what_a_person_is_shown(
    quiet: Page, field: str, value: Any
) -> None:
    well = {**STREAM, "heardAt": 1_000}
    script = Script(quiet).hello("1-5").do("join", None).do("tell", {**well, field: value})
    first, then = await states(script)
    assert first == well
    assert then == {**well, field: value}


async def test_a_state_that_says_nothing_new_is_not_told(quiet: Page) -> None:
    """Each frame changes when the stream was heard."""
    script = Script(quiet).hello("1-5").do("join", None)
    script.do("tell", {**STREAM, "heardAt": 1_000}).do("tell", {**STREAM, "heardAt": 2_000})
    assert len(await states(script)) == 1


async def test_each_frame_says_when_the_stream_brought_it(quiet: Page) -> None:
    script = Script(quiet).hello("1-5").do("join", None).do("later", 9_000).events(6, 6)
    script.do("later", 500).do("beat")
    [log] = await script.logs()
    assert [message.get("heardAt") for message in log] == [None, 1_000, 10_000, None]
    assert log[-1]["state"]["heardAt"] == 10_000
    assert [message["now"] for message in log] == [1_000, 1_000, 10_000, 10_500]


async def test_a_tab_that_reads_again_is_told_that_the_stream_was_lost_meanwhile(
    quiet: Page,
) -> None:
    script = Script(quiet, 100, UNREAD).hello("1-5").do("join", None).events(6, 50).lost()
    before = await script.told()
    script.do("read", 0)
    assert [state["connected"] for state in await states(script)] == [True, False]
    assert await script.told() == before, "nobody greets while there is no stream"


async def test_thousands_of_events_are_kept_and_sent_ahead_but_no_more(quiet: Page) -> None:
    """A tab may be busy for a while, and one may come back after a while."""
    script = Script(quiet, None, None).do("join", None).hello("1-0").events(1, KEPT)
    script.do("join", "1-0").events(KEPT + 1, KEPT + 1).do("join", "1-0").events(KEPT + 2, 5_000)
    busy, back, late = await script.logs()
    assert len(busy) == AHEAD + 1
    assert [one["frame"]["id"] for one in back[1:4]] == ["1-0", "1-1", "1-2"]
    assert [one["frame"]["event"] for one in late[1:3]] == ["hello", "resync"]


async def test_a_worker_tells_its_own_time(quiet: Page) -> None:
    """By the clock that its stream has too."""
    found = await quiet.evaluate(
        """async () => {
          const { Fanout } = await import("/static/js/live/fanout.js");
          const before = performance.now();
          const messages = [];
          new Fanout().join((message) => messages.push(message), null);
          const { now, state } = messages[0];
          return [now, state.lostAt, state.heardAt].map((at) => before <= at && at <= performance.now());
        }"""  # noqa: E501 - JavaScript
    )
    assert found == [True, True, True]


async def test_pings_that_bring_nothing_new_push_no_event_out(quiet: Page) -> None:
    """One that says no position does not move the stream either."""
    script = Script(quiet, 8, 100).hello("1-5").events(6, 7)
    for _ in range(20):
        script.frame("ping", "1-7").frame("ping", "")
    script.do("join", "1-5").do("join", None)
    assert await script.told(0) == ["hello 1-5", "scan 1-6", "scan 1-7"]
    assert await script.told(1) == ["hello 1-7"]


async def test_before_the_first_hello_nobody_is_greeted_and_a_gap_is_passed_on(
    quiet: Page,
) -> None:
    script = Script(quiet).do("tell", STREAM).do("join", None)
    script.frame("resync", "1-2", dropped=None, reason="store_changed", after_ms=0, run_id="r2")
    assert await script.told() == ["resync 1-2"]


async def test_what_lasts_is_told_to_a_new_tab_without_moving_it(quiet: Page) -> None:
    """A browser gives a frame without a position that of the frame before it."""
    script = Script(quiet).hello("1-5").frame("stale", "1-5", reason="redis", node=None)
    script.frame("mutes", "1-6", mutes=[]).events(6, 9).do("join", "1-9").events(10, 10)
    assert await script.told() == ["hello 1-9", "stale 1-5", "mutes 1-6", "scan 1-10"]


async def test_a_worker_without_a_position_greets_without_one(quiet: Page) -> None:
    script = Script(quiet).do("join", None).hello("").events(1, 1)
    [log] = await script.logs()
    frames = [message["frame"] for message in log if "frame" in message]
    assert [(one["event"], one["id"]) for one in frames] == [("hello", ""), ("scan", "1-1")]
