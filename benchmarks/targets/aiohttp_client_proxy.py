"""A plain reverse proxy of aiohttp's server and client, as both are documented.

The service's Unix socket is the argument. It passes no upgrades on.
"""

import sys
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

from benchmarks.targets.python_peer_common import serve

SESSION = web.AppKey("session", aiohttp.ClientSession)
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)


async def forward(request: web.Request) -> web.StreamResponse:
    """Pass a request on and its answer back."""
    session, url = request.app[SESSION], f"http://service{request.raw_path}"
    headers = {k: v for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP}
    body = request.content if request.body_exists else None
    async with session.request(request.method, url, headers=headers, data=body) as answer:
        kept = {k: v for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP}
        response = web.StreamResponse(status=answer.status, headers=kept)
        await response.prepare(request)
        async for data in answer.content.iter_any():
            await response.write(data)
        await response.write_eof()
        return response


async def _session(app: web.Application) -> AsyncIterator[None]:
    connector = aiohttp.UnixConnector(sys.argv[1], limit=0)
    app[SESSION] = aiohttp.ClientSession(
        connector=connector, auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None)
    )
    yield
    await app[SESSION].close()


if __name__ == "__main__":
    app = web.Application()
    app.cleanup_ctx.append(_session)
    app.router.add_route("*", "/{rest:.*}", forward)
    serve(app)
