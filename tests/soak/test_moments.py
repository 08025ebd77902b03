"""The judges of every moment, on samples made by hand: each passes what is right and sees a lie."""

from dataclasses import replace

from hero_router.feed.audit import AUDIT_SECONDS
from tests.soak.bounds import LIVE_SECONDS, MOVED_SECONDS, RECORD_SECONDS, Trouble
from tests.soak.foreign import STAY_SECONDS
from tests.soak.moments import Agreement, Answer, Likeness, View

HOMES = {"a": "n", "b": "n"}
STEP = 0.5


def looked(seconds: float, view: View, held: dict[str, str], *troubles: Trouble) -> Likeness:
    """A client that shows the same for so long, of a registry that held the same a moment ago."""
    likeness = Likeness(troubles)
    likeness.look(99.5, {"a": "1", "b": "1"}, HOMES, [view])
    for number in range(int(seconds / STEP)):
        likeness.look(100 + number * STEP, held, HOMES, [view])
    return likeness


OLD = View("c1", live=True, state={"a": "1", "b": "1"})


def test_who_shows_what_the_registry_holds_is_right() -> None:
    assert looked(60, OLD, {"a": "1", "b": "1"}).faults == []


def test_who_is_live_and_unlike_for_too_long_is_named_once_with_the_service() -> None:
    (fault,) = looked(LIVE_SECONDS + 3, OLD, {"a": "2", "b": "1"}).faults
    assert "client c1" in fault
    assert "service a" in fault
    assert looked(LIVE_SECONDS - 1, OLD, {"a": "2", "b": "1"}).faults == []


def test_a_service_that_left_or_came_unseen_is_a_difference() -> None:
    assert looked(LIVE_SECONDS + 3, OLD, {"a": "1"}).faults
    assert looked(LIVE_SECONDS + 3, View("c1", True, {"a": "1"}), {"a": "1", "b": "1"}).faults


def test_a_service_that_left_between_two_looks_is_missed_from_then_on() -> None:
    """No state but its absence comes twice."""
    for seconds, wrong in ((LIVE_SECONDS - 1, False), (LIVE_SECONDS + 3, True)):
        likeness, without = Likeness(), View("c1", True, {"b": "1"})
        likeness.look(50, {"b": "1"}, {"a": "n", **HOMES}, [without])
        likeness.look(51, {"a": "1", "b": "1"}, HOMES, [OLD])
        for number in range(int(seconds / STEP)):
            likeness.look(100 + number * STEP, {"a": "2", "b": "1"}, HOMES, [without])
        assert bool(likeness.faults) == wrong


def test_who_was_told_is_not_deceived() -> None:
    held = {"a": "2", "b": "2"}
    assert looked(60, OLD._replace(live=False), held).faults == []
    assert looked(60, OLD._replace(doubted=frozenset({"n"})), held).faults == []
    assert looked(60, OLD._replace(only="b"), {"a": "2", "b": "1"}).faults == []


def test_a_foreign_hand_excuses_its_own_service_alone_and_not_for_ever() -> None:
    hand = Trouble("record changed", 99, 100, {"a"})
    assert looked(RECORD_SECONDS - 1, OLD, {"a": "2", "b": "1"}, hand).faults == []
    assert looked(RECORD_SECONDS + 3, OLD, {"a": "2", "b": "1"}, hand).faults
    assert looked(LIVE_SECONDS + 3, OLD, {"a": "1", "b": "2"}, hand).faults


def test_who_came_to_another_worker_after_a_foreign_hand_is_counted() -> None:
    hand = Trouble("record deleted", 99, 100, {"a"})
    found = looked(RECORD_SECONDS + 3, OLD._replace(opened=110), {"b": "1"}, hand)
    assert (found.faults, found.unknowing) == ([], {("c1", "a")})


def test_an_eviction_that_took_no_record_is_no_excuse_for_what_an_audit_finds() -> None:
    gone, hand = {"b": "1"}, Trouble("keys evicted", 99, 100)
    assert looked(LIVE_SECONDS + 3, OLD, gone, hand).faults
    assert looked(RECORD_SECONDS - 1, OLD, gone, replace(hand, kind="records evicted")).faults == []
    assert looked(RECORD_SECONDS + 3, OLD, gone, replace(hand, kind="records evicted")).faults


