"""When a new epoch begins: an id must never name two events, whatever happened to Redis."""

import contextlib
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hero_router.position import ORIGIN, Position
from hero_router.store.client import script
from hero_router.store.lease import Grant, Lease
from hero_router.store.registry import LAST_EPOCH
from tests.contract.world import KEYS, RealBackend, Store
from tests.support.records import put, report
from tests.support.redis import RedisServer, client, redis7_binary, valkey9_binary

FUTURE = 9_000_000_000_000
"""An epoch of the year 2255: Redis's clock is far behind it."""


async def test_the_first_epoch_is_the_time_by_redis(store: Store) -> None:
    before = time.time() * 1000
    head = await store.registry.apply(await store.grant(), [put()])
    assert before - 1000 < head.epoch < time.time() * 1000 + 1000
    assert head.seq == 1


async def test_a_stream_that_was_deleted_begins_a_new_epoch(store: Store) -> None:
    grant = await store.grant()
    first = await store.registry.apply(grant, [put("a", 1), put("a", 2)])
    await store.raw.delete(KEYS.events)
    second = await store.registry.apply(grant, [put("a", 3)])
    assert second.epoch > first.epoch
    assert second.seq == 1


async def test_the_first_event_of_an_epoch_says_where_the_one_before_ended(store: Store) -> None:
    """Then it is noticed if the last events of that epoch were deleted by hand."""
    grant = await store.grant()
    first = await store.registry.apply(grant, [put("a", 1), put("a", 2)])
    foreign = Position(first.epoch + 1, 7)
    await store.raw.xadd(KEYS.events, {"x": "y"}, id=str(foreign))
    await store.registry.apply(grant, [put("a", 3), put("a", 4)])
    assert [event.after for event in await store.window()] == [None, None, None, foreign, None]


async def test_a_stream_that_was_renamed_away_begins_a_new_epoch(store: Store) -> None:
    grant = await store.grant()
    first = await store.registry.apply(grant, [put("a", 1)])
    await store.raw.rename(KEYS.events, "elsewhere")
    second = await store.registry.apply(grant, [put("a", 2)])
    assert (second.epoch > first.epoch, second.seq) == (True, 1)


async def test_a_foreign_stream_renamed_to_ours_begins_a_new_epoch(store: Store) -> None:
    grant = await store.grant()
    first = await store.registry.apply(grant, [put("a", 1)])
    await store.raw.xadd("elsewhere", {"x": "y"}, id=f"{first.epoch + 100_000}-7")
    await store.raw.rename("elsewhere", KEYS.events)
    second = await store.registry.apply(grant, [put("a", 2)])
    assert (second.epoch > first.epoch + 100_000, second.seq) == (True, 1)


async def test_an_emptied_redis_begins_a_new_epoch(store: Store) -> None:
    first = await store.registry.apply(await store.grant(), [put("a", 1)])
    await store.raw.flushall()
    second = await store.registry.apply(await store.grant(), [put("a", 1)])
    assert (second.epoch > first.epoch, second.seq) == (True, 1)


async def test_another_redis_process_begins_a_new_epoch_with_the_next_event(store: Store) -> None:
    """A restart may have lost acknowledged writes; the stream itself goes on."""
    first = await store.registry.apply(await store.grant(), [put("a", 1), put("a", 2)])
    await store.restart()
    assert await store.stream.head() == first
    second = await store.registry.apply(await store.grant(), [put("a", 3)])
    assert (second.epoch > first.epoch, second.seq) == (True, 1)
    assert await store.positions() == [Position(first.epoch, 1), first, second]
    third = await store.registry.apply(await store.grant(), [put("a", 4)])
    assert third == second.next()


async def test_a_restart_without_a_change_begins_no_epoch(store: Store) -> None:
    first = await store.registry.apply(await store.grant(), [put("a", 1)])
    await store.restart()
    grant = await store.grant()
    assert await store.registry.apply(grant, [put("a", 1)], report()) == first


async def test_an_epoch_never_goes_back_though_the_clock_would(store: Store) -> None:
    grant = await store.grant()
    await store.registry.apply(grant, [put("a", 1)])
    await store.raw.hset(KEYS.meta, "epoch", str(FUTURE))
    await store.raw.delete(KEYS.events)
    heads = [await store.registry.apply(grant, [put("a", n)]) for n in (2, 3)]
    assert heads == [Position(FUTURE + 1, 1), Position(FUTURE + 1, 2)]


async def test_an_epoch_lies_above_a_streams_last_id_though_the_clock_does_not(
    store: Store,
) -> None:
    await store.raw.xadd(KEYS.events, {"x": "y"}, id=f"{FUTURE}-5")
    head = await store.registry.apply(await store.grant(), [put()])
    assert head == Position(FUTURE + 1, 1)


