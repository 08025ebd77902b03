"""Whether web, the scanner and the demo work: asked by `check`, and by `serve` while they start.

Each question is whether a restart would help, so Redis being away is no fault of theirs.
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
    """Whether a part works, and in a few words why one says so."""

    ok: bool
    detail: str


async def web(config: RouterConfig, *, within: float = ANSWER_SECONDS) -> Health:
    """Whether a worker answers."""
    url = config.web.address.rstrip("/")
    try:
        answer = await get(url, "/health", within=within)
    except RouterAway as error:
        return Health(False, str(error))
    return Health(answer.status == 200, f"{url}/health answers {answer.status}")


async def scanner(config: RouterConfig, client: Redis) -> Health:
    """Whether a scanner, this one or another that it stands by for, holds the node's lease."""
    node = config.node.name
    try:
        held = await NodeReader(client, Keys(config.redis.prefix)).is_held(node)
    except StoreError as error:
        return Health(True, f"not known: {error}")
    text = "a scanner runs" if held else "no scanner runs"
    return Health(held, f"{text} for node {clean(node)}")


def demo(config: RouterConfig) -> Health:
    """Whether there is a socket below the root."""
    found = any(config.node.root.glob("**/*.sock"))
    return Health(found, f"{'sockets' if found else 'no socket'} below {config.node.root}")
