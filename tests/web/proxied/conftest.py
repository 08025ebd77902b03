"""A whole worker between raw clients and scripted services, on real Unix sockets."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hero_router.model import SocketState, Status
from tests.support.hand import NODE, Hand
from tests.support.records import put
from tests.support.redis import RedisServer
from tests.web.live import Live, working

SHORT = {"proxy_answer_seconds": 0.8, "proxy_silence_seconds": 0.8}


@pytest.fixture
def limits() -> dict[str, float]:
    """How long the worker of `live` waits for a service: as long as it does by itself."""
    return {}


@pytest.fixture
def impatient(limits: dict[str, float]) -> None:
    """For services that shall be late: the worker does not wait for long."""
    limits |= SHORT


@pytest.fixture
async def live(
    redis7: RedisServer, hand: Hand, tmp_path: Path, limits: dict[str, float]
) -> AsyncIterator[Live]:
    """A worker that knows the service `shop` with the sockets rpc, admin and web_page."""
    sockets = tuple(
        SocketState(name, name, f"shop/{name}.sock", Status.HEALTHY)
        for name in ("rpc", "admin", "web_page")
    )
    async with working(redis7.url, node=NODE, socket_dir=str(tmp_path), **limits) as worker:
        await worker.reaches(await hand.write(put("shop", node=NODE, sockets=sockets)))
        yield worker


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "shop/web_page.sock"