@pytest.mark.parametrize("learned_by", ["writing", "reading"])
async def test_an_epoch_lies_above_what_the_writer_saw_before_redis_was_emptied(
    store: Store, learned_by: str
) -> None:
    """Redis is empty, and its clock is behind or in the same millisecond; the writer remembers."""
    await store.raw.xadd(KEYS.events, {"x": "y"}, id=f"{FUTURE}-5")
    writer, seen = store.writer(), Position(FUTURE, 5)
    if learned_by == "writing":
        seen = await writer.apply(await store.grant(), [put()])
    else:
        await writer.view("a node")
    await store.raw.flushall()
    head = await writer.apply(await store.grant(), [put()])
    assert head == Position(seen.epoch + 1, 1)


async def test_the_last_epoch_but_one_can_still_be_followed(store: Store) -> None:
    await store.raw.xadd(KEYS.events, {"x": "y"}, id=f"{LAST_EPOCH - 1}-7")
    head = await store.registry.apply(await store.grant(), [put()])
    assert head == Position(LAST_EPOCH, 1)


async def test_an_epoch_of_fifteen_digits_and_more_goes_on(store: Store) -> None:
    """Lua writes such numbers with fourteen digits if nobody says how."""
    await store.raw.xadd(KEYS.events, {"x": "y"}, id=f"{LAST_EPOCH - 2}-7")
    grant = await store.grant()
    head = await store.registry.apply(grant, [put("a", 1)])
    assert head == Position(LAST_EPOCH - 1, 1)
    assert await store.registry.apply(grant, [put("a", 2)]) == head.next()


async def test_a_writer_that_knows_only_an_older_epoch_goes_on_in_the_new_one(store: Store) -> None:
    one, other = store.writer(), store.writer()
    old, new = await store.grant("s1", "n1"), await store.grant("s2", "n2")
    first = await one.apply(old, [put("a", 1)])
    await store.raw.hset(KEYS.meta, "run_id", "another process")
    second = await other.apply(new, [put("b", 1, "n2")])
    assert (second.epoch > first.epoch, second.seq) == (True, 1)
    assert await one.apply(old, [put("a", 2)]) == second.next()


async def test_data_that_fell_back_to_an_older_epoch_begin_a_new_one(store: Store) -> None:
    """As on a replica that lost writes and became the primary: its `run_id` is its own."""
    grant = await store.grant()
    first = await store.registry.apply(grant, [put("a", 1)])
    meta: dict[Any, Any] = await store.raw.hgetall(KEYS.meta)
    await store.raw.delete(KEYS.events)
    lost = await store.registry.apply(grant, [put("a", 2)])
    await store.raw.delete(KEYS.events)
    await store.raw.xadd(KEYS.events, {"x": "y"}, id=str(first))
    await store.raw.hset(KEYS.meta, mapping=meta)
    third = await store.registry.apply(grant, [put("a", 3)])
    assert (third.epoch > lost.epoch > first.epoch, third.seq) == (True, 1)


async def test_junk_in_meta_beside_a_deleted_stream_begins_a_new_epoch_too(store: Store) -> None:
    """Also for a writer that has seen nothing: the number of an epoch is never made up."""
    grant = await store.grant()
    first = await store.registry.apply(grant, [put("a", 1)])
    await store.raw.hset(KEYS.meta, "epoch", "junk")
    await store.raw.delete(KEYS.events)
    second = await store.writer().apply(grant, [put("a", 2)])
    assert (second.epoch >= first.epoch, second.seq) == (True, 1)


async def test_a_stream_whose_entries_were_all_trimmed_keeps_its_epoch(store: Store) -> None:
    grant = await store.grant()
    first = await store.registry.apply(grant, [put("a", 1)])
    await store.raw.xtrim(KEYS.events, maxlen=0)
    assert await store.stream.head() == first
    assert await store.registry.apply(grant, [put("a", 2)]) == first.next()


async def test_a_stream_behind_what_the_writer_saw_begins_a_new_epoch(store: Store) -> None:
    """The data were rolled back under the same `run_id`, so the next id was already used."""
    grant = await store.grant()
    old = await store.registry.apply(grant, [put("a", 1)])
    kept = {key: await store.raw.dump(key) for key in (KEYS.events, KEYS.services)}
    lost = await store.registry.apply(grant, [put("a", 2), put("a", 3)])
    for key, data in kept.items():
        assert data is not None
        await store.raw.restore(key, 0, data, replace=True)
    assert await store.stream.head() == old
    new = await store.registry.apply(grant, [put("a", 4)])
    assert (new.epoch > lost.epoch, new.seq) == (True, 1)


