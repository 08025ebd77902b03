"""What a scanner saw in a minute: the worst letter, and the latencies of its probes."""

from dataclasses import replace

from hero_router.history.minute_writes import Row
from hero_router.model import Record, Status
from hero_router.scan.minute_recorder import MOST_LATENCIES, MinuteRecorder
from tests.support.records import record

WELL = record("a")
ILL = replace(WELL, status=Status.UNHEALTHY, reason="no answer in 2 s")
UNPROBED = replace(WELL, status=Status.UNKNOWN)
UNSEEN = replace(UNPROBED, reason="no permission")
KEY = WELL.id


def letter(recorder: MinuteRecorder, now: Record = WELL, *, watched: bool = True) -> str:
    return recorder.close({KEY: now}, watched=watched)[KEY].letter


def test_a_service_without_a_change_has_the_letter_of_its_status() -> None:
    assert letter(MinuteRecorder()) == "h"
    assert letter(MinuteRecorder(), ILL) == "u"
    assert letter(MinuteRecorder(), UNSEEN) == "?"


def test_a_minute_has_the_worst_letter_and_the_next_one_begins_anew() -> None:
    recorder = MinuteRecorder()
    recorder.changed(KEY, WELL, ILL)
    recorder.changed(KEY, ILL, WELL)
    assert [letter(recorder), letter(recorder)] == ["u", "h"]


def test_a_minute_in_which_a_service_recovers_was_not_healthy() -> None:
    recorder = MinuteRecorder()
    recorder.changed(KEY, ILL, WELL)
    assert [letter(recorder), letter(recorder)] == ["u", "h"]


def test_a_service_that_left_and_came_back_was_gone() -> None:
    recorder = MinuteRecorder()
    recorder.changed(KEY, WELL, None)
    recorder.changed(KEY, None, UNPROBED)
    recorder.changed(KEY, UNPROBED, WELL)
    assert letter(recorder) == "g"


def test_a_service_that_was_not_probed_yet_says_nothing() -> None:
    recorder = MinuteRecorder()
    recorder.changed(KEY, None, UNPROBED)
    recorder.changed(KEY, UNPROBED, WELL)
    assert letter(recorder) == "h"
    assert letter(recorder, UNPROBED) == ""


def test_a_minute_that_was_not_watched_to_its_end_is_healthy_by_no_old_record() -> None:
    recorder = MinuteRecorder()
    assert letter(recorder, watched=False) == "?"
    recorder.changed(KEY, None, WELL)
    assert letter(recorder, watched=False) == "?"
    recorder.changed(KEY, WELL, ILL)
    assert letter(recorder, watched=False) == "u"


def test_a_minute_without_the_registry_at_its_end_has_its_trouble_and_nothing_healthy() -> None:
    recorder, other = MinuteRecorder(), record("b").id
    recorder.changed(KEY, WELL, ILL)
    recorder.changed(KEY, ILL, WELL)
    recorder.changed("new", None, WELL)
    recorder.probed(other, 1.0)
    assert recorder.close_unread() == {KEY: Row("u"), "new": Row("?"), other: Row("?", "CC")}
    assert recorder.close_unread() == {}


def test_latencies_are_median_and_95th_percentile_of_the_minute() -> None:
    recorder = MinuteRecorder()
    for number in range(100):
        recorder.probed(KEY, 1.0 if number < 60 else 10.0 if number < 96 else 1000.0)
    recorder.probed(KEY, None)
    assert recorder.close({KEY: WELL}, watched=True)[KEY] == Row("h", "CO")
    assert recorder.close({KEY: WELL}, watched=True)[KEY] == Row("h", "--")


def test_so_many_latencies_of_one_service_are_kept_and_no_more() -> None:
    recorder = MinuteRecorder()
    for number in range(2 * MOST_LATENCIES):
        recorder.probed(KEY, 1.0 if number < MOST_LATENCIES else 1000.0)
    assert recorder.close({KEY: WELL}, watched=True)[KEY].figures == "CC"
