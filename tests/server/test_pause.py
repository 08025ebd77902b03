"""A worker process that is paused, as when its machine sleeps, while the world goes on."""

import os
import signal
import socket
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import pytest

from tests.e2e.router import routing
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS
from tests.web.live import listening

CHANGES = 20
STORM = 500


@pytest.mark.parametrize(("window", "gaps"), [(4, 1), (1024, 0)])
async def test_a_worker_that_wakes_up_tells_exactly_what_its_clients_missed(
    redis7: RedisServer, window: int, gaps: int
) -> None:
    """SIGSTOP and SIGCONT: with a small window the stream was trimmed under it; Redis says
    nothing of that."""
    async with (
        routing(redis7.url, window=window) as (web, hand),
        listening(web.url) as listener,
    ):
        worker = int(listener.data("hello")[0]["worker"].rpartition("/")[2])
        os.kill(worker, signal.SIGSTOP)
        try:
            for _ in range(CHANGES):
                last = await hand.change("s0")
        finally:
            os.kill(worker, signal.SIGCONT)
        await listener.hears(last)
        assert [reason for _, reason in listener.resyncs] == ["trimmed"] * gaps
        missed = sum(dropped or 0 for dropped, _ in listener.resyncs)
        assert missed + len(listener.places) == CHANGES
        assert not listener.ended


async def test_a_storm_of_clients_finds_room_while_no_worker_takes_connections(
    redis7: RedisServer,
) -> None:
    """As after a worker's death: who finds no room there tries again and again in vain."""
    async with routing(redis7.url) as (web, _), listening(web.url) as listener:
        worker = int(listener.data("hello")[0]["worker"].rpartition("/")[2])
        address = urlsplit(web.url)
        os.kill(worker, signal.SIGSTOP)
        try:
            with ExitStack() as storm:
                for _ in range(STORM):
                    client = storm.enter_context(closing(socket.socket()))
                    client.settimeout(PATIENCE_SECONDS)
                    client.connect((address.hostname, address.port))
        finally:
            os.kill(worker, signal.SIGCONT)
