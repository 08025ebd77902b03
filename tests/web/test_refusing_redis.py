"""Scanner and worker on a Redis that begins to refuse: it is told, and nobody asks in a hot loop.

And all is well again by itself once Redis is.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from hero_router.feed import node_monitor, tail
from tests.scan.services import Services, good
from tests.support.redis import RedisServer, client
from tests.support.wait import eventually
from tests.web.live import Live, scanning, working

PASSWORD = "hunter2-secret"
COUNTED_SECONDS = 0.8
MOST_CALLS = 190
"""In a second, of scanner and worker together; a loop without a pause would make thousands."""


@dataclass(frozen=True)
class Refusal:
    """A state of Redis: how it begins and ends, and what clients are told."""

    begin: Callable[[Redis], Any]
    end: Callable[[Redis], Any]
    told: str


def _cut(admin: Redis) -> None:
    """Redis asks for its password, and counts its clients, when they connect."""
    admin.client_kill_filter(skipme=True)


def lock(admin: Redis) -> None:
    admin.config_set("requirepass", PASSWORD)
    _cut(admin)


def crowd(admin: Redis) -> None:
    admin.config_set("maxclients", 1)
    _cut(admin)


LOST = " node n"
"""Its scanner is silent or, once its lease ran out, there is none: either may be told first."""

REFUSALS = {
    "a password is wanted": Refusal(
        lock, lambda admin: admin.config_set("requirepass", ""), "wants a password"
    ),
    "too many clients": Refusal(
        crowd, lambda admin: admin.config_set("maxclients", 1000), "Redis "
    ),
    "out of memory": Refusal(
        lambda admin: admin.config_set("maxmemory", 1),
        lambda admin: admin.config_set("maxmemory", 0),
        LOST,
    ),
    "too few replicas": Refusal(
        lambda admin: admin.config_set("min-replicas-to-write", 1),
        lambda admin: admin.config_set("min-replicas-to-write", 0),
        "no scanner is running for node n",
    ),
    "a read-only replica": Refusal(
        lambda admin: admin.replicaof("127.0.0.1", "1"),
        lambda admin: admin.replicaof("NO", "ONE"),
        "no scanner is running for node n",
    ),
}


@pytest.fixture
def admin(redis7: RedisServer) -> Iterator[Redis]:
    """Who makes Redis refuse, over a connection that was let in before."""
    with contextlib.closing(client(redis7.url)) as found:
        found.ping()
        yield found


@pytest.fixture
async def live(
    redis7: RedisServer, services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Live]:
    """A worker beside a scanner, who both know one service."""
    monkeypatch.setattr(node_monitor, "GRACE_SECONDS", 0.6)
    monkeypatch.setattr(node_monitor, "WATCH_SECONDS", 0.2)
    monkeypatch.setattr(tail, "MAX_BACKOFF_SECONDS", 1.0)
    await services.start("a.sock", good())
    async with scanning(redis7.url, tmp_path), working(redis7.url) as worker:
        await eventually(lambda: worker.names == {"a"}, message="a is known")
        yield worker


def calls(admin: Redis) -> int:
    """What Redis was asked so far, by connections and commands, refused ones too."""
    found = admin.info("stats")
    names = ("total_connections_received", "total_commands_processed", "rejected_connections")
    return sum(int(found[name]) for name in names)


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
async def test_a_refusal_is_told_nobody_asks_without_a_pause_and_all_recover(
    live: Live,
    services: Services,
    admin: Redis,
    refusal: Refusal,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with live.listening() as listener:
        refusal.begin(admin)
        try:
            await eventually(
                lambda: any(refusal.told in item["detail"] for item in listener.data("stale")),
                message="the client is told why",
            )
            await services.start("b.sock", good())
            before, began = calls(admin), time.monotonic()
            await asyncio.sleep(COUNTED_SECONDS)
            made = calls(admin) - before
            assert made < MOST_CALLS * (time.monotonic() - began)
            assert live.names == {"a"}
        finally:
            refusal.end(admin)
        await eventually(lambda: live.names == {"a", "b"}, message="b is known too")
        await eventually(lambda: not live.feed.conditions.current, message="nothing is doubtful")
        assert listener.resyncs == []
    assert PASSWORD not in caplog.text
    warnings = [item for item in caplog.records if item.levelname == "WARNING"]
    assert 0 < len(warnings) < 20, caplog.text
