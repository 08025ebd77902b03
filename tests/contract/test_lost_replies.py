"""A write is done, its reply is lost, and the call is repeated: no second effect."""

import asyncio
from collections.abc import Sequence

import pytest

from hero_router.errors import StoreUnreachable
from hero_router.model import Change
from hero_router.store import client
from hero_router.store.redis_errors import redis_errors
from tests.contract.world import KEYS, Store
from tests.support.proxy import FaultProxy
from tests.support.records import gone, put, record, report, scanned
from tests.support.wait import PATIENCE_SECONDS, eventually

BATCHES: tuple[Sequence[Change], ...] = (
    [put("a", 2)],
    [gone("a")],
    [put("b", 1), gone("a"), scanned("r1")],
    [],
)


@pytest.mark.parametrize("changes", BATCHES)
async def test_a_lost_reply_has_no_second_effect(
    real: Store, distant: Store, proxy: FaultProxy, changes: Sequence[Change]
) -> None:
    grant = await real.grant()
    first = await distant.registry.apply(grant, [put("a", 1)], report(1))
    proxy.lose_replies()
    head = await distant.registry.apply(grant, changes, report(2))
    assert len(proxy.lost) == 1
    assert str(head).encode() in proxy.lost[0], "the lost reply was not that of this step"
    assert head.seq == first.seq + len(changes)
    assert len(await real.window()) == 1 + len(changes)
    assert (await real.nodes.list())["n1"].state == report(2)


async def test_a_second_lost_reply_is_the_callers_to_repeat(
    real: Store, distant: Store, proxy: FaultProxy
) -> None:
    grant = await real.grant()
    await distant.registry.apply(grant, [put("a", 1)])
    proxy.lose_replies(2)
    with pytest.raises(StoreUnreachable):
        await distant.registry.apply(grant, [put("a", 2)])
    head = await distant.registry.apply(grant, [put("a", 2)])
    assert (head.seq, len(await real.window())) == (2, 2)


async def test_a_reply_that_never_comes_ends_in_time_and_has_no_second_effect(
    real: Store, distant: Store, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A half-open connection: no byte arrives, and it is not closed."""
    monkeypatch.setattr(client, "ANSWER_SECONDS", 0.2)
    impatient = Store(distant.backend)
    grant = await real.grant()
    await distant.registry.apply(grant, [put("a", 1)])
    await eventually(lambda: answers(impatient), message="it is connected")
    proxy.freeze_replies()
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(StoreUnreachable, match="in time"):
            await impatient.registry.apply(grant, [put("a", 2)])
    proxy.thaw()
    head = await distant.registry.apply(grant, [put("a", 2)])
    assert (head.seq, len(await real.window())) == (2, 2)
    await impatient.close()


async def answers(store: Store) -> bool:
    """Whether a call gets its reply in time."""
    try:
        with redis_errors():
            return bool(await store.raw.ping())
    except StoreUnreachable:
        return False


async def test_a_lease_whose_reply_was_lost_is_taken_again_by_the_same_scanner(
    real: Store, distant: Store, proxy: FaultProxy
) -> None:
    lease = distant.lease("s1")
    await lease.release(await distant.grant("s1"))
    proxy.lose_replies()
    with pytest.raises(StoreUnreachable):
        await lease.acquire()
    assert await real.lease("s2").acquire() is None
    grant = await lease.acquire()
    assert grant is not None
    await real.registry.apply(grant, [put()])


async def test_replies_are_never_crossed_after_one_was_lost(
    real: Store, distant: Store, proxy: FaultProxy
) -> None:
    """The connection is closed, so a late reply cannot answer another call."""
    await real.registry.apply(await real.grant(), [put("a")], report())
    await distant.stream.load()
    proxy.lose_replies()
    with pytest.raises(StoreUnreachable):
        await distant.stream.load()
    assert (await distant.registry.view("n1")).records == {record("a").id: record("a")}
    assert await distant.nodes.probe("n1", "a") is None
    assert await distant.stream.head() == await real.stream.head()


async def test_a_cancelled_call_leaves_no_reply_for_the_next_one(
    real: Store, distant: Store, proxy: FaultProxy
) -> None:
    await real.registry.apply(await real.grant(), [put("a")], report())
    for _ in range(20):
        loading = asyncio.create_task(distant.registry.view("n1"))
        for _ in range(3):
            await asyncio.sleep(0)
        loading.cancel()
        await asyncio.wait([loading])
        assert (await distant.raw.get(KEYS.lease("n1"))) == b"s1:1"
