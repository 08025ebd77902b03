"""The whole topology for the tests of one module, which start it once."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.deploy.topology import Topology


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def started(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Topology]:
    """Everything that the compose file starts, once for all tests."""
    topology = Topology(tmp_path_factory.mktemp("topology"))
    try:
        await topology.start()
        yield topology
    finally:
        topology.close()


@pytest_asyncio.fixture(loop_scope="module")
async def topology(started: Topology) -> Topology:
    """The topology in full health, whatever the test before has ended."""
    await started.heal()
    return started
