"""Each time that a script tells is the millisecond by Redis's clock in which it ran."""

import time
from collections.abc import Awaitable, Callable

import pytest

from hero_router.store.client import script
from tests.contract.world import KEYS, Store
from tests.support.records import put

SECONDS = 0.2
"""For each script. A wrong fraction of a second shows in the second half of a second at the latest,
which one of them will meet."""


async def of_a_snapshot(store: Store) -> int:
    return (await store.stream.load()).now_ms


async def of_an_event(store: Store) -> int:
    await store.registry.apply(await store.grant(), [put("a", time.monotonic_ns())])
    return (await store.window())[-1].at


async def of_a_lease_that_is_taken(store: Store) -> int:
    keys = [KEYS.lease("n1"), KEYS.meta]
    _, now = await script(store.raw, "acquire")(keys=keys, args=["s1", 60_000])
    return int(now)


async def of_a_lease_that_is_lost(store: Store) -> int:
    keys = [KEYS.lease("n1"), KEYS.events]
    _, now, _ = await script(store.raw, "renew")(keys=keys, args=["s9:9", 60_000])
    return int(now)


TIMES = (of_a_snapshot, of_an_event, of_a_lease_that_is_taken, of_a_lease_that_is_lost)


@pytest.mark.parametrize("told", TIMES)
async def test_a_script_tells_the_millisecond_in_which_it_ran(
    store: Store, told: Callable[[Store], Awaitable[int]]
) -> None:
    """So often that some questions before and after it fall in the same millisecond."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        before = await milliseconds(store)
        now = await told(store)
        assert before <= now <= await milliseconds(store)


async def milliseconds(store: Store) -> int:
    seconds, micros = await store.raw.time()
    return int(seconds) * 1000 + int(micros) // 1000
