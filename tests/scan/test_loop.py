"""The loop around real sockets: how soon changes are told, and how many events they make."""

import asyncio
import os
import shutil
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from hero_router.scan.probe_result import ProbeResult
from hero_router.scan.scan_cycle import FLUSH_SECONDS
from hero_router.scan.walk import SocketFile
from hero_router.scan.watcher import DEBOUNCE_MS, QUIET_MS
from tests.scan.node import Node
from tests.scan.services import Services, good, request, silent
from tests.scan.waiting import swap, until

NEVER = {"scan_seconds": 3600}
"""No rescan is due while a test runs."""


def test_nothing_waits_on_the_way_of_a_new_socket_for_a_second_in_all() -> None:
    """For more changes, for quiet after them, and for more results of probes."""
    assert (DEBOUNCE_MS + QUIET_MS) / 1000 + FLUSH_SECONDS < 1


async def test_a_new_socket_is_published_by_the_watch_alone(node: Node, services: Services) -> None:
    """Also in a folder that is new itself."""
    node.settings |= NEVER
    async with node.running():
        await until(lambda: node.scanned, "the first scan")
        for path in ("flat.sock", "a/rpc.sock", "prod/b/rpc.sock"):
            await services.start(path, good())
            await until(partial(node.is_up, path), f"{path} is up")


async def test_a_new_socket_is_published_while_a_scan_hangs(node: Node, services: Services) -> None:
    """Hanging services hold all slots of a full scan; one that appears then does not wait."""
    node.settings |= {"probe_concurrency": 8} | NEVER
    for number in range(12):
        await services.talk(f"hung{number}.sock", silent)
    async with node.running():
        await until(lambda: len(node.store.records) == 12, "all are published as unknown")
        await services.start("new.sock", good())
        await until(lambda: node.store.statuses().get("new") == "healthy", "new is up")
        assert not node.scanned, "it does not wait for a probe that hangs"


async def test_a_killed_service_is_published_within_one_scan(
    node: Node, services: Services
) -> None:
    await services.start("a/rpc.sock", good())
    await services.start("b/rpc.sock", good())
    async with node.running():
        await until(lambda: len(node.store.records) == 2, "both are up")
        await services.stop("a/rpc.sock")
        await services.stop("b/rpc.sock", unlink=True)
        await node.quiet()
        assert node.store.statuses() == {"a": "inactive"}


async def test_creation_and_removal_in_a_storm_is_coalesced(node: Node, services: Services) -> None:
    """Far fewer writes than changes, and the end is the truth."""
    async with node.running():
        await until(lambda: node.scanned, "the first scan")
        writes, began = node.store.writes, time.monotonic()
        for number in range(200):
            services.stale(f"s{number}.sock")
            if number >= 10:
                (node.root / f"s{number - 10}.sock").unlink()
            await asyncio.sleep(0.005)
        last = {f"s{number}" for number in range(190, 200)}
        await until(lambda: node.store.statuses().keys() == last, "only the last ten are left")
        rounds = (time.monotonic() - began) / FLUSH_SECONDS
        assert node.store.writes - writes < 30 + 2 * rounds


async def test_a_service_bound_anew_is_asked_anew(node: Node, services: Services) -> None:
    """A restart with another version shows up at once, not at the next look at documents."""
    node.settings |= NEVER
    await services.start("a/rpc.sock", good(title="Old"))
    async with node.running():
        await until(lambda: node.store.records, "it is up")
        await services.stop("a/rpc.sock", unlink=True)
        await services.start("a/rpc.sock", good(title="New"))
        await until(
            lambda: [record.title for record in node.store.records.values()] == ["New"], "New"
        )


async def test_a_replaced_root_is_watched_again(node: Node, services: Services) -> None:
    """The watch follows the path; no rescan helps here, and nothing happens in the old."""
    real, node.root = node.root, node.root / "link"
    (real / "old").mkdir()
    swap(node.root, real / "old")
    node.settings |= NEVER
    async with node.running():
        await until(lambda: node.scanned, "the first scan")
        await services.start("new/a.sock", good())
        swap(node.root, real / "new")
        await until(partial(node.is_up, "a.sock"), "a is up")
        await services.start("new/b.sock", good())
        await until(partial(node.is_up, "b.sock"), "b is up")


async def test_a_root_made_anew_is_watched_again(node: Node, services: Services) -> None:
    node.settings |= NEVER
    async with node.running():
        await until(lambda: node.scanned, "the first scan")
        shutil.rmtree(node.root)
        node.root.mkdir()
        for name in ("a", "b"):
            await services.start(f"{name}.sock", good())
            await until(partial(node.is_up, f"{name}.sock"), f"{name} is up")


async def test_a_service_bound_anew_does_not_wait_for_the_probe_of_the_old(
    node: Node, services: Services
) -> None:
    """What the old one did, or did not do, says nothing of the new one."""
    node.settings |= NEVER
    over = asyncio.Event()

    async def hangs(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await request(reader)
        await over.wait()

    await services.talk("a.sock", hangs)
    async with node.running():
        await until(lambda: node.store.statuses() == {"a": "unknown"}, "the old one hangs")
        await services.start("too/deep/for/us.sock", good())
        (node.root / "too/deep/for/us.sock").rename(node.root / "a.sock")
        await until(partial(node.is_up, "a.sock"), "the new one is up")
        assert not node.scanned, "it does not wait for the probe of the old one"
        over.set()
        await until(lambda: node.scanned, "the end of the scan")
    assert node.store.types() == ["service_added", "status_change"]


@pytest.mark.usefixtures("whole_scans")
async def test_a_file_that_goes_during_the_scan_is_gone_and_never_unknown(
    node: Node, services: Services
) -> None:
    await services.start("a.sock", good())

    def deleting(probe: Callable[..., Any]) -> Callable[..., Any]:
        async def delete(found: SocketFile, *, ask_documents: bool) -> ProbeResult:
            if node.store.records:
                (node.root / "a.sock").unlink(missing_ok=True)
            result: ProbeResult = await probe(found, ask_documents=ask_documents)
            return result

        return delete

    worker = node.worker(wrap=deleting)
    for _ in range(3):
        await worker.scan_once()
    assert node.store.types() == ["service_added", "service_removed"]


async def test_a_watch_that_cannot_be_had_leaves_the_rescan(
    node: Node, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    """As where a name is not UTF-8: neither that service nor any other is lost; told once."""
    odd = node.root / os.fsdecode(b"\xff")
    async with node.running():
        await until(lambda: node.scanned, "the first scan")
        odd.mkdir()
        text = "changes are found only by the regular scans"
        await until(lambda: text in caplog.text, "the watch has failed")
        await services.start("a.sock", good())
        await until(lambda: "a" in node.store.statuses(), "a is found by the rescan")
        services.stale(f"{odd.name}/rpc.sock")
        await until(lambda: "\\xff" in node.store.statuses(), "and so is what has that name")
        await services.stop("a.sock", unlink=True)
        await until(lambda: "a" not in node.store.statuses(), "its end, too")
    assert caplog.text.count("changes are found only by the regular scans") == 1
