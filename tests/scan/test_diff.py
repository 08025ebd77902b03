"""What counts as a change: coming, going, history; and nothing from nothing."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from hero_router.model import SocketState, Status
from hero_router.scan.flaps import WINDOW
from hero_router.scan.probe_result import Documents, ProbeResult
from hero_router.scan.socket_status import BAD_DOCUMENTS_EVERY, DOCUMENTS_EVERY
from hero_router.scan.tracked_state import after_takeover, documents_due
from hero_router.upstream.path_text import from_base64
from tests.scan.world import (
    ASKED,
    BAD_SPEC,
    BROKEN,
    CLOSED,
    FACTS,
    FOREIGN,
    LATE_SPEC,
    MISSING,
    OK,
    REFUSED,
    SICK,
    SILENT,
    UNSEEN,
    WARNED,
    A,
    World,
    sock,
)


def test_a_socket_that_comes_or_goes_updates_its_service() -> None:
    world = World()
    world.look({"s/rpc.sock": ASKED})
    assert world.types({"s/rpc.sock": OK, "s/admin.sock": OK}) == ["service_updated"]
    assert world.types({"s/rpc.sock": OK}) == ["service_updated"]
    assert len(world.record.sockets) == 1


def test_the_last_socket_gone_removes_the_service() -> None:
    world = World()
    world.look({A: ASKED})
    name = world.record.id
    (change,) = world.look({})
    assert change.type == "service_removed"
    assert change.data == {
        "id": name,
        "name": "svc",
        "context": "default",
        "node": "n",
        "reason": "gone",
    }
    assert world.known == {}


def test_a_change_of_status_says_from_what_to_what_and_why() -> None:
    world = World()
    world.look({A: ASKED})
    (change,) = world.look({A: REFUSED})
    assert change.type == "status_change"
    assert change.data == {"from": "healthy", "to": "inactive", "reason": "nothing listens"}


def test_a_flapping_service_that_a_foreign_hand_removed_is_added_again() -> None:
    """As it is now: there is no published status that would be worse."""
    world = World()
    for number in range(20):
        world.look({A: ASKED if number % 2 else BROKEN})
    assert world.record.flapping
    world.known.clear()
    assert world.types({A: OK}) == ["service_added"]
    assert world.record.status is Status.HEALTHY


def test_first_seen_is_kept_and_changed_at_moves_with_the_status() -> None:
    world = World()
    world.look({A: ASKED})
    first = world.record
    world.look({A: replace(ASKED, documents=Documents(replace(FACTS, title="New")))})
    assert (world.record.title, world.record.changed_at) == ("New", first.changed_at)
    world.look({A: BROKEN})
    assert (world.record.first_seen, world.record.changed_at) == (1_005_000, 1_015_000)


def test_a_registry_that_was_emptied_is_filled_with_the_old_history() -> None:
    """As after FLUSHALL or a restart without data."""
    world = World()
    world.look({A: ASKED})
    world.look({A: BROKEN})
    before = world.record
    world.known.clear()
    assert world.types({A: BROKEN}) == ["service_added"]
    assert (world.record.first_seen, world.record.changed_at) == (
        before.first_seen,
        before.changed_at,
    )


def test_an_older_registry_and_foreign_hands_are_put_right() -> None:
    world = World()
    world.look({A: ASKED})
    good = world.record
    world.known[good.id] = replace(good, status=Status.UNHEALTHY, title="Forged")
    world.known["other"] = replace(good, id="other", name="phantom")
    assert sorted(world.types({A: OK})) == ["service_removed", "status_change"]
    assert (world.record.status, world.record.title) == (Status.HEALTHY, "Ledger")


def test_a_record_of_an_older_version_gets_the_raw_paths_of_its_sockets() -> None:
    world = World()
    world.look({A: ASKED})
    good = world.record
    world.restart()
    world.known[good.id] = replace(good, sockets=(replace(good.sockets[0], raw_path=""),))
    assert world.types({A: OK}) == ["service_updated"]
    assert world.record == good
    assert from_base64(good.sockets[0].raw_path) == A.encode()


def test_a_service_that_leaves_has_an_event_though_a_foreign_hand_took_its_record() -> None:
    """Everybody still shows it; it is told once."""
    world = World()
    world.look({A: OK})
    key = world.record.id
    world.known.clear()
    (change,) = world.look({})
    assert (change.type, change.service, change.data["reason"]) == ("service_removed", key, "gone")
    assert world.look({}) == []


def test_a_service_that_another_scanner_removed_is_not_removed_again() -> None:
    world = World()
    world.look({A: OK})
    world.known.clear()
    world.tracked = {key: after_takeover(item, None) for key, item in world.tracked.items()}
    assert world.look({}) == []


def test_documents_are_asked_for_at_first_after_trouble_and_then_rarely() -> None:
    world = World()

    def asks() -> bool:
        return documents_due(sock(A), world.socket if world.known else None)

    def until_asked() -> int:
        for count in range(50):
            if asks():
                return count
            world.look({A: OK})
        raise AssertionError("never asked again")

    assert asks()
    world.look({A: ASKED})
    assert DOCUMENTS_EVERY - 1 <= until_asked() < 2 * DOCUMENTS_EVERY
    world.look({A: ASKED})
    assert until_asked() == DOCUMENTS_EVERY - 1
    world.look({A: BAD_SPEC})
    assert until_asked() == BAD_DOCUMENTS_EVERY - 1
    world.look({A: ASKED})
    world.look({A: BROKEN})
    assert asks()


def test_a_socket_bound_anew_is_asked_for_its_documents() -> None:
    world = World()
    world.look({A: ASKED})
    assert not documents_due(sock(A), world.socket)
    assert documents_due(sock(A, inode=2), world.socket)


def test_a_socket_bound_anew_is_asked_even_if_the_first_probe_learned_nothing() -> None:
    world = World()
    world.look({A: ASKED})
    world.look({A: UNSEEN}, inode=2)
    assert documents_due(sock(A, inode=2), world.socket)


def test_after_another_scanner_ruled_only_history_and_hidden_stale_sockets_are_kept() -> None:
    world = World()
    for _ in range(14):
        world.look({"s/rpc.sock": ASKED, "s/admin.sock": REFUSED})
    memory, record = world.tracked[world.record.id], world.record
    kept = after_takeover(memory, record)
    assert (set(kept.sockets), kept.record) == ({b"s/admin.sock"}, record)
    revived = SocketState("admin", "admin", "s/admin.sock", Status.HEALTHY)
    shown = replace(record, sockets=(*record.sockets, revived))
    assert after_takeover(memory, shown).sockets == {}


OBSERVATIONS = [
    OK,
    ASKED,
    BAD_SPEC,
    LATE_SPEC,
    SICK,
    WARNED,
    SILENT,
    BROKEN,
    REFUSED,
    CLOSED,
    FOREIGN,
    UNSEEN,
    MISSING,
    None,
]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["s/rpc.sock", "s/admin.sock", "s/x.sock", "t/rpc.sock"]),
            st.sampled_from(OBSERVATIONS),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_any_history_folds_up_to_the_registry_and_settles(
    history: list[dict[str, ProbeResult | None]],
) -> None:
    """Each event carries the state it leads to; then a still world is told once and stays quiet."""
    world = World()
    folded: dict[str, object] = {}
    for observed in history:
        for change in world.look(observed):
            if change.type == "service_removed":
                assert folded.pop(change.service)
            else:
                assert (change.type == "service_added") == (change.service not in folded)
                folded[change.service] = change.payload["service"]
        assert folded == {key: record.to_json() for key, record in world.known.items()}
    still = {"s/rpc.sock": ASKED, "t/rpc.sock": SILENT}
    for _ in range(2 * WINDOW):
        world.look(still)
    assert [world.look(still) for _ in range(5)] == [[]] * 5
    statuses = sorted(record.status for record in world.known.values())
    assert statuses == [Status.HEALTHY, Status.UNHEALTHY]
