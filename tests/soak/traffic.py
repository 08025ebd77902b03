"""What happens on the node: a steady flow of changes, bursts, and real services come and go."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Self

from hero_router.errors import Fenced, StoreError
from hero_router.model import Change, service_id
from hero_router.store.client import connect
from hero_router.store.keys import Keys
from hero_router.store.lease import Grant, Lease
from hero_router.store.registry import Registry
from tests.deploy.callers import serving
from tests.deploy.topology import NODE as SCANNED
from tests.support.records import gone, put, report

NODE, SERVICES = "busy", 12
REAL_SERVICES = 4
QUIET = [f"q{number}" for number in range(8)]
"""Services that never change by themselves: no event puts a record of theirs right. Of so many that
each, once a foreign hand was at it, is left alone for longer than it takes to notice."""
LEAVING = 3
STEP_SECONDS = 0.05
BREATH, BREATH_SECONDS = 60, 0.7
"""After so many changes the flow rests for so long: workers are at one place then."""
REMOVALS = 0.03
"""So many changes of the steady flow are a service that leaves."""

STEP_CHANGES, STEP_PAUSE = 32, 0.01
"""A burst that does not come in one go has parts of so many changes."""

LARGE = "x" * 2_500
"""A burst's events are large, so that a client that stalls is soon behind."""

LEASE_SECONDS = 3600
AGAIN_SECONDS = 0.2


class Traffic:
    """Writes through the product's own store, under the lease of a node of its own."""

    def __init__(self, redis_url: str, window: int, root: Path, chance: Random) -> None:
        self._client = connect(redis_url, name="traffic")
        self._lease = Lease(self._client, Keys(), NODE, "traffic", LEASE_SECONDS)
        self._registry = Registry(self._client, Keys(), window)
        self._root, self._chance = root, chance
        self._grant: Grant | None = None
        self._number = self._reports = 0
        self._services: dict[str, AsyncExitStack] = {}
        self._quiet = deque(QUIET)

    @classmethod
    @asynccontextmanager
    async def on(
        cls, redis_url: str, window: int, root: Path, chance: Random
    ) -> AsyncIterator[Self]:
        """With all services there."""
        traffic = cls(redis_url, window, root, chance)
        try:
            for index in range(REAL_SERVICES):
                await traffic.toggle(index)
            await traffic.renew()
            yield traffic
        finally:
            for service in traffic._services.values():
                await service.aclose()
            await traffic._client.aclose()

    async def flow(self) -> None:
        """One change after another, until cancelled."""
        while True:
            for _ in range(BREATH):
                await self.change()
                await asyncio.sleep(STEP_SECONDS)
            await self._write([])
            await asyncio.sleep(BREATH_SECONDS)

    async def renew(self) -> None:
        """Services that never change are published: with that they are right again."""
        await self._surely([self._put(name) for name in QUIET])

    async def quiet(self) -> str:
        """The id of one of them, published just now: a foreign hand may have taken it before. It is
        the one that was left alone for longest."""
        name = self._quiet[0]
        self._quiet.rotate(-1)
        await self._surely([self._put(name)])
        return service_id(NODE, "default", name)

    async def all_real(self) -> list[str]:
        """Start the real services that do not run; the ids of all, to be found by a scanner."""
        for index in range(REAL_SERVICES):
            if _real(index) not in self._services:
                await self.toggle(index)
        return [service_id(SCANNED, "default", _real(index)) for index in range(REAL_SERVICES)]

    async def change(self) -> None:
        """One service takes its next state, or leaves."""
        name = f"s{self._chance.randrange(SERVICES)}"
        leaves = self._chance.random() < REMOVALS
        await self._write([gone(name, NODE) if leaves else self._put(name)])

    async def leave(self) -> None:
        """Some services leave for good, and the last word is about another one."""
        await self._surely([])
        await self.renew()
        for index in range(1, LEAVING + 1):
            await self._write([gone(f"s{index}", NODE)])
        await self._surely([self._put("s0")])

    async def burst(self, number: int, *, at_once: bool) -> None:
        """So many changes in one go, or in parts that a worker can follow."""
        step = number if at_once else STEP_CHANGES
        for start in range(0, number, step):
            names = [f"s{n % SERVICES}" for n in range(start, min(start + step, number))]
            await self._write([self._put(name, description=LARGE) for name in names])
            await asyncio.sleep(STEP_PAUSE)

    async def toggle(self, index: int) -> None:
        """A real service starts, or ends."""
        name = _real(index)
        if (running := self._services.pop(name, None)) is not None:
            await running.aclose()
            return
        socket = self._root / f"{name}.sock"
        socket.unlink(missing_ok=True)
        self._services[name] = AsyncExitStack()
        await self._services[name].enter_async_context(serving(socket))

    def _put(self, name: str, **fields: str) -> Change:
        self._number += 1
        return put(name, self._number, NODE, **fields)

    async def _surely(self, changes: list[Change]) -> None:
        """Write until Redis has taken it."""
        while not await self._write(changes):
            pass

    async def _write(self, changes: list[Change]) -> bool:
        """Give up what Redis does not take: what it has taken is in its own history. Without any
        change the node's report is written anew, as a scanner's is, for it may have been lost."""
        grant = self._grant
        try:
            if grant is None:
                grant = self._grant = await self._lease.acquire()
                assert grant is not None, "another one writes for our node"
                await self._registry.apply(grant, [], report(node=NODE))
            self._reports += not changes
            told = report(self._reports, NODE) if not changes else None
            await self._registry.apply(grant, changes, told)
        except Fenced:
            if self._grant is grant:  # others write as well, and may have a new one by now
                self._grant = None
        except StoreError:
            await asyncio.sleep(AGAIN_SECONDS)
        else:
            return True
        return False


def _real(index: int) -> str:
    """A real service's name."""
    return f"real-{index % REAL_SERVICES}"
