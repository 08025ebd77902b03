"""A root that is not mounted looks like an empty folder: told, and meanwhile nothing leaves."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.scan.node import Node, doubt
from tests.scan.services import Services, good
from tests.scan.waiting import swap

SHM = Path("/dev/shm")
"""A file system in memory, which every Linux has."""

MANY_HOURS = 100_000.0


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
    node.store.nodes["n"] = replace(node.store.nodes["n"], root=str(bare))


async def test_an_unmounted_root_is_a_condition_and_removes_no_service_however_long(
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
        f"node n: the root {node.root} is empty, and on another file system than before: is it not "
        "mounted? None of its services is removed until it is mounted or has a socket again"
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
    node.store.nodes["n"] = replace(node.store.nodes["n"], root=str(mounted))
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
