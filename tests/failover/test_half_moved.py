"""Only one of a worker's connections moved to the new primary: it is reported, and corrected.

Real servers; a proxy whose open connections stay where they are while new ones lead elsewhere.
"""

import shutil
from collections.abc import AsyncIterator, Callable

import pytest

from hero_router.feed import node_monitor, same_stream_check, tail_primary_check
from hero_router.feed.tail import Tail
from hero_router.store import client
from tests.failover.witness import begins_again, following, witnessing
from tests.support.hand import Hand, writing
from tests.support.proxy import FaultProxy
from tests.support.redis import RedisServer, redis7_binary
from tests.support.replication import Pair, Sentinel, ask
from tests.support.wait import eventually
from tests.web.live import WINDOW, Live, working

Launch = Callable[..., RedisServer]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks and restarts, a few times as fast as usual."""
    monkeypatch.setattr(node_monitor, "WATCH_SECONDS", 0.2)
    monkeypatch.setattr(tail_primary_check, "RENEW_SECONDS", 0.4)
    monkeypatch.setattr(same_stream_check, "LASTING_SECONDS", 0.6)
    # As usual less than what must last: a process that gets no turn for a while sees no difference.
    monkeypatch.setattr(same_stream_check, "STEP_SECONDS", 0.2)


@pytest.fixture
def old(launch: Launch) -> RedisServer:
    """The old primary, which lives on and believes that it still is one."""
    return launch(redis7_binary())


@pytest.fixture
async def proxy(old: RedisServer) -> AsyncIterator[FaultProxy]:
    """The proxy that leads to the primary."""
    async with FaultProxy(old.socket) as made:
        yield made


@pytest.fixture
async def hand(old: RedisServer) -> AsyncIterator[Hand]:
    """The writer to the old primary."""
    async with writing(old.url, WINDOW, services=3) as made:
        yield made


def promoted(old: RedisServer, launch: Launch) -> RedisServer:
    """A server with the old one's data, as a replica that was promoted."""
    ask(old, "SAVE")
    made = launch(redis7_binary())
    made.kill()
    shutil.copy(old.folder / "dump.rdb", made.folder / "dump.rdb")
    return made.start()


async def is_ready(live: Live) -> None:
    """The worker is ready, and reports nothing stale."""
    await eventually(live.is_ready, message="the worker is ready again")
    await eventually(lambda: not live.feed.conditions.current, message="nothing is doubtful")


async def test_a_tail_that_stays_on_a_living_old_primary_is_reported_and_moved(
    old: RedisServer,
    hand: Hand,
    proxy: FaultProxy,
    launch: Launch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its connection is alive and quiet; events of the new primary would never arrive."""
    async with (
        working(f"unix://{proxy.path}") as live,
        witnessing(live) as witness,
        live.listening() as listener,
    ):
        await witness.agrees(hand, await hand.change("s0"))
        new = promoted(old, launch)
        successor = Hand(new.url, WINDOW)
        await successor.begin()
        place = await successor.remove("s0")
        proxy.lead_to(new.socket)
        with monkeypatch.context() as held:  # it is corrected within a moment
            held.setattr(Tail, "restart", lambda _: None)
            told, *_ = await listener.hears_of("stale")
            status, ready = await live.get("/ready")
        assert (told["reason"], told["node"], status) == ("stream", None, 503)
        assert ready["reason"] == told["detail"]
        assert "follows Redis process" in told["detail"]
        await listener.hears_of("fresh")
        await witness.agrees(successor, place)
        await is_ready(live)
        assert live.names == {"s1", "s2"}
        await successor.close()


async def test_a_watch_that_alone_is_on_the_old_primary_is_moved_too(
    old: RedisServer,
    hand: Hand,
    proxy: FaultProxy,
    launch: Launch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A restart of the tail does not correct that."""
    monkeypatch.setattr(tail_primary_check, "RENEW_SECONDS", 1000)
    async with working(f"unix://{proxy.path}") as live, live.listening() as listener:
        await live.reaches(await hand.change("s0"))
        await is_ready(live)
        new = promoted(old, launch)
        proxy.lead_to(new.socket)
        ids = [
            line.split()[0].removeprefix("id=")
            for line in ask(old, "CLIENT", "LIST").decode().splitlines()
            if " name=tail " in line
        ]
        ask(old, "CLIENT", "KILL", "ID", ids[0])

        def reasons() -> set[str]:
            return {item["reason"] for item in listener.data("stale")}

        await eventually(lambda: "stream" in reasons(), message="the difference is told")
        await is_ready(live)
        await eventually(
            lambda: b" name=watch " not in ask(old, "CLIENT", "LIST"), message="the watch has left"
        )


async def test_a_tail_that_hangs_on_a_connection_that_is_alive_is_reported_and_restarted(
    hand: Hand, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reply is lost, and the timeout is far away."""
    monkeypatch.setattr(client, "ANSWER_SECONDS", 600)
    async with (
        working(f"unix://{proxy.path}") as live,
        witnessing(live) as witness,
        live.listening() as listener,
    ):
        await witness.agrees(hand, await hand.change("s0"))
        proxy.swallow(b":events")
        place = await hand.change("s1")
        told, *_ = await listener.hears_of("stale")
        assert told["reason"] == "stream"
        assert "has read no event after" in told["detail"]
        await listener.hears_of("fresh")
        await witness.agrees(hand, place)
        await is_ready(live)
        assert witness.resyncs == []


async def test_a_worker_asks_the_sentinels_again_though_its_old_primary_lives() -> None:
    """The replica is promoted, and the primary does not know it."""
    pair = Pair()
    sentinel = Sentinel(await pair.start())
    try:
        sentinel.start()
        async with following(sentinel.router_url) as (hand, live, witness):
            await sentinel.knows()
            await pair.in_step()
            await witness.agrees(hand, await hand.change("s1"))
            async with live.listening() as listener:
                await sentinel.promote(pair)
                await begins_again(hand)
                place = await hand.remove("s1")
                told, *_ = await listener.hears_of("stale")
                assert told["reason"] == "stream"
                await witness.agrees(hand, place)
                await is_ready(live)
    finally:
        sentinel.close()
        pair.close()


async def test_a_busy_worker_is_never_marked_stale(hand: Hand, proxy: FaultProxy) -> None:
    """Bursts larger than the window, over a slow connection."""
    async with working(f"unix://{proxy.path}") as live, witnessing(live) as witness:
        await witness.agrees(hand, await hand.change("s0"))
        async with live.listening() as listener:
            proxy.slow(0.05)
            for _ in range(20):
                await hand.changes("s1", 3 * WINDOW)
            proxy.slow(0)
            await witness.agrees(hand, await hand.change("s2"))
            assert listener.data("stale") == []
