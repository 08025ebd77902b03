"""What the tests of the web layer share."""

import pytest

from tests.web.world import World


@pytest.fixture
async def world() -> World:
    """A fresh Redis and a worker that does not run yet."""
    return World()
