"""Which routers are connected to and listened to, and what is said where that fails."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hero_router.access.ed25519 import NodeKey
from hero_router.metrics import metric_updater
from hero_router.proxy import routing_error_log
from hero_router.web import access_follower, next_hop
from tests.support.redis import RedisServer
from tests.support.scrape import Scrape
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.hops.fleet import FAR, NEAR, SHORT, Fleet, fleet, listener, moved, tunnel
from tests.web.live import Live
from tests.web.raw import ask, get
from tests.web.upstream import OK, Visit, accept, answers, exchanged, service

GET = get("/shop/page/")


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metric_updater, "TICK_SECONDS", 0.02)
    monkeypatch.setattr(routing_error_log, "WRITE_SECONDS", 0.02)
    monkeypatch.setattr(routing_error_log, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(access_follower, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(next_hop, "PEER_SECONDS", 0.1)


async def told(live: Live, cause: str, **more: str) -> None:
    """Wait until a request to the shop's page is known to have ended so."""

    async def counted() -> bool:
        found = Scrape((await ask(live.port, get("/metrics"))).body.decode())
        series = found.values("proxied_requests_total", service="shop", cause=cause, **more)
        return sum(series) == 1

    await eventually(counted, message=f"{cause} is counted")


async def listed(live: Live) -> list[dict[str, str]]:
    """The routing errors of the shop, once there is one."""
    path = f"/api/services/{live.feed.mirror.by_name('shop')[0]['id']}/errors"

    async def found() -> list[dict[str, str]]:
        errors: list[dict[str, str]] = (await live.get(path))[1]["errors"]
        return errors

    return await eventually(found, message="an error is listed")


async def test_an_address_that_only_redis_names_is_never_connected_to(two: Fleet) -> None:
    """Whoever writes to Redis does not choose where the router connects."""
    visits = list[Visit]()

    async def script(visit: Visit) -> None:
        visits.append(visit)

    async with listener(script) as port, service(two.page, answers(OK)):
        await two.hand.report(advertise_url=f"http://127.0.0.1:{port}")
        await two.reach(reached=False)
        answer = await ask(two.near.port, GET)
        assert answer.status == 503
        assert "elsewhere than ROUTER_PEERS says" in answer.error["message"]
        await two.hand.report()
        await eventually(lambda: "does not say where" in obstacle(two), message="it says nothing")
        assert (await ask(two.near.port, GET)).status == 503
        await two.hand.report(advertise_url=two.far.url.upper() + "/")
        await two.reach()
        assert (await ask(two.near.port, GET)).status == 200
    assert visits == []


def obstacle(two: Fleet) -> str:
    return two.near.parts.proxy.table.obstacle(two.record)


async def test_the_list_of_peers_may_change_while_the_routers_run(two: Fleet) -> None:
    async with service(two.page, answers(OK)):
        assert (await ask(two.near.port, GET)).status == 200
        two.tell(far=())
        answer = await ask(two.near.port, GET)
        assert (answer.status, "is no peer" in answer.error["message"]) == (503, True)
        two.tell()
        assert (await ask(two.near.port, GET)).status == 200


async def test_a_file_of_the_own_node_is_never_asked_in_place_of_another_nodes_service(
    two: Fleet,
) -> None:
    """Although it has the path of the other one: also if the peer was unknown at first."""
    decoy = two.root.with_name(NEAR) / two.page.relative_to(two.root)
    two.tell(far=())
    await two.reach(reached=False)
    async with service(two.page, answers(OK)), service(decoy, answers(OK)) as wrong:
        assert (await ask(two.near.port, GET)).status == 503
        two.tell()
        await two.reach()
        assert (await ask(two.near.port, GET)).status == 200
        two.tell(far=())
        await two.reach(reached=False)
        assert (await ask(two.near.port, GET)).status == 503
    assert wrong.visits == 0


async def test_a_key_is_replaced_without_a_pause(two: Fleet) -> None:
    """First the list has both keys, then the node has the new one, then the list has it alone."""
    new = NodeKey.make().public
    old = two.keys[NEAR].public
    async with service(two.page, answers(OK)):
        for keys, status in (((new, old), 200), ((old, new), 200), ((new,), 502), ((old,), 200)):
            two.tell(near=(two.near.url, *keys))
            assert (await ask(two.near.port, GET)).status == status


async def test_a_refused_hop_is_a_bad_gateway_that_names_node_and_reason(
    two: Fleet, caplog: pytest.LogCaptureFixture
) -> None:
    two.tell(near=(two.near.url, NodeKey.make().public))
    answer = await ask(two.near.port, GET)
    assert (answer.status, answer.error["code"]) == (502, "bad_gateway")
    assert (
        f"the router of node {FAR} refuses the request: its token is not signed with a key"
        in (answer.error["message"])
    )
    assert f"the router of node {FAR} ({two.far.url}) refuses" in caplog.text
    assert "a request that another node's router has forwarded from 127.0.0.1: " in caplog.text
    (error,) = await listed(two.near)
    assert (error["cause"], FAR in error["reason"]) == ("unreachable", True)


