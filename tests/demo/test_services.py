"""The sample services: each does over its real socket what the table says of it."""

import asyncio
import json
import time
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from hero_router.demo import services
from hero_router.model import Status
from hero_router.scan.prober import Prober
from hero_router.scan.socket_status import EvalTime, Thresholds, next_state
from hero_router.scan.tracked_state import track
from hero_router.scan.walk import Finder, SocketFile
from hero_router.settings.config import RouterConfig
from tests.demo.conftest import DEADLINE, Caller, connect

DOCUMENTS = {
    "mycelium/rpc.sock": ("mycelium", "mycelium"),
    "shop/petstore/rpc.sock": ("petstore", "petstore-expanded"),
    "simple_math.sock": ("simple_math", "simple-math"),
    "links/rpc.sock": ("links", "link-example"),
    "metrics/rpc.sock": ("metrics", "metrics"),
    "flapper/rpc.sock": ("flapper", "api-with-examples"),
}
"""Each RPC socket's service and document."""

FAILURES = RouterConfig().scan.failures


def document(name: str) -> Any:
    place = resources.files("hero_router.demo").joinpath("openrpc", f"{name}.json")
    return json.loads(place.read_bytes())


def check(name: str, method: str, result: object) -> None:
    """The result must be as the document says."""
    whole = document(name)
    (described,) = [item for item in whole["methods"] if item["name"] == method]
    schema = described["result"]["schema"]
    jsonschema.validate(result, {**schema, "components": whole["components"]})


TABLE = {sample.path: sample.status for sample in services.table()}


async def status(found: SocketFile) -> Status:
    """What the scanner says of a socket after as many probes as make it sure.

    A sample that hangs is given up soon; all others may need long on a busy machine.
    """
    seconds = 0.3 if TABLE[found.path] is Status.UNHEALTHY else DEADLINE
    prober, memory = Prober(seconds, time.monotonic), track(found, None, None)
    for number in range(FAILURES):
        seen = await prober(found, ask_documents=True)
        memory = next_state(
            found, memory, seen, EvalTime(number, number, number), Thresholds(FAILURES, 60)
        )
    return memory.state.status


async def test_the_scanner_finds_all_and_gives_each_the_status_of_the_table(demo: Path) -> None:
    found = Finder(demo).walk().sockets
    seen = await asyncio.gather(*map(status, found))
    assert dict(zip((item.path for item in found), seen, strict=True)) == TABLE
    assert set(TABLE.values()) == set(Status) - {Status.UNKNOWN}


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_an_rpc_socket_gives_manifest_document_and_discovery(demo: Path, path: str) -> None:
    name, source = DOCUMENTS[path]
    caller = Caller(demo / path)
    code, manifest = await caller.get("/.well-known/heroservice.json")
    assert code == 200
    assert manifest.keys() == {"protocol", "name", "title", "version", "description", "socket"}
    assert (manifest["name"], manifest["protocol"], manifest["socket"]) == (name, "openrpc", "rpc")
    assert await caller.get("/openrpc.json") == (200, document(source))
    assert await caller.call("rpc.discover") == document(source)


@pytest.mark.parametrize("path", sorted(DOCUMENTS.keys() - {"metrics/rpc.sock"}))
async def test_a_well_service_says_ok(demo: Path, path: str) -> None:
    known = {"status": "ok", "service": DOCUMENTS[path][0]}
    code, health = await Caller(demo / path).get("/health")
    assert code == 200
    assert known.items() <= health.items()


async def test_metrics_says_why_it_is_degraded_and_takes_notifications(demo: Path) -> None:
    caller = Caller(demo / "metrics/rpc.sock")
    code, health = await caller.get("/health")
    assert (code, health["status"]) == (200, "degraded")
    assert "full" in health["reason"]
    click = {"link href": "https://open-rpc.org", "link label": "OpenRPC"}
    notification = {"jsonrpc": "2.0", "method": "link_clicked", "params": click}
    assert await caller.post(notification) == (204, "")


async def test_petstore_keeps_what_it_is_given(demo: Path) -> None:
    caller, name = Caller(demo / "shop/petstore/rpc.sock"), "petstore-expanded"
    pet = await caller.call("create_pet", {"newPet": {"name": "Ida", "tag": "dog"}})
    check(name, "create_pet", pet)
    assert await caller.call("get_pet_by_id", [pet["id"]]) == pet
    dogs = await caller.call("get_pets", {"tags": ["dog"]})
    check(name, "get_pets", dogs)
    assert [dog["name"] for dog in dogs] == ["Rex", "Ida"]
    assert await caller.call("get_pets", {"limit": 1}) == dogs[:1]
    assert await caller.call("delete_pet_by_id", {"id": pet["id"]}) == pet
    assert "no pet" in (await caller.call("get_pet_by_id", [pet["id"]]))["message"]


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("create_pet", [{"tag": "dog"}]),
        ("create_pet", ["Ida"]),
        ("create_pet", [{"name": "Ida", "tag": 5}]),
        ("get_pets", {"tags": "dog"}),
    ],
)
async def test_petstore_refuses_what_is_no_pet(demo: Path, method: str, params: object) -> None:
    answer = await Caller(demo / "shop/petstore/rpc.sock").call(method, params)
    assert answer["code"] == -32602


