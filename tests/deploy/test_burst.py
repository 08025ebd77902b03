"""Ten thousand events at once through a worker process, to clients that read, stall, or hang."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from pathlib import Path

import aiohttp

from hero_router.position import Position
from hero_router.sse import Message, Parser
from tests.deploy.web import BY_COMMAND, Web
from tests.support.background import meanwhile
from tests.support.hand import Hand
from tests.support.redis import RedisServer
from tests.support.wait import eventually
from tests.web.live import Listener

EVENTS, STEP, WINDOW, READERS = 10_000, 250, 1024, 5
LONG = "x" * 600


class Reader(Listener):
    """A client that reads all the time, and counts the writes that it was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0

    async def read(self, answer: aiohttp.ClientResponse) -> None:
        """Each write is one chunk of the answer."""
        parser = Parser()
        async for data, is_whole in answer.content.iter_chunks():
            self.messages += parser.feed(data)
            self.writes += is_whole


@asynccontextmanager
async def routing(folder: Path, url: str, **settings: str) -> AsyncIterator[tuple[Web, Hand]]:
    """One worker, and who publishes; there is one service."""
    hand = Hand(url, WINDOW)
    await hand.begin(services=1)
    ours = {"ROUTER_WORKERS": "1", "ROUTER_SSE_BUFFER": str(WINDOW)}
    web = Web(folder, url, BY_COMMAND, **ours, **settings)
    try:
        yield await web.ready(workers=1), hand
    finally:
        web.process.stop()
        await hand.close()


@asynccontextmanager
async def reading(web: Web) -> AsyncIterator[Reader]:
    """A client that reads, meanwhile."""
    reader = Reader()
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{web.url}/api/events") as answer,
        meanwhile(reader.read(answer)),
    ):
        await reader.hears_of("hello")
        yield reader


async def burst(hand: Hand) -> Position:
    """As fast as Redis takes them; returns the last position."""
    for _ in range(EVENTS // STEP):
        last = await hand.changes("s0", STEP)
    return last


def assert_told_of_all(messages: Sequence[Message]) -> None:
    """Each event came once and in order, or is in exactly one number that was told."""
    client = Listener()
    client.messages = list(messages)
    assert all(one < other for one, other in pairwise(client.places))
    missed = [dropped or 0 for dropped, _ in client.resyncs]
    assert 0 not in missed
    assert len(client.places) + sum(missed) == EVENTS


async def test_readers_and_stalled_clients_account_for_every_event_of_a_burst(
    redis7: RedisServer, tmp_path: Path
) -> None:
    async with routing(tmp_path, redis7.url) as (web, hand), AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(reading(web)) for _ in range(READERS)]
        (slow,) = await stack.enter_async_context(web.streaming())
        last = await burst(hand)
        for reader in readers:
            await eventually(lambda one=reader: one.places[-1:] == [last], message="it has all")  # type: ignore[misc]
            assert_told_of_all(reader.messages)
            assert reader.writes < len(reader.places) / 4, "frames are joined"

        async def is_told() -> bool:
            """The figures are written once a second."""
            scrape = await web.scrape()
            blocked = scrape.total("clients", state="blocked")
            return blocked == 1 and scrape.total("cursor_lag_events") > 0

        await eventually(is_told, message="one is blocked, and behind")
        await slow.until("service_updated", last)
        assert_told_of_all(slow.messages)


async def test_a_client_that_takes_no_byte_is_dropped_and_the_others_do_not_wait_for_it(
    redis7: RedisServer, tmp_path: Path
) -> None:
    settings = {"ROUTER_SSE_STALL_SECONDS": "0.5"}
    async with routing(tmp_path, redis7.url, **settings) as (web, hand), reading(web) as reader:
        async with web.streaming(3):

            async def dropped() -> bool:
                await reader.hears(await hand.change("s0", description=LONG * 20))
                closed = (await web.scrape()).values("streams_closed_total", cause="stalled")
                return closed == [3]

            async def alone() -> bool:
                return (await web.scrape()).total("clients") == 1

            await eventually(dropped, message="those that hang are dropped")
            await eventually(alone, message="the reader is the only client")
        assert not reader.ended
        assert reader.resyncs == []
