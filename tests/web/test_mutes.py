"""Muted services: who may mute, and that everyone sees it, on every worker and in every stream."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from hero_router.access.principal import ALL_ROLES, VIEWER, Principal
from hero_router.feed import muting
from hero_router.sse import Message, Parser
from hero_router.store.mutes import Mute, MuteStore
from hero_router.web.middleware import PRINCIPAL, Handler
from tests.support.wait import eventually
from tests.web.world import KEYS, NOW_MS, World, record

Client = TestClient[Any, Any]

TILL = record("till", context="shop")


@pytest.fixture
async def client(
    world: World, aiohttp_client: AiohttpClient, monkeypatch: pytest.MonkeyPatch
) -> Client:
    """A client of a worker with services in two contexts, which looks at the mutes often."""
    monkeypatch.setattr(muting, "POLL_SECONDS", 0.01)
    await world.add(record("alpha"), TILL)
    started: Client = await aiohttp_client(world.app())
    await world.caught_up()
    return started


async def call(client: Client, method: str, **params: object) -> Any:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return await (await client.post("/rpc", json=body)).json()


async def muted(client: Client) -> list[str]:
    """The names of the services that a worker shows as muted."""
    services = (await (await client.get("/api/services")).json())["services"]
    return [item["name"] for item in services if "muted" in item]


async def test_a_mute_is_in_every_answer_about_the_service(client: Client) -> None:
    tag = (await client.get("/api/services")).headers["ETag"]
    mute = (await call(client, "router.mute", id="till", seconds=60, note="new\ndisk"))["result"]
    assert (mute["id"], mute["by"], mute["note"]) == (TILL.id, "anonymous", "new\ufffddisk")
    assert (mute["at"], mute["until"]) == (NOW_MS, NOW_MS + 60_000)
    answer = await client.get("/api/services", headers={"If-None-Match": tag})
    assert answer.status == 200
    assert await muted(client) == ["till"]
    assert (await call(client, "router.service", id="till"))["result"]["muted"] == mute
    assert (await call(client, "router.services", context="shop"))["result"][0]["muted"] == mute
    gone = (await call(client, "router.unmute", id="till"))["result"]
    assert gone == {"service_id": TILL.id, "was_muted": True}
    assert await muted(client) == []
    assert (await call(client, "router.unmute", id="till"))["result"]["was_muted"] is False


async def test_other_workers_and_open_streams_learn_of_it(
    client: Client, world: World, aiohttp_client: AiohttpClient
) -> None:
    other = World(world.server)
    colleague = await aiohttp_client(other.app())
    await other.caught_up()
    messages = list[Message]()

    async def follow(path: str) -> None:
        parser = Parser()
        async with colleague.get(path) as answer:
            async for data in answer.content.iter_any():
                messages.extend(parser.feed(data))

    def told() -> list[list[str]]:
        found = [json.loads(each.data)["mutes"] for each in messages if each.event == "mutes"]
        return [[item["name"] for item in each] for each in found]

    reading = asyncio.create_task(follow("/api/events"))
    await eventually(lambda: bool(messages), message="the stream begins")
    await call(client, "router.mute", id="till")
    await eventually(lambda: told() == [["till"]], message="the stream tells the mute")
    assert await muted(colleague) == ["till"]
    await call(client, "router.unmute", id="till")
    await eventually(lambda: told() == [["till"], []], message="and its end")
    await call(client, "router.mute", id="till")
    reading.cancel()
    messages.clear()
    later = asyncio.create_task(follow("/api/events?context=shop"))
    await eventually(lambda: told() == [["till"]], message="a new stream begins with it")
    later.cancel()
    messages.clear()
    elsewhere = asyncio.create_task(follow("/api/events?context=default"))
    await eventually(lambda: bool(told()), message="a filtered stream has its own list")
    assert told() == [[]]
    elsewhere.cancel()


async def test_a_mute_ends_by_itself(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await call(client, "router.mute", id="till", seconds=1)
    assert await muted(client) == ["till"]
    monkeypatch.setattr(world.parts.mutes, "_now_ms", lambda: NOW_MS + 1_000)

    async def is_over() -> bool:
        return await muted(client) == []

    await eventually(is_over, message="the mute is over")
    monkeypatch.setattr(world.parts.mutes, "_now_ms", lambda: NOW_MS + 100_000)
    await call(client, "router.mute", id="alpha")
    assert list(await world.client.hkeys(KEYS.mutes)) == [record("alpha").id.encode()]


async def test_a_worker_that_is_behind_does_not_end_a_mute_that_another_one_has_renewed(
    world: World,
) -> None:
    store, later = MuteStore(world.client, KEYS), NOW_MS + 100_000
    over = Mute(TILL.id, "till", "shop", "n1", "ann", NOW_MS, NOW_MS + 1_000, "")
    await store.put(over)
    behind = muting.Mutes(store, world.feed.mirror, world.feed.hub, lambda: later)
    await behind.look()
    await store.put(replace(over, until=later + 1_000))
    alpha = {"id": "alpha-id", "name": "alpha", "context": "default", "node": "n1"}
    await behind.mute(alpha, "bob", None, "")
    assert set(behind.current) == {TILL.id, "alpha-id"}


async def test_it_outlives_the_record_of_the_service(client: Client, world: World) -> None:
    await call(client, "router.mute", id="till")
    await world.remove(TILL)
    await world.add(TILL)
    await world.caught_up()
    assert await muted(client) == ["till"]
    await world.remove(TILL)
    await world.caught_up()
    assert (await call(client, "router.unmute", id="till"))["result"]["was_muted"] is True


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"id": "nosuch"}, -32004),
        ({"id": "till", "seconds": 0}, -32602),
        ({"id": "till", "seconds": 10**9}, -32602),
        ({"id": "till", "note": "x" * 201}, -32602),
        ({}, -32602),
    ],
)
async def test_wrong_parameters_are_refused(
    client: Client, params: dict[str, object], code: int
) -> None:
    assert (await call(client, "router.mute", **params))["error"]["code"] == code


@pytest.fixture
def acting(world: World, aiohttp_client: AiohttpClient) -> Callable[[Principal], Any]:
    """A client of a worker for whom every caller is this one."""

    async def begin(principal: Principal) -> Client:
        @web.middleware
        async def as_them(request: web.Request, handler: Handler) -> web.StreamResponse:
            request[PRINCIPAL] = principal
            return await handler(request)

        await world.add(record("alpha"), TILL)
        app = world.app()
        app.middlewares.append(as_them)
        started: Client = await aiohttp_client(app)
        await world.caught_up()
        return started

    return begin


async def test_a_viewer_may_not_mute(acting: Callable[[Principal], Any]) -> None:
    client = await acting(Principal("guest", frozenset({VIEWER})))
    for method in ("router.mute", "router.unmute"):
        assert (await call(client, method, id="till"))["error"]["data"]["code"] == "forbidden"


async def test_an_administrator_of_one_context_mutes_only_there(
    acting: Callable[[Principal], Any],
) -> None:
    client = await acting(Principal("clerk", ALL_ROLES, frozenset({"shop"})))
    assert (await call(client, "router.mute", id="till"))["result"]["by"] == "clerk"
    for method in ("router.mute", "router.unmute"):
        assert (await call(client, method, id="alpha"))["error"]["code"] == -32004
