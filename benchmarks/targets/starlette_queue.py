"""sse-starlette on uvicorn: one reader of the Redis stream for all clients, a queue per client."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from benchmarks.targets.python_peer_common import BACKLOG, Fanout, announce, listener
from benchmarks.targets.target import PATH

FANOUT = Fanout(sys.argv[1])
LISTENING = listener()


async def frames() -> AsyncIterator[ServerSentEvent]:
    """What one client gets."""
    with FANOUT.subscribed() as queue:
        yield ServerSentEvent("{}", event="hello", sep="\n")
        while True:
            event = await queue.get()
            yield ServerSentEvent(event.data, id=event.id, event=event.name, sep="\n")


async def events(_: Request) -> EventSourceResponse:
    """One client's stream."""
    return EventSourceResponse(frames(), sep="\n")


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    """The subscription lives as long as the server."""
    async with FANOUT.running():
        announce(LISTENING)
        yield


if __name__ == "__main__":
    app = Starlette(routes=[Route(PATH, events)], lifespan=lifespan)
    config = uvicorn.Config(
        app, loop="uvloop", backlog=BACKLOG, log_level="warning", access_log=False
    )
    uvicorn.Server(config).run(sockets=[LISTENING])
