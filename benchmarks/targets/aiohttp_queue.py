"""aiohttp alone: one tail, a queue per client, and a task per client that writes each frame."""

from typing import NoReturn

from aiohttp import web

from benchmarks.targets.python_peer_common import FANOUT, fanning_app, serve
from benchmarks.targets.target import PATH
from hero_router.sse import HEADERS


async def events(request: web.Request) -> NoReturn:
    """One client's stream."""
    response = web.StreamResponse(headers=HEADERS)
    await response.prepare(request)
    with request.app[FANOUT].subscribed() as queue:
        await response.write(b": hello\n\n")
        while True:
            await response.write((await queue.get()).frame)


if __name__ == "__main__":
    app = fanning_app()
    app.router.add_get(PATH, events)
    serve(app)
