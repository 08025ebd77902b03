"""A root that cannot be read is told, and meanwhile nothing leaves."""

import asyncio
import logging
import os
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from hero_router.scan.probe_result import ProbeResult
from hero_router.scan.walk import SocketFile
from tests.scan.node import Node, doubt
from tests.scan.services import Services, good
from tests.scan.waiting import until
from tests.support.users import unprivileged

MANY_HOURS = 100_000.0


@pytest.mark.usefixtures("whole_scans")
async def test_a_root_that_goes_away_is_a_condition_and_removes_no_service_however_long(
    node: Node, services: Services
) -> None:
    await services.start("ledger/rpc.sock", good())
    worker = node.worker()
    await worker.scan_once()
    assert doubt(node) == ""
    away = node.root.rename(f"{node.root}.away")
    for _ in range(3):
        await worker.scan_once()
        node.clock.ahead += MANY_HOURS
    assert doubt(node) == (
        f"node n: the root {node.root} does not exist: make it or mount it, or set "
        "ROUTER_SOCKET_DIR to the right folder; until then none of its services is removed"
    )
    assert node.store.nodes["n"].error == doubt(node)
    record = node.store.record("ledger")
    assert (record.status, record.reason) == ("unknown", "the root cannot be read")
    away.rename(node.root)
    await worker.scan_once()
    assert doubt(node) == ""
    assert node.store.statuses() == {"ledger": "healthy"}
    assert node.store.types() == ["service_added", "status_change", "status_change"]


async def test_a_root_that_is_missing_from_the_start_is_a_condition_and_may_come_later(
    node: Node, services: Services
) -> None:
    node.root.rmdir()
    worker = node.worker()
    await worker.scan_once()
    assert "does not exist" in doubt(node)
    (scan,) = node.store.events
    assert scan.data["conditions"] == {"root": doubt(node)}
    await services.start("ledger/rpc.sock", good())
    await worker.scan_once()
    assert (doubt(node), node.store.statuses()) == ("", {"ledger": "healthy"})


@pytest.mark.usefixtures("whole_scans")
async def test_a_new_scanner_without_the_root_removes_nobody_and_calls_nobody_healthy(
    node: Node, services: Services
) -> None:
    """It knows the services by the registry alone."""
    await services.start("ledger/rpc.sock", good())
    services.stale("ledger/admin.sock")
    await services.start("flat.sock", good())
    await node.worker().scan_once()
    away = node.root.rename(f"{node.root}.away")
    worker = node.worker()
    for _ in range(3):
        await worker.scan_once()
        node.clock.ahead += MANY_HOURS
    assert node.store.statuses() == {"ledger": "unknown", "flat": "unknown"}
    record = node.store.record("ledger")
    assert record.reason == "the root cannot be read"
    assert {socket.status for socket in record.sockets} == {"unknown"}
    assert record.changed_at > record.first_seen
    assert node.store.types() == 2 * ["service_added"] + 2 * ["status_change"]
    away.rename(node.root)
    await worker.scan_once()
    assert node.store.statuses() == {"ledger": "degraded", "flat": "healthy"}


async def test_a_root_made_anew_is_a_condition_and_what_does_not_come_back_leaves_in_time(
    node: Node, services: Services
) -> None:
    """On the same file system: somebody did that, and the empty folder has been seen."""
    services.stale("ledger/rpc.sock")
    worker = node.worker()
    await worker.scan_once()
    away = node.root.rename(f"{node.root}.away")
    node.root.mkdir()
    await worker.scan_once()
    assert node.store.record("ledger").reason == "not seen since the root was replaced"
    assert doubt(node) == (
        f"node n: the root {node.root} was replaced by another folder: services that are "
        "missing there are removed after 60 s"
    )
    node.clock.ahead += 61
    await worker.scan_once()
    assert (doubt(node), node.store.records) == ("", {})
    shutil.rmtree(away)


