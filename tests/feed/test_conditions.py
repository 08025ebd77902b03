"""Conditions: one about each thing, logged and sent when it begins, changes and ends.

A client that applies all `stale` and `fresh` frames knows exactly the conditions of its worker.
"""

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hero_router.feed.conditions import Condition, Conditions, transition_frames
from hero_router.sse import Parser

STAMP = {"now": 9, "as_of": 8}

keys = st.tuples(
    st.sampled_from(["redis", "scanner", "no_scanner"]), st.none() | st.text(max_size=5)
)
sets = st.dictionaries(keys, st.tuples(st.integers(0, 2**53), st.text(max_size=9)), max_size=4).map(
    lambda found: tuple(Condition(*key, *rest) for key, rest in found.items())
)
"""All conditions of one worker at one time: at most one about each thing."""

Set = tuple[Condition, ...]


def sent(before: Set, after: Set) -> list[tuple[str, dict[str, object]]]:
    """The frames that a client gets; each carries both times."""
    messages = [
        (each.event, json.loads(each.data))
        for each in Parser().feed(transition_frames(before, after, STAMP))
    ]
    assert all(data.pop(name) == STAMP[name] for _, data in messages for name in STAMP)
    return messages


@given(sets, sets)
def test_a_client_that_applies_the_frames_knows_all_conditions_and_no_others(
    before: Set, after: Set
) -> None:
    known = {item.key: item for item in before}
    for name, data in sent(before, after):
        item = Condition(**{"detail": "", **data})  # type: ignore[arg-type] # what JSON holds
        if name == "stale":
            known[item.key] = item
        else:
            assert name == "fresh"
            assert known.pop(item.key).since == item.since
    assert known == {item.key: item for item in after}


@given(sets, sets)
def test_each_change_is_one_frame_and_nothing_else_is_sent(before: Set, after: Set) -> None:
    ended = {item.key for item in before} - {item.key for item in after}
    assert len(sent(before, after)) == len(ended) + len(set(after) - set(before))
    assert transition_frames(after, after, STAMP) == b""


def test_a_condition_that_goes_on_for_another_reason_is_sent_again_with_its_beginning() -> None:
    away, loading = Condition("redis", None, 1, "away"), Condition("redis", None, 1, "loading")
    assert sent((away,), (loading,)) == [
        ("stale", {"reason": "redis", "node": None, "since": 1, "detail": "loading"})
    ]


def test_what_ended_is_sent_before_what_begins() -> None:
    """A page that shows one line must end with the condition that holds."""
    ended, begun = Condition("redis", None, 1, "away"), Condition("scanner", "a", 2, "gone")
    assert [name for name, _ in sent((ended,), (begun,))] == ["fresh", "stale"]


def test_only_what_changed_is_sent() -> None:
    ended, kept = Condition("redis", None, 1, "away"), Condition("scanner", "a", 2, "gone")
    begun = Condition("scanner", "b", 3, "gone")
    assert sent((ended, kept), (kept, begun)) == [
        ("fresh", {"reason": "redis", "node": None, "since": 1}),
        ("stale", {"reason": "scanner", "node": "b", "since": 3, "detail": "gone"}),
    ]


@given(sets, sets)
def test_the_frames_have_no_position_so_that_no_client_moves_by_them(
    before: Set, after: Set
) -> None:
    lines = transition_frames(before, after, STAMP).decode("ascii").split("\n")
    assert {line.partition(":")[0] for line in lines} <= {"event", "data", ""}


def test_no_name_and_no_detail_can_break_out_of_its_frame() -> None:
    evil = "a\r\nid: 7-7\n\nevent: resync\0\u2028"
    begun = Condition("scanner", evil, 1, evil)
    assert sent((), (begun,)) == [
        ("stale", {"reason": "scanner", "node": evil, "since": 1, "detail": evil})
    ]


def make_conditions() -> tuple[Conditions, list[int]]:
    """Conditions whose clock counts up from 1, and how many hold after each change."""
    ticks = iter(range(1, 100))
    conditions, changes = Conditions(now_ms=lambda: next(ticks)), list[int]()
    conditions.on_change = lambda: changes.append(len(conditions.current))
    return conditions, changes


def test_a_condition_begins_once_and_ends_once() -> None:
    conditions, changes = make_conditions()
    conditions.set("redis", None, "away")
    conditions.set("redis", None, "away")
    conditions.clear("redis")
    conditions.clear("redis")
    assert changes == [1, 0]


def test_a_condition_whose_detail_changes_keeps_its_beginning() -> None:
    conditions, _ = make_conditions()
    conditions.set("redis", None, "away")
    conditions.set("redis", None, "loading")
    assert conditions.find("redis") == Condition("redis", None, 1, "loading")


def test_conditions_of_different_nodes_stand_side_by_side() -> None:
    conditions, _ = make_conditions()
    conditions.set("scanner", "a", "gone")
    conditions.set("scanner", "b", "gone")
    conditions.clear("scanner", "a")
    assert [item.key for item in conditions.current] == [("scanner", "b")]


@pytest.mark.parametrize(("reason", "blinds"), [("redis", True), ("stream", True), ("root", False)])
def test_only_trouble_with_redis_itself_makes_a_worker_unfit(reason: str, blinds: bool) -> None:
    conditions, _ = make_conditions()
    conditions.set(reason, None, "trouble")
    assert (conditions.blinding is not None) is blinds


def test_the_log_says_when_and_why_pages_are_stale_and_for_how_long(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    ticks = iter((1_000, 3_500))
    conditions = Conditions(now_ms=lambda: next(ticks))
    conditions.set("scanner", "a", "no scanner is running for node a")
    conditions.set("scanner", "a", "no scanner is running for node a")
    conditions.set("scanner", "a", "the scanner of node a is silent")
    conditions.clear("scanner", "a")
    assert [(item.levelname, item.message) for item in caplog.records] == [
        ("WARNING", "pages and API answers may be out of date: no scanner is running for node a"),
        ("INFO", "pages and API answers may be out of date: the scanner of node a is silent"),
        (
            "INFO",
            "this problem has ended after 2.5 s: the scanner of node a is silent",
        ),
    ]
