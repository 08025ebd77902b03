"""The soak's judges: each passes a log that is right, and fails each log that breaks its law."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from hero_router.position import ORIGIN
from tests.soak.bounds import LIVE_SECONDS, RECORD_SECONDS, Trouble
from tests.soak.cases import (
    BAD,
    BEGAN,
    FIRST,
    GOOD,
    GOOD_OF_ONE,
    ONE,
    SECOND,
    START,
    TRUTH,
    conflated,
    entry,
    event,
    events,
    happened,
    hello,
    log,
    opened,
    p,
    resync,
    snapshot,
)
from tests.soak.log import CLOSED, RESUMED, STALLED, Entry, Log
from tests.soak.truth import Truth, is_dense, with_lost
from tests.soak.validators import LONGEST_SILENCE, VALIDATORS


def faults(name: str, found: Log, truth: Truth = TRUTH) -> list[str]:
    judged = with_lost(truth, [], [found])
    return [fault.text for fault in VALIDATORS[name](found, judged)]


def test_each_validator_can_fail() -> None:
    """What is about time alone has its own test below."""
    assert BAD.keys() == VALIDATORS.keys()
    assert [name for name, cases in BAD.items() if not cases] == ["attended"]


@pytest.mark.parametrize("validator", VALIDATORS)
@pytest.mark.parametrize("case", GOOD)
def test_a_log_that_is_right_passes(validator: str, case: str) -> None:
    assert faults(validator, log(*GOOD[case])) == []


@pytest.mark.parametrize("validator", VALIDATORS)
@pytest.mark.parametrize("case", GOOD_OF_ONE)
def test_a_log_of_who_wants_one_service_passes(validator: str, case: str) -> None:
    assert faults(validator, log(*GOOD_OF_ONE[case], only=ONE)) == []


@pytest.mark.parametrize(
    ("validator", "entries"),
    [(name, case) for name, cases in BAD.items() for case in cases],
)
def test_a_log_that_is_wrong_fails(validator: str, entries: Sequence[Entry]) -> None:
    assert faults(validator, log(*entries, only=ONE if validator == "filtered" else None))


def test_a_fault_names_the_entry_where_it_shows() -> None:
    found = log(*START, event("1-4"))
    (fault,) = VALIDATORS["reliable"](found, TRUTH)
    assert (fault.index, fault.text) == (3, "a silent jump from 1-2 to 1-4")
    assert "service_updated 1-4" in found.line(fault.index)


def test_who_did_not_ask_for_it_is_not_conflated() -> None:
    plain = log(*GOOD["conflated"], conflates=False)
    assert "without having asked" in faults("conflated", plain)[0]


def test_a_resync_for_what_the_stream_still_held_is_wrong() -> None:
    """The right number does not help where nothing need have been missed."""
    early = log(*START, resync("1-6", 4), step=0)
    early.times[-1] = BEGAN + 9
    assert "still held" in faults("reliable", early)[0]
    early.times[-1] = BEGAN + 10
    assert faults("reliable", early) == []
    gone = log(*START, *events(1, 3, 10), resync("2-2", None))
    assert "still held" in faults("reliable", gone)[0]


def test_a_position_that_was_given_twice_trimmed_the_stream_with_its_first_event() -> None:
    """Redis lost that one later; a worker that had read it rightly says what it had trimmed."""
    first = replace(FIRST[-1], at=int((BEGAN + 8) * 1000), data='{"old": 1}')
    truth = replace(TRUTH, replaced=frozenset({first}))
    early = log(*START, resync("1-6", 4), step=0)
    for seconds, wrong in ((7, True), (9, False)):
        early.times[-1] = BEGAN + seconds
        assert bool(list(VALIDATORS["reliable"](early, truth))) is wrong


SILENCES: dict[str, tuple[Sequence[Entry], bool]] = {
    "a stream that hangs": ((*START, event("1-3")), True),
    "a stream that does not begin": ((opened(), hello("1-2")), True),
    "a door that stays closed": ((*START, entry(CLOSED), opened("1-2"), hello("1-2")), True),
    "a client that did not read": (
        (hello("1-2"), entry(STALLED), entry(RESUMED), entry(CLOSED, by="server")),
        False,
    ),
    "a client that left": (
        (hello("1-2"), entry(CLOSED, by="client"), opened("1-2")),
        False,
    ),
}


@pytest.mark.parametrize("case", SILENCES)
def test_silence_counts_where_the_client_listens(case: str) -> None:
    entries, wrong = SILENCES[case]
    assert bool(faults("attended", log(*entries, step=LONGEST_SILENCE + 1))) is wrong
    assert faults("attended", log(*entries, step=LONGEST_SILENCE / 4)) == []


def test_what_was_cut_off_from_the_file_is_part_of_the_truth() -> None:
    """Nobody was told the eleventh event, yet a gap over it has to count it."""
    cut = [happened(f"1-{seq}") for seq in range(10, 16)]
    truth = with_lost(TRUTH, cut, [])
    assert list(truth.lost) == [p(f"1-{seq}") for seq in range(11, 16)]
    over = log(*START, *events(1, 3, 10), resync("1-11", 1), event("1-12"))
    assert list(VALIDATORS["reliable"](over, truth)) == []
    other = log(*START, event("1-12", number="another"))
    assert [fault.index for fault in VALIDATORS["genuine"](other, truth)] == [3]


def test_an_epoch_that_is_lost_as_a_whole_had_followed_what_redis_had_then() -> None:
    """Redis is killed once, and soon after loses its power: what came between is gone."""
    truth = replace(TRUTH, events=FIRST[:8])
    seen, cut = log(*START, *events(1, 3, 10), *events(2, 1, 5)), [*FIRST, *SECOND]
    missed = log(*START, *events(1, 3, 9), *events(2, 1, 5))
    early = log(*START, *events(1, 3, 7), *events(2, 1, 5))
    for found, known, fault in (
        (seen, with_lost(truth, cut, []), []),
        (missed, with_lost(truth, cut, []), ["a silent jump from 1-9 to 2-1"]),
        (seen, with_lost(truth, [], [seen]), []),
        (early, with_lost(truth, [], [seen]), ["a silent jump from 1-7 to 2-1"]),
    ):
        assert [each.text for each in VALIDATORS["reliable"](found, known)] == fault


def test_who_was_passed_over_what_is_lost_cannot_know_what_it_missed() -> None:
    """It was last told of an event that Redis has kept, yet the worker was further on."""
    truth = with_lost(TRUTH, [happened(f"1-{seq}") for seq in range(11, 13)], [])
    again = log(*START, *events(1, 3, 10), resync("1-9", None))
    for service, wrong in (("a", False), ("b", True)):
        again.only = service
        found = [fault for fault in VALIDATORS["filtered"](again, truth) if fault.index == 11]
        assert bool(found) is wrong


def test_who_had_an_event_whose_position_redis_gave_to_another_has_to_be_told() -> None:
    """Redis lost 1-9 and 1-10, and their writer had not seen these; ten seconds are allowed for a
    client that gets one of them late, and the time of an audit to tell."""
    lost = [replace(each, data=each.data.replace("{", '{"old": 1, ', 1)) for each in FIRST[8:]]
    cut, sent = [*FIRST[6:8], *lost], [Entry(one.kind, one.place, one.sent) for one in lost]
    begin = (*START, *events(1, 3, 8), *sent)
    told = (resync("1-6", None), *events(1, 7, 10), *events(2, 1, 5))
    last = BEGAN + 10 + 4.0 * (len(begin) - 1)

    def judged(entries: Sequence[Entry], loss: float) -> list[str]:
        trouble = Trouble("rolled back", loss, loss)
        truth = with_lost(replace(TRUTH, troubles=(trouble,)), cut, [])
        assert truth.replaced == set(lost)
        return [each.text for each in VALIDATORS["genuine"](log(*entries), truth)]

    for loss in (last - LIVE_SECONDS, last, last + 4):
        assert judged([*begin, *told], loss) == []
    for loss in (last - LIVE_SECONDS - 5, last + 5):
        assert judged([*begin, *told], loss)
    late = [entry("ping", "1-10")] * int(RECORD_SECONDS / 4)
    assert judged([*begin, *late, *told], last - 4)
    assert judged([*begin, *late, *told], last + 4) == []
    assert len(judged([*begin, *events(2, 1, 5)], last)) == 2
    assert judged([*begin[:-1], event("1-10", number="made up"), *told], last)


@pytest.mark.parametrize("name", ["filtered", "conflated"])
def test_who_is_about_to_be_told_of_lost_events_need_not_have_what_took_their_positions(
    name: str,
) -> None:
    """The worker went on after the lost ones, and passed over what is there now."""
    cut = [replace(each, data='{"old": 1}') for each in FIRST[7:9]]
    found = log(*START, *events(1, 3, 7), event("1-10"), entry("ping", "1-10"))
    found.only = "a" if name == "filtered" else None
    if name == "filtered":
        found.entries[3:] = [*events(1, 3, 7)[1::2], event("1-10"), entry("ping", "1-10")]
    assert list(VALIDATORS[name](found, with_lost(TRUTH, [], [])))
    assert not list(VALIDATORS[name](found, with_lost(TRUTH, cut, [])))


@pytest.mark.parametrize("places", [["1-2"], ["1-1", "1-3"], ["1-1", "2-2"], ["2-1", "1-1"]])
def test_a_history_with_a_gap_is_not_dense(places: Sequence[str]) -> None:
    assert is_dense([*FIRST, *SECOND])
    assert not is_dense([happened(place) for place in places])


def test_the_origin_is_a_place() -> None:
    """A client that came before the first event knows that it has seen all there is."""
    assert TRUTH.follows(ORIGIN, p("1-1"))
    assert not TRUTH.follows(ORIGIN, p("2-1"))
    assert not TRUTH.follows(ORIGIN, p("1-2"))


def test_deleted_events_are_told_with_their_number_and_passed_one_by_one() -> None:
    """A foreign hand took 1-4 and 1-5: a ping stands for each, and none passes without a word."""
    holes = [entry("ping", "1-4"), entry("ping", "1-5")]
    ahead = (*START, event("1-3"))
    after = (*events(1, 6, 10), *events(2, 1, 5))
    truth = replace(TRUTH, deleted=frozenset({p("1-4"), p("1-5")}))
    told = log(*ahead, resync("1-3", 2), snapshot("1-3"), *holes, *after)
    for name in VALIDATORS:
        assert list(VALIDATORS[name](told, truth)) == []
    for wrong in (
        log(*ahead, *holes, *after),
        log(*ahead, resync("1-3", 1), *holes, *after),
        log(*ahead, resync("1-3", 3), *holes, *after),
        log(*ahead, resync("1-3", 2), holes[1], *after),
        log(*ahead, resync("1-3", 2), *after),
    ):
        assert list(VALIDATORS["reliable"](wrong, truth))


def test_who_filters_is_told_of_a_deleted_event_from_wherever_it_was_passed_on_to() -> None:
    """It may have been wanted; the number has to be right for it, too."""
    truth = replace(TRUTH, deleted=frozenset({p("1-7")}))
    head = (*START[:2], event("1-2"), event("1-4"))
    told = log(*head, resync("1-5", 1), snapshot("1-5"), event("1-6"), only="a")
    assert list(VALIDATORS["filtered"](told, truth)) == []
    too_many = log(*head, resync("1-5", 3), snapshot("1-5"), event("1-6"), only="a")
    assert list(VALIDATORS["filtered"](too_many, truth))


def test_a_newest_event_that_conflation_left_out_is_missed() -> None:
    """The numbers are right, and yet the newest event about a service did not come."""
    lies = log(*START, conflated("1-2", 2, "1-5"), event("1-5"), entry("ping", "1-5"))
    assert any("the newest event of" in text for text in faults("conflated", lies))
