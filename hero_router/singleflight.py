"""Runs one piece of work for several callers that want its result ("single flight")."""

import asyncio
from collections.abc import Callable, Coroutine
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


class SharedReads(Generic[T]):
    """Shares each read among callers with the same names, and keeps its result for `seconds`.

    `clock` gives monotonic seconds.
    """

    def __init__(
        self,
        read: Callable[..., Coroutine[Any, Any, T]],
        seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._read, self._seconds, self._clock = read, seconds, clock
        self._flights: dict[tuple[str, ...], tuple[float, SingleFlight[T]]] = {}

    async def get(self, *key: str) -> T:
        """The result for these names; raises what `read` raises."""
        return await self._flight(key).result()

    def _flight(self, key: tuple[str, ...]) -> SingleFlight[T]:
        now = self._clock()
        since, flight = self._flights.get(key, (0.0, None))
        if flight is None or not flight.open or now - since >= self._seconds:
            self._drop_old(now)
            flight = SingleFlight(self._read(*key))
            self._flights[key] = now, flight
        return flight

    def _drop_old(self, now: float) -> None:
        self._flights = {
            key: (since, flight)
            for key, (since, flight) in self._flights.items()
            if now - since < self._seconds
        }
