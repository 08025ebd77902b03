"""The lease and its fencing token: one scanner writes a node; a late one writes nothing at all."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import pytest

from hero_router.errors import Fenced, StoreError
from hero_router.position import ORIGIN
from hero_router.store import clock
from hero_router.store.lease import Grant, Lease
from tests.contract.world import KEYS, Store
from tests.support.records import gone, put, report, scanned
from tests.support.wait import eventually

SHORT = 0.2


async def test_one_scanner_holds_a_node_and_others_stand_by(store: Store) -> None:
    assert await store.lease("s1").acquire() is not None
    assert await store.lease("s2").acquire() is None
    assert await store.lease("s2", node="n2").acquire() is not None


async def test_one_of_many_that_try_at_the_same_time_gets_it(store: Store) -> None:
    tries = [store.lease(f"s{number}").acquire() for number in range(8)]
    grants = await asyncio.gather(*tries)
    assert len([grant for grant in grants if grant]) == 1


async def test_tokens_grow_with_each_taking_on_whatever_node(store: Store) -> None:
    grants = [await store.grant("s1"), await store.grant("s1"), await store.grant("s2", "n2")]
    tokens = [grant.token for grant in grants]
    assert tokens == sorted(set(tokens))


async def test_tokens_go_on_from_the_last_one_that_redis_has(store: Store) -> None:
    """Also if another version of hero_router gave it."""
    await store.raw.hset(KEYS.meta, "fence", "41")
    assert (await store.grant()).token == 42


async def test_tokens_grow_over_a_restart(store: Store) -> None:
    first = await store.grant()
    await store.restart()
    assert (await store.grant()).token > first.token


async def test_a_lease_that_is_not_renewed_goes_to_another_within_its_lifetime(
    store: Store,
) -> None:
    """A scanner that was killed is replaced in time."""
    first = await store.grant("s1", seconds=SHORT)
    second = await eventually(store.lease("s2").acquire, message="takeover")
    assert second is not None
    assert second.token > first.token


async def test_a_lease_that_is_renewed_is_kept(store: Store) -> None:
    lease, other = store.lease("s1", seconds=60), store.lease("s2")
    grant = await lease.acquire()
    assert grant is not None
    for _ in range(4):  # half of its lifetime is over, each time
        left = await store.raw.pttl(KEYS.lease("n1"))
        await store.raw.pexpire(KEYS.lease("n1"), left - 30_000)
        assert await lease.renew(grant)
        assert await other.acquire() is None


async def test_a_lease_lives_for_its_lifetime_from_each_renewal_on(store: Store) -> None:
    lease, key = store.lease("s1", seconds=60), KEYS.lease("n1")
    grant = await lease.acquire()
    assert grant is not None
    assert 50_000 < await store.raw.pttl(key) <= 60_000
    await store.raw.pexpire(key, 30_000)
    await lease.renew(grant)
    assert 50_000 < await store.raw.pttl(key) <= 60_000


async def test_a_released_lease_is_free_at_once(store: Store) -> None:
    lease = store.lease("s1")
    await lease.release(await store.grant("s1"))
    assert await store.lease("s2").acquire() is not None


async def test_a_lost_lease_can_neither_be_renewed_nor_released(store: Store) -> None:
    lease = store.lease("s1")
    old = await store.grant("s1")
    await store.raw.delete(KEYS.lease("n1"))
    held = await store.grant("s2")
    assert not await lease.renew(old)
    await lease.release(old)
    assert await store.lease("s2").renew(held)


async def test_a_name_that_begins_like_the_holders_does_not_get_its_lease(store: Store) -> None:
    await store.grant("host:7")
    assert await store.lease("host").acquire() is None


async def _expired(store: Store) -> Grant:
    grant = await store.grant(seconds=SHORT)

    async def is_gone() -> bool:
        return not await store.raw.exists(KEYS.lease("n1"))

    await eventually(is_gone, message="the lease expires")
    return grant


async def _taken_over(store: Store) -> Grant:
    """As after SIGSTOP and SIGCONT: the world went on meanwhile."""
    grant = await _expired(store)
    await store.registry.apply(await store.grant("s2"), [put("a", 5)], report(5))
    return grant


async def _taken_again(store: Store) -> Grant:
    """By the same scanner, so that only the token differs."""
    grant = await store.grant("s1")
    await store.grant("s1")
    return grant


async def _emptied(store: Store) -> Grant:
    grant = await store.grant("s1")
    await store.raw.flushall()
    return grant


@pytest.mark.parametrize("lose", [_expired, _taken_over, _taken_again, _emptied])
async def test_a_late_writer_is_fenced_and_nothing_is_written(
    store: Store, lose: Callable[[Store], Awaitable[Grant]]
) -> None:
    """Not a record, not an event, not a report, not even a schema."""
    await store.registry.apply(await store.grant("s1"), [put("a", 1), put("b", 1)], report(1))
    late = await lose(store)
    before = await store.contents()
    with pytest.raises(Fenced, match="n1"):
        await store.registry.apply(late, [put("a", 9), gone("b"), scanned()], report(9))
    assert await store.contents() == before


async def test_a_grant_is_good_for_its_own_node_only(store: Store) -> None:
    await store.grant("s1", "n1")
    with pytest.raises(Fenced):
        await store.registry.apply(Grant("n2", "s1", 1), [put("a", 1, "n2")])


async def test_a_fenced_writer_learns_which_scanner_holds_the_lease(store: Store) -> None:
    late = await _taken_over(store)
    with pytest.raises(Fenced, match="held by s2:2"):
        await store.registry.apply(late, [])


async def test_a_writer_whose_lease_has_expired_learns_that_nobody_holds_it(store: Store) -> None:
    late = await _expired(store)
    with pytest.raises(Fenced, match="on node n1 is held by nobody"):
        await store.registry.apply(late, [])


async def acquire(lease: Lease, grant: Grant) -> None:
    await lease.acquire()


async def renew(lease: Lease, grant: Grant) -> None:
    await lease.renew(grant)


async def release(lease: Lease, grant: Grant) -> None:
    await lease.release(grant)


@pytest.mark.parametrize("step", [acquire, renew, release])
async def test_each_answer_sets_the_clock_of_a_host_whose_own_is_wrong(
    store: Store, monkeypatch: pytest.MonkeyPatch, step: Callable[[Lease, Grant], Awaitable[None]]
) -> None:
    wrong = SimpleNamespace(time=lambda: 0.0, monotonic=time.monotonic)
    monkeypatch.setattr(clock, "time", wrong)
    grant = await store.grant()
    lease = store.lease()
    assert lease.now_ms() == 0
    began = time.monotonic()
    await step(lease, grant)
    now = lease.now_ms()
    seconds, micros = await store.raw.time()
    passed = (time.monotonic() - began) * 1000
    assert abs(now - (seconds * 1000 + micros / 1000)) < 1000 + passed


async def test_the_time_of_a_lease_goes_on_between_calls(store: Store) -> None:
    lease = store.lease()
    await lease.acquire()
    before = lease.now_ms()
    await eventually(lambda: lease.now_ms() > before, message="time goes on")


async def test_a_renewal_tells_the_newest_position_of_the_stream(store: Store) -> None:
    lease, other = store.lease("s1"), await store.grant("s2", "n2")
    grant = await lease.acquire()
    assert grant is not None
    assert await lease.renew(grant) == ORIGIN
    head = await store.registry.apply(other, [put("b", 1, "n2"), put("b", 2, "n2")])
    assert await lease.renew(grant) == head


async def test_a_lease_is_renewed_though_another_program_took_the_key_of_the_stream(
    store: Store,
) -> None:
    """The scanner is told of it, and stays the one that may write once the key is deleted."""
    lease, key = store.lease("s1"), KEYS.lease("n1")
    grant = await lease.acquire()
    assert grant is not None
    await store.raw.pexpire(key, 30_000)
    await store.raw.set(KEYS.events, "foreign")
    with pytest.raises(StoreError):
        await lease.renew(grant)
    assert await store.raw.pttl(key) > 50_000
