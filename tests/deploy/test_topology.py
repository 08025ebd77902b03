"""The compose file's topology as real processes: no client misses anything, whatever ends."""

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from tests.deploy.callers import calling, serving
from tests.deploy.follower import Follower, all_of, following
from tests.deploy.judge import assert_ended, assert_faithful, go_on, says, settle, worker_process
from tests.deploy.processes import Process
from tests.deploy.publisher import publishing
from tests.deploy.topology import Topology
from tests.support.wait import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLIENTS = 4
ENDS: dict[str, Callable[[Process], None]] = {
    "SIGTERM": lambda master: master.send(signal.SIGTERM),
    "SIGKILL": Process.kill,
    "SIGKILL of the master alone": lambda master: master.send(signal.SIGKILL),
    "SIGHUP": lambda master: master.send(signal.SIGHUP),
}

WORKER_ENDS = {"SIGTERM": signal.SIGTERM, "SIGKILL": signal.SIGKILL}


async def test_every_instance_tells_the_same(topology: Topology) -> None:
    """The same services, with the same ids and positions."""
    async with serving(topology.root / "files.sock"):

        async def are_equal() -> bool:
            urls = [topology.url, *map(topology.address, topology.instances)]
            answers = [await topology.get(f"{url}/api/services") for url in urls]
            told = {
                (item["cursor"], *(each["id"] for each in item["services"])) for item in answers
            }
            return len(told) == 1 and bool(answers[0]["services"])

        assert len(topology.instances) == 2
        await eventually(are_equal, message="all instances show the new service at one position")


@asynccontextmanager
async def losing_nothing(topology: Topology) -> AsyncIterator[list[Follower]]:
    """Clients of a topology in which something ends meanwhile: no event is lost, doubled or
    re-ordered, no client is refused, and no API call fails."""
    async with (
        publishing(topology.redis_url) as publisher,
        following(topology.url, CLIENTS) as followers,
        calling(topology.url) as failures,
    ):
        await go_on(followers)
        yield followers
        await go_on(followers)
        window = await settle(publisher, followers)
    for follower in followers:
        assert_faithful(follower, window)
    assert failures == []


@pytest.mark.parametrize("end", ENDS)
async def test_a_client_that_loses_its_instance_misses_nothing(
    topology: Topology, end: str
) -> None:
    """It resumes through HAProxy on another worker."""
    async with losing_nothing(topology) as followers:
        victim = followers[0].node
        lost = {item: item.hellos[-1] for item in followers if item.node == victim}
        ENDS[end](topology.running[victim])
        stays = end == "SIGHUP"
        # Workers without their master notice it one by one: one may come back to one that has not.
        await eventually(
            lambda: all(
                item.hellos[-1] != worker and (stays or item.node != victim)
                for item, worker in lost.items()
            ),
            message=f"the clients of {victim} are elsewhere after {end}",
        )
    assert_ended(end, list(lost))
    if not stays:
        await eventually(lambda: not topology.running[victim].alive, message=f"{victim} ends")


@pytest.mark.parametrize("end", WORKER_ENDS)
async def test_a_client_that_loses_its_worker_misses_nothing(topology: Topology, end: str) -> None:
    """One of several gunicorn workers ends; the master and the other workers go on."""
    async with losing_nothing(topology) as followers:
        victim = followers[0].hellos[-1]
        lost = [item for item in followers if item.hellos[-1] == victim]
        os.kill(worker_process(victim), WORKER_ENDS[end])
        await eventually(
            lambda: all(item.hellos[-1] != victim for item in lost),
            message=f"the clients of {victim} are elsewhere after {end}",
        )
    assert_ended(end, lost)


async def test_a_worker_that_gunicorn_retires_after_many_requests_loses_nothing(
    topology: Topology,
) -> None:
    """`--max-requests`: its streams end cleanly, and their clients resume on the next worker.

    The instance has one worker: of several, one may be asked too seldom to be retired.
    """
    third = await topology.add_instance(ROUTER_WORKERS="1", GUNICORN_CMD_ARGS="--max-requests 40")
    await topology.balanced()
    async with (
        publishing(topology.redis_url) as publisher,
        following(topology.address(third), CLIENTS) as followers,
    ):
        await go_on(followers)
        victim = followers[0].hellos[-1]
        lost = [item for item in followers if item.hellos[-1] == victim]
        async with calling(topology.address(third)) as failures:
            await eventually(
                lambda: all(item.hellos[-1] != victim for item in lost),
                message=f"{victim} is retired and its clients are elsewhere",
            )
        await go_on(followers)
        window = await settle(publisher, followers)
    for follower in followers:
        assert_faithful(follower, window)
    assert failures == []
    assert_ended("SIGTERM", lost)
    await topology.remove_instance(third)
    await topology.balanced()


