"""A foreign hand changes records inside the registry: workers and clients end with one truth.

Real Redis, scanner and workers; scans and audits are only quicker than usual.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from hero_router.feed import audit, node_monitor
from hero_router.scan import scan_cycle
from hero_router.store import stream_reader
from hero_router.store.keys import Keys
from hero_router.strict_json import decode, encode
from tests.failover.witness import witnessing
from tests.scan.services import Services, good
from tests.support.hand import Hand
from tests.support.redis import RedisServer, client
from tests.support.wait import eventually
from tests.web.live import Live, scanning, working

KEYS = Keys()
NEVER = 10_000


@pytest.fixture
def admin(redis7: RedisServer) -> Iterator[Redis]:
    """The foreign hand."""
    with contextlib.closing(client(redis7.url)) as harming:
        yield harming


@pytest.fixture
async def services(services: Services) -> Services:
    """Two services on sockets."""
    for name in ("a.sock", "b.sock"):
        await services.start(name, good())
    return services


@pytest.fixture
async def live(
    redis7: RedisServer, services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Live]:
    """A worker beside a scanner. It never audits: what it knows, it knows from events."""
    monkeypatch.setattr(audit, "AUDIT_SECONDS", NEVER)
    monkeypatch.setattr(scan_cycle, "WHOLE_SCANS", 3)
    monkeypatch.setattr(node_monitor, "WATCH_SECONDS", 0.1)
    async with scanning(redis7.url, tmp_path), working(redis7.url) as worker:
        await eventually(lambda: knows(worker, {"a", "b"}), message="both are known")
        await eventually(lambda: worker.scans > 0, message="a scan is over")
        scan = worker.scans
        await eventually(lambda: worker.scans > scan + 1, message="it is quiet")
        yield worker


def knows(live: Live, names: set[str]) -> bool:
    """These services, all of them healthy."""
    return live.statuses == dict.fromkeys(names, "healthy")


def records(admin: Redis) -> dict[str, Any]:
    """The registry, by name."""
    found = [decode(text) for text in admin.hvals(KEYS.services)]
    return {item["name"]: item for item in found}


def take(admin: Redis, name: str) -> None:
    """HDEL of one service."""
    admin.hdel(KEYS.services, records(admin)[name]["id"])


async def test_a_record_that_is_gone_is_written_again_with_its_event(
    live: Live, admin: Redis
) -> None:
    async with live.listening() as listener:
        take(admin, "a")
        await eventually(lambda: records(admin).keys() == {"a", "b"}, message="it is back")
        (added,) = await listener.hears_of("service_added")
        assert added["service"]["name"] == "a"
        assert listener.resyncs == []


async def test_a_registry_that_is_gone_is_written_again(live: Live, admin: Redis) -> None:
    async with live.listening() as listener:
        admin.delete(KEYS.services)
        await eventually(lambda: records(admin).keys() == {"a", "b"}, message="they are back")
        await listener.hears_of("service_added", 2)


async def test_a_record_with_another_value_is_put_right_with_an_event(
    live: Live, admin: Redis
) -> None:
    """Head and number of records are as they were: only a read of the whole tells."""
    right = records(admin)["a"]
    async with live.listening() as listener:
        wrong = {**right, "status": "unhealthy", "reason": "x"}
        admin.hset(KEYS.services, right["id"], encode(wrong))
        await listener.hears_of("status_change")
        assert records(admin)["a"]["status"] == "healthy"
        assert knows(live, {"a", "b"})


async def test_a_service_that_leaves_while_its_record_is_gone_is_told_to_be_gone(
    live: Live, admin: Redis, services: Services
) -> None:
    async with live.listening() as listener:
        key = records(admin)["a"]["id"]
        await services.stop("a.sock", unlink=True)
        admin.hdel(KEYS.services, key)  # a quick scanner may have taken it out already
        (removed,) = await listener.hears_of("service_removed")
        assert removed["name"] == "a"
        assert knows(live, {"b"})


async def test_two_workers_end_with_one_state_though_nobody_can_write_it_again(
    redis7: RedisServer, admin: Redis, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The node is dead. One worker read the registry before the hand came, the other one after."""
    for name, seconds in (("AUDIT_SECONDS", 0.5), ("AGAIN_SECONDS", 1.0)):
        monkeypatch.setattr(audit, name, seconds)
    monkeypatch.setattr(stream_reader, "BLOCK_SECONDS", 0.2)
    async with working(redis7.url) as first, witnessing(first) as witness:
        await witness.agrees(hand, place := await hand.change("s1"))
        take(admin, "s0")
        async with working(redis7.url) as second, second.listening() as listener:
            assert second.names == {"s1", "s2"}
            await eventually(lambda: first.names == second.names, message="they are one")
            states = [await each.state() for each in (first, second)]
            assert states[0]["services"] == states[1]["services"]
            assert {state["cursor"] for state in states} == {str(place)}
            await eventually(lambda: witness.resyncs == [None] * 2, message="it is told twice")
            await witness.agrees(hand, place)
            assert listener.resyncs == []


async def test_a_busy_worker_finds_the_difference_all_the_same(
    redis7: RedisServer, admin: Redis, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events never cease, so it never stands where it stood when it asked."""
    monkeypatch.setattr(audit, "AUDIT_SECONDS", 0.4)
    async with working(redis7.url) as live, live.listening() as listener:
        await live.reaches(await hand.change("s1"))
        busy = asyncio.create_task(_busy(hand))
        take(admin, "s0")
        await eventually(lambda: live.names == {"s1", "s2"}, message="it is found")
        busy.cancel()
        await asyncio.gather(busy, return_exceptions=True)
        await eventually(
            lambda: (None, "store_changed") in listener.resyncs, message="its client is told"
        )


async def _busy(hand: Hand) -> None:
    while True:
        await hand.change("s1")


async def test_a_scanner_says_how_to_free_its_node_from_a_lease_that_never_ends(
    redis7: RedisServer, admin: Redis, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    admin.set(KEYS.lease("n"), "junk")
    async with scanning(redis7.url, tmp_path):
        command = f"redis-cli DEL '{KEYS.lease('n')}'"
        await eventually(lambda: command in caplog.text, message="it says so")
        admin.delete(KEYS.lease("n"))
        await eventually(lambda: admin.hexists(KEYS.nodes, "n"), message="it scans")


async def test_a_scanner_says_how_to_go_on_after_an_id_beyond_all_clocks(
    redis7: RedisServer,
    admin: Redis,
    services: Services,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    admin.xadd(KEYS.events, {"x": "y"}, id=f"{2**64 - 1}-{2**64 - 1}")
    async with scanning(redis7.url, tmp_path), working(redis7.url) as live:
        command = f"redis-cli DEL '{KEYS.events}'"
        await eventually(lambda: command in caplog.text, message="it says so")
        admin.delete(KEYS.events)
        await eventually(lambda: knows(live, {"a", "b"}), message="all goes on")
