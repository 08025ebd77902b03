"""A login in front of the router that revokes a permission while a stream is open.

The router lets everybody in that comes to it: who asks is a proxy's affair. It must not keep for
ever what was opened while it was allowed.
"""

import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from tests.deploy.processes import Process
from tests.support.hand import Hand
from tests.support.ports import free_port
from tests.support.redis import RedisServer
from tests.support.wait import eventually
from tests.web.live import Live, listening, working

AGE_SECONDS = 3600.0

CONFIG = """
global
    stats socket {folder}/admin level admin
defaults
    mode http
    timeout connect 2s
    timeout client 75s
    timeout server 75s
frontend door
    bind 127.0.0.1:{door}
    http-request deny deny_status 403 unless {{ req.hdr(Authorization) -f {folder}/allowed }}
    default_backend web
backend web
    server web 127.0.0.1:{port}
"""


class Door:
    """A real HAProxy that lets in only those whose token it knows."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder, self._port = folder, free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        (folder / "allowed").write_text("one\nother\n")
        text = CONFIG.format(folder=folder, door=self._port, port=port)
        (folder / "haproxy.cfg").write_text(text)
        command = ["haproxy", "-f", str(folder / "haproxy.cfg")]
        self._process = Process("haproxy", command, {}, folder / "haproxy.log")

    async def asks(self, token: str) -> int:
        """The status that somebody with this token gets; 0 while it does not listen yet."""
        try:
            async with (
                aiohttp.ClientSession(headers={"Authorization": token}) as session,
                session.get(f"{self.url}/api/events") as answer,
            ):
                return answer.status
        except aiohttp.ClientConnectionError:
            return 0

    def revoke(self, token: str) -> None:
        """From now on it is not let in; what is open stays open."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(str(self._folder / "admin"))
            admin.sendall(f"del acl {self._folder}/allowed {token}\n".encode())
            admin.recv(1024)

    def close(self) -> None:
        """End it."""
        self._process.stop()


@pytest.fixture
async def live(redis7: RedisServer, hand: Hand) -> AsyncIterator[Live]:
    """A worker whose streams have a greatest age."""
    async with working(redis7.url) as worker:
        lifetime = worker.feed.hub._timers
        lifetime.timing = replace(lifetime.timing, max_age_seconds=AGE_SECONDS)
        await worker.reaches(await hand.change("s0"))
        yield worker


@pytest.fixture
async def door(live: Live, tmp_path: Path) -> AsyncIterator[Door]:
    """What stands before it."""
    made = Door(tmp_path, live.port)
    try:
        await eventually(lambda: _lets_in(made, "one"), message="HAProxy listens")
        yield made
    finally:
        made.close()


async def _lets_in(door: Door, token: str) -> bool:
    return await door.asks(token) == 200


def grows_old(live: Live) -> None:
    """So much time passes for the streams of the worker."""
    lifetime = live.feed.hub._timers
    clock = lifetime._clock
    lifetime._clock = lambda: clock() + AGE_SECONDS


async def test_a_revoked_client_loses_the_stream_within_its_greatest_age(
    live: Live, door: Door, hand: Hand
) -> None:
    """Nobody else loses anything: their streams end as well, and they come back."""
    async with listening(door.url, token="one") as one, listening(door.url, token="other") as other:
        first = await hand.change("s0")
        for each in (one, other):
            await each.hears(first)
        door.revoke("one")
        assert not one.ended
        grows_old(live)
        await eventually(lambda: one.ended, message="its stream has ended")
        assert await door.asks("one") == 403
        await eventually(lambda: other.ended, message="so has the other one")
    missed = await hand.change("s1")
    async with listening(door.url, header=other.places[-1], token="other") as again:
        await again.hears(missed)
        assert (again.places, again.resyncs) == ([missed], [])
