"""`router.logs`: the last routing errors of a service, from every worker."""

import os
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hero_router.proxy import routing_error_log
from tests.support.hand import NODE
from tests.support.redis import RedisServer
from tests.support.wait import eventually
from tests.web.live import Live, working
from tests.web.raw import ask, get, post
from tests.web.upstream import OK, answers, service


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing_error_log, "WRITE_SECONDS", 0.02)
    monkeypatch.setattr(routing_error_log, "FRESH_SECONDS", 0.02)


async def logs(live: Live, **params: Any) -> Any:
    """What `router.logs` answers."""
    body = {"jsonrpc": "2.0", "id": 1, "method": "router.logs", "params": params}
    async with aiohttp.ClientSession() as session, session.post(f"{live.url}/rpc", json=body) as it:
        answer = await it.json()
    return answer.get("result", answer.get("error"))


async def test_an_error_is_told_with_its_cause_on_this_worker_and_on_another(
    live: Live, redis7: RedisServer, page: Path
) -> None:
    refused = await ask(live.port, get("/shop/page/a%20b?token=secret"))
    assert refused.status == 503
    (error,) = (await logs(live, id="shop"))["errors"]
    assert error.pop("at") > 1_600_000_000_000
    assert error.pop("worker").startswith(f"{NODE}/")
    assert error == {
        "status": 503, "cause": "missing", "reason": "cannot be seen", "method": "GET",
        "path": "/shop/page/a%20b", "request_id": refused.fields["x-request-id"], "node": NODE,
    }  # fmt: skip
    async with working(redis7.url, node="other") as another:
        await another.reaches(live.feed.ring.head)

        async def told() -> bool:
            found = await logs(another, service_id="shop")
            ids = [each["request_id"] for each in found["errors"]]
            return found["complete"] and ids == [refused.fields["x-request-id"]]

        await eventually(told, message="the other worker tells of it")
        _, same = await another.get("/api/services/shop/errors")
    assert [each["request_id"] for each in same["errors"]] == [refused.fields["x-request-id"]]


@pytest.mark.usefixtures("impatient")
async def test_what_the_service_itself_answers_with_5xx_is_listed_and_nothing_else(
    live: Live, page: Path
) -> None:
    for status in ("200 OK", "404 No", "500 Oh"):
        async with service(page, answers(OK.replace(b"200 OK", status.encode()))):
            await ask(live.port, get("/shop/page/"))
        os.unlink(page)  # noqa: PTH108 - at once
    async with service(page, answers()):
        late = await ask(live.port, post("Content-Length: 8", body=b"ab", path="/shop/page/"))
        assert late.status == 408
    found = (await logs(live, id="shop"))["errors"]
    assert [(each["status"], each["cause"]) for each in found] == [(500, "complete")]


async def test_only_so_many_as_are_asked_for_and_of_known_services_only(live: Live) -> None:
    for number in range(3):
        await ask(live.port, get(f"/shop/page/{number}"))
    (last,) = (await logs(live, id="shop", limit=1))["errors"]
    assert last["path"] == "/shop/page/2"
    assert (await logs(live, id="nothing"))["data"]["code"] == "not_found"
    assert (await logs(live, id="shop", limit=51))["data"]["code"] == "bad_request"
    assert (await live.get("/api/services/nothing/errors"))[0] == 404


async def test_a_path_is_bounded(live: Live) -> None:
    await ask(live.port, get("/shop/page/" + "x" * 1000))
    (error,) = (await logs(live, id="shop"))["errors"]
    assert len(error["path"]) == 256
