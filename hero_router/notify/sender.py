"""Sends the webhook messages that wait in Redis, in order, each again until it is delivered."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from hero_router.backoff import Backoff
from hero_router.errors import StoreError
from hero_router.notify.messages import Queued, about_missed
from hero_router.store.webhook import WebhookStore

log = logging.getLogger(__name__)

FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 2.0, 300.0
"""Delays of a retry after the first and after many failures; jitter shortens them."""

LOOK_SECONDS = 1.0
"""How long to wait before the next look at an empty queue."""

REFUSALS = 3
"""A message that the target refuses so many times is given up: the others must not wait for it."""

LONGEST_WAIT_MS = 24 * 3_600_000
"""A message that is older is given up."""


class Failed(Exception):
    """The target did not take a message; the text says why.

    `is_refusal`: the target has read the message and says that it is wrong, so that it helps little
    to send it again.
    """

    def __init__(self, reason: str, *, is_refusal: bool = False) -> None:
        super().__init__(reason)
        self.is_refusal = is_refusal


class TargetProtocol(Protocol):
    """Takes messages."""

    async def send(self, message: Queued) -> None:
        """Send one message. Raises Failed."""


class Sender:
    """Sends the queue to the target, in order. `now_ms` gives Unix ms by Redis's clock.

    A message is removed after the target has taken it. So it arrives at least once; it may arrive
    again, with the same id, if the sender ends in between.
    """

    def __init__(
        self,
        store: WebhookStore,
        target: TargetProtocol,
        now_ms: Callable[[], int],
        backoff: Backoff | None = None,
    ) -> None:
        self._store, self._target, self._now_ms = store, target, now_ms
        self._backoff = backoff or Backoff(FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS)
        self._failing = ""
        self._refusals = self._notice_refusals = 0

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            try:
                delay = await self.step()
            except StoreError as error:
                log.debug("the queue of webhook messages cannot be read from Redis: %s", error)
                delay = self._backoff.failed()
            await asyncio.sleep(delay)

    async def step(self) -> float:
        """Send the message that waits longest; returns the seconds until the next step.

        Raises StoreError.
        """
        raw = await self._store.first()
        if raw is None:
            return LOOK_SECONDS
        message = Queued.parse(raw)
        if message is None:
            log.warning(
                "removed an entry from the queue of webhook messages in Redis, unsent: another "
                "program wrote it"
            )
            await self._store.remove(raw)
            return 0.0
        if self._now_ms() - message.at > LONGEST_WAIT_MS:
            await self._give_up(message, "it is older than a day")
            return 0.0
        try:
            await self._tell_dropped(message)
            await self._target.send(message)
        except Failed as failed:
            return await self._failed(message, failed)
        await self._store.sent(raw, self._now_ms())
        self._succeeded()
        return 0.0

    async def _tell_dropped(self, before: Queued) -> None:
        """First say how many messages are missing, unless the target refuses to be told.

        Raises:
            Failed: not told yet. It says nothing about the message, so it is no refusal of it.
            StoreError: Redis cannot be reached or refuses a call.
        """
        number = await self._store.dropped()
        if number <= 0:
            return
        told = about_missed(number, "queue", self._now_ms(), f"{number} {before.id}")
        try:
            await self._target.send(Queued(b"", told.id, told.at, told.body()))
        except Failed as failed:
            self._notice_refusals += failed.is_refusal
            if self._notice_refusals < REFUSALS:
                raise Failed(str(failed)) from None
            log.error(
                "the receiver of webhook messages will not be told that %d are missing: %s",
                number,
                failed,
            )
        self._notice_refusals = 0
        await self._store.told_dropped(number)

    async def _failed(self, message: Queued, failed: Failed) -> float:
        if str(failed) != self._failing:
            log.warning(
                "the server of ROUTER_WEBHOOK_URL does not accept webhook messages: %s; they "
                "wait in Redis and are sent again",
                failed,
            )
        self._failing = str(failed)
        self._refusals += failed.is_refusal
        delay = self._backoff.failed()
        await self._store.failed(str(failed), self._now_ms())
        if self._refusals >= REFUSALS:
            await self._give_up(message, str(failed))
        return delay

    async def _give_up(self, message: Queued, reason: str) -> None:
        log.error(
            "the webhook message %s is given up and will never be sent: %s", message.id, reason
        )
        self._refusals = 0
        await self._store.remove(message.raw, dropped=True)

    def _succeeded(self) -> None:
        if self._failing:
            log.info("the server of ROUTER_WEBHOOK_URL accepts webhook messages again")
        self._failing, self._refusals = "", 0
        self._backoff.reset()
