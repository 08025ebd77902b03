"""A root that cannot be read, or is not mounted, is told, and meanwhile nothing leaves."""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hero_router.model import NodeState
from tests.scan.node import Node
from tests.scan.services import Services, good
from tests.scan.waiting import swap, until
from tests.support.users import unprivileged

SHM = Path("/dev/shm")
"""A file system in memory, which every Linux has."""

MANY_HOURS = 100_000.0


def report(node: Node) -> NodeState:
    return node.store.nodes["n"]


def doubt(node: Node) -> str:
    """What the node's last report doubts of its root; "" for nothing."""
    return report(node).doubts.get("root", "")


async def test_a_root_that_goes_away_is_told_and_removes_nobody_however_long(
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
        "ROUTER_SOCKET_DIR to the right folder; until then none of its services leaves"
    )
    assert report(node).error == doubt(node)
    record = node.store.record("ledger")
    assert (record.status, record.reason) == ("unknown", "the root cannot be read")
    away.rename(node.root)
    await worker.scan_once()
    assert doubt(node) == ""
    assert node.store.statuses() == {"ledger": "healthy"}
    assert node.store.types() == ["service_added", "status_change", "status_change"]


async def test_a_root_that_is_missing_from_the_start_is_told_and_may_come_later(
    node: Node, services: Services
) -> None:
    node.root.rmdir()
    worker = node.worker()
    await worker.scan_once()
    assert "does not exist" in doubt(node)
    (scan,) = node.store.events
    assert scan.data["doubts"] == {"root": doubt(node)}
    await services.start("ledger/rpc.sock", good())
    await worker.scan_once()
    assert (doubt(node), node.store.statuses()) == ("", {"ledger": "healthy"})


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


@pytest.fixture
def mounted(node: Node) -> Iterator[Path]:
    """The node's root is a symlink, which leads to a folder on another file system for now."""
    if not SHM.is_dir() or SHM.stat().st_dev == node.root.stat().st_dev:
        pytest.fail(f"{SHM} is no file system of its own, as this test needs")
    folder = Path(tempfile.mkdtemp(dir=SHM))
    (node.root / "bare").mkdir()
    node.root = node.root / "link"
    swap(node.root, folder)
    yield folder
    shutil.rmtree(folder)


def unmount(node: Node) -> None:
    """The path leads to the folder below the mount, which is empty.

    Of a true mount the path stays the same, which the report names without symlinks.
    """
    bare = node.root.parent / "bare"
    swap(node.root, bare)
    node.store.nodes["n"] = replace(report(node), root=str(bare))


async def test_an_unmounted_root_is_told_and_removes_nobody_however_long(
    node: Node, mounted: Path
) -> None:
    """What is seen then is an empty folder that can be read very well, on another file system."""
    services = Services(mounted)
    await services.start("ledger/rpc.sock", good())
    worker = node.worker()
    await worker.scan_once()
    unmount(node)
    for _ in range(3):
        await worker.scan_once()
        node.clock.ahead += MANY_HOURS
    assert doubt(node) == (
        f"node n: the root {node.root} is empty and not the file system on which the services "
        "were: is it not mounted? Until it is, or a socket appears in it, none of them leaves"
    )
    record = node.store.record("ledger")
    assert (record.status, record.reason) == (
        "unknown",
        "the root is empty, as if it were not mounted",
    )
    swap(node.root, mounted)
    await worker.scan_once()
    assert (doubt(node), node.store.statuses()) == ("", {"ledger": "healthy"})
    await services.stop()


async def test_scanners_that_start_while_the_root_is_not_mounted_remove_nobody(
    node: Node, mounted: Path
) -> None:
    """The second one, too: the report still tells where the services lay."""
    services = Services(mounted)
    await services.start("ledger/rpc.sock", good())
    await node.worker().scan_once()
    unmount(node)
    for _ in range(2):
        worker = node.worker()
        for _ in range(2):
            await worker.scan_once()
            node.clock.ahead += MANY_HOURS
        assert "is it not mounted?" in doubt(node)
        assert node.store.statuses() == {"ledger": "unknown"}
    swap(node.root, mounted)
    node.store.nodes["n"] = replace(report(node), root=str(mounted))
    await node.worker().scan_once()
    assert (doubt(node), node.store.statuses()) == ("", {"ledger": "healthy"})
    await services.stop()


async def test_a_scanner_that_is_given_another_root_holds_nothing_of_the_old_one(
    node: Node, mounted: Path
) -> None:
    services = Services(mounted)
    await services.start("ledger/rpc.sock", good())
    await node.worker().scan_once()
    node.root = node.root.parent / "bare"
    await node.worker().scan_once()
    assert (doubt(node), node.store.records) == ("", {})
    await services.stop()


async def test_a_root_made_anew_is_told_and_what_does_not_come_back_leaves_in_time(
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
        f"node n: the root {node.root} was replaced by another folder: what is missing in it, and "
        "does not come back within 60 s, leaves"
    )
    node.clock.ahead += 61
    await worker.scan_once()
    assert (doubt(node), node.store.records) == ("", {})
    shutil.rmtree(away)


async def test_a_part_that_cannot_be_read_is_told_and_holds_what_is_in_it(
    node: Node, services: Services
) -> None:
    """Its sockets might even answer: nobody knows whether they are still those."""
    await services.start("shut/rpc.sock", good())
    await services.start("open/rpc.sock", good())
    shut = node.root / "shut"
    await node.worker().scan_once()
    node.root.chmod(0o755)
    shut.chmod(0o311)
    for socket in node.root.glob("*/rpc.sock"):
        socket.chmod(0o777)
    workers = [node.worker(), node.worker()]
    with unprivileged():
        for worker in workers:
            await worker.scan_once()
            node.clock.ahead += MANY_HOURS
    shut.chmod(0o755)
    assert "is not seen in full: folder shut cannot be read, Permission denied" in doubt(node)
    assert "search it, or run the scanner as its owner" in doubt(node)
    assert node.store.statuses() == {"shut": "unknown", "open": "healthy"}
    assert node.store.record("shut").reason == "its folder cannot be read"
    await node.worker().scan_once()
    assert (doubt(node), node.store.statuses()["shut"]) == ("", "healthy")


async def test_a_root_that_may_not_be_read_is_told_with_who_may_not(
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


async def test_the_log_tells_when_it_begins_and_when_it_ends(
    node: Node, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hero_router.scan.doubts")
    worker = node.worker()
    services.stale("old.sock")
    await worker.scan_once()
    away = node.root.rename(f"{node.root}.away")
    for _ in range(3):
        await worker.scan_once()
    away.rename(node.root)
    for _ in range(3):
        await worker.scan_once()
    told = [(record.levelname, record.getMessage()[:30]) for record in caplog.records]
    assert [level for level, _ in told] == ["WARNING", "INFO"]
    assert told[1][1].startswith("no longer: node n: the root")


async def test_a_root_that_goes_is_told_long_before_the_next_scan_is_due(
    node: Node, services: Services
) -> None:
    """And so is its return."""
    node.settings["scan_seconds"] = 60
    await services.start("ledger/rpc.sock", good())
    async with node.running():
        await until(lambda: node.scanned and node.is_up("ledger/rpc.sock"), "the first scan")
        away = node.root.rename(f"{node.root}.away")
        await until(lambda: "does not exist" in doubt(node), "it is told")
        assert node.store.statuses() == {"ledger": "unknown"}
        away.rename(node.root)
        await until(lambda: doubt(node) == "", "it is told no more")
        assert node.store.statuses() == {"ledger": "healthy"}
