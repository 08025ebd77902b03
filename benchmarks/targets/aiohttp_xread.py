"""aiohttp with one blocking XREAD, and so one connection to Redis, for each client."""

import sys

from aiohttp import web

from benchmarks.targets.python_peer_common import client, serve, tail
from benchmarks.targets.target import PATH
from hero_router.sse import HEADERS

CONNECTIONS = 20_000
SOURCE = client(sys.argv[1], CONNECTIONS)


async def events(request: web.Request) -> web.StreamResponse:
    """One client's stream."""
    response = web.StreamResponse(headers=HEADERS)
    await response.prepare(request)
    await response.write(b": hello\n\n")
    async for batch in tail(SOURCE):
        await response.write(b"".join(event.frame for event in batch))
    return response


if __name__ == "__main__":
    app = web.Application()
    app.router.add_get(PATH, events)
    serve(app)
