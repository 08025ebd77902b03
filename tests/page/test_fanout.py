"""One stream for all tabs: each gets each event once and in order, or is told exactly its gap."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.async_api import Page

from tests.page.script import Script
from tests.page.stage import hello

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEPT, UNREAD = 8, 6


async def test_a_tab_is_first_told_how_the_stream_is(quiet: Page) -> None:
    [[message]] = await Script(quiet).do("join", None).logs()
    assert message["state"]["connected"] is False
    log = (await Script(quiet).hello("1-5").do("join", None).logs())[0]
    assert log[0]["state"]["connected"] is True
    assert log[1]["frame"]["event"] == "hello"


async def test_all_tabs_get_what_the_stream_brings(quiet: Page) -> None:
    script = Script(quiet).do("join", None).do("join", None).hello("1-5").events(6, 7)
    script.frame("stale", "1-7", reason="redis", node=None)
    for tab in (0, 1):
        assert await script.told(tab) == ["hello 1-5", "scan 1-6", "scan 1-7", "stale 1-7"]


async def test_a_new_tab_begins_where_the_stream_is(quiet: Page) -> None:
    script = Script(quiet).hello("1-5").events(6, 9).do("join", None).events(10, 10)
    assert await script.told() == ["hello 1-9", "scan 1-10"]


async def test_a_new_tab_is_told_the_doubts_that_last(quiet: Page) -> None:
    script = Script(quiet).hello("1-5")
    script.frame("stale", "", reason="redis", node=None, detail="away")
    script.frame("stale", "", reason="scanner", node="n1").frame(
        "fresh", "", reason="scanner", node="n1"
    )
    script.do("join", None)
    assert await script.told() == ["hello 1-5", "stale -"]
    script.hello("1-5").do("join", None)
    assert await script.told(1) == ["hello 1-5"]


async def test_a_tab_that_comes_back_gets_what_it_missed(quiet: Page) -> None:
    script = Script(quiet).hello("1-5").events(6, 9).do("join", "1-7")
    assert await script.told() == ["hello 1-7", "scan 1-8", "scan 1-9"]
    for cursor in ("1-5", "1-6", "1-7"):
        script = Script(quiet).hello("1-5").events(6, 7).do("join", cursor)
        events = ["scan 1-6", "scan 1-7"][int(cursor[2:]) - 5 :]
        assert await script.told() == [f"hello {cursor}", *events]


async def test_in_a_filtered_stream_a_jump_is_no_gap(quiet: Page) -> None:
    script = Script(quiet).hello("1-5", filtered=True).events(7, 7).events(12, 12)
    script.do("join", "1-7")
    assert await script.told() == ["hello 1-7", "scan 1-12"]


@pytest.mark.parametrize(
    ("cursor", "dropped"), [("1-5", 15), ("1-2", 18), ("0-9", None), ("1-30", None), ("x", None)]
)
async def test_a_tab_that_was_away_too_long_is_told_its_gap(
    quiet: Page, cursor: str, dropped: int | None
) -> None:
    """What a tab could not have seen here counts as unknown: no number is made up."""
    script = Script(quiet, KEPT, 100).hello("1-5").events(6, 20).do("join", cursor)
    assert await script.told() == [f"hello {cursor}", "resync 1-20"]
    data = await script.last("resync")
    assert data == {"dropped": dropped, "reason": "lagged", "after_ms": 0, "run_id": "r1"}


async def test_a_new_worker_begins_where_its_first_tab_is(quiet: Page) -> None:
    script = Script(quiet).do("join", "1-7").hello("1-7").events(8, 8)
    assert await script.told() == ["hello 1-7", "scan 1-8"]


async def test_as_many_events_are_kept_as_there_may_be(quiet: Page) -> None:
    script = Script(quiet, KEPT, 100).hello("1-5").events(6, 5 + KEPT).do("join", "1-5")
    assert len(await script.told()) == 1 + KEPT
    script.events(6 + KEPT, 6 + KEPT).do("join", "1-5")
    assert await script.told(1) == ["hello 1-5", f"resync 1-{6 + KEPT}"]


async def test_a_worker_that_does_not_know_its_position_yet_counts_from_its_first_tab(
    quiet: Page,
) -> None:
    script = Script(quiet).do("join", "1-7").hello("").events(8, 8).do("join", "1-7")
    assert await script.told(1) == ["hello 1-7", "scan 1-8"]


async def test_the_hello_is_given_again_by_the_clock_of_now(quiet: Page) -> None:
    script = Script(quiet).hello("1-5", now=50_000).do("later", 7_000).do("join", None)
    assert (await script.last("hello"))["now"] == 57_000


async def test_after_a_resync_the_next_tab_knows_the_new_redis(quiet: Page) -> None:
    script = Script(quiet).hello("1-5", run_id="r1")
    script.frame("resync", "1-2", dropped=None, reason="store_changed", after_ms=0, run_id="r2")
    script.do("join", None)
    assert await script.last("hello") == {**hello(), "run_id": "r2"}
    assert await script.told() == ["hello 1-2"]


async def test_a_lost_stream_is_told_and_its_return_greets_every_tab(quiet: Page) -> None:
    script = Script(quiet).do("join", None).hello("1-5").lost().events(6, 6).hello("1-6")
    [log] = await script.logs()
    states = [message["state"]["connected"] for message in log if "state" in message]
    assert states == [False, False]
    assert await script.told() == ["hello 1-5", "scan 1-6", "hello 1-6"]


async def test_what_was_heard_when_goes_with_every_word(quiet: Page) -> None:
    """A tab must not take the worker's word for the router's."""
    script = Script(quiet).hello("1-5").do("later", 9_000).do("join", None).do("beat")
    [log] = await script.logs()
    heard = [message.get("heardAt") or message["state"]["heardAt"] for message in log]
    assert heard == [1_000, 1_000, 1_000]


async def test_a_tab_that_comes_while_the_stream_is_lost_is_greeted_when_it_is_back(
    quiet: Page,
) -> None:
    script = Script(quiet).hello("1-5").lost().do("join", "1-5")
    assert await script.told() == []
    script.hello("1-5")
    assert await script.told() == ["hello 1-5"]


async def test_events_that_got_lost_on_the_way_are_a_gap_for_who_comes_back(quiet: Page) -> None:
    script = Script(quiet).hello("1-5").events(6, 6).events(9, 9).do("join", "1-6")
    assert await script.told() == ["hello 1-6", "resync 1-9"]
    assert (await script.last("resync"))["dropped"] == 3


async def test_a_foreign_events_ping_keeps_the_positions_without_a_gap(quiet: Page) -> None:
    script = Script(quiet).hello("1-5").events(6, 6).frame("ping", "1-7").events(8, 8)
    script.do("join", "1-5")
    assert await script.told() == ["hello 1-5", "scan 1-6", "ping 1-7", "scan 1-8"]


async def test_a_tab_that_does_not_read_is_sent_little_and_then_all_that_is_kept(
    quiet: Page,
) -> None:
    script = Script(quiet, 100, UNREAD).do("join", None).hello("1-5").events(6, 50)
    sent = len((await script.logs())[0])
    assert sent == UNREAD + 1
    for _ in range(20):
        script.do("read", 0)
    events = [one for one in await script.told() if one.startswith("scan")]
    assert events == [f"scan 1-{seq}" for seq in range(6, 51)]


async def test_a_tab_goes_on_only_when_no_more_than_half_of_the_limit_is_unread(
    quiet: Page,
) -> None:
    script = Script(quiet, 100, UNREAD).do("join", None).hello("1-5").events(6, 50)
    script.do("read", 0, UNREAD // 2)
    assert len((await script.logs())[0]) == UNREAD + 1
    script.do("read", 0, UNREAD // 2 + 1)
    assert len((await script.logs())[0]) > UNREAD + 1


async def test_a_tab_that_does_not_read_for_too_long_is_told_its_gap(quiet: Page) -> None:
    script = Script(quiet, KEPT, UNREAD).do("join", None).hello("1-5").events(6, 50)
    script.do("read", 0)
    assert (await script.last("resync"))["dropped"] == 50 - (5 + UNREAD - 1)


async def test_who_left_is_sent_nothing(quiet: Page) -> None:
    script = Script(quiet).do("join", None).hello("1-5").do("leave", 0).events(6, 9).do("beat")
    assert await script.told() == ["hello 1-5"]


TABS = st.integers(0, 2)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("events"), st.integers(1, 6)),
        st.tuples(st.just("events"), st.integers(1, 6)),
        st.tuples(st.just("read"), TABS),
        st.tuples(st.just("read"), TABS),
        st.tuples(st.just("again"), TABS),
        st.tuples(st.just("drop"), st.integers(1, 9)),
        st.tuples(st.just("reconnect")),
        st.tuples(st.just("beat")),
    ),
    max_size=30,
)


@settings(max_examples=100)
@given(steps=steps)
async def test_every_tab_gets_every_event_once_or_exactly_its_gap(
    quiet: Page, steps: Sequence[Sequence[Any]]
) -> None:
    """Tabs come back at the place they have seen, some read and some do not."""
    head, script = 0, Script(quiet, KEPT, UNREAD).hello("1-0")
    tabs = [0, 1, 2]
    for _ in tabs:
        script.do("join", None)
    for name, *words in steps:
        if name == "events":
            script.events(head + 1, head + words[0])
            head += words[0]
        elif name == "drop":
            head += words[0]
            data = {"dropped": words[0], "reason": "lagged", "after_ms": 0, "run_id": "r1"}
            script.frame("resync", f"1-{head}", **data)
        elif name == "reconnect":
            script.lost().hello(f"1-{head}")
        elif name == "beat":
            script.do("beat")
        elif name == "read":
            script.do("read", tabs[words[0]])
        else:
            logs = await script.logs()
            place = place_of(logs[tabs[words[0]]])
            script.do("leave", tabs[words[0]]).do("join", f"1-{place}")
            tabs[words[0]] = len(logs)
    for tab in tabs * 10:
        script.do("read", tab)
    logs = await script.logs()
    for log in logs:
        place_of(log)
    assert [place_of(logs[tab]) for tab in tabs] == [head] * len(tabs)


def place_of(log: Sequence[Mapping[str, Any]]) -> int:
    """Where a tab is after these messages; each step on its way is judged."""
    place: int | None = None
    for frame in (message["frame"] for message in log if "frame" in message):
        seq = int(frame["id"].split("-")[1])
        if frame["event"] == "hello":
            assert place in (None, seq), "a hello moves the tab"
        elif frame["event"] == "resync":
            assert place is not None
            assert frame["data"]["dropped"] == seq - place > 0
        else:
            assert place is not None
            assert seq == place + 1
        place = seq
    assert place is not None
    return place
