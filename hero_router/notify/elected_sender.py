"""`ElectedSender`: elects one sender of webhooks among the scanners by a lease, and runs it."""

import asyncio
import contextlib
import logging

from hero_router.errors import Fenced, StoreError
from hero_router.notify.follower import Follower
from hero_router.notify.sender import Sender
from hero_router.run_in_own_task import in_own_task
from hero_router.store.lease import Grant, Lease
from hero_router.store.outage import Outage

log = logging.getLogger(__name__)

FAULT_SECONDS = 3.0
"""Delay after a fault of the program, which the log has with its traceback."""

RELEASE_SECONDS = 2.0
"""Longest wait for Redis to release the lease at the end."""


class ElectedSender:
    """The sender of webhooks in one scanner process; `seconds` is the lifetime of its lease."""

    def __init__(self, lease: Lease, follower: Follower, sender: Sender, seconds: float) -> None:
        self._lease, self._follower, self._sender = lease, follower, sender
        self._seconds = seconds
        self._outage = Outage("send webhooks")

    async def run(self) -> None:
        """Run until cancelled: wait for the lease, and send while this process holds it."""
        while True:
            grant = await self._acquire()
            if grant is None:
                await asyncio.sleep(self._seconds / 10)
                continue
            log.info("this scanner process is now the only one that sends webhook messages")
            try:
                await in_own_task(self._send(grant))
            except StoreError as error:
                await asyncio.sleep(self._outage.failed(error))
            except Exception:
                log.exception(
                    "bug: the sender of webhooks failed in this scanner; it starts again in %g s",
                    FAULT_SECONDS,
                )
                await asyncio.sleep(FAULT_SECONDS)
            finally:
                await self._release(grant)

    async def _acquire(self) -> Grant | None:
        try:
            return await self._lease.acquire()
        except StoreError as error:
            await asyncio.sleep(self._outage.failed(error))
            return None

    async def _send(self, grant: Grant) -> None:
        """Send until the lease is lost or Redis fails. Raises StoreError, or what went wrong."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_lease(grant))
                tasks.create_task(self._follower.run(grant))
                tasks.create_task(self._sender.run())
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None

    async def _keep_lease(self, grant: Grant) -> None:
        while True:
            await asyncio.sleep(self._seconds / 3)
            if await self._lease.renew(grant) is None:
                raise Fenced("the lease of the webhook's sender is lost")
            self._outage.succeeded()

    async def _release(self, grant: Grant) -> None:
        with contextlib.suppress(StoreError, TimeoutError):
            async with asyncio.timeout(RELEASE_SECONDS):
                await self._lease.release(grant)
