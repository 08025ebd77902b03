"""Sockets that the scanner may not connect to: unknown, no illness, and one doubt of the node."""

import logging
import os
import pwd

import pytest

from hero_router.scan.node_conditions import user
from tests.scan.node import Node
from tests.scan.services import Services, good
from tests.support.users import unprivileged

CURE = (
    "connecting needs write permission on the socket file; run the scanner as the owner of the "
    "services, or add its user to their group"
)


@pytest.fixture
def shared(node: Node) -> Node:
    """A node whose root all may read."""
    node.root.chmod(0o755)
    return node


def forbid(node: Node, *paths: str) -> None:
    """Let nobody connect who has no power over permissions."""
    for path in paths:
        (node.root / path).chmod(0)


async def test_a_socket_that_may_not_be_connected_to_is_unknown_and_the_node_says_why(
    shared: Node, services: Services
) -> None:
    await services.start("ledger/rpc.sock", good())
    await services.start("open.sock", good())
    (shared.root / "open.sock").chmod(0o777)
    worker = shared.worker()
    await worker.scan_once()
    assert shared.store.statuses() == {"ledger": "healthy", "open": "healthy"}
    forbid(shared, "ledger/rpc.sock")
    with unprivileged():
        for _ in range(5):
            await worker.scan_once()
        who = user()
    record = shared.store.record("ledger")
    assert (record.status, record.sockets[0].failures) == ("unknown", 0)
    assert record.reason == "permission denied: the router may not connect"
    assert record.title == "Ledger"
    assert shared.store.statuses()["open"] == "healthy"
    assert shared.store.nodes["n"].conditions == {
        "permission": f"node n: 1 socket of the root {shared.root} (ledger/rpc.sock) cannot be "
        f"connected to: the scanner runs as {who}, and {CURE}"
    }
    (shared.root / "ledger/rpc.sock").chmod(0o777)
    with unprivileged():
        await worker.scan_once()
    assert shared.store.nodes["n"].conditions == {}
    assert shared.store.statuses() == {"ledger": "healthy", "open": "healthy"}


async def test_denied_sockets_are_one_condition_and_one_line_in_the_log_however_many(
    shared: Node, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hero_router.scan.node_conditions")
    for number in range(5):
        await services.start(f"s{number}.sock", good())
        forbid(shared, f"s{number}.sock")
    worker = shared.worker()
    with unprivileged():
        for _ in range(3):
            await worker.scan_once()
    assert shared.store.nodes["n"].conditions.keys() == {"permission"}
    assert "5 sockets of the root" in shared.store.nodes["n"].conditions["permission"]
    assert "(s0.sock and others)" in shared.store.nodes["n"].conditions["permission"]
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_a_service_of_which_one_socket_is_out_of_reach_is_not_called_healthy(
    shared: Node, services: Services
) -> None:
    """Nor sick: what answers is well, and nobody knows of the rest."""
    await services.start("ledger/rpc.sock", good())
    await services.start("ledger/admin.sock", good())
    (shared.root / "ledger/rpc.sock").chmod(0o777)
    forbid(shared, "ledger/admin.sock")
    worker = shared.worker()
    with unprivileged():
        await worker.scan_once()
    record = shared.store.record("ledger")
    assert record.status == "unknown"
    assert record.reason == "admin: permission denied: the router may not connect"
    assert {each.name: each.status for each in record.sockets} == {
        "rpc": "healthy",
        "admin": "unknown",
    }


def test_a_user_is_shown_by_name_and_number(monkeypatch: pytest.MonkeyPatch) -> None:
    name = pwd.getpwuid(os.geteuid()).pw_name
    assert user() == f"user {name} (uid {os.geteuid()})"
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000_000)
    assert user() == "uid 4000000000"
