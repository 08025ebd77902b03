"""`/status` and `/badge/…` at a worker: forms, status codes, stale states, callers."""

import json
import re
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from hero_router.access.principal import VIEWER, Principal
from hero_router.model import Status
from hero_router.web.middleware import PRINCIPAL, Handler
from tests.support.wait import eventually
from tests.web.world import World, record

Client = TestClient[Any, Any]

HOSTILE = "<img src=x onerror=alert(1)>\r\n\x1b[31m"


@pytest.fixture
async def client(world: World, aiohttp_client: AiohttpClient) -> Client:
    """A client of a worker with two healthy services, on two nodes and in two contexts."""
    await world.add(record("alpha"), record("till", context="shop", node="n2"))
    started: Client = await aiohttp_client(world.app())
    await world.caught_up()
    return started


async def asked(client: Client, path: str = "/status", accept: str = "*/*") -> tuple[int, str]:
    answer = await client.get(path, headers={"Accept": accept})
    return answer.status, await answer.text()


async def make_ill(world: World, name: str = "beta", reason: str = "says no") -> None:
    await world.add(record(name, status=Status.UNHEALTHY, reason=reason, changed_at=1_000))
    await world.caught_up()


async def test_all_well_is_200_and_one_that_is_not_is_503_with_its_reason(
    client: Client, world: World
) -> None:
    status, text = await asked(client)
    assert (status, json.loads(text)["status"]) == (200, "healthy")
    await make_ill(world)
    status, text = await asked(client)
    told = json.loads(text)
    assert (status, told["status"], told["well"]) == (503, "unhealthy", False)
    assert told["counts"] == {"healthy": 2, "unhealthy": 1}
    (ill,) = told["services"]
    assert (ill["name"], ill["reason"], ill["since"]) == ("beta", "says no", 1_000)
    assert told["now"] == 5_000
    assert (await asked(client, "/status?ignore=beta"))[0] == 200
    assert (await asked(client, "/status?context=shop"))[0] == 200
    assert (await asked(client, "/status?node=n1"))[0] == 503
    assert (await asked(client, "/status?well=unhealthy"))[0] == 200
    assert (await asked(client, "/status?well=unknown"))[0] == 400


async def test_a_monitor_of_one_service_learns_that_it_has_left(
    client: Client, world: World
) -> None:
    assert (await asked(client, "/status?service=alpha"))[0] == 200
    await world.remove(record("alpha"))
    await world.caught_up()
    status, text = await asked(client, "/status?service=alpha")
    assert (status, json.loads(text)["missing"]) == (503, ["service alpha"])


async def test_text_says_it_in_the_first_line(client: Client, world: World) -> None:
    for path, accept in (("/status", "text/plain"), ("/status.txt", "text/html")):
        status, text = await asked(client, path, accept)
        assert (status, text.splitlines()[0]) == (200, "OK: well: all 2 services")
    await make_ill(world, reason=HOSTILE)
    status, text = await asked(client, "/status.txt")
    assert status == 503
    assert text.splitlines()[0] == "NOT OK: 1 of 3 services is not well"
    assert "\x1b" not in text
    assert text.splitlines()[-1].startswith(
        "unhealthy\tdefault/beta\tn1\t1970-01-01 00:00:01 UTC\t<"
    )


