"""`AllowList`: what was added is read, each change is noticed by its revision, and junk."""

import asyncio
import ipaddress
import time

import pytest

from hero_router.errors import StoreCorrupt
from hero_router.settings.networks import Network
from hero_router.store.ip_allowlist import MAX_NOTE, REVISION, AllowList
from tests.contract.world import KEYS, Store

CLOSE_MS = 1_000
"""A test compares times of two processes; meanwhile the machine's clock may be set."""
OFFICE, HOME, SITE = map(ipaddress.ip_network, ("10.0.0.0/8", "192.168.1.7/32", "fd00::/8"))


@pytest.fixture
def allow(store: Store) -> AllowList:
    return AllowList(store.raw, KEYS)


async def networks(allow: AllowList) -> list[Network]:
    return [entry.network for entry in await allow.entries()]


async def test_an_empty_list_has_no_entries_and_the_revision_zero(allow: AllowList) -> None:
    assert await allow.entries() == []
    assert await allow.revision() == 0
    assert await allow.remove(OFFICE) is False
    assert await allow.clear() == 0


async def test_what_was_added_is_read_in_order_with_time_and_note(allow: AllowList) -> None:
    before = int(time.time() * 1000)
    assert await allow.add(SITE, "the site") is True
    assert await allow.add(HOME) is True
    assert await allow.add(OFFICE, "bell\x07 " + "x" * MAX_NOTE) is True
    found = await allow.entries()
    assert [entry.network for entry in found] == [OFFICE, HOME, SITE]
    assert [entry.note for entry in found][1:] == ["", "the site"]
    assert found[0].note.startswith("bell\ufffd x")
    assert len(found[0].note) == MAX_NOTE
    latest = time.time() * 1000 + CLOSE_MS
    assert all(before - CLOSE_MS <= entry.added_at <= latest for entry in found)


async def test_a_network_is_on_the_list_once(allow: AllowList) -> None:
    await allow.add(OFFICE, "old")
    assert await allow.add(OFFICE, "new") is False
    assert [entry.note for entry in await allow.entries()] == ["new"]


async def test_what_was_removed_is_gone(allow: AllowList) -> None:
    for network in (OFFICE, HOME, SITE):
        await allow.add(network)
    assert await allow.remove(HOME) is True
    assert await networks(allow) == [OFFICE, SITE]
    assert await allow.remove(HOME) is False
    assert await allow.clear() == 2
    assert await allow.entries() == []


async def test_the_revision_differs_after_each_change_and_only_then(allow: AllowList) -> None:
    async def change() -> int:
        seen = await allow.revision()
        assert await allow.revision() == seen
        return seen

    seen = [await change()]
    for step in (allow.add(OFFICE), allow.add(OFFICE, "note"), allow.add(HOME), allow.remove(HOME)):
        await step
        seen.append(await change())
    await allow.clear()
    assert len(set(seen)) == len(seen)
    assert await allow.revision() == 0


async def test_a_list_that_went_back_does_not_repeat_a_revision(
    store: Store, allow: AllowList
) -> None:
    """Redis may lose its last writes: a worker that has read them must notice what comes next."""
    await allow.add(OFFICE)
    before = await store.raw.dump(KEYS.allow)
    assert before is not None
    await allow.add(HOME)
    seen = await allow.revision()
    await store.raw.restore(KEYS.allow, 0, before, replace=True)
    await allow.add(SITE)
    assert await allow.revision() != seen


async def test_changes_at_the_same_time_are_all_kept(store: Store) -> None:
    many = [ipaddress.ip_network(f"10.0.{number}.0/24") for number in range(20)]
    await asyncio.gather(*(AllowList(store.raw, KEYS).add(network) for network in many))
    assert await networks(AllowList(store.client(), KEYS)) == many


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((b"10.0.0.1", raw) for raw in (b"", b"5", b"\xff", b"{}", b'{"at": 1}')),
        (b"10.0.0.1", b'{"at": "1", "note": ""}'),
        (b"10.0.0.1", b'{"at": true, "note": ""}'),
        (b"10.0.0.1", b'{"at": 1, "note": 5}'),
        *((name, b'{"at": 1, "note": ""}') for name in (b"10.0.0.1/8", b"all", b"\xff", b"")),
    ],
)
async def test_entries_of_other_programs_allow_nobody(
    store: Store, allow: AllowList, field: bytes, value: bytes
) -> None:
    await allow.add(OFFICE)
    await store.raw.hset(KEYS.allow, field, value)
    assert await networks(allow) == [OFFICE]


async def test_a_revision_of_another_program_is_an_error_that_says_what_to_do(
    store: Store, allow: AllowList
) -> None:
    await allow.add(OFFICE)
    await store.raw.hset(KEYS.allow, REVISION, "x")
    with pytest.raises(StoreCorrupt, match="redis-cli DEL"):
        await allow.revision()


async def test_a_key_of_another_type_is_an_error(store: Store, allow: AllowList) -> None:
    await store.raw.set(KEYS.allow, "x")
    for call in (allow.revision(), allow.entries(), allow.add(OFFICE), allow.remove(OFFICE)):
        with pytest.raises(StoreCorrupt):
            await call
