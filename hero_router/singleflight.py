"""One piece of work that several callers wait for at the same time: "single flight"."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Runs `work` once for all who wait; it is cancelled when the last of them leaves.

    So a caller that leaves early does not take the result from the others, and no task outlives
    the requests that wanted it.
    """

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._task = asyncio.create_task(work)
        self._waiting = 0

    @property
    def open(self) -> bool:
        """Whether one may still join and get a result."""
        if self._task.done():
            return not self._task.cancelled() and self._task.exception() is None
        return not self._task.cancelling()

    async def result(self) -> T:
        """Wait for the work's result, or its error."""
        self._waiting += 1
        try:
            return await asyncio.shield(self._task)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._task.cancel()
