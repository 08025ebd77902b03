"""`GET /metrics`: the metrics of all workers of this machine, for Prometheus."""

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from hero_router.metrics.collectors import Metrics

CONTENT_TYPE = "text/plain; version=1.0.0; charset=utf-8"
"""The text format of Prometheus."""


def routes(metrics: "Metrics") -> list[web.RouteDef]:
    """The one address that Prometheus scrapes."""

    async def answer(_: web.Request) -> web.Response:
        """The metrics of all workers; read in a thread, as there may be many files."""
        body = await asyncio.to_thread(metrics.text)
        headers = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"}
        return web.Response(body=body, headers=headers)

    return [web.get("/metrics", answer)]
