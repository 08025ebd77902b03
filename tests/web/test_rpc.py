"""`POST /rpc` over HTTP: every method, what is not taken, and the documents beside it."""

import asyncio
import json
from typing import Any

import jsonschema
import pytest
from pytest_aiohttp.plugin import AiohttpClient

from hero_router import __version__
from hero_router.model import Status
from tests.support.wait import eventually
from tests.web.world import Client, World, record

ALPHA = record("alpha")
BETA = record("beta", status=Status.UNHEALTHY, reason="no answer")
OTHER_BETA = record("beta", context="shop", node="n2")


@pytest.fixture
async def client(world: World, aiohttp_client: AiohttpClient) -> Client:
    """A client of a worker that has read a registry of three services on two nodes."""
    await world.add(BETA, ALPHA, OTHER_BETA)
    started: Client = await aiohttp_client(world.app())
    await world.caught_up()
    return started


async def call(client: Client, method: str, params: object = None) -> Any:
    """The answer to one call."""
    body: dict[str, object] = {"jsonrpc": "2.0", "id": 1, "method": method}
    answer = await client.post("/rpc", json=body if params is None else {**body, "params": params})
    assert (answer.status, answer.content_type) == (200, "application/json")
    return await answer.json()


async def result(client: Client, method: str, params: object = None) -> Any:
    """The result of a call that succeeds, checked against the published schema."""
    answer = await call(client, method, params)
    assert "error" not in answer, answer["error"]
    document = await (await client.get("/openrpc.json")).json()
    (described,) = [each for each in document["methods"] if each["name"] == method]
    schema = {**described["result"]["schema"], "components": document["components"]}
    jsonschema.Draft202012Validator(schema).validate(answer["result"])
    return answer["result"]


async def error(client: Client, method: str, params: object = None) -> Any:
    """The error of a call that fails."""
    return (await call(client, method, params))["error"]


async def test_list_is_the_same_state_as_the_json_api(client: Client) -> None:
    assert await result(client, "router.list") == await (await client.get("/api/services")).json()


async def test_before_the_first_load_methods_say_so(
    world: World, aiohttp_client: AiohttpClient
) -> None:
    client = await world.started_without_redis(aiohttp_client)
    for method, params in (
        ("router.list", {}),
        ("router.services", {}),
        ("router.service", {"id": "alpha"}),
    ):
        told = await error(client, method, params)
        assert (told["code"], told["data"]["code"]) == (-32001, "not_ready")
        assert told["data"]["retry_after"] > 0
    assert (await error(client, "router.scan"))["data"]["code"] == "store_unreachable"
    health = await result(client, "router.health")
    assert (health["ready"], health["reason"]) == (False, "Redis cannot be reached")


@pytest.mark.parametrize(
    ("params", "names", "total"),
    [
        (None, ["default/alpha", "default/beta", "shop/beta"], 3),
        ([], ["default/alpha", "default/beta", "shop/beta"], 3),
        (["shop"], ["shop/beta"], 1),
        ({"context": "default"}, ["default/alpha", "default/beta"], 2),
        ({"status": "unhealthy"}, ["default/beta"], 1),
        ({"node": "n2", "status": "healthy"}, ["shop/beta"], 1),
        ({"context": "nowhere"}, [], 0),
        ({"limit": 1}, ["default/alpha"], 3),
        ({"limit": 1000, "offset": 1}, ["default/beta", "shop/beta"], 3),
        ({"limit": 1, "offset": 2}, ["shop/beta"], 3),
        ({"offset": 1_000_000}, [], 3),
    ],
)
async def test_services_are_filtered_and_paged(
    client: Client, params: object, names: list[str], total: int
) -> None:
    page = await result(client, "router.services", params)
    assert [f"{item['context']}/{item['name']}" for item in page] == names
    if isinstance(params, dict):
        params = {name: value for name, value in params.items() if name not in ("limit", "offset")}
    assert await result(client, "router.count", params) == total


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"limit": -1}, "limit"),
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"limit": 1e9}, "limit"),
        ({"limit": "5"}, "limit"),
        ({"limit": True}, "limit"),
        ({"offset": -1}, "offset"),
        ({"offset": 10**60}, "offset"),
        ({"status": "fine"}, "status"),
        ({"status": ["healthy"]}, "status"),
        ({"context": ""}, "context"),
        ({"node": "n" * 257}, "node"),
        ({"name": "alpha"}, "name"),
        ([None], "context"),
    ],
)
async def test_wrong_filters_and_pages_are_refused_by_name(
    client: Client, params: object, named: str
) -> None:
    told = await error(client, "router.services", params)
    assert told["code"] == -32602
    assert named in told["message"]


