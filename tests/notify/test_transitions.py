"""Which changes of services and nodes are told, and that each is told once."""

from typing import Any

import pytest

from hero_router.model import Event
from hero_router.notify.transitions import MOST_REMOVED, ServiceState, Transitions
from hero_router.position import Position


def service(status: str, name: str = "till", **fields: Any) -> dict[str, Any]:
    made = {"id": f"id-{name}", "name": name, "context": "shop", "node": "n1", "status": status}
    return {**made, "reason": "why", "flapping": False, "changed_at": 3, **fields}


class Story:
    """Events of one registry, one after the other, and what they make the sender tell."""

    def __init__(self) -> None:
        self.states, self._seq = Transitions({}, ()), 0

    def tells(self, status: str, **fields: Any) -> list[str]:
        payload = {"service": service(status, **fields)}
        return self._apply("status_change", payload["service"]["id"], payload)

    def removes(self, reason: str = "gone", name: str = "till") -> list[str]:
        return self._apply("service_removed", f"id-{name}", {"reason": reason})

    def _apply(self, kind: str, service_id: str, payload: dict[str, Any]) -> list[str]:
        self._seq += 1
        event = Event(Position(9, self._seq), kind, "n1", service_id, payload, "", at=1_000)
        return [message.kind for message in self.states.apply(event)]


@pytest.fixture
def story() -> Story:
    return Story()


def test_down_and_up_are_told_once_each(story: Story) -> None:
    assert story.tells("unknown") == []
    assert story.tells("healthy") == []
    assert story.tells("degraded") == []
    assert story.tells("unhealthy") == ["service.down"]
    assert story.tells("inactive") == []
    assert story.tells("healthy") == ["service.up"]
    assert story.tells("healthy") == []


@pytest.mark.parametrize("status", ["unhealthy", "inactive", "non_rpc"])
def test_each_of_these_is_down_for_a_service_that_was_up(story: Story, status: str) -> None:
    story.tells("healthy")
    assert story.tells(status) == ["service.down"]


def test_unknown_says_nothing_and_forgets_nothing(story: Story) -> None:
    story.tells("healthy")
    assert story.tells("unknown") == []
    assert story.tells("healthy") == []
    story.tells("unknown")
    assert story.tells("unhealthy") == ["service.down"]
    assert story.tells("unknown") == []
    assert story.tells("unhealthy") == []
    assert story.tells("a status of a newer version") == []
    assert story.tells("healthy") == ["service.up"]


def test_at_first_sight_only_unhealthy_is_down(story: Story) -> None:
    """A leftover socket, and a service that never spoke HTTP, are no change."""
    assert story.tells("inactive", name="leftover") == []
    assert story.tells("non_rpc", name="database") == []
    assert story.tells("unhealthy", name="broken") == ["service.down"]
    assert story.removes(name="leftover") == []
    assert story.states.changed["id-leftover"] is None


def test_a_service_that_leaves_while_it_is_up_is_down(story: Story) -> None:
    story.tells("healthy")
    assert story.removes() == ["service.down"]
    assert story.removes() == []
    assert story.tells("unknown") == []
    assert story.tells("healthy") == ["service.up"]


def test_what_is_down_already_or_was_forgotten_leaves_in_silence(story: Story) -> None:
    story.tells("healthy")
    story.tells("inactive")
    assert story.removes("stale") == []
    assert story.tells("healthy") == ["service.up"]
    assert story.removes("forgotten") == []
    assert story.tells("healthy") == []


def messages(states: Transitions, kind: str, payload: dict[str, Any], at: int = 1_500) -> list[Any]:
    """The messages of one event of the service `till`."""
    event = Event(Position(9, 7), kind, "n1", "id-till", payload, "", at=at)
    return list(states.apply(event))


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("gone", "its sockets are gone"),
        ("stale", "nothing has listened on its sockets for too long"),
        ("moved", "moved"),
    ],
)
def test_a_message_about_a_removed_service_says_how_it_was_and_why_it_left(
    story: Story, reason: str, words: str
) -> None:
    story.tells("degraded")
    (message,) = messages(story.states, "service_removed", {"reason": reason})
    assert message.text == f"shop/till on n1 is down (removed): {words}"
    assert (message.at, message.data["from"], message.data["to"]) == (1_500, "degraded", "removed")


