"""JSON-RPC over HTTP: which bodies are taken, and how answers, or none, are sent."""

import io
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from hero_router.web.body import MAX_BYTES
from tests.web.world import World, record

Client = TestClient[Any, Any]


@pytest.fixture
async def client(world: World, aiohttp_client: AiohttpClient) -> Client:
    """A client of a worker that has read a registry of one service."""
    await world.add(record("alpha"))
    started: Client = await aiohttp_client(world.app())
    await world.caught_up()
    return started


async def test_notifications_are_answered_with_204_and_no_body(client: Client) -> None:
    for body in (
        b'{"jsonrpc":"2.0","method":"router.health"}',
        b'{"jsonrpc":"2.0","method":"nowhere"}',
        b'[{"jsonrpc":"2.0","method":"router.health"}]',
    ):
        answer = await client.post("/rpc", data=body, headers={"Content-Type": "application/json"})
        assert (answer.status, await answer.read()) == (204, b"")


async def test_a_batch_is_answered_as_one_array(client: Client) -> None:
    batch = [
        {"jsonrpc": "2.0", "id": "a", "method": "router.health"},
        {"jsonrpc": "2.0", "method": "router.health"},
        {"jsonrpc": "2.0", "id": "b", "method": "router.service", "params": ["alpha"]},
        7,
    ]
    answers = await (await client.post("/rpc", json=batch)).json()
    assert [each["id"] for each in answers] == ["a", "b", None]
    assert ["result" in each for each in answers] == [True, True, False]


async def test_errors_name_the_request_as_the_header_does(client: Client) -> None:
    answer = await client.post("/rpc", data=b"{", headers={"Content-Type": "application/json"})
    told = (await answer.json())["error"]
    assert told["code"] == -32700
    assert told["data"]["request_id"] == answer.headers["X-Request-Id"] != ""


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "application/jsonp",
        "",
        "*/*",
    ],
)
async def test_what_another_sites_page_could_send_is_refused(client: Client, kind: str) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"router.health"}'
    answer = await client.post("/rpc", data=body, headers={"Content-Type": kind})
    told = (await answer.json())["error"]
    assert (answer.status, told["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON", 'application/json; charset="UTF-8"']
)
async def test_json_is_taken_however_it_is_spelt(client: Client, kind: str) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"router.health"}'
    answer = await client.post("/rpc", data=body, headers={"Content-Type": kind})
    assert "result" in await answer.json()


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_above_the_limit_is_413(client: Client, *, chunked: bool) -> None:
    body = b" " * (MAX_BYTES + 1)

    async def parts() -> Any:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    headers = {"Content-Type": "application/json"}
    answer = await client.post(
        "/rpc", data=parts() if chunked else io.BytesIO(body), headers=headers
    )
    told = (await answer.json())["error"]
    assert (answer.status, told["code"]) == (413, "too_large")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_only_post_is_taken(client: Client, method: str) -> None:
    answer = await client.request(method, "/rpc")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")
