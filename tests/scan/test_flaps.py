"""Flapping services: marked, held at their worst, and bounded in events."""

from dataclasses import replace

from hero_router.model import Change, Status
from hero_router.scan.flaps import (
    FLAP_CHANGES,
    WINDOW,
    Flaps,
    changed,
    hold_worst,
)
from tests.scan.world import ASKED, BROKEN, OK, REFUSED, RULES, SICK, A, World
from tests.support.records import record


def flap(world: World, scans: int) -> list[Change]:
    """The changes while it fails and heals by turns."""
    return [
        change
        for number in range(scans)
        for change in world.look({A: BROKEN if number % 2 else OK})
    ]


def test_a_flapping_service_is_marked_and_held_at_its_worst() -> None:
    """A hundred turns make a handful of events."""
    world = World()
    world.look({A: ASKED})
    changes = flap(world, 100)
    assert len(changes) <= 6
    assert world.record.flapping
    assert world.record.status is Status.DEGRADED


def test_the_mark_goes_when_it_was_quiet_for_a_window() -> None:
    world = World()
    world.look({A: ASKED})
    flap(world, 20)
    for _ in range(WINDOW + 1):
        world.look({A: OK})
    assert (world.record.flapping, world.record.status) == (False, Status.HEALTHY)


def test_the_mark_stays_while_it_changes_now_and_then() -> None:
    """Fewer changes than it takes to be marked do not take the mark away."""
    world = World()
    world.look({A: ASKED})
    flap(world, 20)
    for number in range(4 * WINDOW):
        world.look({A: BROKEN if number % 5 == 0 else OK})
        assert world.record.flapping


def test_many_changes_within_one_scan_are_a_flap_and_are_not_all_remembered() -> None:
    """The folder is looked at whenever it changes, so one scan may see many."""
    flaps = Flaps()
    for number in range(100):
        assert flaps.marked is (number >= FLAP_CHANGES)
        flaps = flaps.after(1, moved=True)
    assert len(flaps.moves) == FLAP_CHANGES


def test_a_flapping_service_makes_one_event_in_a_scan_and_no_second() -> None:
    """However its sockets come and go between two scans."""
    world = World()
    world.look({A: ASKED})
    flap(world, 20)
    events = []
    for number in range(10):
        world.scan -= 1
        events += world.look({A: OK, f"svc/web_{number}.sock": OK})
    assert [event.type for event in events] == ["service_updated"]


def test_a_flapping_service_that_gets_worse_is_shown_worse() -> None:
    world = World()
    world.look({A: ASKED})
    flap(world, 20)
    world.look({A: REFUSED})
    assert (world.record.status, world.record.flapping) == (Status.INACTIVE, True)


def test_one_restart_is_no_flap() -> None:
    world = World()
    world.look({A: ASKED})
    for observation in (REFUSED, BROKEN, OK, OK):
        world.look({A: observation})
    assert not world.record.flapping


def test_a_service_that_vanishes_and_returns_all_the_time_flaps_too() -> None:
    """A crash loop that removes its socket each time: shown as it is, with few events."""
    world = World()
    world.look({A: ASKED})
    changes = []
    for number in range(60):
        changes += world.look({A: ASKED} if number % 2 else {})
    assert len(changes) <= 12
    assert world.record.flapping
    for _ in range(WINDOW + 1):
        changes = world.look({})
    assert world.known == {}


def test_a_flapping_service_that_left_as_stale_is_not_removed_again_when_its_file_goes() -> None:
    world = World(rules=replace(RULES, stale_seconds=10))
    world.look({A: ASKED})
    flap(world, 20)
    assert [change.type for _ in range(3) for change in world.look({A: REFUSED})] == [
        "status_change",
        "service_removed",
    ]
    assert [change for _ in range(2 * WINDOW) for change in world.look({})] == []


def test_errors_that_alternate_are_flaps_too() -> None:
    """The status stays, the reason does not: that must not be an event each time for ever."""
    world = World()
    world.look({A: ASKED})
    other = replace(SICK, error="health check answers 500")
    changes = [c for number in range(100) for c in world.look({A: other if number % 2 else SICK})]
    assert len(changes) <= 8


def test_the_first_probe_of_a_socket_and_a_new_socket_are_no_changes() -> None:
    unknown, healthy = (Status.UNKNOWN, None), (Status.HEALTHY, None)
    assert not changed({A: unknown}, {A: healthy})
    assert not changed({A: healthy}, {A: healthy, "svc/web_a.sock": unknown})
    assert changed({A: healthy}, {A: (Status.DEGRADED, None)})
    assert changed({A: healthy}, {})


def test_a_flapping_record_does_not_change_twice_in_one_scan() -> None:
    """Unless it gets worse."""
    bad = record("api", status=Status.DEGRADED, reason="late")
    good = record("api", sockets=(), changed_at=2)
    assert hold_worst(good, bad, again=True) == replace(bad, flapping=True)
    held = hold_worst(good, bad, again=False)
    assert held == replace(good, status=bad.status, reason="late", changed_at=1, flapping=True)
    assert hold_worst(bad, good, again=True) == replace(bad, flapping=True)


def marks(*scans: int) -> list[bool]:
    """Whether a service is marked after each change; each is given by the number of its scan."""
    flaps, found = Flaps(), []
    for scan in scans:
        flaps = flaps.after(scan, moved=True)
        found.append(flaps.marked)
    return found


def test_changes_in_four_of_ten_scans_are_flaps_and_so_are_eight_changes() -> None:
    assert marks(1, 4, 7, 10) == [False, False, False, True]
    assert marks(1, 4, 7, 11) == [False, False, False, False]
    assert marks(*[1] * 8) == [False] * 7 + [True]


def test_the_mark_goes_with_the_tenth_scan_after_the_last_change() -> None:
    flapping = Flaps((10,), marked=True)
    assert flapping.after(19, moved=False).marked
    assert not flapping.after(20, moved=False).marked
