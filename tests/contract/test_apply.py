"""`Registry.apply`: dense ids, an exact window, one step for record and event, safe repeats."""

import json
from dataclasses import replace
from typing import Any

import pytest

from hero_router.errors import StoreError
from hero_router.model import Change
from hero_router.position import ORIGIN, Position
from hero_router.store.keys import APPLY_BATCH
from hero_router.strict_json import encode
from tests.contract.world import KEYS, WINDOW, Store
from tests.support.records import gone, put, record, report, scanned


async def test_ids_are_dense_inside_an_epoch_over_many_calls(store: Store) -> None:
    grant = await store.grant()
    heads = [await store.registry.apply(grant, [put("a", n), put("b", n)]) for n in range(1, 4)]
    epoch = heads[0].epoch
    assert heads == [Position(epoch, 2), Position(epoch, 4), Position(epoch, 6)]
    assert await store.positions() == [Position(epoch, seq) for seq in range(1, 7)]


async def test_the_head_that_is_returned_is_the_head_that_readers_see(store: Store) -> None:
    head = await store.registry.apply(await store.grant(), [put()])
    assert head == await store.stream.head() == (await store.stream.load()).head


OTHER_FORM = {"service": {**record().to_json(), "title": "short"}, "from": "unknown"}


@pytest.mark.parametrize("data", [{}, {"from": "unknown"}, OTHER_FORM])
async def test_an_event_carries_what_the_change_said(store: Store, data: dict[str, Any]) -> None:
    """And the record, unless the change has its own form of it."""
    change = replace(put("api", 7), data=data)
    await store.registry.apply(await store.grant(), [change])
    (event,) = await store.window()
    assert (event.type, event.node, event.service) == ("service_updated", "n1", change.service)
    assert event.data == encode(change.payload)
    assert event.payload == json.loads(event.data)


async def test_the_window_is_exact_at_every_moment(store: Store) -> None:
    grant = await store.grant()
    for number in range(1, 3 * WINDOW):
        await store.registry.apply(grant, [put("a", number)])
        assert await store.raw.xlen(KEYS.events) == min(number, WINDOW)
    assert [place.seq for place in await store.positions()] == list(range(2 * WINDOW, 3 * WINDOW))


async def test_the_window_is_exact_even_after_one_large_call(store: Store) -> None:
    changes = [put("a", number) for number in range(1, 5 * WINDOW + 1)]
    await store.registry.apply(await store.grant(), changes)
    assert await store.raw.xlen(KEYS.events) == WINDOW


async def test_a_window_made_smaller_holds_with_the_next_scan_of_a_quiet_world(
    store: Store,
) -> None:
    grant = await store.grant()
    head = await store.registry.apply(grant, [put("a", n) for n in range(1, WINDOW + 1)])
    assert await store.writer(window=3).apply(grant, [], report()) == head
    assert [place.seq for place in await store.positions()] == [WINDOW - 2, WINDOW - 1, WINDOW]


async def test_a_window_of_one_event_is_possible(store: Store) -> None:
    head = await store.writer(window=1).apply(await store.grant(), [put("a", n) for n in (1, 2, 3)])
    assert await store.positions() == [head]


async def test_nothing_to_write_adds_nothing_and_names_the_origin(store: Store) -> None:
    assert await store.registry.apply(await store.grant(), []) == ORIGIN
    assert await store.raw.exists(KEYS.events) == 0


async def test_a_repeated_change_adds_no_event(store: Store) -> None:
    """The caller cannot know whether the first call was done."""
    grant = await store.grant()
    changes = [put("a"), put("b"), scanned("r1")]
    head = await store.registry.apply(grant, changes, report(1))
    before = await told(store)
    assert await store.registry.apply(grant, changes, report(1)) == head
    assert await told(store) == before


async def told(store: Store) -> dict[str, Any]:
    """Everything but the number of the last call, which is new with each."""
    contents = await store.contents()
    contents[KEYS.meta].pop(b"call:n1")
    return contents


async def test_a_repeated_removal_adds_no_event(store: Store) -> None:
    grant = await store.grant()
    await store.registry.apply(grant, [put()])
    head = await store.registry.apply(grant, [gone()])
    assert await store.registry.apply(grant, [gone()]) == head
    assert [event.type for event in await store.window()] == ["service_updated", "service_removed"]
    assert await store.records() == {}


@pytest.mark.parametrize("harm", ["hdel", "del"])
async def test_a_published_service_is_removed_with_an_event_though_its_record_is_gone(
    store: Store, harm: str
) -> None:
    """A foreign hand took the record; whoever follows the stream shows the service all the same."""
    grant = await store.grant()
    await store.registry.apply(grant, [put()])
    if harm == "hdel":
        await store.raw.hdel(KEYS.services, record().id)
    else:
        await store.raw.delete(KEYS.services)
    assert (await store.registry.view("n1")).records == {}
    head = await store.registry.apply(grant, [gone()])
    assert [event.type for event in await store.window()] == ["service_updated", "service_removed"]
    assert await store.registry.apply(grant, [gone()]) == head, "it is told once"


