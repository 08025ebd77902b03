"""Who is who: every socket in one service, every name with one bearer, every id its own."""

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hero_router.model import service_id
from hero_router.scan.service_names import DiscoveredService, services
from hero_router.scan.walk import Finder, Layout, SocketFile
from tests.scan.places import bind

NODE = "n"


def sock(place: bytes) -> SocketFile:
    """A socket at a place below the root, as a walk finds it."""
    parts = place.split(b"/")
    layout = (Layout.FLAT, Layout.FOLDER, Layout.CONTEXT)[len(parts) - 1]
    service = parts[-2] if len(parts) > 1 else parts[0].removesuffix(b".sock")
    context = parts[0] if layout is Layout.CONTEXT else b"default"
    return SocketFile(place, b"/root/" + place, (1, 2, 3), layout, context, service)


def seen(*places: str) -> dict[str, DiscoveredService]:
    return services(NODE, [sock(os.fsencode(place)) for place in places])


def test_contested_names_have_one_winner_and_all_are_shown(root: Path) -> None:
    """`foo/` wins over `default/foo/`, that over `foo.sock`; both sides say so."""
    bind(root / "foo.sock")
    alone = services("n", Finder(root).walk().sockets)
    bind(root / "foo/rpc.sock")
    bind(root / "default/foo/rpc.sock")
    contested = services("n", Finder(root).walk().sockets)
    winner = contested[next(iter(alone))]
    assert [item.path for item in winner.sockets] == ["foo/rpc.sock"]
    assert winner.conflict == "its name is also claimed by default/foo/, foo.sock"
    losers = {item.sockets[0].path: item.conflict for item in contested.values() if item != winner}
    taken = "its name is taken by foo/"
    assert losers == {"default/foo/rpc.sock": taken, "foo.sock": taken}
    assert {item.name for item in contested.values()} == {"foo"}


def test_the_winner_does_not_depend_on_the_order_of_finding(root: Path) -> None:
    for path in ("foo.sock", "foo/rpc.sock", "default/foo/rpc.sock"):
        bind(root / path)
    found = Finder(root).walk().sockets
    assert services("n", found) == services("n", reversed(found))


def test_the_winner_of_a_name_keeps_its_id_whatever_else_claims_it() -> None:
    key = service_id(NODE, "default", "foo")
    for others in ([], ["foo.sock"], ["default/foo/rpc.sock"], ["foo.sock", "default/foo/1.sock"]):
        found = seen("foo/rpc.sock", *others)
        assert found[key].sockets[0].path == "foo/rpc.sock"
        assert (found[key].conflict is None) == (not others)


def test_a_loser_has_the_same_id_each_time_that_its_name_is_contested() -> None:
    first, again = seen("foo/rpc.sock", "foo.sock"), seen("foo.sock", "foo/rpc.sock", "bar.sock")
    assert set(first) <= set(again)
    alone = seen("foo.sock")
    assert set(alone) == {service_id(NODE, "default", "foo")}


def test_the_same_name_in_two_contexts_is_two_services_without_a_conflict() -> None:
    found = seen("prod/foo/rpc.sock", "test/foo/rpc.sock", "foo/rpc.sock")
    assert {(item.context, item.name, item.conflict) for item in found.values()} == {
        ("prod", "foo", None),
        ("test", "foo", None),
        ("default", "foo", None),
    }


def test_the_socket_that_stands_for_the_service_comes_first() -> None:
    (service,) = seen(
        "a/0.sock", "a/web_b.sock", "a/ui.sock", "a/web_a.sock", "a/rpc.sock"
    ).values()
    roles = [item.role for item in service.sockets]
    assert roles == ["rpc", "admin", "web_a", "web_b", "other"]


def test_names_that_look_alike_are_services_of_their_own() -> None:
    """By case, by Unicode normal form, by bytes that are no text at all."""
    places = [b"a/1.sock", b"A/1.sock", "\u00e9/1.sock".encode(), "e\u0301/1.sock".encode(),
              b"\xff/1.sock", b"\\xff/1.sock"]  # fmt: skip
    found = services(NODE, map(sock, places))
    assert len(found) == len(places)
    assert all(item.conflict is None for item in found.values())


parts = st.sampled_from([b"a", b"b", b"default", b"\xff"])
places = st.one_of(
    parts.map(b"%b.sock".__mod__),
    st.tuples(parts, parts).map(b"%b/%b.sock".__mod__),
    st.tuples(parts, parts, parts).map(b"%b/%b/%b.sock".__mod__),
)


@given(st.lists(places, unique=True, max_size=10).flatmap(
    lambda found: st.tuples(st.just(found), st.permutations(found))
))  # fmt: skip
def test_each_socket_is_in_one_service_and_each_name_has_one_bearer(
    orders: tuple[list[bytes], list[bytes]],
) -> None:
    found, again = (services(NODE, map(sock, order)) for order in orders)
    assert found == again
    sockets = [item.raw for service in found.values() for item in service.sockets]
    assert sorted(sockets) == sorted(orders[0])
    assert all(key == service.id for key, service in found.items())
    names = {(item.context, item.service) for item in map(sock, orders[0])}
    bearers = {service_id(NODE, os.fsdecode(context), os.fsdecode(name)) for context, name in names}
    assert bearers <= found.keys()
    contested = {(item.context, item.name) for item in found.values() if item.conflict}
    for service in found.values():
        alone = (service.context, service.name) not in contested
        assert alone == (service.conflict is None)
        assert service.id in bearers or not alone
