"""Header fields and limits of the page and the API are theirs; other routes are left alone."""

from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pytest_aiohttp.plugin import AiohttpClient

from hero_router.errors import Overloaded
from hero_router.web.route_groups import HEADERS, OWN
from tests.web.world import World

Client = TestClient[Any, Any]

ITS_OWN = {"Content-Security-Policy": "default-src *", "Server": "a service", "X-Request-Id": "s1"}
LONG = {"X-Long": "x" * (OWN.field_bytes + 1)}


@pytest.fixture
async def client(world: World, aiohttp_client: AiohttpClient) -> Client:
    """A client of a worker with some routes outside of its groups."""

    async def passed_on(request: web.Request) -> web.Response:
        return web.Response(text="from elsewhere", headers=headers[request.path])

    async def failing(_: web.Request) -> web.Response:
        raise Overloaded("not now")

    headers: Mapping[str, Mapping[str, str]] = {"/its-own": ITS_OWN, "/none": {}}
    app = world.app()
    app.router.add_get("/failing", failing)
    for path in headers:
        app.router.add_get(path, passed_on)
    server = TestServer(app)
    await server.start_server(max_field_size=2 * OWN.field_bytes)
    started: Client = await aiohttp_client(server)
    return started


async def test_a_route_outside_of_the_groups_keeps_its_own_fields(client: Client) -> None:
    answer = await client.get("/its-own")
    for name, value in ITS_OWN.items():
        assert answer.headers.getall(name) == [value]
    assert HEADERS.keys() & answer.headers.keys() == {"Content-Security-Policy"}


async def test_a_route_outside_of_the_groups_gets_a_request_id_and_nothing_else(
    client: Client,
) -> None:
    answer = await client.get("/none")
    assert answer.headers["X-Request-Id"]
    assert not HEADERS.keys() & answer.headers.keys()
    assert "Server" not in answer.headers


async def test_long_fields_are_refused_by_the_group_only(client: Client) -> None:
    assert (await client.get("/its-own", headers=LONG)).status == 200
    assert (await client.get("/health", headers=LONG)).status == 431


@pytest.mark.parametrize("path", ["/health", "/", "/nowhere", "/failing", "/api/services/nowhere"])
async def test_the_routers_own_answers_have_all_fields_of_their_group(
    client: Client, path: str
) -> None:
    """Its errors too, whatever route was asked."""
    answer = await client.get(path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert "Server" not in answer.headers