def test_what_comes_back_after_an_eviction_has_to_be_shown_soon() -> None:
    """It came with an event."""
    hand = Trouble("records evicted", 99, 100)
    for seconds, wrong in ((LIVE_SECONDS - 1, False), (LIVE_SECONDS + 3, True)):
        likeness = looked(20, OLD, {"b": "1"}, hand)
        for number in range(int(seconds / STEP)):
            likeness.look(120 + number * STEP, {"a": "2", "b": "1"}, HOMES, [OLD])
        assert bool(likeness.faults) == wrong


def test_who_is_led_to_another_primary_may_be_deceived_for_less_time_than_that_lives() -> None:
    held, hand = {"a": "2", "b": "1"}, Trouble("half moved", 99, 100)
    assert looked(MOVED_SECONDS - 1, OLD, held, hand).faults == []
    assert looked(STAY_SECONDS, OLD, held, hand).faults


def test_who_was_told_to_start_anew_and_then_shown_the_same_has_to_be_told_again() -> None:
    """It may have loaded its state from a worker that had not compared yet: once."""
    held, hand = {"a": "2", "b": "1"}, Trouble("record changed", 99, 100, {"a"})
    once = OLD._replace(told=100 + AUDIT_SECONDS)
    assert looked(AUDIT_SECONDS + RECORD_SECONDS - 1, once, held, hand).faults == []
    assert looked(AUDIT_SECONDS + RECORD_SECONDS + 3, once, held, hand).faults
    twice = OLD._replace(told=100 + RECORD_SECONDS + 1)
    assert looked(RECORD_SECONDS + LIVE_SECONDS + 4, twice, held, hand).faults
    moved = replace(hand, kind="half moved")
    assert looked(AUDIT_SECONDS + LIVE_SECONDS + 3, once, held, moved).faults


def test_while_redis_cannot_be_asked_nobody_is_judged() -> None:
    likeness = Likeness()
    for number in range(100):
        held = {"a": "2", "b": "1"} if number % 8 else None
        likeness.look(100 + number, held, HOMES, [OLD])
    assert likeness.faults == []


ONE = Answer("web-1", ("x", "1-1"), frozenset(), "nodes", {"a": "1", "b": "1"}, "t1")
OTHER = ONE._replace(services={"a": "2", "b": "1"}, tag="t2")


def test_two_workers_at_one_place_that_tell_one_state_agree() -> None:
    agreement = Agreement()
    agreement.look(1, [ONE, ONE, ONE._replace(known="a later report", tag="t2")])
    assert (agreement.faults, agreement.pairs, agreement.equal_tags) == ([], 3, 1)


def test_two_workers_at_one_place_that_tell_two_states_are_named() -> None:
    for other in (OTHER, ONE._replace(tag="t2"), OTHER._replace(known="a later report")):
        agreement = Agreement()
        agreement.look(1, [ONE, other._replace(instance="web-2")])
        (fault,) = agreement.faults
        assert "web-1 and web-2 tell two states of 1-1" in fault


def test_workers_at_two_places_or_that_doubt_other_nodes_may_differ() -> None:
    agreement = Agreement()
    later, lost = ONE._replace(place=("x", "1-2")), ONE._replace(lost=frozenset({"n"}))
    agreement.look(1, [ONE, later._replace(services={}), lost._replace(services={"a": "3"})])
    assert (agreement.faults, agreement.pairs) == ([], 0)


def test_workers_may_differ_for_as_long_as_it_takes_to_find_a_foreign_hand() -> None:
    hand = Trouble("record changed", 100, 100, {"a"})
    agreement = Agreement([hand])
    agreement.look(101, [ONE, OTHER])
    assert (agreement.faults, agreement.differing) == ([], 1)
    agreement.look(101 + RECORD_SECONDS, [ONE, OTHER])
    assert agreement.faults


def test_a_foreign_hand_at_one_record_is_no_excuse_for_another_one_or_for_the_tag() -> None:
    hand = Trouble("record changed", 100, 100, {"b"})
    for other in (OTHER, ONE._replace(tag="t2")):
        agreement = Agreement([hand])
        agreement.look(101, [ONE, other])
        assert agreement.faults
