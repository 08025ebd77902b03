"""Requests to scanners: they reach all listeners, none is stored, and junk is ignored."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from redis.asyncio.client import PubSub

from hero_router.errors import StoreUnreachable
from hero_router.store.scan_requests import ScanRequest, ScanRequests
from tests.contract.world import KEYS, Store
from tests.support.proxy import FaultProxy
from tests.support.wait import PATIENCE_SECONDS, eventually

SCAN = ScanRequest("scan", "r1", "n1")
LAST = ScanRequest("scan", "last")


class Listener:
    """Collects requests until it fails or is ended."""

    def __init__(self, requests: ScanRequests) -> None:
        self.heard: list[ScanRequest] = []
        self.subscribed = asyncio.Event()
        self._requests = requests
        self.task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for request in self._requests.listen(self.subscribed.set):
            self.heard.append(request)

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])


@asynccontextmanager
async def listening(
    store: Store, count: int = 1, idle: float = PATIENCE_SECONDS
) -> AsyncIterator[list[Listener]]:
    """This many listeners, all subscribed. After `idle` seconds of silence, and once more, each
    takes its connection for dead."""
    made = [Listener(ScanRequests(store.client(), KEYS, idle_seconds=idle)) for _ in range(count)]

    async def subscribed() -> bool:
        ((_, number),) = await store.raw.pubsub_numsub(KEYS.requests)
        return bool(number == count)

    await eventually(subscribed, message=f"{count} subscribed")
    yield made
    for listener in made:
        await listener.end()


async def test_a_request_without_a_listener_reaches_none(store: Store) -> None:
    assert await store.requests.send(SCAN) == 0


async def test_a_request_reaches_all_listeners_and_counts_them(store: Store) -> None:
    async with listening(store, 2) as listeners:
        assert await store.requests.send(SCAN) == 2
        await eventually(lambda: all(item.heard for item in listeners), message="both hear it")
        assert [item.heard for item in listeners] == [[SCAN], [SCAN]]


async def test_a_request_may_be_for_all_nodes(store: Store) -> None:
    async with listening(store) as (listener,):
        await store.requests.send(LAST)
        await eventually(lambda: listener.heard == [LAST], message="it hears the request")


async def test_a_listener_knows_when_it_has_subscribed(store: Store) -> None:
    """Before any request arrives."""
    async with listening(store) as (listener,):
        await asyncio.wait_for(listener.subscribed.wait(), PATIENCE_SECONDS)
        assert listener.heard == []


async def test_a_request_is_not_kept_for_later_listeners(store: Store) -> None:
    await store.requests.send(SCAN)
    async with listening(store) as (listener,):
        await store.requests.send(LAST)
        await eventually(lambda: listener.heard == [LAST], message="it hears the later one only")


async def test_junk_on_the_channel_is_ignored(store: Store) -> None:
    """Fields of a newer version do no harm."""
    good = {"kind": "scan", "id": "r1", "node": "n1"}
    junk = [
        *(b"", b"\xff", b"null", b"5", b"[]", b"{}", b"[" * 100_000, b'{"kind":"scan"}'),
        *(json.dumps({**good, name: 5}).encode() for name in good),
        json.dumps({**good, "kind": None}).encode(),
    ]
    async with listening(store) as (listener,):
        for message in junk:
            await store.raw.publish(KEYS.requests, message)
        await store.raw.publish(KEYS.requests, json.dumps({**good, "colour": "blue"}))
        await eventually(lambda: listener.heard, message="it hears the good one")
        assert listener.heard == [SCAN]


async def test_a_quiet_channel_stays_connected(real: Store) -> None:
    """On real servers only: each silence is ended by a ping, and a pong is no request."""
    async with listening(real, idle=2) as (listener,):

        async def pinged() -> bool:
            return any(item["cmd"] == "ping" for item in await real.raw.client_list())

        await eventually(pinged, message="the quiet channel is pinged")
        await real.requests.send(SCAN)
        await eventually(lambda: listener.heard == [SCAN], message="it still hears")


async def test_a_listener_notices_that_redis_died(real: Store) -> None:
    async with listening(real) as (listener,):
        await real.restart()
        with pytest.raises(StoreUnreachable):
            await listener.task


async def test_a_listener_notices_a_connection_that_leads_nowhere(
    distant: Store, proxy: FaultProxy
) -> None:
    """Packets are dropped and no end of the connection ever arrives."""
    async with listening(distant, idle=0.4) as (listener,):
        proxy.freeze()
        with pytest.raises(StoreUnreachable, match="in time"):
            await listener.task


@pytest.mark.parametrize("call", ["subscribe", "ping"])
async def test_a_listener_ends_even_if_the_library_loses_its_cancellation(
    store: Store, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """`asyncio.wait_for`, through which the library sends, does so before Python 3.12."""
    calling, real = asyncio.Event(), getattr(PubSub, call)

    async def losing(channel: PubSub, *args: str) -> None:
        await real(channel, *args)
        calling.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)

    monkeypatch.setattr(PubSub, call, losing)
    async with listening(store, idle=0.4) as (listener,):
        await asyncio.wait_for(calling.wait(), PATIENCE_SECONDS)
        monkeypatch.undo()
        listener.task.cancel()
        await asyncio.wait([listener.task], timeout=PATIENCE_SECONDS)
        assert listener.task.cancelled()
