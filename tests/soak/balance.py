"""Whether each worker's books balance: no delivery may vanish without being counted."""

import asyncio
import time
from functools import partial

from tests.soak.world import WORKERS, World
from tests.support.scrape import Scrape
from tests.support.wait import eventually

LOOK_SECONDS = 2.0

OLD_SECONDS = 5.0
"""Figures are written each second. A worker that no longer does it has books that always balance.
"""


def imbalances(scrape: Scrape) -> list[float]:
    """How far the books of each worker are off, if they are: at no moment may they be."""
    return [value for value in scrape.values("unaccounted") if value]


def unrest(scrape: Scrape | None, now: float) -> str:
    """Why an instance is not at rest, with all its workers and nothing pending; "" if it is."""
    if scrape is None:
        return "it does not answer"
    books, pending = scrape.values("unaccounted"), scrape.values("deliveries_pending")
    written = scrape.values("worker_tick_timestamp_seconds")
    if any(now - at > OLD_SECONDS for at in written):
        return f"the books are of {written}, now it is {now}"
    if (books, pending) == ([0] * WORKERS, [0]) and len(written) == WORKERS:
        return ""
    lag, blocked = (scrape.values("cursor_lag_events"), scrape.values("clients", state="blocked"))
    return f"the books are off by {books}, {pending} are pending: {blocked} are blocked, lag {lag}"


class Balance:
    """Looks at all instances; `faults` tells of each worker whose books did not balance."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._found = ""
        self.looks = 0
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
                await eventually(rests, message=f"{name} is at rest")
            except AssertionError as error:
                self.faults.append(f"{error}; {self._found}")

    async def _is_at_rest(self, name: str) -> bool:
        self._found = unrest(await self._look(name), time.time())
        return not self._found

    async def _look(self, name: str) -> Scrape | None:
        scrape = await self._world.scrape(name)
        if scrape is not None:
            self.looks += len(scrape.values("unaccounted"))
            off = imbalances(scrape)
            self.faults += [f"{name}: the books of a worker are off by {by:g}" for by in off]
        return scrape
