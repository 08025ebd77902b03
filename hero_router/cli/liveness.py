"""Checks whether the web workers, the scanner and the sample services work.

`hero_router check` uses these checks, and `hero_router serve` while it starts its processes. A
check only fails if a restart may help, so it does not fail because Redis cannot be reached.
"""

from dataclasses import dataclass

from hero_router.client.http import RouterAway, get
from hero_router.errors import StoreError
from hero_router.settings.config import RouterConfig
from hero_router.store.client import Redis
from hero_router.store.keys import Keys
from hero_router.store.stream_reader import NodeReader
from hero_router.text import clean

ANSWER_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Health:
    """The result of a check: whether the process works, and the finding in a few words."""

    ok: bool
    detail: str


async def web(config: RouterConfig, *, within: float = ANSWER_SECONDS) -> Health:
    """Check whether a web worker answers."""
    url = config.web.address.rstrip("/")
    try:
        answer = await get(url, "/health", within=within)
    except RouterAway as error:
        return Health(False, str(error))
    return Health(answer.status == 200, f"{url}/health answers {answer.status}")


async def scanner(config: RouterConfig, client: Redis) -> Health:
    """Check whether any scanner holds the lease on this node."""
    node = config.node.name
    try:
        held = await NodeReader(client, Keys(config.redis.prefix)).is_held(node)
    except StoreError as error:
        return Health(True, f"not known: {error}")
    text = "a scanner runs" if held else "no scanner runs"
    return Health(held, f"{text} for node {clean(node)}")


def demo(config: RouterConfig) -> Health:
    """Check whether there is a socket in the socket folder."""
    found = any(config.node.root.glob("**/*.sock"))
    return Health(found, f"{'sockets' if found else 'no socket'} below {config.node.root}")
