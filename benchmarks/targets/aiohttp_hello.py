"""aiohttp's own hello: a floor that answers `/bytes/N` by itself, with no service behind it."""

from aiohttp import web

from benchmarks.targets.python_peer_common import serve


async def hello(request: web.Request) -> web.Response:
    """So many bytes."""
    return web.Response(body=b"x" * int(request.match_info["size"]))


if __name__ == "__main__":
    app = web.Application()
    app.router.add_get("/bytes/{size}", hello)
    serve(app)
