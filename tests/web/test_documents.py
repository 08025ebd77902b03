"""`GET /api/services/{key}/document`: what the scanner last read, for those who see the service."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from hero_router.strict_json import encode
from tests.web.world import KEYS, World, record

Client = TestClient[Any, Any]

DOCUMENT = {"openrpc": "1.3.2", "info": {}, "methods": [{"name": "add", "params": []}]}


@pytest.fixture
async def client(world: World, aiohttp_client: AiohttpClient) -> Client:
    """A client of a worker that knows `alpha` with a document, `beta` with a lost one, `gamma`."""
    facts = {"alpha": "d1", "beta": "d2", "gamma": ""}
    items = [record(name, document=digest) for name, digest in facts.items()]
    await world.add(*items)
    await world.client.hset(KEYS.specs("n1"), "d1", encode(DOCUMENT))
    started: Client = await aiohttp_client(world.app())
    await world.caught_up()
    return started


async def test_the_document_is_given_by_id_or_name(client: Client) -> None:
    for key in ("alpha", record("alpha").id):
        answer = await client.get(f"/api/services/{key}/document")
        assert (answer.status, await answer.json()) == (200, DOCUMENT)
        assert answer.headers["Cache-Control"] == "no-cache"


async def test_a_client_that_has_the_document_gets_304(client: Client) -> None:
    tag = (await client.get("/api/services/alpha/document")).headers["ETag"]
    assert tag == 'W/"d1"'
    again = await client.get("/api/services/alpha/document", headers={"If-None-Match": tag})
    assert (again.status, again.headers["ETag"], await again.read()) == (304, tag, b"")


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("beta", "the service's OpenRPC document is not stored, because it is too large"),
        ("gamma", "the service has no OpenRPC document"),
        ("delta", "no service has that id or name"),
    ],
)
async def test_where_there_is_no_document_the_reason_is_said(
    client: Client, key: str, message: str
) -> None:
    answer = await client.get(f"/api/services/{key}/document")
    assert answer.status == 404
    assert (await answer.json())["error"]["message"] == message


async def test_while_redis_is_away_no_document_is_made_up(client: Client, world: World) -> None:
    world.server.connected = False
    assert (await client.get("/api/services/alpha/document")).status == 503
