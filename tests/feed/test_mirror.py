"""The mirror: a worker's copy of the registry, and what it shows while a node is lost."""

from typing import Any

from hero_router.feed.mirror import Mirror, NameIndex
from hero_router.model import Event, NodeState
from hero_router.position import ORIGIN, Position
from hero_router.strict_json import encode
from tests.feed.world import position

NODE = NodeState("n1", "s", 1, 1_000, 5, 2, 1, "0.1.0")


def record(name: str, status: str = "healthy", node: str = "n1", **more: Any) -> dict[str, Any]:
    base = {"id": name, "name": name, "context": "default", "node": node, "status": status}
    return {**base, "healthy": status == "healthy", "reason": "", **more}


def change(seq: int, kind: str, name: str, payload: dict[str, Any]) -> Event:
    return Event(position(seq), kind, "n1", name, payload, encode(payload))


def make_mirror() -> Mirror:
    mirror = Mirror()
    mirror.reset({"a": record("a"), "b": record("b")}, {"n1": NODE}, Position(1000, 2))
    return mirror


def names(mirror: Mirror) -> list[Any]:
    return [each["name"] for each in mirror.services()]


def test_before_the_first_load_nothing_is_known() -> None:
    mirror = Mirror()
    assert (names(mirror), mirror.by_name("a"), mirror.service("a")) == ([], [], None)
    assert (mirror.head, mirror.nodes, mirror.node_names(), mirror.statuses()) == (
        ORIGIN,
        {},
        set(),
        {},
    )


def test_events_change_the_state_to_what_they_carry() -> None:
    mirror = make_mirror()
    mirror.apply(change(3, "service_added", "c", {"service": record("c")}))
    mirror.apply(change(4, "status_change", "a", {"service": record("a", "degraded")}))
    mirror.apply(change(5, "service_removed", "b", {"id": "b"}))
    assert names(mirror) == ["a", "c"]
    found = mirror.service("a")
    assert found is not None
    assert found["status"] == "degraded"
    assert mirror.head == position(5)


def test_applying_the_same_state_twice_changes_nothing() -> None:
    mirror = make_mirror()
    event = change(3, "service_updated", "a", {"service": record("a", title="new")})
    mirror.apply(event)
    once = list(mirror.services())
    mirror.apply(event)
    assert list(mirror.services()) == once


def test_a_removed_service_is_gone_also_where_its_event_carries_its_last_record() -> None:
    mirror = make_mirror()
    mirror.apply(change(3, "service_removed", "b", {"id": "b", "service": record("b")}))
    assert (names(mirror), mirror.by_name("b")) == (["a"], [])


def test_changes_of_status_are_counted_by_the_new_status() -> None:
    mirror = make_mirror()
    for seq, status in enumerate(["degraded", "healthy", "degraded", "on_fire"], start=3):
        mirror.apply(change(seq, "status_change", "a", {"to": status}))
    mirror.apply(change(7, "service_updated", "a", {"service": record("a")}))
    assert mirror.transitions == {"degraded": 2, "healthy": 1, "unknown": 1}


def test_event_types_of_a_newer_version_and_foreign_entries_only_move_the_position() -> None:
    mirror = make_mirror()
    mirror.apply(change(3, "service_painted", "a", {"colour": "red"}))
    mirror.apply(Event(position(4), None, "", "", {}, "{}"))
    mirror.apply(change(5, "service_removed", "zz", {"id": "zz"}))
    assert names(mirror) == ["a", "b"]
    assert mirror.head == position(5)


def test_fields_of_a_newer_version_are_passed_on() -> None:
    mirror = make_mirror()
    mirror.apply(change(3, "service_updated", "a", {"service": record("a", colour="red")}))
    found = mirror.service("a")
    assert found is not None
    assert found["colour"] == "red"


def test_services_come_in_a_stable_order_and_can_be_found_by_name() -> None:
    mirror = Mirror()
    other = record("x", context="alpha")
    mirror.reset({"2": record("x"), "1": record("a"), "3": other}, {}, position(1))
    assert [(each["context"], each["name"]) for each in mirror.services()] == [
        ("alpha", "x"),
        ("default", "a"),
        ("default", "x"),
    ]
    assert [each["context"] for each in mirror.by_name("x")] == ["alpha", "default"]
    assert mirror.by_name("x", "alpha") == [other]
    assert mirror.by_name("nobody") == mirror.by_name("x", "nowhere") == []


def test_services_of_one_name_come_in_the_order_of_their_nodes() -> None:
    mirror = Mirror()
    mirror.reset({"1": record("x", node="n2"), "2": record("x", node="n1")}, {}, position(1))
    assert [each["node"] for each in mirror.services()] == ["n1", "n2"]


def test_a_service_is_found_by_its_newest_name_and_context_only() -> None:
    mirror = make_mirror()
    renamed = {**record("b"), "id": "a", "context": "shop"}
    mirror.apply(change(3, "service_updated", "a", {"service": renamed}))
    assert mirror.by_name("a") == []
    assert mirror.by_name("b", "shop") == [renamed]
    assert len(mirror.by_name("b")) == 2
    mirror.apply(change(4, "service_removed", "a", {"id": "a"}))
    assert mirror.by_name("b") == [record("b")]
    mirror.reset({}, {}, position(5))
    assert mirror.by_name("b") == []


