"""A small server of the page's files for the tests of its modules; its stream obeys them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Self

from aiohttp import web

from hero_router.web.route_groups import HEADERS
from hero_router.web.routes.static import static_folder
from tests.support.wait import eventually

BLANK = "<!doctype html><title>blank</title>"
UNKNOWN_VIEW = 'data-view=""'
MAIN = '<script type="module" src="static/js/main.js"></script>'


VERSIONS = ["aaaa", "bbbb"]
"""The page's files stand below these digests too, as those of two versions would."""


class Line:
    """One open stream: what it was asked for, and a way to send on it, end it or cut it."""

    def __init__(self, request: web.Request, response: web.StreamResponse) -> None:
        self.cursor = request.query.get("cursor")
        self.last_event_id = request.headers.get("Last-Event-ID")
        self._request, self._response = request, response
        self.ended = asyncio.Event()

    async def send(self, event: str, place: str | None = None, **data: Any) -> None:
        """Send one frame."""
        name = "" if place is None else f"id: {place}\n"
        await self.raw(f"{name}event: {event}\ndata: {json.dumps(data)}\n\n")

    async def raw(self, text: str) -> None:
        """Send this as it is."""
        await self._response.write(text.encode())

    @property
    def gone(self) -> bool:
        """Whether the page has closed it."""
        return self._request.transport is None or self._request.transport.is_closing()

    def end(self) -> None:
        """End the answer cleanly."""
        self.ended.set()

    def cut(self) -> None:
        """Drop the connection."""
        assert self._request.transport is not None
        self._request.transport.abort()
        self.ended.set()


class Stage:
    """Serves `static/`, a blank page, the page without its main module, the whole page, the stream,
    and the state, the last events, the past and a document as a test wants them: None is answered
    with 502."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.state: Mapping[str, Any] | None = None
        self.recent: Mapping[str, Any] | None = None
        self.history: Mapping[str, Any] | None = None
        self.document: Mapping[str, Any] | None = None
        self.histories: list[str] = []
        self.refusing: int | None = None
        self.refused = 0
        self.holding = False
        self._released = asyncio.Event()
        app = web.Application()
        app.router.add_get("/", _html(lambda: BLANK))
        app.router.add_get("/page", _html(_page))
        app.router.add_get("/whole", _html(_index))
        app.router.add_get("/api/services", self._json("state"))
        app.router.add_get("/api/events/recent", self._json("recent"))
        app.router.add_get("/api/history", self._history)
        app.router.add_get("/api/services/{key}/document", self._json("document"))
        app.router.add_get("/health", _html(lambda: "{}"))
        for digest in ("", *VERSIONS):
            app.router.add_static(f"/static/{digest}", static_folder())
        app.router.add_get("/api/events", self._events)
        app.router.add_get("/hold", self._hold)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.clear()
        await self._runner.cleanup()

    def clear(self) -> None:
        """End all streams, forget them, and refuse nothing any more."""
        for line in self.lines:
            line.end()
        self.lines.clear()
        self.refusing, self.refused = None, 0
        self.state = self.recent = self.history = self.document = None
        self.histories.clear()
        self.release()

    def release(self) -> None:
        """Answer whoever is held up."""
        self._released.set()

    async def line(self, number: int) -> Line:
        """The stream that was opened as the n-th, once it is."""
        await eventually(lambda: len(self.lines) >= number, message=f"stream {number} is open")
        return self.lines[number - 1]

    async def _hold(self, _: web.Request) -> web.Response:
        self._released.clear()
        self.holding = True
        await self._released.wait()
        self.holding = False
        return web.Response()

    def _json(self, name: str) -> Callable[[web.Request], Any]:
        async def answer(_: web.Request) -> web.Response:
            told = getattr(self, name)
            return web.json_response(told, status=502 if told is None else 200)

        return answer

    async def _history(self, request: web.Request) -> web.StreamResponse:
        self.histories.append(request.query_string)
        response: web.StreamResponse = await self._json("history")(request)
        return response

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if self.refusing is not None:
            self.refused += 1
            return web.Response(status=self.refusing)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        line = Line(request, response)
        self.lines.append(line)
        await line.ended.wait()
        return response


async def staged() -> AsyncIterator[Stage]:
    """A server for one test, as a fixture: a page or worker of the test before may open a stream
    even as it ends, and this one would take it for its own."""
    async with Stage() as served:
        yield served


def _index() -> str:
    """The real page."""
    return (static_folder() / "index.html").read_text("utf-8")


def _page() -> str:
    """The real page, visible at once; the test brings it to life, and not the main module."""
    text = _index()
    assert MAIN in text
    assert UNKNOWN_VIEW in text
    return text.replace(MAIN, "").replace(UNKNOWN_VIEW, 'data-view="fleet"')


def _html(text: Callable[[], str]) -> Callable[[web.Request], Any]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=text(), content_type="text/html", headers=HEADERS)

    return answer


def hello(run_id: str = "r1", ping_seconds: float = 15, now: int = 0) -> Mapping[str, Any]:
    """What the router says first in each stream."""
    return {
        "run_id": run_id,
        "ping_seconds": ping_seconds,
        "now": now,
        "version": "1",
        "assets": "",
    }
