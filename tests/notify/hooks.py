"""Notifiers of scanner processes on a real Redis, their receiver, and who writes the registry."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from hero_router.cli.scanner import make_elected_sender
from hero_router.model import Status
from hero_router.settings.config import RouterConfig
from hero_router.store.client import connect
from hero_router.store.keys import Keys
from tests.notify.receiver import Receiver
from tests.support.background import meanwhile
from tests.support.hand import NODE, Hand
from tests.support.records import put
from tests.support.redis import RedisServer
from tests.support.wait import eventually

WINDOW = 8

LEASE_SECONDS = 6
"""A sender that is held up for longer loses its lease, and may then send a message again. One that
ends without giving it back delays the next one by as much."""

DOWN, UP = Status.UNHEALTHY, Status.HEALTHY


class Hooks:
    """Notifiers of scanner processes, and what their receiver has got."""

    def __init__(self, server: RedisServer, hook: Receiver) -> None:
        self._server, self.hook = server, hook
        self._number = 0

    @asynccontextmanager
    async def running(self, **settings: Any) -> AsyncIterator[None]:
        """One more notifier until the block ends, as in a scanner process."""
        config = RouterConfig.of(
            redis_url=self._server.url, webhook_url=self.hook.url, webhook_private=True,
            lease_seconds=LEASE_SECONDS, sse_buffer=WINDOW, node="n1", **settings,
        )  # fmt: skip
        client = connect(config.redis, name="scanner")
        stream = connect(config.redis, name="webhook", block_seconds=0.1, connections=1)
        notifier = make_elected_sender(config, client, stream)
        try:
            async with meanwhile(notifier.run()):
                begun = partial(client.hexists, Keys().webhook, "cursor")
                await eventually(begun, message="a sender has read the registry")
                yield
        finally:
            await client.aclose()
            await stream.aclose()

    @property
    def told(self) -> list[str]:
        """What the receiver was told, without repetitions of one id."""
        by_id = {each.fields["webhook-id"]: json.loads(each.body) for each in self.hook.requests}
        return [
            " ".join((told["type"], str(told["data"].get("name") or told["data"].get("node") or
                                        told["data"]["dropped"])))
            for told in by_id.values()
        ]  # fmt: skip

    def has_told(self, message: str) -> bool:
        """Whether this was told by now."""
        return message in self.told

    async def tell(self, *expected: str) -> None:
        """Wait until exactly this was told."""
        await eventually(lambda: self.told == list(expected), message=f"{expected} are told")


class Author:
    """Writes one change after the other."""

    def __init__(self, hand: Hand) -> None:
        self._hand, self._number = hand, 0

    async def write(self, name: str, *statuses: Status) -> None:
        """The service takes these statuses, one after the other."""
        for status in statuses:
            self._number += 1
            await self._hand.write(put(name, self._number, NODE, status=status))
