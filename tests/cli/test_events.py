"""`events` as a client: it keeps its place over every connection, and says what it missed."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from hero_router import sse
from hero_router.cli import events
from hero_router.cli.events import Follower, summary
from hero_router.client.http import RouterAway
from hero_router.position import Position
from hero_router.sse import Message
from tests.support.records import record

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
        self.positions.append(request.headers.get("Last-Event-ID"))
        self.times.append(time.monotonic())
        act = self.acts.pop(0)
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
    async with asyncio.timeout(10), aclosing(follower.messages()) as messages:
        return [await anext(messages) for _ in range(count)]


async def test_it_goes_on_where_it_stood_over_every_connection(script: Script, url: str) -> None:
    script.then(hello(3), change(4), change(5))
    script.then(hello(5))
    script.then(hello(5), change(6))
    found = await take(Follower(url, None), 6)
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


async def test_what_has_no_position_moves_it_nowhere(script: Script, url: str) -> None:
    script.then(hello(3), sse.frame("stale", {"reason": "redis"}))
    script.then(hello(3))
    await take(Follower(url, None), 3)
    assert script.positions == [None, "7-3"]


async def test_a_worker_that_ends_says_when_to_come_back(
    script: Script, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a message after it: each client has its own time, so that not all come at once."""
    monkeypatch.setattr(events, "RETRY_MS", 1)
    script.then(hello(3, retry_ms=1), sse.retry(300))
    script.then(hello(3))
    await take(Follower(url, None), 2)
    assert script.times[1] - script.times[0] >= 0.3


async def test_a_router_that_is_away_at_first_is_an_error(script: Script, url: str) -> None:
    script.acts = [503]
    with pytest.raises(RouterAway, match="answers 503"):
        await take(Follower(url, None), 1)
    with pytest.raises(RouterAway, match="no router answers at"):
        await take(Follower("http://127.0.0.1:1", None), 1)


async def test_a_router_that_goes_away_later_is_waited_for(
    script: Script, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script.then(hello(3))
    script.acts += [503, 500]
    script.then(hello(3), change(4))
    found = await take(Follower(url, None), 3)
    assert found[-1].last_id == "7-4"
    told = capsys.readouterr().err
    assert "answers 503" in told
    assert "reconnecting after 7-3" in told


async def test_a_silent_connection_is_given_up_after_three_keepalives(
    script: Script, url: str
) -> None:
    """The other side may be gone without a word; it says itself how often it would speak."""

    async def fall_silent(write: Write) -> None:
        await write(hello(3, ping_seconds=0.1))
        await asyncio.sleep(60)

    script.acts = [fall_silent]
    script.then(hello(3), change(4))
    found = await take(Follower(url, None), 3)
    assert found[-1].last_id == "7-4"
    assert script.times[1] - script.times[0] >= 0.3


async def test_a_router_that_takes_the_call_and_says_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events, "SILENCE_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(RouterAway, match="no router answers"):
            await take(Follower(f"http://127.0.0.1:{port}", None), 1)


RECORD: dict[str, Any] = json.loads(json.dumps(record().to_json()))


@pytest.mark.parametrize(
    ("event", "data", "told"),
    [
        ("service_added", {"service": RECORD}, "default/api ● healthy"),
        ("service_updated", {"service": {**RECORD, "status": "odd"}}, "default/api ? odd"),
        (
            "status_change",
            {"service": RECORD, "from": "healthy", "to": "unhealthy", "reason": "no answer"},
            "default/api ● healthy → ✖ unhealthy  no answer",
        ),
        (
            "status_change",
            {"service": RECORD, "from": "unknown", "to": "healthy", "reason": ""},
            "default/api ? unknown → ● healthy",
        ),
        ("service_removed", {"name": "api", "reason": "gone"}, "name=api reason=gone"),
        ("scan", {"node": "n1", "changed": 0, "requests": []}, "node=n1 changed=0"),
        ("hello", {"cursor": "7-3", "worker": "n1/9"}, "after 7-3, from worker n1/9"),
        (
            "hello",
            {"cursor": None, "worker": "n1/9"},
            "from the oldest that is kept, from worker n1/9",
        ),
        (
            "resync",
            {"dropped": 12, "reason": "lagged", "after_ms": 3},
            "missed 12 events (lagged); `hero_router list` has the state",
        ),
        (
            "resync",
            {"dropped": None, "reason": "store_changed", "after_ms": 3},
            "missed an unknown number of events (store_changed); `hero_router list` has the state",
        ),
    ],
)
def test_an_event_is_told_in_a_few_words(event: str, data: dict[str, Any], told: str) -> None:
    assert summary(event, data).plain == told


@pytest.mark.parametrize("event", ["status_change", "service_updated", "scan", "of_next_year"])
@pytest.mark.parametrize(
    "data", [{}, {"service": {}}, {"service": None}, {"service": {"name": [1], "status": {}}}]
)
def test_an_event_that_lacks_what_is_usual_ends_nothing(event: str, data: dict[str, Any]) -> None:
    assert summary(event, data).plain.isprintable()


def test_nothing_in_an_event_steers_the_terminal() -> None:
    evil = {**RECORD, "name": "[red]x\x1b[2J\r\n\u202e", "status": "\x1b]0;x\x07"}
    for event in ("service_updated", "status_change", "service_removed"):
        told = summary(event, {"service": evil, "from": "\x9b", "to": "\x1b", "reason": "\x1b"})
        assert told.plain.isprintable()
        assert "[red]x" in told.plain
    assert summary("scan", {"node": "\x1b[2J"}).plain.isprintable()
