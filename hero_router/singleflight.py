"""Runs one piece of work for several callers that wait for its result ("single flight")."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Runs the coroutine `work` once for all callers; cancels it when the last caller leaves.

    So a caller that leaves early does not take the result from the others, and no task outlives
    the requests that wait for it.
    """

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._task = asyncio.create_task(work)
        self._waiting = 0

    @property
    def open(self) -> bool:
        """Whether a further caller may still wait for the result."""
        if self._task.done():
            return not self._task.cancelled() and self._task.exception() is None
        return not self._task.cancelling()

    async def result(self) -> T:
        """Wait for the work; returns its result or raises its error."""
        self._waiting += 1
        try:
            return await asyncio.shield(self._task)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._task.cancel()
