"""Whether web can listen: if not, the error says why, and what to change."""

import asyncio
import socket
from collections.abc import Iterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from hero_router.cli import port
from hero_router.cli.port import check_port
from hero_router.errors import ConfigError
from hero_router.settings.config import RouterConfig


def refusal(**settings: object) -> str:
    with pytest.raises(ConfigError) as refused:
        check_port(RouterConfig.of(**settings))
    return str(refused.value)


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a program that takes connections and never answers."""
    monkeypatch.setattr(port, "ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_free_port_is_fine_again_and_again(silent: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    for _ in range(3):
        check_port(RouterConfig.of(port=free))


def test_another_program_on_the_port_is_not_called_hero_router(silent: int) -> None:
    assert refusal(port=silent) == (
        f"cannot listen on 127.0.0.1 port {silent}: another program listens there; "
        "choose another port with --port or ROUTER_PORT"
    )


async def test_another_hero_router_on_the_port_is_recognised() -> None:
    async def manifest(_: web.Request) -> web.Response:
        return web.json_response({"name": "hero_router"})

    app = web.Application()
    app.add_routes([web.get("/.well-known/heroservice.json", manifest)])
    async with TestServer(app) as server:
        assert "another hero_router listens there" in await asyncio.to_thread(
            refusal, port=server.port
        )


def test_an_address_of_another_machine_is_no_question_of_the_port() -> None:
    told = refusal(host="192.0.2.1", port=9988)
    assert told.endswith(
        "that is no address of this machine; choose one with --host or ROUTER_HOST"
    )
    assert "listens there" not in told
