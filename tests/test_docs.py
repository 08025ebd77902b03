"""The documentation says what there is, and nothing else: settings, commands, routes, methods."""

import asyncio
import re
import shutil
import subprocess
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from aiohttp import web
from pytest_aiohttp import AiohttpClient

from docs import reference
from hero_router.cli import COMMANDS
from hero_router.history.minute_writes import Row
from hero_router.model import CONTROL_EVENTS, EVENT_TYPES
from hero_router.settings.config import SETTINGS, RouterConfig
from hero_router.store.client import connect
from hero_router.store.clock import RedisClock
from hero_router.store.history import HistoryStore, Minute
from hero_router.store.keys import Keys
from hero_router.store.lease import Lease
from hero_router.store.registry import Registry
from hero_router.store.session_list import BrowserSession, SessionListStore
from hero_router.web.app import create_app
from hero_router.web.worker_parts import RedisClients, make_parts
from tests.support.records import put, record, report
from tests.support.redis import RedisServer

ROOT = Path(__file__).resolve().parent.parent
NOWHERE = RouterConfig.of(redis_url="redis://127.0.0.1:1/0")


def nowhere() -> web.Application:
    """An application whose Redis is away."""
    clients = RedisClients.connect(NOWHERE)
    return create_app(make_parts(NOWHERE, clients, RedisClock(clients.web)))


README = (ROOT / "README.md").read_text("utf-8")


def section(title: str, page: str = "README.md") -> str:
    """The part of a page below one heading."""
    text = (ROOT / page).read_text("utf-8")
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize("page", reference.PAGES)
def test_the_tables_are_made_from_the_declarations_that_the_code_serves(page: str) -> None:
    text = (ROOT / "docs" / page).read_text("utf-8")
    assert reference.written(text) == text, "run: python docs/reference.py"
    assert reference.BLOCK.search(text)


def test_every_setting_has_its_row() -> None:
    rows = re.findall(
        r"^\| (`.*)", (ROOT / "docs" / "settings.md").read_text("utf-8"), re.MULTILINE
    )
    found = {name for row in rows for name in re.findall(r"`((?:ROUTER|HERO|PATH)_\w+)`", row)}
    assert found == {name for item in SETTINGS for name in item.variables}


def test_every_command_is_documented() -> None:
    told = re.findall(
        r"^\| `hero_router ([\w-]+)(?: [A-Z]+)*` \|", section("Commands"), re.MULTILINE
    )
    assert told == list(COMMANDS)


def test_every_route_is_documented() -> None:
    app = nowhere()
    real = {
        f"{route.method} {route.resource.canonical}"
        for route in app.router.routes()
        if route.resource is not None and route.method not in ("HEAD", "*")
    }
    told = set(re.findall(r"`((?:GET|POST) /[^`]*)`", section("Addresses", "docs/api.md")))
    assert told == real


async def test_every_method_is_documented(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(nowhere())
    document = await (await client.get("/openrpc.json")).json()
    told = set(
        re.findall(
            r"^### `((?:router|rpc)\.\w+)`", section("JSON-RPC", "docs/api.md"), re.MULTILINE
        )
    )
    assert told == {method["name"] for method in document["methods"]}


def test_every_event_is_documented() -> None:
    source = (ROOT / "static" / "js" / "live" / "stream.js").read_text("utf-8")
    names = re.search(r"const NAMES = \[(.*?)\]", source, re.DOTALL)
    assert names is not None
    rows = re.findall(r"^\| (`.*?) \|", section("Events", "docs/api.md"), re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert (
        told - {"cursor", "after", "types", "context", "service", "conflate"}
        == EVENT_TYPES | CONTROL_EVENTS
    )
    assert set(re.findall(r'"(\w+)"', names[1])) <= told


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    names = {re.split(r"[\[>=;<]", line)[0].strip() for line in needed}
    told = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    assert [name for name in names if name not in told and not name.startswith("types-")] == []


def test_make_knows_what_the_pages_tell_to_make() -> None:
    pages = README + (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    told = set(re.findall(r"(?:`|^|SECONDS=\d+ )make (\w+)", pages, re.MULTILINE))
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert told <= targets
    assert {"run", "test", "check", "bench"} <= told


@pytest.mark.parametrize(
    "line",
    [line.partition(" #")[0].strip()
     for line in section("Inspect with redis-cli", "docs/operations.md").splitlines()
     if line.startswith("redis-cli")],
)  # fmt: skip
def test_the_redis_cli_commands_of_the_readme_work(line: str, redis7: RedisServer) -> None:
    asyncio.run(fill(redis7))
    socket = redis7.url.removeprefix("unix://")
    assert shutil.which("redis-cli")
    command = line.replace("redis-cli", f"redis-cli -s {socket}", 1)
    answer = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert answer.returncode == 0
    assert answer.stdout.strip()
    assert "ERR" not in answer.stdout


async def fill(server: RedisServer) -> None:
    """A registry with one service, one event, and a minute of history."""
    client = connect(server.url, name="test")
    grant = await Lease(client, Keys(), "n1", "s1", 10).acquire()
    assert grant is not None
    session = BrowserSession("s", "ann", "token", ["viewer"], None, "::1", "", 1_000, 2**45)
    await SessionListStore(client, Keys()).put(session, 1_000)
    await Registry(client, Keys(), 16).apply(grant, [put()], report())
    rows = {record().id: Row("h")}
    await HistoryStore(client, Keys()).write(grant, Minute(29_404_800, 29_404_800, rows))
    await client.aclose()
