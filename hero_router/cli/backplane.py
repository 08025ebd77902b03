"""The Redis of commands that write to it themselves, not through a running router."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hero_router.errors import ConfigError
from hero_router.settings.config import RouterConfig
from hero_router.settings.redis import RedisSettings
from hero_router.store.client import Redis, connect
from hero_router.store.embedded import running

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
            f"no hero_router serve runs in {config.node.state}: set ROUTER_REDIS_URL, or "
            "ROUTER_STATE_DIR to that of the one that runs"
        )
    return RedisSettings(url, config.redis.prefix)
