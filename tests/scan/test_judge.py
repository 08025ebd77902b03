"""The rules for one socket and for the whole: which observations make which status."""

from dataclasses import replace

import pytest

from hero_router.model import Status
from hero_router.scan.observation import Kind, Observation, Spec
from tests.scan.world import (
    ASKED,
    BAD_SPEC,
    CLOSED,
    DENIED,
    FACTS,
    FOREIGN,
    MISSING,
    OK,
    REFUSED,
    RULES,
    SICK,
    SILENT,
    UNSEEN,
    A,
    World,
)


def test_a_new_service_is_added_with_its_facts() -> None:
    world = World()
    (change,) = world.look({A: ASKED})
    assert change.type == "service_added"
    assert change.data == {"service": world.record.to_json()}
    record = world.record
    assert (record.status, record.reason, record.title) == (Status.HEALTHY, "", "Ledger")
    assert (record.methods, record.source_kind) == (("add",), "openrpc")
    assert record.socket_path == "/root/svc/rpc.sock"
    assert record.first_seen == record.changed_at == 1_005_000


def test_an_unchanged_world_makes_no_change() -> None:
    """Not for any status, not for other latencies, however long it lasts."""
    observed = {
        "a/rpc.sock": ASKED,
        "b/rpc.sock": SILENT,
        "c/rpc.sock": FOREIGN,
        "d/rpc.sock": SICK,
        "e/rpc.sock": BAD_SPEC,
        "f/rpc.sock": CLOSED,
    }
    world = World()
    for _ in range(RULES.failures):
        world.look(observed)
    for number in range(30):
        again = {path: replace(item, latency_ms=number) for path, item in observed.items()}
        assert world.look(again) == []


def test_a_service_not_yet_probed_is_unknown_and_then_known() -> None:
    world = World()
    assert world.types({A: None}) == ["service_added"]
    assert world.record.status is Status.UNKNOWN
    (change,) = world.look({A: ASKED})
    assert (change.type, change.data["from"], change.data["to"]) == (
        "status_change",
        "unknown",
        "healthy",
    )


def test_failures_in_a_row_make_it_unhealthy_and_one_answer_heals() -> None:
    world = World()
    world.look({A: ASKED})
    statuses = []
    for observation in (SILENT, SILENT, SILENT, SILENT, OK):
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
    assert [world.types({A: SILENT}) for _ in range(4)] == [
        ["status_change"],
        [],
        ["status_change"],
        [],
    ]


def test_nobody_listening_is_inactive_at_once() -> None:
    world = World()
    world.look({A: ASKED})
    (change,) = world.look({A: REFUSED})
    assert (change.data["to"], change.data["reason"]) == ("inactive", "nothing listens")
    assert world.record.title == "Ledger"


def test_not_http_is_non_rpc() -> None:
    world = World()
    world.look({A: FOREIGN})
    assert (world.record.status, world.record.reason) == ("non_rpc", "does not speak HTTP")


def test_closing_in_silence_is_failure_for_one_that_spoke_and_foreign_for_others() -> None:
    spoke, foreign = World(), World()
    spoke.look({A: ASKED})
    for world in (spoke, foreign):
        for _ in range(3):
            world.look({A: CLOSED})
    assert (spoke.record.status, foreign.record.status) == ("unhealthy", "non_rpc")


def test_an_rpc_socket_that_offers_nothing_is_non_rpc() -> None:
    world = World()
    world.look({A: Observation(Kind.ANSWERED, spec=Spec())})
    assert world.record.status is Status.NON_RPC


def test_no_health_check_beside_a_document_is_healthy() -> None:
    world = World()
    world.look({A: Observation(Kind.ANSWERED, spec=Spec(FACTS))})
    assert world.record.status is Status.HEALTHY
    assert world.look({A: Observation(Kind.ANSWERED)}) == []


def test_a_browser_socket_without_any_check_is_healthy() -> None:
    world = World()
    world.look({"svc/admin.sock": Observation(Kind.ANSWERED, spec=Spec())})
    assert world.record.status is Status.HEALTHY


def test_a_bad_spec_degrades_and_keeps_the_last_good_one() -> None:
    """Kept and marked, until a good one is seen again."""
    world = World()
    world.look({A: ASKED})
    world.look({A: BAD_SPEC})
    record = world.record
    assert (record.status, record.reason) == ("degraded", "bad spec: not JSON")
    assert (record.title, record.spec_error) == ("Ledger", "bad spec: not JSON")
    assert world.look({A: OK}) == []
    world.look({A: ASKED})
    assert (world.record.status, world.record.spec_error) == ("healthy", None)


