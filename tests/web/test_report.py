"""`GET /api/report`: one file with what the API answers, and the page that shows it offline."""

import asyncio
import base64
import gzip
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from hero_router import __version__
from hero_router.access.principal import ALL_ROLES, Principal
from hero_router.errors import StoreUnreachable
from hero_router.history.minute_writes import Row
from hero_router.history.rings import MINUTE_MS
from hero_router.model import Change, Status
from hero_router.store.history import HistoryStore, Minute
from hero_router.strict_json import decode
from hero_router.web import report_page
from hero_router.web.routes import report
from hero_router.web.routes.static import Assets, static_folder
from tests.support.wait import eventually
from tests.web.world import KEYS, World, record

Client = TestClient[Any, Any]

START = 2190 * 1440 * 13
ALPHA, BETA = record("alpha"), record("beta", context="shop", node="n2")
HOSTILE = "</script><script>window.owned=1</script><!--"

IMPORTED = re.compile(r'^((?:import|export)\b[^"\']*?from )"(js/[^"]+)";', re.MULTILINE)
NAMED = re.compile(r"\{([^}]*)\}")
EXPORTED = re.compile(r"^export (?:async )?(?:const|function\*?|class) (\w+)", re.MULTILINE)


@pytest.fixture
async def client(
    world: World, aiohttp_client: AiohttpClient, monkeypatch: pytest.MonkeyPatch
) -> Client:
    """A client of a worker, of two services of which one was ill."""
    monkeypatch.setattr("tests.web.world.NOW_MS", (START + 4) * MINUTE_MS + 20_000)
    await world.add(ALPHA, BETA)
    store = HistoryStore(world.client, KEYS)
    for item, letters in ((ALPHA, "hhuh"), (BETA, "dd")):
        for minute, letter in enumerate(letters, START):
            rows = {item.id: Row(letter, "CO")}
            await store.write(await world.grant(item.node), Minute(minute, START, rows))
    at = (START + 2) * MINUTE_MS + 5
    down = replace(ALPHA, status=Status.UNHEALTHY, reason=HOSTILE, changed_at=at)
    data = {"from": ALPHA.status, "to": down.status, "reason": down.reason}
    change = Change("status_change", down.id, data, down)
    await world.registry.apply(await world.grant("n1"), [change])
    started: Client = await aiohttp_client(world.app())
    await world.caught_up()
    return started


async def fetched(client: Client, path: str) -> Any:
    answer = await client.get(path)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def page(client: Client) -> str:
    answer = await client.get("/api/report")
    assert answer.status == 200, await answer.text()
    return await answer.text()


def content(text: str) -> Any:
    """The content of a report, as a browser reads it from the element."""
    _, found = text.split(report_page.DATA_BEGIN)
    assert found.endswith(report_page.DATA_END)
    data = found.removesuffix(report_page.DATA_END)
    assert "<" not in data
    return decode(data)


async def test_a_report_holds_what_the_api_answers_at_one_position(client: Client) -> None:
    found = content(await page(client))
    assert found["reader"] == {"roles": ["admin", "viewer"], "contexts": None}
    assert (found["node"], found["made_at"]) == ("n1", found["state"]["now"])
    assert found["state"] == await fetched(client, "/api/services")
    assert found["events"] == await fetched(client, "/api/events/recent?n=1000")
    assert found["events"]["cursor"] == found["state"]["cursor"]
    assert found["state"]["services"][0]["reason"] == HOSTILE


@pytest.mark.parametrize("span", ["1h", "1d", "30d", "1y"])
async def test_a_report_holds_the_history_over_each_span_as_the_api_answers_it(
    client: Client, span: str
) -> None:
    past = content(await page(client))["past"]
    whole = await fetched(client, f"/api/history?span={span}")
    assert past["heads"][span] == {name: whole[name] for name in past["heads"][span]}
    assert [each["service_id"] for each in past["services"]] == [ALPHA.id, BETA.id]
    for mine, row in zip(past["services"], whole["services"], strict=True):
        one = await fetched(client, f"/api/history?span={span}&service={row['service_id']}")
        latencies = {name: one["detail"].pop(name) for name in ("latency_median", "latency_p95")}
        assert mine["spans"][span] == row | latencies
        assert {name: mine[name] for name in one["detail"]} == one["detail"]
    assert past["services"][0]["transitions"][0]["reason"] == HOSTILE


