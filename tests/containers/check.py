"""The shipped compose file in real containers: `make containers`, as root, about five minutes.

Not a part of `make test`: it needs podman and images of about 1 GB. All tests share one stack.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import aiohttp
import pytest
from playwright.async_api import async_playwright

from hero_router.demo.services import table
from hero_router.model import Status
from tests.containers.stack import PORT, Stack, missing
from tests.deploy.follower import Follower, all_of, following
from tests.deploy.judge import assert_faithful, go_on, says, settle
from tests.deploy.publisher import Publisher, Window, publishing
from tests.e2e.conftest import FLAGS
from tests.e2e.dashboard import Dashboard
from tests.support.wait import eventually

pytestmark = pytest.mark.limit(300)

CLIENTS = 40
STEP_SECONDS = 0.1
START_SECONDS = 60.0

PING_SECONDS = 15.0
"""The longest silence of a stream, by default (ROUTER_PING_SECONDS)."""

CHECKED = ("redis", "scanner", "web", "haproxy", "demo", "prometheus")
"""The services that have a health check."""

JOBS = ["haproxy", "hero_router", "hero_router", "redis"]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """All containers, started once for all tests."""
    assert missing() == [], "apt-get install --no-install-recommends these"
    assert os.geteuid() == 0, "podman makes networks: run it as root"
    made = Stack()
    made.down()
    try:
        made.up()
        yield made
    finally:
        print(made.logs())  # noqa: T201 - pytest shows it with a failure
        made.down()
        assert made.left() == [], "down removes everything"


async def get(url: str) -> Any:
    """The JSON at an address."""
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
        return await answer.json()


@pytest.fixture
async def publisher(stack: Stack) -> AsyncIterator[Publisher]:
    """A flow of changes, from this machine."""
    async with publishing(redis_url(stack), STEP_SECONDS) as made:
        yield made


def redis_url(stack: Stack) -> str:
    return f"redis://{stack.address('redis')}:6379/0"


async def both_serve(stack: Stack) -> None:
    """Wait until both web containers are ready, by HAProxy's own account."""
    await every(stack, ["web"])

    async def up() -> bool:
        return await asyncio.to_thread(stack.servers_up, "streams") == 2

    await eventually(up, START_SECONDS, "HAProxy finds both web containers ready")


async def every(stack: Stack, names: Sequence[str]) -> None:
    """Wait until each container of these services passes its health check."""

    async def unhealthy() -> list[str]:
        return [
            name
            for name in names
            for item in stack.containers(name) or [""]
            if not item or not await asyncio.to_thread(stack.healthy, item)
        ]

    found = list(names)

    async def none() -> bool:
        found[:] = await unhealthy()
        return found == []

    try:
        await eventually(none, START_SECONDS)
    except AssertionError:
        raise AssertionError(f"not healthy: {found}") from None


async def test_each_container_is_healthy(stack: Stack) -> None:
    """By the health checks of the compose file, run by hand."""
    await every(stack, CHECKED)


def expected() -> dict[str, set[str]]:
    """The statuses that the page may show of each sample service, by its name."""
    found: dict[str, set[str]] = {}
    for sample in table():
        parts = sample.path.removesuffix(".sock").split("/")
        name = parts[-2] if len(parts) > 1 else parts[-1]
        found.setdefault(name, set()).add(sample.status.value)
        if sample.flaps:
            found[name] |= {Status.INACTIVE.value, Status.DEGRADED.value, Status.UNHEALTHY.value}
    return found


async def test_the_router_sees_the_address_of_the_client_not_that_of_haproxy(stack: Stack) -> None:
    async with following(stack.url, 1):

        async def seen() -> list[str]:
            workers = (await get(f"{stack.url}/api/clients"))["workers"]
            return [each["address"] for worker in workers for each in worker["listed"]]

        async def listed() -> bool:
            return bool(await seen())

        await eventually(listed, START_SECONDS, "the stream is listed")
        haproxy = stack.address("haproxy")
        assert not any(each.startswith(haproxy) for each in await seen())


async def test_all_samples_are_right_on_the_page(stack: Stack) -> None:
    """In Chromium, through HAProxy. The file of a dead service may already have left."""
    names = {
        each["id"]: each["name"] for each in (await get(f"{stack.url}/api/services"))["services"]
    }
    wanted = expected()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = await Dashboard.open(browser, stack.url)

        async def right() -> bool:
            shown = {names.get(key, key): status for key, status in (await page.statuses()).items()}
            return set(wanted) - {"leftover"} <= set(shown) <= set(wanted) and all(
                status in wanted[name] for name, status in shown.items()
            )

        await eventually(right, START_SECONDS, "the page shows each sample with its status")
        assert page.errors == []
        await browser.close()


