"""Stale sockets: nobody has listened for the stale time, so they leave, and how they come back."""

import pytest

from hero_router.scan.diff import diff
from hero_router.scan.probe_result import ProbeResult
from hero_router.scan.service_names import services
from hero_router.scan.socket_status import EvalTime, next_state
from tests.scan.world import (
    ASKED,
    MISSING,
    OK,
    REFUSED,
    RULES,
    UNSEEN,
    A,
    World,
    probed,
    sock,
)


def test_a_stale_socket_leaves_after_its_time_and_stays_away() -> None:
    world = World()
    world.look({A: REFUSED})
    removed = [world.look({A: REFUSED}) for _ in range(20)]
    when = next(number for number, changes in enumerate(removed) if changes)
    assert removed[when][0].data["reason"] == "stale"
    assert (when + 1) * 5 == RULES.stale_seconds
    assert not any(removed[when + 1 :])
    assert world.types({A: ASKED}) == ["service_added"]


def test_a_stale_socket_leaves_its_service_healthy() -> None:
    world = World()
    for _ in range(13):
        world.look({"s/rpc.sock": ASKED, "s/admin.sock": REFUSED})
    assert (world.record.status, len(world.record.sockets)) == ("healthy", 1)
    assert world.look({"s/rpc.sock": OK, "s/admin.sock": REFUSED}) == []


def test_a_wall_clock_that_jumps_expires_nothing() -> None:
    """Ages are by the monotonic clock; only stamps come from Redis's."""
    world = World()
    world.look({A: REFUSED})
    seen = services("n", [sock(A)])
    for jump in (3_600_000, -3_600_000):
        now = EvalTime(1_000_000 + jump, world.second + 1, 2)
        changes, _ = diff(seen.values(), world.evaluation(now, {A.encode(): REFUSED}))
        assert changes == []


def test_a_stale_socket_bound_anew_is_shown_for_another_whole_stale_time() -> None:
    """Even if nobody listens on the new one either: it is another socket."""
    world = World()
    for _ in range(15):
        world.look({A: REFUSED})
    assert world.types({A: REFUSED}, inode=2) == ["service_added"]
    when = next(number for number in range(1, 50) if world.look({A: REFUSED}, inode=2))
    assert (when * 5, world.known) == (RULES.stale_seconds, {})


@pytest.mark.parametrize("result", [None, UNSEEN, MISSING])
def test_a_stale_socket_bound_anew_is_shown_before_its_first_result(
    result: ProbeResult | None,
) -> None:
    """Somebody started its service: that is news, whatever the probe will say."""
    world = World()
    for _ in range(15):
        world.look({A: REFUSED})
    assert world.types({A: result}, inode=2) == ["service_added"]


def test_a_stale_service_that_a_foreign_hand_puts_back_is_removed_again() -> None:
    world = World()
    world.look({A: REFUSED})
    shown = world.record
    for _ in range(15):
        world.look({A: REFUSED})
    world.known[shown.id] = shown
    (change,) = world.look({A: REFUSED})
    assert (change.service, change.data["reason"]) == (shown.id, "stale")


def test_a_service_that_becomes_stale_has_an_event_though_a_foreign_hand_took_its_record() -> None:
    world = World()
    for _ in range(12):
        world.look({A: REFUSED})
    key = world.record.id
    world.known.clear()
    (change,) = world.look({A: REFUSED})
    assert (change.type, change.service, change.data["reason"]) == ("service_removed", key, "stale")
    assert world.types({A: REFUSED}) == []
    assert world.types({}) == []


def test_a_socket_is_stale_once_nothing_has_listened_for_the_stale_time() -> None:
    """From the first probe that found nobody, and not a moment earlier."""
    before = probed(REFUSED).socket
    times = (5.0 + RULES.stale_seconds - 0.1, 5.0 + RULES.stale_seconds)
    after = [next_state(sock(A), before, REFUSED, EvalTime(0, at, 2), RULES) for at in times]
    assert [socket.stale for socket in after] == [False, True]


def test_a_stale_socket_that_cannot_be_seen_stays_away() -> None:
    world = World()
    for _ in range(15):
        world.look({A: REFUSED})
    assert world.known == {}
    assert world.look({A: MISSING}) == []


def test_a_stale_socket_that_is_missing_stays_stale_and_one_that_answers_does_not() -> None:
    world = probed(*[REFUSED] * 14)
    stale = world.socket
    assert stale.stale
    world.look({A: MISSING})
    assert world.socket == stale
    world.look({A: OK})
    assert not world.socket.stale
