"""A router in miniature for one page: the real files, made-up services, and one stream."""

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any, Self

from aiohttp import web

from hero_router.web.route_groups import HEADERS
from hero_router.web.routes import static

STATUSES = ("healthy", "healthy", "healthy", "degraded", "inactive", "healthy", "unhealthy")
CONTEXTS = 10
REASONS = {"degraded": "health check answers 503", "inactive": "nothing listens"}
RUN_ID = "benchmark"
MINUTE_MS, HOUR, ILL = 60_000, 60, 4
"""An hour in minutes, and those in which a service was not healthy."""


def record(number: int, turn: int = 0) -> dict[str, Any]:
    """A service of about the size that services have, at its n-th state."""
    status = STATUSES[(number + turn) % len(STATUSES)]
    name, now = f"service{number}", _now() - (0 if turn else 60_000 * (number + 1))
    path = f"team{number % CONTEXTS}/{name}/rpc.sock"
    socket = {"name": "rpc", "role": "rpc", "path": path, "status": status, "latency_ms": 2.5}
    texts = {"title": f"Service {number}", "description": "What it does, in one sentence. " * 3}
    return {
        "id": f"00000000-0000-5000-8000-{number:012}", "name": name, "node": f"host{number % 4}",
        "context": f"team{number % CONTEXTS}", **texts, "status": status, "version": "1.0.0",
        "healthy": status == "healthy", "reason": REASONS.get(status, ""),
        "methods": [f"get_{number}", f"put_{number}"], "methods_count": 2, "source": "rpc.discover",
        "source_kind": "openrpc", "protocol": "openrpc", "first_seen": now, "changed_at": now,
        "sockets": [{**socket, "error": None, "failures": 0}],
    }  # fmt: skip


def bars(number: int) -> str:
    """A letter for each minute of a service's last hour."""
    at = number % (HOUR - ILL)
    return f"{'h' * at}{'u' * ILL}{'h' * (HOUR - ILL - at)}"


class Router:
    """Serves one page; `burst` changes services on its stream."""

    def __init__(self, services: int) -> None:
        self.services = services
        self.seq = 1
        self._streams: list[web.StreamResponse] = []
        self._over = asyncio.Event()
        app = web.Application()
        app.router.add_routes(static.routes(static.Assets(static.static_folder())))
        app.router.add_get("/api/services", self._state)
        app.router.add_get("/api/events/recent", self._recent)
        app.router.add_get("/api/events", self._events)
        app.router.add_get("/api/me", self._me)
        app.router.add_get("/api/history", self._history)
        app.router.add_get("/api/redis-cli", self._redis_cli)
        app.on_response_prepare.append(_secure)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over.set()
        await self._runner.cleanup()

    async def burst(self, changes: int, turn: int) -> None:
        """So many services change at once."""
        frames = []
        for number in range(changes):
            self.seq += 1
            data = {"at": _now(), "now": _now(), "as_of": _now(), "service": record(number, turn)}
            frames.append(_frame("service_updated", f"1-{self.seq}", data))
        await self._send(frames)

    async def ping(self) -> None:
        """The stream says that it lives."""
        await self._send([_frame("ping", f"1-{self.seq}", {"now": _now(), "as_of": _now()})])

    async def _send(self, frames: Sequence[str]) -> None:
        for stream in self._streams:
            await stream.write("".join(frames).encode())

    async def _state(self, _: web.Request) -> web.Response:
        records = ",\n".join(json.dumps(record(number)) for number in range(self.services))
        known = {"cursor": f"1-{self.seq}", "run_id": RUN_ID, "nodes": [], "stale": []}
        times = {"now": _now(), "as_of": _now()}
        text = f'{json.dumps(known)[:-1]},"services":[\n{records}\n],{json.dumps(times)[1:]}'
        answer = web.Response(text=text, content_type="application/json")
        answer.headers["Cache-Control"] = "no-cache"
        answer.enable_compression()
        return answer

    async def _recent(self, _: web.Request) -> web.Response:
        known = {"cursor": f"1-{self.seq}", "run_id": RUN_ID, "events": []}
        return web.json_response({**known, "now": _now(), "as_of": _now()})

    async def _history(self, _: web.Request) -> web.Response:
        """The last hour: each service was ill for some minutes."""
        end = _now() // MINUTE_MS * MINUTE_MS
        begin = end - HOUR * MINUTE_MS
        rows = [
            {"service_id": record(number)["id"], "since": begin, "bars": bars(number),
             "up_minutes": HOUR - ILL, "watched_minutes": HOUR, "minutes": HOUR}
            for number in range(self.services)
        ]  # fmt: skip
        span = {"span": "1h", "bucket_seconds": 60, "start": begin, "end": end}
        answer = web.json_response({**span, "services": rows, "detail": None})
        answer.enable_compression()
        return answer

    async def _redis_cli(self, _: web.Request) -> web.Response:
        return web.json_response({"command": "redis-cli", "prefix": "{hero_router}"})

    async def _me(self, _: web.Request) -> web.Response:
        return web.json_response({"name": "", "session_ends": None, "open": True})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        said = {"run_id": RUN_ID, "ping_seconds": 15, "now": _now(), "version": "", "assets": ""}
        await response.write(_frame("hello", f"1-{self.seq}", said).encode())
        self._streams.append(response)
        await self.ping()
        await self._over.wait()
        return response


async def _secure(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


def _frame(event: str, place: str, data: dict[str, Any]) -> str:
    return f"id: {place}\nevent: {event}\ndata: {json.dumps(data)}\n\n"


def _now() -> int:
    return int(time.time() * 1000)
