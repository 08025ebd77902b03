"""The soak's look at the state that instances tell: one that differs from the registry is seen."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import cycle
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.soak.log import SNAPSHOT, fingerprint
from tests.soak.snapshots import Snapshots, unlike
from tests.support.ports import free_port

RECORD, OTHER = {"id": "a", "status": "healthy"}, {"id": "a", "status": "unknown"}
REGISTRY = {"a": fingerprint(RECORD)}


@asynccontextmanager
async def instance(*workers: Sequence[Any]) -> AsyncIterator[str]:
    """Its workers answer in turns, each with its own records."""
    turns = cycle(workers)

    async def services(_: web.Request) -> web.Response:
        records = next(turns)
        answer = {"cursor": "1-1", "run_id": "x", "services": records, "stale": []}
        return web.json_response(answer, headers={"ETag": fingerprint(records)})

    app = web.Application()
    app.router.add_get("/api/services", services)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


async def test_only_instances_of_which_a_worker_differs_are_named() -> None:
    async with instance([RECORD], [RECORD]) as good, instance([RECORD], [OTHER]) as bad:
        found = await unlike(REGISTRY, {"web-1": good, "web-2": bad})
    assert found == ["web-2 does not tell the registry's state, 4 times of 8"]


async def test_services_too_many_and_too_few_are_differences() -> None:
    async with instance([RECORD, {"id": "b"}]) as more, instance([]) as fewer:
        assert len(await unlike(REGISTRY, {"more": more, "fewer": fewer})) == 2


async def test_an_instance_that_does_not_answer_is_named() -> None:
    silent = f"http://127.0.0.1:{free_port()}"
    assert await unlike(REGISTRY, {"web-1": silent})


async def test_answers_that_are_alike_are_one_entry() -> None:
    async with instance([RECORD]) as url, Snapshots.of(url) as answers:
        entry = await answers.get()
        assert entry is not None
        assert (entry.kind, entry.payload["state"]) == (SNAPSHOT, REGISTRY)
        assert await answers.get() is entry
