"""Doubts as frames: whoever folds them up always knows exactly what the worker doubts."""

import json

from hypothesis import given
from hypothesis import strategies as st

from hero_router.feed.conditions import Condition, ConditionMap, transition_frames
from hero_router.sse import Parser

STAMP = {"now": 9, "as_of": 8}

Key = tuple[str, str | None]

keys = st.tuples(
    st.sampled_from(["redis", "scanner", "no_scanner"]), st.none() | st.text(max_size=5)
)
doubts = st.dictionaries(
    keys, st.tuples(st.integers(0, 2**53), st.text(max_size=9)), max_size=4
).map(lambda found: {key: Condition(*key, *rest) for key, rest in found.items()})


def told(before: ConditionMap, after: ConditionMap) -> list[tuple[str, dict[str, object]]]:
    """What a client is told; each frame carries both times."""
    messages = [
        (each.event, json.loads(each.data))
        for each in Parser().feed(transition_frames(before, after, STAMP))
    ]
    assert all(data.pop(name) == STAMP[name] for _, data in messages for name in STAMP)
    return messages


@given(doubts, doubts)
def test_who_folds_the_frames_up_knows_all_doubts_and_no_others(
    before: ConditionMap, after: ConditionMap
) -> None:
    known: dict[Key, Condition] = dict(before)
    for name, data in told(before, after):
        item = Condition(**{"detail": "", **data})  # type: ignore[arg-type] # what JSON holds
        if name == "stale":
            known[item.key] = item
        else:
            assert name == "fresh"
            assert known.pop(item.key).since == item.since
    assert known == after


@given(doubts, doubts)
def test_each_change_is_one_frame_and_nothing_else_is_told(
    before: ConditionMap, after: ConditionMap
) -> None:
    changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    assert len(told(before, after)) == len(changed)
    assert transition_frames(after, after, STAMP) == b""


def test_a_doubt_that_goes_on_for_another_reason_is_told_again_with_its_beginning() -> None:
    away, loading = Condition("redis", None, 1, "away"), Condition("redis", None, 1, "loading")
    assert told({away.key: away}, {loading.key: loading}) == [
        ("stale", {"reason": "redis", "node": None, "since": 1, "detail": "loading"})
    ]


def test_what_ended_is_told_before_what_begins() -> None:
    """A page that shows one line must end with the doubt that holds."""
    ended, begun = Condition("redis", None, 1, "away"), Condition("scanner", "a", 2, "gone")
    names = [name for name, _ in told({ended.key: ended}, {begun.key: begun})]
    assert names == ["fresh", "stale"]


@given(doubts, doubts)
def test_a_doubt_has_no_position_so_that_no_client_moves_by_it(
    before: ConditionMap, after: ConditionMap
) -> None:
    lines = transition_frames(before, after, STAMP).decode("ascii").split("\n")
    assert {line.partition(":")[0] for line in lines} <= {"event", "data", ""}


def test_no_name_and_no_detail_can_break_out_of_its_frame() -> None:
    evil = "a\r\nid: 7-7\n\nevent: resync\0\u2028"
    begun = Condition("scanner", evil, 1, evil)
    assert told({}, {begun.key: begun}) == [
        ("stale", {"reason": "scanner", "node": evil, "since": 1, "detail": evil})
    ]
