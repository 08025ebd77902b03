"""Builds the warning that Redis may evict keys of hero_router to save memory.

The policy is read by INFO, because many users may not call CONFIG GET.
"""

import asyncio

from hero_router.errors import StoreError
from hero_router.settings.redis import RedisSettings
from hero_router.store.client import connect
from hero_router.store.redis_errors import redis_errors

ASK_SECONDS = 1.0
"""Longest wait for the answer: an unreachable Redis is reported elsewhere."""

MEGABYTE = 1024 * 1024


async def warning(settings: RedisSettings) -> str:
    """Ask Redis for its eviction policy; returns a warning, "" if it is safe or unknown."""
    client = connect(settings, name="check", connections=1)
    try:
        async with asyncio.timeout(ASK_SECONDS):
            with redis_errors():
                memory = await client.info("memory")
    except (StoreError, TimeoutError):
        return ""
    finally:
        await client.aclose()
    return describe(str(memory.get("maxmemory_policy", "")), int(memory.get("maxmemory", 0)))


def describe(policy: str, max_bytes: int) -> str:
    """The warning for an eviction policy and a memory limit in bytes (0: no limit), or ""."""
    evicted = {
        "allkeys": "services, events and leases",
        "volatile": "the leases of scanners",
    }.get(policy.partition("-")[0])
    if evicted is None or not max_bytes:
        return ""
    return (
        f"Redis may evict {evicted}: its maxmemory-policy is {policy}, and maxmemory is "
        f"{max_bytes / MEGABYTE:.0f} MB; set it to noeviction, or give hero_router a Redis of its "
        "own"
    )
