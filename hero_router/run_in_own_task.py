"""Runs a coroutine in a task of its own, so that a cancellation of the caller is not swallowed."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def in_own_task(work: Coroutine[Any, Any, None]) -> None:
    """Await `work` in a task of its own, so that a cancellation is never lost.

    A task group that ends because a lease is lost swallows a cancellation of the task that it
    runs in. Raises the exceptions of `work`.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait([task])
    finally:
        task.cancel()
        await asyncio.wait([task])
    task.result()
