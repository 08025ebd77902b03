"""Redis loses its newest events while it runs, and its `run_id` stays: nobody follows them further.

A real server, two writers, and a page that checks each message. There is no audit meanwhile.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from hero_router.feed import audit, node_monitor
from hero_router.position import Position
from hero_router.store.lease import Grant
from hero_router.strict_json import decode
from tests.contract.world import RealBackend, Store
from tests.failover.witness import Witness, witnessing
from tests.support.records import put
from tests.support.redis import RedisServer, redis7_binary
from tests.support.replication import ask
from tests.support.wait import eventually
from tests.web.live import WINDOW, working

Launch = Callable[..., RedisServer]

pytestmark = pytest.mark.usefixtures("patient")
FILE = ("--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0")
DEBUG = ("--enable-debug-command", "yes")


@pytest.fixture
def server(launch: Launch) -> RedisServer:
    """A Redis that writes all to its file, and loads that again when it is told to."""
    return launch(redis7_binary(), *FILE, *DEBUG)


@pytest.fixture(autouse=True)
def without_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    """What differs is noticed by nobody else."""
    monkeypatch.setattr(audit, "AUDIT_SECONDS", 3600.0)
    monkeypatch.setattr(audit, "AGAIN_SECONDS", 3600.0)
    monkeypatch.setattr(node_monitor, "WATCH_SECONDS", 0.2)


class Writers:
    """Two scanners: `first` writes at the end, `second` wrote what is lost."""

    def __init__(self, server: RedisServer) -> None:
        self.server, self.store = server, Store(RealBackend(server))
        self.first, self.second = self.store.writer(WINDOW), self.store.writer(WINDOW)
        self.lease = self.store.lease("s1")
        self.grants: list[Grant] = []

    async def begin(self) -> Position:
        """Both hold their leases, and have written."""
        grant = await self.lease.acquire()
        assert grant is not None
        self.grants = [grant, await self.store.grant("s2", "n2")]
        await self.second.apply(self.grants[1], [put("b", 0, "n2")])
        return await self.first.apply(grant, [put("a", 0)])

    async def write_second(self, *names: str) -> Position:
        """Services of the second scanner take their next state."""
        return await self.second.apply(self.grants[1], [put(name, 1, "n2") for name in names])

    async def write_first(self, *names: str) -> Position:
        """Services of the first scanner take their next state."""
        return await self.first.apply(self.grants[0], [put(name, 2) for name in names])

    async def renew(self) -> None:
        """The first scanner renews its lease, as it does three times in the lease's lifetime."""
        head = await self.lease.renew(self.grants[0])
        assert head is not None
        self.first.note_head(head)

    @property
    def file(self) -> Path:
        """Redis's file: each reply comes after its command was written there."""
        (found,) = (self.server.folder / "appendonlydir").glob("*.incr.aof")
        return found

    def roll_back(self, size: int) -> None:
        """Redis has what its file had when it was so long."""
        os.truncate(self.file, size)
        ask(self.server, "DEBUG", "LOADAOF")

    async def records(self) -> dict[str, Any]:
        """The registry by service id."""
        return {key: decode(raw) for key, raw in (await self.store.records()).items()}


@pytest.fixture
async def writers(server: RedisServer) -> AsyncIterator[Writers]:
    """Two scanners that write to this Redis."""
    made = Writers(server)
    yield made
    await made.store.close()


async def is_true(writers: Writers, witness: Witness, head: Position) -> None:
    """The page ends with what Redis holds."""
    truth = await writers.records()

    async def same() -> bool:
        await asyncio.sleep(0)
        return witness.place == head and witness.state == truth

    await eventually(same, message=f"the page has the state at {head}")


async def test_a_writer_that_has_learned_of_the_lost_events_begins_a_new_epoch(
    server: RedisServer, writers: Writers
) -> None:
    await writers.begin()
    async with working(server.url) as live, witnessing(live) as witness:
        size = writers.file.stat().st_size
        lost = await writers.write_second("b", "c")
        await eventually(lambda: witness.place == lost, message="the page has what will be lost")
        await writers.renew()
        writers.roll_back(size)
        head = await writers.write_first("d", "e", "f")
        assert head.epoch > lost.epoch
        await is_true(writers, witness, head)
        assert witness.resyncs == [None]


async def test_a_page_learns_of_other_events_at_the_positions_that_it_had(
    server: RedisServer, writers: Writers
) -> None:
    """The writer did not know of the lost events: their positions have other ones by now, and the
    tail goes on after them."""
    await writers.begin()
    async with working(server.url) as live, witnessing(live) as witness:
        size = writers.file.stat().st_size
        lost = await writers.write_second("b", "c")
        await eventually(lambda: witness.place == lost, message="the page has what will be lost")
        writers.roll_back(size)
        head = await writers.write_first("d", "e", "f")
        assert head == lost.next(), "as if nothing had been lost"
        await is_true(writers, witness, head)
        assert witness.resyncs == [None]


async def test_a_page_learns_of_it_though_nobody_writes(
    server: RedisServer, writers: Writers
) -> None:
    head = await writers.begin()
    async with working(server.url) as live, witnessing(live) as witness:
        size = writers.file.stat().st_size
        lost = await writers.write_second("b", "c")
        await eventually(lambda: witness.place == lost, message="the page has what will be lost")
        writers.roll_back(size)
        await is_true(writers, witness, head)
        assert witness.resyncs == [None]
