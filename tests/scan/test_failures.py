"""Failures and late answers of one socket: when they count, and what is excused."""

from dataclasses import replace

from hero_router.model import Status
from hero_router.scan.probe_result import Documents, Health
from hero_router.scan.tracked_state import documents_due
from tests.scan.world import (
    ASKED,
    BROKEN,
    CLOSED,
    LATE_SPEC,
    LOGIN,
    OK,
    REFUSED,
    RULES,
    SICK,
    SILENT,
    WARNED,
    A,
    World,
    probed,
    sock,
)


def test_failures_in_a_row_make_it_unhealthy_and_one_answer_heals() -> None:
    world = World()
    world.look({A: ASKED})
    statuses = []
    for observation in (BROKEN, BROKEN, BROKEN, BROKEN, OK):
        world.look({A: observation})
        statuses.append(world.record.status)
    assert statuses == ["degraded", "degraded", "unhealthy", "unhealthy", "healthy"]


def test_failures_that_are_not_in_a_row_never_make_it_unhealthy() -> None:
    world = World()
    world.look({A: ASKED})
    for observation in (SILENT, SILENT, OK, SILENT, SILENT, OK):
        world.look({A: observation})
        assert world.record.status is not Status.UNHEALTHY


def test_counting_failures_is_no_event() -> None:
    """Degraded at the first failure, unhealthy at the third: the second one changes nothing."""
    world = World()
    world.look({A: ASKED})
    assert [world.types({A: BROKEN}) for _ in range(4)] == [
        ["status_change"],
        [],
        ["status_change"],
        [],
    ]


def test_closing_in_silence_is_failure_for_one_that_spoke_and_foreign_for_others() -> None:
    spoke, foreign = World(), World()
    spoke.look({A: ASKED})
    for world in (spoke, foreign):
        for _ in range(3):
            world.look({A: CLOSED})
    assert (spoke.record.status, foreign.record.status) == ("unhealthy", "non_rpc")


def test_a_service_behind_a_login_that_dies_fails_like_any_other() -> None:
    """That it once spoke is remembered, though it was never healthy."""
    world = World()
    world.look({A: LOGIN})
    for _ in range(RULES.failures):
        world.look({A: CLOSED})
    assert world.record.status is Status.UNHEALTHY


def test_a_health_check_that_says_down_is_a_failure() -> None:
    """Degraded first, and unhealthy after as many in a row as there are failures to wait for."""
    world = World()
    world.look({A: ASKED})
    statuses = []
    for _ in range(RULES.failures + 1):
        world.look({A: SICK})
        statuses.append(world.record.status)
    assert statuses == ["degraded", "degraded", "unhealthy", "unhealthy"]
    assert world.record.reason == SICK.error


def test_a_dead_service_that_answers_500_to_everything_does_not_stay_yellow() -> None:
    """From its first probe on; its documents are as bad, but that is not the news."""
    world = World()
    dead = replace(SICK, documents=Documents(None, "bad spec: answers 500"))
    for _ in range(RULES.failures):
        world.look({A: dead})
    assert (world.record.status, world.record.reason) == ("unhealthy", SICK.error)


def test_a_warning_stays_a_warning_however_long() -> None:
    world = World()
    world.look({A: ASKED})
    for _ in range(5 * RULES.failures):
        world.look({A: WARNED})
        assert world.record.status is Status.DEGRADED


def test_a_first_late_probe_is_no_event_and_the_second_in_a_row_is() -> None:
    world = World()
    world.look({A: ASKED})
    assert world.look({A: SILENT}) == []
    assert (world.record.status, world.socket.state.failures) == ("healthy", 1)
    assert not documents_due(sock(A), world.socket), "a busy service is not asked for even more"
    (change,) = world.look({A: SILENT})
    assert (change.data["to"], change.data["reason"]) == ("degraded", SILENT.error)
    (change,) = world.look({A: SILENT})
    assert change.data["to"] == "unhealthy"


def test_a_busy_service_that_is_late_now_and_then_makes_no_event() -> None:
    """The failures are figures, and they are counted anew after each answer."""
    world = World()
    world.look({A: ASKED})
    for _ in range(20):
        assert world.look({A: SILENT}) == []
        assert world.look({A: OK}) == []
        assert world.socket.state.failures == 0


def test_a_late_probe_keeps_whatever_was_known() -> None:
    for known in (WARNED, LOGIN, replace(OK, health=Health.NONE, documents=Documents())):
        world = World()
        world.look({A: known})
        before = world.record
        world.look({A: SILENT})
        assert world.record == before


def test_a_socket_that_never_answered_is_not_excused() -> None:
    world = World()
    world.look({A: SILENT})
    assert world.record.status is Status.DEGRADED


def test_where_one_failure_is_enough_the_first_late_probe_counts() -> None:
    world = World(rules=replace(RULES, failures=1))
    world.look({A: ASKED})
    world.look({A: SILENT})
    assert world.record.status is Status.UNHEALTHY


def test_nobody_waits_for_a_second_refusal_or_a_second_broken_answer() -> None:
    for observation in (REFUSED, CLOSED, BROKEN):
        world = World()
        world.look({A: ASKED})
        assert world.types({A: observation}) == ["status_change"]


def test_an_excused_probe_keeps_the_last_latency_unless_it_has_its_own() -> None:
    assert probed(OK, SILENT).socket.state.latency_ms == 1.0
    assert probed(OK, replace(LATE_SPEC, latency_ms=7.0)).socket.state.latency_ms == 7.0