def test_a_new_scanner_keeps_what_is_known_until_it_has_looked() -> None:
    """A takeover in a quiet world is no event, whether documents are good, bad or unreadable."""
    for observation in (ASKED, BAD_SPEC, REFUSED, SILENT):
        world = World()
        world.look({A: ASKED})
        for _ in range(3):
            world.look({A: observation})
        world.restart()
        assert world.look({A: None}) == []
        assert world.look({A: observation}) == []
        assert world.record.title == "Ledger"


def test_documents_are_dropped_when_the_service_offers_none_any_more() -> None:
    world = World()
    world.look({A: ASKED})
    assert world.types({A: replace(OK, spec=Spec())}) == ["service_updated"]
    assert (world.record.title, world.record.source_kind) == ("", "none")


def test_nothing_learned_changes_nothing() -> None:
    """What the scanner lacks is no fault of the services."""
    world = World()
    world.look({A: ASKED})
    assert [world.look({A: UNSEEN}) for _ in range(5)] == [[]] * 5


def test_a_socket_whose_folder_is_out_of_sight_is_unknown() -> None:
    """Neither gone nor green."""
    world = World()
    world.look({A: ASKED})
    assert world.types({A: MISSING}) == ["status_change"]
    assert (world.record.status, world.record.reason) == ("unknown", "cannot be seen")
    world.look({A: ASKED})
    assert world.record.status is Status.HEALTHY


def test_a_socket_that_may_not_be_connected_to_is_unknown_and_no_failure() -> None:
    """It is the scanner that lacks something; a doubt of the node says so."""
    world = World()
    world.look({A: ASKED})
    assert world.types({A: DENIED}) == ["status_change"]
    assert [world.look({A: DENIED}) for _ in range(2 * RULES.failures)] == [[]] * 6
    assert (world.record.status, world.record.sockets[0].failures) == (Status.UNKNOWN, 0)
    assert world.record.title == "Ledger"
    world.look({A: SILENT})
    assert (world.record.status, world.record.sockets[0].failures) == (Status.DEGRADED, 1)


def test_a_stale_socket_that_cannot_be_seen_stays_away() -> None:
    world = World()
    for _ in range(15):
        world.look({A: REFUSED})
    assert world.known == {}
    assert world.look({A: MISSING}) == []


@pytest.mark.parametrize(
    ("observed", "status"),
    [
        ({"s/rpc.sock": ASKED, "s/admin.sock": DENIED}, "unknown"),
        ({"s/rpc.sock": ASKED, "s/admin.sock": MISSING}, "unknown"),
        ({"s/rpc.sock": SILENT, "s/admin.sock": DENIED}, "degraded"),
        ({"s/rpc.sock": REFUSED, "s/admin.sock": DENIED}, "inactive"),
        ({"s/rpc.sock": ASKED, "s/admin.sock": OK}, "healthy"),
        ({"s/rpc.sock": ASKED, "s/admin.sock": REFUSED}, "degraded"),
        ({"s/rpc.sock": SILENT, "s/admin.sock": OK}, "degraded"),
        ({"s/rpc.sock": REFUSED, "s/admin.sock": REFUSED}, "inactive"),
        ({"s/rpc.sock": ASKED, "s/x.sock": FOREIGN}, "healthy"),
        ({"s/rpc.sock": REFUSED, "s/x.sock": FOREIGN}, "inactive"),
        ({"s/x.sock": FOREIGN}, "non_rpc"),
        ({"s/rpc.sock": ASKED, "s/admin.sock": FOREIGN}, "degraded"),
        ({"s/rpc.sock": ASKED, "s/admin.sock": None}, "healthy"),
        ({"s/rpc.sock": None, "s/x.sock": None}, "unknown"),
    ],
)
def test_the_whole_is_judged_by_its_sockets(
    observed: dict[str, Observation | None], status: str
) -> None:
    world = World()
    world.look(observed)
    assert world.record.status == status


def test_each_socket_tells_its_own_truth_and_the_reason_names_it() -> None:
    world = World()
    world.look({"s/rpc.sock": ASKED, "s/admin.sock": REFUSED})
    rpc, admin = world.record.sockets
    assert (rpc.name, rpc.role, rpc.path, rpc.status) == ("rpc", "rpc", "s/rpc.sock", "healthy")
    assert (admin.status, admin.error) == ("inactive", "nothing listens")
    assert world.record.reason == "admin: nothing listens"
