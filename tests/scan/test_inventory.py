"""What is believed to exist: what is out of sight is held for as long as that lasts."""

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hero_router.scan.inventory import Inventory
from hero_router.scan.walk import Layout, SocketFile, WalkResult

GRACE = 60.0
DARK = WalkResult(unreadable={b"": errno.ENOENT})
"""The root cannot be read."""
SHUT = WalkResult(unreadable={b"b": errno.EACCES}, root=(1, 1))
"""The folder `b` cannot be read."""
HOURS = 100_000.0


def seen(*names: str) -> tuple[SocketFile, ...]:
    """Sockets as a walk would find them."""
    return tuple(
        SocketFile(
            name.encode(), b"/root/" + name.encode(), (1, 2, 3), Layout.FOLDER, b"default", b"x"
        )
        for name in names
    )


def view(*names: str) -> Inventory:
    """What is believed after a first walk that found these."""
    return Inventory(GRACE).after(WalkResult(seen(*names), root=(1, 1)), 0)


def shown(sightings: Inventory) -> list[str]:
    return sorted(item.path for item in sightings.sockets.values())


def test_nothing_leaves_while_the_root_cannot_be_read() -> None:
    dark = view("a.sock", "b/rpc.sock").after(DARK, 10).after(DARK, HOURS)
    assert shown(dark) == ["a.sock", "b/rpc.sock"]
    assert dark.unverified == dark.sockets.keys()
    assert dark.why_unverified("c/what/was.sock", HOURS) == "the root cannot be read"


def test_a_root_that_can_be_read_again_tells_what_is_gone() -> None:
    back = (
        view("a.sock", "b.sock")
        .after(DARK, HOURS)
        .after(WalkResult(seen("a.sock"), root=(1, 1)), HOURS)
    )
    assert (shown(back), back.unverified) == (["a.sock"], frozenset())


def test_a_folder_out_of_sight_holds_only_what_is_in_it() -> None:
    shut = view("b/rpc.sock", "bc/rpc.sock").after(SHUT, 1).after(SHUT, HOURS)
    assert shown(shut) == ["b/rpc.sock"]
    assert shut.why_unverified("b/other.sock", HOURS) == "its folder cannot be read"
    assert shut.why_unverified("bc/rpc.sock", HOURS) is None


def test_what_is_gone_from_a_folder_in_sight_is_gone() -> None:
    assert view("a.sock").after(WalkResult((), root=(1, 1)), 1).sockets == {}


def test_a_replaced_root_gives_what_is_missing_the_grace_time() -> None:
    """As where somebody deletes the folder and makes it anew: that is seen, and may be meant."""
    held = view("a.sock", "b.sock").after(WalkResult(seen("b.sock"), root=(1, 7)), 5)
    assert shown(held) == ["a.sock", "b.sock"]
    assert (held.unverified, held.replaced) == (frozenset({b"a.sock"}), True)
    empty = WalkResult((), root=(1, 7))
    assert shown(held.after(empty, 64)) == ["a.sock", "b.sock"]
    late = held.after(empty, 65)
    assert (shown(late), late.replaced) == ([], False)
    assert not held.after(WalkResult(seen("a.sock", "b.sock"), root=(1, 7)), 6).replaced


def test_an_empty_root_on_another_device_is_not_mounted_and_holds_all_for_as_long() -> None:
    empty = WalkResult((), root=(2, 7))
    held = view("a.sock", "b.sock").after(empty, 5).after(empty, HOURS)
    assert (shown(held), held.unmounted) == (["a.sock", "b.sock"], True)
    assert held.why_unverified("a.sock", HOURS) == "the root is empty, as if it were not mounted"


def test_a_root_that_is_mounted_again_gives_what_is_missing_the_grace_time_from_then_on() -> None:
    """Services come back one after the other, on the old file system or on another one."""
    held = view("a.sock", "b.sock").after(WalkResult((), root=(2, 7)), HOURS)
    for device in (1, 3):
        back = held.after(WalkResult(seen("b.sock"), root=(device, 1)), HOURS + 1)
        assert (shown(back), back.unmounted) == (["a.sock", "b.sock"], False)
        again = WalkResult(seen("b.sock"), root=(device, 1))
        assert shown(back.after(again, HOURS + GRACE + 1)) == ["b.sock"]


def test_an_empty_root_that_never_had_a_service_may_lie_anywhere() -> None:
    empty = view().after(WalkResult((), root=(2, 7)), 5)
    assert (empty.unmounted, empty.known_root) == (False, None)


def test_the_last_report_names_the_root_for_a_scanner_that_takes_over() -> None:
    """So a scanner that starts while the root is not mounted removes nobody."""
    taken = Inventory(GRACE).inherited((1, 0))
    here, other, empty = (
        WalkResult((), root=(1, 5)),
        WalkResult(seen("a.sock"), root=(2, 7)),
        (2, 7),
    )
    assert not taken.after(here, 1).unmounted
    assert (
        taken.after(WalkResult((), root=empty), HOURS).why_unverified("a.sock", HOURS) is not None
    )
    assert taken.after(WalkResult((), root=empty), HOURS).known_root == (1, 0), (
        "as a second one is told too"
    )
    assert taken.after(DARK, 1).known_root == (1, 0)
    moved = taken.after(other, 1)
    assert moved.why_unverified("b.sock", GRACE) == "not seen since the root was replaced"
    assert moved.why_unverified("b.sock", GRACE + 1) is None
    assert (moved.replaced, moved.after(other, GRACE + 1).replaced) == (True, False)


