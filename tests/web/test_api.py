"""`GET /api/services` and `/api/services/{id}`: the registry as the worker holds it."""

import json
import time

import pytest
from pytest_aiohttp.plugin import AiohttpClient
from yarl import URL

from hero_router.feed.conditions import SCANNER
from hero_router.feed.json_answers import JsonAnswers
from hero_router.feed.last_probe_cache import LastProbeCache
from hero_router.strict_json import encode
from tests.support.wait import eventually
from tests.web.world import KEYS, WINDOW, Client, World, record


@pytest.fixture
async def client(world: World, aiohttp_client: AiohttpClient) -> Client:
    """A client of a worker that has read a registry of three services on two nodes."""
    await world.add(record("beta"), record("alpha"), record("beta", context="shop", node="n2"))
    started: Client = await aiohttp_client(world.app())
    await world.caught_up()
    return started


async def test_the_state_is_that_of_the_registry_at_a_stated_position(
    client: Client, world: World
) -> None:
    answer = await client.get("/api/services")
    state = await answer.json()
    assert answer.status == 200
    assert list(state) == ["cursor", "run_id", "services", "nodes", "stale", "now", "as_of"]
    assert state["cursor"] == str(world.feed.ring.head)
    names = [(item["context"], item["name"]) for item in state["services"]]
    assert names == [("default", "alpha"), ("default", "beta"), ("shop", "beta")]
    assert state["services"][0] == json.loads(encode(record("alpha").to_json()))
    assert [(node["node"], node["lost"]) for node in state["nodes"]] == [
        ("n1", False),
        ("n2", False),
    ]
    assert (state["stale"], state["now"]) == ([], 5_000)
    assert 0 < state["as_of"] <= int(time.time() * 1000)


async def test_each_record_of_the_state_is_a_line(client: Client) -> None:
    """So the page can read them in pieces; it reads the rest as one text too."""
    answer = await client.get("/api/services")
    first, *records, last = (await answer.text()).split("\n")
    assert first.endswith('"services":[')
    state = json.loads(first + last)
    state["services"] = [json.loads(line.removesuffix(",")) for line in records]
    assert state == await answer.json()


async def test_the_nodes_alone_are_those_of_the_state(client: Client) -> None:
    state = await (await client.get("/api/services")).json()
    alone = await (await client.get("/api/nodes")).json()
    assert list(alone) == ["nodes", "stale", "webhook", "now", "as_of"]
    assert len(alone["nodes"]) == 2
    assert (alone["nodes"], alone["stale"]) == (state["nodes"], state["stale"])


async def test_the_last_events_are_those_of_the_window_with_their_times(
    client: Client, world: World
) -> None:
    answer = await client.get("/api/events/recent?n=2")
    found = await answer.json()
    assert list(found) == [
        "cursor", "run_id", "window", "kept", "first", "events", "now", "as_of",
    ]  # fmt: skip
    assert found["cursor"] == str(world.feed.ring.head)
    assert [each["event"] for each in found["events"]] == ["service_added", "service_added"]
    last = found["events"][-1]
    assert last["id"] == found["cursor"]
    assert last["data"]["service"]["context"] == "shop"
    assert abs(last["data"]["at"] / 1000 - time.time()) < 60
    everything = await (await client.get("/api/events/recent")).json()
    assert len(everything["events"]) == 3
    oldest = everything["events"][0]
    assert found["first"] == {"id": oldest["id"], "at": oldest["data"]["at"]}
    assert (found["kept"], found["window"]) == (3, WINDOW)
    await world.remove(record("alpha"))
    await world.caught_up()
    newest = await (await client.get("/api/events/recent?n=1")).json()
    assert [each["event"] for each in newest["events"]] == ["service_removed"]


@pytest.mark.parametrize("number", ["0", "-1", "1001", "1e3", "NaN", "", "x", "\u0661"])
async def test_a_number_of_events_out_of_range_is_refused_by_name(
    client: Client, number: str
) -> None:
    answer = await client.get("/api/events/recent", params={"n": number})
    assert answer.status == 400
    assert (await answer.json())["error"]["message"].startswith("n must be ")


