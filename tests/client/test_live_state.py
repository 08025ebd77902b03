"""A live copy of the state: equal to the router's after every event, gap and reconnect."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from hero_router import sse
from hero_router.client.live_state import LiveState, State
from hero_router.position import Position
from hero_router.sse import Message
from tests.support.records import NODE, gone, record
from tests.support.wait import PATIENCE_SECONDS


def plain(name: str, **fields: Any) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(json.dumps(record(name, **fields).to_json()))
    return value


def snapshot(cursor: str, *names: str, run_id: str = "r1", **fields: Any) -> dict[str, Any]:
    services = [plain(name) for name in names]
    known = {"cursor": cursor, "run_id": run_id, "services": services, "nodes": [], "stale": []}
    return {**known, **fields}


def message(event: str, place: str = "", **data: Any) -> Message:
    return Message(event, json.dumps(data), place, None)


def added(place: str, name: str, **fields: Any) -> Message:
    return message("service_added", place, service=plain(name, **fields))


def names(state: State) -> list[str]:
    return [item["name"] for item in state.to_json()["services"]]


@pytest.fixture
def state() -> State:
    """One that holds the services a and b at position 7-3."""
    made = State()
    assert made.load(snapshot("7-3", "a", "b"))
    return made


LOST: dict[str, Any] = {"reason": "scanner", "node": NODE, "since": 5, "detail": "no scanner runs"}


def test_events_change_the_services(state: State) -> None:
    assert state.apply(added("7-4", "c")) is None
    assert names(state) == ["a", "b", "c"]
    assert state.apply(message("service_removed", "7-5", **gone("a").data)) is None
    assert state.apply(added("7-6", "b", title="new")) is None
    assert names(state) == ["b", "c"]
    assert state.to_json()["services"][0]["title"] == "new"
    assert state.to_json()["cursor"] == "7-6"


def test_an_event_that_the_snapshot_holds_already_changes_nothing(state: State) -> None:
    assert state.apply(message("service_removed", "7-3", **gone("a").data)) is None
    assert names(state) == ["a", "b"]


def test_after_a_resync_only_a_snapshot_that_is_new_enough_is_taken(state: State) -> None:
    told = message("resync", "7-8", dropped=4, after_ms=1500, run_id="r1", reason="lagged")
    assert state.apply(told) == 1.5
    assert not state.is_complete
    assert not state.load(snapshot("7-7", "a"))
    assert not state.load(snapshot("7-9", "a", run_id="r2")), "of another Redis"
    assert state.load(snapshot("7-9", "c"))
    assert (names(state), state.is_complete) == (["c"], True)
    state.apply(message("service_removed", "7-9", **gone("c").data))
    assert names(state) == ["c"], "the snapshot held it already"


@pytest.mark.parametrize(
    ("told", "complete"),
    [
        (added("7-4", "c"), True),
        (added("7-5", "c"), False),
        (added("9-1", "c"), True),
        (added("9-2", "c"), False),
        (message("ping", "7-3"), True),
        (message("ping", "7-4"), True),
        (message("ping", "7-5"), False),
        (message("hello", "7-3", run_id="r1"), True),
        (message("hello", "7-4", run_id="r1"), False),
    ],
)
def test_a_jump_that_nothing_covers_is_a_gap(state: State, told: Message, complete: bool) -> None:
    assert (state.apply(told) is None) is complete
    assert state.is_complete is complete


def test_in_a_filtered_stream_a_jump_is_no_gap(state: State) -> None:
    state.apply(message("hello", "7-3", run_id="r1", filtered=True))
    assert state.apply(added("7-6", "c")) is None
    assert state.apply(message("ping", "9-4")) is None
    assert state.is_complete
    state.apply(message("hello", "9-4", run_id="r1"))
    assert state.apply(message("ping", "9-6")) == 0.0


def test_services_of_a_lost_node_are_unknown_until_its_scanner_is_back(state: State) -> None:
    state.apply(message("stale", **LOST))
    first = state.to_json()
    assert {item["status"] for item in first["services"]} == {"unknown"}
    assert [item["reason"] for item in first["stale"]] == ["scanner"]
    state.apply(message("fresh", reason="scanner", node=NODE))
    assert {item["status"] for item in state.to_json()["services"]} == {"healthy"}
    assert state.to_json()["stale"] == []


def test_a_snapshot_of_a_lost_node_says_how_its_services_were() -> None:
    state = State()
    shown = {**plain("a"), "status": "unknown", "reason": "node_lost", "healthy": False}
    last = {"last_status": "degraded", "last_reason": "slow"}
    state.load(snapshot("7-3", services=[{**shown, **last}], stale=[LOST]))
    assert state.to_json()["services"][0]["status"] == "unknown"
    state.apply(message("fresh", reason="scanner", node=NODE))
    (service,) = state.to_json()["services"]
    assert (service["status"], service["reason"]) == ("degraded", "slow")


def shown(state: State) -> tuple[str, list[str], bool]:
    """The status of the only service, the reasons of the conditions, and whether it is muted."""
    whole = state.to_json()
    (service,) = whole["services"]
    return service["status"], [item["reason"] for item in whole["stale"]], "muted" in service


MUTED: dict[str, Any] = {**plain("a"), "muted": {"id": plain("a")["id"], "by": "me"}}


def test_what_a_snapshot_says_holds_until_the_stream_has_said_what_holds() -> None:
    """A worker sends conditions and mutes after the missed events, and a ping after those."""
    state = State()
    state.load(snapshot("7-3", services=[MUTED], stale=[LOST]))
    state.apply(message("hello", "7-3", run_id="r1"))
    assert shown(state) == ("unknown", ["scanner"], True)
    state.apply(message("ping"))
    assert shown(state) == ("unknown", ["scanner"], True), "the worker has not read Redis yet"
    state.apply(message("service_updated", "7-4", service=plain("a")))
    assert shown(state) == ("unknown", ["scanner"], True)
    state.apply(message("ping", "7-4"))
    assert shown(state) == ("healthy", [], False)


def test_what_the_stream_has_said_outlasts_a_ping() -> None:
    state = State()
    state.load(snapshot("7-3", services=[MUTED], stale=[]))
    state.apply(message("hello", "7-3", run_id="r1"))
    state.apply(message("stale", "7-3", **LOST))
    state.apply(message("mutes", "7-3", mutes=[MUTED["muted"]]))
    state.apply(message("ping", "7-3"))
    assert shown(state) == ("unknown", ["scanner"], True)


def test_a_stream_that_goes_on_needs_a_snapshot_for_what_happened_meanwhile(state: State) -> None:
    assert state.apply(message("hello", "7-3", run_id="r1")) is None
    assert state.apply(message("hello", "7-3", run_id="r1")) == 0
    assert not state.is_complete
    assert state.load(snapshot("7-9", "a", stale=[LOST]))
    assert state.apply(added("7-4", "c")) is None, "the snapshot has it"
    assert shown(state) == ("unknown", ["scanner"], False)


def test_a_stream_that_goes_on_with_a_gap_loads_when_the_resync_says_so(state: State) -> None:
    """So that many clients do not load at the same time."""
    state.apply(message("hello", "7-3", run_id="r1"))
    assert state.apply(message("hello", run_id="r1")) is None
    assert not state.is_complete
    told = message("resync", "7-8", dropped=4, after_ms=1500, run_id="r1", reason="trimmed")
    assert state.apply(told) == 1.5


class Router:
    """A router with written answers: snapshots one after the other (the last repeats), one stream
    for each connection."""

    def __init__(self) -> None:
        self.snapshots: list[dict[str, Any]] = []
        self.streams: list[list[bytes]] = []
        self.cursors: list[str | None] = []

    async def state(self, _: web.Request) -> web.Response:
        answer = self.snapshots.pop(0) if len(self.snapshots) > 1 else self.snapshots[0]
        return web.json_response(answer)

    async def events(self, request: web.Request) -> web.StreamResponse:
        self.cursors.append(request.headers.get("Last-Event-ID"))
        response = web.StreamResponse(headers=sse.HEADERS)
        await response.prepare(request)
        for frame in self.streams.pop(0):
            await response.write(frame)
        return response


@pytest.fixture
def router() -> Router:
    return Router()


@pytest.fixture
async def url(router: Router) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes([web.get("/api/services", router.state), web.get("/api/events", router.events)])
    async with TestServer(app) as server:
        yield str(server.make_url("/")).rstrip("/")


def frame(event: str, seq: int, **data: object) -> bytes:
    return sse.frame(event, data, position=Position(7, seq), retry_ms=1)


async def whole_states(url: str, count: int) -> list[dict[str, Any]]:
    """The next states."""
    live = LiveState(url, retry_ms=1).states()
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(live):
        return [await anext(live) for _ in range(count)]


async def states(url: str, count: int) -> list[list[str]]:
    """The names in each of the next states."""
    found = await whole_states(url, count)
    return [[item["name"] for item in state["services"]] for state in found]


async def test_it_begins_with_a_snapshot_and_follows_from_there(router: Router, url: str) -> None:
    router.snapshots = [snapshot("7-3", "a"), snapshot("7-4", "a", "b")]
    router.streams = [
        [frame("hello", 3, run_id="r1"), frame("service_added", 4, service=plain("b"))],
        [frame("hello", 4, run_id="r1"), frame("service_added", 5, service=plain("c"))],
    ]
    assert await states(url, 5) == [["a"], ["a"], ["a", "b"], ["a", "b"], ["a", "b", "c"]]
    assert router.cursors == ["7-3", "7-4"]


async def test_no_service_of_a_lost_node_ever_looks_healthy(router: Router, url: str) -> None:
    """Not before a stream has said what holds, and not while missed events arrive."""
    router.snapshots = [snapshot("7-3", "a", stale=[LOST]), snapshot("7-5", "a", stale=[LOST])]
    router.streams = [
        [frame("hello", 3, run_id="r1"), frame("stale", 3, **LOST)],
        [frame("hello", 3, run_id="r1"), frame("service_updated", 4, service=plain("a")),
         frame("service_updated", 5, service=plain("a")), frame("stale", 5, **LOST)],
    ]  # fmt: skip
    found = await whole_states(url, 7)
    assert {item["status"] for state in found for item in state["services"]} == {"unknown"}
    assert {state["cursor"] for state in found[3:]} == {"7-5"}


async def test_after_a_gap_it_asks_until_the_state_is_new_enough(router: Router, url: str) -> None:
    router.snapshots = [snapshot("7-3", "a"), snapshot("7-3", "a"), snapshot("7-9", "z")]
    resync = frame("resync", 8, dropped=5, after_ms=1, run_id="r1", reason="lagged")
    router.streams = [[frame("hello", 3, run_id="r1"), resync]]
    assert await states(url, 3) == [["a"], ["a"], ["z"]]


async def test_no_state_is_shown_while_a_gap_is_open(router: Router, url: str) -> None:
    """Its next message tries again: the router may first have to say hello as another Redis."""
    resync = frame("resync", 8, dropped=None, after_ms=1, run_id="r1", reason="store_changed")
    router.snapshots = [snapshot("7-3", "a"), snapshot("7-9", "z", run_id="r2")]
    router.streams = [
        [frame("hello", 3, run_id="r1"), resync, frame("hello", 8, run_id="r2")],
    ]
    assert await states(url, 3) == [["a"], ["a"], ["z"]]
