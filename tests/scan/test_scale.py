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

from hero_router.settings.config import RouterConfig
from tests.scan.fakes import (
    MemoryStore,
    OwnClock,
    memory_agent,
)

COUNT = 1000
TURNS = 8
"""The longest turn of the loop is less than this part of the work: a whole scan in one is a third,
and it is a thirtieth. It is this thread's own work, whatever else the machine does."""

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


async def longest_turn(stop: asyncio.Event) -> float:
    """The longest turn of the loop in seconds of this thread's work."""
    turn = 0.0
    while not stop.is_set():
        worked = time.thread_time()
        await asyncio.sleep(0.005)
        turn = max(turn, time.thread_time() - worked)
    return turn


@pytest.mark.usefixtures("own_garbage")
async def test_a_thousand_sockets_leave_the_loop_responsive(many: Path) -> None:
    """The first scan with all documents, and quiet ones after it."""
    store = MemoryStore()
    clock = OwnClock()
    config = RouterConfig.of(node="n", socket_dir=str(many), probe_timeout=60)
    worker = memory_agent(store, config, clock, "one")
    stop = asyncio.Event()
    watching = asyncio.create_task(longest_turn(stop))
    worked = time.thread_time()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(3):
        await worker.scan_once()
    stop.set()
    turn = await watching
    worked = time.thread_time() - worked
    assert [record.status for record in store.records.values()] == ["healthy"] * COUNT
    assert len([event for event in store.events if event.type == "scan"]) == 1
    assert turn * TURNS < worked, f"the loop worked for {turn:.3f} s of {worked:.3f} s on one thing"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < MOST_MEMORY_KB, f"memory grew by {grown} KB"
