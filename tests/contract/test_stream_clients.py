"""`ClientListStore`: the workers' summaries of their clients, their lifetime, and junk."""

import pytest

from hero_router.store.stream_clients import KEEP_NAMES_MS, LIFETIME_MS, ClientList, ClientListStore
from tests.contract.world import KEYS, Store

SUMMARY = {"states": {"live": 2, "blocked": 1}, "pending": 7, "listed": [{"address": "::1"}]}
NOW = 10 * KEEP_NAMES_MS


@pytest.fixture
def roll(store: Store) -> ClientListStore:
    return ClientListStore(store.raw, KEYS)


async def test_without_workers_there_is_nothing_to_read(roll: ClientListStore) -> None:
    assert await roll.read() == {}


async def test_the_last_summary_of_each_worker_is_read(roll: ClientListStore) -> None:
    await roll.publish("a/1", SUMMARY, NOW)
    await roll.publish("b/1", {**SUMMARY, "more": "of a newer version"}, NOW + 1)
    await roll.publish("a/1", {**SUMMARY, "pending": 8}, NOW + 2)
    assert await roll.read() == {
        "a/1": ClientList(NOW + 2, {**SUMMARY, "pending": 8}),
        "b/1": ClientList(NOW + 1, {**SUMMARY, "more": "of a newer version"}),
    }


async def test_a_worker_that_publishes_no_more_is_forgotten(
    store: Store, roll: ClientListStore
) -> None:
    await roll.publish("a/1", SUMMARY, NOW)
    left = await store.raw.pttl(KEYS.clients("a/1"))
    assert 0 < left <= LIFETIME_MS
    await store.raw.delete(KEYS.clients("a/1"))
    assert await roll.read() == {}
    await roll.publish("b/1", SUMMARY, NOW + KEEP_NAMES_MS)
    assert await store.raw.zrange(KEYS.workers, 0, -1) == [b"b/1"]


async def test_a_worker_that_removes_its_summary_leaves_nothing(
    store: Store, roll: ClientListStore
) -> None:
    await roll.publish("a/1", SUMMARY, NOW)
    await roll.remove("a/1")
    assert await store.raw.exists(KEYS.workers, KEYS.clients("a/1")) == 0


@pytest.mark.parametrize(
    "junk",
    [
        *(b"", b"5", b"[]", b"\xff", b"{}", b'{"states": {}, "pending": 1}'),
        b'{"states": {"live": "1"}, "pending": 1, "listed": []}',
        b'{"states": {}, "pending": null, "listed": []}',
        b'{"states": {}, "pending": 1, "listed": ["x"]}',
        b'{"states": {}, "pending": 1, "listed": 5}',
    ],
)
async def test_junk_is_passed_over(store: Store, roll: ClientListStore, junk: bytes) -> None:
    await roll.publish("a/1", SUMMARY, NOW)
    await roll.publish("b/1", SUMMARY, NOW)
    await store.raw.set(KEYS.clients("b/1"), junk)
    assert list(await roll.read()) == ["a/1"]
