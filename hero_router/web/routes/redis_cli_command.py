"""`GET /api/redis-cli`: the redis-cli command line that reads what the page shows."""

from aiohttp import web

from hero_router.access.policy import READ_REDIS, Extent
from hero_router.settings import redis_cli_command
from hero_router.settings.redis import RedisSettings
from hero_router.web.middleware import PRINCIPAL


def routes(settings: RedisSettings) -> list[web.RouteDef]:
    """The route `/api/redis-cli`."""
    told = {"command": redis_cli_command.command(settings), "prefix": settings.prefix}

    async def command(request: web.Request) -> web.Response:
        """The beginning of a command line and of all keys; `null` for all but administrators."""
        may = READ_REDIS.extent(request[PRINCIPAL]) is Extent.YES
        return web.json_response(
            told if may else dict.fromkeys(told), headers={"Cache-Control": "no-store"}
        )

    return [web.get("/api/redis-cli", command)]
