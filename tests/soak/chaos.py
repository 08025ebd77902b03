"""What goes wrong, and when: a plan made of the seed alone, and the hand that carries it out."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, TypeVar

from tests.soak.bounds import BOUNDS
from tests.soak.client import Client
from tests.soak.foreign import Foreign
from tests.soak.traffic import Traffic
from tests.soak.world import DETOURED, WINDOW, World, pause

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kind:
    """How often something happens in each round, and for how many seconds it lasts."""

    times: int
    shortest: float
    longest: float


KINDS: Mapping[str, Kind] = {
    "worker killed": Kind(2, 0, 0),
    "worker paused": Kind(1, 0.5, 3),
    "web ended": Kind(1, 0.1, 2),
    "scanner killed": Kind(1, 0.1, 3),
    "scanner paused": Kind(1, 1, 5),
    "redis killed": Kind(1, 0.1, 3),
    "power lost": Kind(1, 0.1, 3),
    "clients stalled": Kind(2, 2, 8),
    "clients hung up": Kind(2, 0.5, 6),
    "burst": Kind(4, 0, 0),
    "service toggled": Kind(2, 0, 0),
    "record deleted": Kind(1, 0, 0),
    "record changed": Kind(1, 0, 0),
    "events deleted": Kind(2, 0, 0),
    "keys evicted": Kind(1, 0, 0),
    "half moved": Kind(1, 0, 0),
    "rolled back": Kind(1, 0, 0),
}

FIRST = ("record deleted",)
"""Comes first, so that also a short soak is long enough to see by when it has to be noticed."""

MOST_LOST = 64 * 1024
"""Bytes that Redis loses with its power: a second or two of the steady flow, or part of a burst."""

PAUSE_SECONDS = 0.2, 2.2
"""Between two things that go wrong."""

TRIES, TRY_SECONDS = 5, 2.0
"""What others prevented is tried again so often, with so long a pause after it."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that happens at a moment (seconds from the start), for a while; the other figures
    are in [0, 1) and choose whom it hits and how hard."""

    at: float
    kind: str
    seconds: float
    whom: float
    hard: float


def plan(seed: int, seconds: float) -> list[Act]:
    """Everything that goes wrong in so many seconds: each kind in each round, by chance."""
    chance, acts, now = Random(seed), list[Act](), 0.0
    deck = list(FIRST)
    while True:
        now += chance.uniform(*PAUSE_SECONDS)
        if not deck:
            deck = [name for name, kind in KINDS.items() for _ in range(kind.times)]
            chance.shuffle(deck)
        name = deck.pop()
        lasts = chance.uniform(KINDS[name].shortest, KINDS[name].longest)
        act = Act(now, name, lasts, chance.random(), chance.random())
        if now >= seconds:
            return acts
        if now + lasts <= seconds:
            acts.append(act)


class Chaos:
    """Carries out a plan. `begun` counts by kind what was tried, `skipped` what could not be."""

    def __init__(self, world: World, clients: Sequence[Client], traffic: Traffic) -> None:
        self._world, self._clients, self._traffic = world, clients, traffic
        self.foreign = Foreign(world)
        self.begun, self.skipped = Counter[str](), Counter[str]()

    @property
    def done(self) -> Counter[str]:
        """What has really happened."""
        return self.begun - self.foreign.undone

    @property
    def undone(self) -> list[str]:
        """What was planned and has not happened, how often and, at last, why."""
        why = self.foreign.why
        counts = self.skipped + self.foreign.undone
        return [f"{n} {kind} ({why.get(kind, 'others were at it')})" for kind, n in counts.items()]

    @property
    def faults(self) -> list[str]:
        """Foreign hands that did nothing, as often as they tried: by that nothing was shown."""
        never = [kind for kind in BOUNDS if self.begun[kind] and not self.done[kind]]
        return [f"{kind} was never brought about: {self.foreign.why[kind]}" for kind in never]

    async def run(self, acts: Sequence[Act], seconds: float) -> None:
        """All of it in so many seconds, several things at the same time where they last."""
        clock = asyncio.get_running_loop().time
        start = clock()
        async with asyncio.TaskGroup() as tasks:
            for act in acts:
                await asyncio.sleep(start + act.at - clock())
                if (work := self._begin(act)) is not None:
                    tasks.create_task(work)
            await asyncio.sleep(start + seconds - clock())

    async def make_up(self) -> None:
        """Do what was planned and has not happened, while nothing else goes wrong."""
        for kind in KINDS:
            for _ in range(TRIES):
                if self.done[kind]:
                    break
                act = Act(0.0, kind, KINDS[kind].longest, 0.5, 0.5)
                if (work := self._begin(act)) is not None:
                    await work
                await asyncio.sleep(TRY_SECONDS)

    def _begin(self, act: Act) -> "Work":
        """Begin and count an act; None, counted as skipped, where it cannot be done."""
        work = _DO[act.kind](self, act)
        (self.skipped if work is None else self.begun)[act.kind] += 1
        return work

    def _kill_worker(self, act: Act) -> "Work":
        workers = self._world.workers()
        return _kill(_chosen(workers, act.whom)) if workers else None

    def _pause_worker(self, act: Act) -> "Work":
        workers = self._world.workers()
        return pause(_chosen(workers, act.whom), act.seconds) if workers else None

    def _end_web(self, act: Act) -> "Work":
        return self._end(self._world.topology.instances, signal.SIGTERM, act)

    def _kill_scanner(self, act: Act) -> "Work":
        return self._end(self._world.scanners, signal.SIGKILL, act)

    def _kill_redis(self, act: Act) -> "Work":
        return self._redis_ends(act)

    def _lose_power(self, act: Act) -> "Work":
        return self._redis_ends(act, 1 + int(act.hard * MOST_LOST))

    def _redis_ends(self, act: Act, lost: int = 0) -> "Work":
        return None if self._world.crowded else self._world.kill_redis(act.seconds, lost)

    def _end(self, names: Sequence[str], number: signal.Signals, act: Act) -> "Work":
        free = self._world.free(names)
        return self._world.end(_chosen(free, act.whom), number, act.seconds) if free else None

    def _pause_scanner(self, act: Act) -> "Work":
        free = self._world.free(self._world.scanners)
        return self._world.pause(_chosen(free, act.whom), act.seconds) if free else None

    def _stall(self, act: Act) -> "Work":
        """Much happens meanwhile, or a client that does not read would not even be behind."""
        stalls = [client.stall(act.seconds) for client in self._some(act)]
        return _all([*stalls, self._traffic.burst(2 * WINDOW, at_once=act.whom < 0.5)])

    def _hang_up(self, act: Act) -> "Work":
        for client in self._some(act):
            client.hang_up(act.seconds)
        return asyncio.sleep(act.seconds)

    def _some(self, act: Act) -> Sequence[Client]:
        """Up to half of the clients."""
        number = 1 + int(act.hard * len(self._clients) / 2)
        return Random(act.whom).sample(self._clients, number)

    def _burst(self, act: Act) -> "Work":
        """Up to three times the window."""
        return self._traffic.burst(1 + int(act.hard * 3 * WINDOW), at_once=act.whom < 0.5)

    def _toggle(self, act: Act) -> "Work":
        return self._traffic.toggle(int(act.whom * 1000))

    async def _delete_record(self, _: Act) -> None:
        await self.foreign.delete_record(await self._traffic.quiet())

    async def _change_record(self, _: Act) -> None:
        await self.foreign.change_record(await self._traffic.quiet())

    def _delete_events(self, act: Act) -> "Work":
        return self.foreign.delete_events(Random(act.whom))

    def _evict(self, act: Act) -> "Work":
        return self.foreign.evict(Random(act.whom))

    def _half_move(self, _: Act) -> "Work":
        """Whoever is led away stays there for as long as it wants: nothing else brings it back."""
        if self._world.crowded:
            return None
        return self._world.undisturbed(self.foreign.half_move, "redis", DETOURED)

    def _roll_back(self, act: Act) -> "Work":
        if self._world.crowded:
            return None
        work = partial(self.foreign.roll_back, 1 + int(act.hard * MOST_LOST))
        return self._world.undisturbed(work, "redis")


Work = Coroutine[Any, Any, Any] | None

_DO: Mapping[str, Callable[[Chaos, Act], Work]] = {
    "worker killed": Chaos._kill_worker,
    "worker paused": Chaos._pause_worker,
    "web ended": Chaos._end_web,
    "scanner killed": Chaos._kill_scanner,
    "scanner paused": Chaos._pause_scanner,
    "redis killed": Chaos._kill_redis,
    "power lost": Chaos._lose_power,
    "clients stalled": Chaos._stall,
    "clients hung up": Chaos._hang_up,
    "burst": Chaos._burst,
    "service toggled": Chaos._toggle,
    "record deleted": Chaos._delete_record,
    "record changed": Chaos._change_record,
    "events deleted": Chaos._delete_events,
    "keys evicted": Chaos._evict,
    "half moved": Chaos._half_move,
    "rolled back": Chaos._roll_back,
}


def _chosen(items: Sequence[T], share: float) -> T:
    return items[int(share * len(items))]


async def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


async def _all(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    await asyncio.gather(*works)
