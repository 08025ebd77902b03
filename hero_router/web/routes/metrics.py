"""`GET /metrics`: the metrics of all workers of this gunicorn master, for Prometheus."""

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.typedefs import Middleware

from hero_router.web.middleware import Handler
from hero_router.web.request_facts import local_port
from hero_router.web.webhook_status_reader import read_status

if TYPE_CHECKING:
    from hero_router.metrics.exposition import Exposition
    from hero_router.store.webhook import WebhookStore

PATH = "/metrics"

CONTENT_TYPE = "text/plain; version=1.0.0; charset=utf-8"
"""The text format of Prometheus."""


def routes(exposition: "Exposition", webhook: "WebhookStore") -> list[web.RouteDef]:
    """The route that Prometheus scrapes."""

    async def answer(_: web.Request) -> web.Response:
        """The metrics of all workers; written in a thread, as there may be many files."""
        view = exposition.view(await read_status(webhook))
        body = await asyncio.to_thread(exposition.text, view)
        headers = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"}
        return web.Response(body=body, headers=headers)

    return [web.get(PATH, answer)]


def separated(port: int) -> Middleware:
    """A middleware that serves `/metrics` on this port only, and no other route there."""

    @web.middleware
    async def separate(request: web.Request, handler: Handler) -> web.StreamResponse:
        if (local_port(request) == port) != (request.path == PATH):
            raise web.HTTPNotFound
        return await handler(request)

    return separate