async def test_a_worker_that_is_paused_goes_on_where_it_was(topology: Topology) -> None:
    """SIGSTOP and SIGCONT, as when a machine sleeps: no connection ends, and nothing is missed."""
    async with (
        publishing(topology.redis_url) as publisher,
        following(topology.url, CLIENTS) as followers,
    ):
        await go_on(followers)
        worker = followers[0].hellos[-1]
        paused = [item for item in followers if item.hellos[-1] == worker]
        others = [item for item in followers if item not in paused]
        os.kill(worker_process(worker), signal.SIGSTOP)
        try:
            await go_on(others)
            counts = [len(item.seen) for item in paused]
            await go_on(others)
            assert [len(item.seen) for item in paused] == counts
        finally:
            os.kill(worker_process(worker), signal.SIGCONT)
        await go_on(followers)
        window = await settle(publisher, followers)
    for follower in followers:
        assert_faithful(follower, window)
        assert follower.endings == []


async def test_scaling_up_and_down_loses_nothing(topology: Topology) -> None:
    """`--scale web=3`: HAProxy finds the third instance by its name server and sends it clients;
    when it is scaled away, they resume on those that stay."""
    async with (
        publishing(topology.redis_url) as publisher,
        following(topology.url, CLIENTS) as followers,
        calling(topology.url) as failures,
    ):
        await go_on(followers)
        third = await topology.add_instance()
        await topology.balanced()
        async with following(topology.url) as late:
            await go_on(late)
            assert late[0].node == third, "not the instance with the fewest connections"
            await topology.remove_instance(third)
            await go_on([*followers, *late])
            window = await settle(publisher, [*followers, *late])
    for follower in (*followers, *late):
        assert_faithful(follower, window)
    assert failures == []
    await topology.balanced()


async def test_an_instance_that_cannot_tell_the_truth_gets_no_clients(topology: Topology) -> None:
    """HAProxy keeps away from an instance whose `/ready` fails, although it lives; a call that came
    to it before the first check is asked of another."""
    blind = await topology.add_instance(known=False, ROUTER_REDIS_URL="redis://127.0.0.1:1/0")
    await topology.healthy(blind)
    async with calling(topology.url) as failures:
        topology.tell_names()

        async def is_known() -> bool:
            told = [await topology.servers(name) for name in ("streams", "ready", "alive")]
            return [each.get(blind) for each in told] == [False, False, True]

        await eventually(is_known, message="HAProxy counts the instance as alive but not ready")
        async with following(topology.url, CLIENTS) as followers:
            await eventually(
                all_of(followers, lambda item: bool(item.hellos)), message="all are greeted"
            )
            assert blind not in {item.node for item in followers}
    assert failures == []
    await topology.remove_instance(blind)


async def test_while_redis_is_away_the_door_stays_open_and_says_so(topology: Topology) -> None:
    """No instance is ready then, but all live: running streams go on, new ones are taken, both are
    told that the view is stale, and that it is fresh again. Redis comes back from its file."""
    async with following(topology.url, CLIENTS) as followers, calling(topology.url) as failures:
        await eventually(
            all_of(followers, lambda item: bool(item.hellos)), message="all are greeted"
        )
        topology.running["redis"].kill()

        async def is_known() -> bool:
            told = [await topology.servers(name) for name in ("streams", "ready")]
            return all(set(each.values()) == {False} for each in told)

        await eventually(is_known, message="HAProxy counts no instance as ready")
        async with following(topology.url) as late:
            everyone = [*followers, *late]
            await eventually(
                all_of(everyone, says("stale")), message="all are told that it is stale"
            )
            await topology.heal()
            await eventually(
                all_of(everyone, says("fresh")), message="all are told that it is fresh"
            )
    assert [item.endings for item in followers] == [[]] * CLIENTS
    assert [item.refusals for item in everyone] == [[]] * len(everyone)
    assert failures == []


async def test_without_any_instance_streams_say_when_to_come_back(topology: Topology) -> None:
    """An EventSource gives up for ever on any status but 200; a program needs the error."""
    for name in topology.instances:
        topology.running[name].kill()
    async with aiohttp.ClientSession() as session:
        for _ in range(2):  # before HAProxy has noticed, and after
            async with session.get(f"{topology.url}/events") as stream:
                assert (stream.status, stream.content_type) == (200, "text/event-stream")
                assert (await stream.text()).startswith("retry: ")
            async with session.get(f"{topology.url}/api/services") as answer:
                assert answer.status == 503
                assert answer.headers["Retry-After"]
                assert (await answer.json())["error"]["code"] == "no_web"
            await topology.balanced()
