"""Each route is in a group, which says who may have it, and what headers and limits it has."""

from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pytest_aiohttp.plugin import AiohttpClient

from hero_router.errors import Overloaded
from hero_router.web.route_groups import HEADERS, PUBLIC, VIEWERS, add_routes, sign_in_group
from tests.web.world import World

Client = TestClient[Any, Any]

LONG = {"X-Long": "x" * (PUBLIC.field_bytes + 1)}


@pytest.fixture
async def client(world: World, aiohttp_client: AiohttpClient) -> Client:
    """A client of a worker with some more routes, one of them in no group."""

    async def forgotten(_: web.Request) -> web.Response:
        return web.Response(text="for nobody")

    async def failing(_: web.Request) -> web.Response:
        raise Overloaded("not now")

    app = world.app()
    app.router.add_get("/forgotten", forgotten)
    add_routes(app, VIEWERS, [web.get("/failing", failing)])
    server = TestServer(app)
    await server.start_server(max_field_size=2 * PUBLIC.field_bytes)
    started: Client = await aiohttp_client(server)
    return started


async def test_a_route_in_no_group_is_refused(client: Client) -> None:
    answer = await client.get("/forgotten")
    assert answer.status == 403
    assert "for nobody" not in await answer.text()
    assert HEADERS.items() <= answer.headers.items()


async def test_long_fields_are_refused(client: Client) -> None:
    assert (await client.get("/health", headers=LONG)).status == 431


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/health", "/", "/nosuch", "/failing", "/api/services/nowhere"])
async def test_every_answer_has_the_fields_of_its_group(
    client: Client, path: str, method: str
) -> None:
    """Errors too, whatever route was asked."""
    answer = await client.request(method, path)
    assert HEADERS.items() <= answer.headers.items()
    assert answer.headers["X-Request-Id"]
    assert "Server" not in answer.headers


async def test_only_the_pages_with_a_form_may_send_one(client: Client) -> None:
    answer = await client.get("/sign-in")
    assert sign_in_group("localhost").headers.items() <= answer.headers.items()
    assert "script-src" not in answer.headers["Content-Security-Policy"]