def test_a_scanner_that_takes_over_forgets_what_it_saw_under_an_earlier_lease() -> None:
    """Another one ruled meanwhile: a service may have left that must not come back as unknown."""
    again = view("a.sock").after(DARK, 1).inherited(None)
    assert (again.sockets, again.unverified) == ({}, frozenset())
    again = again.after(DARK, 2)
    assert (again.sockets, again.known_root) == ({}, (1, 1))


def test_a_root_that_comes_back_as_another_one_was_replaced() -> None:
    """While it is away nobody can say which one it is."""
    back = view("a.sock").after(DARK, 1).after(WalkResult((), root=(1, 2)), HOURS)
    assert (shown(back), back.replaced) == (["a.sock"], True)


def test_a_root_that_holds_too_much_gives_what_is_pushed_out_the_grace_time() -> None:
    """They are there, but not looked at; for ever would be without a bound."""
    cut = WalkResult(seen("a.sock"), root=(1, 1), truncated="it has more than 1 sockets")
    held = view("b.sock").after(cut, 5)
    assert shown(held) == ["a.sock", "b.sock"]
    assert held.why_unverified("b.sock", 5) == "not looked at: the root has too many files"
    assert shown(held.after(cut, 65)) == ["a.sock"]


def test_once_a_root_is_seen_in_full_again_what_is_missing_is_gone() -> None:
    cut = WalkResult(seen("a.sock"), root=(1, 1), truncated="it has more than 1 sockets")
    back = view("a.sock", "b.sock").after(cut, 5).after(WalkResult(seen("a.sock"), root=(1, 1)), 6)
    assert (shown(back), back.replaced) == (["a.sock"], False)
    assert shown(back.after(cut, 100)) == ["a.sock"]


def test_before_the_first_walk_nothing_is_in_doubt() -> None:
    new = Inventory(GRACE)
    assert new.why_unverified("a.sock", 0) is None
    assert not new.replaced


def test_a_root_that_may_not_be_read_is_not_taken_for_an_empty_one() -> None:
    """It is there, on whatever device, but what it holds is not known."""
    forbidden = WalkResult(unreadable={b"": errno.EACCES}, root=(2, 7))
    held = view("a.sock").after(forbidden, HOURS)
    assert (held.unmounted, held.known_root, shown(held)) == (False, (1, 1), ["a.sock"])


def test_what_is_behind_a_closed_folder_is_held_when_the_root_is_unmounted_too() -> None:
    held = view("b/rpc.sock").after(SHUT, 1).after(WalkResult((), root=(2, 7)), 2)
    assert (held.unmounted, shown(held)) == (True, ["b/rpc.sock"])


@pytest.mark.parametrize(
    "away", [DARK, WalkResult((), root=(2, 7)), WalkResult(seen("a.sock"), root=(2, 7))]
)
def test_after_a_takeover_another_root_counts_as_replaced_however_long_the_first_was_away(
    away: WalkResult,
) -> None:
    """The registry may hold more services than the scanner ever saw."""
    other = WalkResult(seen("a.sock"), root=(3, 1))
    taken = Inventory(GRACE).inherited((1, 0))
    assert taken.after(away, 1).after(away, 2).after(other, 3).replaced


def test_after_a_takeover_the_first_full_look_tells_what_there_is() -> None:
    """From then on a root counts as replaced only while something is missing in it."""
    taken = Inventory(GRACE).inherited((1, 0)).after(WalkResult(seen("a.sock"), root=(1, 5)), 1)
    assert not taken.after(WalkResult(seen("a.sock"), root=(1, 7)), 2).replaced


names = st.sets(st.sampled_from(["a.sock", "b/1.sock", "b/2.sock", "bc/1.sock"]))


@given(st.lists(st.tuples(names, st.sampled_from(["open", "shut", "dark"])), max_size=12))
def test_all_that_is_seen_is_there_and_what_is_not_only_behind_a_shut_door(
    looks: list[tuple[set[str], str]],
) -> None:
    sightings, now = Inventory(GRACE), 0.0
    for found, door in looks:
        now += HOURS
        before = set(shown(sightings))
        walk = {
            "open": WalkResult(seen(*found), root=(1, 1)),
            "shut": WalkResult(seen(*found), {b"b": errno.EACCES}, root=(1, 1)),
            "dark": DARK,
        }[door]
        sightings = sightings.after(walk, now)
        in_sight = set() if door == "dark" else found
        behind = {"open": set(), "dark": before}.get(
            door, {path for path in before if path.startswith("b/")}
        )
        assert set(shown(sightings)) == in_sight | behind
        assert {raw.decode() for raw in sightings.unverified} == behind - in_sight