def test_of_a_removed_service_it_is_kept_that_it_is_down_and_since_when(story: Story) -> None:
    story.tells("healthy", flapping=True)
    messages(story.states, "service_removed", {"reason": "gone"}, at=0)
    assert story.states.changed["id-till"] == ServiceState(
        "id-till", "till", "shop", "n1", "removed", told="down", flapping=False, removed_at=1
    )
    assert story.tells("healthy") == ["service.up"]
    messages(story.states, "service_removed", {"reason": "gone"}, at=0)
    messages(story.states, "service_removed", {"reason": "gone"}, at=5)
    assert story.states.services["id-till"].removed_at == 1


def test_a_message_says_from_which_status_a_service_comes(story: Story) -> None:
    (first,) = messages(story.states, "service_added", {"service": service("unhealthy")})
    (then,) = messages(story.states, "status_change", {"service": service("degraded")})
    assert [(each.data["from"], each.data["to"]) for each in (first, then)] == [
        ("unknown", "unhealthy"), ("unhealthy", "degraded"),
    ]  # fmt: skip


def test_events_about_no_known_service_say_nothing(story: Story) -> None:
    assert messages(story.states, "scan", {"node": "n1"}) == []
    assert messages(story.states, "service_added", {"service": "till"}) == []
    assert messages(story.states, "service_removed", {"reason": "gone"}) == []
    assert story.states.changed == {}


def test_nothing_is_noted_of_a_muted_service(story: Story) -> None:
    story.tells("healthy")
    story.states.written()
    story.states.muted = frozenset({"id-till"})
    assert story.tells("unhealthy") == []
    assert story.removes() == []
    assert story.states.changed == {}
    story.states.muted = frozenset()
    assert story.tells("unhealthy") == ["service.down"]


def test_only_what_has_changed_is_to_be_written(story: Story) -> None:
    story.tells("healthy")
    nodes(story.states, {"n1": "gone"}, set())
    assert (set(story.states.changed), story.states.lost_changed) == ({"id-till"}, {"n1": True})
    story.states.written()
    assert (story.states.changed, story.states.lost_changed) == ({}, {})
    story.tells("healthy")
    nodes(story.states, {"n1": "gone"}, set())
    assert (story.states.changed, story.states.lost_changed) == ({}, {})


def test_flapping_is_told_when_it_begins(story: Story) -> None:
    story.tells("healthy")
    assert story.tells("unhealthy", flapping=True) == ["service.down", "service.flapping"]
    assert story.tells("inactive", flapping=True) == []
    assert story.tells("healthy") == ["service.up"]
    assert story.tells("degraded", flapping=True) == ["service.flapping"]


def test_a_message_says_what_happened_and_has_the_same_id_if_it_is_made_again() -> None:
    def made(seq: int = 7) -> Any:
        states = Transitions({}, ())
        event = Event(
            Position(9, seq), "status_change", "n1", "id-till",
            {"service": service("unhealthy", reason="no\nanswer")}, "", at=1_500,
        )  # fmt: skip
        (message,) = states.apply(event)
        return message

    message = made()
    assert message.text == "shop/till on n1 is down (unhealthy): no\ufffdanswer"
    assert (message.at, message.data["to"], message.data["context"]) == (1_500, "unhealthy", "shop")
    assert made().id == message.id != made(8).id


def test_after_missed_events_what_differs_is_told(story: Story) -> None:
    for name in ("a", "b", "c"):
        story.tells("healthy", name=name)
    story.tells("unhealthy", name="d")
    now = {"a": "healthy", "b": "inactive", "d": "healthy", "e": "unhealthy"}
    records = {f"id-{name}": service(status, name) for name, status in now.items()}
    told = [
        (each.kind, each.data["name"])
        for each in story.states.reconcile(records, records.keys(), 2_000)
    ]
    assert told == [
        ("service.down", "b"), ("service.up", "d"), ("service.down", "e"), ("service.down", "c"),
    ]  # fmt: skip
    assert list(story.states.reconcile(records, records.keys(), 2_000)) == []


