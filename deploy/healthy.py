"""Container health checks: `python deploy/healthy.py web`, `scanner` or `demo` exits with 0 or 1.

They ask whether a restart would help: none fails because Redis is away.
"""

import asyncio
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from hero_router.errors import StoreError
from hero_router.settings.config import RouterConfig
from hero_router.store.client import connect
from hero_router.store.keys import Keys
from hero_router.store.stream import NodeReader

ANSWER_SECONDS = 3.0


def web(config: RouterConfig) -> bool:
    """Whether a worker's loop turns."""
    place = urlsplit(config.web.address).netloc
    with closing(HTTPConnection(place, timeout=ANSWER_SECONDS)) as connection:
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (HTTPException, OSError):
            return False


def scanner(config: RouterConfig) -> bool:
    """Whether a scanner, this one or one that it stands by for, holds the node."""
    return asyncio.run(_is_scanned(config))


async def _is_scanned(config: RouterConfig) -> bool:
    client = connect(config.redis, name="healthy", connections=1)
    try:
        sight = await NodeReader(client, Keys(config.redis.prefix)).list()
    except StoreError:
        return True
    finally:
        await client.aclose()
    return config.node.name in sight and sight[config.node.name].leased


def demo(config: RouterConfig) -> bool:
    """Whether the sample services have their sockets."""
    return any(config.node.root.glob("**/*.sock"))


CHECKS: Mapping[str, Callable[[RouterConfig], bool]] = {
    "web": web,
    "scanner": scanner,
    "demo": demo,
}

if __name__ == "__main__":
    sys.exit(0 if CHECKS[sys.argv[1]](RouterConfig.read()) else 1)
