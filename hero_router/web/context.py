"""What every handler of one worker may use, handed over by the app factory."""

from dataclasses import dataclass

from aiohttp import web

from hero_router.feed.feed import Feed
from hero_router.settings.config import RouterConfig
from hero_router.store.commands import ScanRequests
from hero_router.store.stream import NodeReader


@dataclass(frozen=True, slots=True)
class Context:
    """One worker's settings, view of the world and connections; `worker` is its name in frames."""

    config: RouterConfig
    feed: Feed
    nodes: NodeReader
    requests: ScanRequests
    worker: str


CONTEXT = web.AppKey("context", Context)

REQUEST_ID = web.RequestKey("request_id", str)
"""The name under which one request is found in the log and in its answer."""

EXPECTS = web.RequestKey("expects", str)
"""What the client expects before it sends its body: nothing, or `100-continue`."""
