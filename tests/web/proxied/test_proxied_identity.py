"""What a service is told of the client, whoever connects to the router: a stranger or a proxy."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hero_router.model import SocketState, Status, service_id
from tests.support.hand import NODE, Hand
from tests.support.records import put
from tests.support.redis import RedisServer
from tests.web.live import Live, working
from tests.web.raw import Answer, ask, get
from tests.web.upstream import OK, Visit, answers, service

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TOLD = (
    "X-Forwarded-For: 1.1.1.1, 198.51.100.1", "X-Forwarded-Proto: https",
    "X-Forwarded-Host: public.example", "X-Forwarded-Prefix: /apps", "X-Forwarded-Port: 443",
    "X-Real-IP: 198.51.100.1", "X-Request-Id: mine", f"traceparent: {TRACE}", "tracestate: a=1",
    "X-Hero-Context: default", "X-Hero-Claims: root", "X_Hero_Claims: a", "x.hero.claims: b",
)  # fmt: skip


@asynccontextmanager
async def told(
    redis_url: str, hand: Hand, root: Path, proxies: str, fields: Sequence[str] = TOLD
) -> AsyncIterator[tuple[dict[str, str], Answer]]:
    """The fields that a service gets by a request from 127.0.0.1, and the answer."""
    sockets = (SocketState("web_page", "web_page", "shop/web_page.sock", Status.HEALTHY),)
    heads = list[str]()

    async def script(visit: Visit) -> None:
        heads.append(await visit.head())
        await visit.send(OK.replace(b"\r\n", b"\r\nLocation: /login\r\n", 1))

    where = {"node": NODE, "socket_dir": str(root), "trusted_proxies": proxies}
    async with working(redis_url, **where) as live, service(root / "shop/web_page.sock", script):
        await live.reaches(await hand.write(put("shop", node=NODE, sockets=sockets)))
        answer = await ask(live.port, get("/shop/page/", "localhost", *fields))
        pairs = [line.split(": ", 1) for line in heads[0].split("\r\n")[1:-2]]
        names = [name.lower() for name, _ in pairs]
        assert sorted(set(names)) == sorted(names), "each field is there once"
        yield {name.lower(): value for name, value in pairs}, answer


async def test_a_named_proxys_words_reach_the_service_whole(
    redis7: RedisServer, hand: Hand, tmp_path: Path
) -> None:
    """But not what the client wrote before the proxy, nor other spellings."""
    async with told(redis7.url, hand, tmp_path, "127.0.0.1") as (fields, answer):
        assert {name: fields.get(name) for name in fields if name != "via"} == {
            "host": "localhost",
            "x-forwarded-for": "198.51.100.1, 127.0.0.1",
            "x-real-ip": "198.51.100.1",
            "x-forwarded-proto": "https",
            "x-forwarded-host": "public.example",
            "x-forwarded-prefix": "/apps/shop/page",
            "x-forwarded-port": "443",
            "x-request-id": "mine",
            "traceparent": TRACE,
            "tracestate": "a=1",
            "x-hero-context": "default",
            "x-hero-claims": "root",
        }
    assert answer.fields["location"] == "/apps/shop/page/login"


async def test_a_program_of_this_machine_may_not_say_who_the_user_is(
    redis7: RedisServer, hand: Hand, tmp_path: Path
) -> None:
    async with told(redis7.url, hand, tmp_path, "192.0.2.1") as (fields, _):
        assert fields["x-forwarded-for"] == "198.51.100.1, 127.0.0.1"
        assert fields["x-request-id"] == "mine"
        assert not {name for name in fields if "hero" in name or "port" in name}


async def test_a_strangers_words_are_replaced(
    redis7: RedisServer, hand: Hand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hero_router.settings.trusted_proxies.LOOPBACK", ())
    async with told(redis7.url, hand, tmp_path, "192.0.2.1") as (fields, answer):
        assert fields["x-forwarded-for"] == fields["x-real-ip"] == "127.0.0.1"
        assert fields["x-forwarded-proto"] == "http"
        assert fields["x-forwarded-host"] == "localhost"
        assert fields["x-forwarded-prefix"] == "/shop/page"
        assert fields["x-request-id"] != "mine"
        assert fields["traceparent"] != TRACE
        assert not {name for name in fields if "hero" in name or "port" in name or "state" in name}
    assert answer.fields["location"] == "/shop/page/login"


async def test_a_redirect_to_the_slash_knows_the_prefix_of_a_proxy_in_front(live: Live) -> None:
    answer = await ask(live.port, get("/shop/page", "localhost", "X-Forwarded-Prefix: /apps"))
    assert answer.fields["location"] == "/apps/shop/page/"


async def test_x_hero_context_chooses_the_context_of_an_address_that_names_none(
    live: Live, hand: Hand, tmp_path: Path
) -> None:
    """Anyone may choose, as anyone may write the context into the address."""
    for context in ("acme", "default"):
        path = f"{context}/both/web_page.sock"
        sockets = (SocketState("web_page", "web_page", path, Status.HEALTHY),)
        key = service_id(NODE, context, "both")
        change = put("both", node=NODE, id=key, context=context, sockets=sockets)
        await live.reaches(await hand.write(change))
    async with (
        service(tmp_path / "acme/both/web_page.sock", answers(OK.replace(b"ok", b"ac"))),
        service(tmp_path / "default/both/web_page.sock", answers(OK.replace(b"ok", b"de"))),
    ):
        for path, host, fields, body in (
            ("/both/page/", "localhost", (), b"de"),
            ("/both/page/", "localhost", ("X-Hero-Context: acme",), b"ac"),
            ("/both/page/", "localhost", ("X-Hero-Context: ",), b"de"),
            ("/both/page/", "localhost", ("X_Hero_Context: acme",), b"de"),
            ("/default/both/page/", "localhost", ("X-Hero-Context: acme",), b"de"),
            ("/", "both.localhost", ("X-Hero-Context: acme",), b"ac"),
            ("/", "both.default.localhost", ("X-Hero-Context: acme",), b"de"),
            ("/both/page/", "localhost", ("X-Hero-Context: acme", "X-Hero-Context: acme"), b"ac"),
        ):
            answer = await ask(live.port, get(path, host, *fields))
            assert (answer.status, answer.body) == (200, body), (path, host, fields)
    for fields, status in (
        (("X-Hero-Context: nowhere",), 404),
        (("X-Hero-Context: ../acme",), 404),
        (("X-Hero-Context: acme", "X-Hero-Context: default"), 400),
    ):
        assert (await ask(live.port, get("/both/page/", "localhost", *fields))).status == status


async def test_a_record_cannot_lead_to_a_socket_that_gives_power_over_the_machine(
    live: Live, hand: Hand, tmp_path: Path
) -> None:
    """Whoever writes to Redis does not choose what the router connects to."""
    path = tmp_path / "shop/docker.sock"
    sockets = (SocketState("rpc", "rpc", "shop/docker.sock", Status.HEALTHY),)
    await live.reaches(await hand.write(put("engine", node=NODE, sockets=sockets)))
    async with service(path, answers(OK)) as made:
        answer = await ask(live.port, get("/engine/rpc/containers/json"))
    assert (answer.status, answer.error["code"], made.visits) == (503, "no_listener", 0)
    assert "ROUTER_IGNORE" in answer.error["message"]