@pytest.mark.parametrize("renewals_after", [0, 1])
@pytest.mark.parametrize("epoch_begins", [False, True])
async def test_a_renewal_tells_a_writer_of_events_of_others_that_redis_then_loses(
    store: Store, renewals_after: int, epoch_begins: bool
) -> None:
    """Clients have them: without a new epoch their positions would be given a second time.

    A renewal after the loss tells an older position, even of an older epoch, and changes nothing.
    """
    lease, other = store.lease("s1"), await store.grant("s2", "n2")
    grant = await lease.acquire()
    assert grant is not None
    old = await store.registry.apply(grant, [put("a", 1)])
    kept = {key: await store.raw.dump(key) for key in (KEYS.events, KEYS.services, KEYS.meta)}
    if epoch_begins:
        await store.raw.hset(KEYS.meta, "run_id", "another process")
    lost = await store.writer().apply(other, [put("b", 1, "n2"), put("b", 2, "n2")])
    assert (lost.epoch > old.epoch) is epoch_begins
    await learn(store, lease, grant)
    for key, data in kept.items():
        assert data is not None
        await store.raw.restore(key, 0, data, replace=True)
    for _ in range(renewals_after):
        assert await learn(store, lease, grant) == old
    new = await store.registry.apply(grant, [put("a", 2)])
    assert (new.epoch > lost.epoch, new.seq) == (True, 1)
    assert await store.positions() == [old, new]


async def learn(store: Store, lease: Lease, grant: Grant) -> Position:
    """A scanner renews its lease."""
    head = await lease.renew(grant)
    assert head is not None
    store.registry.note_head(head)
    return head


@pytest.mark.parametrize("learned_by", ["writing", "reading"])
async def test_data_rolled_back_in_a_running_redis_begin_a_new_epoch(
    launch: Callable[..., RedisServer], learned_by: str
) -> None:
    """DEBUG RELOAD NOSAVE: the process and its `run_id` stay, what was not saved is gone."""
    store = Store(RealBackend(server := launch(redis7_binary(), "--enable-debug-command", "yes")))
    grant = await store.grant()
    old = await store.registry.apply(grant, [put("a", 1)])
    await store.raw.save()
    lost = await store.writer().apply(grant, [put("a", 2), put("a", 3)])
    if learned_by == "reading":
        await store.registry.view("n1")
    else:
        lost = await store.registry.apply(grant, [put("a", 4)])
    before = (await store.stream.load()).version.run_id
    with contextlib.closing(client(server.url)) as admin:
        admin.execute_command("DEBUG", "RELOAD", "NOSAVE")  # type: ignore[no-untyped-call]
    loaded = await store.stream.load()
    assert (loaded.head, loaded.version.run_id) == (old, before)
    new = await store.registry.apply(grant, [put("a", 5)])
    assert (new.epoch > lost.epoch, new.seq) == (True, 1)
    assert await store.positions() == [old, new]
    await store.close()


async def test_a_failover_there_and_back_begins_a_new_epoch_each_time(
    redis7: RedisServer, valkey9: RedisServer
) -> None:
    """The old primary comes back with its own history, and the `run_id` that it always had."""
    here, there = Store(RealBackend(redis7)), Store(RealBackend(valkey9))
    first = await here.registry.apply(await here.grant(), [put("a", 1)])
    moving = here.registry
    moving._client, moving._apply = there.raw, script(there.raw, "apply")
    second = await moving.apply(await there.grant(), [put("a", 2)])
    moving._client, moving._apply = here.raw, script(here.raw, "apply")
    third = await moving.apply(await here.grant(), [put("a", 3)])
    assert first.epoch < second.epoch < third.epoch
    assert (await here.stream.load()).head == third
    await here.close()
    await there.close()


async def test_a_store_that_was_never_written_has_the_origin_as_its_head(store: Store) -> None:
    assert await store.stream.head() == ORIGIN
    snapshot = await store.stream.load()
    assert (snapshot.head, snapshot.services, snapshot.window) == (ORIGIN, {}, ())


@pytest.mark.parametrize("binary", [redis7_binary, valkey9_binary])
async def test_an_older_dump_begins_a_new_epoch_and_no_id_names_two_events(
    binary: Callable[[], Path], launch: Callable[..., RedisServer]
) -> None:
    """Redis comes back without the last acknowledged writes."""
    store = Store(RealBackend(server := launch(binary())))
    old = await store.registry.apply(await store.grant(), [put("a", 1)])
    client(server.url).save()
    shutil.copy(server.folder / "dump.rdb", server.folder / "old.rdb")
    lost = await store.registry.apply(await store.grant(), [put("a", 2), put("a", 3)])
    server.kill()
    shutil.move(server.folder / "old.rdb", server.folder / "dump.rdb")
    await store.restart()
    assert await store.stream.head() == old
    new = await store.registry.apply(await store.grant(), [put("a", 4)])
    assert (new.epoch > lost.epoch, new.seq) == (True, 1)
    assert await store.positions() == [old, new]
    await store.close()
