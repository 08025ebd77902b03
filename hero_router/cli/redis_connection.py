"""Connects commands to Redis that write there themselves, without a running router."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hero_router.errors import ConfigError
from hero_router.settings.config import RouterConfig
from hero_router.settings.redis import RedisSettings
from hero_router.store.client import Redis, connect
from hero_router.store.embedded_redis_command import running

FLAGS = ("redis_url", "redis_password_file", "redis_prefix", "state_dir")
"""The settings by which such a command finds its Redis."""


@asynccontextmanager
async def backplane(config: RouterConfig, name: str) -> AsyncIterator[Redis]:
    """A client of the Redis in the settings, else of the `serve` with this ROUTER_STATE_DIR.

    `name` is shown by CLIENT LIST. Raises ConfigError if no Redis is known.
    """
    client = connect(await _settings(config), name=name)
    try:
        yield client
    finally:
        await client.aclose()


async def _settings(config: RouterConfig) -> RedisSettings:
    if config.redis.url:
        config.redis.require()
        return config.redis
    url = await running(config.node.state / "redis")
    if url is None:
        raise ConfigError(
            f"there is no Redis to write to: no hero_router serve runs with the state folder "
            f"{config.node.state}; set ROUTER_REDIS_URL, or the ROUTER_STATE_DIR of the running one"
        )
    return RedisSettings(url, config.redis.prefix)
