"""A Redis that sleeps, or comes back from the disk with less than it acknowledged."""

import asyncio
import os
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hero_router.errors import StoreFull
from hero_router.feed import node_monitor
from hero_router.position import Position
from hero_router.store import client
from hero_router.store.keys import Keys
from tests.failover.witness import following, witnessing
from tests.scan.services import Services, good
from tests.support.hand import Hand
from tests.support.patience import make_clients_patient
from tests.support.redis import RedisServer, redis7_binary
from tests.support.replication import ask, told
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.live import WINDOW, Live, scanning, working

SLEEP_SECONDS = 3.0
"""Five times the lifetime of a lease, and longer than any timeout."""

LEASE_SECONDS = 4.0
"""Of the scanners while Redis saves: a busy machine must not let one expire."""

SAVE_SECONDS = 2 * LEASE_SECONDS
"""Time that a save takes."""

LOST_BYTES = 100
"""Bytes of the file's end that never reached the disk: the last event, and part of another."""


@pytest.fixture
async def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Services]:
    """Two healthy services."""
    monkeypatch.setattr(node_monitor, "WATCH_SECONDS", 0.1)
    monkeypatch.setattr(client, "ANSWER_SECONDS", 0.4)
    started = Services(tmp_path / "root")
    for name in ("a.sock", "b.sock"):
        await started.start(name, good())
    yield started
    await started.stop()


async def test_a_redis_that_sleeps_lets_no_lease_flap_and_no_node_be_lost(
    launch: Callable[..., RedisServer], services: Services, tmp_path: Path
) -> None:
    """All leases expire while it sleeps; scanners take them again before a node is marked lost."""
    server, root = launch(redis7_binary(), "--enable-debug-command", "yes"), tmp_path / "root"
    async with two_scanners(server, root) as live:
        await eventually(lambda: live.scans > 1, message="it is quiet")
        async with live.listening() as listener:
            await asyncio.to_thread(ask, server, "DEBUG", "SLEEP", SLEEP_SECONDS)
            await listener.hears_of("fresh")
            scan = live.scans
            await eventually(lambda: live.scans > scan + 1, message="scans go on")
            assert {item["reason"] for item in listener.data("stale")} == {"redis"}
            assert listener.places == []
            assert listener.resyncs == []
            assert set(live.statuses.values()) == {"healthy"}
            await eventually(live.is_ready, message="the worker is ready")