async def test_a_report_is_a_file_to_keep_plain_or_in_gzip(
    client: Client, aiohttp_client: AiohttpClient
) -> None:
    text = await page(client)
    answer = await client.head("/api/report")
    assert re.fullmatch(
        r'attachment; filename="hero_router-n1-\d{8}T\d{6}Z\.html"',
        answer.headers["Content-Disposition"],
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    raw: Client = await aiohttp_client(client.server, auto_decompress=False)
    packed = await raw.get("/api/report", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert content(gzip.decompress(await packed.read()).decode()) == content(text)
    plain = await raw.get("/api/report", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert (
        await client.get("/api/report", headers={"Accept-Encoding": "br;q=1, *;q=0"})
    ).status == 406


async def test_without_redis_a_report_says_that_it_has_no_history(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise StoreUnreachable("Redis did not answer in time")

    monkeypatch.setattr(HistoryStore, "read", away)
    found = content(await page(client))
    assert [each["name"] for each in found["state"]["services"]] == ["alpha", "beta"]
    assert found["past"]["services"] == []
    assert found["past"]["error"] == "Redis did not answer in time"


async def test_a_report_for_some_contexts_holds_those_only(client: Client, world: World) -> None:
    assert client.app is not None
    caller = Principal("clerk", ALL_ROLES, frozenset({"shop", "lab"}))
    made_at, texts = world.parts.reports.begin(caller)
    found = decode("".join([text async for text in texts]))
    assert (found["format"], found["version"], found["node"]) == (1, __version__, "n1")
    assert found["made_at"] == made_at == (START + 4) * MINUTE_MS + 20_000
    assert found["reader"] == {"roles": ["admin", "viewer"], "contexts": ["lab", "shop"]}
    assert [each["name"] for each in found["state"]["services"]] == ["beta"]
    (event,) = found["events"]["events"]
    assert event["data"]["service"]["id"] == BETA.id
    assert [each["service_id"] for each in found["past"]["services"]] == [BETA.id]
    assert found["past"]["error"] == ""


async def test_a_report_ends_well_where_redis_leaves_on_the_way(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> AsyncIterator[object]:
        yield {"service_id": "a"}
        yield {"service_id": "b"}
        raise StoreUnreachable("Redis did not answer in time")

    monkeypatch.setattr("hero_router.rpc.history_answers.ServiceHistories._read_whole", broken)
    past = content(await page(client))["past"]
    assert past["services"] == [{"service_id": "a"}, {"service_id": "b"}]
    assert past["error"] == "Redis did not answer in time"


async def test_before_the_first_load_there_is_no_report(
    world: World, aiohttp_client: AiohttpClient
) -> None:
    client = await world.started_without_redis(aiohttp_client)
    assert (await client.get("/api/report")).status == 503


async def test_only_so_many_reports_are_made_at_a_time(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is given up makes room for the next."""
    begun, go_on = 0, asyncio.Event()

    async def slow(*_: object, **__: object) -> AsyncIterator[object]:
        nonlocal begun
        begun += 1
        await go_on.wait()
        if begun < 0:
            yield None

    monkeypatch.setattr("hero_router.rpc.history_answers.ServiceHistories._read_whole", slow)
    asked = [asyncio.create_task(client.get("/api/report")) for _ in range(report.MOST_AT_ONCE)]
    await eventually(lambda: begun == report.MOST_AT_ONCE, message="they are being made")
    refused = await client.get("/api/report")
    assert (refused.status, (await refused.json())["error"]["code"]) == (503, "overloaded")
    asked.pop().cancel()
    go_on.set()

    async def is_free() -> bool:
        return (await client.get("/api/report")).status == 200

    await eventually(is_free, message="there is room again")
    for each in asked:
        assert content(await (await each).text())["past"]["services"] == []


async def test_the_file_allows_its_own_scripts_and_styles_only(client: Client) -> None:
    head = (await page(client)).split("</head>")[0]
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">', head)
    assert head.index("Content-Security-Policy") < head.index("<style")
    rules = dict(rule.partition(" ")[::2] for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["require-trusted-types-for"] == "'script'"

    def hashed(texts: list[str]) -> list[str]:
        digests = (hashlib.sha256(each.encode()).digest() for each in texts)
        return [f"'sha256-{base64.b64encode(each).decode()}'" for each in digests]

    scripts = re.findall(r"<script[^>]*>(.*?)</script>", head, re.DOTALL)
    assert rules["script-src"].split() == [*hashed(scripts), "data:"]
    assert rules["style-src"].split() == hashed(
        re.findall(r"<style>(.*?)</style>", head, re.DOTALL)
    )
    assert re.findall(r'(?:src|href)="(?!data:)', head) == []


def test_what_stands_in_for_a_module_has_all_that_others_import_of_it() -> None:
    assets = Assets(static_folder())
    modules = report_page.linked(assets.files)
    assert not set(modules) & set(report_page.REPLACED)
    for text in modules.values():
        for statement, path in IMPORTED.findall(text):
            if path not in report_page.REPLACED.values():
                continue
            has = set(EXPORTED.findall(modules[path]))
            for names in re.findall(
                r"^export (?:const )?[\[{]([^}\]]*)[\]}]", modules[path], re.MULTILINE
            ):
                has |= {each.split(" as ")[-1].strip() for each in names.split(",")}
            wanted = {
                name.split(" as ")[0].strip()
                for names in NAMED.findall(statement)
                for name in names.split(",")
                if name.strip()
            }
            for name in re.findall(r"\* as (\w+)", statement):
                wanted |= set(re.findall(rf"\b{name}\.(\w+)", text))
            assert wanted <= has, path


def test_a_name_of_a_file_is_safe_whatever_the_node_is_called() -> None:
    assert report.file_name('a"/../\r\nb é', 0) == "hero_router-a--..---b---19700101T000000Z.html"
    assert len(report.file_name("n" * 300, 0)) < 120
