"""Metrics on a port of their own: there and nowhere else, and nothing else there."""

from pathlib import Path

import aiohttp
import pytest

from hero_router.errors import ConfigError
from hero_router.model import SocketState, Status
from hero_router.settings.config import RouterConfig
from tests.deploy.web import Web
from tests.support.hand import NODE, Hand
from tests.support.ports import free_port
from tests.support.records import put
from tests.support.redis import RedisServer
from tests.support.wait import eventually
from tests.web.upstream import OK, answers, service


async def test_with_a_port_of_their_own_metrics_are_there_and_nowhere_else(
    redis7: RedisServer, hand: Hand, tmp_path: Path
) -> None:
    sockets = (SocketState("web_page", "web_page", "a/web_page.sock", Status.HEALTHY),)
    await hand.write(put("a", node=NODE, sockets=sockets))
    port = free_port()
    web = Web(
        tmp_path,
        redis7.url,
        ROUTER_METRICS_PORT=str(port),
        ROUTER_NODE=NODE,
        ROUTER_SOCKET_DIR=str(tmp_path),
        ROUTER_WORKERS="1",
    )
    own = f"http://127.0.0.1:{port}"
    try:
        async with (
            aiohttp.ClientSession() as session,
            service(tmp_path / "a/web_page.sock", answers(OK)),
        ):

            async def status(url: str, **headers: str) -> int:
                async with session.get(url, headers=headers) as answer:
                    return answer.status

            async def is_served(url: str) -> bool:
                try:
                    return await status(url) == 200
                except OSError:
                    return False

            await eventually(lambda: is_served(f"{own}/metrics"), message="the metrics are served")
            await eventually(
                lambda: is_served(f"{web.url}/a/page/"), message="the service is known"
            )
            for path in ("/", "/health", "/api/services", "/rpc"):
                assert await status(f"{own}{path}") == 404
            for path, host in (("/a/page/", "localhost"), ("/", "a.localhost")):
                assert await status(f"{web.url}{path}", Host=host) == 200
                assert await status(f"{own}{path}", Host=host) == 404
            assert await status(f"{web.url}/metrics") == 404
            assert await status(f"{web.url}/health") == 200
    finally:
        assert web.process.stop() == 0


def test_the_port_must_be_another_than_the_main_one() -> None:
    with pytest.raises(ConfigError, match="ROUTER_METRICS_PORT must differ"):
        RouterConfig.of(port=9000, metrics_port=9000)
