"""Requests to scan now: answered together, kept in trouble, and noise is ignored."""

import logging

import pytest

from hero_router.store.scan_requests import ScanRequest
from tests.scan.fakes import MemoryRequests
from tests.scan.node import Node, answered
from tests.scan.waiting import until


async def test_requests_are_answered_together_by_one_scan(node: Node) -> None:
    node.settings |= {"scan_seconds": 3600}
    requests = MemoryRequests(node.store)
    async with node.running():
        await until(lambda: node.scanned and node.store.listeners, "the first scan")
        for name in ("r1", "r2", "r3"):
            assert await requests.ask(ScanRequest("scan", name, "n")) == 1
        await until(lambda: answered(node), "an answer")
        assert answered(node) == ["r1", "r2", "r3"]
        scans = [event for event in node.store.events if event.type == "scan"]
        assert [event.data["requests"] for event in scans] == [[], ["r1", "r2", "r3"]]


async def test_requests_for_others_and_noise_are_not_answered(node: Node) -> None:
    node.settings |= {"scan_seconds": 3600}
    requests = MemoryRequests(node.store)
    async with node.running():
        await until(lambda: node.scanned and node.store.listeners, "the first scan")
        await requests.ask(ScanRequest("scan", "other", "m"))
        await requests.ask(ScanRequest("dance", "noise", None))
        await requests.ask(ScanRequest("scan", "x" * 1000, None))
        await requests.ask(ScanRequest("scan", "all", None))
        await until(lambda: answered(node), "an answer")
        assert answered(node) == ["all"]


async def test_a_request_is_not_forgotten_when_its_scan_cannot_be_written(node: Node) -> None:
    requests = MemoryRequests(node.store)
    async with node.running():
        await until(lambda: node.scanned and node.store.listeners, "the first scan")
        node.store.refusals = 2
        await requests.ask(ScanRequest("scan", "kept", None))
        await until(lambda: answered(node) == ["kept"], "a late answer")


async def test_listening_goes_on_after_a_lost_connection(node: Node) -> None:
    requests = MemoryRequests(node.store)
    async with node.running():
        await until(lambda: node.store.listeners, "it listens")
        node.store.listeners[0].put_nowait(None)
        await until(lambda: not node.store.listeners, "the connection is lost")
        await until(lambda: node.store.listeners, "it listens again")
        await requests.ask(ScanRequest("scan", "again", None))
        await until(lambda: answered(node) == ["again"], "an answer")


async def test_each_loss_of_the_connection_and_its_end_is_logged_without_any_request(
    node: Node, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hero_router.store.outage")
    async with node.running():
        for _ in range(2):
            await until(lambda: node.store.listeners, "it listens")
            node.store.listeners[0].put_nowait(None)
            await until(lambda: not node.store.listeners, "the connection is lost")
        await until(lambda: node.store.listeners, "it listens again")
    assert [item.getMessage() for item in caplog.records] == 2 * [
        "the scanner cannot receive requests to scan now, and tries again: the connection is lost",
        "Redis is back: the scanner can receive requests to scan again",
    ]
