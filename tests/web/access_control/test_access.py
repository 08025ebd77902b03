"""Who may do what at a real worker: every route and service, with every kind of caller."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hero_router.access.policy import LOOK, READ_METRICS, SEE_CLIENTS, Access, Right
from hero_router.web.route_groups import GROUPS
from hero_router.web.worker_parts import PARTS
from tests.support.hand import NODE, Hand
from tests.support.records import put
from tests.web.access_control.callers import (
    BEARERS,
    METRICS,
    OK,
    SHOP,
    TOKEN,
    VIEWING,
    bearing,
    hearing,
    sign_in,
    status_of,
)
from tests.web.live import Live
from tests.web.upstream import Visit, answers, service

MAY: Mapping[Access | Right, set[str]] = {
    Access.ANYONE: set(BEARERS),
    Access.READINESS: set(BEARERS),
    Access.SIGN_IN: set(BEARERS),
    LOOK: {"shop", "viewer", "boss", "admin"},
    READ_METRICS: {"metrics", "viewer", "admin"},
    SEE_CLIENTS: {"admin"},
}
KNOWN = {"shop", "viewer", "boss", "admin"}


async def test_every_route_asks_every_caller_what_its_group_says(
    live: Live, http: aiohttp.ClientSession
) -> None:
    """A new route is in a group, or refused: nothing is open because somebody forgot it."""
    app = live.runner.app
    assert app is not None
    routes = [route for route in app.router.routes() if route.method != "HEAD"]
    assert {*routes} <= {*app[GROUPS]}
    asked = 0
    for route in routes:
        access, resource = app[GROUPS][route].access, route.resource
        assert resource is not None
        path = resource.canonical.replace("{key}", "a").replace("{code}", "x")
        path = path.replace("{context}", "default").replace("{service}", "a")
        path = path.replace("{digest}", app[PARTS].assets.digest).replace("{path}", "css/base.css")
        for who, token in BEARERS.items():
            status = await status_of(http, route.method, live.url + path, bearing(token))
            if who in MAY[access]:
                assert status not in (401, 429), (route, who)
                assert (status == 403) == path.startswith("/sign-in/link"), (route, who)
            else:
                assert status == (403 if who in KNOWN else 401), (route, who)
            asked += 1
    assert asked == len(routes) * len(BEARERS) > 100


async def test_the_metrics_token_is_subject_to_addresses_and_attempts(
    live: Live, http: aiohttp.ClientSession
) -> None:
    """A list of addresses is a condition for all, and nobody can guess this token either."""

    async def status(address: str, token: str = METRICS) -> int:
        headers = {"X-Forwarded-For": address, **bearing(token)}
        return await status_of(http, "GET", f"{live.url}/metrics", headers)

    assert await status("192.0.2.7") == 200
    assert await status("198.51.100.7") == 403
    guessed = [await status("192.0.2.7", f"guess-0123456789-{number}") for number in range(11)]
    assert guessed == [401] * 10 + [429]
    assert await status("192.0.2.7") == 429
    assert await status("192.0.2.8") == 200


async def test_readiness_is_a_word_for_strangers_and_has_reasons_for_those_who_may_look(
    live: Live, http: aiohttp.ClientSession
) -> None:
    """A load balancer needs the status code alone, and no token for it."""
    conditions = live.parts.feed.conditions
    conditions.set("root", NODE, f"node {NODE}: /srv/secret is missing")
    for blinded in (False, True):
        if blinded:
            conditions.set("redis", None, "Redis at 10.0.0.9 cannot be reached")
        for who, token in BEARERS.items():
            async with http.get(f"{live.url}/ready", headers=bearing(token)) as answer:
                assert answer.status == (503 if blinded else 200)
                text, told = await answer.text(), await answer.json()
            if who in ("nobody", "wrong", "metrics"):
                assert told == {"ready": not blinded}
                continue
            assert told["reason"] == ("Redis at 10.0.0.9 cannot be reached" if blinded else "")
            assert NODE in [item["node"] for item in told["stale"]]
            assert ("/srv/secret" in text) == (who in ("viewer", "admin"))


@pytest.mark.parametrize("path", ["/a/page/", "/default/a/page/", "/nosuch/page/"])
async def test_only_administrators_call_services_and_others_do_not_learn_which_exist(
    live: Live, http: aiohttp.ClientSession, tmp_path: Path, path: str
) -> None:
    async with service(tmp_path / "a/web_page.sock", answers(OK)) as served:
        statuses = {
            who: await status_of(http, "GET", live.url + path, bearing(token))
            for who, token in BEARERS.items()
        }
        assert served.visits == (0 if "nosuch" in path else 1)
    found = 404 if "nosuch" in path else 200
    assert statuses == {
        "nobody": 401, "wrong": 401, "metrics": 401, "shop": 403, "viewer": 403, "boss": 404,
        "admin": found,
    }  # fmt: skip


METHODS: Mapping[str, set[str]] = {
    "router.mute": {"boss", "admin"},
    "router.unmute": {"boss", "admin"},
    "router.scan": {"admin"},
    "router.access": {"admin"},
    "router.sessions": {"admin"},
    "router.end_session": {"admin"},
    "router.end_sessions": {"admin"},
    "router.allowed": {"admin"},
    "router.allow": {"admin"},
    "router.disallow": {"admin"},
}
"""Who may call which method; any other method is for all who may look."""


async def test_every_method_asks_every_caller_what_it_says(
    live: Live, http: aiohttp.ClientSession
) -> None:
    """Without parameters: a method that needs some refuses them only after the caller."""
    methods = [method.name for method in live.parts.rpc.methods]
    assert METHODS.keys() <= {*methods}
    for method in methods:
        for who in KNOWN:
            error = (await rpc(http, live, method, BEARERS[who] or "")).get("error")
            refused = error is not None and error["data"]["code"] == "forbidden"
            assert refused == (who not in METHODS.get(method, KNOWN)), (method, who)


async def rpc(http: aiohttp.ClientSession, live: Live, method: str, token: str) -> Any:
    call = {"jsonrpc": "2.0", "id": 1, "method": method}
    async with http.post(f"{live.url}/rpc", json=call, headers=bearing(token)) as answer:
        return await answer.json()


async def test_a_viewer_looks_and_does_not_scan(live: Live, http: aiohttp.ClientSession) -> None:
    assert (await rpc(http, live, "router.scan", VIEWING))["error"]["data"]["code"] == "forbidden"
    assert (await rpc(http, live, "router.count", VIEWING))["result"] == 5
    assert (await rpc(http, live, "router.count", SHOP))["result"] == 1


async def test_a_viewer_of_one_context_hears_and_sees_only_that(
    live: Live, hand: Hand, http: aiohttp.ClientSession
) -> None:
    async with http.get(f"{live.url}/api/services", headers=bearing(SHOP)) as answer:
        assert [each["name"] for each in (await answer.json())["services"]] == ["till"]
    async with http.get(f"{live.url}/api/services/a", headers=bearing(SHOP)) as answer:
        assert answer.status == 404
    async with http.get(f"{live.url}/events?context=default", headers=bearing(SHOP)) as answer:
        assert answer.status == 403
    async with hearing(http, live, SHOP) as listener:
        await hand.write(put("b", node=NODE))
        place = await hand.write(put("scale", node=NODE, context="shop"))
        await listener.hears(place)
        assert listener.places == [place]


async def test_the_routers_token_and_cookie_never_reach_a_service(
    live: Live, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    heads = list[str]()

    async def script(visit: Visit) -> None:
        while True:
            heads.append(await visit.head())
            await visit.send(OK)

    cookie = (await sign_in(http, live.url))[1]["Set-Cookie"].partition(";")[0]
    http.cookie_jar.clear()
    url = f"{live.url}/a/page/"
    asked: list[dict[str, str]] = [
        bearing(TOKEN),
        {"Proxy-Authorization": f"Bearer {TOKEN}", "Authorization": "Bearer of-the-service"},
        {"Cookie": f"theirs=1; {cookie}; more=2", "Authorization": "Bearer of-the-service"},
        {"Cookie": cookie, "Authorization": f"bearer {TOKEN}"},
    ]
    async with service(tmp_path / "a/web_page.sock", script):
        for headers in asked:
            assert await status_of(http, "GET", url, headers) == 200
    assert len(heads) == len(asked)
    assert not any(TOKEN in head or "hero_session" in head for head in heads)
    assert [head.lower().count("of-the-service") for head in heads] == [0, 1, 1, 0]
    assert "Cookie: theirs=1; more=2" in heads[2]
