"""`HistoryStore` and `apply.lua`: rings under the fencing token, transitions, a history's end."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from hero_router.errors import Fenced
from hero_router.history.minute_writes import Kept, Row, Span
from hero_router.history.rings import DAYS, HOURS, MINUTES, RINGS
from hero_router.history.transitions_and_incidents import MOST_KEPT, Transition
from hero_router.model import Change, Status
from hero_router.store.client import text
from hero_router.store.history import HistoryStore, Minute, Part
from hero_router.store.keys import HISTORY_BATCH
from tests.contract.minutes import EVERY_RING, ID, LAST_OF_ALL, changed, minute
from tests.contract.world import KEYS, Store
from tests.history.replay import MemoryRings
from tests.support.records import gone, put, record


class HeldUp(HistoryStore):
    """A store in which something happens between reading and writing."""

    meanwhile: Callable[[], Awaitable[None]]

    async def _kept(self, seen: Minute, services: Sequence[str]) -> dict[str, Kept]:
        kept = await super()._kept(seen, services)
        await self.meanwhile()
        return kept


async def keys_of(store: Store, service: str = ID) -> list[str]:
    return sorted(text(key) for key in await store.raw.keys(f"{KEYS.history}:{service}*"))


async def test_the_rings_are_what_the_rules_say_over_the_end_of_each_ring(
    store: Store, histories: HistoryStore
) -> None:
    grant, rings = await store.grant(), MemoryRings()
    await store.registry.apply(grant, [put("a")])
    at = LAST_OF_ALL - 2
    for step, letter in ((0, "h"), (1, "u"), (1, "h"), (1, "d"), (0, "h"), (7, "h"), (-3, "i")):
        at += step
        rings.write(at, Row(letter, "78"), begun=at - 1)
        await histories.write(grant, minute(at, letter, begun=at - 1))
        found = (await histories.read([ID], EVERY_RING))[ID]
        assert found.span == rings.span
        assert found.parts == [rings.get(ring, 0, ring.size) for ring in RINGS]


async def test_a_part_is_read_over_the_end_of_its_ring(
    store: Store, histories: HistoryStore
) -> None:
    grant = await store.grant()
    await store.registry.apply(grant, [put("a")])
    for at, letter in enumerate("hui", LAST_OF_ALL - 1):
        await histories.write(grant, minute(at, letter))
    found = (await histories.read([ID], [Part(MINUTES, LAST_OF_ALL - 2, 4)]))[ID]
    assert found.parts[0] == ("-hui", "--787878")


async def test_a_reader_of_redis_can_read_the_letters(
    store: Store, histories: HistoryStore
) -> None:
    grant = await store.grant()
    await store.registry.apply(grant, [put("a")])
    for at, letter in enumerate("hhud", LAST_OF_ALL + 1):
        await histories.write(grant, minute(at, letter))
    raw: Any = store.raw
    name = f"{KEYS.history}:{ID}"
    assert await raw.get(f"{name}:minutes") == b"hhud" + b"-" * (MINUTES.size - 4)
    assert await raw.get(f"{name}:hours") == b"u" + b"-" * (HOURS.size - 1)
    assert await raw.get(f"{name}:days:figures") == b"030478" + b"0000--" * (DAYS.size - 1)
    first = str(LAST_OF_ALL + 1).encode()
    assert await raw.hgetall(name) == {b"since": first, b"last": str(LAST_OF_ALL + 4).encode()}


async def test_services_beyond_one_batch_are_written_and_read(
    store: Store, histories: HistoryStore
) -> None:
    grant, names = await store.grant(), [f"s{number}" for number in range(HISTORY_BATCH + 3)]
    await store.registry.apply(grant, [put(name) for name in names])
    rows = {record(name).id: Row("h") for name in names}
    await histories.write(grant, Minute(7, 0, rows))
    found = await histories.read(list(rows), [])
    assert {each.span for each in found.values()} == {Span(7, 7)}
    assert list(found) == list(rows)


@pytest.mark.parametrize("holder", ["s2:9", "nobody"])
async def test_without_the_lease_nothing_is_written(
    store: Store, histories: HistoryStore, holder: str
) -> None:
    grant = await store.grant()
    await store.registry.apply(grant, [put("a")])
    await histories.write(grant, minute(7))
    await store.raw.delete(KEYS.lease("n1"))
    if holder != "nobody":
        await store.raw.set(KEYS.lease("n1"), holder, px=60_000)
    before = await store.contents()
    with pytest.raises(Fenced, match=f"on node n1 is held by {holder}$"):
        await histories.write(grant, minute(8, "u"))
    assert await store.contents() == before


async def test_a_write_that_another_one_has_overtaken_leaves_the_service_out(
    store: Store, histories: HistoryStore
) -> None:
    """As a call that was held up on its way, and arrives after its repetition."""
    grant = await store.grant()
    await store.registry.apply(grant, [put("a")])
    await histories.write(grant, minute(7))
    held_up = HeldUp(store.raw, KEYS)
    held_up.meanwhile = lambda: histories.write(grant, minute(8, "u"))
    await held_up.write(grant, minute(8, "h"))
    found = (await histories.read([ID], [Part(MINUTES, 7, 2)]))[ID]
    assert (found.parts[0].letters, found.span) == ("hu", Span(7, 8))


async def test_a_write_is_left_out_if_the_history_began_anew_meanwhile(
    store: Store, histories: HistoryStore
) -> None:
    grant = await store.grant()
    await store.registry.apply(grant, [put("a")])
    for at in (6, 7):
        await histories.write(grant, minute(at))
    held_up = HeldUp(store.raw, KEYS)

    async def anew() -> None:
        await store.raw.delete(*await keys_of(store))
        await histories.write(grant, minute(7, "u"))

    held_up.meanwhile = anew
    await held_up.write(grant, minute(8, "h"))
    found = (await histories.read([ID], [Part(MINUTES, 6, 3)]))[ID]
    assert (found.parts[0].letters, found.span) == ("-u-", Span(7, 7))


async def test_a_service_that_is_not_in_the_registry_gets_no_history(
    store: Store, histories: HistoryStore
) -> None:
    await histories.write(await store.grant(), minute(7))
    assert await keys_of(store) == []


async def test_transitions_are_exact_and_the_last_ones_are_kept(
    store: Store, histories: HistoryStore
) -> None:
    grant, old = await store.grant(), record("a")
    await store.registry.apply(grant, [put("a")])
    for at in range(1, MOST_KEPT + 10):
        status = Status.UNHEALTHY if at % 2 else Status.HEALTHY
        change = changed(old, status, at)
        await store.registry.apply(grant, [change])
        assert change.record is not None
        old = change.record
    log = (await histories.read([ID], [], log=True))[ID].log
    assert [each.at for each in log] == list(range(10, MOST_KEPT + 10))
    assert log[-1] == Transition(MOST_KEPT + 9, "healthy", "unhealthy", "why")


async def test_a_change_of_anything_but_the_status_is_no_transition(store: Store) -> None:
    await store.registry.apply(await store.grant(), [put("a", 1), put("a", 2)])
    assert await keys_of(store) == []


async def test_a_change_that_redis_has_already_adds_no_transition(
    store: Store, histories: HistoryStore
) -> None:
    grant, change = await store.grant(), changed(record("a"), Status.UNHEALTHY, 5)
    await store.registry.apply(grant, [change])
    await store.registry.apply(grant, [change])
    assert len((await histories.read([ID], [], log=True))[ID].log) == 1


async def test_a_history_ends_an_hour_after_its_service(
    store: Store, histories: HistoryStore
) -> None:
    grant = await store.grant()
    await store.registry.apply(grant, [put("a")])
    await histories.write(grant, minute(7))
    await store.registry.apply(grant, [gone("a")])
    names = await keys_of(store)
    assert len(names) == 1 + 2 * len(RINGS) + 1
    for name in names:
        assert 3_500_000 < await store.raw.pttl(name) <= 3_600_000
    log = (await histories.read([ID], [], log=True))[ID].log
    assert log[-1].to == "gone"


async def test_the_hour_begins_with_the_event_that_tells_of_the_removal(real: Store) -> None:
    """So often that the script and the question after it fall in the same millisecond."""
    grant = await real.grant()
    for _ in range(40):
        await real.registry.apply(grant, [put("a")])
        await real.registry.apply(grant, [gone("a")])
        seconds, micros = await real.raw.time()
        end = await real.raw.pexpiretime(f"{KEYS.history}:{ID}:transitions")
        told = (await real.window())[-1].at
        assert told <= end - 3_600_000 <= seconds * 1000 + micros // 1000


async def test_a_history_goes_on_if_its_service_comes_back(
    store: Store, histories: HistoryStore
) -> None:
    grant = await store.grant()
    await store.registry.apply(grant, [put("a")])
    await histories.write(grant, minute(7))
    await store.registry.apply(grant, [gone("a")])
    new = record("a")
    await store.registry.apply(grant, [Change("service_added", ID, {}, new)])
    for name in await keys_of(store):
        assert await store.raw.pttl(name) == -1
    found = (await histories.read([ID], [Part(MINUTES, 7, 1)], log=True))[ID]
    assert found.parts[0].letters == "h"
    assert found.log[-1].before == "gone"


async def test_a_forgotten_node_leaves_no_history_at_all(
    store: Store, histories: HistoryStore
) -> None:
    grant = await store.grant()
    await store.registry.apply(grant, [put("a"), put("b")])
    await histories.write(grant, minute(7))
    await store.registry.forget(grant)
    assert [key for key in await store.contents() if key.startswith(KEYS.history)] == []


async def test_transitions_that_nobody_asked_for_are_not_sent(
    store: Store, histories: HistoryStore
) -> None:
    await store.registry.apply(await store.grant(), [changed(record("a"), Status.UNHEALTHY, 5)])
    assert await histories._read(keys=[KEYS.history], args=["", "0", ID]) == [[None, None]]
