"""A principal restricted to one context sees only that: in the state, the stream and by RPC."""

import asyncio
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from hero_router.access.principal import ALL_ROLES, VIEWER, Principal
from hero_router.feed import node_monitor
from hero_router.feed.conditions import SCANNER
from hero_router.model import Change
from hero_router.sse import Message, Parser
from hero_router.web.middleware import PRINCIPAL, Handler
from hero_router.web.report_page import DATA_BEGIN, DATA_END
from hero_router.web.routes.events import NDJSON, SSE
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.world import World, record, report

Client = TestClient[Any, Any]

SHOP = Principal("clerk", ALL_ROLES, frozenset({"shop"}))
MINE = record("till", context="shop", node="n2")
OTHER = record("beta")
LEAK = "1 socket (red/payroll/rpc.sock) denies access"
SAME_NAME = record("till", context="lab")


@web.middleware
async def as_clerk(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Make every caller the clerk of one context."""
    request[PRINCIPAL] = SHOP
    return await handler(request)


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A registry of services in three contexts, on two nodes; reports are read often."""
    monkeypatch.setattr(node_monitor, "WATCH_SECONDS", 0.02)
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
    state = await get(client, "/api/services")
    assert [item["id"] for item in state["services"]] == [MINE.id]
    (node,) = state["nodes"]
    assert (node["node"], node["services"], node["counts"]) == ("n2", 1, {"healthy": 1})

    async def of_mine_only() -> bool:
        # The node monitor ends them with its next look, as both scanners work.
        for each in ("n1", "n2"):
            world.feed.conditions.set(SCANNER, each, "gone")
        return [item["node"] for item in (await get(client, "/api/services"))["stale"]] == ["n2"]

    await eventually(of_mine_only, message="the condition of n2 is told, and that of n1 is not")


async def add_leaking_nodes(world: World) -> None:
    """Reports and conditions of n1 and n2 that name sockets of another context, red."""
    for node in ("n1", "n2"):
        leaking = replace(
            report(node),
            error=f"node {node}: {LEAK}",
            probe_ms={"median": 1.0, "longest": 77.0},
            root="/srv/red",
            machine="red-host",
            root_device=77,
            conditions={"root": LEAK, "permission": LEAK, "newer": LEAK},
            ignored={"red/payroll/notes": "no socket"},
            ignored_count=77,
            advertise_url="https://red.example.org",
        )
        await world.registry.apply(await world.grant(node), [], leaking)
    await eventually(lambda: len(world.feed.conditions.current) == 6, message="they are not known")


def leaks(text: str) -> list[str]:
    """What a text tells of the context red, and that there is the node n1."""
    return re.findall(r"\bred\b|payroll|\bn1\b", text)


@pytest.mark.parametrize(
    "path", ["/api/services", "/api/services/till", "/api/nodes", "/status", "/status.txt"]
)
async def test_no_answer_names_what_is_of_another_context(
    client: Client, world: World, path: str
) -> None:
    await add_leaking_nodes(world)
    text = await (await client.get(path)).text()
    assert leaks(text) == []
    assert "may not connect" in text or path == "/status.txt"
    assert "n2" in text


async def test_readiness_tells_it_of_its_own_nodes_and_names_no_path(
    client: Client, world: World
) -> None:
    await add_leaking_nodes(world)
    for told in (await get(client, "/ready"), (await call(client, "router.health"))["result"]):
        assert [item["node"] for item in told["stale"]] == ["n2"] * 3
        assert leaks(json.dumps({**told, "worker": ""})) == [], "the worker's own name is told"


async def test_a_node_tells_it_nothing_of_its_machine_but_that_something_is_wrong(
    client: Client, world: World
) -> None:
    await add_leaking_nodes(world)
    answer = await get(client, "/api/nodes")
    (node,) = answer["nodes"]
    assert (node["error"], node["probe_ms"]) == ("its scanner reports an error", {})
    assert (node["root"], node["machine"], node["advertise_url"]) == ("", "", "")
    assert (node["root_device"], node["conditions"], node["ignored"]) == (0, {}, {})
    assert node["ignored_count"] == 0
    assert [item["reason"] for item in answer["stale"]] == ["root", "permission", "newer"]


@pytest.mark.parametrize("accept", [SSE, NDJSON])
@pytest.mark.parametrize("query", ["", "?context=shop"])
async def test_its_stream_names_nothing_of_another_context(
    client: Client, world: World, accept: str, query: str
) -> None:
    found = ""
    async with client.get(f"/api/events{query}", headers={"Accept": accept}) as answer:
        await add_leaking_nodes(world)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while found.count("may not connect") < 1 or found.count("a problem") < 1:
                found += (await answer.content.readany()).decode()
    told = [line for line in found.splitlines() if '"reason"' in line]
    assert len(told) == 3
    assert leaks("\n".join(told)) == []


async def test_who_sees_everything_is_told_everything_also_with_a_filter_of_its_own(
    world: World, aiohttp_client: AiohttpClient
) -> None:
    client = await aiohttp_client(world.app())
    await world.caught_up()
    await add_leaking_nodes(world)
    found = ""
    async with client.get("/api/events?context=shop") as answer, asyncio.timeout(PATIENCE_SECONDS):
        while found.count("event: stale") < 6:
            found += (await answer.content.readany()).decode()
    assert found.count(LEAK) == 6
    nodes = (await get(client, "/api/nodes"))["nodes"]
    assert {node["root"] for node in nodes} == {"/srv/red"}
    assert nodes[0]["conditions"]["root"] == LEAK


async def test_a_report_is_of_its_context_only(client: Client, world: World) -> None:
    await add_leaking_nodes(world)
    text = (await (await client.get("/api/report")).text()).split(DATA_BEGIN)[1]
    found = json.loads(text.removesuffix(DATA_END))
    assert found.pop("node") == "n1"  # the router's own name, which each stream begins with
    assert leaks(json.dumps(found)) == []
    assert OTHER.id not in text
    assert SAME_NAME.id not in text
    assert [item["id"] for item in found["state"]["services"]] == [MINE.id]
    assert [item["data"]["service"]["id"] for item in found["events"]["events"]] == [MINE.id]
    assert [item["service_id"] for item in found["past"]["services"]] == [MINE.id]
    assert found["reader"]["contexts"] == ["shop"]


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
        await get(client, f"/api/history?service={key}", status=404)
        told = (await get(client, f"/api/services/{key}/document", status=404))["error"]
        assert told["message"] == "no service has that id or name"
        for method in ("router.service", "router.logs", "router.history"):
            assert (await call(client, method, id=key))["error"]["code"] == -32004


async def test_rpc_methods_answer_its_context_only(client: Client) -> None:
    listed = (await call(client, "router.list"))["result"]
    assert [item["id"] for item in listed["services"]] == [MINE.id]
    found = (await call(client, "router.services"))["result"]
    assert [item["id"] for item in found] == [MINE.id]
    past = (await call(client, "router.history"))["result"]
    assert [item["service_id"] for item in past["services"]] == [MINE.id]
    assert past == await get(client, "/api/history")
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
        await asyncio.wait_for(reading, PATIENCE_SECONDS)
    changes = [item for item in messages if item.event.startswith("service_")]
    about = [json.loads(item.data) for item in changes]
    assert [item.get("service", item)["context"] for item in about] == ["shop", "shop"]


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "text/html"])
async def test_its_status_says_of_which_contexts_it_tells(client: Client, kind: str) -> None:
    """Else "all are well" would be read as a word about all contexts."""
    answer = await client.get("/status", headers={"Accept": kind})
    text = await answer.text()
    said = {
        "application/json": '"contexts":["shop"]',
        "text/plain": "\ncontexts: shop\n",
        "text/html": "<p>Only of what you may see: shop</p>",
    }
    assert said[kind] in text
    assert "default" not in text


async def test_a_stream_of_another_context_is_refused(client: Client) -> None:
    error = (await get(client, "/api/events?context=default", status=403))["error"]
    assert error["code"] == "forbidden"


async def test_what_counts_all_contexts_is_not_for_it_even_as_administrator(
    client: Client,
) -> None:
    for method in ("router.scan", "router.access", "router.sessions", "router.allowed"):
        assert (await call(client, method))["error"]["data"]["code"] == "forbidden"


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
