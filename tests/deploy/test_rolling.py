"""All web workers are replaced under load, by restarts and by reloads, and nobody notices."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import aiohttp
import psutil
import pytest
import pytest_asyncio

from hero_router.settings.stream import StreamSettings
from tests.deploy.callers import calling
from tests.deploy.follower import Follower, following
from tests.deploy.judge import assert_faithful, go_on, settle
from tests.deploy.publisher import publishing
from tests.deploy.topology import Topology
from tests.deploy.web import Web
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLIENTS = 20
STEP_SECONDS = 0.04
"""Between two events."""

AS_TOLD = [None]
"""They come back when `retry:` says so."""

SILENCE_SECONDS = StreamSettings().ping_seconds
"""A client hears something in each such time: the promise of `ping`, and no measure of speed."""

DRAIN_SECONDS = 5.0
"""Long enough that streams end one by one though a process gets no turn for a while."""


@pytest_asyncio.fixture(loop_scope="module")
async def web(redis7: RedisServer, tmp_path: Path) -> AsyncIterator[Web]:
    """A web instance of one worker."""
    web = Web(tmp_path, redis7.url, ROUTER_WORKERS="1", ROUTER_DRAIN_SECONDS=str(DRAIN_SECONDS))
    try:
        yield await web.ready(workers=1)
    finally:
        web.process.stop()


async def restart(topology: Topology, name: str) -> None:
    """SIGTERM, and a start once it has ended, as an upgrade does."""
    process = topology.running[name]
    process.send(signal.SIGTERM)
    await eventually(lambda: not process.alive, message=f"{name} ends")
    await topology.restart(name)
    await topology.healthy(name)


async def reload(topology: Topology, name: str) -> None:
    """HUP: the master stays, all its workers are others."""
    master = psutil.Process(topology.running[name].pid)
    before = master.children()
    topology.running[name].send(signal.SIGHUP)
    await eventually(
        lambda: len(master.children()) == len(before) and not {*master.children()} & {*before},
        message=f"{name} has other workers",
    )


async def reload_twice(topology: Topology, name: str) -> None:
    """A master that has replaced its workers once obeys a second HUP too."""
    for _ in range(2):
        await reload(topology, name)
        await topology.balanced()


@pytest.mark.parametrize("replace", [restart, reload_twice])
async def test_replacing_all_workers_under_load_leaves_no_trace(
    topology: Topology, replace: Callable[[Topology, str], Awaitable[None]]
) -> None:
    """Instance after instance: no event lost or doubled, no resync, no refusal, no failed call, no
    stream that just breaks, and no client is left in silence for long."""
    async with (
        publishing(topology.redis_url, STEP_SECONDS) as publisher,
        following(topology.url, CLIENTS, AS_TOLD) as followers,
        calling(topology.url) as failures,
    ):
        await go_on(followers)
        first = {item.hellos[-1] for item in followers}
        for name in topology.instances:
            await replace(topology, name)
            await topology.balanced()
        await go_on(followers)
        last = {item.hellos[-1] for item in followers}
        window = await settle(publisher, followers)
    assert not first & last, "not all workers were replaced"
    for follower in followers:
        assert_faithful(follower, window)
        assert follower.longest < SILENCE_SECONDS
        assert [how for how, _ in follower.endings] == ["clean"] * (len(follower.hellos) - 1)
    assert failures == []


async def test_a_worker_that_ends_is_not_ready_before_any_of_its_streams_ends(
    web: Web, redis7: RedisServer
) -> None:
    """Then they end over the drain time, each with its own time to come back."""
    async with (
        publishing(redis7.url, STEP_SECONDS),
        following(web.url, CLIENTS, AS_TOLD) as followers,
        aiohttp.ClientSession(web.url) as session,
    ):
        await go_on(followers)
        assert await is_ready(session), "the connection that is asked on is open"
        web.process.send(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (ended := number_ended(followers)) < CLIENTS:
                assert not (await is_ready(session) and ended), "ready, while streams end"
                await asyncio.sleep(0.01)
    last = {item.seen[-1][0] for item in followers}
    assert len(last) > CLIENTS // 4, "they did not end one by one, but with the same event"
    times = {told for item in followers for told in [item.endings[0][1].rpartition(b"retry: ")[2]]}
    assert len(times) > CLIENTS // 2, "many are told to come back at the same time"


async def is_ready(session: aiohttp.ClientSession) -> bool:
    """Whether it says so, on the connection that is open; who has closed it is not."""
    try:
        async with session.get("/ready") as answer:
            await answer.read()
            return answer.status == 200
    except aiohttp.ClientError:
        return False


def number_ended(followers: Sequence[Follower]) -> int:
    """How many have lost their first stream."""
    return sum(bool(item.endings) for item in followers)
