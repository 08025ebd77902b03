"""One router with all that its page can show: each status and cause, mutes, ignored sockets, failed
requests, hostile names and such that are written from right to left, and a service to call.
"""

import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from playwright.async_api import Browser, Page, StorageState

from hero_router.history.letters import OF_STATUS
from hero_router.model import SocketState, Status
from tests.e2e.router import Web
from tests.e2e.test_sign_in import sign_in
from tests.support.hand import NODE, Hand
from tests.support.records import put
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS

TOKEN = "admin-0123456789abc"
EXPOSED = """
delete window.SharedWorker;
window.EventSource = class extends EventSource {
  constructor(url) {
    super(url);
    window.stream = this;
  }
};
"""
"""The page has a stream of its own, and a test may put a frame into it."""

EMPTY = "{empty}"
"""The prefix of the keys of a second router, which knows no service."""

HEBREW, ARABIC = "חנות ספרים", "متجر الكتب"
BIDI = {
    "hebrew": f"{HEBREW} (2)",
    "arabic": f"{ARABIC} 1.5",
    "override": "\u202egnp.exe",
    "unclosed": f"{HEBREW} \u2067\u202eabc",
}
"""Titles that would swap what stands beside them, were they not isolated."""

REASONS = {
    Status.DEGRADED: "health check answers 503: the database is not reachable",
    Status.UNHEALTHY: "the listener takes connections, its handler is silent",
    Status.INACTIVE: "nothing listens on the socket",
    Status.NON_RPC: "accepts connections, but does not speak HTTP",
    Status.UNKNOWN: "not probed yet",
}

ADDRESS = {
    "type": "object",
    "description": "Where the parcel goes.",
    "required": ["city"],
    "properties": {"city": {"type": "string"}, "zip": {"type": "string", "pattern": "^[0-9]+$"}},
}
PAYMENT = {
    "oneOf": [
        {
            "title": "card",
            "type": "object",
            "required": ["number"],
            "properties": {"number": {"type": "string", "minLength": 4}},
        },
        {"title": "invoice", "type": "string", "enum": ["now", "later"]},
    ]
}
ITEM = {
    "type": "object",
    "required": ["article", "count"],
    "properties": {"article": {"type": "string"}, "count": {"type": "integer", "minimum": 1}},
}
PARAMS: Mapping[str, Mapping[str, Any]] = {
    "address": ADDRESS,
    "items": {"type": "array", "items": ITEM, "minItems": 1},
    "payment": PAYMENT,
    "password": {"type": "string", "format": "password"},
    "urgent": {"type": "boolean"},
    "note": {"type": "string", "description": "Anything that the packer should know."},
}
REQUIRED = ("address", "items", "payment")
METHODS = ("place_order", "cancel_order", "list_orders")
DOCUMENT = json.dumps(
    {
        "openrpc": "1.3.2",
        "info": {"title": HEBREW, "version": "1", "description": "Orders of a small shop."},
        "methods": [
            {
                "name": name,
                "summary": "Takes an order, or says why not.",
                "deprecated": name == "cancel_order",
                "params": [
                    {"name": param, "schema": schema, "required": param in REQUIRED}
                    for param, schema in PARAMS.items()
                ],
                "result": {"name": "order", "schema": {"type": "object"}},
                "errors": [{"code": -32050, "message": "sold out"}],
            }
            for name in METHODS
        ],
    }
)
FILLED = {
    "address": {"city": "Paris"},
    "items": [{"article": "book", "count": 2}],
    "payment": {"number": "4111"},
}


class Fleet:
    """The router, an empty one beside it, and a hand that changes what they show."""

    def __init__(self, router: Web, empty: Web, hand: Hand) -> None:
        self.url, self.empty = router.url, empty.url
        self.port, self.hand = router.port, hand
        self._session: StorageState | None = None

    async def open(self, browser: Browser, **how: Any) -> Page:
        """A page in a profile of its own, with a session of the router."""
        context = await browser.new_context(storage_state=self._session, **how)
        await context.add_init_script(EXPOSED)
        page = await context.new_page()
        page.set_default_timeout(1000 * PATIENCE_SECONDS)
        if self._session is None:
            await page.goto(f"{self.url}/sign-in")
            await sign_in(page, TOKEN)
            await page.locator("[data-service]").first.wait_for()
            self._session = await context.storage_state()
        return page

    async def doubt(self, *, begins: bool) -> None:
        """The node's scanner cannot see the whole folder, or sees it again."""
        conditions = {"root": "the folder /run/hero cannot be read: Permission denied"}
        await report(self.hand, conditions=conditions if begins else {})


