"""A principal restricted to one context sees only that: in the state, the stream and by RPC."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from hero_router.access.principal import ALL_ROLES, VIEWER, Principal
from hero_router.feed.conditions import SCANNER
from hero_router.model import Change
from hero_router.sse import Message, Parser
from hero_router.web.middleware import PRINCIPAL, Handler
from tests.web.world import World, record

Client = TestClient[Any, Any]

SHOP = Principal("clerk", ALL_ROLES, frozenset({"shop"}))
MINE = record("till", context="shop", node="n2")
OTHER = record("beta")
SAME_NAME = record("till", context="lab")


@web.middleware
async def as_clerk(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Make every caller the clerk of one context."""
    request[PRINCIPAL] = SHOP
    return await handler(request)


@pytest.fixture
async def world() -> World:
    """A registry of services in three contexts, on two nodes."""
    made = World()
    await made.add(OTHER, SAME_NAME, MINE)
    return made


@pytest.fixture
async def client(world: World, aiohttp_client: AiohttpClient) -> Client:
    """The clerk's client."""
    app = world.app()
    app.middlewares.append(as_clerk)
    started: Client = await aiohttp_client(app)
    await world.caught_up()
    return started


async def get(client: Client, path: str, status: int = 200) -> Any:
    answer = await client.get(path)
    assert answer.status == status
    return await answer.json()


async def call(client: Client, method: str, **params: object) -> Any:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return await (await client.post("/rpc", json=body)).json()


async def test_the_state_holds_its_context_only(client: Client, world: World) -> None:
    world.feed.conditions.set(SCANNER, "n1", "gone")
    state = await get(client, "/api/services")
    assert [item["id"] for item in state["services"]] == [MINE.id]
    (node,) = state["nodes"]
    assert (node["node"], node["services"], node["counts"]) == ("n2", 1, {"healthy": 1})
    assert state["stale"] == []
    world.feed.conditions.set(SCANNER, "n2", "gone")
    assert [item["node"] for item in (await get(client, "/api/services"))["stale"]] == ["n2"]


async def test_the_state_in_gzip_is_the_same(client: Client, world: World) -> None:
    await world.add(*(record(f"s{number}", context="shop") for number in range(20)))
    await world.caught_up()
    whole = world.state.view()
    answer = await client.get("/api/services", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert {item["context"] for item in (await answer.json())["services"]} == {"shop"}
    assert answer.headers["ETag"] != f'W/"{whole.tag}"'


async def test_another_context_does_not_exist_for_it(client: Client) -> None:
    mine = await get(client, "/api/services/till")
    assert mine["id"] == MINE.id
    assert (await call(client, "router.logs", id="till"))["result"]["service_id"] == MINE.id
    for key in (OTHER.id, "beta"):
        await get(client, f"/api/services/{key}", status=404)
        await get(client, f"/api/services/{key}/errors", status=404)
        for method in ("router.service", "router.logs"):
            assert (await call(client, method, id=key))["error"]["code"] == -32004


async def test_rpc_methods_answer_its_context_only(client: Client) -> None:
    listed = (await call(client, "router.list"))["result"]
    assert [item["id"] for item in listed["services"]] == [MINE.id]
    found = (await call(client, "router.services"))["result"]
    assert [item["id"] for item in found] == [MINE.id]
    assert (await call(client, "router.services", context="default"))["result"] == []
    assert (await call(client, "router.count"))["result"] == 1


async def test_recent_events_are_of_its_context_only(client: Client, world: World) -> None:
    scan = Change("scan", "", {"node": "n2", "discovered": 9, "requests": []})
    await world.registry.apply(await world.grant("n2"), [scan])
    await world.caught_up()
    recent = await get(client, "/api/events/recent?n=1")
    assert [item["data"]["service"]["id"] for item in recent["events"]] == [MINE.id]


async def test_its_stream_has_events_of_its_context_only(client: Client, world: World) -> None:
    messages = list[Message]()

    async def read(answer: Any) -> None:
        parser = Parser()
        async for data in answer.content.iter_any():
            messages.extend(parser.feed(data))
            if any(item.event == "service_removed" for item in messages):
                return

    async with client.get("/api/events") as answer:
        reading = asyncio.create_task(read(answer))
        await world.add(record("gamma"), record("shelf", context="shop"), SAME_NAME)
        await world.remove(record("gamma"))
        await world.remove(MINE)
        await asyncio.wait_for(reading, 5)
    changes = [item for item in messages if item.event.startswith("service_")]
    about = [json.loads(item.data) for item in changes]
    assert [item.get("service", item)["context"] for item in about] == ["shop", "shop"]


async def test_a_stream_of_another_context_is_refused(client: Client) -> None:
    error = (await get(client, "/api/events?context=default", status=403))["error"]
    assert error["code"] == "forbidden"


async def test_what_counts_all_contexts_is_not_for_it_even_as_administrator(
    client: Client,
) -> None:
    assert (await call(client, "router.scan"))["error"]["data"]["code"] == "forbidden"
    assert (await get(client, "/api/clients", status=403))["error"]["code"] == "forbidden"


async def test_without_a_restriction_everything_is_seen(
    world: World, aiohttp_client: AiohttpClient
) -> None:
    client = await aiohttp_client(world.app())
    await world.caught_up()
    assert len((await get(client, "/api/services"))["services"]) == 3
    assert (await call(client, "router.count"))["result"] == 3
    assert len((await get(client, "/api/events/recent"))["events"]) == 3


async def test_addresses_are_for_those_who_may_call_services(
    world: World, aiohttp_client: AiohttpClient
) -> None:
    await aiohttp_client(world.app())
    await world.caught_up()
    viewer = Principal("guest", frozenset({VIEWER}))
    assert (await world.parts.details.of("beta", viewer))["addresses"] == {}
    assert set((await world.parts.details.of("beta", Principal()))["addresses"]) == {"rpc"}
