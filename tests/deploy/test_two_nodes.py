"""Two nodes as real processes: each serves the services of both."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from tests.deploy.callers import serving
from tests.deploy.two_nodes import OTHER, TwoNodes
from tests.support.wait import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nodes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TwoNodes]:
    """Both nodes, with one service each: `near` is on the first one, `far` on the other."""
    made = TwoNodes(tmp_path_factory.mktemp("nodes"))
    try:
        await made.start()
        async with serving(made.root / "near.sock"), serving(made.other_root / "far.sock"):
            yield made
    finally:
        made.close()


async def answer(url: str) -> tuple[int, str]:
    """Status and text."""
    async with aiohttp.ClientSession() as session, session.get(url) as found:
        return found.status, await found.text()


async def reached(url: str) -> None:
    """Wait until a service answers there."""

    async def answers() -> bool:
        return await answer(url) == (200, '{"status": "ok"}')

    await eventually(answers, message=f"{url} answers")


async def test_every_worker_of_every_node_serves_every_service(nodes: TwoNodes) -> None:
    instances = [nodes.address(name) for name in nodes.instances]
    for url in (nodes.url, *instances, nodes.other_url):
        for name in ("near", "far"):
            await reached(f"{url}/{name}/rpc/health")
    state = await nodes.get(f"{nodes.url}/api/services/far")
    (addresses,) = state["addresses"].values()
    assert (state["node"], addresses["path"]) == (OTHER, "/far/rpc/")


async def test_a_node_that_is_down_is_named_and_its_return_is_noticed(nodes: TwoNodes) -> None:
    url = f"{nodes.url}/far/rpc/health"
    await reached(url)
    nodes.running["other-web"].kill()

    async def is_named() -> bool:
        status, text = await answer(url)
        assert status in (502, 503), text  # 502 while the last of its processes is ending
        return f"the router of node {OTHER} cannot be reached: nothing listens" in text

    await eventually(is_named, message="the node that is down is named")
    await reached(f"{nodes.url}/near/rpc/health")
    await nodes.restart("other-web")
    await reached(url)
    await reached(f"{nodes.other_url}/near/rpc/health")
    log = nodes.running["other-web"].said()
    assert "can be read and changed on the network" not in log, "it is on this machine"
