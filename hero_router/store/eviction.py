"""Whether Redis may throw our keys away to save memory: that is to be said at the start.

INFO tells it; CONFIG GET is forbidden to many users, and where Redis is managed by others.
"""

import asyncio

from hero_router.errors import StoreError
from hero_router.settings.redis import RedisSettings
from hero_router.store.client import connect
from hero_router.store.translate import redis_errors

ASK_SECONDS = 1.0
"""Nobody waits longer for a warning; a Redis that is away is told of by whoever needs it."""

BYTES = 1024 * 1024


async def warning(backplane: RedisSettings) -> str:
    """What Redis may evict, in one sentence; "" where it evicts nothing, or does not say."""
    client = connect(backplane, name="check", connections=1)
    try:
        async with asyncio.timeout(ASK_SECONDS):
            with redis_errors():
                told = await client.info("memory")
    except (StoreError, TimeoutError):
        return ""
    finally:
        await client.aclose()
    return sentence(str(told.get("maxmemory_policy", "")), int(told.get("maxmemory", 0)))


def sentence(policy: str, most: int) -> str:
    """The warning for a policy, where Redis may have so many bytes (0: any number)."""
    lost = {
        "allkeys": "services, events and leases",
        "volatile": "the leases of scanners",
    }.get(policy.partition("-")[0])
    if lost is None or not most:
        return ""
    return (
        f"Redis may drop {lost} without a word: its maxmemory-policy is {policy}, and maxmemory is "
        f"{most / BYTES:.0f} MB; set it to noeviction, or give hero_router a Redis of its own"
    )
