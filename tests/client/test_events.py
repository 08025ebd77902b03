"""A follower of the stream keeps its position over every connection."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from hero_router import sse
from hero_router.client.events import Follower
from hero_router.client.http import RouterAway
from hero_router.position import Position
from hero_router.sse import Message
from tests.support.wait import PATIENCE_SECONDS

Write = Callable[[bytes], Awaitable[None]]
Act = Callable[[Write], Awaitable[None]]


def hello(seq: int, retry_ms: int = 1, **data: object) -> bytes:
    return sse.frame("hello", data, position=Position(7, seq), retry_ms=retry_ms)


def change(seq: int) -> bytes:
    return sse.frame("service_updated", {"service": {}}, position=Position(7, seq))


class Script:
    """A router whose streams are written beforehand: one act for each connection."""

    def __init__(self) -> None:
        self.acts: list[Act | int] = []
        self.positions: list[str | None] = []
        self.times: list[float] = []

    def then(self, *frames: bytes) -> None:
        """A stream that sends these bytes and ends."""

        async def act(write: Write) -> None:
            for frame in frames:
                await write(frame)

        self.acts.append(act)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Play the next act; the last one again and again."""
        self.positions.append(request.headers.get("Last-Event-ID"))
        self.times.append(time.monotonic())
        act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
        if isinstance(act, int):
            return web.Response(status=act)
        response = web.StreamResponse(headers=sse.HEADERS)
        await response.prepare(request)
        await act(response.write)
        return response


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
async def url(script: Script) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes([web.get("/api/events", script.serve)])
    async with TestServer(app) as server:
        yield str(server.make_url("/")).rstrip("/")


async def take(follower: Follower, count: int) -> list[Message]:
    """The next messages."""
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(follower.messages()) as messages:
        return [await anext(messages) for _ in range(count)]


async def test_a_follower_resumes_after_its_last_event_over_every_connection(
    script: Script, url: str
) -> None:
    script.then(hello(3), change(4), change(5))
    script.then(hello(5))
    script.then(hello(5), change(6))
    found = await take(Follower(url), 6)
    assert script.positions == [None, "7-5", "7-5"]
    assert [message.last_id for message in found] == ["7-3", "7-4", "7-5", "7-5", "7-5", "7-6"]


async def test_it_begins_after_the_position_that_it_was_given(script: Script, url: str) -> None:
    script.then(hello(9))
    await take(Follower(url, "7-9"), 1)
    assert script.positions == ["7-9"]


async def test_a_position_is_kept_until_there_is_a_new_one_but_never_made_up(
    script: Script, url: str
) -> None:
    """Before it tells of a gap a router says hello without a position."""
    script.then(sse.frame("hello", {"cursor": None}))
    script.then(hello(9))
    found = await take(Follower(url, "7-1"), 2)
    assert [message.last_id for message in found] == ["", "7-9"]
    assert script.positions == ["7-1", "7-1"]


async def test_a_message_without_a_position_leaves_it(script: Script, url: str) -> None:
    script.then(hello(3), sse.frame("stale", {"reason": "redis"}))
    script.then(hello(3))
    await take(Follower(url), 3)
    assert script.positions == [None, "7-3"]


async def test_a_worker_that_ends_says_when_to_come_back(script: Script, url: str) -> None:
    """Without a message after it: each client has its own time, so that not all come at once."""
    script.then(hello(3, retry_ms=1), sse.retry(300))
    script.then(hello(3))
    await take(Follower(url, retry_ms=1), 2)
    assert script.times[1] - script.times[0] >= 0.3


async def test_a_router_that_is_away_at_first_is_an_error(script: Script, url: str) -> None:
    script.acts = [503]
    with pytest.raises(RouterAway, match="answers 503"):
        await take(Follower(url), 1)
    with pytest.raises(RouterAway, match="no router answers at"):
        await take(Follower("http://127.0.0.1:1"), 1)


async def test_a_router_that_goes_away_later_is_waited_for(script: Script, url: str) -> None:
    script.then(hello(3))
    script.acts += [503, 500]
    script.then(hello(3), change(4))
    reasons = list[str]()
    follower = Follower(url, on_break=reasons.append)
    found = await take(follower, 3)
    assert (found[-1].last_id, follower.cursor) == ("7-4", "7-4")
    assert reasons == [
        "the router ended the stream",
        f"{url} answers 503: no reason is given",
        f"{url} answers 500: no reason is given",
    ]


async def test_a_silent_connection_is_given_up_after_three_keepalives(
    script: Script, url: str
) -> None:
    """The other side may be gone without a word; it says itself how often it would speak."""

    async def fall_silent(write: Write) -> None:
        await write(hello(3, ping_seconds=0.1))
        await asyncio.sleep(60)

    script.acts = [fall_silent]
    # A busy machine may need more than the 0.3 s for this one: then it is asked again.
    script.then(hello(3, ping_seconds=60), change(4))
    found = await take(Follower(url), 3)
    assert found[-1].last_id == "7-4"
    assert script.times[1] - script.times[0] >= 0.3


async def test_a_router_that_takes_the_call_and_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(RouterAway, match=r"has sent nothing for 0\.1 s"):
            await take(Follower(f"http://127.0.0.1:{port}", silence_seconds=0.1), 1)
