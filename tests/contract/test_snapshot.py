"""Snapshots: registry, nodes, head and window as of one moment; a view of one node."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from hero_router.model import Change, Event
from hero_router.position import ORIGIN, Position
from hero_router.store import snapshot
from hero_router.store.lease import Grant
from hero_router.store.snapshot import Snapshot, SnapshotReader
from tests.contract.world import BLOCK_SECONDS, KEYS, Store
from tests.support.background import cancel
from tests.support.records import gone, put, record, report
from tests.support.wait import PATIENCE_SECONDS

NAMES = tuple(f"s{number}" for number in range(20))
SNAPSHOTS = 40


async def test_a_snapshot_holds_services_nodes_head_and_window(store: Store) -> None:
    grant = await store.grant()
    head = await store.registry.apply(grant, [put("a", 1), put("b", 2), gone("a")], report(4))
    snapshot = await store.stream.load()
    assert snapshot.head == head
    assert snapshot.services is not None
    assert [json.loads(text)["name"] for text in snapshot.services.values()] == ["b"]
    assert snapshot.nodes == {"n1": report(4)}
    assert [event.position.seq for event in snapshot.window] == [1, 2, 3]


async def test_an_audit_has_the_events_after_a_position_up_to_the_registrys_head(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = await store.registry.apply(await store.grant(), [put("a", n) for n in range(1, 6)])
    after = Position(head.epoch, 2)
    found = await store.stream.audit(after)
    assert (found.head, found.services is not None) == (head, True)
    assert [event.position.seq for event in found.window] == [3, 4, 5]
    assert (await store.stream.audit(head)).window == ()
    monkeypatch.setattr(snapshot, "READ_BATCH", 2)
    assert [each.position.seq for each in (await store.stream.audit(after)).window] == [3, 4]


async def test_the_position_of_the_stream_is_read_without_its_events(store: Store) -> None:
    assert (await store.nodes.stream_status(ORIGIN, 8)).head == ORIGIN
    head = await store.registry.apply(await store.grant(), [put("a", 1)])
    place = await store.nodes.stream_status(head, 8)
    run_id = (await store.raw.info("server"))["run_id"]
    assert (place.head, place.run_id) == (head, run_id)
    assert (await store.stream.load()).version.run_id == run_id


async def test_a_snapshot_is_one_moment_though_a_writer_never_rests(store: Store) -> None:
    """Every step gives all services the same number: two numbers would mean two moments."""
    writing = asyncio.create_task(_write_for_ever(store, await store.grant()))
    reader, seen = SnapshotReader(store.client(), KEYS), set[int]()
    while len(seen) < SNAPSHOTS and not writing.done():
        snapshot = await reader.read(window=True)
        seen |= _moment(snapshot)
    await cancel(writing)
    assert writing.cancelled(), "the writer failed"
    assert len(seen) >= SNAPSHOTS


async def _write_for_ever(store: Store, grant: Grant) -> None:
    number = 0
    while True:
        number += 1
        changes: list[Change] = [put(name, number) for name in NAMES]
        await store.registry.apply(grant, changes, report(number))
        await asyncio.sleep(0)


def _moment(snapshot: Snapshot) -> set[int]:
    records = [json.loads(text) for text in (snapshot.services or {}).values()]
    if not records:
        return set()
    numbers = {item["changed_at"] for item in records}
    assert numbers == {snapshot.nodes["n1"].scan}, "services and report of two moments"
    last = snapshot.window[-1]
    assert last.position == snapshot.head, "head and window of two moments"
    assert last.payload["service"]["changed_at"] in numbers, "window and services of two moments"
    return numbers


async def test_records_that_the_caller_has_are_not_sent_again(store: Store) -> None:
    await store.registry.apply(await store.grant(), [put()])
    reader = SnapshotReader(store.raw, KEYS)
    held = await reader.read()
    again = await reader.read(held.version)
    assert held.services is not None
    assert again.services is None
    assert again.version == held.version


async def test_records_of_which_one_changed_are_sent_again(store: Store) -> None:
    """There are as many as before, in the same Redis process."""
    grant, reader = await store.grant(), SnapshotReader(store.raw, KEYS)
    await store.registry.apply(grant, [put("a", 1)])
    held = await reader.read()
    await store.registry.apply(grant, [put("a", 2)])
    assert (await reader.read(held.version)).services == await store.records()


async def test_the_window_is_only_sent_when_asked_for(store: Store) -> None:
    await store.registry.apply(await store.grant(), [put()])
    reader = SnapshotReader(store.raw, KEYS)
    assert (await reader.read()).window == ()
    assert len((await reader.read(window=True)).window) == 1


async def test_while_a_large_window_is_parsed_other_tasks_run(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = [put("a", seq) for seq in range(4 * snapshot.PARSE_BATCH)]
    await store.writer(len(changes)).apply(await store.grant(), changes)
    parse, turns = snapshot.parse_event, [0]

    def counting(*how: Any) -> Event:
        turns[-1] += 1
        return parse(*how)

    async def others() -> None:
        while True:
            turns.append(0)
            await asyncio.sleep(0)

    monkeypatch.setattr(snapshot, "parse_event", counting)
    spinning = asyncio.create_task(others())
    window = await store.window()
    spinning.cancel()
    assert len(window) == sum(turns) == len(changes)
    assert max(turns) <= snapshot.PARSE_BATCH


async def test_a_view_has_the_nodes_own_records(store: Store) -> None:
    await store.registry.apply(await store.grant(), [put("a"), put("b")])
    await store.registry.apply(await store.grant("s2", "n2"), [put("c", node="n2")])
    known = (await store.registry.view("n1")).records
    assert known == {item.id: item for item in (record("a"), record("b"))}


async def test_a_view_follows_other_writers(store: Store) -> None:
    registry = store.writer()
    grant = await store.grant()
    for change, names in ((put("a"), ["a"]), (put("b"), ["a", "b"]), (gone("a"), ["b"])):
        await store.registry.apply(grant, [change])
        assert sorted(item.name for item in (await registry.view("n1")).records.values()) == names


async def test_a_late_reply_does_not_replace_a_newer_view(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The late reply arrives between a later caller's question and its "unchanged"."""
    registry, grant = store.writer(), await store.grant()
    await store.registry.apply(grant, [put("a")])
    read, old_passed = SnapshotReader.read, asyncio.Event()
    held_up: list[asyncio.Event] = [asyncio.Event(), asyncio.Event(), asyncio.Event()]
    replies = iter(held_up)

    async def slowly(*how: Any, **more: Any) -> Snapshot:
        reply = await read(*how, **more)
        await asyncio.wait_for(next(replies).wait(), PATIENCE_SECONDS)
        return reply

    monkeypatch.setattr(SnapshotReader, "read", slowly)
    old = asyncio.create_task(registry.view("n1"))
    old.add_done_callback(lambda _: old_passed.set())
    await asyncio.sleep(BLOCK_SECONDS)
    await store.registry.apply(grant, [put("b")])
    new = asyncio.create_task(registry.view("n1"))
    held_up[1].set()
    await asyncio.wait([new], timeout=BLOCK_SECONDS)
    latest = asyncio.create_task(registry.view("n1"))
    await asyncio.sleep(BLOCK_SECONDS)
    held_up[0].set()
    await asyncio.wait_for(old_passed.wait(), PATIENCE_SECONDS)
    held_up[2].set()
    assert len((await new).records) == 2
    assert len((await latest).records) == 2


