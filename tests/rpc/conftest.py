"""What the tests of JSON-RPC share."""

import pytest

from tests.web.world import World


@pytest.fixture
async def world() -> World:
    """A fresh Redis and a worker that does not run yet."""
    return World()
