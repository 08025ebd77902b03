"""How a request to a service ended, as the metrics tell it."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from hero_router.metrics import metric_updater
from hero_router.model import SocketState, Status
from hero_router.proxy.loops import MAX_PASSES
from tests.support.hand import Hand
from tests.support.records import put
from tests.support.scrape import Scrape
from tests.support.wait import eventually
from tests.web.live import Live
from tests.web.raw import ask, get, post
from tests.web.upstream import OK, UPGRADE, Script, Silent, Visit, accept, answers, service

BEGUN = b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 9\r\n\r\nab"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metric_updater, "TICK_SECONDS", 0.02)


async def scrape(live: Live) -> Scrape:
    return Scrape((await ask(live.port, get("/metrics"))).body.decode())


async def ended(live: Live, status: str, cause: str, number: int = 1, **labels: str) -> Scrape:
    """Wait until so many requests to the shop's page have ended so, and nothing is open."""
    known = {"service": "shop", "context": "default", "role": "web_page", **labels}

    async def told() -> Scrape | None:
        found = await scrape(live)
        series = found.values("proxied_requests_total", status=status, cause=cause, **known)
        return found if series == [number] else None

    found = await eventually(told, message=f"{status} {cause}")
    assert found is not None
    assert found.total("proxied_requests_total", **known) == number, "and none in another way"
    assert found.total("proxied_open") == 0
    return found


async def _silent(visit: Visit) -> None:
    await visit.head()
    await visit.reader.read()


async def _garbage(visit: Visit) -> None:
    await visit.head()
    await visit.send(b"SSH-2.0\r\n")


async def _breaks(visit: Visit) -> None:
    await visit.head()
    await visit.send(BEGUN)


async def _stalls(visit: Visit) -> None:
    await visit.head()
    await visit.send(BEGUN)
    await visit.reader.read()


CASES = [
    (answers(OK), get("/shop/page/"), "2xx", "complete"),
    (answers(OK.replace(b"200 OK", b"500 No")), get("/shop/page/"), "5xx", "complete"),
    (answers(OK), get("/shop/page"), "3xx", "complete"),
    (_garbage, get("/shop/page/"), "5xx", "broken_upstream"),
    (_breaks, get("/shop/page/"), "2xx", "broken_upstream"),
]
LATE = [
    (_silent, get("/shop/page/"), "5xx", "late"),
    (_stalls, get("/shop/page/"), "2xx", "late"),
    (_silent, post("Content-Length: 8", body=b"ab", path="/shop/page/"), "4xx", "broken_client"),
    (_stalls, post("Content-Length: 8", body=b"ab", path="/shop/page/"), "2xx", "broken_client"),
]


@pytest.mark.parametrize(("script", "request_bytes", "status", "cause"), CASES)
async def test_each_end_has_its_cause(
    live: Live, page: Path, script: Script, request_bytes: bytes, status: str, cause: str
) -> None:
    async with service(page, script):
        with suppress(ConnectionResetError):
            await ask(live.port, request_bytes)
        await ended(live, status, cause)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("script", "request_bytes", "status", "cause"), LATE)
async def test_each_end_by_lateness_has_its_cause(
    live: Live, page: Path, script: Script, request_bytes: bytes, status: str, cause: str
) -> None:
    await test_each_end_has_its_cause(live, page, script, request_bytes, status, cause)


async def test_nothing_that_listens_is_refused_and_no_file_is_missing(
    live: Live, page: Path
) -> None:
    assert (await ask(live.port, get("/shop/page/"))).status == 503
    await ended(live, "5xx", "missing")
    page.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(page.with_name("admin.sock")))
        assert (await ask(live.port, get("/shop/admin/"))).status == 503
    await ended(live, "5xx", "refused", role="admin")


async def test_a_client_that_leaves_is_counted_as_such_before_and_within_the_answer(
    live: Live, page: Path
) -> None:
    async def leaves(until: Callable[[asyncio.StreamReader], Awaitable[object]]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(get("/shop/page/"))
        await until(reader)
        writer.transport.abort()

    silent = Silent()
    async with service(page, silent):
        await leaves(lambda _: silent.came.wait())
        await ended(live, "none", "cancelled")
    async with service(page.with_name("admin.sock"), _stalls):
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(get("/shop/admin/"))
        await reader.readuntil(b"ab")
        writer.transport.abort()
        await ended(live, "2xx", "cancelled", role="admin")


async def test_a_service_of_another_node_and_a_loop_are_told(live: Live, hand: Hand) -> None:
    sockets = (SocketState("rpc", "rpc", "far/rpc.sock", Status.HEALTHY),)
    await live.reaches(await hand.write(put("far", node="elsewhere", sockets=sockets)))
    assert (await ask(live.port, get("/far/rpc"))).status == 503
    await ended(live, "5xx", "unreachable", service="far", role="rpc")


async def test_a_request_that_has_been_here_is_told_as_a_loop(live: Live, page: Path) -> None:
    vias = list[str]()

    async def script(visit: Visit) -> None:
        head = await visit.head()
        vias.extend(line for line in head.split("\r\n") if line.startswith("Via"))
        await visit.send(OK)

    async with service(page.with_name("admin.sock"), script):
        await ask(live.port, get("/shop/admin/"))
    assert (await ask(live.port, get("/shop/page/", "localhost", *vias * MAX_PASSES))).status == 508
    await ended(live, "5xx", "loop")


async def test_bodies_and_tunnels_are_seen(live: Live, page: Path) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        assert await visit.reader.readexactly(5) == b"abcde"
        await visit.send(OK)

    began = time.monotonic()
    async with service(page, script):
        await ask(live.port, post("Content-Length: 5", body=b"abcde", path="/shop/page/"))
    told = await ended(live, "2xx", "complete")
    assert told.total("proxied_bytes_total", service="shop", of="requests") == 5
    assert told.total("proxied_bytes_total", service="shop", of="answers") == 2
    first, whole = (
        told.total(f"proxied_{name}_seconds_sum", service="shop")
        for name in ("first_byte", "duration")
    )
    assert 0 < first <= whole < time.monotonic() - began

    async def open_tunnels() -> float:
        return (await scrape(live)).total("tunnels_open")

    async with service(page.with_name("admin.sock"), accept):
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(UPGRADE.replace(b"/page/", b"/admin/"))
        await reader.readuntil(b"\r\n\r\n")

        async def opened() -> bool:
            return await open_tunnels() == 1

        async def closed() -> bool:
            return await open_tunnels() == 0

        await eventually(opened, message="the tunnel is seen")
        writer.close()
        await eventually(closed, message="its end is seen")
    await ended(live, "1xx", "complete", role="admin")
