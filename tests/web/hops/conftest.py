"""What the tests of requests between two nodes share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hero_router.access import peer_list
from hero_router.feed import node_monitor
from tests.support.redis import RedisServer
from tests.web.hops.fleet import Fleet, fleet


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes are seen at once."""
    monkeypatch.setattr(peer_list, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(node_monitor, "WATCH_SECONDS", 0.02)


@pytest.fixture
async def two(redis7: RedisServer, tmp_path: Path) -> AsyncIterator[Fleet]:
    async with fleet(redis7.url, tmp_path) as made:
        yield made