def test_services_that_are_missing_here_or_have_another_record_differ() -> None:
    mirror = make_mirror()
    assert mirror.differing({"a": record("a"), "b": record("b")}) == set()
    assert mirror.differing({"a": record("a", "degraded"), "c": record("c")}) == {"a", "c"}


def test_services_that_are_only_here_are_those_that_the_others_lack() -> None:
    assert make_mirror().lacking({"a", "c"}) == {"b"}


def test_the_nodes_that_have_services_are_known_by_name() -> None:
    mirror = make_mirror()
    mirror.apply(change(3, "service_added", "c", {"service": record("c", node="n2")}))
    assert mirror.node_names() == {"n1", "n2"}


def test_names_that_are_gone_take_no_memory() -> None:
    index = NameIndex()
    index.update("1", None, record("a"))
    index.update("2", None, record("a", context="shop"))
    index.update("1", record("a"), record("b"))
    index.update("1", record("b"), None)
    assert [*index.find("a")] == [*index.find("a", "shop")] == ["2"]
    index.update("2", record("a", context="shop"), None)
    assert vars(index) == vars(NameIndex())


def test_services_of_one_name_and_context_are_found_until_each_is_gone() -> None:
    """They are on different nodes."""
    index = NameIndex()
    index.update("1", None, record("a"))
    index.update("2", None, record("a", node="n2"))
    assert {*index.find("a", "default")} == {"1", "2"}
    index.update("1", record("a"), None)
    assert {*index.find("a", "default")} == {"2"}


def test_a_record_with_a_name_that_is_no_text_breaks_nothing() -> None:
    """A foreign hand may write anything."""
    mirror = make_mirror()
    values: list[object] = [["x"], {}, 5, None]
    for seq, name in enumerate(values, start=3):
        mirror.apply(change(seq, "service_updated", "a", {"service": {"id": "a", "name": name}}))
        assert mirror.by_name("5") == []
        assert [each["name"] for each in mirror.by_name("", "")] == [name]
    mirror.apply(change(9, "service_removed", "a", {"id": "a"}))
    assert names(mirror) == ["b"]


def test_a_lost_nodes_services_are_shown_as_unknown_never_as_healthy() -> None:
    mirror = make_mirror()
    mirror.apply(change(3, "service_added", "c", {"service": record("c", node="n2")}))
    mirror.set_nodes(frozenset({"n1"}), {"n1": NODE})
    shown = {each["name"]: (each["status"], each["reason"]) for each in mirror.services()}
    unknown = ("unknown", "node_lost")
    assert {each["name"]: each["healthy"] for each in mirror.services()} == {
        "a": False,
        "b": False,
        "c": True,
    }
    assert shown == {"a": unknown, "b": unknown, "c": ("healthy", "")}
    assert mirror.statuses() == {("n1", "unknown"): 2, ("n2", "healthy"): 1}
    mirror.set_nodes(frozenset(), {"n1": NODE})
    assert {each["status"] for each in mirror.services()} == {"healthy"}
    assert mirror.statuses() == {("n1", "healthy"): 2, ("n2", "healthy"): 1}


def test_how_a_lost_nodes_services_were_last_stands_beside_unknown() -> None:
    mirror = make_mirror()
    ill = {**record("a"), "status": "degraded", "reason": "a check fails"}
    mirror.apply(change(3, "service_updated", "a", {"service": ill}))
    mirror.set_nodes(frozenset({"n1"}), {"n1": NODE})
    [shown] = mirror.by_name("a")
    assert (shown["status"], shown["reason"]) == ("unknown", "node_lost")
    assert (shown["last_status"], shown["last_reason"]) == ("degraded", "a check fails")
    mirror.set_nodes(frozenset(), {"n1": NODE})
    assert mirror.by_name("a") == [ill]


def test_a_lost_nodes_record_that_says_nothing_of_its_state_was_last_in_none() -> None:
    mirror = Mirror()
    mirror.reset({"a": {"id": "a", "name": "a", "node": "n1"}}, {}, position(1))
    mirror.set_nodes(frozenset({"n1"}), {})
    [shown] = mirror.services()
    assert (shown["last_status"], shown["last_reason"]) == ("", "")


def test_the_revision_counts_every_change_and_nothing_else() -> None:
    mirror = Mirror()
    seen = [mirror.revision]
    mirror.reset({"a": record("a")}, {"n1": NODE}, position(2))
    seen.append(mirror.revision)
    mirror.set_nodes(frozenset({"n1"}), {"n1": NODE})
    seen.append(mirror.revision)
    mirror.apply(change(3, "service_removed", "a", {"id": "a"}))
    seen.append(mirror.revision)
    assert seen == [0, 1, 2, 3]
    mirror.set_nodes(frozenset({"n1"}), {"n1": NODE})
    list(mirror.services())
    assert mirror.revision == 3
