"""Metrics on a port of their own: there and nowhere else, and nothing else there."""

from pathlib import Path

import aiohttp
import pytest

from hero_router.errors import ConfigError
from hero_router.settings.config import RouterConfig
from tests.deploy.web import Web
from tests.support.ports import free_port
from tests.support.redis import RedisServer
from tests.support.wait import eventually


async def test_with_a_port_of_their_own_metrics_are_there_and_nowhere_else(
    redis7: RedisServer, tmp_path: Path
) -> None:
    port = free_port()
    web = Web(tmp_path, redis7.url, ROUTER_METRICS_PORT=str(port))
    own = f"http://127.0.0.1:{port}"
    try:
        async with aiohttp.ClientSession() as session:

            async def status(url: str) -> int:
                async with session.get(url) as answer:
                    return answer.status

            async def answers() -> bool:
                try:
                    return await status(f"{own}/metrics") == 200
                except OSError:
                    return False

            await eventually(answers, message="the metrics are served")
            for path in ("/", "/health", "/api/services", "/rpc"):
                assert await status(f"{own}{path}") == 404
            assert await status(f"{web.url}/metrics") == 404
            assert await status(f"{web.url}/health") == 200
    finally:
        assert web.process.stop() == 0


def test_the_port_must_be_another_than_the_main_one() -> None:
    with pytest.raises(ConfigError, match="ROUTER_METRICS_PORT must differ"):
        RouterConfig.of(port=9000, metrics_port=9000)
