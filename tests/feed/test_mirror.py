"""The mirror: a worker's copy of the registry, and what it shows while a node is lost."""

from typing import Any

from hero_router.codec import encode
from hero_router.feed.mirror import Mirror
from hero_router.model import Event, NodeState
from hero_router.position import Position
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


def test_a_record_with_a_name_that_is_no_text_breaks_nothing() -> None:
    """A foreign hand may write anything."""
    mirror = make_mirror()
    values: list[object] = [["x"], {}, 5, None]
    for seq, name in enumerate(values, start=3):
        mirror.apply(change(seq, "service_updated", "a", {"service": {"id": "a", "name": name}}))
        assert mirror.by_name("5") == []
    mirror.apply(change(9, "service_removed", "a", {"id": "a"}))
    assert names(mirror) == ["b"]


def test_a_lost_nodes_services_are_shown_as_unknown_never_as_healthy() -> None:
    mirror = make_mirror()
    mirror.apply(change(3, "service_added", "c", {"service": record("c", node="n2")}))
    mirror.set_nodes(frozenset({"n1"}), {"n1": NODE})
    shown = {each["name"]: (each["status"], each["reason"]) for each in mirror.services()}
    unknown = ("unknown", "node_lost")
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


def test_the_revision_grows_with_every_change_and_with_nothing_else() -> None:
    mirror = make_mirror()
    seen = [mirror.revision]
    mirror.set_nodes(frozenset({"n1"}), {"n1": NODE})
    seen.append(mirror.revision)
    mirror.apply(change(3, "service_removed", "b", {"id": "b"}))
    seen.append(mirror.revision)
    assert seen == sorted(set(seen))
    mirror.set_nodes(frozenset({"n1"}), {"n1": NODE})
    list(mirror.services())
    assert mirror.revision == seen[-1]