async def test_simple_math_computes(demo: Path) -> None:
    caller = Caller(demo / "simple_math.sock")
    assert await caller.call("addition", {"a": 2, "b": 40}) == 42
    assert await caller.call("subtraction", [2, 10**30]) == 2 - 10**30
    assert (await caller.call("addition", ["2", "40"]))["code"] == -32602


async def test_mycelium_answers_by_its_document_and_its_admin_page_shows_new_peers(
    demo: Path,
) -> None:
    caller, admin = Caller(demo / "mycelium/rpc.sock"), Caller(demo / "mycelium/admin.sock")
    for method in ("getInfo", "getPeers", "getSelectedRoutes"):
        check("mycelium", method, await caller.call(method))
    peer = "tcp://203.0.113.9:9651"
    assert await caller.call("addPeer", [peer]) is True
    assert (await caller.call("addPeer", [peer]))["code"] == 409
    assert (await caller.call("addPeer", ["nonsense"]))["code"] == 400
    assert f"<li>{peer}: connecting</li>" in (await admin.get("/"))[1]
    assert await caller.call("deletePeer", {"endpoint": peer}) is True
    assert (await caller.call("deletePeer", {"endpoint": peer}))["code"] == 404
    assert (await caller.call("getTopics"))["code"] == -32601


async def test_an_admin_page_shows_what_callers_sent_as_text(demo: Path) -> None:
    await Caller(demo / "mycelium/rpc.sock").call("addPeer", ["tcp://<script>:1"])
    _, page = await Caller(demo / "mycelium/admin.sock").get("/")
    assert "<li>tcp://&lt;script&gt;:1: connecting</li>" in page


async def test_links_answers_by_its_document_and_merges_once(demo: Path) -> None:
    caller = Caller(demo / "links/rpc.sock")
    place = {"username": "ada", "slug": "engine"}
    check("link-example", "get_user_by_name", await caller.call("get_user_by_name", ["ada"]))
    assert await caller.call("get_repositories_by_owner", ["ada"]) == [
        await caller.call("get_repository", place)
    ]
    pulls = await caller.call("get_pull_requests_by_repository", {**place, "state": "open"})
    check("link-example", "get_pull_requests_by_repository", pulls)
    wanted = {**place, "pid": str(pulls[0]["id"])}
    assert await caller.call("merge_pull_request", wanted) is True
    assert (await caller.call("get_pull_requests_by_id", wanted))["state"] == "merged"
    assert "merged" in (await caller.call("merge_pull_request", wanted))["message"]
    for stranger in ({**wanted, "username": "x"}, {**wanted, "slug": "x"}, {**wanted, "pid": "x"}):
        assert "there is no" in (await caller.call("get_pull_requests_by_id", stranger))["message"]


async def test_links_has_a_page_of_its_methods(demo: Path) -> None:
    code, page = await Caller(demo / "links/web_docs.sock").get("/")
    assert code == 200
    assert page.startswith("<!doctype html>")
    assert "<li>get_repository</li>" in page


async def test_flapper_answers_with_the_documents_examples(demo: Path) -> None:
    answer = await Caller(demo / "flapper/rpc.sock").call("get_versions")
    assert answer["versions"][0]["status"] == "CURRENT"


async def test_sleeper_takes_a_call_and_never_answers(demo: Path) -> None:
    loop = asyncio.get_running_loop()
    with connect(demo / "sleeper/rpc.sock") as caller:
        await loop.sock_sendall(caller, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(loop.sock_recv(caller, 1), 0.3)


async def test_telegraph_greets_in_a_protocol_of_its_own(demo: Path) -> None:
    reader, writer = await asyncio.open_unix_connection(
        sock=connect(demo / "telegraph/rpc.sock"), limit=1024
    )
    async with asyncio.timeout(DEADLINE):
        assert await reader.readline() == b"TELEGRAPH 1 READY STOP\r\n"
        writer.write(b"GET / HTTP/1.1\r\n")
        assert await reader.readline() == b"RECEIVED 16 BYTES STOP\r\n"
        writer.close()
        await writer.wait_closed()


async def test_nobody_listens_on_the_leftover(demo: Path) -> None:
    with pytest.raises(ConnectionRefusedError):
        connect(demo / "leftover.sock")
