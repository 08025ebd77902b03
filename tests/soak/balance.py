"""Whether each worker's books balance: no delivery may vanish without being counted."""

import asyncio
from functools import partial

from tests.soak.world import WORKERS, World
from tests.support.wait import eventually

LOOK_SECONDS = 2.0
REST_SECONDS = 15.0


class Balance:
    """Looks at all instances; `faults` tells of each worker whose books did not balance."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.looks, self._found = 0, ""
        self.faults: list[str] = []

    async def watch(self) -> None:
        """Look again and again, until cancelled; who does not answer just now is passed over."""
        while True:
            for name in self._world.topology.instances:
                await self._look(name)
            await asyncio.sleep(LOOK_SECONDS)

    async def at_rest(self) -> None:
        """All workers run, have nothing pending, and their books balance."""
        for name in self._world.topology.instances:
            rests = partial(self._is_at_rest, name)
            try:
                await eventually(rests, REST_SECONDS, f"{name} is at rest")
            except AssertionError as error:
                self.faults.append(f"{error}; {self._found}")

    async def _is_at_rest(self, name: str) -> bool:
        scrape = await self._world.scrape(name)
        if scrape is None:
            self._found = "it does not answer"
            return False
        books, pending = scrape.values("balance"), scrape.values("deliveries_pending")
        self._found = f"the books are off by {books}, {pending} are pending"
        self.looks += len(books)
        return (books, pending) == ([0] * WORKERS, [0])

    async def _look(self, name: str) -> None:
        scrape = await self._world.scrape(name)
        values = [] if scrape is None else scrape.values("balance")
        self.looks += len(values)
        for value in values:
            if value:
                self.faults.append(f"{name}: the books of a worker are off by {value:g}")