async def test_a_redis_that_saves_slowly_is_not_noticed(
    launch: Callable[..., RedisServer],
    services: Services,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A save to the disk takes longer than the leases last: all goes on meanwhile."""
    make_clients_patient(monkeypatch)
    server, root = launch(redis7_binary()), tmp_path / "root"
    async with two_scanners(server, root, lease_seconds=LEASE_SECONDS) as live:
        fence = ask(server, "HGET", Keys().meta, "fence")
        async with live.listening() as listener:
            delay = int(SAVE_SECONDS * 1e6 / ask(server, "DBSIZE"))
            ask(server, "CONFIG", "SET", "rdb-key-save-delay", delay)
            ask(server, "BGSAVE")
            await services.start("c.sock", good())
            await eventually(lambda: live.names == {"a", "b", "c"}, message="a new one is seen")
            assert saves(server), "the save was over too soon to matter"
            await eventually(lambda: not saves(server), message="it is saved")
            assert told(server, "INFO", "persistence")["rdb_last_bgsave_status"] == "ok"
            await listener.hears(live.feed.ring.head)
            assert listener.named("stale", "resync", "service_removed") == []
        assert ask(server, "HGET", Keys().meta, "fence") == fence, "a lease was lost"
        assert set(live.statuses.values()) == {"healthy"}


def saves(server: RedisServer) -> bool:
    return told(server, "INFO", "persistence")["rdb_bgsave_in_progress"] == "1"


@asynccontextmanager
async def two_scanners(server: RedisServer, root: Path, **settings: object) -> AsyncIterator[Live]:
    """A worker beside two scanners, one of which stands by; it knows that both services work."""
    async with (
        scanning(server.url, root, **settings),
        scanning(server.url, root, **settings),
        working(server.url) as live,
    ):
        both = {"a": "healthy", "b": "healthy"}
        await eventually(lambda: live.statuses == both, message="both services work")
        yield live


@pytest.fixture
def server(launch: Callable[..., RedisServer]) -> RedisServer:
    """A server whose append-only file is synced each second, as in `serve`."""
    return launch(redis7_binary(), "--appendonly", "yes", "--appendfsync", "everysec")


async def test_a_disk_that_is_full_stops_writes_until_there_is_room(
    launch: Callable[..., RedisServer], tmp_path: Path
) -> None:
    """Redis and all readers go on; no published event is taken back."""
    server = launch(surviving(tmp_path), "--appendonly", "yes", "--appendfsync", "everysec")
    async with following(server.url) as (hand, live, witness):
        place = await hand.change("s1")
        await witness.agrees(hand, place)
        room(server, 0)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (last := await taken(hand)) is not None:
                place = last
        with pytest.raises(StoreFull, match="cannot save to disk and refuses writes"):
            await hand.change("s1")
        await witness.agrees(hand, place)
        assert await live.is_ready()
        room(server, resource.RLIM_INFINITY)
        await eventually(lambda: taken(hand), message="there is room again")
        await witness.agrees(hand, await hand.change("s2"))
        assert witness.resyncs == []


def surviving(folder: Path) -> Path:
    """A server for which a limit of its file size acts as a full disk, without killing it."""
    made = folder / "redis"
    made.write_text(f"#!/bin/sh\ntrap '' XFSZ\nexec {redis7_binary()} \"$@\"\n")
    made.chmod(0o755)
    return made


def room(server: RedisServer, most: int) -> None:
    """Set the largest size of a file."""
    assert server._process is not None
    resource.prlimit(server._process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


async def taken(hand: Hand) -> Position | None:
    """The position of the next change; None if the disk prevents it."""
    try:
        return await hand.change("s1")
    except StoreFull:
        return None


async def test_a_file_that_is_written_each_second_loses_nothing_to_a_kill(
    server: RedisServer,
) -> None:
    """The system has what the process wrote, though it is not on the disk yet."""
    async with following(server.url) as (hand, _, witness):
        await witness.agrees(hand, await hand.change("s1"))
        server.restart()
        await hand.begin()
        await witness.agrees(hand, await hand.change("s2"))
        assert witness.resyncs == []


async def test_a_file_without_its_last_second_is_reported_to_clients_that_saw_it(
    server: RedisServer,
) -> None:
    """As after a loss of power: the last acknowledged writes are gone."""
    async with following(server.url) as (hand, _, witness):
        lost = await hand.change("s1")
        await witness.agrees(hand, lost)
        server.kill()
        cut(server)
        server.start()
        await hand.begin()
        place = await hand.change("s2")
        await witness.agrees(hand, place)
        assert place.epoch > lost.epoch
        assert witness.resyncs == [None]


def cut(server: RedisServer) -> None:
    """Cut off the end of the append-only file."""
    (file,) = (server.folder / "appendonlydir").glob("*.incr.aof")
    os.truncate(file, file.stat().st_size - LOST_BYTES)


async def test_what_a_torn_step_brings_back_at_the_next_start_but_one_is_put_right(
    server: RedisServer, services: Services, tmp_path: Path
) -> None:
    """Redis 7.0 forgets a step that a kill has torn, but leaves its beginning in the file, and
    executes that later: a service is back that is long gone, until the next scan."""
    async with (
        scanning(server.url, tmp_path / "root"),
        working(server.url) as live,
        witnessing(live) as witness,
    ):
        await services.start("c.sock", good())
        await eventually(lambda: witness.names == {"a", "b", "c"}, message="three are known")
        server.kill()
        tear(server)
        await services.stop("c.sock", unlink=True)
        server.start()
        await services.start("d.sock", good())
        await eventually(lambda: witness.names == {"a", "b", "d"}, message="c is forgotten")
        server.restart()
        await services.start("e.sock", good())
        await eventually(lambda: witness.names == {"a", "b", "d", "e"}, message="it goes on")
        await eventually(lambda: kept(server) == witness.state.keys(), message="c is gone")
        # If the torn step held an event that no other start has seen, the second one is told too.
        assert witness.resyncs in ([None], [None, None])


def kept(server: RedisServer) -> set[str]:
    """The ids of the services in the registry."""
    return {key.decode() for key in ask(server, "HKEYS", Keys().services)}


def tear(server: RedisServer) -> None:
    """Cut the append-only file in the last word of the last step that has an event."""
    (file,) = (server.folder / "appendonlydir").glob("*.incr.aof")
    data = file.read_bytes()
    os.truncate(file, data.index(b"EXEC", data.rindex(b"XADD")) + 2)


async def test_a_primary_that_comes_back_from_an_old_dump_is_reported(
    launch: Callable[..., RedisServer],
) -> None:
    server = launch(redis7_binary())
    async with following(server.url) as (hand, _, witness):
        ask(server, "SAVE")
        lost = [await hand.change(f"s{number % 3}") for number in range(2 * WINDOW)]
        await witness.agrees(hand, lost[-1])
        server.restart()
        await hand.begin()
        await witness.agrees(hand, await hand.change("s2"))
        assert None in witness.resyncs
