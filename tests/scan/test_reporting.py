"""Signs of life: a scanner can be missed from its first moment, and a long scan is no silence."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from hero_router.errors import StoreCorrupt
from hero_router.model import Change, NodeState
from hero_router.scan.probe_result import ProbeResult
from hero_router.scan.scan_cycle import HUNG_TIMEOUTS
from hero_router.scan.walk import SocketFile
from tests.scan.node import Node
from tests.scan.services import Services, good, silent
from tests.scan.waiting import holds, until
from tests.support.wait import PATIENCE_SECONDS


@pytest.fixture(autouse=True)
def quick(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signs come as often as the scans of these tests."""
    monkeypatch.setattr("hero_router.scan.scan_cycle.HEARTBEAT_SECONDS", 0.1)
    node.settings |= {"scan_seconds": 0.1, "probe_concurrency": 1, "probe_timeout": 0.5}


def shown(node: Node) -> int:
    """How long a scan took, as the node's report says."""
    return node.store.nodes["n"].duration_ms


def lasts(node: Node, longer_than: int) -> bool:
    """Whether the scan under way is known to last so many ms by now."""
    return "n" in node.store.nodes and shown(node) > longer_than


async def test_a_scanner_can_be_missed_before_its_first_service_is_published(
    node: Node, services: Services
) -> None:
    """One that dies in its first scan leaves services, and must leave the node's name too."""
    node.settings["probe_timeout"] = 60.0
    await services.talk("hung.sock", silent)
    async with node.running():
        await until(lambda: node.store.records, "the service is published")
        report = node.store.nodes["n"]
        assert (report.scan, report.scanner, report.scan_seconds) == (0, "one", 0.1)


async def test_a_scanner_that_takes_over_keeps_the_last_report_until_its_own(
    node: Node, services: Services
) -> None:
    await services.start("a.sock", good())
    await node.worker("first").scan_once()
    before = replace(node.store.nodes["n"], duration_ms=60_000)
    node.store.nodes["n"] = before
    await services.talk("hung.sock", silent)
    node.settings["probe_timeout"] = 60.0
    async with node.running("second"):
        await until(lambda: len(node.store.records) == 2, "the other one publishes")
        assert node.store.nodes["n"] == before


async def test_a_scanner_that_takes_over_tells_of_its_first_scan_as_such(
    node: Node, services: Services
) -> None:
    """What the scanner before it has finished is no scan of this one, however long its first is."""
    await services.start("a.sock", good())
    await node.worker("first").scan_once()
    before = node.store.nodes["n"]
    await services.talk("hung.sock", silent)
    node.settings["probe_timeout"] = 60.0
    async with node.running("second"):
        await until(lambda: node.store.nodes["n"].scanner == "second", "a sign")
        report = node.store.nodes["n"]
        assert report.scan == 0
        assert report.last_scan > before.last_scan
        await until(lambda: shown(node) > report.duration_ms, "another sign")
        assert node.store.nodes["n"].last_scan == report.last_scan


async def test_a_long_scan_shows_that_it_goes_on_and_adds_no_event(
    node: Node, services: Services
) -> None:
    for number in range(4):
        await services.talk(f"hung{number}.sock", silent)
    async with node.running():
        for step in (0, 300, 600):
            await until(partial(lasts, node, step), "a sign")
        assert not node.scanned
        assert "scan" not in [event.type for event in node.store.events]
        await until(lambda: node.scanned, "the end of the scan")
        assert shown(node) > 1_500


async def test_a_scan_whose_probes_never_end_falls_silent(node: Node, services: Services) -> None:
    node.settings["probe_timeout"] = PATIENCE_SECONDS
    await services.start("a.sock", good())

    def endless(_: Callable[..., Any]) -> Callable[..., Any]:
        async def hang(found: SocketFile, *, ask_documents: bool) -> ProbeResult:
            await asyncio.Event().wait()
            raise AssertionError

        return hang

    scanning = asyncio.create_task(node.worker(wrap=endless).run())
    await until(lambda: "n" in node.store.nodes and shown(node) > 0, "a first sign")
    long = HUNG_TIMEOUTS * PATIENCE_SECONDS
    node.clock.ahead += long  # so much later a sign would say so
    await holds(lambda: shown(node) < 1000 * long, "no sign comes from a scan that hangs", 1.0)
    scanning.cancel()
    await asyncio.wait([scanning])


async def test_a_scan_that_cannot_publish_what_it_sees_falls_silent(
    node: Node, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its report alone could still be written, as while the stream holds a foreign id."""
    for number in range(3):
        await services.talk(f"hung{number}.sock", silent)
    worker = node.worker()
    take = worker._scanner._registry.apply

    async def refuse(grant: Any, changes: Sequence[Change], *rest: Any, **more: Any) -> Any:
        if changes:
            raise StoreCorrupt("the stream of events holds an id that is not ours")
        return await take(grant, changes, *rest, **more)

    monkeypatch.setattr(worker._scanner._registry, "apply", refuse)
    scanning = asyncio.create_task(worker.run())
    await until(lambda: node.probed, "the scan goes on")
    await holds(lambda: shown(node) == 0, "no sign comes from a scan without effect", 1.0)
    scanning.cancel()
    await asyncio.wait([scanning])


async def test_a_node_tells_where_its_router_is_in_the_one_form_of_a_url(node: Node) -> None:
    node.settings["advertise_url"] = "HTTPS://Router.Example:443/"
    await node.worker("one").scan_once()
    report = node.store.nodes["n"]
    assert report.advertise_url == "https://router.example"
    old = {name: value for name, value in report.to_json().items() if name != "advertise_url"}
    assert NodeState.from_json(old).advertise_url == "", "a report of an older version"