async def test_a_service_is_called_through_haproxy_by_path_and_by_host_name(stack: Stack) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "rpc.discover"}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        for url, host in (
            (f"{stack.url}/mycelium/rpc", f"localhost:{PORT}"),
            (f"{stack.url}/rpc", f"mycelium.localhost:{PORT}"),
        ):
            async with session.post(url, json=call, headers={"Host": host}) as answer:
                assert answer.status == 200, await answer.text()
                assert "openrpc" in (await answer.json())["result"]


async def test_prometheus_gets_metrics_of_web_haproxy_and_redis(stack: Stack) -> None:
    async def jobs() -> bool:
        found = (await get(f"{stack.prometheus_url}/api/v1/targets"))["data"]["activeTargets"]
        up = sorted(each["labels"]["job"] for each in found if each["health"] == "up")
        return up == JOBS

    await eventually(jobs, START_SECONDS, f"these jobs are up: {JOBS}")
    rules = (await get(f"{stack.prometheus_url}/api/v1/rules"))["data"]["groups"][0]["rules"]
    assert all(rule["health"] == "ok" for rule in rules)


def container_of(follower: Follower) -> str:
    """The web container that serves a client: its host name is its id."""
    return follower.hellos[-1].split("/")[1] if follower.hellos else ""


@pytest.mark.parametrize("verb", ["kill", "stop"])
async def test_no_client_misses_anything_when_a_web_container_ends(
    stack: Stack, publisher: Publisher, verb: str
) -> None:
    await both_serve(stack)
    async with following(stack.url, CLIENTS) as followers:
        await go_on(followers)
        victim = container_of(followers[0])
        lost = [item for item in followers if container_of(item) == victim]
        assert 0 < len(lost) < CLIENTS
        await asyncio.to_thread(stack.act, verb, victim)
        elsewhere = all_of(lost, lambda item: container_of(item) != victim)
        await eventually(elsewhere, message="they are elsewhere")
        await go_on(followers)
        window = await settle(publisher, followers)
        await asyncio.to_thread(stack.act, "start", victim)
    for follower in followers:
        assert_faithful(follower, window)


async def test_no_client_misses_anything_when_the_scanner_is_recreated(
    stack: Stack, publisher: Publisher
) -> None:
    await both_serve(stack)
    async with following(stack.url, CLIENTS) as followers:
        await go_on(followers)
        before = stack.containers("scanner")
        await asyncio.to_thread(stack.recreate, "scanner")
        assert stack.containers("scanner") != before
        await every(stack, ["scanner"])
        await go_on(followers)
        window = await settle(publisher, followers)
    for follower in followers:
        assert_faithful(follower, window)
        assert follower.endings == []


async def test_no_client_misses_anything_when_redis_is_killed(stack: Stack) -> None:
    """Its file has all that is older than a second; nothing is written in that second."""
    await both_serve(stack)
    async with following(stack.url, CLIENTS, silence=2 * PING_SECONDS) as followers:
        async with publishing(redis_url(stack), STEP_SECONDS) as publisher:
            await go_on(followers)
            await settle(publisher, followers)
        await asyncio.sleep(2)
        (redis,) = stack.containers("redis")
        await asyncio.to_thread(stack.act, "kill", redis)
        await eventually(all_of(followers, says("stale")), message="all say that it is stale")
        await asyncio.to_thread(stack.act, "start", redis)
        await eventually(all_of(followers, says("fresh")), message="all say that it is fresh")
        async with publishing(redis_url(stack), STEP_SECONDS) as publisher:
            await go_on(followers)
            window = await settle(publisher, followers)
    for follower in followers:
        assert_complete(follower, window)
        assert follower.endings == []


def assert_complete(follower: Follower, window: Window) -> None:
    """It saw each event since its start, once and in order, over a change of epoch."""
    start, head = follower.start, window[-1][0]
    assert start is not None
    assert follower.told("resync") == []
    assert [event for event in follower.seen if event[0] <= head] == [
        event for event in window if event[0] > start
    ]
    assert follower.refusals == []