async def test_a_service_that_was_only_read_is_removed_with_an_event_though_its_record_is_gone(
    store: Store,
) -> None:
    """As by a scanner that took over from the one that published it."""
    await store.registry.apply(await store.grant(), [put()])
    successor = store.writer()
    await successor.view("n1")
    await store.raw.delete(KEYS.services)
    await successor.apply(await store.grant(), [gone()])
    assert (await store.window())[-1].type == "service_removed"


async def test_a_service_that_was_never_published_is_removed_without_an_event(store: Store) -> None:
    grant = await store.grant()
    head = await store.registry.apply(grant, [put("a")])
    assert await store.registry.apply(grant, [gone("b")]) == head
    assert await store.writer().apply(grant, [gone("c")]) == head


async def test_a_foreign_value_is_noticed_by_a_read_of_the_whole(store: Store) -> None:
    """Head and number of records are as they were, so a short look does not see it."""
    await store.registry.apply(await store.grant(), [put("a", 1)])
    before = (await store.registry.view("n1")).records
    foreign = encode(record("a", changed_at=7).to_json())
    await store.raw.hset(KEYS.services, record("a").id, foreign)
    assert (await store.registry.view("n1")).records == before
    after = (await store.registry.view("n1", whole=True)).records
    assert [item.changed_at for item in after.values()] == [7]


async def test_a_second_scan_that_looks_the_same_is_an_event_too(store: Store) -> None:
    grant = await store.grant()
    for number in (1, 2):
        await store.registry.apply(grant, [scanned("r1")], report(number))
    assert [event.type for event in await store.window()] == ["scan", "scan"]


async def test_a_report_alone_adds_no_event(store: Store) -> None:
    grant = await store.grant()
    await store.registry.apply(grant, [], report(1))
    await store.registry.apply(grant, [], report(2))
    assert await store.window() == ()
    assert (await store.nodes.list())["n1"].state == report(2)


@pytest.mark.parametrize("count", [APPLY_BATCH, APPLY_BATCH + 1, 2 * APPLY_BATCH + 1])
async def test_more_changes_than_one_step_takes_are_all_published_in_order(
    store: Store, count: int
) -> None:
    registry = store.writer(window=10_000)
    changes: list[Change] = [put(f"s{number}") for number in range(count - 1)]
    await registry.apply(await store.grant(), [*changes, scanned("r")], report())
    window = await store.window()
    assert [event.position.seq for event in window] == list(range(1, count + 1))
    assert [event.service for event in window] == [*(change.service for change in changes), ""]
    assert len((await registry.view("n1")).records) == count - 1
    assert (await store.nodes.list())["n1"].state == report()


async def test_many_changes_and_their_scan_are_repeated_without_a_second_effect(
    store: Store,
) -> None:
    grant, registry = await store.grant(), store.writer(window=10_000)
    changes = [*(put(f"s{number}") for number in range(APPLY_BATCH + 1)), scanned("r")]
    head = await registry.apply(grant, changes, report())
    assert await registry.apply(grant, changes, report()) == head
    assert len(await store.window()) == len(changes)


async def test_two_nodes_write_one_stream_and_keep_their_own_records(store: Store) -> None:
    first, second = await store.grant(node="n1"), await store.grant("s2", node="n2")
    await store.registry.apply(first, [put("a", node="n1")])
    await store.registry.apply(second, [put("a", node="n2")])
    assert [event.node for event in await store.window()] == ["n1", "n2"]
    known = (await store.registry.view("n2")).records
    assert list(known.values()) == [record("a", "n2")]


async def test_deployments_with_other_prefixes_do_not_meet(store: Store) -> None:
    await store.registry.apply(await store.grant(), [put()])
    assert all(name.startswith("{hero_router}:") for name in await store.contents())


@pytest.mark.parametrize("change", [put("a", 2), put("b"), gone("a")])
async def test_where_an_event_cannot_be_written_its_record_stays_as_it_was(
    store: Store, change: Change
) -> None:
    """Redis undoes nothing: a record that changed without an event would never be told."""
    grant = await store.grant()
    await store.registry.apply(grant, [put("a", 1)])
    before = await store.records()
    with pytest.raises(StoreError):
        await store.writer(window=-1).apply(grant, [change])
    assert await store.records() == before


async def test_values_read_well_with_redis_cli(store: Store) -> None:
    await store.registry.apply(await store.grant(), [put("api")], report())
    (raw,) = (await store.raw.hgetall(KEYS.services)).values()
    assert json.loads(raw)["name"] == "api"
    (entry,) = (await store.contents())[KEYS.events]
    assert list(entry[1]) == [b"type", b"node", b"service", b"data", b"at"]
