"""`GET /api/history` and `router.history`: the past as it is in Redis, for those who may see it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from hero_router.access.principal import ALL_ROLES, Principal
from hero_router.errors import NotFound, StoreUnreachable
from hero_router.history.minute_writes import Row
from hero_router.history.rings import MINUTE_MS
from hero_router.model import Change, Status
from hero_router.store.history import HistoryStore, Minute
from tests.web.world import KEYS, World, record

Client = TestClient[Any, Any]

START = 2190 * 1440 * 13
"""The first minute of a day, an hour, and every ring."""
ALPHA, BETA = record("alpha"), record("beta", context="shop", node="n2")
SHOP = Principal("clerk", ALL_ROLES, frozenset({"shop"}))


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    later(monkeypatch, 4)


def later(monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    """The clock says so many minutes after `START`, and 20 s."""
    monkeypatch.setattr("tests.web.world.NOW_MS", (START + minutes) * MINUTE_MS + 20_000)


@pytest.fixture
async def client(world: World, aiohttp_client: AiohttpClient) -> Client:
    """A client of a worker, of two services on two nodes with four minutes of history."""
    await world.add(ALPHA, BETA)
    await write(world, "hhuh", "dd")
    started: Client = await aiohttp_client(world.app())
    await world.caught_up()
    return started


async def write(world: World, alpha: str, beta: str) -> None:
    """The minutes since `START`, as the nodes' scanners write them."""
    store = HistoryStore(world.client, KEYS)
    for item, letters in ((ALPHA, alpha), (BETA, beta)):
        for minute, letter in enumerate(letters, START):
            rows = {item.id: Row(letter, "CO")}
            await store.write(await world.grant(item.node), Minute(minute, START, rows))


async def fetched(client: Client, query: str = "") -> Any:
    answer = await client.get(f"/api/history{query}")
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def test_all_services_have_their_bars_and_their_counted_minutes(client: Client) -> None:
    found = await fetched(client)
    head = {key: found[key] for key in ("span", "bucket_seconds", "start", "end", "detail")}
    assert head == {
        "span": "1h",
        "bucket_seconds": 60,
        "start": (START - 56) * MINUTE_MS,
        "end": (START + 4) * MINUTE_MS,
        "detail": None,
    }
    assert found["services"] == [
        {
            "service_id": ALPHA.id,
            "since": START * MINUTE_MS,
            "bars": "-" * 56 + "hhuh",
            "up_minutes": 3,
            "watched_minutes": 4,
            "minutes": 4,
        },
        {
            "service_id": BETA.id,
            "since": START * MINUTE_MS,
            "bars": "-" * 56 + "dd??",
            "up_minutes": 2,
            "watched_minutes": 2,
            "minutes": 4,
        },
    ]


@pytest.mark.parametrize(
    ("span", "seconds", "buckets"),
    [("1h", 60, 60), ("1d", 900, 96), ("30d", 21_600, 120), ("1y", 86_400, 365)],
)
async def test_each_span_counts_the_same_minutes(
    client: Client, span: str, seconds: int, buckets: int
) -> None:
    found = await fetched(client, f"?span={span}")
    first = found["services"][0]
    assert (found["bucket_seconds"], len(first["bars"])) == (seconds, buckets)
    counted = (first["up_minutes"], first["watched_minutes"], first["minutes"])
    assert counted == (3, 4, 4)
    assert first["bars"].strip("-") in ("u", "hhuh")
    assert found["start"] + 1000 * seconds * (buckets - 1) < found["end"]