async def test_a_foreign_entry_is_no_event_of_ours(client: Client, world: World) -> None:
    head = world.feed.ring.head
    await world.client.xadd(KEYS.events, {"junk": "1"}, id=str(head.next()))
    await world.caught_up()
    found = await (await client.get("/api/events/recent?n=2")).json()
    assert [each["id"] for each in found["events"]] == [str(head)]


async def test_changes_are_seen_with_their_position(client: Client, world: World) -> None:
    before = (await (await client.get("/api/services")).json())["cursor"]
    await world.remove(record("alpha"))
    await world.caught_up()
    state = await (await client.get("/api/services")).json()
    assert [item["name"] for item in state["services"]] == ["beta", "beta"]
    assert state["cursor"] != before


async def test_a_client_that_has_the_state_already_gets_304_until_it_changes(
    client: Client, world: World
) -> None:
    first = await client.get("/api/services")
    assert first.headers["Cache-Control"] == "no-store"
    tag = first.headers["ETag"]
    for sent in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = await client.get("/api/services", headers={"If-None-Match": sent})
        assert (again.status, again.headers["ETag"], await again.read()) == (304, tag, b"")
    for sent in ('"other"', "junk", '"', "\xe9"):
        again = await client.get("/api/services", headers={"If-None-Match": sent})
        assert again.status == 200
    await world.remove(record("alpha"))
    await world.caught_up()
    changed = await client.get("/api/services", headers={"If-None-Match": tag})
    assert changed.status == 200
    assert changed.headers["ETag"] != tag


async def test_two_workers_that_know_the_same_give_the_same_tag(
    client: Client, world: World, aiohttp_client: AiohttpClient
) -> None:
    other = World(world.server)
    colleague = await aiohttp_client(other.app())
    await other.caught_up()
    tags = {(await each.get("/api/services")).headers["ETag"] for each in (client, colleague)}
    assert len(tags) == 1


async def test_the_state_is_encoded_once_for_all_clients(client: Client, world: World) -> None:
    await client.get("/api/services")
    view = world.state.view()
    for _ in range(3):
        await client.get("/api/services")
        assert world.state.view() is view
    world.feed.conditions.set(SCANNER, "n2", "gone")
    assert world.state.view() is not view
    assert [item["node"] for item in world.state.stale()] == ["n2"]


async def test_before_the_first_load_there_is_no_answer_instead_of_an_empty_list(
    world: World, aiohttp_client: AiohttpClient
) -> None:
    client = await world.started_without_redis(aiohttp_client)
    for path in ("/api/services", "/api/services/alpha"):
        answer = await client.get(path)
        told = (await answer.json())["error"]
        assert (answer.status, told["code"]) == (503, "not_ready")
        assert told["message"] == "Redis cannot be reached"
        assert told["request_id"] == answer.headers["X-Request-Id"]
        assert int(answer.headers["Retry-After"]) > 0
    world.server.connected = True
    await eventually(lambda: world.feed.loaded, message="the worker did not recover")
    assert (await client.get("/api/services")).status == 200


async def test_while_redis_is_away_the_last_state_is_served_and_said_to_be_stale(
    client: Client, world: World
) -> None:
    world.server.connected = False
    await eventually(
        lambda: bool(world.feed.conditions.current), message="the worker did not notice"
    )
    state = await (await client.get("/api/services")).json()
    assert len(state["services"]) == 3
    (doubt,) = state["stale"]
    assert (doubt["reason"], doubt["node"]) == ("redis", None)
    item = await (await client.get("/api/services/alpha")).json()
    assert (item["name"], item["probe"], item["stale"]) == ("alpha", None, [doubt])


