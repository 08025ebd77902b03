"""Reads the webhook's queue and last errors from Redis, when an operator requests them."""

import asyncio
import logging

from hero_router.errors import StoreError
from hero_router.store.webhook import WebhookStatus, WebhookStore

log = logging.getLogger(__name__)

READ_SECONDS = 1.0
"""Longest wait for Redis: what else is asked for must not wait for it."""


async def read_status(store: WebhookStore) -> WebhookStatus | None:
    """The status; None if nobody has ever sent webhooks, or Redis does not answer."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await store.status()
    except (StoreError, TimeoutError) as error:
        log.debug("the webhook's queue cannot be read: %s", error)
        return None
