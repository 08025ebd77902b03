"""The foreign hand: what somebody else, or Redis itself, does to our keys in the soak's Redis.

Each act notes its trouble: by that the judges of every moment know when it was and what it touched.
"""

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from random import Random
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hero_router.position import Position
from hero_router.store.client import text
from hero_router.store.keys import Keys
from hero_router.strict_json import decode, encode
from tests.soak.aof import cut_off
from tests.soak.bounds import MOVED_SECONDS, Trouble
from tests.soak.detour import SOURCE
from tests.soak.world import DEBUG, World
from tests.support.redis import RedisServer, redis7_binary
from tests.support.replication import ask
from tests.support.wait import eventually

KEYS = Keys()

FEW = 5
"""Events that are deleted from the window in one go; the newest is one of them."""

EVICTION_SECONDS = 2.0
PAUSE_MS = 20_000
"""Writes to Redis are held back for so long at most while a failover is staged."""

STAY_SECONDS = MOVED_SECONDS + 8.0
"""So long the other primary lives at most: longer than anybody may be deceived by it."""

FOLLOWED_SECONDS = 15.0
"""In which Redis answers, and a tail is there to be led away: either may just be starting."""

UNDONE = (RedisError, OSError, AssertionError)
"""Redis is killed at the same time, or there is nothing to do it to: then it is counted."""

MARK = "a foreign hand"
"""The reason in a record that was changed by it."""


class Foreign:
    """Does one thing at a time. `undone` counts by kind what could not be done, `why` says why."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._one = asyncio.Lock()
        self.undone, self.why = Counter[str](), dict[str, str]()

    async def delete_record(self, service: str) -> None:
        """HDEL of one record; the caller sees to it that no event is about to put it right."""
        async with self._acting("record deleted", {service}) as redis:
            assert await redis.hdel(KEYS.services, service), "the record is not there"

    async def change_record(self, service: str) -> None:
        """HSET of one record with another status."""
        async with self._acting("record changed", {service}) as redis:
            raw = await redis.hget(KEYS.services, service)
            assert raw is not None, "the record is not there"
            record: Any = decode(text(raw))
            wrong = {**record, "status": "degraded", "reason": MARK}
            await redis.hset(KEYS.services, service, encode(wrong))

    async def marked(self) -> set[str]:
        """The ids of the records that are still as `change_record` left them."""
        async with Redis.from_url(self._world.topology.redis_url, socket_timeout=5) as redis:
            held = await redis.hgetall(KEYS.services)
        return {text(key) for key, raw in held.items() if MARK in text(raw)}

    async def delete_events(self, chance: Random) -> None:
        """XDEL of some events of the window, and of the newest one."""
        async with self._acting("events deleted", ()) as redis:
            ids = [text(raw) for raw, _ in await redis.xrange(KEYS.events) or ()]
            assert ids, "the stream is empty"
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
            records = await redis.hlen(KEYS.services)
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
            if await redis.hlen(KEYS.services) < records / 2:
                self._note(kind="records evicted")

    async def roll_back(self, size: int) -> None:
        """Data go back under the same run_id, as after a failover there and back: what was written
        last is taken from Redis's file, and Redis loads that anew."""
        async with self._acting("rolled back", None) as redis:
            await _ask(redis, "CLIENT", "PAUSE", PAUSE_MS, "WRITE")
            try:
                await eventually(lambda: _is_written(redis), message="Redis has written its file")
                self._world.cut_off += cut_off(self._world.redis_folder, size)
                await _ask(redis, "DEBUG", "LOADAOF")
            finally:
                await _ask(redis, "CLIENT", "UNPAUSE")

    async def half_move(self) -> None:
        """One worker's tail alone is led to another primary that has all data until now and lives
        on; all others, and that worker's other connections, stay."""
        other = RedisServer(redis7_binary(), *DEBUG, tcp=True)
        try:
            async with self._acting("half moved", None) as redis:
                tail = await eventually(lambda: _tail(redis), FOLLOWED_SECONDS, "a tail follows")
                await _ask(redis, "CLIENT", "PAUSE", PAUSE_MS, "WRITE")
                try:
                    await redis.save()
                    shutil.copy(self._world.redis_folder / "dump.rdb", other.folder)
                    await asyncio.to_thread(other.start)
                    self._world.detour.target = other.port
                    await redis.client_kill_filter(_id=tail)
                    await eventually(
                        lambda: _tails(other), message="the tail is on the other primary"
                    )
                finally:
                    self._world.detour.target = self._world.topology.redis_port
                    await _ask(redis, "CLIENT", "UNPAUSE")
            with suppress(*UNDONE):  # whoever stayed there is seen by the judges
                await eventually(lambda: not _tails(other), STAY_SECONDS, "the tail is back")
        finally:
            await asyncio.to_thread(other.close)

    def _note(self, **changes: Any) -> None:
        """Mend what is noted of the present act."""
        self._world.troubles.append(replace(self._world.troubles.pop(), **changes))

    @asynccontextmanager
    async def _acting(self, kind: str, services: Collection[str] | None) -> AsyncIterator[Redis]:
        """A connection to Redis for one act, which is noted; that of a Redis that runs."""
        redis = Redis.from_url(self._world.topology.redis_url, socket_timeout=5)
        async with self._one:
            now = time.time()
            self._world.troubles.append(Trouble(kind, now, now, services))
            try:
                await eventually(lambda: _answers(redis), FOLLOWED_SECONDS, "Redis answers")
                self._note(begin=time.time())
                yield redis
            except UNDONE as error:
                self.undone[kind] += 1
                self.why[kind] = str(error)
            finally:
                self._note(end=time.time())
                with suppress(*UNDONE):
                    await redis.aclose()


async def _ask(redis: Redis, *words: object) -> Any:
    """One command that the library has no name for."""
    return await redis.execute_command(*words)  # type: ignore[no-untyped-call] # its own


async def _answers(redis: Redis) -> bool:
    try:
        return bool(await redis.echo("here"))
    except (RedisError, OSError):
        return False


async def _is_written(redis: Redis) -> bool:
    return bool((await redis.info("persistence"))["aof_buffer_length"] == 0)


async def _tail(redis: Redis) -> str | None:
    """The connection, by id, of a tail that comes by the detour."""
    listed: Sequence[Mapping[str, str]] = await redis.client_list()
    tails = [one for one in listed if one["name"] == "tail"]
    return next((one["id"] for one in tails if one["addr"].startswith(f"{SOURCE}:")), None)


def _tails(server: RedisServer) -> list[str]:
    """The tails that are connected to a server."""
    listed = bytes(ask(server, "CLIENT", "LIST")).decode()
    return [line for line in listed.splitlines() if " name=tail " in line]
