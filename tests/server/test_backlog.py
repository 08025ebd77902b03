"""All clients of a lost worker come back within a moment: there is room for them to wait."""

import os
import resource
import select
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from tests.deploy.web import Web
from tests.support.redis import RedisServer

CROWD = 3_000
ROOM = int(Path("/proc/sys/net/core/somaxconn").read_text("ascii"))
CONNECT_SECONDS = 0.8
"""Less than what passes until a connection that found no room is tried again."""


@pytest_asyncio.fixture
async def web(redis7: RedisServer, tmp_path: Path) -> AsyncIterator[Web]:
    """A web instance of two workers."""
    web = Web(tmp_path, redis7.url)
    try:
        yield await web.ready()
    finally:
        web.process.stop()


@pytest.fixture
def files() -> Iterator[None]:
    """This process may open a file for each of the crowd."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, CROWD + 512), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("files")
async def test_thousands_may_wait_while_nobody_accepts(web: Web) -> None:
    """With both workers paused, as many connect as the kernel allows at most."""
    workers = [child.pid for child in psutil.Process(web.process.pid).children()]
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        with ExitStack() as stack:
            assert connected(web.port, CROWD, stack) >= min(CROWD, ROOM)
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


def connected(port: int, number: int, stack: ExitStack) -> int:
    """How many of so many connections are made at once; they stay open for as long as `stack`."""
    poll, made = stack.enter_context(select.epoll()), 0
    for _ in range(number):
        connection = stack.enter_context(socket.socket())
        connection.setblocking(False)
        connection.connect_ex(("127.0.0.1", port))
        poll.register(connection.fileno(), select.EPOLLOUT)
    while ready := poll.poll(CONNECT_SECONDS):
        for fd, _ in ready:
            poll.unregister(fd)
        made += len(ready)
    return made