async def test_services_of_a_lost_node_are_unknown(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.lose("n2", monkeypatch)
    state = await (await client.get("/api/services")).json()
    assert [(doubt["reason"], doubt["node"]) for doubt in state["stale"]] == [("scanner", "n2")]
    assert [(node["node"], node["lost"]) for node in state["nodes"]] == [
        ("n1", False),
        ("n2", True),
    ]
    shown = [(item["node"], item["status"], item["reason"]) for item in state["services"]]
    assert shown == [
        ("n1", "healthy", ""),
        ("n1", "healthy", ""),
        ("n2", "unknown", "node_lost"),
    ]
    one = await (await client.get(f"/api/services/{state['services'][2]['id']}")).json()
    assert (one["status"], one["healthy"]) == ("unknown", False)


async def test_one_service_is_found_by_its_id_in_any_case_and_by_a_name_that_only_it_has(
    client: Client,
) -> None:
    item = record("alpha")
    addresses = {
        "rpc": {"path": "/alpha/rpc/", "host": "alpha.localhost", "host_path": "/", "note": ""}
    }
    for key in (item.id, item.id.upper(), "alpha"):
        answer = await client.get(f"/api/services/{key}")
        assert answer.headers["Cache-Control"] == "no-store"
        known = json.loads(encode(item.to_json()))
        expected = {**known, "probe": None, "stale": [], "addresses": addresses, "muted": None}
        assert await answer.json() == expected


async def test_a_name_that_two_services_have_names_the_candidates(client: Client) -> None:
    answer = await client.get("/api/services/beta")
    told = (await answer.json())["error"]
    assert (answer.status, told["code"]) == (409, "ambiguous")
    assert told["candidates"] == [record("beta").id, record("beta", context="shop", node="n2").id]


@pytest.mark.parametrize(
    "key",
    ["gamma", "ALPHA", record("gamma").id, "..%2f..%2fetc", "%00", "%ff", "x" * 5000, "%3Cb%3E"],
)
async def test_what_is_not_there_is_404_and_is_not_repeated(client: Client, key: str) -> None:
    answer = await client.get(URL(f"/api/services/{key}", encoded=True))
    told = (await answer.json())["error"]
    assert (answer.status, told["code"]) == (404, "not_found")
    assert told["message"] == "no service has that id or name"


async def test_head_and_other_methods(client: Client) -> None:
    head = await client.head("/api/services")
    assert (head.status, await head.read()) == (200, b"")
    assert int(head.headers["Content-Length"]) > 300
    for path in ("/api/services", "/api/services/alpha"):
        answer = await client.post(path, data=b"{}")
        told = (await answer.json())["error"]
        assert (answer.status, told["code"]) == (405, "method_not_allowed")
        assert answer.headers["Allow"] == "GET,HEAD"


async def test_a_service_comes_with_the_figures_of_its_last_probe(
    client: Client, world: World
) -> None:
    figures = {"checked_at": 7, "sockets": {"rpc": {"latency_ms": 1.8, "error": None}}}
    await world.registry.write_probes("n1", {record("alpha").id: figures})
    item = await (await client.get("/api/services/alpha")).json()
    assert item["probe"] == figures


async def test_junk_in_place_of_figures_is_none(client: Client, world: World) -> None:
    for junk in ("[]", "7", "{"):
        await world.client.hset(KEYS.probes("n1"), record("alpha").id, junk)
        world.state = JsonAnswers(world.feed, LastProbeCache(world.nodes))
        assert (await world.state.service("alpha"))["probe"] is None


async def test_only_records_that_changed_are_encoded_again(client: Client, world: World) -> None:
    await client.get("/api/services")
    before = dict(world.state._texts)
    await world.add(record("gamma"))
    await world.caught_up()
    await client.get("/api/services")
    after = world.state._texts
    assert len(after) == len(before) + 1
    assert all(after[key] is kept for key, kept in before.items())


async def test_a_thousand_services_are_one_answer(client: Client, world: World) -> None:
    state = {f"s{number}": record(f"s{number}").to_json() for number in range(1_000)}
    world.feed.mirror.reset(state, world.feed.mirror.nodes, world.feed.mirror.head)
    answer = await client.get("/api/services")
    assert len((await answer.json())["services"]) == 1_000
    call = {"jsonrpc": "2.0", "id": 1, "method": "router.list"}
    reply = await client.post("/rpc", json=call)
    assert (await reply.json())["result"] == await answer.json()
