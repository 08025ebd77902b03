"""What is believed to exist: what is out of sight is held for the grace time, all else is gone."""

from hypothesis import given
from hypothesis import strategies as st

from hero_router.scan.sightings import Sightings
from hero_router.scan.sockets import Found, Layout, Walk

GRACE = 60.0


def seen(*names: str) -> tuple[Found, ...]:
    """Sockets as a walk would find them."""
    return tuple(
        Found(name.encode(), b"/root/" + name.encode(), (1, 2, 3), Layout.FOLDER, b"default", b"x")
        for name in names
    )


def test_sockets_out_of_sight_are_held_for_the_grace_time_only() -> None:
    """A root that goes away for a moment makes no service leave."""
    first = Sightings(grace=60).after(Walk(seen("a.sock", "b/rpc.sock"), root=(1, 1)), 0)
    blind = Walk((), frozenset({b""}), error="cannot read the root folder")
    assert len(first.after(blind, 10).found) == 2
    assert first.after(blind, 10).error == "cannot read the root folder"
    assert len(first.after(blind, 10).after(blind, 69).found) == 2
    assert len(first.after(blind, 10).after(blind, 70).found) == 0


def test_a_folder_out_of_sight_holds_only_what_is_in_it() -> None:
    first = Sightings(grace=60).after(Walk(seen("b/rpc.sock", "bc/rpc.sock"), root=(1, 1)), 0)
    after = first.after(Walk((), frozenset({b"b"}), root=(1, 1)), 1)
    assert [item.path for item in after.found.values()] == ["b/rpc.sock"]


def test_a_replaced_root_gives_what_is_missing_the_grace_time() -> None:
    """An unmounted root looks like an empty folder, but is another one."""
    first = Sightings(grace=60).after(Walk(seen("a.sock", "b.sock"), root=(1, 1)), 0)
    other = Walk(seen("b.sock"), root=(2, 7))
    held = first.after(other, 5)
    assert len(held.found) == 2
    assert held.error == "the root folder was replaced: 1 sockets are missing since then"
    assert len(held.after(other, 64).found) == 2
    late = held.after(other, 65)
    assert (len(late.found), late.error) == (1, None)


def test_what_is_gone_from_a_folder_in_sight_is_gone() -> None:
    first = Sightings(grace=60).after(Walk(seen("a.sock"), root=(1, 1)), 0)
    assert first.after(Walk((), root=(1, 1)), 1).found == {}


def test_a_folder_that_was_in_sight_in_between_has_the_whole_grace_time_again() -> None:
    there, hidden = Walk(seen("b/rpc.sock"), root=(1, 1)), Walk((), frozenset({b"b"}), root=(1, 1))
    view = Sightings(GRACE)
    for second, walk in ((0, there), (1, hidden), (50, there), (51, hidden), (110, hidden)):
        view = view.after(walk, second)
        assert len(view.found) == 1
    assert view.after(hidden, 111).found == {}


def test_a_root_that_comes_back_is_the_same_root() -> None:
    """While it is away nobody can say which one it is: that is no other root."""
    view = Sightings(GRACE).after(Walk(seen("a.sock"), root=(1, 1)), 0)
    view = view.after(Walk((), frozenset({b""}), error="cannot read"), 1)
    view = view.after(Walk((), root=(1, 1)), 2)
    assert (view.found, view.error) == ({}, None)


def test_a_root_that_comes_back_as_another_one_was_replaced() -> None:
    view = Sightings(GRACE).after(Walk(seen("a.sock"), root=(1, 1)), 0)
    view = view.after(Walk((), frozenset({b""}), error="cannot read"), 1)
    view = view.after(Walk((), root=(2, 2)), 2)
    assert len(view.found) == 1
    assert view.error == "the root folder was replaced: 1 sockets are missing since then"


names = st.sets(st.sampled_from(["a.sock", "b/1.sock", "b/2.sock", "bc/1.sock"]))


@given(st.lists(st.tuples(names, st.booleans(), st.integers(0, 50)), max_size=12))
def test_all_that_is_seen_is_there_and_what_is_not_only_behind_a_shut_door_and_for_a_while(
    looks: list[tuple[set[str], bool, int]],
) -> None:
    view, now, missing_since, shut_since = Sightings(GRACE), 0, dict[str, int](), 0
    for found, shut, pause in looks:
        now += pause
        shut_since = shut_since if shut and view.blind else now
        before = {item.path for item in view.found.values()}
        view = view.after(Walk(seen(*found), frozenset({b"b"} if shut else ()), (1, 1)), now)
        shown = {item.path for item in view.found.values()}
        missing_since = {path: missing_since.get(path, now) for path in before - found}
        may_stay = {path for path in before - found if shut and path.startswith("b/")}
        assert found <= shown <= found | may_stay
        for path in may_stay:
            assert (path in shown) == (now - shut_since < GRACE)
            assert path not in shown or now - missing_since[path] < GRACE
