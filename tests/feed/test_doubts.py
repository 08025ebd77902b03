"""Doubts: one of each kind, told when it begins, changes and ends."""

import json
import logging

import pytest

from hero_router.feed.conditions import Condition, transition_frames
from hero_router.feed.doubts import Conditions
from hero_router.sse import Parser


def make_doubts() -> tuple[Conditions, list[int]]:
    """Doubts whose clock counts up from 1, and the number of doubts after each change."""
    ticks = iter(range(1, 100))
    doubts, changes = Conditions(now_ms=lambda: next(ticks)), list[int]()
    doubts.on_change = lambda: changes.append(len(doubts.current))
    return doubts, changes


def test_a_doubt_begins_once_and_ends_once() -> None:
    doubts, changes = make_doubts()
    doubts.set("redis", None, "away")
    doubts.set("redis", None, "away")
    doubts.clear("redis")
    doubts.clear("redis")
    assert changes == [1, 0]


def test_a_doubt_whose_detail_changes_keeps_its_beginning() -> None:
    doubts, _ = make_doubts()
    doubts.set("redis", None, "away")
    doubts.set("redis", None, "loading")
    assert doubts.current["redis", None] == Condition("redis", None, 1, "loading")


def test_the_log_tells_when_and_why_pages_are_stale_and_for_how_long(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    ticks = iter((1_000, 3_500))
    doubts = Conditions(now_ms=lambda: next(ticks))
    doubts.set("scanner", "a", "no scanner is running for node a")
    doubts.set("scanner", "a", "no scanner is running for node a")
    doubts.set("scanner", "a", "the scanner of node a is silent")
    doubts.clear("scanner", "a")
    assert [(item.levelname, item.message) for item in caplog.records] == [
        ("WARNING", "pages are stale: no scanner is running for node a"),
        ("INFO", "pages are stale: the scanner of node a is silent"),
        ("INFO", "no longer stale, after 2.5 s: the scanner of node a is silent"),
    ]


def test_doubts_about_different_nodes_stand_side_by_side() -> None:
    doubts, _ = make_doubts()
    doubts.set("scanner", "a", "gone")
    doubts.set("scanner", "b", "gone")
    doubts.clear("scanner", "a")
    assert list(doubts.current) == [("scanner", "b")]


def test_the_frames_lead_from_one_set_of_doubts_to_the_other() -> None:
    ended, kept = Condition("redis", None, 1, "away"), Condition("scanner", "a", 2, "gone")
    begun, stamp = Condition("scanner", "b", 3, "gone"), {"now": 9, "as_of": 8}
    data = transition_frames(
        {ended.key: ended, kept.key: kept}, {kept.key: kept, begun.key: begun}, stamp
    )
    told = [(each.event, json.loads(each.data)) for each in Parser().feed(data)]
    assert told == [
        ("fresh", {"reason": "redis", "node": None, "since": 1, **stamp}),
        ("stale", {"reason": "scanner", "node": "b", "since": 3, "detail": "gone", **stamp}),
    ]
    assert b"id:" not in data