async def test_a_browser_gets_a_page_without_scripts_that_loads_itself_again(
    client: Client, world: World
) -> None:
    await make_ill(world, reason=HOSTILE)
    answer = await client.get("/status", headers={"Accept": "text/html,*/*;q=0.8"})
    page = await answer.text()
    assert (answer.status, answer.content_type) == (503, "text/html")
    assert "Accept" in answer.headers["Vary"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert re.search(r'<meta http-equiv="refresh" content="\d+">', page)
    assert "&lt;img src=x" in page
    assert not re.search(r"<(script|img|iframe|link)", page)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "older than 30 seconds" in page


async def test_whoever_needs_longer_to_read_can_end_that_the_page_loads_itself_again(
    client: Client,
) -> None:
    async def page(query: str) -> str:
        answer = await client.get(f"/status?{query}", headers={"Accept": "text/html"})
        return await answer.text()

    assert 'href="?service=alpha&amp;reload=off"' in await page("service=alpha")
    resting = await page("service=alpha&reload=off")
    assert "http-equiv" not in resting
    assert "does not load itself again" in resting
    assert 'href="?service=alpha"' in resting


async def test_a_state_that_redis_no_longer_confirms_is_never_well(
    client: Client, world: World
) -> None:
    world.server.connected = False
    await eventually(
        lambda: bool(world.feed.conditions.current), message="the worker did not notice"
    )
    status, text = await asked(client)
    told = json.loads(text)
    assert (status, told["status"], told["services"]) == (503, "unknown", [])
    assert told["reason"].startswith("the state may be out of date: Redis")
    assert [item["reason"] for item in told["stale"]] == ["redis"]
    status, badge = await asked(client, "/badge/alpha.svg")
    assert status == 200
    assert "alpha: not known" in badge


async def test_before_the_registry_is_read_nothing_is_well(
    world: World, aiohttp_client: AiohttpClient
) -> None:
    world.server.connected = False
    client = await aiohttp_client(world.app())
    await eventually(
        lambda: bool(world.feed.conditions.current), message="the worker did not notice"
    )
    for accept in ("application/json", "text/plain", "text/html"):
        status, text = await asked(client, accept=accept)
        assert status == 503
        assert "Redis cannot be reached" in text
    status, badge = await asked(client, "/badge/alpha.svg")
    assert (status, "not known" in badge) == (503, True)


async def test_a_lost_node_is_not_well(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.lose("n2", monkeypatch)
    told = json.loads((await asked(client))[1])
    assert [(item["name"], item["last_status"]) for item in told["services"]] == [
        ("till", "healthy")
    ]
    assert (await asked(client, "/status?context=default"))[0] == 200
    assert "till: not known" in (await asked(client, "/badge/till.svg"))[1]
    assert "alpha: healthy" in (await asked(client, "/badge/alpha.svg"))[1]


async def test_a_badge_shows_the_worst_service_of_its_name(client: Client, world: World) -> None:
    await world.add(record("alpha", context="shop", status=Status.DEGRADED, reason="slow"))
    await world.caught_up()
    for path, shown in (
        ("alpha", "alpha: degraded"),
        ("default/alpha", "alpha: healthy"),
        ("shop/alpha", "alpha: degraded"),
        (record("till", context="shop", node="n2").id, ": healthy"),
    ):
        answer = await client.get(f"/badge/{path}.svg")
        assert (answer.status, answer.content_type) == (200, "image/svg+xml")
        assert answer.headers["Cache-Control"] == "no-cache"
        assert shown in await answer.text()


async def test_a_badge_changes_its_etag_with_the_status(client: Client, world: World) -> None:
    first = await client.get("/badge/alpha.svg")
    same = {"If-None-Match": first.headers["ETag"]}
    assert (await client.get("/badge/alpha.svg", headers=same)).status == 304
    await make_ill(world, "alpha")
    again = await client.get("/badge/alpha.svg", headers=same)
    assert again.status == 200
    assert "unhealthy" in await again.text()


@pytest.mark.parametrize("name", ["nosuch", "%3Cscript%3E", "%2e%2e", "a%2Fb", "shop/alpha"])
async def test_an_unknown_service_has_a_badge_that_says_so(client: Client, name: str) -> None:
    answer = await client.get(f"/badge/{name}.svg")
    assert (answer.status, answer.content_type) == (404, "image/svg+xml")
    text = await answer.text()
    assert "no such service" in text
    assert "<script" not in text


async def test_a_viewer_of_one_context_counts_only_that(
    world: World, aiohttp_client: AiohttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    @web.middleware
    async def as_clerk(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[PRINCIPAL] = Principal("clerk", frozenset({VIEWER}), frozenset({"shop"}))
        return await handler(request)

    await world.add(record("till", context="shop"), record("other", node="n2"))
    app = world.app()
    app.middlewares.append(as_clerk)
    client = await aiohttp_client(app)
    await make_ill(world)
    await world.lose("n2", monkeypatch)
    status, text = await asked(client)
    told = json.loads(text)
    assert (status, told["total"], told["counts"], told["stale"]) == (200, 1, {"healthy": 1}, [])
    hidden = json.loads((await asked(client, "/status?service=beta&node=n2"))[1])
    absent = json.loads((await asked(client, "/status?service=nosuch&node=n9"))[1])
    assert hidden["missing"] == ["node n2", "service beta"]
    assert hidden["stale"] == absent["stale"] == []
    assert (await asked(client, "/badge/beta.svg"))[0] == 404
