"""The soak: a real deployment, 200 clients and everything that goes wrong, for so many seconds.

Afterwards all comes to rest, and the clients' logs are judged against what Redis has kept.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from hero_router.store.client import connect
from hero_router.store.keys import Keys
from hero_router.store.snapshot import Snapshot
from hero_router.store.stream_reader import Stream
from hero_router.strict_json import decode
from tests.soak.aof import history
from tests.soak.balance import Balance
from tests.soak.calm import calm
from tests.soak.chaos import Chaos, plan
from tests.soak.client import Client, following
from tests.soak.log import Log, fingerprint
from tests.soak.sampler import Sampler
from tests.soak.snapshots import unlike
from tests.soak.traffic import Traffic
from tests.soak.truth import Truth, is_dense, with_lost
from tests.soak.validators import VALIDATORS, Fault
from tests.soak.world import WINDOW, World
from tests.support.background import meanwhile
from tests.support.wait import eventually

CLIENTS = 200
SETTLE_SECONDS = 60.0
"""In which every client has to show what the registry holds, once nothing more happens."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a validator finds wrong in a log."""

    log: Log
    validator: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a soak.

    `troubles` are of the deployment itself: books that did not balance in one of `looks`, instances
    that tell another state. `moments` are what was wrong in the meantime, `figures` how much was
    looked at. `times` are when it began, ran, had come to rest and was judged. `done` counts what
    went wrong by kind, `undone` tells what should have.
    """

    seed: int
    logs: Sequence[Log]
    truth: Truth
    done: Counter[str]
    troubles: Sequence[str]
    looks: int
    findings: Sequence[Finding]
    moments: Sequence[str]
    figures: Mapping[str, object]
    times: Sequence[float]
    undone: Sequence[str] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.findings or self.troubles or self.moments)


async def soak(folder: Path, seed: int, seconds: float, clients: int = CLIENTS) -> Outcome:
    """Run one; `folder` has the processes' files and logs."""
    world, times = World(folder), [time.monotonic()]
    try:
        await world.start()
        times.append(time.monotonic())
        async with following(world.topology.url, clients) as followers:
            sampler = Sampler(world, followers)
            end = await _endure(world, followers, seed, seconds, sampler)
            troubles, looks, chaos, snapshot = end
        # Long, and meanwhile this process's services do not answer: scanners may find them dead.
        truth = await asyncio.to_thread(_truth, world, snapshot)
    finally:
        await asyncio.to_thread(world.close)
    times.append(time.monotonic())
    logs = [client.log for client in followers]
    truth = with_lost(truth, world.cut_off, logs)
    faults = judge(logs, truth)
    times.append(time.monotonic())
    return Outcome(
        seed=seed,
        logs=logs,
        truth=truth,
        done=chaos.done,
        troubles=troubles,
        looks=looks,
        findings=faults,
        moments=sampler.faults,
        figures=sampler.figures,
        times=times,
        undone=chaos.undone,
    )


def judge(logs: Sequence[Log], truth: Truth) -> Sequence[Finding]:
    """What all validators find in all logs."""
    return [
        Finding(log, name, fault)
        for name, validator in VALIDATORS.items()
        for log in logs
        for fault in validator(log, truth)
    ]


async def _endure(
    world: World, clients: Sequence[Client], seed: int, seconds: float, sampler: Sampler
) -> tuple[Sequence[str], int, Chaos, Snapshot]:
    """Everything that happens while the clients follow; in the end all is at rest."""
    books, topology = Balance(world), world.topology
    await eventually(
        lambda: all(client.dashboard.place for client in clients),
        message="all clients are greeted",
    )
    async with Traffic.on(topology.redis_url, WINDOW, topology.root, Random(seed)) as traffic:
        chaos = Chaos(world, clients, traffic)
        async with (
            meanwhile(sampler.run()),
            meanwhile(traffic.flow()),
            meanwhile(books.watch()),
        ):
            await chaos.run(plan(seed, seconds), seconds)
            await topology.heal()
            await chaos.make_up()
            await topology.heal()
            troubles = [*chaos.faults, *await calm(chaos.foreign, traffic, clients)]
        await traffic.leave()
        snapshot = await _rest(world, clients)
        await books.at_rest()
        addresses = {name: topology.address(name) for name in topology.instances}
        troubles += [*books.faults, *await unlike(_registry(snapshot), addresses)]
    return troubles, books.looks, chaos, snapshot


async def _rest(world: World, clients: Sequence[Client]) -> Snapshot:
    """Wait until all clients have all, then tell what Redis holds. Who has not is left to the
    judges.

    Scanners may still find something: then the clients get that too.
    """
    connection = connect(world.topology.redis_url, name="truth")
    try:
        stream = Stream(connection, Keys())

        async def is_quiet() -> bool:
            head = await stream.head()
            return all(client.settled(head) for client in clients) and head == await stream.head()

        async def is_written() -> bool:
            return bool((await connection.info("persistence"))["aof_buffer_length"] == 0)

        with suppress(AssertionError):
            await eventually(is_quiet, SETTLE_SECONDS, "every client has everything")
        snapshot = await stream.load()
        await eventually(is_written, SETTLE_SECONDS, "Redis has written its file")
        return snapshot
    finally:
        await connection.aclose()


def _registry(snapshot: Snapshot) -> Mapping[str, str]:
    """What it says of each service, by id."""
    services = snapshot.services or {}
    return {key: fingerprint(decode(text)) for key, text in services.items()}


def _truth(world: World, snapshot: Snapshot) -> Truth:
    """The file's history up to a snapshot, and the registry then."""
    found = list(history(world.redis_folder))
    events = [event for event in found if event.place <= snapshot.head]
    kept = [event.position for event in snapshot.window]
    told = [event.place for event in events if event.place not in world.deleted][-len(kept) :]
    assert told == kept, (
        f"the history, {told[0]} to {told[-1]} of {len(found)}, is not the stream's, "
        f"{kept[0]} to {kept[-1]}"
    )
    assert is_dense(events), "the history has a gap"
    return Truth(
        events,
        _registry(snapshot),
        WINDOW,
        deleted=frozenset(world.deleted),
        troubles=tuple(world.troubles),
    )