@pytest.mark.parametrize(
    "params",
    [
        {"id": ALPHA.id},
        {"service_id": ALPHA.id},
        {"id": "alpha"},
        {"service_id": "alpha"},
        {"id": "alpha", "service_id": "alpha"},
        ["alpha"],
        [ALPHA.id.upper()],
    ],
)
async def test_a_service_is_found_by_id_or_name_under_either_parameter(
    client: Client, world: World, params: object
) -> None:
    figures = {"checked_at": 7, "sockets": {"rpc": {"latency_ms": 1.8, "error": None}}}
    await world.registry.write_probes("n1", {ALPHA.id: figures})
    found = await result(client, "router.service", params)
    addresses = found.pop("addresses")
    assert addresses["rpc"]["path"] == "/alpha/rpc/"
    expected = {**ALPHA.to_json(), "probe": figures, "stale": [], "muted": None}
    assert found == json.loads(json.dumps(expected))


async def test_an_ambiguous_name_lists_the_candidates(client: Client) -> None:
    told = await error(client, "router.service", {"id": "beta"})
    assert (told["code"], told["data"]["code"]) == (-32009, "ambiguous")
    assert told["data"]["candidates"] == [BETA.id, OTHER_BETA.id]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"id": "gamma"}, -32004),
        ({"id": record("gamma").id}, -32004),
        ({}, -32602),
        ({"id": ""}, -32602),
        ({"id": 7}, -32602),
        ({"id": "alpha", "service_id": "beta"}, -32602),
        (["alpha", "alpha", "alpha"], -32602),
    ],
)
async def test_a_service_that_is_not_there_or_not_named(
    client: Client, params: object, code: int
) -> None:
    assert (await error(client, "router.service", params))["code"] == code


async def test_scan_asks_the_scanners_and_the_next_list_holds_what_they_found(
    client: Client, world: World
) -> None:
    async with world.scanners(["n1", "n2"], discovered=3, added=0, duration_ms=9):
        found = await result(client, "router.scan")
    assert (found["discovered"], found["duration_ms"], found["missing"]) == (6, 9, [])
    assert set(found["nodes"]) == {"n1", "n2"}
    listed = await result(client, "router.list")
    assert listed["cursor"] == str(world.feed.ring.head)


async def test_scan_says_clearly_that_no_scanner_runs(client: Client) -> None:
    told = await error(client, "router.scan")
    assert told["code"] == -32006
    assert told["message"] == "no scanner is running: none received the request"


async def test_while_scans_wait_health_still_answers(client: Client, world: World) -> None:
    async with world.scanners([]):
        waiting = [asyncio.create_task(call(client, "router.scan")) for _ in range(20)]
        await eventually(
            lambda: sum(task.done() for task in waiting) == 4, message="no scan was refused"
        )
        refused = [task.result()["error"]["code"] for task in waiting if task.done()]
        assert refused == [-32005] * 4
        for path in ("/health", "/ready", "/api/services"):
            assert (await client.get(path)).status == 200
        assert (await result(client, "router.health"))["ready"] is True
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_health_tells_what_ready_tells(client: Client) -> None:
    assert await result(client, "router.health") == await (await client.get("/ready")).json()


async def test_discover_gives_the_document_that_lies_at_its_address(client: Client) -> None:
    document = await result(client, "rpc.discover")
    answer = await client.get("/openrpc.json")
    assert answer.content_type == "application/json"
    assert await answer.json() == document
    assert {method["name"] for method in document["methods"]} == {
        "router.list",
        "router.services",
        "router.count",
        "router.logs",
        "router.history",
        "router.service",
        "router.scan",
        "router.mute",
        "router.unmute",
        "router.access",
        "router.sessions",
        "router.end_session",
        "router.end_sessions",
        "router.allowed",
        "router.allow",
        "router.disallow",
        "router.health",
        "rpc.discover",
    }
    assert document["info"]["version"] == __version__


async def test_the_manifest_makes_the_router_a_service(client: Client) -> None:
    answer = await client.get("/.well-known/heroservice.json")
    manifest = await answer.json()
    assert answer.content_type == "application/json"
    assert (manifest["name"], manifest["protocol"]) == ("hero_router", "openrpc")
    assert (manifest["version"], manifest["socket"]) == (__version__, "rpc")
    assert set(manifest) == {"protocol", "name", "title", "version", "description", "socket"}
    for path in ("/openrpc.json", "/health"):
        assert (await client.get(path)).status == 200
