"""`RevokedSessions`: what was ended stays ended, as long as a worker could still accept it."""

import time

import pytest

from hero_router.errors import StoreCorrupt, Unauthorized
from hero_router.store.revoked_sessions import KEEP_MS, RevokedSessions
from tests.contract.world import KEYS, Store

HOUR_MS = 3_600_000
CLOSE_MS = 1_000
"""A test compares times of two processes; meanwhile the machine's clock may be set."""


@pytest.fixture
def revoked(store: Store) -> RevokedSessions:
    return RevokedSessions(store.raw, KEYS)


def now_ms() -> int:
    """The time of this machine, which all servers here share."""
    return int(time.time() * 1000)


async def test_at_first_nothing_is_revoked(revoked: RevokedSessions) -> None:
    found = await revoked.read()
    assert (found.ids, found.before_ms) == (frozenset(), 0)


async def test_a_session_that_was_ended_is_read_by_all(
    store: Store, revoked: RevokedSessions
) -> None:
    await revoked.revoke("one", now_ms() + HOUR_MS)
    await revoked.revoke("two", now_ms() + 2 * HOUR_MS)
    found = await RevokedSessions(store.client(), KEYS).read()
    assert found.ids == {"one", "two"}


async def test_a_session_is_forgotten_only_long_after_it_expired(
    store: Store, revoked: RevokedSessions
) -> None:
    """A worker's clock may be behind Redis's, so that the session is still good there."""
    await revoked.revoke("just expired", now_ms() - 1)
    await revoked.revoke("expired", now_ms() - KEEP_MS + HOUR_MS // 2)
    await revoked.revoke("long expired", now_ms() - KEEP_MS - HOUR_MS)
    assert (await revoked.read()).ids == {"just expired", "expired"}
    assert await store.raw.zscore(KEYS.revoked, "long expired") is None


async def test_a_session_that_is_ended_again_is_kept_for_the_later_time(
    store: Store, revoked: RevokedSessions
) -> None:
    later = now_ms() + HOUR_MS
    await revoked.revoke("one", later)
    await revoked.revoke("one", 5)
    assert await store.raw.zscore(KEYS.revoked, "one") == later
    assert (await revoked.read()).ids == {"one"}


async def test_all_sessions_are_ended_that_began_until_now(revoked: RevokedSessions) -> None:
    begun_ms = now_ms()
    before_ms = await revoked.revoke_all()
    assert begun_ms - CLOSE_MS <= before_ms <= now_ms() + CLOSE_MS
    assert (await revoked.read()).before_ms == before_ms


async def test_one_session_is_spared_when_all_others_are_ended_until_the_next_time(
    revoked: RevokedSessions,
) -> None:
    before_ms = await revoked.revoke_all("mine", now_ms())
    found = await revoked.read()
    assert not found.ended("mine", before_ms)
    assert found.ended("other", before_ms)
    assert not found.ended("later", before_ms + 1)
    await revoked.revoke("mine")
    assert (await revoked.read()).ended("mine", before_ms)
    before_ms = await revoked.revoke_all("other", before_ms + 1)
    assert (await revoked.read()).ended("spared before", before_ms)
    before_ms = await revoked.revoke_all()
    assert (await revoked.read()).ended("other", before_ms)


async def test_a_session_that_was_ended_cannot_spare_itself(
    store: Store, revoked: RevokedSessions
) -> None:
    """As one whose worker has not yet read that it was ended."""
    begun_ms = now_ms()
    await revoked.revoke("by id")
    with pytest.raises(Unauthorized):
        await revoked.revoke_all("by id", begun_ms)
    assert (await revoked.read()).before_ms == 0
    before_ms = await revoked.revoke_all()
    ended = await revoked.read()
    with pytest.raises(Unauthorized):
        await revoked.revoke_all("with all", before_ms)
    assert await revoked.read() == ended
    await store.raw.delete(KEYS.revoked_before)
    again_ms = await revoked.revoke_all("mine", begun_ms)
    assert await revoked.revoke_all("mine", begun_ms) >= again_ms
    assert not (await revoked.read()).ended("mine", begun_ms)


async def test_a_time_that_is_set_by_hand_spares_nobody(
    store: Store, revoked: RevokedSessions
) -> None:
    """As by the command of redis-cli that the page shows."""
    before_ms = await revoked.revoke_all("mine", now_ms())
    await store.raw.set(KEYS.revoked_before, before_ms + 1)
    assert (await revoked.read()).ended("mine", before_ms)


async def test_the_time_of_the_end_of_all_never_goes_back(
    store: Store, revoked: RevokedSessions
) -> None:
    """Redis's clock may be set back: the sessions that were ended before stay so."""
    ahead = now_ms() + HOUR_MS
    await store.raw.set(KEYS.revoked_before, ahead)
    assert await revoked.revoke_all() == ahead
    assert (await revoked.read()).before_ms == ahead


async def test_the_time_goes_on(store: Store, revoked: RevokedSessions) -> None:
    await store.raw.set(KEYS.revoked_before, 5)
    assert await revoked.revoke_all() > 5


async def test_a_time_of_another_program_is_an_error_that_says_what_to_do(
    store: Store, revoked: RevokedSessions
) -> None:
    """To take it for "none" would let sessions live that were ended."""
    await store.raw.set(KEYS.revoked_before, "soon")
    with pytest.raises(StoreCorrupt, match="redis-cli DEL"):
        await revoked.read()
    with pytest.raises(StoreCorrupt, match="redis-cli DEL"):
        await revoked.revoke_all()


async def test_keys_of_another_type_are_an_error(store: Store, revoked: RevokedSessions) -> None:
    await store.raw.set(KEYS.revoked, "x")
    with pytest.raises(StoreCorrupt):
        await revoked.read()
    with pytest.raises(StoreCorrupt):
        await revoked.revoke("one", now_ms())
