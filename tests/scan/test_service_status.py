"""The status of a service follows from its sockets."""

from dataclasses import replace

import pytest

from hero_router.model import Status
from hero_router.scan.probe_result import Documents, ProbeResult
from tests.scan.world import (
    ASKED,
    BAD_SPEC,
    CLOSED,
    DENIED,
    FACTS,
    FOREIGN,
    MISSING,
    OK,
    PAGES,
    REFUSED,
    RULES,
    SICK,
    SILENT,
    A,
    World,
)


def test_a_new_service_is_added_with_its_facts() -> None:
    world = World()
    (change,) = world.look({A: ASKED})
    assert change.type == "service_added"
    assert change.payload == {"service": world.record.to_json()}
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
    for number in range(1, 30):
        again = {
            path: replace(item, latency_ms=item.latency_ms and number)
            for path, item in observed.items()
        }
        assert world.look(again) == []


def test_pages_never_speak_for_a_service_that_has_a_document() -> None:
    world = World()
    about = replace(OK, documents=Documents(replace(FACTS, source_kind="manifest")))
    world.look({"svc/web_a.sock": PAGES, "svc/web_b.sock": about})
    assert (world.record.source_kind, world.record.title) == ("manifest", "Ledger")


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
def test_the_status_of_a_service_follows_from_its_sockets(
    observed: dict[str, ProbeResult | None], status: str
) -> None:
    world = World()
    world.look(observed)
    assert world.record.status == status


def test_each_socket_has_its_own_status_and_the_reason_names_it() -> None:
    world = World()
    world.look({"s/rpc.sock": ASKED, "s/admin.sock": REFUSED})
    rpc, admin = world.record.sockets
    assert (rpc.name, rpc.role, rpc.path, rpc.status) == ("rpc", "rpc", "s/rpc.sock", "healthy")
    assert (admin.status, admin.error) == ("inactive", "nothing listens")
    assert world.record.reason == "admin: nothing listens"