ODD = [
    (OK, "answers 200, but not as a router"),
    (OK.replace(b"\r\n", b"\r\nX-Hero-Hop: forged\r\n", 1), "answers 200, but not as a router"),
    (b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", "answers 401, but not as a router"),
    (b"SSH-2.0\r\n", "answers something that is not HTTP"),
    (b"", "without an answer"),
]


@pytest.mark.parametrize(("data", "why"), ODD)
async def test_what_answers_there_is_not_taken_for_the_service(
    two: Fleet, data: bytes, why: str
) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.send(data)

    async with listener(script) as port:
        await moved(two, f"http://127.0.0.1:{port}")
        answer = await ask(two.near.port, GET)
    assert (answer.status, why in answer.error["message"]) == (502, True), answer.body
    await told(two.near, "unreachable")


HINTS = b"HTTP/1.1 %d Hints\r\nLink: </forged.js>; rel=preload\r\nSet-Cookie: a=forged\r\n\r\n"


@pytest.mark.parametrize("status", [100, 102, 103])
@pytest.mark.parametrize("mark", [b"", b"X-Hero-Hop: forged\r\n"])
async def test_no_interim_answer_of_another_program_reaches_the_client(
    two: Fleet, status: int, mark: bytes
) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.send((HINTS % status).replace(b"Link", mark + b"Link"), OK)

    async with listener(script) as port:
        await moved(two, f"http://127.0.0.1:{port}")
        answer = await ask(two.near.port, GET)
    assert answer.raw.startswith(b"HTTP/1.1 502 ")
    assert b"forged" not in answer.raw


@pytest.fixture
async def impatient(redis7: RedisServer, tmp_path: Path) -> AsyncIterator[Fleet]:
    """The near node waits for nobody for long."""
    async with fleet(redis7.url, tmp_path, near=SHORT) as made:
        yield made


async def test_a_router_that_is_down_or_silent_is_said_to_be(impatient: Fleet) -> None:
    async def silent(visit: Visit) -> None:
        await visit.reader.read()

    async with listener(silent) as port:
        await moved(impatient, f"http://127.0.0.1:{port}")
        answer = await ask(impatient.near.port, GET)
        assert (answer.status, f"node {FAR}" in answer.error["message"]) == (504, True)
    answer = await ask(impatient.near.port, GET)
    assert answer.status == 503
    assert f"the router of node {FAR} cannot be reached: nothing listens" in answer.error["message"]
    await told(impatient.near, "late")
    await told(impatient.near, "unreachable")


async def test_a_kept_connection_that_has_died_is_no_error(two: Fleet) -> None:
    """Each attempt has a token of its own: the router may have read that of the first one."""
    visits = list[Visit]()

    async def script(visit: Visit) -> None:
        visits.append(visit)
        reader, writer = await asyncio.open_connection("127.0.0.1", two.far.port)
        try:
            for number in range(3):
                writer.write((await visit.head()).encode())
                answer = await reader.readuntil(b"ok")
                if (len(visits), number) == (1, 2):
                    return  # the third answer is lost, and the connection with it
                await visit.send(answer)
        finally:
            writer.close()

    request = GET.replace(b"Connection: close\r\n", b"")
    async with listener(script) as port, service(two.page, answers(OK)):
        await moved(two, f"http://127.0.0.1:{port}")
        for kept in (1, 1, 2):
            assert (await exchanged(two.near, request, until=b"ok")).startswith(b"HTTP/1.1 200 ")
            assert len(visits) == kept


async def test_a_fault_of_the_service_is_said_there_listed_once_and_counted_by_both(
    two: Fleet,
) -> None:
    answer = await ask(two.near.port, GET)
    assert (answer.status, answer.error["code"]) == (503, "no_listener")
    assert answer.error["message"] == "the service shop cannot be reached: cannot be seen"
    for live in (two.near, two.far):
        await told(live, "missing", status="5xx")
        (error,) = await listed(live)
        assert (error["cause"], error["worker"].split("/")[0]) == ("missing", FAR)
        assert error["request_id"] == answer.fields["x-request-id"]


@pytest.mark.parametrize("removed", ["near", "far"])
async def test_tunnels_from_and_to_a_node_that_is_no_peer_any_more_end(
    two: Fleet, removed: str
) -> None:
    """There is no way to hold on to one."""
    async with service(two.page, accept):
        reader, writer = await tunnel(two)
        for live in (two.near, two.far):
            await live.parts.access.follower.look()
        writer.write(b"still here")
        assert await reader.readexactly(10) == b"still here"
        two.tell(**{removed: ()})
        async with asyncio.timeout(PATIENCE_SECONDS):
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()
