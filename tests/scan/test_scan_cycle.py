"""One scan around real sockets: what is found, published, counted."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from hero_router.errors import Fenced, StoreUnreachable
from hero_router.scan.probe_result import ProbeResult
from hero_router.scan.scan_loop import ScanLoop
from hero_router.scan.socket_status import DOCUMENTS_EVERY
from hero_router.scan.walk import SocketFile
from tests.scan.node import Node
from tests.scan.services import Services, good, http, request, says, silent
from tests.scan.waiting import until
from tests.support.wait import PATIENCE_SECONDS


async def test_one_scan_finds_probes_and_reports(node: Node, services: Services) -> None:
    await services.start("ledger/rpc.sock", good())
    await services.talk("odd.sock", says(b"+PONG\r\n"))
    services.stale("prod/old/rpc.sock")
    await node.worker().scan_once()
    assert node.store.statuses() == {"ledger": "healthy", "odd": "non_rpc", "old": "inactive"}
    report = node.store.nodes["n"]
    assert (report.scan, report.sockets, report.services, report.error) == (1, 3, 3, None)
    assert report.counts == {"healthy": 1, "non_rpc": 1, "inactive": 1}
    (scan,) = [event for event in node.store.events if event.type == "scan"]
    assert (scan.data["discovered"], scan.data["added"], scan.data["requests"]) == (3, 3, [])
    assert node.store.holder is None


async def test_figures_of_each_probe_are_side_data(node: Node, services: Services) -> None:
    await services.start("ledger/rpc.sock", good())
    services.stale("ledger/admin.sock")
    await node.worker().scan_once()
    figures = node.store.probes["n"][node.store.record("ledger").id]
    rpc, admin = figures["sockets"]["rpc"], figures["sockets"]["admin"]
    assert figures["checked_at"] == min(rpc["checked_at"], admin["checked_at"])
    assert 0 <= node.store.nodes["n"].last_scan - figures["checked_at"] < 1000 * PATIENCE_SECONDS
    assert rpc["latency_ms"] > 0
    assert (admin["latency_ms"], admin["error"]) == (None, "nothing listens")
    took = figures["sockets"]["rpc"]["latency_ms"]
    assert node.store.nodes["n"].probe_ms == {"median": round(took, 3), "longest": round(took, 3)}


async def test_where_no_socket_answers_no_probe_has_a_duration(node: Node) -> None:
    await node.worker().scan_once()
    assert node.store.nodes["n"].probe_ms == {}


async def test_a_quiet_world_adds_no_event_and_costs_one_question(
    node: Node, services: Services
) -> None:
    node.settings["probe_timeout"] = 1.0
    service = await services.start("ledger/rpc.sock", good())
    await services.talk("hung.sock", silent)
    services.stale("old.sock")
    worker = node.worker()
    for _ in range(4):
        await worker.scan_once()
    events, asked = len(node.store.events), len(service.asked)
    for _ in range(3):
        await worker.scan_once()
    assert len(node.store.events) == events
    assert service.asked[asked:] == ["GET /health"] * 3
    assert node.store.nodes["n"].scan == 7


async def test_a_hanging_service_is_unknown_at_first_and_delays_nobody(
    node: Node, services: Services
) -> None:
    """A busy one may be unknown at first, too."""
    over = asyncio.Event()

    async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        await over.wait()
        writer.write(http(b"{}")[:-1])

    await services.talk("hung.sock", hangs)
    await services.start("ledger/rpc.sock", good())
    scan = asyncio.create_task(node.worker().scan_once())
    await until(
        lambda: node.store.statuses() == {"hung": "unknown", "ledger": "healthy"},
        "both are published",
    )
    hung = node.store.record("hung").id
    assert [event.type for event in node.store.events if event.service == hung] == ["service_added"]
    over.set()
    await scan
    assert node.store.statuses() == {"hung": "degraded", "ledger": "healthy"}


async def test_a_service_probed_while_it_is_published_is_added_once(
    node: Node, services: Services
) -> None:
    """Redis is slow: the probe ends between the write of `unknown` and its reply."""
    await services.start("ledger/rpc.sock", good())
    written = asyncio.Event()
    worker: ScanLoop

    def held_back(probe: Callable[..., Any]) -> Callable[..., Any]:
        async def wait_then_probe(found: SocketFile, *, ask_documents: bool) -> ProbeResult:
            await asyncio.wait_for(written.wait(), PATIENCE_SECONDS)
            seen: ProbeResult = await probe(found, ask_documents=ask_documents)
            return seen

        return wait_then_probe

    async def probe_ends() -> None:
        written.set()
        await until(worker._scanner.work.is_set, "the probe has ended")

    worker = node.worker(wrap=held_back)
    node.store.after_write = probe_ends
    await worker.scan_once()
    assert node.store.types() == ["service_added", "status_change"]
    assert node.store.statuses() == {"ledger": "healthy"}


async def test_what_is_published_while_a_scan_is_reported_counts_for_the_next_one(
    node: Node, services: Services
) -> None:
    await services.start("ledger/rpc.sock", good())

    async def another_comes() -> None:
        if not any(event.type == "scan" for event in node.store.events):
            node.store.after_write = another_comes
            return
        await services.start("late/rpc.sock", good())
        await until(lambda: len(node.store.records) == 2, "the late one is published")

    def told() -> int:
        return sum(event.data["added"] for event in node.store.events if event.type == "scan")

    node.store.after_write = another_comes
    async with node.running():
        await until(lambda: told() == 2, "both are counted")
        await node.quiet()
    assert told() == node.store.types().count("service_added") == 2


async def test_no_more_probes_at_once_than_set(node: Node, services: Services) -> None:
    for number in range(20):
        await services.start(f"s{number}.sock", good())
    node.settings["probe_concurrency"] = 3
    now, most = 0, 0

    def counted(probe: Callable[..., Any]) -> Callable[..., Any]:
        async def count(found: SocketFile, *, ask_documents: bool) -> ProbeResult:
            nonlocal now, most
            now += 1
            most = max(most, now)
            try:
                result: ProbeResult = await probe(found, ask_documents=ask_documents)
                return result
            finally:
                now -= 1

        return count

    await node.worker(wrap=counted).scan_once()
    assert (len(node.store.records), most) == (20, 3)


async def test_a_fault_in_a_probe_harms_one_socket_only(
    node: Node, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    await services.start("ledger/rpc.sock", good())
    await services.start("cursed.sock", good())

    def faulty(probe: Callable[..., Any]) -> Callable[..., Any]:
        async def fail(found: SocketFile, *, ask_documents: bool) -> ProbeResult:
            if found.path == "cursed.sock":
                raise ZeroDivisionError
            result: ProbeResult = await probe(found, ask_documents=ask_documents)
            return result

        return fail

    await node.worker(wrap=faulty).scan_once()
    assert node.store.statuses() == {"ledger": "healthy", "cursed": "unknown"}
    assert node.store.nodes["n"].error == "a bug in the scanner made the probe fail"
    assert "ZeroDivisionError" in caplog.text


async def test_stale_sockets_leave_and_their_files_only_where_wanted(
    node: Node, services: Services
) -> None:
    place = services.stale("svc/rpc.sock")
    for wanted in (False, True):
        node.settings["stale_unlink"] = wanted
        worker = node.worker()
        await worker.scan_once()
        assert node.store.statuses() == {"svc": "inactive"}
        node.clock.ahead += 61
        await worker.scan_once()
        assert node.store.records == {}
        assert node.store.events[-2].data["reason"] == "stale"
        assert place.exists() is not wanted


async def test_a_second_scanner_cannot_scan_beside_the_first(node: Node) -> None:
    node.store.holder = "other:1"
    with pytest.raises(Fenced):
        await node.worker().scan_once()


async def test_a_scan_without_redis_says_so(node: Node) -> None:
    node.store.trouble = StoreUnreachable("no connection")
    with pytest.raises(StoreUnreachable):
        await node.worker().scan_once()


async def test_a_document_that_turns_bad_degrades_and_the_last_good_one_is_kept(
    node: Node, services: Services
) -> None:
    service = await services.start("ledger/rpc.sock", good())
    worker = node.worker()
    await worker.scan_once()
    documents = {path: service.answers[path] for path in ("/rpc", "/openrpc.json")}
    service.answers |= dict.fromkeys(documents, (200, "garbage"))
    await until_asked(worker, service.asked)
    bad = node.store.record("ledger")
    assert (bad.status, bad.title, bad.methods_count) == ("degraded", "Ledger", 2)
    assert bad.spec_error is not None
    assert bad.spec_error.startswith("bad spec: not JSON")
    service.answers |= documents
    await until_asked(worker, service.asked)
    mended = node.store.record("ledger")
    assert (mended.status, mended.spec_error) == ("healthy", None)


async def until_asked(worker: ScanLoop, asked: list[str]) -> None:
    """Scan until the service was asked for its documents again."""
    count = asked.count("POST /rpc")
    for _ in range(2 * DOCUMENTS_EVERY):
        if asked.count("POST /rpc") > count:
            return
        await worker.scan_once()
    raise AssertionError("the documents were not asked for again")
