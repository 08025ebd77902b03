"""`GET /api/report`: state, newest events and history as one HTML file, to be read offline."""

import asyncio
import functools
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from aiohttp import web

from hero_router.errors import Overloaded
from hero_router.web.encoding import encoding_headers, takes_gzip
from hero_router.web.middleware import PRINCIPAL
from hero_router.web.report import Reports
from hero_router.web.report_page import ReportPage, embedded, report_page
from hero_router.web.routes.static import Assets

MOST_AT_ONCE = 4
"""Maximum number of reports that a worker makes at a time: each reads all histories."""

PIECE = 64 * 1024
"""Characters that are sent together."""


def routes(reports: Reports, assets: Assets) -> list[web.RouteDef]:
    """The route of the report."""
    turns = asyncio.Semaphore(MOST_AT_ONCE)

    @functools.cache
    def page() -> ReportPage:
        """Made for the first report: most workers make none."""
        return report_page(assets.source, assets.files)

    async def report(request: web.Request) -> web.StreamResponse:
        """The report of the caller, as a file to keep.

        Raises:
            NotReady: the registry is not yet read.
            Overloaded: too many reports are being made.
        """
        if turns.locked():
            raise Overloaded("too many reports are being made: try again in a few seconds")
        async with turns:
            made_at, texts = reports.begin(request[PRINCIPAL])
            response = _response(request, file_name(reports.node, made_at))
            await response.prepare(request)
            if request.method != "HEAD":
                async for piece in _pieces(await asyncio.to_thread(page), texts):
                    await response.write(piece.encode())
        return response

    return [web.get("/api/report", report)]


def _response(request: web.Request, name: str) -> web.StreamResponse:
    """The head of the answer. Raises NotAcceptable."""
    response = web.StreamResponse(
        headers={
            **encoding_headers(packed=False),
            "Content-Type": "text/html; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        }
    )
    if takes_gzip(request, PIECE) and request.method != "HEAD":  # aiohttp would end the gzip
        response.enable_compression(web.ContentCoding.gzip)
    return response


async def _pieces(page: ReportPage, texts: AsyncIterator[str]) -> AsyncIterator[str]:
    """The whole file in pieces of a good size."""
    waiting, size = [page.begin], len(page.begin)
    async for text in texts:
        waiting.append(embedded(text))
        size += len(waiting[-1])
        if size >= PIECE:
            yield "".join(waiting)
            waiting, size = [], 0
    yield "".join([*waiting, page.end])


def file_name(node: str, made_at: int) -> str:
    """`hero_router-host1-20261129T191003Z.html`."""
    time = datetime.fromtimestamp(made_at / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"hero_router-{re.sub(r'[^A-Za-z0-9._-]', '-', node)[:64]}-{time}.html"