async def test_a_view_notices_an_emptied_redis(store: Store) -> None:
    await store.registry.apply(await store.grant(), [put()])
    assert len((await store.registry.view("n1")).records) == 1
    await store.raw.flushall()
    assert (await store.registry.view("n1")).records == {}
    assert not (await store.registry.view("n1")).has_stream


async def test_a_view_notices_a_record_that_a_foreign_hand_deleted(store: Store) -> None:
    await store.registry.apply(await store.grant(), [put("a"), put("b")])
    assert len((await store.registry.view("n1")).records) == 2
    await store.raw.hdel(KEYS.services, record("a").id)
    assert [item.name for item in (await store.registry.view("n1")).records.values()] == ["b"]


async def test_a_view_notices_another_redis_process_with_other_records(store: Store) -> None:
    """The stream's head and the number of records may well be the same as before."""
    await store.registry.apply(await store.grant(), [put("a")])
    await store.registry.view("n1")
    state = replace(record("a"), title="of an older dump")
    await store.raw.hset(KEYS.services, state.id, json.dumps(state.to_json()))
    await store.restart()
    assert (await store.registry.view("n1")).records == {state.id: state}


async def test_fields_of_a_newer_version_are_ignored_and_kept(store: Store) -> None:
    """During a rolling upgrade there are old readers and new writers."""
    newer: Mapping[str, object] = {**record("a").to_json(), "colour": "blue"}
    await store.raw.hset(KEYS.services, record("a").id, json.dumps(newer))
    await store.raw.hset(KEYS.nodes, "n1", json.dumps({**report().to_json(), "load": 0.5}))
    assert (await store.registry.view("n1")).records == {record("a").id: record("a")}
    assert (await store.nodes.list())["n1"].state == report()
    (text,) = (await store.records()).values()
    assert json.loads(text) == json.loads(json.dumps(newer))


async def test_beside_the_head_are_the_times_of_some_events(store: Store) -> None:
    """By them a worker sees that an event which it has read is now another one."""
    await store.registry.apply(await store.grant(), [put("a", n) for n in range(1, 6)])
    events = await store.window()
    told = {event.position: event.at for event in events}
    assert 0 not in told.values()
    assert await times(store, ORIGIN, 9) == told
    assert await times(store, events[2].position, 9) == dict(list(told.items())[2:])
    assert list(await times(store, events[1].position, 2)) == [
        each.position for each in events[1:3]
    ]


async def test_strangers_entries_have_no_time(store: Store) -> None:
    await store.raw.xadd(KEYS.events, {"x": "y"}, id="7-1")
    await store.raw.xadd(KEYS.events, {"at": "junk"}, id="7-2")
    assert await times(store, ORIGIN, 9) == {Position(7, 2): 0}


async def times(store: Store, first: Position, most: int) -> dict[Position, int]:
    """What a watchdog reads beside the head."""
    return dict((await store.nodes.stream_status(first, most)).times)
