"""How long a connection may take to send a head, or to take its answer; one tick looks at all.

A timer for each connection would cost more than the connection: there may be thousands.
"""

import asyncio
from abc import ABC, abstractmethod
from typing import Protocol

MOST_WAITING = 8192
"""Connections that have not yet sent a whole head. One more, and the oldest is closed: who means it
has sent its head within a moment."""

TICK_SECONDS = 1.0
"""How often all that wait are looked at, or a quarter of the time that they have."""


class Timed(Protocol):
    """A connection that is looked at; it can be a key."""

    transport: asyncio.Transport | None

    def give_up(self) -> None:
        """Its head is late: end it."""


class _Timed(ABC):
    """Connections that have only so long; one shared tick looks at them while there are any."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop, self._seconds = loop, seconds
        self._tick: asyncio.TimerHandle | None = None

    def _arm(self) -> None:
        if self._tick is None:
            self._tick = self._loop.call_later(min(TICK_SECONDS, self._seconds / 4), self._look)

    def _look(self) -> None:
        self._tick = None
        if self._check(self._loop.time() - self._seconds):
            self._arm()

    @abstractmethod
    def _check(self, latest: float) -> bool:
        """End those who began before `latest`; whether any are left."""


class HeadTimeouts(_Timed):
    """Connections of which a head is awaited: from the start on, later from its first byte on."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        super().__init__(loop, seconds)
        self._since: dict[Timed, float] = {}

    def begin(self, connection: Timed) -> None:
        """Its time runs, if it does not already."""
        self._since.setdefault(connection, self._loop.time())
        if len(self._since) > MOST_WAITING:
            self._give_up(next(iter(self._since)))
        self._arm()

    def end(self, connection: Timed) -> None:
        """The head is there, or the connection has gone."""
        self._since.pop(connection, None)

    def _check(self, latest: float) -> bool:
        """All have the same time, so those who began first are the first that are late."""
        while self._since:
            connection, since = next(iter(self._since.items()))
            if since > latest:
                break
            self._give_up(connection)
        return bool(self._since)

    def _give_up(self, connection: Timed) -> None:
        del self._since[connection]
        connection.give_up()


class ResponseTimeouts(_Timed):
    """Connections whose client does not take its answer: how many bytes wait, and since when."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        super().__init__(loop, seconds)
        self._waiting: dict[Timed, tuple[int, float]] = {}

    def begin(self, connection: Timed) -> None:
        """Something waits for the client."""
        self._waiting[connection] = 0, self._loop.time()
        self._arm()

    def end(self, connection: Timed) -> None:
        """The client has taken it, or is gone."""
        self._waiting.pop(connection, None)

    def _check(self, latest: float) -> bool:
        for connection, (before, since) in tuple(self._waiting.items()):
            if connection.transport is None:
                self.end(connection)
                continue
            bytes_left = connection.transport.get_write_buffer_size()
            if bytes_left != before:
                self._waiting[connection] = bytes_left, self._loop.time()
            elif since <= latest:
                connection.transport.abort()
        return bool(self._waiting)
