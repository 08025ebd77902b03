"""Whole keys of ours that other programs wrote: a clear error, or a new epoch, and recovery."""

import json

import pytest

from hero_router.errors import StoreCorrupt
from hero_router.position import Position
from hero_router.store.keys import SCHEMA
from hero_router.store.registry import LAST_EPOCH
from tests.contract.world import KEYS, Store
from tests.support.records import put, report

NAMES = ("services", "events", "nodes", "meta")


@pytest.mark.parametrize("name", [*NAMES, "lease"])
async def test_a_key_of_the_wrong_type_is_a_clear_error_and_writes_nothing(
    store: Store, name: str
) -> None:
    """After the key is repaired, all works again."""
    grant = await store.grant()
    await store.registry.apply(grant, [put("a", 1)], report(1))
    key = KEYS.lease("n1") if name == "lease" else getattr(KEYS, name)
    await store.raw.rename(key, "kept")
    await store.raw.rpush(key, "a list")
    with pytest.raises(StoreCorrupt, match="another type"):
        await store.registry.apply(grant, [put("a", 2), put("b", 2)], report(2))
    await store.raw.rename("kept", key)
    assert [json.loads(text)["changed_at"] for text in (await store.records()).values()] == [1]
    assert len(await store.window()) == 1
    await store.registry.apply(grant, [put("a", 2)], report(2))
    assert len(await store.window()) == 2


@pytest.mark.parametrize("name", NAMES)
async def test_readers_raise_the_same_error_and_recover(store: Store, name: str) -> None:
    await store.registry.apply(await store.grant(), [put("a", 1)], report(1))
    key = getattr(KEYS, name)
    await store.raw.rename(key, "kept")
    await store.raw.rpush(key, "a list")
    with pytest.raises(StoreCorrupt):
        await store.stream.load()
    with pytest.raises(StoreCorrupt):
        await store.registry.view("n1")
    await store.raw.rename("kept", key)
    assert len((await store.stream.load()).window) == 1
    assert len((await store.registry.view("n1")).records) == 1


async def test_following_a_key_of_the_wrong_type_is_a_clear_error(real: Store) -> None:
    """On real servers only: fakeredis does not look at the type in XREAD."""
    await real.raw.set(KEYS.events, "text")
    with pytest.raises(StoreCorrupt):
        await real.stream.read(Position(1, 1))
    with pytest.raises(StoreCorrupt):
        await real.stream.head()


BEYOND = ["18446744073709551615-1", "9223372036854775807-3", f"{LAST_EPOCH}-1"]


@pytest.mark.parametrize("last", BEYOND)
async def test_an_id_beyond_all_clocks_is_an_error_that_leaves_no_record_without_its_event(
    store: Store, last: str
) -> None:
    """The event is written first: a record without its event would never reach a page."""
    grant = await store.grant()
    await store.registry.apply(grant, [put("a", 1)])
    before = await store.records()
    await store.raw.xadd(KEYS.events, {"x": "y"}, id=last)
    await store.registry.view("n1")
    with pytest.raises(StoreCorrupt, match="hero_router did not write") as told:
        await store.registry.apply(grant, [put("a", 2)])
    assert last in str(told.value)
    assert str(told.value).endswith(f"redis-cli DEL '{KEYS.events}'")
    assert await store.records() == before
    await store.raw.delete(KEYS.events)
    head = await store.registry.apply(grant, [put("a", 2)])
    assert (head.epoch < 10**13, head.seq) == (True, 1)


@pytest.mark.parametrize(
    ("field", "junk"),
    [("epoch", "junk"), ("epoch", "9" * 19), ("epoch", str(LAST_EPOCH)), ("run_id", "junk")],
)
async def test_junk_in_meta_begins_a_new_epoch(store: Store, field: str, junk: str) -> None:
    grant = await store.grant()
    first = await store.registry.apply(grant, [put("a", 1)])
    await store.raw.hset(KEYS.meta, field, junk)
    second = await store.registry.apply(grant, [put("a", 2)])
    assert (10**13 > second.epoch > first.epoch, second.seq) == (True, 1)


@pytest.mark.parametrize("number", [2**53 - 1, 2**64 - 1])
async def test_a_number_of_an_event_beyond_counting_begins_a_new_epoch(
    store: Store, number: int
) -> None:
    grant = await store.grant()
    first = await store.registry.apply(grant, [put("a", 1)])
    await store.raw.xadd(KEYS.events, {"x": "y"}, id=f"{first.epoch}-{number}")
    second = await store.registry.apply(grant, [put("a", 2)])
    assert (second.epoch > first.epoch, second.seq) == (True, 1)


async def test_a_fence_that_is_no_number_is_a_clear_error(store: Store) -> None:
    await store.raw.hset(KEYS.meta, "fence", "junk")
    with pytest.raises(StoreCorrupt, match="fencing token"):
        await store.lease().acquire()
    await store.raw.hdel(KEYS.meta, "fence")
    assert await store.lease().acquire()


async def test_the_first_write_notes_which_layout_the_data_have(store: Store) -> None:
    """Else no other version could know that it must not touch them."""
    await store.registry.apply(await store.grant(), [])
    assert await store.raw.hget(KEYS.meta, "schema") == str(SCHEMA).encode()


async def test_the_layout_of_another_version_is_neither_read_nor_written(store: Store) -> None:
    """The error names both versions."""
    grant = await store.grant()
    await store.registry.apply(grant, [put("a", 1)])
    await store.raw.hset(KEYS.meta, "schema", str(SCHEMA + 1))
    before = await store.contents()
    told = rf"of another version of hero_router \(schema {SCHEMA + 1}, here {SCHEMA}\)"
    with pytest.raises(StoreCorrupt, match=told):
        await store.registry.apply(grant, [put("a", 2)])
    with pytest.raises(StoreCorrupt, match=told):
        await store.stream.load()
    assert await store.contents() == before
    await store.raw.hset(KEYS.meta, "schema", str(SCHEMA))
    assert await store.registry.apply(grant, [put("a", 2)])


@pytest.mark.parametrize("junk", [b"\xff junk", b"", b"s9:7"])
async def test_a_lease_that_never_ends_is_respected_and_the_error_names_the_key_to_delete(
    store: Store, junk: bytes
) -> None:
    """No scanner writes such a lease; as long as it exists, no scanner can take the node."""
    key = KEYS.lease("n1")
    await store.raw.set(key, junk)
    with pytest.raises(StoreCorrupt) as told:
        await store.lease("s1").acquire()
    assert key in str(told.value)
    assert str(told.value).endswith(f"redis-cli DEL '{key}'")
    assert await store.raw.get(key) == junk
    await store.raw.delete(key)
    assert await store.lease("s1").acquire()


async def test_the_error_about_a_junk_lease_is_one_short_line(store: Store) -> None:
    await store.raw.set(KEYS.lease("n1"), "x\n\x1b[31m" + "y" * 10_000)
    with pytest.raises(StoreCorrupt) as told:
        await store.lease("s1").acquire()
    assert str(told.value).isprintable()
    assert len(str(told.value)) < 300


async def test_the_error_about_a_junk_lease_quotes_sixty_characters_of_it(store: Store) -> None:
    await store.raw.set(KEYS.lease("n1"), "y" * 61)
    with pytest.raises(StoreCorrupt, match=f"holds '{'y' * 59}…'; delete it"):
        await store.lease("s1").acquire()


async def test_a_junk_lease_that_ends_by_itself_is_another_scanners(store: Store) -> None:
    await store.raw.set(KEYS.lease("n1"), b"\xff junk", px=60_000)
    assert await store.lease("s1").acquire() is None
