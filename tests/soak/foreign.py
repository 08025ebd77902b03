"""The foreign hand: what somebody else, or Redis itself, does to our keys in the soak's Redis.

Each act notes its trouble: by that the judges of every moment know when it was and what it touched.
"""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hero_router.codec import decode, encode
from hero_router.position import Position
from hero_router.store.client import text
from hero_router.store.keys import Keys
from tests.soak.aof import cut_off
from tests.soak.bounds import Trouble
from tests.soak.detour import SOURCE
from tests.soak.world import World
from tests.support.redis import RedisServer, redis7_binary
from tests.support.replication import ask
from tests.support.wait import eventually

KEYS = Keys()

FEW = 5
"""Events that are deleted from the window in one go; the newest is one of them."""

EVICTION_SECONDS = 2.0
PAUSE_MS = 5_000
"""Writes to Redis are held back for so long at most while a failover is staged."""

MOVED_SECONDS = 20.0
"""In which the tail that was led away has to come back."""

DONE = (RedisError, OSError, AssertionError)
"""Redis is killed at the same time: then nothing more is done to it."""


class Foreign:
    """Does one thing at a time; what cannot be done just now is not done."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._one = asyncio.Lock()

    async def delete_record(self, chance: Random, quiet: Collection[str]) -> None:
        """HDEL of one record that no event is about to put right."""
        service = chance.choice(sorted(quiet))
        async with self._acting("record deleted", {service}) as redis:
            await redis.hdel(KEYS.services, service)

    async def change_record(self, chance: Random, quiet: Collection[str]) -> None:
        """HSET of one record with another status: of any node, the scanners' too."""
        async with self._acting("record changed", {*quiet}) as redis:
            held = {text(key): raw for key, raw in (await redis.hgetall(KEYS.services)).items()}
            records: dict[str, Any] = {key: decode(text(raw)) for key, raw in held.items()}
            host = [key for key, record in records.items() if record["node"] == "host"]
            chosen = sorted({*host, *(quiet & records.keys())})
            if chosen:
                service = chance.choice(chosen)
                self._touch({service})
                wrong = {**records[service], "status": "degraded", "reason": "a foreign hand"}
                await redis.hset(KEYS.services, service, encode(wrong))

    async def delete_events(self, chance: Random) -> None:
        """XDEL of some events of the window, and of the newest one."""
        async with self._acting("events deleted", ()) as redis:
            ids = [text(raw) for raw, _ in await redis.xrange(KEYS.events) or ()]
            for one in [*chance.sample(ids, min(FEW, len(ids))), *ids[-1:]]:
                place = Position.parse(one)
                assert place is not None
                self._world.deleted.add(place)
                await redis.xdel(KEYS.events, one)

    async def evict(self, chance: Random) -> None:
        """Redis evicts keys by chance: it is told that its memory is full, for a moment. One of
        the keys that matter is taken where it chose others."""
        async with self._acting("keys evicted", None) as redis:
            before = int((await redis.info("stats"))["evicted_keys"])
            used = int((await redis.info("memory"))["used_memory"])
            try:
                await redis.config_set("maxmemory-policy", "allkeys-random")
                await redis.config_set("maxmemory", used - 1)
                for _ in range(int(EVICTION_SECONDS / 0.02)):
                    if int((await redis.info("stats"))["evicted_keys"]) > before:
                        break
                    await asyncio.sleep(0.02)
            finally:
                await redis.config_set("maxmemory", 0)
                await redis.config_set("maxmemory-policy", "noeviction")
            await redis.delete(chance.choice([KEYS.services, KEYS.events, KEYS.nodes, KEYS.meta]))

    async def roll_back(self, size: int) -> None:
        """Data go back under the same run_id, as after a failover there and back: what was written
        last is taken from Redis's file, and Redis loads that anew."""
        async with self._acting("rolled back", None) as redis:
            await _ask(redis, "CLIENT", "PAUSE", PAUSE_MS, "WRITE")
            try:
                await eventually(lambda: _is_written(redis), 2, "Redis has written its file")
                self._world.cut_off += cut_off(self._world.redis_folder, size)
                await _ask(redis, "DEBUG", "LOADAOF")
            finally:
                await _ask(redis, "CLIENT", "UNPAUSE")

    async def half_move(self) -> None:
        """One worker's tail alone is led to another primary that has all data until now and lives
        on; all others, and that worker's other connections, stay."""
        other = RedisServer(redis7_binary(), tcp=True)
        try:
            async with self._acting("half moved", None) as redis:
                await _ask(redis, "CLIENT", "PAUSE", PAUSE_MS, "WRITE")
                try:
                    await redis.save()
                    shutil.copy(self._world.redis_folder / "dump.rdb", other.folder)
                    await asyncio.to_thread(other.start)
                    self._world.detour.target = other.port
                    await self._move_tail(redis, other)
                finally:
                    self._world.detour.target = self._world.topology.redis_port
                    await _ask(redis, "CLIENT", "UNPAUSE")
            with suppress(*DONE):
                await eventually(lambda: not _tails(other), MOVED_SECONDS, "the tail is back")
        finally:
            await asyncio.to_thread(other.close)

    async def _move_tail(self, redis: Redis, other: RedisServer) -> None:
        listed = text(await _ask(redis, "CLIENT LIST", NEVER_DECODE=True))
        tails = [line.split()[0][3:] for line in listed.splitlines() if _is_tail(line)]
        for one in tails[:1]:
            await _ask(redis, "CLIENT", "KILL", "ID", one)
            await eventually(lambda: _tails(other), 3, "the tail is on the other primary")

    def _touch(self, services: Collection[str] | None) -> None:
        begun = self._world.troubles.pop()
        self._world.troubles.append(Trouble(begun.kind, begun.begin, begun.end, services))

    @asynccontextmanager
    async def _acting(self, kind: str, services: Collection[str] | None) -> AsyncIterator[Redis]:
        """A connection to Redis for one act, which is noted; that of a Redis that runs."""
        redis = Redis.from_url(self._world.topology.redis_url, socket_timeout=5)
        async with self._one:
            now = time.time()
            self._world.troubles.append(Trouble(kind, now, now, services))
            try:
                with suppress(*DONE):
                    yield redis
            finally:
                begun = self._world.troubles.pop()
                ended = Trouble(kind, begun.begin, time.time(), begun.services)
                self._world.troubles.append(ended)
                with suppress(*DONE):
                    await redis.aclose()


async def _ask(redis: Redis, *words: object, **how: object) -> Any:
    """One command that the library has no name for."""
    return await redis.execute_command(*words, **how)  # type: ignore[no-untyped-call] # its own


async def _is_written(redis: Redis) -> bool:
    return bool((await redis.info("persistence"))["aof_buffer_length"] == 0)


def _is_tail(line: str) -> bool:
    return " name=tail " in line and f" addr={SOURCE}:" in line


def _tails(server: RedisServer) -> list[str]:
    """The tails that are connected to a server."""
    listed = bytes(ask(server, "CLIENT", "LIST")).decode()
    return [line for line in listed.splitlines() if " name=tail " in line]
