"""A thousand sockets: bounded memory, bounded concurrency, and a loop that stays responsive."""

import asyncio
import gc
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hero_router.scan.agent import ScannerAgent
from hero_router.scan.prober import Prober
from hero_router.scan.walk import Finder
from hero_router.settings.config import RouterConfig
from tests.scan.fakes import MemoryLease, MemoryRegistry, MemoryRequests, MemoryStore, OwnClock

COUNT = 1000
LONGEST_TURN = 0.25
"""Seconds of this thread's own work without giving others their turn."""
LONGEST_STALL = 3.0
"""The same by the wall clock, where other programs of the machine count too."""
MOST_MEMORY_KB = 100_000


@pytest.fixture
def many(root: Path) -> Iterator[Path]:
    """A root with so many services, all served by one child process."""
    command = [sys.executable, "-m", "tests.scan.process", "services", str(root), str(COUNT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "up\n"
        yield root
        child.kill()


@pytest.fixture
def own_garbage() -> Iterator[None]:
    """What the tests before left is not looked through while the scanner works."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


async def longest_stall(stop: asyncio.Event) -> tuple[float, float]:
    """The longest turn of the loop in seconds: of this thread's work, and by the wall clock."""
    turn = stall = 0.0
    while not stop.is_set():
        worked, started = time.thread_time(), time.monotonic()
        await asyncio.sleep(0.005)
        turn = max(turn, time.thread_time() - worked)
        stall = max(stall, time.monotonic() - started)
    return turn, stall


@pytest.mark.usefixtures("own_garbage")
async def test_a_thousand_sockets_leave_the_loop_responsive(many: Path) -> None:
    """The first scan with all documents, and quiet ones after it."""
    store = MemoryStore()
    clock = OwnClock()
    config = RouterConfig.of(node="n", socket_dir=str(many), probe_timeout=10)
    worker = ScannerAgent(
        config,
        MemoryLease(store, "n", "one"),
        MemoryRegistry(store),
        MemoryRequests(store),
        Prober(config.scan.probe_timeout, clock.monotonic),
        clock,
        Finder(many).walk,
    )
    stop = asyncio.Event()
    watching = asyncio.create_task(longest_stall(stop))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(3):
        await worker.scan_once()
    stop.set()
    turn, stall = await watching
    assert [record.status for record in store.records.values()] == ["healthy"] * COUNT
    assert len([event for event in store.events if event.type == "scan"]) == 1
    assert turn < LONGEST_TURN, f"the loop worked for {turn * 1000:.0f} ms on one thing"
    assert stall < LONGEST_STALL, f"the loop stood still for {stall * 1000:.0f} ms"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < MOST_MEMORY_KB, f"memory grew by {grown} KB"
