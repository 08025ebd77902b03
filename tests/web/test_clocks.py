"""Clocks that jump: nothing expires, nothing is told, and positions go on in their order."""

import contextlib
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest
from redis import Redis

from hero_router.feed import node_monitor
from hero_router.position import Position
from tests.scan.services import Services, good
from tests.support.redis import RedisServer, client, valkey9_binary
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.live import Live, scanning, working

HOUR, TEN_MINUTES = 3600, 600
JUMPS = (HOUR, -HOUR, TEN_MINUTES, 1)
"""Seconds that a clock is off by, one after the other: a step, a summer time, a leap second."""

SCANS = 2


class Clock:
    """The wall clock of a process that runs under libfaketime."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0)

    @property
    def environment(self) -> dict[str, str]:
        """What the process is started with; its monotonic clock stays true."""
        return {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, seconds: int) -> None:
        """Be off by so much from now on. The library must never read a file half written."""
        written = self._file.with_suffix(".new")
        written.write_text(f"{seconds:+d}\n")
        written.replace(self._file)


def library() -> Path:
    """Debian's libfaketime. Fails where it is missing: that is no reason to skip a test."""
    found = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    assert found, "libfaketime is not installed: the tests need Debian's package faketime"
    return found


@pytest.fixture
async def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Services]:
    """One healthy service, and one whose listener is gone."""
    monkeypatch.setattr(node_monitor, "WATCH_SECONDS", 0.1)
    monkeypatch.setattr(node_monitor, "GRACE_SECONDS", PATIENCE_SECONDS)  # on a busy machine too
    started = Services(tmp_path / "root")
    await started.start("a.sock", good())
    started.stale("old.sock")
    yield started
    await started.stop()


@contextlib.asynccontextmanager
async def undisturbed(server: RedisServer, root: Path) -> AsyncIterator[Live]:
    """A scanner, a worker and a client; nothing but new services is told meanwhile."""
    async with scanning(server.url, root), working(server.url) as live:
        await eventually(lambda: "n" in live.feed.mirror.nodes, message="the scanner is known")
        await eventually(lambda: live.names == {"a", "old"}, message="both services are known")
        async with live.listening() as listener:
            yield live
            assert listener.resyncs == []
            assert listener.named("stale", "service_removed") == []
            assert {item["from"] for item in listener.data("status_change")} <= {"unknown"}
            assert listener.places == sorted(set(listener.places))
            assert {place.epoch for place in listener.places} == {live.feed.ring.head.epoch}


def jumped(admin: Redis, seconds: int) -> bool:
    """Whether Redis's clock is off by so much."""
    now: int = admin.time()[0]
    return abs(now - time.time() - seconds) < 2


async def go_on(live: Live, services: Services, name: str) -> Position:
    """Some more scans are made, and a new service is told; returns the position after it."""
    before = live.feed.mirror.nodes["n"].scan
    await eventually(
        lambda: live.feed.mirror.nodes["n"].scan >= before + SCANS, message="more scans"
    )
    await services.start(f"{name}.sock", good())
    await eventually(lambda: name in live.names, message=f"{name} is told")
    return live.feed.ring.head


async def test_redis_clock_may_jump(
    launch: Callable[..., RedisServer], services: Services, tmp_path: Path
) -> None:
    """Also against that of the hosts. Leases may run out or last too long: they are held anew."""
    clock = Clock(tmp_path / "clock")
    server = launch(valkey9_binary(), environment=clock.environment)
    async with undisturbed(server, tmp_path / "root") as live:
        with contextlib.closing(client(server.url)) as admin:
            for number, jump in enumerate(JUMPS):
                clock.set(jump)
                await eventually(partial(jumped, admin, jump), message="Redis's clock has jumped")
                await go_on(live, services, f"s{number}")


async def test_a_hosts_clock_may_jump(
    redis7: RedisServer, services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ages are by the monotonic clock and stamps by Redis's, so its own wall clock says nothing."""
    true = time.time
    async with undisturbed(redis7, tmp_path / "root") as live:
        for number, jump in enumerate(JUMPS):
            monkeypatch.setattr(time, "time", lambda jump=jump: true() + jump)
            await go_on(live, services, f"s{number}")
            (record,) = live.feed.mirror.by_name(f"s{number}")
            assert abs(record["first_seen"] / 1000 - true()) < 60


async def test_a_redis_that_was_emptied_with_its_clock_behind_begins_a_later_epoch(
    launch: Callable[..., RedisServer], services: Services, tmp_path: Path
) -> None:
    """The writer knows which epochs it has seen, though Redis forgot."""
    clock = Clock(tmp_path / "clock")
    server = launch(valkey9_binary(), environment=clock.environment)
    async with scanning(server.url, tmp_path / "root"), working(server.url) as live:
        await eventually(lambda: live.names == {"a", "old"}, message="both services are known")
        before = live.feed.ring.head
        clock.set(-HOUR)
        with contextlib.closing(client(server.url)) as admin:
            admin.flushall()
        await eventually(lambda: live.feed.ring.head.epoch > before.epoch, message="a later epoch")
        await eventually(lambda: live.names == {"a", "old"}, message="both are known again")