def test_what_differs_is_told_in_the_order_of_the_changes_and_once_by_its_id() -> None:
    """A change without a readable time comes first."""
    records = {
        f"id-{name}": service("unhealthy", name, changed_at=at)
        for name, at in (("late", 9), ("early", 1), ("odd", "?"))
    }
    first, again = (
        list(Transitions({}, ()).reconcile(records, records.keys(), at)) for at in (2_000, 3_000)
    )
    assert [each.data["name"] for each in first] == ["odd", "early", "late"]
    assert [each.at for each in first] == [2_000] * 3
    assert [each.id for each in first] == [each.id for each in again]
    later = {"id-late": service("unhealthy", "late", changed_at=10)}
    (other,) = Transitions({}, ()).reconcile(later, later.keys(), 2_000)
    assert other.id != first[-1].id


def test_after_missed_events_a_service_that_is_not_there_any_more_is_gone(story: Story) -> None:
    story.tells("healthy")
    (message,) = story.states.reconcile({}, set(), 2_000)
    assert message.text.endswith("is down (removed): its sockets are gone")
    assert message.at == story.states.services["id-till"].removed_at == 2_000
    assert list(story.states.reconcile({}, set(), 3_000)) == []


def test_states_survive_in_redis_as_they_are(story: Story) -> None:
    story.tells("healthy", flapping=True)
    (state,) = story.states.services.values()
    assert ServiceState.from_json(dict(state.to_json())) == state
    texts = ("id", "name", "context", "node", "status", "told")
    junk = {**dict.fromkeys(texts, 3), "flapping": 1, "removed_at": True}
    for name, value in junk.items():
        with pytest.raises(TypeError):
            ServiceState.from_json({**state.to_json(), name: value})
    with pytest.raises(KeyError):
        ServiceState.from_json({})


def test_only_so_many_removed_services_are_remembered(story: Story) -> None:
    story.tells("healthy", name="alive")
    for number in range(MOST_REMOVED + 2):
        story.tells("healthy", name=f"s{number}")
        story.removes(name=f"s{number}")
    assert len(story.states.services) == MOST_REMOVED + 1
    assert [key for key, state in story.states.changed.items() if state is None] == [
        "id-s0", "id-s1",
    ]  # fmt: skip
    assert story.tells("healthy", name="s2") == ["service.up"]


def nodes(states: Transitions, lost: dict[str, str], alive: set[str]) -> list[str]:
    made = states.nodes(lost, alive, {"n1", "n2"}, 4_000)
    return [f"{each.kind} {each.data['node']}" for each in made]


def test_a_node_is_lost_once_and_back_once() -> None:
    states = Transitions({}, ())
    assert nodes(states, {}, {"n1"}) == []
    assert nodes(states, {"n1": "gone"}, set()) == ["node.lost n1"]
    assert nodes(states, {"n1": "gone"}, set()) == []
    assert nodes(states, {}, {"n1"}) == ["node.back n1"]
    assert states.lost_changed == {"n1": False}


def test_a_new_sender_does_not_take_a_lost_node_for_one_that_is_back() -> None:
    """In its first seconds it does not know yet which nodes are lost."""
    states = Transitions({}, {"n1"})
    assert nodes(states, {}, set()) == []
    assert nodes(states, {"n1": "gone"}, set()) == []
    assert nodes(states, {}, {"n1"}) == ["node.back n1"]


def test_a_node_that_was_forgotten_is_not_back() -> None:
    states = Transitions({}, {"n9"})
    assert nodes(states, {}, {"n1"}) == []
    assert (states.lost, states.lost_changed) == (set(), {"n9": False})


def test_messages_about_nodes_come_in_order_and_say_why_a_node_is_lost() -> None:
    states = Transitions({}, ())
    lost = {"n2": "no report", "n1": "gone", "n3": "gone"}
    texts = [each.text for each in states.nodes(lost, set(), {"n1", "n2", "n3"}, 4_000)]
    assert texts == ["node n1 is lost: gone", "node n2 is lost: no report", "node n3 is lost: gone"]
    made = states.nodes({"n3": "gone"}, {"n1", "n2", "n3"}, {"n1", "n2", "n3"}, 5_000)
    assert [(each.text, each.data["reason"], each.at) for each in made] == [
        ("node n1 is back", "", 5_000), ("node n2 is back", "", 5_000),
    ]  # fmt: skip
    assert states.lost == {"n3"}
    assert states.lost_changed == {"n1": False, "n2": False, "n3": True}
