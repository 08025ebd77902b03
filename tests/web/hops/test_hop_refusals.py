"""What a router does not accept as a request of another node's router, and that it says why."""

import asyncio
import logging
from pathlib import Path

import pytest

from hero_router.access.principal import VIEWER, Principal
from hero_router.errors import StoreUnreachable
from hero_router.proxy.loops import MAX_PASSES
from hero_router.store.one_time import OneTimeCodes
from tests.support.records import put
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS
from tests.web.hops.fleet import FACTS, FAR, NEAR, SOCKETS, Fleet, token
from tests.web.live import Live, working
from tests.web.raw import Answer, ask, get, post
from tests.web.upstream import OK, Visit, answers, service

PATH = "/shop/page/x"


async def hop(live: Live, made: str, path: str = PATH, *fields: str) -> Answer:
    """The answer to a request with this token."""
    return await ask(live.port, get(path, "127.0.0.1", f"X-Hero-Hop: {made}", *fields))


async def test_a_request_with_a_good_token_is_the_clients_own(two: Fleet) -> None:
    heads = list[str]()

    async def script(visit: Visit) -> None:
        heads.append((await visit.head()).lower())
        await visit.send(OK)

    async with service(two.page, script):
        answer = await hop(
            two.far, token(two), PATH, "X-Forwarded-For: 6.6.6.6", "X-Hero-Claims: x"
        )
    assert (answer.status, answer.body, answer.fields["x-hero-hop"]) == (200, b"ok", "n" * 22)
    (head,) = heads
    assert head.startswith("get /x http/1.1\r\nhost: shop.example\r\n")
    assert "x-forwarded-for: 198.51.100.1\r\n" in head
    assert "x-forwarded-prefix: /apps/shop/page\r\n" in head
    assert "x-hero" not in head
    assert "6.6.6.6" not in head


async def test_what_a_token_says_counts_for_its_request_alone(two: Fleet) -> None:
    """A proxy in front may send requests of clients and of routers over one connection."""
    heads = list[str]()

    async def script(visit: Visit) -> None:
        while True:
            heads.append((await visit.head()).lower())
            await visit.send(OK)

    own = get(PATH).replace(b"Connection: close\r\n", b"")
    reader, writer = await asyncio.open_connection("127.0.0.1", two.far.port)
    async with service(two.page, script), asyncio.timeout(PATIENCE_SECONDS):
        for number in range(3):
            made = token(two, nonce=f"{number}" * 22).encode()
            for request in (
                own,
                own.replace(b"\r\n\r\n", b"\r\nX-Hero-Hop: " + made + b"\r\n\r\n"),
            ):
                writer.write(request)
                head = (await reader.readuntil(b"\r\n\r\nok")).lower()
                assert (b"x-hero-hop" in head) is (request != own)
                assert (b"sandbox" in head) is (request == own), "the other router adds it"
    writer.close()
    assert ["x-forwarded-for: 198.51.100.1\r\n" in head for head in heads] == [False, True] * 3
    assert ["host: localhost\r\n" in head for head in heads] == [True, False] * 3


async def test_a_token_counts_once_also_on_another_worker(
    two: Fleet, redis7: RedisServer, tmp_path: Path
) -> None:
    made = token(two)
    settings = {
        "node": FAR, "socket_dir": str(two.root), "peers_file": str(two.file),
        "node_key_file": str(tmp_path / f"{FAR}.key"),
    }  # fmt: skip
    async with service(two.page, answers(OK)) as seen, working(redis7.url, **settings) as third:
        await third.reaches(two.far.feed.ring.head)
        assert (await hop(two.far, made)).status == 200
        for worker in (two.far, third):
            again = await hop(worker, made)
            assert (again.status, again.error["code"]) == (401, "hop_refused")
            assert again.fields["x-hero-hop-refused"] == "its token was used before"
        assert (await hop(third, token(two, nonce="m" * 22))).status == 200
        assert seen.visits == 2


REFUSED = [
    ({}, "/shop/page/y", "another path"),
    ({}, "/shop/page/x?", "another path"),
    ({}, "/api/services", "another path"),
    ({"method": "POST"}, PATH, "another method"),
    ({"receiver": "n3"}, PATH, "another node"),
    ({"sender": "n3"}, PATH, "no peer"),
    ({"sender": FAR}, PATH, "no peer"),
    ({"signer": FAR}, PATH, "not signed"),
    ({"expires_ms": 1}, PATH, "too old"),
    ({"expires_ms": 2**52}, PATH, "too long"),
    ({"facts": FACTS._replace(proto="x")}, PATH, "not understood"),
]


