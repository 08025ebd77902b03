"""What the tests of the sample services share: a root, a running demo, and a caller."""

import asyncio
import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hero_router.demo import services
from tests.support.wait import PATIENCE_SECONDS

DEADLINE = PATIENCE_SECONDS
"""Seconds after which a test gives up waiting; far more than anything here takes."""


@pytest.fixture
def root() -> Iterator[Path]:
    """A place for a root that does not exist yet."""
    folder = Path(tempfile.mkdtemp(prefix="demo"))
    yield folder / "sockets"
    shutil.rmtree(folder)


@pytest.fixture
async def demo(root: Path) -> AsyncIterator[Path]:
    """The root of a demo that runs while the test runs."""
    async with running(root):
        yield root


@asynccontextmanager
async def running(root: Path, flap_seconds: float = 3600) -> AsyncIterator[None]:
    """Run the demo until the block ends; it must then end by its cancellation."""
    up = asyncio.Event()
    task = asyncio.create_task(services.run(root, on_started=up.set, flap_seconds=flap_seconds))
    waiting = asyncio.create_task(up.wait())
    await asyncio.wait({task, waiting}, timeout=DEADLINE, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if task.done():
        await task
    assert up.is_set(), "the demo did not start in time"
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait_for(task, DEADLINE)


class Caller:
    """An HTTP client of one socket, whose path may be of any length."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def get(self, page: str) -> tuple[int, Any]:
        """Status and body; the body is decoded where it is JSON."""
        return await self._ask("GET", page, None)

    async def post(self, body: object) -> tuple[int, Any]:
        """Status and body of `POST /rpc`."""
        return await self._ask("POST", "/rpc", body)

    async def call(self, method: str, params: object = None) -> Any:
        """A method's result, or its error object."""
        request = {"jsonrpc": "2.0", "id": 7, "method": method}
        status, answer = await self.post(request | ({} if params is None else {"params": params}))
        assert (status, answer.pop("jsonrpc"), answer.pop("id")) == (200, "2.0", 7)
        (value,) = answer.values()
        return value

    async def _ask(self, verb: str, page: str, body: object) -> tuple[int, Any]:
        with short(self._path) as path:
            connector = aiohttp.UnixConnector(path)
            timeout = aiohttp.ClientTimeout(total=DEADLINE)
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
                session.request(verb, f"http://localhost{page}", json=body) as answer,
            ):
                is_json = answer.content_type == "application/json"
                return answer.status, await (answer.json() if is_json else answer.text())


@contextlib.contextmanager
def short(path: Path) -> Iterator[str]:
    """The same socket by a path that fits in an address."""
    handle = os.open(path, os.O_PATH)
    try:
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)


def connect(path: Path) -> socket.socket:
    """A connection to a socket, to be closed by the caller; raises as `connect` does."""
    caller = socket.socket(socket.AF_UNIX)
    try:
        with short(path) as place:
            caller.connect(place)
    except OSError:
        caller.close()
        raise
    caller.setblocking(False)
    return caller


def listens(path: Path) -> bool:
    """Whether somebody takes connections there."""
    try:
        connect(path).close()
    except ConnectionRefusedError:
        return False
    return True


def bound(path: Path, kind: int = socket.SOCK_STREAM) -> socket.socket:
    """Somebody else's socket, which does not listen yet."""
    path.parent.mkdir(exist_ok=True)
    other = socket.socket(socket.AF_UNIX, kind)
    other.bind(os.fspath(path))
    return other
