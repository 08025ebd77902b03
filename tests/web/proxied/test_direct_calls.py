"""Requests without a body over a kept connection: passed on at once, without a task."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import pytest

from hero_router.metrics import metric_updater
from hero_router.model import SocketState, Status
from hero_router.web.fast_path_forwarder import FastPathForwarder
from tests.support.hand import NODE, Hand
from tests.support.records import put
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.live import Live, working
from tests.web.proxied.test_proxied_causes import scrape
from tests.web.upstream import OK, Visit, service

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def request(path: str, *fields: str, version: str = "1.1") -> bytes:
    lines = [f"GET /shop/page{path} HTTP/{version}", "Host: localhost", *fields, "", ""]
    return "\r\n".join(lines).encode()


async def answered(ends: Ends) -> bytes:
    """The next answer, which has two bytes of body."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        head = await ends[0].readuntil(b"\r\n\r\n")
        return head + await ends[0].readexactly(2)


@pytest.fixture
def direct(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The targets of the requests that are passed on at once."""
    found, start = list[str](), FastPathForwarder.start

    def noted(self: FastPathForwarder, *arguments: object) -> None:
        found.append(self._request.raw_path)
        start(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(FastPathForwarder, "start", noted)
    return found


@asynccontextmanager
async def warm(live: Live) -> AsyncIterator[Ends]:
    """A client, once a connection to its service is kept."""
    ends = await asyncio.open_connection("127.0.0.1", live.port)
    with closing(ends[1]):
        ends[1].write(request("/first"))
        assert (await answered(ends)).endswith(b"ok")
        yield ends


class Seen:
    """Answers each request with OK, and notes their heads; waits before one to `/wait`."""

    def __init__(self) -> None:
        self.heads = list[str]()
        self.go_on, self.left = asyncio.Event(), asyncio.Event()

    async def __call__(self, visit: Visit) -> None:
        try:
            while True:
                self.heads.append(await visit.head())
                if "/wait" in self.heads[-1]:
                    await self.go_on.wait()
                await visit.send(OK)
        finally:
            self.left.set()


async def test_pipelined_requests_are_answered_in_their_order(
    live: Live, page: Path, direct: list[str]
) -> None:
    seen = Seen()
    async with service(page, seen) as made, warm(live) as ends:
        ends[1].write(b"".join(request(f"/{number}") for number in range(20)))
        for _ in range(20):
            assert (await answered(ends)).endswith(b"ok")
    assert [head.split()[1] for head in seen.heads[1:]] == [f"/{n}" for n in range(20)]
    assert direct == [f"/shop/page/{number}" for number in range(20)]
    assert made.visits == 1


async def test_what_is_remembered_of_a_request_does_not_reach_the_next_with_other_fields(
    live: Live, page: Path, direct: list[str]
) -> None:
    """One connection may carry the requests of many clients, from a proxy in front."""
    seen = Seen()
    async with service(page, seen), warm(live) as ends:
        for number in (1, 1, 2, 1):
            fields = f"Cookie: a={number}", f"X-Forwarded-For: 10.0.0.{number}", "X-Hero-Claims: a"
            ends[1].write(request("/", *fields))
            await answered(ends)
    for number, head in zip((1, 1, 2, 1), seen.heads[1:], strict=True):
        assert f"\r\nCookie: a={number}\r\n" in head
        assert f"\r\nX-Forwarded-For: 10.0.0.{number}, 127.0.0.1\r\n" in head
        assert "claims" not in head.lower()
    ids = [head.partition("X-Request-Id: ")[2].split()[0] for head in seen.heads]
    traces = [head.partition("traceparent: ")[2].split()[0] for head in seen.heads]
    assert len(set(ids)) == len(set(traces)) == 5
    assert len(direct) == 4


@pytest.mark.parametrize(
    ("second", "status"),
    [
        (request("/", version="2.0"), 505),
        (request("/", version="0.9"), 505),
        (request("/").replace(b"GET /", b"GET http://evil.com/"), 400),
        (request("/#a"), 400),
        (request("/").replace(b"localhost", b"evil.com"), 421),
        (request("/", "Origin: http://evil.com"), 403),
        (request("/", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors"), 403),
        (request("/").replace(b"GET", b"TRACE"), 501),
        (request("/").replace(b"/shop/page/", b"/shop/none/"), 404),
        (request("/", "X-Hero-Context: other"), 404),
    ],
)
async def test_each_request_is_checked_though_the_one_before_was_good(
    live: Live, page: Path, second: bytes, status: int
) -> None:
    seen = Seen()
    async with service(page, seen), warm(live) as ends:
        ends[1].write(request("/"))
        await answered(ends)
        ends[1].write(second)
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert (await ends[0].readuntil(b"\r\n")).split()[1] == b"%d" % status
    assert len(seen.heads) == 2


async def test_a_client_that_leaves_ends_the_request(
    live: Live, page: Path, direct: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metric_updater, "TICK_SECONDS", 0.02)
    known = {"service": "shop", "context": "default", "role": "web_page"}

    async def is_cancelled() -> bool:
        found = await scrape(live)
        ends = {"status": "none", "cause": "cancelled"}
        return found.values("proxied_requests_total", **known, **ends) == [1]

    seen = Seen()
    async with service(page, seen):
        async with warm(live) as ends:
            ends[1].write(request("/wait"))
            await eventually(lambda: len(seen.heads) == 2, message="the service has the request")
        await eventually(lambda: live.parts.proxy.quota.open == 0, message="its slot is free")
        assert not live.parts.proxy.forwarder.calls
        await eventually(is_cancelled, message="it is counted as cancelled")
        seen.go_on.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await seen.left.wait()
    assert direct == ["/shop/page/wait"]


@pytest.mark.usefixtures("impatient")
async def test_a_late_answer_is_an_error_and_the_next_request_is_answered(
    live: Live, page: Path, direct: list[str]
) -> None:
    seen = Seen()
    async with service(page, seen), warm(live) as ends:
        ends[1].write(request("/wait") + request("/"))
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert (await ends[0].readuntil(b"\r\n")).split()[1] == b"504"
            await ends[0].readuntil(b"}}")
        assert (await answered(ends)).endswith(b"ok")
    assert direct == ["/shop/page/wait"]
    assert live.parts.proxy.quota.open == 0


async def test_a_kept_connection_that_died_is_replaced(
    live: Live, page: Path, direct: list[str]
) -> None:
    visits = list[Visit]()

    async def once(visit: Visit) -> None:
        visits.append(visit)
        await visit.head()
        await visit.send(OK)
        if len(visits) == 1:
            await visit.head()  # ends without an answer to the second request

    async with service(page, once) as made, warm(live) as ends:
        ends[1].write(request("/again"))
        assert (await answered(ends)).endswith(b"ok")
        assert made.visits == 2
    assert direct == ["/shop/page/again"]


@pytest.mark.parametrize("kept", [1, 2, 3])
async def test_a_request_that_makes_its_service_hang_up_arrives_twice_at_most(
    live: Live, page: Path, direct: list[str], kept: int
) -> None:
    """However many connections are kept: what it does may be costly, such as to end the service."""
    fatal, seen, clients = list[str](), Seen(), list[Ends]()

    async def script(visit: Visit) -> None:
        while True:
            head = await visit.head()
            if "/fatal" in head:
                fatal.append(head)
                return
            seen.heads.append(head)
            await seen.go_on.wait()
            await visit.send(OK)

    async with service(page, script) as made, AsyncExitStack() as stack:
        for _ in range(kept):
            ends = await asyncio.open_connection("127.0.0.1", live.port)
            stack.enter_context(closing(ends[1]))
            ends[1].write(request("/"))
            clients.append(ends)
        await eventually(lambda: len(seen.heads) == kept, message="each has a connection")
        seen.go_on.set()
        for ends in clients:
            await answered(ends)
        assert made.visits == kept
        clients[0][1].write(request("/fatal"))
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert (await clients[0][0].readuntil(b"\r\n")).split()[1] == b"502"
    assert direct == ["/shop/page/fatal"]
    assert len(fatal) == 2


async def test_an_answer_that_takes_longer_than_a_connection_is_kept_is_not_cut_off(
    redis7: RedisServer, hand: Hand, tmp_path: Path, page: Path, direct: list[str]
) -> None:
    sockets = (SocketState("web_page", "web_page", "shop/web_page.sock", Status.HEALTHY),)
    options = {"node": NODE, "socket_dir": str(tmp_path), "keepalive_seconds": 1}
    seen = Seen()
    async with working(redis7.url, **options) as live:
        await live.reaches(await hand.write(put("shop", node=NODE, sockets=sockets)))
        async with service(page, seen), warm(live) as ends:
            ends[1].write(request("/wait"))
            await asyncio.sleep(2.2)  # twice as long as an idle connection is kept
            seen.go_on.set()
            assert (await answered(ends)).endswith(b"ok")
            async with asyncio.timeout(PATIENCE_SECONDS):
                assert await ends[0].read() == b"", "an idle connection is closed in time"
    assert direct == ["/shop/page/wait"]


async def test_a_worker_that_ends_lets_a_request_end_first(
    live: Live, page: Path, direct: list[str]
) -> None:
    seen = Seen()
    async with service(page, seen), warm(live) as ends:
        ends[1].write(request("/wait"))
        await eventually(lambda: len(seen.heads) == 2, message="the service has the request")
        ending = asyncio.create_task(live.runner.shutdown())
        server = live.runner.server
        assert server is not None
        server.pre_shutdown()
        await asyncio.sleep(0.05)
        seen.go_on.set()
        assert (await answered(ends)).endswith(b"ok")
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await ends[0].read() == b""
        await ending
    assert direct == ["/shop/page/wait"]
