"""Limits of the machine: open files run out, and nothing can be written to the disk."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.deploy.compose import TOP
from tests.deploy.processes import clean_environment
from tests.deploy.web import BY_COMMAND, BY_GUNICORN, Web
from tests.support.hand import Hand
from tests.support.ports import free_port
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS, eventually

FILES, MORE = 64, 40
"""Few more than a worker opens for itself, and more clients than can have one of them."""

FULL, ROOM = "soon no client can connect to it", "clients can connect again"


@asynccontextmanager
async def limited(folder: Path, url: str, limit: str) -> AsyncIterator[Web]:
    """One worker below `ulimit` with these words."""
    start = f"ulimit {limit}; exec {sys.executable} -m hero_router web"
    web = Web(folder, url, ("sh", "-c", start), ROUTER_WORKERS="1")
    try:
        yield await web.ready(workers=1)
    finally:
        web.process.stop()


ANSWER_SECONDS = 5.0
"""After this a client has got no head: what cannot be accepted waits for ever. On a busy machine
the next one may get it all the same."""


async def connects(web: Web, stack: AsyncExitStack) -> bool:
    """Whether another client of the stream gets a head, which it does not read on from."""
    reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
    stack.callback(writer.close)
    with contextlib.suppress(ConnectionError, TimeoutError, asyncio.IncompleteReadError):
        writer.write(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        async with asyncio.timeout(ANSWER_SECONDS):
            return b" 200 " in await reader.readuntil(b"\r\n")
    return False


async def test_without_free_files_no_client_connects_and_connected_clients_go_on(
    redis7: RedisServer, hand: Hand, tmp_path: Path
) -> None:
    async with limited(tmp_path, redis7.url, f"-n {FILES}") as web, web.streaming() as (one,):
        async with AsyncExitStack() as stack:
            number = 1

            async def is_full() -> bool:
                nonlocal number
                connected = await connects(web, stack)
                number += connected
                return not connected and FULL in web.process.said()

            await eventually(is_full, message="a client cannot connect, and the log says so")
            assert number < FILES
            await one.until("service_updated", await hand.change("s0"))
        async with AsyncExitStack() as stack:
            await eventually(lambda: connects(web, stack), message="there is room again")
        await eventually(lambda: ROOM in web.process.said(), message="the log says so")
        await one.until("service_updated", await hand.change("s0"))
        said = web.process.said()
    assert said.count(FULL) == said.count("Booting worker") == 1
    assert "Traceback" not in said


async def test_a_worker_takes_as_many_files_as_the_system_allows(
    redis7: RedisServer, tmp_path: Path
) -> None:
    """A soft limit is what one gets who does not ask for more."""
    async with (
        limited(tmp_path, redis7.url, f"-Sn {FILES}") as web,
        web.streaming(MORE) as streams,
    ):
        assert len(streams) == MORE
        assert FULL not in web.process.said()


async def test_without_room_for_its_metrics_a_worker_streams_all_the_same(
    redis7: RedisServer, hand: Hand, tmp_path: Path
) -> None:
    """The files that workers share are mapped: without room for them each would die at once."""
    async with limited(tmp_path, redis7.url, "-f 32") as web, web.streaming() as (one,):
        await one.until("service_updated", await hand.change("s0"))

        async def counted() -> bool:
            return (await web.scrape()).total("clients") == 1

        await eventually(counted, message="it tells of its own client")
        said = web.process.said()
    assert said.count("for its metrics (") == said.count("Booting worker") == 1


@pytest.mark.parametrize("command", [BY_COMMAND, BY_GUNICORN], ids=["command", "gunicorn"])
def test_where_no_file_can_be_written_one_line_says_so(command: tuple[str, ...]) -> None:
    """As on a disk that is full or read-only; it does not start again and again either."""
    program = str(Path(sys.executable).parent / command[0])
    settings = {"ROUTER_REDIS_URL": "redis://127.0.0.1:1/0", "ROUTER_PORT": str(free_port())}
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", program, *command[1:]],
        env=clean_environment(settings),
        cwd=TOP,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("hero_router: no temporary file can be written")
    assert "TMPDIR" in line