async def test_a_folder_that_cannot_be_read_is_a_condition_and_keeps_its_services(
    node: Node, services: Services
) -> None:
    """Its sockets might even answer: nobody knows whether they are still those."""
    await services.start("shut/rpc.sock", good())
    await services.start("open/rpc.sock", good())
    shut = node.root / "shut"
    workers = [node.worker(), node.worker()]
    await workers[0].scan_once()
    node.root.chmod(0o755)
    shut.chmod(0o311)
    for socket in node.root.glob("*/rpc.sock"):
        socket.chmod(0o777)
    with unprivileged():
        for worker in workers:
            await worker.scan_once()
            node.clock.ahead += MANY_HOURS
    shut.chmod(0o755)
    assert "is not scanned in full: folder shut cannot be read, Permission denied" in doubt(node)
    assert "search it, or run the scanner as its owner" in doubt(node)
    assert node.store.statuses() == {"shut": "unknown", "open": "healthy"}
    assert node.store.record("shut").reason == "its folder cannot be read"
    assert node.probed.count("shut/rpc.sock") == 1
    await node.worker().scan_once()
    assert (doubt(node), node.store.statuses()["shut"]) == ("", "healthy")


async def test_a_root_that_may_not_be_read_is_a_condition_that_names_the_user(
    node: Node, services: Services
) -> None:
    await services.start("ledger/rpc.sock", good())
    worker = node.worker()
    await worker.scan_once()
    node.root.chmod(0)
    with unprivileged():
        await worker.scan_once()
        who = f"(uid {os.geteuid()})"
    node.root.chmod(0o700)
    assert f"the root {node.root} cannot be read, Permission denied: let user " in doubt(node)
    assert who in doubt(node)
    assert node.store.statuses() == {"ledger": "unknown"}


async def test_what_had_left_as_stale_does_not_come_back_as_unknown(
    node: Node, services: Services
) -> None:
    services.stale("old.sock")
    worker = node.worker()
    await worker.scan_once()
    node.clock.ahead += 61
    await worker.scan_once()
    assert node.store.records == {}
    away = node.root.rename(f"{node.root}.away")
    await worker.scan_once()
    assert node.store.records == {}
    away.rename(node.root)


async def test_the_log_has_a_line_when_a_condition_begins_and_when_it_ends(
    node: Node, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hero_router.scan.node_conditions")
    worker = node.worker()
    services.stale("old.sock")
    await worker.scan_once()
    away = node.root.rename(f"{node.root}.away")
    for _ in range(3):
        await worker.scan_once()
    away.rename(node.root)
    for _ in range(3):
        await worker.scan_once()
    lines = [each for each in caplog.records if each.name == "hero_router.scan.node_conditions"]
    assert [line.levelname for line in lines] == ["WARNING", "INFO"]
    begin = "a problem that kept the scanner from seeing all sockets has ended: node n: the root"
    assert lines[1].getMessage().startswith(begin)


async def test_a_root_that_goes_away_is_reported_long_before_the_next_scan_is_due(
    node: Node, services: Services
) -> None:
    """And so is its return."""
    node.settings |= {"scan_seconds": 3600}
    await services.start("ledger/rpc.sock", good())
    async with node.running():
        await until(lambda: node.scanned and node.is_up("ledger/rpc.sock"), "the first scan")
        away = node.root.rename(f"{node.root}.away")
        await until(lambda: "does not exist" in doubt(node), "it is told")
        assert node.store.statuses() == {"ledger": "unknown"}
        away.rename(node.root)
        await until(lambda: doubt(node) == "", "it is told no more")
        assert node.store.statuses() == {"ledger": "healthy"}


async def test_a_probe_that_ends_when_the_root_is_gone_does_not_make_the_service_healthy(
    node: Node, services: Services
) -> None:
    await services.start("ledger/rpc.sock", good())
    gone = asyncio.Event()

    def slow(probe: Callable[..., Any]) -> Callable[..., Any]:
        async def answer_late(found: SocketFile, *, ask_documents: bool) -> ProbeResult:
            seen: ProbeResult = await probe(found, ask_documents=ask_documents)
            if node.store.statuses() == {"ledger": "healthy"}:
                await gone.wait()
            return seen

        return answer_late

    worker = node.worker(wrap=slow)
    running = asyncio.create_task(worker.run())
    await until(lambda: node.probed.count("ledger/rpc.sock") == 2, "the second probe")
    away = node.root.rename(f"{node.root}.away")
    await until(lambda: node.store.statuses() == {"ledger": "unknown"}, "it is unknown")
    gone.set()
    await until(lambda: doubt(node), "the scan has ended")
    changes = [event.data.get("to") for event in node.store.events if event.type == "status_change"]
    assert changes.count("unknown") == 1
    assert changes[-1] == "unknown"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    away.rename(node.root)