async def report(hand: Hand, **fields: Any) -> None:
    """A report with ignored sockets, and the number of services in each status."""
    ignored = {f"{HEBREW}/x.sock": "the name is too long", "s0/log": "not a socket"}
    counts = dict.fromkeys(map(str, Status), 2)
    await hand.report(ignored=ignored, ignored_count=3, counts=counts, root="/run/hero", **fields)


async def fill(hand: Hand) -> None:
    """All services with their past."""
    minute = 60_000
    now = int(time.time() * 1000)
    past: dict[str, str] = {}
    await report(hand)
    for number, status in enumerate(Status):
        name = f"the-{status}-one"
        socket = SocketState("web_page", "web_page", f"{name}/web_page.sock", status, 1.5)
        told = {"reason": REASONS.get(status, ""), "sockets": (socket,)}
        more = {"flapping": status is Status.DEGRADED, "spec_error": "not JSON" if number else None}
        since = now - number * minute
        await hand.write(put(name, since, NODE, status=status, **told, **more))
        past[name] = "h" * 30 + OF_STATUS[status] * 20 + "-" * 5 + "h" * 5
    await hand.past(**past, shop="h" * 40 + "d" * 10)
    for name, title in BIDI.items():
        told = {"title": title, "reason": f"{title}: down", "context": ARABIC}
        await hand.write(put(title, now, NODE, status=Status.UNHEALTHY, **told))
        await hand.change(name, title=title, context=HEBREW)
    for number in range(8):
        reason = "all of them have this reason"
        await hand.change(f"many{number}", status=Status.DEGRADED, reason=reason, context="shop")
    await hand.change(
        "n" * 200, title="t" * 200, context="c" * 80, description="d " * 2_000, reason="r" * 300
    )


async def shop(hand: Hand, folder: Path) -> web.AppRunner:
    """A service with a document: its rpc socket, and its record."""

    async def call(request: web.Request) -> web.Response:
        asked = await request.json()
        failed = asked["method"] == "cancel_order"
        error = {"code": -32050, "message": "sold out", "data": {"article": "book"}}
        told = {"error": error} if failed else {"result": {"order": 7, **asked["params"]}}
        return web.json_response({"jsonrpc": "2.0", "id": asked["id"], **told})

    app = web.Application()
    app.router.add_post("/rpc", call)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    (folder / "shop").mkdir()
    await web.UnixSite(runner, str(folder / "shop/rpc.sock")).start()
    rpc = SocketState("rpc", "rpc", "shop/rpc.sock", Status.HEALTHY, 2.5)
    page = SocketState("web_page", "web_page", "shop/web_page.sock", Status.INACTIVE, None, "gone")
    record = put(
        "shop",
        node=NODE,
        title=HEBREW,
        description="Sells books.",
        version="1",
        status=Status.DEGRADED,
        reason="one of several sockets is down",
        methods=METHODS,
        methods_count=len(METHODS),
        sockets=(rpc, page),
        document="d1",
    )
    await hand.write(record, d1=DOCUMENT)
    return runner


async def use(url: str) -> None:
    """What people have done before: a mute, and requests that failed."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession(url, headers=headers) as session:
        state = await (await session.get("/api/services")).json()
        ids = {each["name"]: each["id"] for each in state["services"]}
        mute = {"id": ids["shop"], "seconds": 3600, "note": HEBREW}
        asked = {"jsonrpc": "2.0", "id": 1, "method": "router.mute", "params": mute}
        answer = await (await session.post("/rpc", json=asked)).json()
        assert "result" in answer, answer
        for _ in range(2):
            await session.get("/shop/page/deep/path")


@asynccontextmanager
async def fleet(redis: RedisServer, folder: Path) -> AsyncIterator[Fleet]:
    """The whole of it, over an empty Redis."""
    hand = Hand(redis.url, 1024)
    await hand.begin()
    await fill(hand)
    runner = await shop(hand, folder)
    place = {"ROUTER_NODE": NODE, "ROUTER_SOCKET_DIR": str(folder)}
    router = Web(redis.url, ROUTER_TOKEN=TOKEN, **place)
    empty = Web(redis.url, ROUTER_REDIS_PREFIX=EMPTY)
    await router.start()
    await empty.start("/health")
    await use(router.url)
    try:
        yield Fleet(router, empty, hand)
    finally:
        await router.kill()
        await empty.kill()
        await hand.close()
        await runner.cleanup()