@pytest.mark.parametrize(("changes", "path", "why"), REFUSED)
async def test_what_does_not_fit_is_refused_before_anything_else(
    two: Fleet, changes: dict[str, str], path: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with service(two.page, answers(OK)) as seen:
        for _ in range(2):
            answer = await hop(two.far, token(two, **changes), path)
            assert answer.status == 401
            assert why in answer.error["message"]
            assert why in answer.fields["x-hero-hop-refused"]
    assert seen.visits == 0
    told = [each for each in caplog.records if why in each.getMessage()]
    assert [each.levelno for each in told if "has forwarded from" in each.getMessage()] == [
        logging.WARNING
    ], "each reason once in a while"


@pytest.mark.parametrize("path", ["/", "/health", "/metrics", "/api/services", PATH, "/nowhere/x/"])
async def test_nonsense_is_never_an_ordinary_request(two: Fleet, path: str) -> None:
    """On no address; with a token the router accepts what the token says, or nothing."""
    for made in ("", "x", "a.b", "é"):
        assert (await hop(two.far, made, path)).status == 401
    assert (await ask(two.far.port, post(f"X-Hero-Hop: {token(two)}", path=path))).status == 401
    twice = f"X-Hero-Hop: {token(two)}"
    answer = await hop(two.far, token(two, nonce="m" * 22), path, twice)
    assert (answer.status, "several" in answer.error["message"]) == (401, True)


async def test_a_router_without_peers_refuses_all(redis7: RedisServer, two: Fleet) -> None:
    async with working(redis7.url, node=FAR, socket_dir=str(two.root)) as alone:
        answer = await hop(alone, token(two))
        assert (answer.status, answer.error["message"]) == (
            401,
            "this router has no other nodes in ROUTER_PEERS",
        )
        assert (await hop(alone, "", "/health")).status == 401


async def test_only_those_who_may_call_services_may_by_another_node(two: Fleet) -> None:
    async with service(two.page, answers(OK)) as seen:
        for actor, status in (
            (Principal("ann", frozenset({VIEWER})), 403),
            (Principal("ann", contexts=frozenset({"other"})), 503),
            (Principal("ann", contexts=frozenset({"default"})), 200),
        ):
            answer = await hop(two.far, token(two, nonce=f"{status}" * 6, actor=actor))
            assert answer.status == status
            assert answer.fields["x-hero-hop"] == f"{status}" * 6
    assert seen.visits == 1


async def test_it_takes_one_hop_and_no_second_one(two: Fleet) -> None:
    """Neither to a third node, nor again and again to one where it has been."""
    change = put("other", node=NEAR, sockets=SOCKETS)
    await two.far.reaches(await two.hand.write(change))
    answer = await hop(two.far, token(two, service=change.service))
    assert (answer.status, answer.error["code"]) == (508, "loop_detected")
    assert answer.fields["x-hero-hop-cause"] == "loop"
    own = f"1.1 {two.far.parts.proxy.forwarder.rules.via}"
    via = f"Via: {', '.join([own] * MAX_PASSES)}"
    answer = await hop(two.far, token(two, nonce="m" * 22), PATH, via)
    assert answer.status == 508


async def test_a_service_that_this_node_does_not_know_is_said_to_be_unknown(two: Fleet) -> None:
    answer = await hop(two.far, token(two, service="x"))
    assert (answer.status, answer.fields["x-hero-hop-cause"]) == (503, "unreachable")
    assert f"node {FAR} knows no such socket" in answer.error["message"]


async def test_without_redis_nothing_is_let_in(two: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a token was used before cannot be known then."""

    async def put(*_: object) -> bool:
        raise StoreUnreachable("Redis is away")

    monkeypatch.setattr(OneTimeCodes, "put", put)
    async with service(two.page, answers(OK)) as seen:
        answer = await hop(two.far, token(two))
        assert (answer.status, answer.fields["retry-after"]) == (503, "2")
        near = await ask(two.near.port, get(PATH))
        assert (near.status, near.error["message"]) == (503, "Redis is away")
    assert seen.visits == 0
