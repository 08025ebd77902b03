"""The primary dies or moves while a worker follows it: no page diverges unnoticed.

Each test kills or moves a real server under a real worker, while a page follows it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from hero_router.errors import StoreError, StoreUnreachable
from hero_router.store.client import connect
from hero_router.store.keys import Keys
from hero_router.store.lease import Lease
from hero_router.store.scan_requests import ScanRequest, ScanRequests
from tests.failover.witness import begins_again, following
from tests.support.background import meanwhile
from tests.support.replication import Cluster, Pair, Sentinel, ask
from tests.support.wait import PATIENCE_SECONDS, eventually


@contextlib.asynccontextmanager
async def hearing(url: str) -> AsyncIterator[list[str]]:
    """Listens to requests as a scanner does, again after each cut; returns what it received."""
    heard: list[str] = []
    ear = connect(url, name="ear", block_seconds=1, connections=1)

    async def listen() -> None:
        while True:
            with contextlib.suppress(StoreError):
                requests = ScanRequests(ear, Keys(), idle_seconds=0.2)
                async for request in requests.listen(lambda: None):
                    heard.append(request.id)  # noqa: PERF401 - what was heard counts at once
            await asyncio.sleep(0.05)

    try:
        async with meanwhile(listen()):
            yield heard
    finally:
        await ear.aclose()


async def is_heard(url: str, heard: list[str]) -> None:
    """A request that is made now reaches the scanner."""
    voice = connect(url, name="voice")
    heard.clear()

    async def answered() -> bool:
        await ScanRequests(voice, Keys()).send(ScanRequest("scan", "now"))
        return "now" in heard

    try:
        await eventually(answered, message="the request is heard")
    finally:
        await voice.aclose()


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    """A primary with a replica."""
    made = Pair()
    try:
        yield await made.start()
    finally:
        made.close()


async def test_sentinel_promotes_a_replica_that_lacks_acknowledged_writes(pair: Pair) -> None:
    sentinel = Sentinel(pair)
    try:
        sentinel.start()
        url = sentinel.router_url
        async with following(url) as (hand, live, witness), hearing(url) as heard:
            await sentinel.knows()
            await is_heard(url, heard)
            await pair.part()
            lost = [await hand.change("s1"), await hand.change("s2"), await hand.remove("s0")]
            await witness.agrees(hand, lost[-1])
            pair.primary.kill()
            sentinel.expects_death()
            await begins_again(hand)
            place = await hand.change("s1")
            await witness.agrees(hand, place)
            assert place.epoch > lost[-1].epoch
            assert witness.resyncs == [None]
            await eventually(live.is_ready, message="the worker is ready again")
            await is_heard(url, heard)
    finally:
        sentinel.close()


async def test_a_demoted_primary_is_left_for_the_new_one(pair: Pair) -> None:
    """By hand, without a lost server or a cut connection: READONLY is enough to ask again."""
    sentinel = Sentinel(pair)
    try:
        sentinel.start()
        async with following(sentinel.router_url) as (hand, _, witness):
            await sentinel.knows()
            await pair.in_step()
            await sentinel.fail_over(pair)
            await begins_again(hand)
            await witness.agrees(hand, await hand.change("s1"))
            assert witness.resyncs in ([], [None])
    finally:
        sentinel.close()


async def test_a_replica_that_took_the_primarys_address_over_is_noticed(pair: Pair) -> None:
    """Without a Sentinel: an address that moves, as by a virtual IP or a name."""
    async with following(pair.primary.url) as (hand, _, witness):
        await pair.part()
        lost = [await hand.change("s1"), await hand.change("s2")]
        await witness.agrees(hand, lost[-1])
        pair.primary.kill()
        ask(pair.replica, "REPLICAOF", "NO", "ONE")
        ask(pair.replica, "CONFIG", "SET", "port", pair.primary.port)
        await begins_again(hand)
        place = await hand.change("s1")
        await witness.agrees(hand, place)
        assert witness.resyncs == [None]


async def test_a_cluster_moves_the_slot_and_loses_its_primary() -> None:
    cluster = Cluster()
    try:
        await cluster.start()
        holder = cluster.holder()
        async with (
            following(cluster.router_url) as (hand, live, witness),
            hearing(cluster.router_url) as heard,
        ):
            await is_heard(cluster.router_url, heard)
            other = (holder + 1) % 3
            cluster.move(holder, other)
            await witness.agrees(hand, await hand.change("s1"))
            cluster.move(other, holder)
            await witness.agrees(hand, await hand.change("s2"))
            cluster.expects_death()
            cluster.nodes[holder].kill()
            await begins_again(hand)
            await witness.agrees(hand, await hand.change("s1"))
            await eventually(live.is_ready, message="the worker is ready again")
            await is_heard(cluster.router_url, heard)
    finally:
        cluster.close()


async def test_a_server_that_is_asked_is_no_sentinel_or_knows_no_primary(pair: Pair) -> None:
    """Each has its own message; the wait for dead servers is bounded."""
    place, nobody = f"127.0.0.1:{pair.primary.port}", "127.0.0.1:1,127.0.0.1:2"
    for url, told in (
        (f"redis+sentinel://{nobody}/router", "no Sentinel or Cluster node names"),
        (f"redis+cluster://{nobody}", "no Sentinel or Cluster node names"),
        (f"redis+sentinel://{place}/router", "is no Sentinel"),
        (f"redis+cluster://{place}", "not part of a Cluster"),
    ):
        asking = connect(url, name="test")
        async with asyncio.timeout(PATIENCE_SECONDS):
            with pytest.raises(StoreError, match=told):
                await Lease(asking, Keys(), "n1", "s1", 10).acquire()
        await asking.aclose()
    sentinel = Sentinel(pair)
    try:
        sentinel.start()
        asking = connect(sentinel.router_url.replace("/router", "/other"), name="test")
        with pytest.raises(StoreUnreachable, match="no Sentinel or Cluster node names"):
            await Lease(asking, Keys(), "n1", "s1", 10).acquire()
        await asking.aclose()
    finally:
        sentinel.close()
