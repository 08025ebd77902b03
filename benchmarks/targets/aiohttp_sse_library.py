"""aiohttp-sse: one tail that all clients share, a queue per client, and the library's `send`."""

from typing import NoReturn

from aiohttp import web
from aiohttp_sse import sse_response

from benchmarks.targets.python_peer_common import FANOUT, fanning_app, serve
from benchmarks.targets.target import PATH


async def events(request: web.Request) -> NoReturn:
    """One client's stream."""
    async with sse_response(request, sep="\n") as response:
        with request.app[FANOUT].subscribed() as queue:
            await response.send("{}", event="hello")
            while True:
                event = await queue.get()
                await response.send(event.data, id=event.id, event=event.name)


if __name__ == "__main__":
    app = fanning_app()
    app.router.add_get(PATH, events)
    serve(app)
