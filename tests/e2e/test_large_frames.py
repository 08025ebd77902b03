"""Doubts that are larger than the kernel takes at once, and events between them: no client of the
stream loses anything, be it a browser, curl, this project's own command, or a plain reader.
"""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from playwright.async_api import Browser

from hero_router.position import Position
from hero_router.sse import Message, Parser
from tests.deploy.follower import following
from tests.e2e.dashboard import Dashboard
from tests.support.hand import Hand
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.live import CHANGES, Live, working

pytestmark = pytest.mark.asyncio(loop_scope="session")

DETAIL = "x" * 40_000
NODES, ROUNDS = 8, 6
WINDOW = 512
SEND_BYTES = 4096
"""The kernel takes no more at once for one client, so that most of each frame has to wait."""

COMMAND = (sys.executable, "-m", "hero_router", "events", "--json", "--url")


class Program:
    """A program that prints the stream, and what it has printed."""

    def __init__(self) -> None:
        self.printed = bytearray()

    async def read(self, output: asyncio.StreamReader) -> None:
        """Until it ends."""
        while data := await output.read(65_536):
            self.printed += data

    @property
    def messages(self) -> Sequence[Message]:
        """The whole messages of a stream, as it is."""
        return list(Parser().feed(bytes(self.printed)))

    @property
    def places(self) -> list[str]:
        """The positions of the changes in whole lines of JSON."""
        whole = self.printed[: self.printed.rfind(b"\n") + 1]
        lines = [json.loads(line) for line in whole.splitlines()]
        return [line["id"] for line in lines if line["event"] in CHANGES]


@asynccontextmanager
async def running(*command: str) -> AsyncIterator[Program]:
    """A program, meanwhile; it must have begun to print when the block begins."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdout is not None
    program = Program()
    reading = asyncio.create_task(program.read(process.stdout))
    try:
        await eventually(lambda: b"hello" in program.printed, message=f"{command[0]} is greeted")
        yield program
    finally:
        process.kill()
        await process.wait()
        await reading


@asynccontextmanager
async def narrow(live: Live) -> AsyncIterator[str]:
    """The worker's address where its kernel takes little at once."""
    own = socket.create_server(("127.0.0.1", 0))
    own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)
    site = web.SockSite(live.runner, own)
    await site.start()
    yield f"http://127.0.0.1:{own.getsockname()[1]}"
    await site.stop()


async def trouble(live: Live, hand: Hand) -> Position:
    """Nodes are lost and found while services change; returns the last change's position."""
    doubts = live.feed.conditions
    for number in range(ROUNDS):
        for node in range(NODES):
            doubts.set("scanner", f"lost{node}", f"{number} {DETAIL}")
            if node % 4 == number % 4:
                await hand.change(f"s{node % 3}")
        await hand.changes("s0", 3)
        live.feed.hub.tick()
        for node in range(NODES):
            doubts.clear("scanner", f"lost{node}")
    return await hand.change("s1")


def got(messages: Sequence[Message]) -> list[str]:
    """The positions of the changes, after the data of each was read."""
    for message in messages:
        json.loads(message.data)
    return [each.last_id for each in messages if each.event in CHANGES]


def ends_at(place: Position, places: Sequence[str]) -> bool:
    """Whether the change at this position is the last one that came."""
    return places[-1:] == [str(place)]


def doubted(notices: Sequence[Message]) -> set[str]:
    """The nodes that the client still doubts."""
    nodes = set[str]()
    for message in notices:
        node = {json.loads(message.data)["node"]}
        nodes = nodes | node if message.event == "stale" else nodes - node
    return nodes


async def test_every_kind_of_client_gets_each_event_once_and_whole(
    browser: Browser, redis7: RedisServer
) -> None:
    hand = Hand(redis7.url, WINDOW)
    await hand.begin(services=3)
    async with (
        working(redis7.url, sse_buffer=WINDOW, ping_seconds=1) as live,
        narrow(live) as url,
        following(url, silence=PATIENCE_SECONDS) as followers,
        running("curl", "-sN", f"{url}/api/events") as curl,
        running(*COMMAND, url) as command,
    ):
        page = await Dashboard.open(browser, url)
        before = live.feed.ring.head
        last = await trouble(live, hand)
        wanted = [f"{last.epoch}-{seq}" for seq in range(before.seq + 1, last.seq + 1)]
        await page.shows(await hand.statuses())
        await page.fresh("live")
        (follower,) = followers
        await eventually(lambda: follower.last == last, message="the follower has all")
        await eventually(lambda: ends_at(last, got(curl.messages)), message="curl has all")
        await eventually(lambda: ends_at(last, command.places), message="the command has all")
        await eventually(lambda: doubted(follower.notices) == set(), message="no node is in doubt")
        assert [str(place) for place, _ in follower.seen] == wanted
        assert (follower.endings, follower.told("resync")) == ([], [])
        assert got(curl.messages) == wanted
        assert command.places == wanted
        frames = await page.reaches(last)
        assert [frame.place for frame in frames] == wanted
        assert page.errors == page.warnings == []
        assert live.feed.hub.stats.blocked > 0, "nothing waited: nothing was tried"
    await hand.close()
