"""The network between a worker and Redis is slow, cut or silent: no page diverges unnoticed."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from hero_router.store import client
from tests.failover.witness import Witness, witnessing
from tests.support.hand import Hand
from tests.support.proxy import FaultProxy
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.live import WINDOW, Live, working

BURST = 3 * WINDOW


@pytest.fixture
async def proxy(redis7: RedisServer) -> AsyncIterator[FaultProxy]:
    """The proxy between worker and Redis."""
    async with FaultProxy(redis7.socket) as made:
        yield made


@pytest.fixture
async def live(
    proxy: FaultProxy, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Live]:
    """A worker that gives up on a silent Redis sooner than usual."""
    monkeypatch.setattr(client, "ANSWER_SECONDS", 0.4)
    async with working(f"unix://{proxy.path}") as worker:
        await worker.reaches(await hand.change("s0"))
        yield worker


@pytest.fixture
async def witness(live: Live) -> AsyncIterator[Witness]:
    """A page that follows."""
    async with witnessing(live) as following:
        yield following


async def burst(hand: Hand) -> None:
    """More than the window holds, one after the other."""
    for number in range(BURST):
        await hand.change(f"s{number % 3}")


async def test_late_replies_change_nothing(proxy: FaultProxy, hand: Hand, witness: Witness) -> None:
    proxy.slow(0.2)
    await burst(hand)
    await witness.agrees(hand, await hand.change("s1"))
    proxy.slow(0)
    await witness.agrees(hand, await hand.change("s1"))


async def test_replies_that_come_after_the_timeout_go_to_no_caller(
    proxy: FaultProxy, hand: Hand, live: Live, witness: Witness
) -> None:
    """Such replies would be taken as the answers to the next calls."""
    proxy.slow(2 * client.ANSWER_SECONDS)
    answers = await asyncio.gather(*(live.get("/api/clients") for _ in range(3)))
    assert {status for status, _ in answers} == {503}
    await burst(hand)
    proxy.slow(0)
    await eventually(lambda: _served(live), message="callers are answered again")
    await witness.agrees(hand, await hand.change("s1"))


async def test_replies_in_slices_of_one_byte_are_read_as_they_are(
    proxy: FaultProxy, hand: Hand, witness: Witness
) -> None:
    proxy.slice()
    await burst(hand)
    await witness.agrees(hand, await hand.change("s1"))


@pytest.mark.parametrize("count", [0, 1, 40, 400, 1500])
async def test_a_connection_that_is_cut_in_mid_reply_is_a_new_start(
    proxy: FaultProxy, hand: Hand, witness: Witness, count: int
) -> None:
    proxy.reset_after(count)
    while not proxy.is_reset:
        await hand.change("s1")
        await asyncio.sleep(0)
    await burst(hand)
    await witness.agrees(hand, await hand.change("s2"))


async def test_a_connection_that_is_half_open_is_reported_and_closed(
    proxy: FaultProxy, hand: Hand, live: Live, witness: Witness
) -> None:
    proxy.freeze()
    await burst(hand)
    place = await hand.change("s1")
    await eventually(lambda: not live.feed.ready, message="the worker knows that it is blind")
    assert witness.place != place
    proxy.thaw()
    await witness.agrees(hand, place)
    assert witness.resyncs, "more was trimmed than the window holds"


async def test_a_pool_without_a_free_connection_is_an_answer_and_no_hang(
    proxy: FaultProxy, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis is silent, and more callers come than there are connections."""
    proxy.freeze()
    async with asyncio.timeout(PATIENCE_SECONDS):
        answers = await asyncio.gather(*(live.get("/api/clients") for _ in range(30)))
    assert {status for status, _ in answers} == {503}
    proxy.thaw()
    await eventually(lambda: _served(live), message="callers are answered again")


async def _served(live: Live) -> bool:
    return (await live.get("/api/clients"))[0] == 200