async def test_one_service_has_latencies_transitions_and_incidents(
    client: Client, world: World
) -> None:
    down = replace(
        ALPHA, status=Status.UNHEALTHY, reason="no answer", changed_at=(START + 2) * MINUTE_MS + 5
    )
    up = replace(ALPHA, changed_at=down.changed_at + 1_500)
    grant = await world.grant("n1")
    for old, new in ((ALPHA, down), (down, up)):
        data = {"from": old.status, "to": new.status, "reason": new.reason}
        await world.registry.apply(grant, [Change("status_change", new.id, data, new)])
    found = await fetched(client, "?service=alpha")
    assert [each["service_id"] for each in found["services"]] == [ALPHA.id]
    detail = found["detail"]
    assert detail["latency_median"] == [None] * 56 + [1.0] * 4
    assert detail["latency_p95"] == [None] * 56 + [10.0] * 4
    assert [each["to"] for each in detail["transitions"]] == ["healthy", "unhealthy", "healthy"]
    assert detail["incidents"] == [
        {
            "began": down.changed_at,
            "ended": up.changed_at,
            "duration_ms": 1_500,
            "status": "unhealthy",
            "reason": "no answer",
            "unwatched_ms": 0,
        }
    ]


async def test_the_rpc_method_gives_the_same(client: Client) -> None:
    for params, query in (({}, ""), ({"span": "30d", "id": "beta"}, "?span=30d&service=beta")):
        call = {"jsonrpc": "2.0", "id": 1, "method": "router.history", "params": params}
        answer = await (await client.post("/rpc", json=call)).json()
        assert answer["result"] == await fetched(client, query)


async def test_a_caller_sees_only_the_past_of_its_contexts(client: Client, world: World) -> None:
    assert client.app is not None
    found = json.loads(await world.parts.histories.all("1h", SHOP))
    assert [each["service_id"] for each in found["services"]] == [BETA.id]
    with pytest.raises(NotFound):
        await world.parts.histories.one("1h", ALPHA.id, SHOP)
    assert (await world.parts.histories.one("1h", "beta", SHOP))["services"]


async def test_minutes_without_a_scanner_are_lost_with_its_node(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.lose("n2", monkeypatch)
    later(monkeypatch, 7)
    found = await fetched(client)
    assert [each["bars"][-7:] for each in found["services"]] == ["hhuh???", "dd?llll"]


async def test_the_answer_is_the_same_until_the_next_minute_is_counted(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await client.get("/api/history")
    tag = first.headers["ETag"]
    again = await client.get("/api/history", headers={"If-None-Match": tag})
    assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", tag)
    await write(world, "hhuhh", "dddd")
    assert (await client.get("/api/history")).headers["ETag"] == tag
    later(monkeypatch, 5)
    new = await client.get("/api/history", headers={"If-None-Match": tag})
    assert new.status == 200
    assert (await new.json())["services"][0]["bars"].endswith("hhuhh")


async def test_a_service_without_a_history_has_an_empty_one(client: Client, world: World) -> None:
    await fetched(client)
    await world.add(record("new"))
    await world.caught_up()
    rows = {each["service_id"]: each for each in (await fetched(client))["services"]}
    new = rows[record("new").id]
    assert (new["since"], new["bars"], new["minutes"]) == (None, "-" * 60, 0)
    assert (await fetched(client, "?service=new"))["services"] == [new]


@pytest.mark.parametrize("query", ["?span=2h", "?span=", "?span=1H"])
async def test_another_span_is_refused_by_name(client: Client, query: str) -> None:
    answer = await client.get(f"/api/history{query}")
    assert answer.status == 400
    assert (await answer.json())["error"]["message"] == "span must be one of 1h, 1d, 30d, 1y"


async def test_an_unknown_service_is_not_found(client: Client) -> None:
    assert (await client.get("/api/history?service=nobody")).status == 404


async def test_without_redis_the_past_is_refused_and_later_told_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any, **__: Any) -> Any:
        raise StoreUnreachable("Redis is away")

    with monkeypatch.context() as patch:
        patch.setattr(HistoryStore, "read", away)
        assert (await client.get("/api/history")).status == 503
        assert (await client.get("/api/history?service=alpha")).status == 503
    assert (await client.get("/api/history")).status == 200
