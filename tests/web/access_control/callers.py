"""Callers of a real worker with tokens: of all kinds, by token, by cookie, and over the stream."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp

from hero_router.model import SocketState, Status
from tests.support.hand import NODE, Hand
from tests.support.records import put
from tests.support.redis import RedisServer
from tests.support.wait import eventually
from tests.web.live import Listener, Live, working

TOKEN, VIEWING, SHOP = "admin-0123456789abc", "viewer-0123456789ab", "shop-0123456789abcde"
METRICS, BOSS = "metrics-0123456789a", "boss-0123456789abcde"
BEARERS: Mapping[str, str | None] = {
    "nobody": None, "wrong": "wrong-0123456789abc", "metrics": METRICS, "shop": SHOP,
    "viewer": VIEWING, "boss": BOSS, "admin": TOKEN,
}  # fmt: skip
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


@contextlib.asynccontextmanager
async def guarded(server: RedisServer, hand: Hand, tmp_path: Path) -> AsyncIterator[Live]:
    """A worker with tokens, which knows `a` of the default context and `till` of context shop."""
    tokens = tmp_path / "tokens"
    tokens.write_text(f"clerk viewer shop {SHOP}\nboss admin shop {BOSS}\n")
    async with working(
        server.url,
        node=NODE,
        socket_dir=str(tmp_path),
        token=TOKEN,
        viewer_token=VIEWING,
        tokens_file=str(tokens),
        metrics_token=METRICS,
        allow_ips="192.0.2.0/24",
    ) as worker:
        sockets = (SocketState("web_page", "web_page", "a/web_page.sock", Status.HEALTHY),)
        await hand.write(put("a", node=NODE, sockets=sockets))
        await worker.reaches(await hand.write(put("till", node=NODE, context="shop")))
        await knows_sessions(worker)
        yield worker


async def knows_sessions(worker: Live) -> None:
    """Wait until a worker knows which sessions were ended: before that it admits none."""
    follower = worker.parts.access.follower
    await eventually(lambda: follower.live is not None, message="the worker knows the sessions")


def bearing(token: str | None) -> dict[str, str]:
    """The header with a token."""
    return {} if token is None else {"Authorization": f"Bearer {token}"}


async def status_of(
    http: aiohttp.ClientSession, method: str, url: str, headers: Mapping[str, str]
) -> int:
    """The status of an answer; no redirect is followed."""
    body: dict[str, str] | None = {} if method == "POST" else None
    async with http.request(
        method, url, headers=headers, allow_redirects=False, json=body
    ) as answer:  # a stream is left after its head
        return answer.status


@contextlib.asynccontextmanager
async def hearing(
    http: aiohttp.ClientSession, live: Live, token: str | None = None
) -> AsyncIterator[Listener]:
    """A client of the stream with a token or a cookie, meanwhile."""
    listener = Listener()
    async with http.get(f"{live.url}/events", headers=bearing(token)) as answer:
        assert answer.status == 200
        task = asyncio.create_task(listener.read(answer))
        await listener.hears_of("hello")
        yield listener
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def sign_in(
    http: aiohttp.ClientSession, url: str, token: str = TOKEN, next_path: str = "/"
) -> tuple[int, Mapping[str, str]]:
    form = {"token": token, "next": next_path}
    async with http.post(f"{url}/sign-in", data=form, allow_redirects=False) as answer:
        return answer.status, answer.headers


async def me(http: aiohttp.ClientSession, url: str) -> dict[str, Any] | None:
    async with http.get(f"{url}/api/me") as answer:
        return await answer.json() if answer.status == 200 else None
